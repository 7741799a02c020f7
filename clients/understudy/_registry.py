"""The services this library knows: one line each. Nothing else in the shared code knows a vendor's name."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """Where a vendor's clients are."""

    module: str
    client: str
    async_client: str


VENDORS: dict[str, Entry] = {
    "tomoviee": Entry("understudy.tomoviee", "Tomoviee", "AsyncTomoviee"),
    "mediaio": Entry("understudy.mediaio", "MediaIO", "AsyncMediaIO"),
    "edrawmax": Entry("understudy.edrawmax", "EdrawMax", "AsyncEdrawMax"),
    "cloudsway": Entry("understudy.cloudsway", "Cloudsway", "AsyncCloudsway"),
    "gmicloud": Entry("understudy.gmicloud", "GMICloud", "AsyncGMICloud"),
    "infrai": Entry("understudy.infrai", "Infrai", "AsyncInfrai"),
    "veo": Entry("understudy.veo", "Veo", "AsyncVeo"),
}
