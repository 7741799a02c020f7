"""The inspector: its page, what it shows of tasks, the stream of changes, and the fate of one task."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_server import Clock, Simulator, World
from soundstage_server.http.inspector.files import PREFIX
from soundstage_server.http.inspector.stream import CHECKS_BEFORE_COMMENT, changes, fingerprint
from soundstage_server.http.inspector.views import MAX_SCANNED, TaskFilter, task_list
from soundstage_server.model.faults import Fault
from soundstage_server.model.lifecycle import Fate
from soundstage_server.model.scenarios import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.mock_server.conftest import Caller, Kit, Reply

VENDORS = ("tomoviee", "mediaio", "edrawmax", "cloudsway", "gmicloud", "infrai", "veo")


@pytest.fixture
def world(kit: Kit) -> Iterator[World]:
    """A world for each test."""
    with kit.world() as world:
        yield world


def get(kit: Kit, app: Simulator, path: str, method: str = "GET") -> Reply:
    """Send a request without a body to any path of the simulator."""
    path, _, query = path.partition("?")
    reply = kit.exchange(app, kit.scope(method, unquote(path), query.encode(), {}), [{"type": "http.request"}])
    assert reply is not None
    return reply


def detail(kit: Kit, world: World, vendor: str = "tomoviee") -> dict[str, Any]:
    """Return what the inspector shows of the vendor's only task."""
    (task,) = world.services[vendor].tasks
    shown: dict[str, Any] = kit.control(Simulator(world), "GET", f"/tasks/{vendor}/{task}").json()
    return shown


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html"),
        (f"{PREFIX}inspector.js", "text/javascript"),
        (f"{PREFIX}inspector.css", "text/css"),
        (f"{PREFIX}icon.svg", "image/svg+xml"),
    ],
)
def test_page_and_its_files_are_served(kit: Kit, world: World, path: str, kind: str) -> None:
    """The page and each of its files has its media type, and a policy that allows nothing from elsewhere."""
    reply = get(kit, Simulator(world), path)
    assert (reply.status, reply.headers["content-type"]) == (200, f"{kind}; charset=utf-8")
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert "unsafe" not in policy


def test_page_names_its_own_files_only(kit: Kit, world: World) -> None:
    """Every address in the page is a path of this simulator, and each file of the page exists."""
    page = get(kit, Simulator(world), "/").content.decode()
    assert "//" not in page.replace("<!doctype html>", "")
    named = {part.split('"')[0] for part in page.split('="')[1:] if part.startswith(PREFIX)}
    assert {get(kit, Simulator(world), path).status for path in named} == {200}
    assert len(named) == 3


@pytest.mark.parametrize("name", ["nothing.js", "../views.py", "", "__init__.py"])
def test_other_files_are_not_served(kit: Kit, world: World, name: str) -> None:
    """A name that is no file of the page is HTTP 404."""
    assert get(kit, Simulator(world), PREFIX + name).status == 404


def test_page_can_be_left_out(kit: Kit, world: World) -> None:
    """Without the page, the root redirects to the API pages."""
    reply = get(kit, Simulator(world, page=False), "/")
    assert (reply.status, reply.headers["location"]) == (307, "/docs")


@pytest.mark.parametrize("vendor", VENDORS)
def test_task_of_every_vendor_is_shown_with_its_files(kit: Kit, world: World, vendor: str) -> None:
    """A task is listed while it waits; when it has succeeded, each of its files can be fetched where it is shown."""
    caller = kit.caller(world, vendor)
    caller.create("A fox in the snow")
    (task,) = world.services[vendor].tasks.values()
    (row,) = task_list(world, TaskFilter(), 0, 10)["tasks"]
    assert (row["id"], row["vendor"], row["price"] > 0) == (task.id, vendor, vendor != "edrawmax")
    assert "fox" in row["prompt"]
    world.advance(100_000)
    shown = detail(kit, world, vendor)
    assert (shown["group"], shown["progress"], shown["reason"]) == ("succeeded", 100, None)
    assert [entry["target"] for entry in shown["money"]] == ["reserved", "spent"]
    assert len(shown["requests"]) == 1
    assert [(get(kit, caller.app, file["url"]).status, bool(file["type"])) for file in shown["files"]] == [
        (200, True)
    ] * len(world.services[vendor].outputs(task))


