"""The shared laws, bound to both faces of GMI Cloud."""

from __future__ import annotations

from soundstage_contracts.laws.binding import bind
from soundstage_contracts.vendors.gmicloud.terms import KEY_TERMS, SESSION_TERMS

bind(globals(), KEY_TERMS, SESSION_TERMS)
