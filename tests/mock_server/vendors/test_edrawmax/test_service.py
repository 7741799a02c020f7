"""EdrawMax as its documents show it: four routes, one answer each, and what a held connection is held for."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from soundstage_server import Clock, Simulator

if TYPE_CHECKING:
    from tests.mock_server.conftest import Caller, Kit

ROUTE = "/api/ai/skills/generate-"


def ask(caller: Caller, kind: str = "flowchart", **body: Any) -> dict[str, Any]:
    """Ask for a diagram and return the envelope."""
    answer: dict[str, Any] = caller.send("POST", ROUTE + kind, {"prompt": "A fox", **body}).json()
    return answer


@pytest.mark.parametrize("clock", ["manual", "auto"])
def test_where_time_stands_an_answer_comes_at_once_with_its_files(kit: Kit, clock: str) -> None:
    """The files can be fetched as soon as the answer is there, and the next request finds nobody at work."""
    with kit.world(clock=clock) as world:
        caller = kit.caller(world, "edrawmax", "limited-1")
        for _ in range(3):
            data = ask(caller)["data"]
            assert caller.fetch(data["png_url"]).content.startswith(b"\x89PNG")
            assert b"<svg" in caller.fetch(data["svg_url"]).content


def test_the_same_task_has_the_same_files_after_a_snapshot(kit: Kit) -> None:
    """A world that was remembered hands out the same bytes at the same addresses."""
    with kit.world(seed=4) as world:
        data = ask(kit.caller(world, "edrawmax"), "mindmap", prompt="a: b, c", lang="en")["data"]
        first = kit.caller(world, "edrawmax").fetch(data["svg_url"]).content
        document = json.loads(json.dumps(world.snapshot()))
    with kit.world() as other:
        other.restore(document)
        assert kit.caller(other, "edrawmax").fetch(data["svg_url"]).content == first


def test_a_caller_who_goes_away_leaves_the_work_going_on(kit: Kit) -> None:
    """A request that is given up counts until its time is over, as the service goes on with it."""
    moved = [0.0]
    clock = Clock("scaled", 1.0, monotonic=lambda: moved[0])
    with kit.world(clock=clock) as world:
        caller = kit.caller(world, "edrawmax", "limited-1")
        scope = kit.scope("POST", f"/edrawmax{ROUTE}gantt", b"", caller.headers)
        body = json.dumps({"prompt": "A fox"}).encode()
        asked: list[dict[str, Any]] = [{"type": "http.request", "body": body}, {"type": "http.disconnect"}]
        assert kit.exchange(Simulator(world), scope, asked) is None
        assert ask(caller)["code"] == 3001
        moved[0] += 30
        (task,) = world.tasks()
        assert task.ends - task.created <= 30

        async def later() -> Any:
            held = asyncio.create_task(asyncio.to_thread(ask, caller))
            while len(list(world.tasks())) < 2:  # noqa: ASYNC110 - another thread makes it, and sets no event
                await asyncio.sleep(0)
            moved[0] += 30
            return await held

        assert asyncio.run(later())["code"] == 0


def test_nothing_is_charged_and_nothing_is_a_double(kit: Kit) -> None:
    """Two equal requests cost nothing, so that neither is one too many."""
    with kit.world() as world:
        caller = kit.caller(world, "edrawmax")
        ask(caller)
        ask(caller)
        (account,) = world.accounts()
        assert (account.ledger.spent, account.ledger.reserved, account.double_submissions) == (0, 0, [])


def test_users_are_known_by_their_header_alone(kit: Kit) -> None:
    """An empty header is no user, and is the anonymous one."""
    with kit.world() as world:
        caller = kit.caller(world, "edrawmax")
        for headers in ({}, {"X-User-ID": ""}, {"X-User-ID": "0"}):
            assert caller.send("POST", f"{ROUTE}gantt", {"prompt": "x"}, headers=headers).json()["code"] == 0
        (account,) = world.accounts()
        assert len(account.tasks) == 3


def test_the_page_shows_what_is_documented(kit: Kit) -> None:
    """The fields' schema offers the twelve languages and the six platforms, and the default."""
    with kit.world() as world:
        route = next(iter(world.services["edrawmax"].routes()))
        fields = {field.name: field for field in route.body}
        assert len(fields["lang"].rule.schema["enum"]) == 12
        assert fields["lang"].default == "cn"
        assert len(fields["platform"].rule.schema["enum"]) == 6
