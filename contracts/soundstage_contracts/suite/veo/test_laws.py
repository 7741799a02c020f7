"""The shared laws, bound to Veo through the proxy and without it."""

from __future__ import annotations

from soundstage_contracts.laws.binding import bind
from soundstage_contracts.vendors.veo.terms import DIRECT_TERMS, PROXY_TERMS

bind(globals(), PROXY_TERMS, DIRECT_TERMS)
