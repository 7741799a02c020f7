"""EdrawMax: four routes, one response each, and calls that take as long as the diagram."""

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
    """Request a diagram and return the envelope."""
    answer: dict[str, Any] = caller.send("POST", ROUTE + kind, {"prompt": "A fox", **body}).json()
    return answer


@pytest.mark.parametrize("clock", ["manual", "auto"])
def test_without_a_running_clock_the_response_is_immediate(kit: Kit, clock: str) -> None:
    """The files can be downloaded with the response, and the task does not count as unfinished."""
    with kit.world(clock=clock) as world:
        caller = kit.caller(world, "edrawmax", "limited-1")
        for _ in range(3):
            data = ask(caller)["data"]
            assert caller.fetch(data["png_url"]).content.startswith(b"\x89PNG")
            assert b"<svg" in caller.fetch(data["svg_url"]).content


@pytest.mark.parametrize("kind", ["flowchart", "infographic", "gantt", "mindmap"])
@pytest.mark.parametrize(
    "prompt",
    [
        "else " * 980 + "go home",
        "\n".join(f"- {a}\n" + "\n".join(f"  - {a}.{b}\n    - x\n    - y\n    - z" for b in "abc") for a in "ABC"),
    ],
    ids=["repeated-word", "outline"],
)
def test_unusual_prompts_get_a_diagram(kit: Kit, kind: str, prompt: str) -> None:
    """Neither a word that is repeated very often nor an outline of three levels is a server error."""
    with kit.world() as world:
        response = ask(kit.caller(world, "edrawmax"), kind, prompt=prompt)
        assert response["code"] == 0
        assert {"png_url", "svg_url"} < set(response["data"])


def test_a_restored_task_has_the_same_files(kit: Kit) -> None:
    """A world restored from a snapshot serves the same bytes at the same URLs."""
    with kit.world(seed=4) as world:
        data = ask(kit.caller(world, "edrawmax"), "mindmap", prompt="a: b, c", lang="en")["data"]
        first = kit.caller(world, "edrawmax").fetch(data["svg_url"]).content
        document = json.loads(json.dumps(world.snapshot()))
    with kit.world() as other:
        other.restore(document)
        assert kit.caller(other, "edrawmax").fetch(data["svg_url"]).content == first


def test_an_abandoned_request_counts_until_it_ends(kit: Kit) -> None:
    """A request whose caller disconnected still counts as unfinished until the diagram is done."""
    moved = [0.0]
    clock = Clock("scaled", 1.0, monotonic=lambda: moved[0])
    with kit.world(clock=clock) as world:
        caller = kit.caller(world, "edrawmax", "limited-1")
        scope = kit.scope("POST", f"/edrawmax{ROUTE}gantt", b"", caller.headers)
        body = json.dumps({"prompt": "A fox"}).encode()
        messages: list[dict[str, Any]] = [{"type": "http.request", "body": body}, {"type": "http.disconnect"}]
        assert kit.exchange(Simulator(world), scope, messages) is None
        assert ask(caller)["code"] == 3001
        moved[0] += 30
        (task,) = world.tasks()
        assert task.ends - task.created <= 30

        async def later() -> Any:
            request = asyncio.create_task(asyncio.to_thread(ask, caller))
            while len(list(world.tasks())) < 2:  # noqa: ASYNC110 - another thread makes it, and sets no event
                await asyncio.sleep(0)
            moved[0] += 30
            return await request

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
