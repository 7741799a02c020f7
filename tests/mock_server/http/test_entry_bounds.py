"""Whatever is sent to the control API or to a vendor: what is accepted can be stored and shown, the rest is refused."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage_server import Fault, Scenario, Simulator, World
from soundstage_server.model.bounds import MAX_CONTROL_DEPTH, MAX_DEPTH, DepthError, load_json
from soundstage_server.world.snapshot import StateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.mock_server.conftest import Kit, Reply


def nested(depth: int) -> Any:
    """Return a list of lists."""
    value: Any = "inner"
    for _ in range(depth):
        value = [value]
    return value


HOSTILE = [10**30, -(10**30), 1e308, 2**63, -1, 0, 0.5, True, None, "", "\ud800", "x" * 5000, {}, [], nested(252)]
VALUES = st.sampled_from(HOSTILE)
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("PUT", "/clock", {"kind": "scaled", "speed": 2.0}),
    ("POST", "/clock/advance", {"seconds": 1.0, "account": "{name}"}),
    ("POST", "/accounts", {"vendor": "tomoviee", "credential": "key-2"}),
    ("PUT", "/ledger/tomoviee/{name}", {"available": 5}),
    ("PUT", "/limits/{name}", {"at_once": 2, "per_minute": 5}),
    ("POST", "/scenarios", {"then": "fail", "vendor": "tomoviee", "contains": "x", "times": 1, "operation": None}),
    (
        "POST",
        "/scenarios/faults",
        {
            "kind": "status",
            "status": 500,
            "path": "/none",
            "times": 1,
            "seed": 1,
            "probability": 0.5,
            "retry_after": 1.0,
        },
    ),
    ("PUT", "/dialects", {"tomoviee.errors": "http"}),
    ("PUT", "/results", {"redirects": 1}),
]
READS = [
    "/health",
    "/clock",
    "/accounts",
    "/tasks",
    "/scenarios",
    "/scenarios/faults",
    "/dialects",
    "/snapshot",
    "/requests",
]


def state_of(snapshot: dict[str, Any]) -> dict[str, Any]:
    """Return what is saved without the time, which some clocks move by themselves."""
    clock = {name: value for name, value in snapshot["world"]["clock"].items() if name not in {"at", "now"}}
    return {**snapshot, "world": {**snapshot["world"], "clock": clock}}


def check_reads(kit: Kit, app: Simulator) -> None:
    """Check that everything can be shown."""
    for path in READS:
        assert kit.control(app, "GET", path).status == 200, path
    assert state_of(kit.control(app, "GET", "/snapshot").json()) == state_of(app.world.snapshot())


def encode(value: object) -> bytes:
    """Return *value* as JSON: halves of surrogate pairs are escaped, as Python's own encoder does."""
    return json.dumps(value).encode()


@pytest.fixture(scope="module")
def shared(kit: Kit) -> Iterator[Simulator]:
    """One world for all examples, which is reset by each: building the pages takes longer than everything else."""
    with kit.world() as world:
        yield Simulator(world)


@settings(max_examples=30)
@given(call=st.sampled_from(CALLS), data=st.data())
def test_control_calls_of_any_values_are_refused_or_shown(
    kit: Kit, shared: Simulator, call: tuple[str, str, Any], data: st.DataObject
) -> None:
    """No value of any field is a server error, now or when it is shown; a world with a state file can load it."""
    method, path, body = call
    world = shared.world
    world.reset()
    world.clock.change("manual")
    kit.caller(world).create()
    name = next(world.accounts()).name
    field = data.draw(st.sampled_from(sorted(body)))
    sent = {**body, field: data.draw(VALUES)}
    before = state_of(world.snapshot())
    reply = kit.control(shared, method, path.format(name=name), encode(sent))
    assert reply.status < 500
    if reply.status >= 400:
        assert state_of(world.snapshot()) == before
        assert len(reply.content) < 2000
    check_reads(kit, shared)
    world.restore(world.snapshot())


LONG = "x" * 5000


@pytest.mark.parametrize(
    "call",
    [
        ("GET", "/clock", f"account={LONG}", b""),
        ("POST", "/clock/advance", "", {"seconds": 1.0, "account": LONG}),
        ("GET", f"/ledger/{LONG}/{LONG}", "", b""),
        ("PUT", f"/limits/{LONG}", "", {"at_once": 2}),
        ("DELETE", "/scenarios", f"id={'9' * 4000}", b""),
        ("DELETE", "/scenarios/faults", f"id={'9' * 4000}", b""),
        ("PUT", "/dialects", "", {LONG: "http"}),
        ("PUT", "/dialects", "", {LONG: 1}),
        ("PUT", "/results", "", dict.fromkeys(map(str, range(500)), LONG)),
        ("POST", "/files", f"name={LONG}", b"content"),
        ("GET", f"/files/{LONG}/{LONG}", "", b""),
        ("GET", f"/tasks/{LONG}/{LONG}", "", b""),
        ("PUT", f"/tasks/tomoviee/{LONG}", "", {"fate": "fail"}),
        ("GET", "/inspector/tasks", f"text={LONG}", b""),
    ],
)
def test_control_error_repeats_only_the_start_of_a_long_text(
    kit: Kit, shared: Simulator, call: tuple[str, str, str, object]
) -> None:
    """In names of accounts, tasks, files and fields, and in numbers; what to do next is still in the message."""
    method, path, query, body = call
    reply = kit.control(shared, method, path, body, query=query)
    assert 400 <= reply.status < 500
    assert 40 < len(reply.content) < 2000
    if LONG in path + query and reply.status == 404:
        assert b"characters)" in reply.content


