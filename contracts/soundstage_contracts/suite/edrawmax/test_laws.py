"""The shared laws, bound to EdrawMax."""

from __future__ import annotations

from soundstage_contracts.laws.binding import bind
from soundstage_contracts.vendors.edrawmax.terms import TERMS

bind(globals(), TERMS)
