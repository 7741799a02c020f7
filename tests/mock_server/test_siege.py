"""The attacks of `nox -s siege`, each in a small round: nothing that is tried succeeds."""

from __future__ import annotations

import sys

import pytest

from tests.siege.__main__ import ATTACKS

SMALL = {"fuzz": 150, "framing": 4, "kills": 1, "disk": 30, "browser": 1, "bounds": 2}


@pytest.mark.parametrize("name", ATTACKS)
def test_no_attack_succeeds(name: str) -> None:
    """No attack finds anything; the first failures are shown."""
    if name == "kills" and sys.platform == "win32":
        pytest.skip("needs POSIX signals")
    attack, count = ATTACKS[name]
    outcome = attack(0, SMALL[name])
    assert outcome.failures[:5] == []
    assert outcome.tried >= min(SMALL[name], count)
