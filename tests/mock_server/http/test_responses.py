"""Answers that are more than a body: rendered media, answers that wait for their time, paths with slashes in them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from soundstage_server import Clock
from soundstage_server.media import Image
from soundstage_server.model.messages import Request, Response, Route
from soundstage_server.vendors.tomoviee import TomovieeService

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mock_server.conftest import Kit

POLL = "/v1/open/pub/task"
IMAGE = Image(320, 240, "A fox", "", 1)


def respond_with(patch: pytest.MonkeyPatch, answer: Callable[[Request], Response]) -> None:
    """Let a poll return the result of *answer*."""
    patch.setattr(TomovieeService, "poll", lambda _self, call: answer(call))


def test_media_is_sent_in_place_of_a_body(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """The body is a complete PNG, with the response's headers."""
    respond_with(monkeypatch, lambda _: Response(200, b"", [(b"x-vendor", b"yes")], media=IMAGE))
    with kit.world() as world:
        caller = kit.caller(world)
        whole = caller.send("POST", POLL, {"task_id": "any"})
    assert whole.content.startswith(b"\x89PNG\r\n\x1a\n")
    assert (whole.status, whole.headers["x-vendor"], whole.headers["content-type"]) == (200, "yes", "image/png")


@pytest.mark.parametrize("clock", ["manual", "auto"])
def test_frozen_clock_delays_no_response(kit: Kit, monkeypatch: pytest.MonkeyPatch, clock: str) -> None:
    """The response is sent at once: time would never reach it."""
    respond_with(monkeypatch, lambda call: Response(200, b"{}", [], until=call.now + 1e6))
    with kit.world(clock=clock) as world:
        assert kit.caller(world).send("POST", POLL, {"task_id": "any"}).content == b"{}"


def test_running_clock_delays_a_response_until_its_time(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """The response is sent when the account's time has come; an advance shortens the wait."""
    respond_with(monkeypatch, lambda call: Response(200, b"{}", [], until=call.now + 1e6))
    with kit.world(clock=Clock("scaled", 1e-3)) as world:
        caller = kit.caller(world)
        scope = kit.scope("POST", f"/tomoviee{POLL}", b"", caller.headers)
        sent: list[Any] = []

        async def exchange() -> None:
            asked = [{"type": "http.request", "body": b'{"task_id": "any"}'}]
            holding = asyncio.Event()

            async def receive() -> Any:
                if asked:
                    return asked.pop()
                holding.set()
                return await asyncio.Event().wait()

            async def send(message: Any) -> None:
                sent.append((message, next(world.accounts()).now()))

            running = asyncio.create_task(caller.app(scope, receive, send))
            await holding.wait()
            assert sent == []
            world.advance(1e6)
            await running

        began = world.clock.now()
        asyncio.run(exchange())
    assert sent
    assert all(at >= began + 1e6 for _, at in sent)


def test_disconnect_cancels_a_delayed_response(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """A delayed response ends with its connection."""
    respond_with(monkeypatch, lambda call: Response(200, b"{}", [], until=call.now + 1e6))
    with kit.world(clock=Clock("scaled", 1e-3)) as world:
        caller = kit.caller(world)
        scope = kit.scope("POST", f"/tomoviee{POLL}", b"", caller.headers)
        coming: list[dict[str, Any]] = [
            {"type": "http.request", "body": b'{"task_id": "any"}'},
            {"type": "http.disconnect"},
        ]
        assert kit.exchange(caller.app, scope, coming) is None


@pytest.mark.parametrize(
    ("path", "asked", "values"),
    [
        ("/models/{model}:predict", "/models/veo-3:predict", {"model": "veo-3"}),
        ("/models/{model}:predict", "/models/a/b:predict", None),
        ("/models/{model}:predict", "/models/veo-3:other", None),
        ("/files/{name:path}:download", "/files/http://host/a:download", {"name": "http://host/a"}),
        ("/{a}/to/{b:path}", "/x/to/y/z", {"a": "x", "b": "y/z"}),
        ("/plain.json", "/plainxjson", None),
    ],
)
def test_path_pattern_captures_its_names(path: str, asked: str, values: dict[str, str] | None) -> None:
    """A name matches within a segment, and with ``:path`` across slashes; all else is literal."""
    match = Route("GET", path, lambda _: Response(200, b"", []), "", ()).pattern().fullmatch(asked)
    assert (match.groupdict() if match else None) == values