def test_files_are_shown_behind_their_redirects(kit: Kit) -> None:
    """Where results redirect, possibly to another host, the page gets the file itself."""
    with kit.world(redirects=3, public_url="https://elsewhere.example") as world:
        caller = kit.caller(world)
        caller.create()
        world.advance(100_000)
        (file,) = detail(kit, world)["files"]
        assert get(kit, caller.app, file["url"]).status == 200


def test_failed_task_has_a_reason_and_no_file(kit: Kit, world: World) -> None:
    """A task that has failed shows the vendor's reason, and no file."""
    kit.caller(world).create("A fox soundstage:fail")
    world.advance(100_000)
    shown = detail(kit, world)
    assert (shown["group"], shown["files"], bool(shown["reason"])) == ("fail", [], True)


def test_states_are_a_time_line(kit: Kit, world: World) -> None:
    """The states are in order, begin with the creation and end with the task."""
    kit.caller(world).create()
    shown = detail(kit, world)
    times = [state["at"] for state in shown["states"]]
    assert times == sorted(times)
    assert (times[0], times[-1]) == (shown["created"], shown["ends"])
    assert len(times) == 3


def test_nothing_secret_is_shown(kit: Kit, world: World) -> None:
    """Neither the credential nor a token in a callback's address is in anything that the page reads."""
    caller = kit.caller(world, credential="key-0123456789")
    caller.create("A fox", callback="http://127.0.0.1:9/done?token=planted-token-9876")
    world.advance(100_000)
    world.settle_callbacks()
    app = caller.app
    paths = [
        "/inspector",
        "/inspector/tasks",
        *(f"/tasks/tomoviee/{task}" for task in world.services["tomoviee"].tasks),
    ]
    read = b"".join(kit.control(app, "GET", path).content for path in paths)
    assert b"callback" in read
    assert [secret for secret in (b"key-0123456789", b"planted-token", kit.secret.encode()) if secret in read] == []


def test_overview_has_clock_accounts_bill_and_settings(kit: Kit, world: World) -> None:
    """The overview has the clock, each account's money, the bill, double submissions, orders and faults."""
    caller = kit.caller(world)
    caller.create()
    caller.create()
    world.scenario(Scenario("fail", times=1))
    world.fault(Fault("status", status=503))
    world.advance(100_000)
    shown = kit.control(caller.app, "GET", "/inspector").json()
    (account,) = shown["accounts"]
    assert shown["clock"] == {"kind": "manual", "speed": 1.0, "now": world.clock.now()}
    assert (account["tasks"], account["spent"], account["unfinished"]) == (2, 20, 0)
    assert shown["bill"] == {"credits": 20}
    assert (shown["account_count"], shown["task_count"], shown["double_count"]) == (1, 2, 1)
    assert [order["then"] for order in shown["orders"]] == ["fail"]
    assert [fault["kind"] for fault in shown["faults"]] == ["status"]


@given(created=st.lists(st.sampled_from([("tomoviee", "a"), ("infrai", "b"), ("tomoviee", "c")]), max_size=12))
def test_tasks_are_listed_newest_first_in_pages(created: list[tuple[str, str]]) -> None:
    """Pages of any size, one after the other, have every task once, the newest first."""
    from tests.mock_server.conftest import Kit

    kit = Kit()
    with kit.world(clock=Clock("manual")) as world:
        for number, (vendor, credential) in enumerate(created):
            kit.caller(world, vendor, credential).create(f"number {number}")
            world.advance(1)
        offsets = range(0, len(created) + 1, 5)
        pages = [task_list(world, TaskFilter(), offset, 5) for offset in offsets]
        prompts = [row["prompt"] for page in pages for row in page["tasks"]]
        assert prompts == [f"number {number}" for number in reversed(range(len(created)))]
        assert [page["more"] for page in pages] == [
            offset + 5 < len(created) for offset in range(0, len(created) + 1, 5)
        ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("text=FOX", ["A fox"]),
        ("text=nothing", []),
        ("vendor=infrai", ["A bear"]),
        ("state=succeeded", ["A fox"]),
        ("state=waiting", ["A bear"]),
        ("state=waiting&vendor=tomoviee", []),
        ("limit=1", ["A bear"]),
        ("offset=1", ["A fox"]),
    ],
)
def test_tasks_are_filtered(kit: Kit, world: World, query: str, found: list[str]) -> None:
    """Text, vendor and state select tasks."""
    fox = kit.caller(world)
    fox.create("A fox")
    world.advance(100_000)
    kit.caller(world, "infrai").create("A bear")
    tasks = kit.control(fox.app, "GET", "/inspector/tasks", query=query).json()["tasks"]
    assert [task["prompt"] for task in tasks] == found


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "offset=-1", f"offset={MAX_SCANNED + 1}", "state=bad"])
def test_bad_query_is_refused_by_name(kit: Kit, world: World, query: str) -> None:
    """A parameter out of its range is HTTP 422 with its name."""
    reply = kit.control(Simulator(world), "GET", "/inspector/tasks", query=query)
    assert (reply.status, query.partition("=")[0] in reply.json()["detail"]) == (422, True)


