"""Clocks for clients under test: waits take no time, and endless short pauses fail."""

from __future__ import annotations

import anyio
import pytest

from soundstage_contracts.simulators.clocks import MOST_SHORT, SHORT, BoundedClock, TooManyPausesError


def test_pauses_take_no_time() -> None:
    """Pauses of an ordinary length are not counted, however many there are."""
    clock = BoundedClock()
    for _ in range(10 * MOST_SHORT):
        clock.sleep(SHORT)
    assert clock.now() == pytest.approx(10 * MOST_SHORT * SHORT)


def test_too_many_short_pauses_fail() -> None:
    """One short pause more than is allowed fails, for a sync and for an async client."""
    clock = BoundedClock()
    for _ in range(MOST_SHORT):
        clock.sleep(0.001)
    with pytest.raises(TooManyPausesError, match="201 times"):
        clock.sleep(0.001)
    with pytest.raises(TooManyPausesError):
        anyio.run(clock.asleep, 0.0)
