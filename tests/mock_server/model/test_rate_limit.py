"""Limits: an account may have so many unfinished tasks, and send so many requests a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_server import Simulator
from soundstage_server.model.rate_limit import MINUTE, SlidingWindow

if TYPE_CHECKING:
    from tests.mock_server.conftest import Kit

POLL = "/v1/open/pub/task"


@given(st.integers(1, 5), st.lists(st.floats(0.0, 50.0), max_size=60))
def test_no_minute_lets_more_in_than_it_may(per_minute: int, gaps: list[float]) -> None:
    """In no window of a minute are more admitted; who waits as long as told is let in, and a refusal costs nothing."""
    pace, now, admitted = SlidingWindow(per_minute), 1e9, list[float]()
    for gap in gaps:
        now += gap
        opens = pace.acquire(now)
        if opens is not None:
            assert now < opens <= now + MINUTE
            now = opens
            assert pace.acquire(now) is None
        admitted.append(now)
        assert sum(1 for at in admitted if now - MINUTE < at) <= per_minute


def test_a_request_too_many_is_refused_until_its_minute_is_over(kit: Kit) -> None:
    """The vendor's own refusal, with its fact, for every call; nothing is done, and other accounts do not feel it."""
    with kit.world(dialects={"tomoviee.errors": "http"}) as world:
        caller, other = kit.caller(world), kit.caller(world, credential="other")
        caller.create()
        account = next(world.accounts())
        world.limit(account, per_minute=2)
        assert [caller.create().status for _ in range(3)] == [200, 200, 429]
        refused = caller.send("POST", POLL, {"task_id": "x"})
        assert (refused.status, refused.json()["code"]) == (429, 680429)
        assert "more than 2 requests a minute" in refused.json()["msg"]
        assert refused.headers["x-soundstage-fact"] == "tomoviee:rate"
        assert "retry-after" not in refused.headers
        assert other.create().status == 200
        assert len(account.tasks) == 3
        world.advance(60)
        assert caller.create().status == 200
        world.limit(account, per_minute=None)
        assert {caller.create().status for _ in range(5)} == {200}


def test_retry_after_is_said_where_the_vendor_documents_it(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """In whole seconds of the account's clock: after so long, and not before, the request is let in."""
    with kit.world() as world:
        caller = kit.caller(world)
        caller.create()
        monkeypatch.setattr(type(world.services["tomoviee"]), "sends_retry_after", True)
        world.limit(next(world.accounts()), per_minute=1)
        caller.create()
        world.advance(12.5)
        assert caller.create().headers["retry-after"] == "48"
        world.advance(47)
        assert caller.create().headers["retry-after"] == "1"
        world.advance(1)
        assert caller.create().json()["code"] == 0


def test_a_clock_that_skips_waits_for_its_turn(kit: Kit) -> None:
    """Under auto, a refused account moves to when it is let in again, as a client would that waits: no deadlock."""
    with kit.world(clock="auto") as world:
        caller = kit.caller(world)
        caller.create()
        world.limit(next(world.accounts()), per_minute=1)
        assert [caller.create().json()["code"] for _ in range(4)] == [0, 680429, 0, 680429]


def test_tasks_at_once_are_limited_from_now_on(kit: Kit) -> None:
    """What is unfinished counts; taking the limit away lets everything in."""
    with kit.world() as world:
        caller = kit.caller(world)
        caller.create()
        account = next(world.accounts())
        world.limit(account, at_once=1)
        assert caller.create().json()["code"] == 680429
        world.limit(account, per_minute=100)
        assert account.at_once == 1
        world.limit(account, at_once=None)
        assert caller.create().json()["code"] == 0


@pytest.mark.parametrize("limits", [{"at_once": 0}, {"per_minute": -1}])
def test_a_limit_that_lets_nothing_in_is_refused(kit: Kit, limits: dict[str, int]) -> None:
    """The refusal names the limit, its value and what is allowed."""
    with kit.world() as world:
        account = world.account("tomoviee", "key")
        ((name, value),) = limits.items()
        with pytest.raises(ValueError, match=f"{name} must be 1 or more, or None; got {value}"):
            world.limit(account, **limits)


def test_limits_are_set_over_http(kit: Kit) -> None:
    """PUT changes what it names; 404 for nobody, 422 for no limit."""
    with kit.world() as world:
        app, account = Simulator(world), world.account("tomoviee", "key")
        path = f"/limits/{account.name}"
        for body, shown in (
            ({"per_minute": 3}, {"at_once": None, "per_minute": 3}),
            ({"at_once": 2}, {"at_once": 2, "per_minute": 3}),
            ({"per_minute": None}, {"at_once": 2, "per_minute": None}),
        ):
            reply: Any = kit.control(app, "PUT", path, body)
            assert (reply.status, reply.json()) == (200, shown)
            assert kit.control(app, "GET", path).json() == shown
        assert kit.control(app, "PUT", path, {"at_once": 0}).status == 422
        assert kit.control(app, "PUT", path, {"speed": 0}).status == 422
        assert kit.control(app, "PUT", "/limits/acct_0", {"at_once": 1}).status == 404
