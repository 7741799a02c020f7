"""The ledger stays balanced: no sequence of movements creates, loses or owes a unit."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from soundstage_server.model.ledger import CREDITS, USD, InsufficientError, Ledger, Unit

amounts = st.integers(0, 1500)


class Movements(RuleBasedStateMachine):
    """Reserve, capture, release and put, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(CREDITS)
        self.open: list[tuple[int, str]] = []
        self.moved = 0

    @rule(amount=amounts)
    def reserve(self, amount: int) -> None:
        """Pay for a task, if that is possible; if not, nothing has moved."""
        task = f"task-{self.moved}"
        before = (self.ledger.available, self.ledger.reserved, len(self.ledger.entries))
        if amount > self.ledger.available:
            with pytest.raises(InsufficientError):
                self.ledger.reserve(amount, task, 1.0)
            assert (self.ledger.available, self.ledger.reserved, len(self.ledger.entries)) == before
            return
        self.ledger.reserve(amount, task, 1.0)
        self.open.append((amount, task))
        self.moved += 1

    @precondition(lambda self: self.open)
    @rule(succeeded=st.booleans())
    def end(self, *, succeeded: bool) -> None:
        """Let a task end."""
        amount, task = self.open.pop(0)
        (self.ledger.capture if succeeded else self.ledger.release)(amount, task, 2.0)

    @rule(available=amounts)
    def put(self, available: int) -> None:
        """Set another available balance."""
        self.ledger.set_available(available, 3.0)
        assert self.ledger.available == available

    @invariant()
    def conserved(self) -> None:
        """The balances add up, none is below zero, and the reserved amount is that of the open tasks."""
        assert self.ledger.is_balanced()
        assert self.ledger.reserved == sum(amount for amount, _ in self.open)

    @invariant()
    def entries_give_all_balances(self) -> None:
        """Playing the entries over what the account began with gives the pots."""
        pots = Counter({"available": CREDITS.opening, "outside": 0})
        for entry in self.ledger.entries:
            assert entry.amount >= 0
            pots[entry.source] -= entry.amount
            pots[entry.target] += entry.amount
        assert pots["available"] == self.ledger.available
        assert pots["reserved"] == self.ledger.reserved
        assert pots["spent"] == self.ledger.spent
        assert -pots["outside"] == self.ledger.granted - CREDITS.opening


TestMovements = Movements.TestCase


def test_lost_unit_is_detected() -> None:
    """The check that the other tests use can fail."""
    ledger = Ledger(CREDITS)
    ledger.available -= 1
    assert not ledger.is_balanced()
    overdrawn = Ledger(CREDITS, 0)
    overdrawn.available, overdrawn.reserved = -1, 1
    assert not overdrawn.is_balanced()


def test_opening_balance() -> None:
    """1000 credits, 100 dollars, or the given amount."""
    assert (Ledger(CREDITS).available, USD.to_units(Ledger(USD).available), Ledger(CREDITS, 0).available) == (
        1000,
        100.0,
        0,
    )


def test_setting_the_same_balance_adds_no_entry() -> None:
    """The entries are movements only."""
    ledger = Ledger(CREDITS)
    ledger.set_available(1000, 1.0)
    assert ledger.entries == []


def test_negative_balance_is_refused() -> None:
    """The message names the amount, and nothing moves."""
    ledger = Ledger(CREDITS)
    with pytest.raises(ValueError, match="available must be 0 or more; got -1"):
        ledger.set_available(-1, 1.0)
    assert (ledger.available, ledger.entries) == (1000, [])


@given(st.sampled_from([CREDITS, USD, Unit("units", 100, 0)]), st.integers(0, 10**9))
def test_units_round_trip(unit: Unit, amount: int) -> None:
    """What the control API shows can be sent back."""
    assert unit.to_parts(unit.to_units(amount)) == amount


def test_fraction_of_an_indivisible_unit_is_refused() -> None:
    """It is not rounded silently."""
    with pytest.raises(ValueError, match=r"available must be a whole number of credits; got 0\.5"):
        CREDITS.to_parts(0.5)
