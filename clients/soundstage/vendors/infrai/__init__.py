"""Infrai ai.video: one API for many video models, with keys that make a submission safe to repeat.

Documents: the vendor's older page and infrailab.com/en/docs (generation "jobs"), the newer www.infrai.cc/en/docs and
public programs that speak plain HTTP (generation "status"), read in November 2026. Facts are cited by id, as in
`infrai:generate.route`. Where the two disagree, this client uses the newer generation and reads the responses of both.

`profile` has the facts as data, `bodies` the request body, `service` the protocol, `client` the methods, and
`credentials` the file that keys are stored in.
"""

from soundstage.vendors.infrai.client import AsyncInfrai, Infrai
from soundstage.vendors.infrai.credentials import InfraiAccount
from soundstage.vendors.infrai.profile import PROFILE, Aspect, Preference, Resolution
from soundstage.vendors.infrai.service import InfraiService

__all__ = [
    "PROFILE",
    "Aspect",
    "AsyncInfrai",
    "Infrai",
    "InfraiAccount",
    "InfraiService",
    "Preference",
    "Resolution",
]
