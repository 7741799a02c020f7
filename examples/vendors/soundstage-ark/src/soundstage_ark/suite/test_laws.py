"""The shared laws, bound to Ark."""

from __future__ import annotations

from soundstage_ark.contract import TERMS
from soundstage_contracts.vendor_kit import bind

bind(globals(), TERMS)
