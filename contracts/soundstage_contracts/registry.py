"""Names every vendor whose contracts are kept: one line a vendor."""

from __future__ import annotations

from typing import Final

VENDORS: Final[tuple[str, ...]] = ("tomoviee", "mediaio", "edrawmax", "cloudsway", "gmicloud", "infrai", "veo")
"""Slugs in the order in which `soundstage facts` shows them."""
