"""A result URL expires on its account's clock, and redirects as often as the world is configured to."""

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
    """A caller of a world with small media."""
    with kit.world() as world:
        yield kit.caller(world)


def made(caller: Caller) -> tuple[Task, str]:
    """Create a task, let it end, and return it and its result URL."""
    world = caller.app.world
    caller.create("A fox")
    task = list(world.tasks())[-1]
    task.account.advance(task.ends - task.account.now())
    (url,) = world.services["tomoviee"].result_urls(task)
    return task, url


@given(seconds=st.integers(0, 10**7))
@settings(deadline=None, max_examples=25)
def test_result_url_expires(kit: Kit, seconds: int) -> None:
    """``Expires`` is the account's time in seconds since 1970; afterwards the URL returns 403."""
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


def test_expiry_follows_the_accounts_own_time(kit: Kit, caller: Caller) -> None:
    """Moving another account by a year changes nothing; moving the world does."""
    _, url = made(caller)
    world = caller.app.world
    world.advance(366 * 24 * 3600, world.account("tomoviee", "other"))
    assert caller.fetch(url, "HEAD").status == 200
    world.advance(366 * 24 * 3600)
    assert caller.fetch(url, "HEAD").status == 403
    assert kit.caller(world).create().status == 200


@pytest.mark.parametrize("times", [0, 1, 3, 20])
def test_result_redirects_as_configured(kit: Kit, times: int) -> None:
    """302 each time to another address of this server; then the bytes, or a range of them."""
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


def test_control_api_changes_redirects(kit: Kit, caller: Caller) -> None:
    """The change applies to existing URLs; an invalid value changes nothing."""
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
def test_invalid_number_of_redirects_is_refused(times: int) -> None:
    """The message names the value and what is allowed."""
    with pytest.raises(ValueError, match=f"redirects must be from 0 to 20; got {times}"):
        World(redirects=times)
