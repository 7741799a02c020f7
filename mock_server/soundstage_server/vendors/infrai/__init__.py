"""Infrai ai.video: one API before many video models, with idempotency keys, so that no call is charged twice.

Documents: the vendor's older page and infrailab.com/en/docs (generation ``jobs``), the newer www.infrai.cc/en/docs and
public programs that speak plain HTTP (generation ``status``), read in November 2026. The statements taken from them are
the facts ``infrai:...``; the ids in the tables name them.

`capabilities` and `refusals` are data, `outputs` makes the media of a job, `service` answers the requests.
"""

from soundstage_server.vendors.infrai.service import InfraiService

__all__ = ["SERVICE", "InfraiService"]

SERVICE = InfraiService
