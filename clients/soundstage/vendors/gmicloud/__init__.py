"""GMI Cloud: a queue of requests to the video models of many makers, behind a login or an API key.

Documents: the vendor's guide to video generation, its Python package gmicloud 0.1.10 and
the reference of the API-key face at docs.gmicloud.ai, read in November 2026. Facts are cited by id, as in
`gmicloud:requests.create`. Where two documents disagree, this client reads the responses of both.

`profile` has the facts as data, `bodies` the payloads, `service` the protocol, `client` the methods, `access` the two
kinds of credentials, `login` the session that one of them needs, and `models` the models with their prices.
"""

from soundstage.vendors.gmicloud.client import AsyncGMICloud, GMICloud
from soundstage.vendors.gmicloud.models import Model, Parameter, Price, Profile, RequestRecord
from soundstage.vendors.gmicloud.profile import IMAGE_MODEL, PROFILE, TEXT_MODEL
from soundstage.vendors.gmicloud.service import GMICloudService

__all__ = [
    "IMAGE_MODEL",
    "PROFILE",
    "TEXT_MODEL",
    "AsyncGMICloud",
    "GMICloud",
    "GMICloudService",
    "Model",
    "Parameter",
    "Price",
    "Profile",
    "RequestRecord",
]
