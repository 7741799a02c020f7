"""The spend limit: never exceeded, for any callers in any order."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import InvalidArgument, SpendLimitReached
from soundstage._protocol.spend_limit import SpendLimit

CENTS = st.integers(0, 500).map(lambda cents: cents / 100)


@given(limit=CENTS, amounts=st.lists(CENTS, max_size=20))
def test_limit_is_never_exceeded(limit: float, amounts: list[float]) -> None:
    """An amount that fits is reserved, another is refused and changes nothing; the sum never exceeds the limit."""
    spend_limit, taken = SpendLimit("vendor", limit, "US dollars"), 0.0
    for amount in amounts:
        try:
            spend_limit.reserve(amount)
            taken += amount
        except SpendLimitReached as reached:
            assert taken + amount > limit
            assert reached.estimate == amount  # noqa: PT017
        assert spend_limit.spent == pytest.approx(taken)
        assert spend_limit.spent <= limit * (1 + 1e-6)


def test_decimal_fractions_reach_the_limit() -> None:
    """Ten dimes are a dollar, although their sum as floats is not."""
    spend_limit = SpendLimit("vendor", 1.0, "US dollars")
    for _ in range(10):
        spend_limit.reserve(0.1)
    with pytest.raises(SpendLimitReached):
        spend_limit.reserve(0.01)


def test_released_amount_can_be_reserved_again() -> None:
    """A refused submission leaves the limit as it was, and the spending never below zero."""
    spend_limit = SpendLimit("vendor", 1.0, "US dollars")
    spend_limit.reserve(1.0)
    spend_limit.release(1.0)
    spend_limit.reserve(1.0)
    spend_limit.release(2.0)
    assert spend_limit.spent == 0


def test_no_limit_accepts_everything() -> None:
    """None is no limit."""
    spend_limit = SpendLimit("vendor", None, "US dollars")
    spend_limit.reserve(10**9)
    assert spend_limit.spent == 10**9


def test_threads_share_a_spend_limit() -> None:
    """Many threads at once reserve no more than the limit."""
    spend_limit = SpendLimit("vendor", 5.0, "US dollars")

    def take(_: int) -> bool:
        try:
            spend_limit.reserve(1.0)
        except SpendLimitReached:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(40))) == 5


@pytest.mark.parametrize("limit", [-1, float("nan"), float("inf"), "1", True])
def test_invalid_limit_is_refused(limit: object) -> None:
    """A limit that is not a number of at least 0 is an invalid argument."""
    with pytest.raises(InvalidArgument, match="max_spend"):
        SpendLimit("vendor", limit, "US dollars")  # type: ignore[arg-type] # what a caller may get wrong


def test_error_has_limit_spent_and_estimate() -> None:
    """Limit, spent and estimate survive pickling, and the message has them."""
    with pytest.raises(SpendLimitReached, match=r"0\.4 US dollars, but 0 of max_spend=0\.25") as reached:
        SpendLimit("vendor", 0.25, "US dollars").reserve(0.4)
    again = pickle.loads(pickle.dumps(reached.value))  # noqa: S301 - our own
    assert (again.limit, again.spent, again.estimate, again.vendor) == (0.25, 0.0, 0.4, "vendor")
