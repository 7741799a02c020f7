"""The vendors that have contracts: those that have a client."""

from __future__ import annotations

from typing import Final

from soundstage._registry import VENDORS as CLIENTS

VENDORS: Final[tuple[str, ...]] = tuple(CLIENTS)
"""Slugs in the order in which `soundstage facts` shows them."""