@pytest.mark.parametrize("name", ["Host", "Origin", "Sec-Fetch-Site"])
def test_refusal_of_a_web_page_repeats_only_the_start_of_a_long_header(kit: Kit, shared: Simulator, name: str) -> None:
    """The header that shows a foreign page is named, and its value cut."""
    scope = kit.scope("GET", "/_soundstage/clock", b"", {name: LONG})
    reply = kit.exchange(shared, scope, [{"type": "http.request"}])
    assert reply is not None
    assert reply.status == 403
    assert f"{name} is 'xxx" in reply.json()["detail"]
    assert len(reply.content) < 600


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every part of a JSON value."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, member in members for place in places(member, (*path, key)))]


@settings(max_examples=40)
@given(data=st.data())
def test_damaged_snapshot_is_refused_as_a_whole_or_works(kit: Kit, shared: Simulator, data: st.DataObject) -> None:
    """Any part replaced by any value: either nothing has changed, or everything can be shown, polled and saved."""
    world = shared.world
    world.reset()
    slug = data.draw(st.sampled_from(sorted(kit.rows)))
    kit.caller(world, slug).create()
    snapshot = world.snapshot()
    place = data.draw(st.sampled_from(places(snapshot)[1:]))
    inner: Any = snapshot
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = data.draw(VALUES)
    kit.caller(world, slug, credential="other").create()
    before = state_of(world.snapshot())
    reply: Reply = kit.control(shared, "PUT", "/snapshot", encode(snapshot))
    assert reply.status in (204, 422)
    if reply.status == 422:
        assert state_of(world.snapshot()) == before
    else:
        assert kit.caller(world, slug).create().status < 500
        for account in world.accounts():
            account.settle(account.now())
    check_reads(kit, shared)


@pytest.mark.parametrize("vendor", ["tomoviee", "edrawmax", "infrai", "veo", "gmicloud", "cloudsway", "mediaio"])
@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 252, 5000])
def test_deep_body_is_refused_by_its_vendor(kit: Kit, vendor: str, depth: int) -> None:
    """In the vendor's own shape, wherever in the body it is; nothing is created, and the snapshot can be read."""
    with kit.world() as world:
        caller = kit.caller(world, vendor)
        for place in ({"deep": "?"}, {"prompt": "?"}, {"payload": {"deep": "?"}}, {"data": {"deep": "?"}}):
            body = encode({**caller.row.body("A fox"), **place}).replace(b'"?"', b"[" * depth + b"]" * depth)
            reply = caller.send("POST", caller.row.create, body)
            assert 400 <= reply.status < 500 or reply.json().get("code"), reply.content
        assert list(world.tasks()) == []
        assert json.loads(world.capture().as_json())["accounts"] == world.snapshot()["accounts"]


def test_depth_is_counted_and_not_guessed() -> None:
    """Wide JSON is accepted, brackets in strings do not count, and the limit itself is allowed."""
    wide = {"items": [[number] for number in range(500)], "text": "[" * 500}
    assert load_json(encode(wide)) == wide
    assert load_json(encode(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    with pytest.raises(DepthError, match="more than 64 levels"):
        load_json(encode(nested(MAX_DEPTH + 1)))
    assert load_json(encode(nested(MAX_CONTROL_DEPTH)), MAX_CONTROL_DEPTH)


@pytest.mark.parametrize("speed", ["1e12", "1e-9", "inf"])
def test_speed_that_a_state_file_would_refuse_is_refused(tmp_path: Path, speed: str) -> None:
    """No file is made that cannot be loaded again."""
    with pytest.raises(ValueError, match="speed must be a number above 0, from 1e-06 to 1e"):
        World(clock=speed, state=tmp_path / "state")
    for allowed in ("1e9", "1e-6"):
        World(clock=allowed, state=tmp_path / allowed).close()
        World(state=tmp_path / allowed).close()


@pytest.mark.parametrize("times", [0, -1, 10**30, True, 0.5])
def test_counts_of_python_are_checked(kit: Kit, times: Any) -> None:
    """Scenarios, faults and limits have the same bounds as the control API."""
    with kit.world() as world:
        account = world.open_account("tomoviee", "key-1")
        for make in (
            lambda: Scenario("fail", times=times),
            lambda: Fault("hang", times=times),
            lambda: world.limit(account, per_minute=times),
        ):
            with pytest.raises(ValueError, match="must be from 1 to 1000000000"):
                make()
    with pytest.raises(ValueError, match="seed must have at most 64 bits"):
        Fault("hang", seed=10**30)
    with pytest.raises(ValueError, match="contains must contain no half of a surrogate pair"):
        Scenario("fail", contains="\ud800")


def test_state_file_with_unreadable_parameters_is_named(kit: Kit, tmp_path: Path) -> None:
    """One sentence with the file and the cause, and no traceback from the vendor that reads them."""
    path = tmp_path / "state"
    with kit.world(state=path) as world:
        kit.caller(world, "veo").create()
    with sqlite3.connect(path) as database:
        database.execute("""UPDATE items SET record = json_set(record, '$.params', json('{}')) WHERE list = 'tasks'""")
    database.close()
    with pytest.raises(StateError, match=r"cannot use .*state as a state file: it is damaged \(KeyError"):
        kit.world(state=path)
