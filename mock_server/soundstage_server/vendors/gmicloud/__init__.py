"""GMI Cloud, whose request queue runs the video models of many makers: models, requests, and results as addresses.

Documents: the vendor's published Python package gmicloud 0.1.10 and its guide, and the reference of the
API-key face (docs.gmicloud.ai), read in November 2026. The statements taken from them are the facts ``gmicloud:...``;
the ids in the tables name them.

`capabilities` holds the models as data, `payloads` rules of their own, `outputs` what they make, `sessions` the tokens
of a login, `service` how it all behaves.
"""

from soundstage_server.vendors.gmicloud.service import GMICloudService

__all__ = ["SERVICE", "GMICloudService"]

SERVICE = GMICloudService
