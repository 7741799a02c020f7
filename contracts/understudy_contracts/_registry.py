"""Names every vendor whose contracts are kept: one line a vendor."""

from __future__ import annotations

from typing import Final

VENDORS: Final[tuple[str, ...]] = (
    "tomoviee",
    "cloudsway",
    "edrawmax",
    "gmicloud",
    "infrai",
    "mediaio",
    "veo",
)
"""Slugs in the order in which `understudy facts` shows them."""
