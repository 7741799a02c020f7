"""The services this library knows: one line each. Nothing else in the shared code knows a vendor's name."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """Where a vendor's clients are."""

    module: str
    client: str
    async_client: str


VENDORS: dict[str, Entry] = {
    "tomoviee": Entry("soundstage.vendors.tomoviee", "Tomoviee", "AsyncTomoviee"),
    "mediaio": Entry("soundstage.vendors.mediaio", "MediaIO", "AsyncMediaIO"),
    "edrawmax": Entry("soundstage.vendors.edrawmax", "EdrawMax", "AsyncEdrawMax"),
    "cloudsway": Entry("soundstage.vendors.cloudsway", "Cloudsway", "AsyncCloudsway"),
    "gmicloud": Entry("soundstage.vendors.gmicloud", "GMICloud", "AsyncGMICloud"),
    "infrai": Entry("soundstage.vendors.infrai", "Infrai", "AsyncInfrai"),
    "veo": Entry("soundstage.vendors.veo", "Veo", "AsyncVeo"),
}
