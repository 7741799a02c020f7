"""The shared laws, bound to Tomoviee."""

from __future__ import annotations

from soundstage_contracts.laws.binding import bind
from soundstage_contracts.vendors.tomoviee.terms import TERMS

bind(globals(), TERMS)
