"""The shared laws, bound to Acme with a fact for each: run by test_wrong_vendor.py, each with a fault of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from soundstage_acme.contract import TERMS
from soundstage_contracts.laws.binding import all_laws
from soundstage_contracts.vendor_kit import bind

pytestmark = pytest.mark.soundstage_contract

bind(globals(), replace(TERMS, facts={name: ["routes"] for name, _ in all_laws().items()}))
