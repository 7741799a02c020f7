"""Names every vendor that the simulator plays: one line a vendor, and nothing else here knows them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from soundstage_server.kit.service import Service

VENDORS: Final[dict[str, str]] = {
    "tomoviee": "soundstage_server.vendors.tomoviee:TomovieeService",
    "mediaio": "soundstage_server.vendors.mediaio:MediaIOService",
    "edrawmax": "soundstage_server.vendors.edrawmax:EdrawMaxService",
    "cloudsway": "soundstage_server.vendors.cloudsway:CloudswayService",
    "gmicloud": "soundstage_server.vendors.gmicloud:GMICloudService",
    "infrai": "soundstage_server.vendors.infrai:InfraiService",
    "veo": "soundstage_server.vendors.veo:VeoService",
}
"""Slug to the service class, as ``module:name``; the slug is the first segment of the vendor's local address."""


def load(slug: str) -> type[Service]:
    """Import and return the service class of the vendor *slug*."""
    module, _, name = VENDORS[slug].partition(":")
    return cast("type[Service]", getattr(import_module(module), name))
