"""A purse: never more than its limit, whoever takes from it and in whatever order."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import InvalidArgument, SpendLimitReached
from soundstage._protocol.spend_limit import Purse

CENTS = st.integers(0, 500).map(lambda cents: cents / 100)


@given(limit=CENTS, amounts=st.lists(CENTS, max_size=20))
def test_no_more_than_the_limit_is_ever_taken(limit: float, amounts: list[float]) -> None:
    """What fits is taken, what does not is refused and takes nothing; the sum never passes the limit."""
    purse, taken = Purse("vendor", limit, "US dollars"), 0.0
    for amount in amounts:
        try:
            purse.take(amount)
            taken += amount
        except SpendLimitReached as reached:
            assert taken + amount > limit
            assert reached.estimate == amount  # noqa: PT017
        assert purse.spent == pytest.approx(taken)
        assert purse.spent <= limit * (1 + 1e-6)


def test_tenths_add_up_to_a_whole() -> None:
    """Ten dimes are a dollar, although their sum as floats is not."""
    purse = Purse("vendor", 1.0, "US dollars")
    for _ in range(10):
        purse.take(0.1)
    with pytest.raises(SpendLimitReached):
        purse.take(0.01)


def test_what_is_given_back_can_be_taken_again() -> None:
    """A refused submission leaves the purse as it was, and never less than empty."""
    purse = Purse("vendor", 1.0, "US dollars")
    purse.take(1.0)
    purse.give_back(1.0)
    purse.take(1.0)
    purse.give_back(2.0)
    assert purse.spent == 0


def test_without_a_limit_everything_is_taken() -> None:
    """None is no limit."""
    purse = Purse("vendor", None, "US dollars")
    purse.take(10**9)
    assert purse.spent == 10**9


def test_threads_share_a_purse() -> None:
    """Many threads at once take no more than there is."""
    purse = Purse("vendor", 5.0, "US dollars")

    def take(_: int) -> bool:
        try:
            purse.take(1.0)
        except SpendLimitReached:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(40))) == 5


@pytest.mark.parametrize("limit", [-1, float("nan"), float("inf"), "1", True])
def test_a_limit_is_a_number(limit: object) -> None:
    """A limit that is none is refused by name."""
    with pytest.raises(InvalidArgument, match="max_spend"):
        Purse("vendor", limit, "US dollars")  # type: ignore[arg-type] # what a caller may get wrong


def test_the_error_keeps_its_numbers() -> None:
    """Limit, spent and estimate survive pickling, and the text has them."""
    with pytest.raises(SpendLimitReached, match=r"0\.4 US dollars; 0 of at most 0\.25") as reached:
        Purse("vendor", 0.25, "US dollars").take(0.4)
    again = pickle.loads(pickle.dumps(reached.value))  # noqa: S301 - our own
    assert (again.limit, again.spent, again.estimate, again.vendor) == (0.25, 0.0, 0.4, "vendor")
