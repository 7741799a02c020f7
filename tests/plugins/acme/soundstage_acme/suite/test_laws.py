"""The shared laws, bound to Acme."""

from __future__ import annotations

from soundstage_acme.contract import TERMS
from soundstage_contracts.vendor_kit import bind

bind(globals(), TERMS)
