"""Clocks tell a time that never goes back, and move only as their kind says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_server.model.clock import CLOCK_KINDS, LATEST, Clock, ClockKind

steps = st.lists(
    st.one_of(
        st.tuples(st.just("advance"), st.floats(0, 1e9)),
        st.tuples(st.just("pass"), st.floats(0, 1e6)),
        st.tuples(st.sampled_from(CLOCK_KINDS), st.floats(1e-6, 1e6)),
    ),
    max_size=30,
)


@dataclass
class Seconds:
    """A machine's monotonic clock, under the test's hand."""

    now: float = 5.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


@given(steps)
def test_time_never_goes_back(moves: list[tuple[Any, float]]) -> None:
    """Whatever kind it is and becomes, a clock shows the same time or a later one, and never passes the latest."""
    machine = Seconds()
    clock = Clock("manual", monotonic=machine)
    seen = clock.now()
    for kind, amount in moves:
        if kind == "advance":
            clock.advance(min(amount, LATEST - clock.now()))
        elif kind == "pass":
            machine.now += amount
        else:
            clock.change(kind, amount if kind == "scaled" else 1.0)
        assert seen <= clock.now() <= LATEST
        seen = clock.now()


@pytest.mark.parametrize(
    ("kind", "speed", "shown"), [("real", 1, 10), ("scaled", 60, 600), ("manual", 1, 0), ("auto", 1, 0)]
)
def test_a_clock_runs_as_its_kind_says(kind: ClockKind, speed: float, shown: float) -> None:
    """Ten real seconds are ten of ``real``, ten times the speed of ``scaled``, and none of those that stand."""
    machine = Seconds()
    clock = Clock(kind, speed, monotonic=machine)
    begin = clock.now()
    machine.now += 10
    assert clock.now() - begin == shown
    assert clock.frozen is (shown == 0)


@given(st.sampled_from(CLOCK_KINDS), st.sampled_from(CLOCK_KINDS), st.floats(0, 1e6))
def test_another_kind_begins_where_the_last_one_stood(first: ClockKind, second: ClockKind, passed: float) -> None:
    """Changing a clock does not change its time."""
    machine = Seconds()
    clock = Clock(first, monotonic=machine)
    machine.now += passed
    before = clock.now()
    clock.change(second)
    assert clock.now() == before
    assert (clock.kind, clock.speed) == (second, 1.0)


def test_every_clock_begins_at_the_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A simulated date is one that certificates and calendars understand."""
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    assert [Clock(kind, monotonic=Seconds()).now() for kind in CLOCK_KINDS] == [1_800_000_000.0] * len(CLOCK_KINDS)


@pytest.mark.parametrize(
    ("text", "kind", "speed"),
    [
        ("manual", "manual", 1),
        ("auto", "auto", 1),
        ("real", "real", 1),
        ("1", "real", 1),
        ("60", "scaled", 60),
        ("0.5", "scaled", 0.5),
    ],
)
def test_speed_reads_as_the_command_line_writes_it(text: str, kind: str, speed: float) -> None:
    """A number is a speed, and 1 is the real time."""
    clock = Clock.parse(text)
    assert (clock.kind, clock.speed) == (kind, speed)


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "nan", "inf", "-inf", "1x", "Auto"])
def test_a_speed_that_is_none_is_refused(text: str) -> None:
    """The refusal names the speed and says what is allowed."""
    with pytest.raises(ValueError, match=r"^speed must be a number above 0"):
        Clock.parse(text)


def test_a_kind_that_is_none_is_refused() -> None:
    """The refusal names the kinds that there are."""
    with pytest.raises(ValueError, match="clock kind must be one of real, scaled, manual, auto; got 'slow'"):
        Clock("slow")  # type: ignore[arg-type] # that is the point


@pytest.mark.parametrize("kind", ["real", "manual", "auto"])
def test_a_speed_that_would_be_ignored_is_refused(kind: ClockKind) -> None:
    """Nobody believes to run at a speed that the clock does not have, and the clock stays as it was."""
    clock = Clock("scaled", 2)
    with pytest.raises(
        ValueError, match=f"speed is given with kind 'scaled', and only then; got kind='{kind}', speed=60"
    ):
        clock.change(kind, 60)
    assert (clock.kind, clock.speed) == ("scaled", 2)


@pytest.mark.parametrize("seconds", [-1e-9, -1, float("nan"), float("inf"), LATEST])
def test_time_moves_forward_and_not_for_ever(seconds: float) -> None:
    """A step back, no step at all or one past the end of time is refused, and nothing has moved."""
    clock = Clock("manual")
    before = clock.now()
    with pytest.raises(ValueError, match=rf"seconds must be from 0 to \d+, .*; got {seconds}"):
        clock.advance(seconds)
    assert clock.now() == before


def test_a_running_clock_stops_at_the_end_of_time() -> None:
    """However fast it runs, there is always a date to show."""
    machine = Seconds()
    clock = Clock("scaled", 1e300, monotonic=machine)
    machine.now += 1e9
    assert clock.now() == LATEST
    clock.advance(0)
    with pytest.raises(ValueError, match="seconds must be from 0 to 0"):
        clock.advance(1)