@pytest.mark.parametrize("fate", ["succeed", "fail", "block", "timeout", "cancel"])
def test_fate_of_an_unfinished_task_is_decided_once(kit: Kit, world: World, fate: str) -> None:
    """An unfinished task ends at once with the fate and settled money; a second decision is refused."""
    caller = kit.caller(world)
    task = caller.create().json()["data"]["task_id"]
    path = f"/tasks/tomoviee/{task}"
    shown = kit.control(caller.app, "PUT", path, {"fate": fate}).json()
    assert (shown["final"], shown["fate"], shown["ends"]) == (True, fate, world.clock.now())
    assert shown["money"][-1]["target"] == ("spent" if fate == "succeed" else "available")
    again = kit.control(caller.app, "PUT", path, {"fate": "succeed"})
    assert (again.status, task in again.json()["detail"]) == (409, True)
    assert world.services["tomoviee"].tasks[task].fate is Fate(fate)


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("path", ["/tasks/tomoviee/nothing", "/tasks/acme/x"])
def test_unknown_task_is_refused(kit: Kit, world: World, method: str, path: str) -> None:
    """A task or a vendor that does not exist is HTTP 404 with its name."""
    reply = kit.control(Simulator(world), method, path, {"fate": "fail"} if method == "PUT" else b"")
    assert (reply.status, path.rsplit("/", maxsplit=1)[-1] in reply.json()["detail"]) == (404, True)


def events_of(world: World, steps: list[Callable[[], object]]) -> list[bytes]:
    """Return the events, where each pause of the stream runs the next step, and the server stops after the last."""
    left = iter(steps)
    stopped = []

    async def pause(_: float) -> None:
        step = next(left, None)
        if step is None:
            stopped.append(True)
        else:
            await asyncio.to_thread(step)  # a step may run an event loop of its own

    async def read() -> list[bytes]:
        return [event async for event in changes(world, lambda: bool(stopped), pause)]

    return asyncio.run(read())


def test_stream_has_an_event_for_each_change_and_ends_with_the_server(kit: Kit, world: World) -> None:
    """There is an event at the begin and after each change, none without one, and no more once the server stops."""
    caller: Caller = kit.caller(world)
    steps: list[Callable[[], object]] = [
        lambda: None,
        lambda: caller.create("A fox"),
        lambda: world.advance(1),
        lambda: None,
        lambda: world.scenario(Scenario("fail")),
        lambda: world.fault(Fault("status", status=503)),
        lambda: world.reset(None),
    ]
    events = events_of(world, steps)
    assert all(event.startswith(b"event: change\ndata: {") for event in events)
    assert len(events) == 6


def test_quiet_stream_sends_comments(world: World) -> None:
    """A stream without changes sends a comment from time to time."""
    events = events_of(world, [lambda: None] * CHECKS_BEFORE_COMMENT)
    assert events[1:] == [b": nothing has changed\n\n"]


def test_early_end_changes_the_fingerprint(kit: Kit, world: World) -> None:
    """The end of a task by the control API is a change, although no request to a vendor was made."""
    caller = kit.caller(world)
    task = caller.create().json()["data"]["task_id"]
    before = fingerprint(world)
    kit.control(caller.app, "PUT", f"/tasks/tomoviee/{task}", {"fate": "cancel"})
    assert fingerprint(world) != before


def test_stream_is_served_as_events(kit: Kit, world: World) -> None:
    """The route sends server-sent events, which end when the server is about to stop."""
    asked = iter([False, True])
    app = Simulator(world, stopping=lambda: next(asked))
    reply = kit.control(app, "GET", "/inspector/events")
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.content.startswith(b"event: change\n")
