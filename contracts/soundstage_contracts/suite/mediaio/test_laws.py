"""The shared laws, bound to Media.io."""

from __future__ import annotations

from soundstage_contracts.laws.binding import bind
from soundstage_contracts.vendors.mediaio.terms import TERMS

bind(globals(), TERMS)
