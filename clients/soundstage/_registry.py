"""The services this library knows: one line each. Nothing else in the shared code knows a vendor's name."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """Where a vendor's clients are."""

    module: str
    client: str
    async_client: str


VENDORS: dict[str, Entry] = {
    "tomoviee": Entry("soundstage.tomoviee", "Tomoviee", "AsyncTomoviee"),
    "mediaio": Entry("soundstage.mediaio", "MediaIO", "AsyncMediaIO"),
    "edrawmax": Entry("soundstage.edrawmax", "EdrawMax", "AsyncEdrawMax"),
    "cloudsway": Entry("soundstage.cloudsway", "Cloudsway", "AsyncCloudsway"),
    "gmicloud": Entry("soundstage.gmicloud", "GMICloud", "AsyncGMICloud"),
    "infrai": Entry("soundstage.infrai", "Infrai", "AsyncInfrai"),
    "veo": Entry("soundstage.veo", "Veo", "AsyncVeo"),
}
