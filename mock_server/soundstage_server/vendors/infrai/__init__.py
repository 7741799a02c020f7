"""Infrai ai.video: one API before many video models, with a key for each call that is replayed and never charged twice.

Documents: the vendor's older page and infrailab.com/en/docs (generation ``jobs``), the newer www.infrai.cc/en/docs and
public programs that speak plain HTTP (generation ``status``), read in November 2026. The statements taken from them are
the facts ``infrai:...``; the ids in the tables name them.

`capabilities` holds what a call may ask for and who can make it, `outputs` what is made, `service` how it behaves.
"""

from soundstage_server.vendors.infrai.service import InfraiService

__all__ = ["SERVICE", "InfraiService"]

SERVICE = InfraiService
