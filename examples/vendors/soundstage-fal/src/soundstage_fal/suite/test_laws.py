"""The shared laws, bound to fal."""

from __future__ import annotations

from soundstage_contracts.vendor_kit import bind
from soundstage_fal.contract import TERMS

bind(globals(), TERMS)
