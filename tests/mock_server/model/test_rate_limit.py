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
def test_no_minute_accepts_more_than_the_limit(per_minute: int, gaps: list[float]) -> None:
    """Waiting as long as indicated is enough, and refused requests do not count."""
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


def test_request_over_the_limit_is_refused_for_its_minute(kit: Kit) -> None:
    """With the vendor's refusal and fact; nothing is done, and other accounts are not affected."""
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


def test_retry_after_is_sent_where_documented(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """In whole account seconds: after that time, and not before, the request is accepted."""
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


def test_auto_clock_moves_to_the_next_slot(kit: Kit) -> None:
    """A refused account is accepted at its next request, as after a wait."""
    with kit.world(clock="auto") as world:
        caller = kit.caller(world)
        caller.create()
        world.limit(next(world.accounts()), per_minute=1)
        assert [caller.create().json()["code"] for _ in range(4)] == [0, 680429, 0, 680429]


def test_concurrency_limit_applies_at_once(kit: Kit) -> None:
    """Unfinished tasks count; removing the limit accepts everything."""
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
def test_limit_below_one_is_refused(kit: Kit, limits: dict[str, int]) -> None:
    """The message names the limit, its value and what is allowed."""
    with kit.world() as world:
        account = world.account("tomoviee", "key")
        ((name, value),) = limits.items()
        with pytest.raises(ValueError, match=f"{name} must be from 1 to 1000000000, or None; got {value}"):
            world.limit(account, **limits)


def test_limits_are_set_over_http(kit: Kit) -> None:
    """PUT changes what it names; 404 for an unknown account, 422 for an invalid limit."""
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
