"""The default clock of a client: real time, and the pace of a simulator on this machine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage._io.clock import PACE_HEADER, PacedClock, SystemClock

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = "http://127.0.0.1:8080/tomoviee/x"


class Recorded(PacedClock):
    """A paced clock whose real time stands still and whose real pauses are recorded."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.paused: list[float] = []

        async def asleep(_: SystemClock, seconds: float) -> None:
            self.paused.append(seconds)

        monkeypatch.setattr(SystemClock, "now", lambda _: 100.0)
        monkeypatch.setattr(SystemClock, "sleep", lambda _, seconds: self.paused.append(seconds))
        monkeypatch.setattr(SystemClock, "asleep", asleep)


@given(pace=st.floats(0, 1), pauses=st.lists(st.floats(0, 1000), max_size=5), awaiting=st.booleans())
def test_pauses_take_their_share_and_all_seconds_pass(pace: float, pauses: list[float], awaiting: bool) -> None:  # noqa: FBT001 - drawn
    """At a pace, real pauses take that share of the seconds, and the clock shows all of them."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        clock = Recorded(monkeypatch)
        clock.heed(HERE, {PACE_HEADER: repr(pace)})
        for seconds in pauses:
            if awaiting:
                asyncio.run(clock.asleep(seconds))
            else:
                clock.sleep(seconds)
        assert clock.paused == [seconds * pace for seconds in pauses]
        assert clock.now() == pytest.approx(100.0 + sum(pauses) - sum(clock.paused))


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("https://api.example/x", {PACE_HEADER: "0"}),
        ("http://10.0.0.1/x", {PACE_HEADER: "0"}),
        (HERE, {}),
        (HERE, {PACE_HEADER: "fast"}),
        (HERE, {PACE_HEADER: "-1"}),
        (HERE, {PACE_HEADER: "2"}),
        (HERE, {PACE_HEADER: "nan"}),
    ],
)
def test_only_a_simulator_on_this_machine_has_a_pace(
    monkeypatch: pytest.MonkeyPatch, url: str, headers: Mapping[str, str]
) -> None:
    """Another host's header, none, or one out of range leaves real time, also after a simulator's pace."""
    clock = Recorded(monkeypatch)
    clock.heed(HERE, {PACE_HEADER: "0"})
    clock.heed(url, headers)
    clock.sleep(5)
    assert (clock.paused, clock.now()) == ([5], 100.0)
