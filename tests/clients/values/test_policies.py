"""Polling and retry schedules: pure, bounded, never shorter than Retry-After."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import InvalidArgument, PollPolicy, RetryPolicy

SECONDS = st.floats(0.01, 1e6)


@st.composite
def poll_policies(draw: st.DrawFn) -> PollPolicy:
    """Draw any valid policy."""
    first = draw(SECONDS)
    return PollPolicy(first=first, factor=draw(st.floats(1, 100)), ceiling=first + draw(SECONDS))


@st.composite
def retry_policies(draw: st.DrawFn) -> RetryPolicy:
    """Draw any valid policy."""
    base = draw(st.floats(0, 1e3))
    return RetryPolicy(
        draw(st.integers(1, 50)), draw(st.floats(0, 1e4)), base, base + draw(SECONDS), draw(st.booleans())
    )


@given(policy=poll_policies(), poll_number=st.integers(-5, 10**9))
def test_poll_pauses_are_bounded_and_never_shrink(policy: PollPolicy, poll_number: int) -> None:
    """Every pause is between the first and the ceiling, and the next one is not shorter."""
    delay = policy.delay(poll_number)
    assert policy.first <= delay <= policy.ceiling
    assert policy.delay(poll_number + 1) >= delay * (1 - 1e-9)


@given(policy=poll_policies())
def test_first_pause_is_the_policys(policy: PollPolicy) -> None:
    """After the first poll the policy's first pause follows."""
    assert policy.delay(1) == policy.first


def test_factor_lengthens_pauses() -> None:
    """Pauses grow by the factor up to the ceiling."""
    policy = PollPolicy(first=10, factor=1.2, ceiling=30)
    assert [round(policy.delay(poll_number), 2) for poll_number in (1, 2, 3, 7, 8, 900)] == [
        10,
        12,
        14.4,
        29.86,
        30,
        30,
    ]


@given(
    policy=retry_policies(),
    attempt=st.integers(1, 60),
    elapsed=st.floats(0, 1e5),
    requested=st.none() | st.floats(0, 1e5),
    drawn=st.floats(0, 1),
)
def test_retries_are_bounded_in_number_and_time(
    policy: RetryPolicy, attempt: int, elapsed: float, requested: float | None, drawn: float
) -> None:
    """Nothing is sent again beyond the attempts or the time, or earlier than Retry-After."""
    delay = policy.delay(attempt, elapsed, requested, lambda: drawn)
    if delay is None:
        return
    assert attempt < policy.attempts
    assert elapsed + delay <= policy.within
    assert delay >= (requested or 0)
    assert delay <= max(policy.ceiling, requested or 0)


@given(policy=retry_policies(), requested=st.none() | st.floats(0, 1e3))
def test_no_try_after_the_last_attempt(policy: RetryPolicy, requested: float | None) -> None:
    """After the number of attempts there is no other."""
    assert policy.delay(policy.attempts, 0, requested, lambda: 0) is None


@given(drawn=st.floats(0, 1), attempt=st.integers(1, 4))
def test_jitter_is_full(drawn: float, attempt: int) -> None:
    """A pause is a random part of its doubled length."""
    policy = RetryPolicy(base=0.5, ceiling=20)
    assert policy.delay(attempt, 0, None, lambda: drawn) == pytest.approx(drawn * min(20, 0.5 * 2 ** (attempt - 1)))


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (PollPolicy, "first", 0),
        (PollPolicy, "first", math.nan),
        (PollPolicy, "factor", 0.5),
        (PollPolicy, "factor", 101),
        (PollPolicy, "ceiling", 1),
        (PollPolicy, "timeout", -1),
        (PollPolicy, "outage", "long"),
        (RetryPolicy, "attempts", 0),
        (RetryPolicy, "attempts", True),
        (RetryPolicy, "within", -1),
        (RetryPolicy, "base", math.inf),
        (RetryPolicy, "ceiling", 0.1),
    ],
)
def test_invalid_policy_names_its_field(kind: type, field: str, value: object) -> None:
    """An invalid policy is refused when it is created, with field and value."""
    with pytest.raises(InvalidArgument) as caught:
        kind(**{field: value})
    assert caught.value.field == field
    assert repr(value) in str(caught.value)


def test_infinite_timeout_is_allowed() -> None:
    """Infinity is a valid timeout."""
    assert PollPolicy(timeout=math.inf, outage=math.inf).timeout == math.inf
