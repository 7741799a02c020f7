"""The plan of a live run: no budget is exceeded, and a skipped call has a reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_contracts.declarations.live import TIERS, LiveCall, LivePlan
from soundstage_contracts.live.plan import BudgetMeter, LiveRunPlan, plan_calls
from soundstage_contracts.options import Budget
from soundstage_contracts.report.text import plan_lines

CALLS = st.builds(
    LiveCall,
    name=st.uuids().map(str),
    about=st.just("does something"),
    tier=st.sampled_from(TIERS),
    call=st.just(lambda *_: None),
    price=st.none() | st.integers(0, 5).map(float),
    needs=st.sampled_from([(), ("image",)]),
)
BUDGETS = st.builds(Budget, amount=st.integers(0, 12).map(float), unknown=st.integers(0, 3))


def run_plan(budget: Budget, **options: Any) -> LiveRunPlan:
    """A plan before the first call."""
    return LiveRunPlan(BudgetMeter("tomoviee", "credits", budget), **options)


def call(price: float | None, needs: tuple[str, ...] = ()) -> LiveCall:
    """A generation of that price."""
    return LiveCall(name="it", about="does it", tier="generation", call=lambda *_: None, price=price, needs=needs)


@given(calls=st.lists(CALLS, max_size=8), budget=BUDGETS)
def test_plan_never_exceeds_its_budget(calls: list[LiveCall], budget: Budget) -> None:
    """What is planned costs no more than allowed, known and unknown alike; rungs are in their order; all are there."""
    steps = plan_calls("tomoviee", LivePlan(calls=tuple(calls)), run_plan(budget))
    made = [step.call for step in steps if not step.skip_reason]
    assert sum(each.price or 0 for each in made) <= budget.amount
    assert sum(each.price is None for each in made) <= budget.unknown
    tiers = [TIERS.index(step.call.tier) for step in steps]
    assert tiers == sorted(tiers)
    assert len(steps) == len(calls)
    assert not [each for each in made if each.needs]


@given(calls=st.lists(CALLS, max_size=8), budget=BUDGETS)
def test_run_makes_the_planned_calls(calls: list[LiveCall], budget: Budget) -> None:
    """Call by call, the calls allowed are those of the plan, when none fails."""
    live = LivePlan(calls=tuple(calls))
    going = run_plan(budget)
    planned = plan_calls("tomoviee", live, going)
    for step in planned:
        assert going.skip_reason(step.call) == step.skip_reason
        if not step.skip_reason:
            going.meter.charge(step.call)


@pytest.mark.parametrize(
    ("price", "budget", "reason"),
    [
        (5.0, Budget(), "costs 5 credits; --soundstage-budget tomoviee=5 allows it"),
        (5.0, Budget(unknown=3), "costs 5 credits; --soundstage-budget tomoviee=5 allows it"),
        (None, Budget(amount=100), "its price is not documented; --soundstage-budget tomoviee=unknown-ok:1 allows it"),
        (5.0, Budget(amount=5), ""),
        (None, Budget(unknown=1), ""),
    ],
)
def test_skipped_call_names_the_option_that_allows_it(price: float | None, budget: Budget, reason: str) -> None:
    """Amounts allow known prices, jobs allow unknown ones, and neither the other."""
    assert run_plan(budget).skip_reason(call(price)) == reason


def test_missing_input_failed_call_and_closed_run_skip_calls() -> None:
    """Each has its own reason, and the most immediate one is shown."""
    going = run_plan(Budget(amount=9))
    assert going.skip_reason(call(1, ("image",))) == "needs --soundstage-input image=VALUE"
    assert run_plan(Budget(amount=9), inputs={"image": "x"}).skip_reason(call(1, ("image",))) == ""
    going.failed_call = "unknown-task"
    assert going.skip_reason(call(0)) == "unknown-task failed before it"
    going.closed_reason = "no credential"
    assert going.skip_reason(call(0)) == "no credential"


def test_balance_drop_beyond_the_budget_ends_the_run() -> None:
    """What is read from the account counts, whatever the prices say; a budget of jobs has no amount to pass."""
    going = run_plan(Budget(amount=10))
    for balance in (100.0, 90.0):
        going.meter.record_balance(balance)
    assert going.skip_reason(call(0)) == ""
    going.meter.record_balance(89.0)
    assert going.skip_reason(call(0)) == "the balance fell by 11 credits; the budget is 10"
    jobs = run_plan(Budget(unknown=2))
    for balance in (100.0, 60.0):
        jobs.meter.record_balance(balance)
    assert jobs.skip_reason(call(None)) == ""
    assert jobs.meter.balance_drop == 40


def test_plan_lines_show_every_price() -> None:
    """A line a call and a line a vendor, with what is not made and why."""
    allowed = "costs 4 credits; --soundstage-budget tomoviee=4 allows it"
    live = LivePlan(
        calls=(
            LiveCall(name="poll", about="polls", tier="free", call=lambda *_: None),
            LiveCall(name="video", about="makes a video", tier="generation", call=lambda *_: None, price=4),
            LiveCall(name="more", about="makes another video", tier="generation", call=lambda *_: None, price=None),
        )
    )
    assert plan_lines(plan_calls("tomoviee", live, run_plan(Budget(amount=3, unknown=1)))) == [
        "tomoviee poll [free, free]: polls",
        f"tomoviee video [generation, 4 credits]: makes a video - NOT MADE: {allowed}",
        "tomoviee more [generation, unknown]: makes another video",
        "tomoviee: 2 calls for 0 credits at most, and 1 of unknown price",
    ]
