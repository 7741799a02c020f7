"""The client of the control API: every method works, and a refusal is readable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from soundstage import JobState, errors
from soundstage_contracts.simulators.control import ControlError, account_name
from soundstage_contracts.simulators.target import Target
from soundstage_contracts.vendors.tomoviee import CONTRACT
from soundstage_server.model.credentials import account_name as their_name

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """One simulator for this file."""
    with Target() as target:
        yield target


@pytest.fixture
def caller(target: Target) -> tuple[Any, str]:
    """A client and the name of its account, which has been used once."""
    credential = target.new_account()
    client = target.client(CONTRACT, credential)
    client.text_to_video("A fox")
    return client, account_name("tomoviee", credential)


def test_both_sides_call_an_account_the_same() -> None:
    """The contracts' name for an account is the simulator's."""
    assert account_name("tomoviee", "key") == their_name("tomoviee", "key")


def test_health_describes_the_simulator(target: Target) -> None:
    """Health has the version, the vendors and the kind of clock."""
    health = target.control.health()
    assert "tomoviee" in health["vendors"]
    assert (health["ok"], health["clock"]) == (True, "manual")


def test_time_moves_for_one_or_for_all(target: Target, caller: tuple[Any, str]) -> None:
    """Moving an account's time leaves the world's; moving the world's moves every account's."""
    _, name = caller
    world, mine = target.control.now(), target.control.now(name)
    assert target.control.advance(10, name) == pytest.approx(mine + 10)
    assert target.control.now() == pytest.approx(world)
    assert target.control.advance(5) == pytest.approx(world + 5)
    assert target.control.now(name) == pytest.approx(mine + 15)


def test_money_is_read_and_set(target: Target, caller: tuple[Any, str]) -> None:
    """The balance of an account can be read with every entry, and set."""
    client, name = caller
    money = target.control.money("tomoviee", name)
    assert (money.unit, money.available, money.reserved, money.spent, money.granted) == ("credits", 990, 10, 0, 1000)
    assert [entry["amount"] for entry in money.entries] == [10]
    target.control.set_balance("tomoviee", name, 5)
    with pytest.raises(errors.InsufficientCreditsError):
        client.text_to_video("A second fox")
    assert target.control.money("tomoviee", name).available == 5


def test_accounts_tasks_and_requests_are_listed(target: Target, caller: tuple[Any, str]) -> None:
    """Each list can be read as a whole or for one account."""
    _, name = caller
    assert name in {account["account"] for account in target.control.accounts()}
    (task,) = target.control.tasks(name)
    assert task in target.control.tasks()
    (request,) = target.control.requests(name)
    assert request in target.control.requests()
    assert request["path"].endswith("tm_text2video_b")


def test_orders_are_given_and_dropped(target: Target, caller: tuple[Any, str]) -> None:
    """An order applies until it is deleted; every order has its own id."""
    client, name = caller
    first = target.control.order("fail", vendor="tomoviee", account=name)
    assert target.control.order("cancel", account=name) != first
    job = client.text_to_video("A fox that fails")
    target.control.clear_orders()
    other = client.text_to_video("A fox that does not")
    target.control.advance(600, name)
    assert (job.refresh().state, other.refresh().state) == (JobState.FAILED, JobState.SUCCEEDED)


def test_readings_are_chosen(target: Target, caller: tuple[Any, str]) -> None:
    """A reading is chosen for one account; the others keep theirs."""
    _, name = caller
    assert target.control.dialects(name, tomoviee__errors="http")["tomoviee.errors"] == "http"
    assert target.control.dialects(name)["tomoviee.errors"] == "http"
    assert target.control.dialects()["tomoviee.errors"] == "envelope"


def test_facts_are_counted(target: Target, caller: tuple[Any, str]) -> None:
    """A refusal counts its fact."""
    client, _ = caller
    before = target.control.facts()["tomoviee:poll.unknown_task"]
    with pytest.raises(errors.NotFoundError):
        client.job("nothing").refresh()
    assert target.control.facts()["tomoviee:poll.unknown_task"] == before + 1


def test_everything_can_be_forgotten(caller: tuple[Any, str], target: Target) -> None:
    """A reset forgets one account, or all of them."""
    _, name = caller
    target.control.reset(name)
    assert name not in {account["account"] for account in target.control.accounts()}
    target.control.reset()
    assert target.control.accounts() == []


def test_a_refusal_is_readable(target: Target) -> None:
    """A refusal is a ControlError with the request, the status and the simulator's message."""
    with pytest.raises(ControlError, match=r"GET /_soundstage/tasks: HTTP 404: .*acct_unknown"):
        target.control.tasks("acct_unknown")
    with pytest.raises(ControlError, match=r"POST /_soundstage/clock/advance: HTTP 422: seconds: .*; got -1$"):
        target.control.advance(-1)
