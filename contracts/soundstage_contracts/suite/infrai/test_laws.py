"""The shared laws, bound to Infrai."""

from __future__ import annotations

from soundstage_contracts.laws.binding import bind
from soundstage_contracts.vendors.infrai.terms import TERMS

bind(globals(), TERMS)
