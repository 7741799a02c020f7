"""The shared laws, bound to Cloudsway."""

from __future__ import annotations

from soundstage_contracts.laws.binding import bind
from soundstage_contracts.vendors.cloudsway.terms import TERMS

bind(globals(), TERMS)
