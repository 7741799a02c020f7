"""Accounts: names without secrets, their own time and money, and double submissions."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from soundstage_server.model.account import DOUBLE_SUBMISSION_SECONDS, EXTRA, Account, Task, TooManyError, fingerprint
from soundstage_server.model.clock import LATEST, Clock
from soundstage_server.model.credentials import account_name, credential_rule
from soundstage_server.model.ledger import CREDITS, InsufficientError
from soundstage_server.model.lifecycle import Fate

CLOCK = Clock("auto")
credentials = st.text(min_size=1, max_size=30)


def account(credential: str = "key", at_once: int | None = None, clock: Clock = CLOCK) -> Account:
    """Make an account."""
    return Account("vendor", credential, clock, CREDITS, at_once)


def task(owner: Account, number: int = 0, *, lasts: float = 100.0, fate: Fate = Fate.SUCCEED, price: int = 10) -> Task:
    """Make a task that ends after *seconds*."""
    now = owner.now()
    return Task(f"task-{number}", owner, "operation", {}, now, (now + lasts,), fate, number, price, "http://h/vendor")


@given(credentials, credentials)
def test_account_name_is_a_digest(one: str, other: str) -> None:
    """Equal for equal credentials of one vendor, different for any other."""
    assert re.fullmatch("acct_[0-9a-f]{12}", account_name("vendor", one))
    assert (account_name("vendor", one) == account_name("vendor", other)) is (one == other)
    assert account_name("vendor", one) != account_name("rodnev", one)


@pytest.mark.parametrize(
    ("credential", "refused", "available", "at_once"),
    [
        ("invalid-a", "invalid", 1000, 5),
        ("expired-a", "expired", 1000, 5),
        ("broke-a", None, 0, 5),
        ("limited-a", None, 1000, 1),
        ("a-limited-", None, 1000, 5),
        ("Invalid-a", None, 1000, 5),
        ("", None, 1000, 5),
    ],
)
def test_first_word_of_a_credential_selects_a_rule(
    credential: str, refused: str | None, available: int, at_once: int
) -> None:
    """Only the exact words at the beginning have an effect."""
    owner = account(credential, at_once=5)
    assert credential_rule(credential).refused == refused
    assert (owner.ledger.available, owner.at_once) == (available, at_once)


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_advancing_one_account_leaves_others_alone(mine: float, everybodys: float) -> None:
    """An account's time is the world's plus its own offset."""
    clock = Clock("manual")
    begin = clock.now()
    one, other = account("one", clock=clock), account("other", clock=clock)
    one.advance(mine)
    assert other.now() == clock.now() == begin
    clock.advance(everybodys)
    assert other.now() == clock.now() == begin + everybodys
    assert one.now() == begin + everybodys + mine


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), LATEST + 1])
def test_invalid_advance_of_an_account_is_refused(seconds: float) -> None:
    """Nothing moves."""
    owner = account()
    with pytest.raises(ValueError, match=f"seconds must be from 0 to .*; got {seconds}"):
        owner.advance(seconds)
    assert owner.offset == 0


@given(st.integers(0, 2**34), st.floats(2, 30), st.floats(60, 300))
@example(offset=1, first=2.0, second=60.0)
def test_auto_clock_moves_exactly_to_the_next_change(offset: int, first: float, second: float) -> None:
    """Whatever the offset, rounding never leaves the time before the change."""
    owner = account(clock=Clock("auto"))
    owner.advance(offset * 2.0**-25)
    created = owner.now()
    for change in (created + first, created + first + second):
        assume(change > owner.now())
        owner.advance_to_next_change(owner.now(), change)
        assert change <= owner.now() <= change + 1e-5


def test_read_moves_time_under_auto_only() -> None:
    """And never backwards."""
    for clock in (Clock("manual"), Clock("real"), Clock("scaled", 2)):
        owner = account(clock=clock)
        owner.advance_to_next_change(owner.now(), owner.now() + 60)
        assert owner.offset == 0
    owner = account()
    owner.advance_to_next_change(owner.now(), owner.now() - 60)
    assert owner.offset == 0


@given(
    st.lists(st.tuples(st.sampled_from(Fate), st.integers(0, 400), st.floats(1, 600), st.floats(0, 200)), max_size=25)
)
def test_reserved_is_the_price_of_unfinished_tasks(jobs: list[tuple[Fate, int, float, float]]) -> None:
    """A success is spent, any other end is released, and an unaffordable task is refused."""
    owner = account(clock=Clock("manual"))
    taken: list[Task] = []
    for number, (fate, price, lasts, wait) in enumerate(jobs):
        owner.settle(owner.now())
        wanted = task(owner, number, lasts=lasts, fate=fate, price=price)
        if price > owner.ledger.available:
            with pytest.raises(InsufficientError):
                owner.admit(wanted, number)
        else:
            owner.admit(wanted, number)
            taken.append(wanted)
        owner.advance(wait)
    now = owner.now()
    owner.settle(now)
    assert owner.tasks == taken
    assert owner.ledger.is_balanced()
    assert owner.unfinished == sum(one.ends > now for one in taken)
    assert owner.ledger.reserved == sum(one.price for one in taken if one.ends > now)
    assert owner.ledger.spent == sum(one.price for one in taken if one.ends <= now and one.fate is Fate.SUCCEED)


def test_full_account_refuses_until_a_task_ends() -> None:
    """A task uses a slot from its creation to its final state."""
    owner = account("limited-a", clock=Clock("manual"))
    owner.check_concurrency()
    owner.admit(task(owner), 0)
    with pytest.raises(TooManyError):
        owner.check_concurrency()
    owner.advance(100)
    owner.settle(owner.now())
    owner.check_concurrency()


@given(st.floats(0, 2 * DOUBLE_SUBMISSION_SECONDS))
def test_equal_submissions_within_a_minute_are_reported(apart: float) -> None:
    """Later ones, and different ones, are not."""
    owner = account(clock=Clock("manual"))
    owner.admit(task(owner, 1), 7)
    owner.admit(task(owner, 2), 8)
    assert owner.double_submissions == []
    owner.advance(apart)
    owner.admit(task(owner, 3), 7)
    seconds = owner.tasks[2].created - owner.tasks[0].created
    expected = [("task-1", "task-3", "operation", seconds)] if seconds <= DOUBLE_SUBMISSION_SECONDS else []
    assert [tuple(double) for double in owner.double_submissions] == expected


def test_recent_submissions_are_swept() -> None:
    """A long run does not keep every past submission."""
    owner = account(clock=Clock("manual"))
    owner.ledger.set_available(10**9, 0.0)
    for number in range(3000):
        owner.advance(1)
        owner.admit(task(owner, number), number)
    assert len(owner._recent) <= 1024
    owner.admit(task(owner, 3000), 2999)
    assert [double.first for double in owner.double_submissions] == ["task-2999"]


def test_repr_of_an_account_has_no_secret() -> None:
    """A failing test that shows an account shows no credential."""
    owner = account("planted-key")
    owner.secret = "planted-secret"
    assert "planted" not in repr(owner) + str(owner)


@given(params=st.dictionaries(st.text(min_size=2, max_size=5), st.integers(0, 9)), key=st.text())
def test_extra_data_does_not_distinguish_submissions(params: dict[str, int], key: str) -> None:
    """Equal submissions with different idempotency keys are still a double submission."""
    assert fingerprint("draw", {**params, EXTRA: key}) == fingerprint("draw", params)
    assert fingerprint("draw", {**params, EXTRA: key, "a": 1}) != fingerprint("draw", params)
