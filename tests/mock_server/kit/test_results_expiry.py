"""A result's address expires on its account's clock, and redirects as often as the world was told."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage_server import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_server.model.account import Task
    from tests.mock_server.conftest import Caller, Kit


@pytest.fixture
def caller(kit: Kit) -> Iterator[Caller]:
    """Somebody before a world of small media."""
    with kit.world() as world:
        yield kit.caller(world)


def made(caller: Caller) -> tuple[Task, str]:
    """Create a task, let it end, and return it and the address of what it made."""
    world = caller.app.world
    caller.create("A fox")
    task = list(world.tasks())[-1]
    task.account.advance(task.ends - task.account.now())
    (url,) = world.services["tomoviee"].result_urls(task)
    return task, url


@given(seconds=st.integers(0, 10**7))
@settings(deadline=None, max_examples=25)
def test_an_address_holds_until_its_expires_and_no_longer(kit: Kit, seconds: int) -> None:
    """``Expires`` is the account's time in seconds since 1970; afterwards the store answers 403 and says why."""
    with kit.world() as world:
        caller = kit.caller(world)
        task, url = made(caller)
        expires = int(parse_qs(urlsplit(url).query)["Expires"][0])
        assert expires == int(task.ends) + world.services["tomoviee"].result_seconds
        task.account.advance(seconds)
        reply = caller.fetch(url, "HEAD")
        assert reply.status == (403 if task.account.now() > expires else 200)
        if reply.status == 403:
            assert caller.fetch(url).json() == {"error": "the address has expired"}


def test_nobody_elses_time_makes_an_address_expire(kit: Kit, caller: Caller) -> None:
    """Moving another account a year on leaves it alone; moving the world does not."""
    _, url = made(caller)
    world = caller.app.world
    world.advance(366 * 24 * 3600, world.account("tomoviee", "other"))
    assert caller.fetch(url, "HEAD").status == 200
    world.advance(366 * 24 * 3600)
    assert caller.fetch(url, "HEAD").status == 403
    assert kit.caller(world).create().status == 200


@pytest.mark.parametrize("times", [0, 1, 3, 20])
def test_an_address_redirects_as_often_as_was_asked(kit: Kit, times: int) -> None:
    """Each time 302 to another address of this server; then come the bytes, in part if a part is asked for."""
    with kit.world(redirects=times) as world:
        caller = kit.caller(world)
        _, url = made(caller)
        seen = [url]
        while (reply := caller.fetch(seen[-1])).status == 302:
            assert reply.content == b""
            seen.append(reply.headers["location"])
        assert len(set(seen)) == len(seen) == times + 1
        assert (reply.status, reply.headers["content-type"]) == (200, "video/mp4")
        part = caller.fetch(seen[-1], Range="bytes=4-7")
        assert (part.status, part.content) == (206, b"ftyp")
        assert caller.fetch(seen[-1].replace("Signature=", "Signature=0")).status == 403
        world.redirects = 0
        assert caller.fetch(url).status == 200


def test_the_control_api_changes_redirects(kit: Kit, caller: Caller) -> None:
    """What was put holds for addresses that were minted before; what cannot be is refused and changes nothing."""
    _, url = made(caller)
    assert kit.control(caller.app, "GET", "/results").json() == {"redirects": 0}
    assert kit.control(caller.app, "PUT", "/results", {"redirects": 1}).json() == {"redirects": 1}
    assert caller.fetch(url).status == 302
    for wrong in (-1, 21, 1.5, "x", None):
        reply = kit.control(caller.app, "PUT", "/results", {"redirects": wrong})
        assert reply.status == 422
        assert "redirects" in reply.json()["detail"]
    assert caller.app.world.redirects == 1


@pytest.mark.parametrize("times", [-1, 21])
def test_a_world_takes_no_number_of_redirects_that_cannot_be(times: int) -> None:
    """The text names the value and what is allowed."""
    with pytest.raises(ValueError, match=f"redirects must be from 0 to 20; got {times}"):
        World(redirects=times)
