"""Clocks: time never decreases, and moves only as the kind of clock allows."""

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
        """Return the time."""
        return self.now


@given(steps)
def test_time_never_decreases(moves: list[tuple[Any, float]]) -> None:
    """Whatever its kind, a clock never goes back and never passes the latest time."""
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
def test_clock_runs_at_its_speed(kind: ClockKind, speed: float, shown: float) -> None:
    """Ten real seconds are ten under ``real``, times the speed under ``scaled``, none when frozen."""
    machine = Seconds()
    clock = Clock(kind, speed, monotonic=machine)
    begin = clock.now()
    machine.now += 10
    assert clock.now() - begin == shown
    assert clock.frozen is (shown == 0)


@given(st.sampled_from(CLOCK_KINDS), st.sampled_from(CLOCK_KINDS), st.floats(0, 1e6))
def test_changing_the_kind_keeps_the_time(first: ClockKind, second: ClockKind, passed: float) -> None:
    """The time does not jump."""
    machine = Seconds()
    clock = Clock(first, monotonic=machine)
    machine.now += passed
    before = clock.now()
    clock.change(second)
    assert clock.now() == before
    assert (clock.kind, clock.speed) == (second, 1.0)


def test_clock_starts_at_the_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A simulated date is valid for certificates and calendars."""
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
def test_parse_accepts_the_values_of_speed(text: str, kind: str, speed: float) -> None:
    """A number is a speed, and 1 is real time."""
    clock = Clock.parse(text)
    assert (clock.kind, clock.speed) == (kind, speed)


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "nan", "inf", "-inf", "1x", "Auto"])
def test_invalid_speed_is_refused(text: str) -> None:
    """The message names the speed and what is allowed."""
    with pytest.raises(ValueError, match=r"^speed must be a number above 0"):
        Clock.parse(text)


def test_invalid_kind_is_refused() -> None:
    """The message lists the kinds."""
    with pytest.raises(ValueError, match="clock kind must be one of real, scaled, manual, auto; got 'slow'"):
        Clock("slow")  # type: ignore[arg-type] # that is the point


@pytest.mark.parametrize("kind", ["real", "manual", "auto"])
def test_speed_without_scaled_is_refused(kind: ClockKind) -> None:
    """The clock is unchanged."""
    clock = Clock("scaled", 2)
    with pytest.raises(
        ValueError, match=f"speed is given with kind 'scaled', and only then; got kind='{kind}', speed=60"
    ):
        clock.change(kind, 60)
    assert (clock.kind, clock.speed) == ("scaled", 2)


@pytest.mark.parametrize("seconds", [-1e-9, -1, float("nan"), float("inf"), LATEST])
def test_invalid_advance_is_refused(seconds: float) -> None:
    """A negative step, or one past the latest time, moves nothing."""
    clock = Clock("manual")
    before = clock.now()
    with pytest.raises(ValueError, match=rf"seconds must be from 0 to \d+, .*; got {seconds}"):
        clock.advance(seconds)
    assert clock.now() == before


def test_running_clock_stops_at_the_latest_time() -> None:
    """However fast it runs, its date can be shown."""
    machine = Seconds()
    clock = Clock("scaled", 1e9, monotonic=machine)
    machine.now += 1e9
    assert clock.now() == LATEST
    clock.advance(0)
    with pytest.raises(ValueError, match="seconds must be from 0 to 0"):
        clock.advance(1)
