"""GMI Cloud, whose request queue runs third-party video models: models, requests, and results as URLs.

Documents: the vendor's published Python package gmicloud 0.1.10 and its guide, and the reference of the
API-key face (docs.gmicloud.ai), read in November 2026. The statements taken from them are the facts ``gmicloud:...``;
the ids in the tables name them.

`capabilities` and `refusals` are data, `payloads` are two parameter rules, `sessions` the tokens of a login; `outputs`
makes the media of a request, `service` answers the calls.
"""

from soundstage_server.vendors.gmicloud.service import GMICloudService

__all__ = ["SERVICE", "GMICloudService"]

SERVICE = GMICloudService
