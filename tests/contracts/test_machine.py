"""The state machine can fail: a simulator or client that breaks a law is caught, and the error names the law."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from soundstage import JobState
from soundstage_contracts.outcomes import BrokenLawError, require
from soundstage_contracts.simulators.target import Target
from soundstage_contracts.vendors.tomoviee import TomovieeMachine
from soundstage_server.kit import results
from soundstage_server.model.account import Account
from soundstage_server.model.ledger import Ledger
from soundstage_server.model.lifecycle import Lifecycle, TaskState
from soundstage_server.vendors.tomoviee import TomovieeService

if TYPE_CHECKING:
    from collections.abc import Iterator

SEARCH = settings(
    max_examples=25,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(settings().suppress_health_check),
)


@pytest.fixture
def target() -> Iterator[Target]:
    """A simulator for one test: the test breaks it."""
    with Target() as target:
        yield target


def play(target: Target, max_examples: int = SEARCH.max_examples) -> None:
    """Run the state machine against *target*, until it fails or *max_examples* stories have passed."""
    search = settings(SEARCH, max_examples=max_examples)
    run_state_machine_as_test(type("Machine", (TomovieeMachine,), {"target": target}), settings=search)


def goes_back(patch: pytest.MonkeyPatch) -> None:
    """Let tasks that are long over be queued again."""
    right = Lifecycle.state_at

    def at(self: Lifecycle, now: float, created: float, changes: Any, *rest: Any) -> TaskState:
        return TaskState(1, False, 0, now + 1) if now > changes[-1] + 60 else right(self, now, created, changes, *rest)

    patch.setattr(Lifecycle, "state_at", at)


def loses_refunds(patch: pytest.MonkeyPatch) -> None:
    """Let what failed be paid for."""
    patch.setattr(Ledger, "release", Ledger.capture)


def mints_money(patch: pytest.MonkeyPatch) -> None:
    """Let a refund give back one credit too many."""
    right = Ledger.release

    def release(self: Ledger, amount: int, task: str, at: float) -> None:
        right(self, amount, task, at)
        self.available += 1

    patch.setattr(Ledger, "release", release)


def shares_tasks(patch: pytest.MonkeyPatch) -> None:
    """Let everybody read every task."""
    patch.setattr(TomovieeService, "_requested_task", lambda self, request: self.tasks[request.json()["task_id"]])


def charges_nothing(patch: pytest.MonkeyPatch) -> None:
    """Let tasks be free."""
    patch.setattr(TomovieeService, "price", lambda _self, _operation, _params: 0)


def shares_time(patch: pytest.MonkeyPatch) -> None:
    """Let one account's time be everybody's."""
    patch.setattr(Account, "advance", lambda self, seconds: self._clock.advance(seconds))


def keeps_files(patch: pytest.MonkeyPatch) -> None:
    """Let the address of a result be a wrong one."""
    right = results.sign_url
    patch.setattr(results, "sign_url", lambda *given: right(*given) + "0")


def submits_twice(patch: pytest.MonkeyPatch) -> None:
    """Let every accepted call make two tasks."""
    right = TomovieeService.submit

    def submit(self: TomovieeService, *given: Any) -> Any:
        right(self, *given)
        return right(self, *given)

    patch.setattr(TomovieeService, "submit", submit)


BROKEN = {
    goes_back: r"went back to JobState.QUEUED|ended JobState.QUEUED, not",
    loses_refunds: r"\d+ (is|was) spent; (all that|what) succee\w+ costs \d+",
    mints_money: "money is not conserved: AccountBalance",
    shares_tasks: r"acct_\w+ can read \S+, a job of acct_",
    charges_nothing: r"\w+ was accepted and nothing was reserved for it",
    shares_time: r"the time of acct_\w+ moved, too",
    keeps_files: r"succeeded, and <Output \w+ \S+> cannot be saved: .*403",
    submits_twice: r"\d+ tasks exist, \d+ were created|one call made 2 tasks",
}


def test_a_sound_simulator_keeps_every_law(target: Target) -> None:
    """Without a mistake, no example breaks a law."""
    play(target)


@pytest.mark.parametrize("mistake", BROKEN, ids=lambda mistake: mistake.__name__)
def test_mistake_breaks_a_law(target: Target, monkeypatch: pytest.MonkeyPatch, mistake: Any) -> None:
    """Each mistake breaks a law, and the error names the law, the account and the values."""
    mistake(monkeypatch)
    with pytest.raises(BrokenLawError) as broken:
        play(target, 400)  # older versions of Hypothesis need more examples; the run ends at the first failure
    assert re.search(BROKEN[mistake], str(broken.value)), str(broken.value)


def test_require_accepts_a_true_condition() -> None:
    """`require` does nothing when its condition is true."""
    require(JobState.SUCCEEDED.final, "a success is not the end")
