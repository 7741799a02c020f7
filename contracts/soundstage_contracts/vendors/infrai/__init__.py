"""Infrai's part of the contracts: what its method takes, how its jobs end, and what `soundstage demo` shows.

Documents: www.infrai.cc/en/docs, infrailab.com/en/docs and the vendor's older page, read in November 2026; carried as
the facts ``infrai:...``.
"""

from __future__ import annotations

from typing import Final

from soundstage import AsyncInfrai, Infrai, JobState
from soundstage_contracts.declarations.vendor import DemoCall, VendorContract
from soundstage_contracts.laws.machine import JobMachine
from soundstage_contracts.vendors.infrai.access import credentials, headers
from soundstage_contracts.vendors.infrai.arguments import arguments, bodies, broken_bodies
from soundstage_contracts.vendors.infrai.live import LIVE

__all__ = [
    "CONTRACT",
    "DEMO",
    "STATE_WORDS",
    "InfraiMachine",
    "arguments",
    "bodies",
    "broken_bodies",
    "credentials",
    "headers",
]

STATE_WORDS: Final = {
    "queued": JobState.QUEUED,
    "running": JobState.RUNNING,
    "succeeded": JobState.SUCCEEDED,
    "completed": JobState.SUCCEEDED,
    "failed": JobState.FAILED,
    "cancelled": JobState.CANCELED,
}

DEMO: Final = (
    DemoCall("generate", {"prompt": "A paper boat on a stream in spring", "duration_seconds": 4}),
    DemoCall(
        "generate",
        {"prompt": "Lanterns over an old harbour", "aspect": "9:16", "resolution": "1080p", "prefer": "smartest"},
    ),
)

CONTRACT: Final = VendorContract(
    slug="infrai",
    client=Infrai,
    async_client=AsyncInfrai,
    credentials=credentials,
    headers=headers,
    operations={"generate": arguments()},
    ends={
        "fail": JobState.FAILED,
        "block": JobState.FAILED,
        "timeout": JobState.FAILED,
        "cancel": JobState.CANCELED,
    },
    replays=True,
    cancels=True,
    live=LIVE,
)


class InfraiMachine(JobMachine):
    """The state machine of every job vendor, for Infrai."""

    contract = CONTRACT
