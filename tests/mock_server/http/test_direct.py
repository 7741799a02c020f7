"""The direct path: the same bytes as through ASGI, in the same order, and nothing promised before it is saved."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from soundstage_server import Fault, Simulator, World
from soundstage_server.http.hot_path import direct
from soundstage_server.http.protocol.with_httptools import HttpToolsProtocol
from soundstage_server.http.server import _config
from soundstage_server.model.clock import Clock
from soundstage_server.world.snapshot import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tests.mock_server.conftest import Kit

VENDORS = ["tomoviee", "edrawmax", "infrai", "veo", "gmicloud", "cloudsway", "mediaio"]


class CountedSimulator(Simulator):
    """A simulator that counts the requests that come through ASGI."""

    calls = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Count a request, and respond to it."""
        self.calls += 1
        await super().__call__(scope, receive, send)


@dataclass
class Wire:
    """The client's end of a connection: what was sent to it, and what happened in which order."""

    events: list[str] = field(default_factory=list)
    received: bytes = b""
    closed: bool = False

    def write(self, data: bytes) -> None:
        """Receive *data*."""
        self.events.append("write")
        self.received += data

    def close(self) -> None:
        """Be closed."""
        self.closed = True

    def is_closing(self) -> bool:
        """Return whether the server has closed the connection."""
        return self.closed

    def get_extra_info(self, name: str) -> object:
        """Return the addresses of the connection."""
        return ("127.0.0.1", 8080) if name in ("sockname", "peername") else None

    def pause_reading(self) -> None:
        """Do nothing: a test sends what it sends."""

    resume_reading = pause_reading


def connect(app: Simulator, wire: Wire) -> HttpToolsProtocol:
    """Return the server's end of a connection."""
    protocol = HttpToolsProtocol(_config(app), ServerState(), {}, asyncio.get_running_loop())
    protocol.connection_made(cast("Any", wire))
    return protocol


async def settle(protocol: HttpToolsProtocol) -> None:
    """Let the loop run until every response was sent."""
    for _ in range(4):
        await asyncio.sleep(0)
    while protocol.tasks:
        await asyncio.wait(protocol.tasks)
        for _ in range(4):
            await asyncio.sleep(0)


def talk(app: Simulator, turns: Iterable[list[bytes]], wire: Wire | None = None) -> Wire:
    """Send each turn's pieces in one iteration of the loop, over one connection while it is open."""
    wire = Wire() if wire is None else wire
    wire.closed = False

    async def story() -> None:
        protocol = connect(app, wire)
        for pieces in turns:
            for piece in pieces:
                if not wire.closed:
                    protocol.data_received(piece)
            await settle(protocol)
        wire.closed = True
        protocol.connection_lost(None)

    asyncio.run(story())
    return wire


def request(
    kit: Kit,
    vendor: str = "tomoviee",
    body: bytes | None = None,
    *,
    method: str = "POST",
    path: str | None = None,
    extra: bytes = b"",
    host: bytes = b"h",
    version: str = "1.1",
) -> bytes:
    """Return a vendor's create call, or a variation of it."""
    row = kit.rows[vendor]
    content = json.dumps(row.body("A fox")).encode() if body is None else body
    names = "".join(f"{name}: {value}\r\n" for name, value in row.headers("key-1", "secret").items())
    line = f"{method} {f'/{vendor}{row.create}' if path is None else path} HTTP/{version}\r\n".encode()
    length = b"" if b"chunked" in extra else b"Content-Length: %d\r\n" % len(content)
    return line + b"Host: " + host + b"\r\n" + names.encode() + extra + length + b"\r\n" + content


def frozen(kit: Kit, **options: Any) -> World:
    """Return a world whose time is the same in every run."""
    clock = Clock("manual", monotonic=lambda: 0.0)
    clock.restore("manual", 1.0, 1_800_000_000.0)
    return kit.world(clock=clock, seed=5, **options)


EXTRAS = [
    *(b"", b"X-Extra: 1\r\n", b"x-a:  spaced \t\r\n", b"X-A: 1\r\nX-A: 2\r\n", b"X-Empty:\r\n"),
    *(b"Connection: keep-alive\r\n", b"Connection: close\r\n", b"Connection: keep-alive, x\r\n"),
    *(b"Expect: 100-continue\r\n", b"Connection: Upgrade\r\nUpgrade: h2c\r\n", b"X-Fold: 1\r\n 2\r\n"),
    *(b"X-Latin: \xe9\r\n", b"Host: second\r\n", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(b"Idempotency-Key: k\r\n", b"Accept-Encoding: gzip\r\nX-Api-Key: other\r\n", b"Content-Encoding: gzip\r\n"),
]


@st.composite
def requests(draw: st.DrawFn, kit: Kit) -> bytes:
    """Draw a request: mostly an ordinary create call, otherwise one with something unusual."""
    vendor = draw(st.sampled_from(VENDORS))
    create = f"/{vendor}{kit.rows[vendor].create}"
    paths = [create, create, create, f"{create}?a=b", f"{create}/x", f"/{vendor}//x", "/", "//x"]
    paths += [kit.rows[vendor].create, f"/{vendor}/v1/video/jobs/vid%201", f"/{vendor}/v1/video/jobs/vid_1", "/nope"]
    prompt = draw(st.sampled_from(["A fox", "soundstage:fail", "soundstage:block", ""]) | st.text(max_size=3))
    body = json.dumps(kit.rows[vendor].body(prompt)).encode()
    extra = draw(st.just(b"") | st.sampled_from(EXTRAS))
    if b"chunked" in extra:
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    return request(
        kit,
        vendor,
        draw(st.sampled_from([body, body, body, b"{}", b"", b"{nope", b"\r\n\r\n"]))
        if b"chunked" not in extra
        else body,
        method=draw(st.sampled_from(["POST", "POST", "POST", "GET", "PUT", "DELETE", "HEAD", "OPTIONS"])),
        path=draw(st.sampled_from(paths)),
        extra=extra,
        host=draw(st.sampled_from([b"h", b"127.0.0.1:80", b"api.infrai.cc", b"Api.Infrai.CC:443", b""])),
        version=draw(st.sampled_from(["1.1", "1.1", "1.1", "1.0"])),
    )


@st.composite
def turns_of(draw: st.DrawFn, kit: Kit) -> list[list[bytes]]:
    """Draw requests, each sent three times: whole, in pieces, together, or one turn after the other."""
    turns = []
    for _ in range(draw(st.integers(1, 3))):
        one = draw(requests(kit))
        cut = draw(st.integers(1, len(one) - 1))
        ways = [[[one], [one], [one]], [[one], [one + one]], [[one], [one, one]], [[one], [one[:cut], one[cut:], one]]]
        turns += draw(st.sampled_from(ways))
    return turns


def assert_equal_paths(kit: Kit, turns: list[list[bytes]]) -> None:
    """Compare what is sent, journaled and kept with the direct path and without it."""
    seen = []
    for switched_on in (True, False):
        with frozen(kit) as world:
            app = Simulator(world)
            if not switched_on:
                app.direct = cast("Any", None)
            # One connection for each turn as well, as a refused request ends its connection.
            received = [talk(app, turns).received, *(talk(app, [turn]).received for turn in turns)]
            taken = remembered(world)
            for account in taken["accounts"]:
                del account["seal"]  # salted
            seen.append((received, [entry.redacted() for entry in world.journal()], taken))
    assert seen[0] == seen[1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_direct_and_asgi_path_send_the_same_bytes(kit: Kit, data: st.DataObject) -> None:
    """Whatever is sent, however it is cut: bytes, journal and state are those of the ASGI path alone."""
    assert_equal_paths(kit, data.draw(turns_of(kit)))


@pytest.mark.parametrize("extra", EXTRAS)
def test_header_means_the_same_on_both_paths(kit: Kit, extra: bytes) -> None:
    """Every header that changes the framing or the number of responses is respected on the second request, too."""
    body = json.dumps(kit.rows["tomoviee"].body("A fox")).encode()
    if b"chunked" in extra:
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    assert_equal_paths(kit, [[request(kit, body=body, extra=extra)]] * 3)


def test_responses_keep_the_order_of_their_requests(kit: Kit) -> None:
    """A request that could be answered directly waits for the one before it."""
    unknown = request(kit, path="/tomoviee/nope")
    with kit.world() as world:
        app = Simulator(world)
        received = talk(app, [[request(kit)], [unknown, request(kit), unknown + request(kit)]]).received
    statuses = [piece[:3] for piece in received.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"404", b"200", b"404", b"200"]


def test_headers_that_are_read_otherwise_are_not_learned(kit: Kit) -> None:
    """What the parser has read must be what the bytes plainly show."""
    with kit.world() as world:
        path, sent = Simulator(world).direct, request(kit)
        headers = [tuple(line.lower().split(b": ", 1)) for line in sent.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]]
        path.learn(sent, [*cast("Any", headers), (b"x-more", b"1")])
        assert not path._blocks


@pytest.mark.parametrize("vendor", VENDORS)
def test_repeated_headers_take_the_direct_path(kit: Kit, vendor: str) -> None:
    """The first request teaches its headers; those that follow, with other bodies too, do not reach ASGI."""
    with kit.world() as world:
        app = CountedSimulator(world)
        wire = talk(app, [[request(kit, vendor)]] * 3)
        assert wire.received.count(b"HTTP/1.1 200 OK") == 3
        assert app.calls == 1
        assert len(list(world.tasks())) == len(world.journal()) == 3


def test_middleware_turns_the_direct_path_off(kit: Kit) -> None:
    """What surrounds the application sees every request."""

    async def surrounding(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    with kit.world() as world:
        app = CountedSimulator(world)
        talk(cast("Any", surrounding), [[request(kit)]] * 3)
        assert app.calls == 3


def test_missing_internals_of_uvicorn_turn_the_direct_path_off(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of uvicorn may lack what the direct path uses; ASGI then carries every request."""
    monkeypatch.setattr("soundstage_server.http.protocol.with_httptools._USED", ("cycle", "no_such_attribute"))
    with kit.world() as world:
        app = CountedSimulator(world)
        assert talk(app, [[request(kit)]] * 3).received.count(b"HTTP/1.1 200 OK") == 3
        assert app.calls == 3


def test_fault_applies_to_known_headers(kit: Kit) -> None:
    """A fault that is planted between two equal requests strikes the second."""
    with kit.world() as world:
        app = Simulator(world)
        talk(app, [[request(kit)]] * 2)
        world.fault(Fault("status", status=503, times=1))
        received = talk(app, [[request(kit)]] * 2).received
        assert (received.count(b"HTTP/1.1 503"), received.count(b"HTTP/1.1 200")) == (1, 1)


def test_same_line_under_another_host_is_another_vendor(kit: Kit) -> None:
    """A path without a slug belongs to the vendor whose name is in Host."""
    line = {"method": "GET", "path": "/v1/video/jobs/vid_1", "body": b""}
    with kit.world() as world:
        app = Simulator(world)
        hosts = [b"api.infrai.cc", b"openapi.media.io"] * 2
        received = talk(app, [[request(kit, "infrai", host=host, **cast("Any", line))] for host in hosts]).received
        assert received.count(b"x-soundstage-fact: infrai:") == received.count(b"x-soundstage-fact: mediaio:") == 2


def test_what_is_remembered_is_bounded(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither headers nor request lines fill the memory, and none of them changes a response."""
    monkeypatch.setattr(direct, "_MAX_BLOCKS", 2)
    monkeypatch.setattr(direct, "_MAX_TARGETS", 3)
    lines = [{"method": "GET", "path": f"/infrai/v1/video/jobs/vid_{number}", "body": b""} for number in range(9)]
    with kit.world() as world:
        app = Simulator(world)
        sent = [request(kit, "infrai", **cast("Any", line)) for line in lines for _ in range(2)]
        sent += [request(kit, "infrai", extra=b"X-N: %d\r\n" % number) for number in range(9) for _ in range(2)]
        received = talk(app, [[one] for one in sent]).received
        assert (received.count(b"HTTP/1.1 404"), received.count(b"HTTP/1.1 200")) == (18, 18)
        assert len(app.direct._blocks) <= 2
        assert sum(map(len, app.direct._targets.values())) <= 3


def test_long_heads_and_bodies_are_left_to_the_parser(kit: Kit) -> None:
    """A block above 4 KiB is not remembered, and the limit of bodies applies to known headers as well."""
    with kit.world() as world:
        app = CountedSimulator(world, max_body=100)
        talk(app, [[request(kit, extra=b"X-Long: %b\r\n" % (b"x" * 5000))]] * 2)
        assert app.calls == 2
        assert talk(app, [[request(kit, body=b"x" * 101)]] * 2).received.count(b"HTTP/1.1 413") == 1


def test_error_of_a_handler_is_the_same_on_both_paths(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error is HTTP 500 and ends the connection; it is raised once, through ASGI."""

    def fail(*_: object) -> None:
        raise RuntimeError("planted")

    received = []
    for switched_on in (True, False):
        with frozen(kit) as world:
            app = Simulator(world)
            talk(app, [[request(kit)]])
            if not switched_on:
                app.direct = cast("Any", None)
            monkeypatch.setattr(kit.service(world), "respond", fail)
            received.append(talk(app, [[request(kit)]]).received)
            assert len(world.journal()) == 1
    assert received[0] == received[1]
    assert received[0].startswith(b"HTTP/1.1 500 ")


def test_idle_connection_expires(kit: Kit) -> None:
    """The limit counts from the last response of the direct path, though no timer is set for each."""
    set_timers: list[float] = []

    async def story(app: Simulator, wire: Wire) -> None:
        protocol = connect(app, wire)
        loop = FakeLoop(set_timers)
        protocol.loop = cast("Any", loop)
        limit = protocol.timeout_keep_alive
        for now in (100.0, 101.0, 103.0):
            loop.now = now
            protocol.data_received(request(kit))
        await asyncio.sleep(0)
        assert set_timers == [limit]
        loop.now = 100.0 + limit
        protocol.timeout_keep_alive_handler()
        assert (set_timers, wire.closed) == ([limit, 3.0], False)
        loop.now += 3.0
        protocol.timeout_keep_alive_handler()
        assert wire.closed

    with kit.world() as world:
        app = Simulator(world)
        talk(app, [[request(kit)]])
        asyncio.run(story(app, Wire()))


class FakeLoop:
    """A clock that stands still, and timers that are only noted."""

    def __init__(self, timers: list[float]) -> None:
        self.now = 0.0
        self._timers = timers

    def time(self) -> float:
        """Return the time."""
        return self.now

    def call_later(self, seconds: float, _callback: Callable[[], None]) -> object:
        """Note a timer."""
        self._timers.append(seconds)
        return object()


def database(world: World) -> Any:
    """Return the connection to a world's state file."""
    file = world.persistence.file
    assert file is not None
    return file._db


def remembered(world: World) -> dict[str, Any]:
    """Return a world's snapshot without the machine's time."""
    taken = world.snapshot()
    del taken["world"]["clock"]["at"]
    return taken


def in_one_turn(app: Simulator, requests: list[bytes], before: Callable[[], None] = lambda: None) -> list[Wire]:
    """Send each request over a connection of its own, in one iteration of the loop; *before* runs at its end."""
    wires = [Wire() for _ in requests]

    async def story() -> None:
        protocols = [connect(app, wire) for wire in wires]
        for protocol, one in zip(protocols, requests, strict=True):
            protocol.data_received(one)
        before()
        for protocol in protocols:
            await settle(protocol)

    asyncio.run(story())
    return wires


@pytest.mark.parametrize("vendor", VENDORS)
def test_turn_is_committed_once_and_before_its_responses(kit: Kit, tmp_path: Path, vendor: str) -> None:
    """Many creates of one iteration of the loop are one transaction, and no response leaves before it."""
    path = tmp_path / "state"
    with frozen(kit, state=path, vendors=[vendor]) as world:
        app, events = Simulator(world), list[str]()
        talk(app, [[request(kit, vendor)]])
        database(world).set_trace_callback(lambda sql: events.append(sql) if sql in ("COMMIT", "ROLLBACK") else None)
        wires = [Wire(events) for _ in range(2)]

        async def story() -> None:
            protocols = [connect(app, wire) for wire in wires]
            for protocol in protocols:
                protocol.data_received(request(kit, vendor))
            assert "write" not in events
            for protocol in protocols:
                await settle(protocol)

        asyncio.run(story())
        assert events == ["COMMIT", "write", "write"]
        assert all(wire.received.startswith(b"HTTP/1.1 200 ") for wire in wires)
        before = remembered(world)
    with frozen(kit, state=path, vendors=[vendor]) as again:
        assert remembered(again)["accounts"] == before["accounts"]


@pytest.mark.parametrize("vendor", [vendor for vendor in VENDORS if vendor != "edrawmax"])
def test_failed_commit_changes_nothing_and_is_in_every_response(kit: Kit, tmp_path: Path, vendor: str) -> None:
    """All creates of the turn are refused, the journal shows it, memory is as before, and it works again with room."""
    with kit.world(state=tmp_path / "state", vendors=[vendor]) as world:
        app = Simulator(world)
        talk(app, [[request(kit, vendor)]] * 2)
        before, entries = remembered(world), len(world.journal())
        database(world).execute("PRAGMA query_only = ON")
        for wire in in_one_turn(app, [request(kit, vendor)] * 3):
            assert wire.received.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
            assert b"nothing was changed" in wire.received
        assert remembered(world) == before
        assert set(kit.service(world, vendor).tasks) == {task.id for task in world.tasks()}
        assert [entry.status for entry in world.journal()][entries:] == [500] * 3
        assert all(b"nothing was changed" in entry.response for entry in world.journal()[entries:])
        database(world).execute("PRAGMA query_only = OFF")
        assert in_one_turn(app, [request(kit, vendor)])[0].received.startswith(b"HTTP/1.1 200 ")


def test_failed_commit_leaves_other_accounts_their_responses(kit: Kit, tmp_path: Path) -> None:
    """A poll of an account without changes is answered, and an account that was never saved is gone."""
    with kit.world(state=tmp_path / "state") as world:
        app = Simulator(world)
        other = request(kit).replace(b"key-1", b"key-2").replace(b"a2V5LTE", b"a2V5LTI")
        talk(app, [[request(kit)], [other]])
        task = next(world.tasks())
        poll = request(kit, path="/tomoviee/v1/open/pub/task", body=json.dumps({"task_id": task.id}).encode())
        new = request(kit).replace(b"key-1", b"key-3").replace(b"a2V5LTE", b"a2V5LTM")
        talk(app, [[poll]])
        before = remembered(world)
        database(world).execute("PRAGMA query_only = ON")
        received = [wire.received for wire in in_one_turn(app, [poll, other, new])]
        database(world).execute("PRAGMA query_only = OFF")
        assert [one[:13] for one in received] == [b"HTTP/1.1 200 ", b"HTTP/1.1 500 ", b"HTTP/1.1 500 "]
        assert remembered(world) == before
        assert [entry.status for entry in world.anonymous_journal] == [500]


def test_failed_commit_names_no_account_that_is_gone(kit: Kit, tmp_path: Path) -> None:
    """An account that a failed commit has undone is not named in the response; one that stays is."""
    with kit.world(state=tmp_path / "state") as world:
        app = Simulator(world)
        for gone in (False, True):
            talk(app, [[request(kit)]] * 2)
            if gone:
                world.reset()
            database(world).execute("PRAGMA query_only = ON")
            (wire,) = in_one_turn(app, [request(kit)])
            database(world).execute("PRAGMA query_only = OFF")
            assert wire.received.startswith(b"HTTP/1.1 500 ")
            assert (b"x-soundstage-account: acct_" in wire.received) is not gone


@pytest.mark.parametrize("works", [True, False])
def test_every_other_save_commits_first(kit: Kit, tmp_path: Path, *, works: bool) -> None:
    """A change from Python between a request and its response cannot undo what is then promised."""
    with kit.world(state=tmp_path / "state") as world:
        app = Simulator(world)
        talk(app, [[request(kit)]] * 2)

        def advance() -> None:
            if works:
                world.advance(1)
            database(world).execute("PRAGMA query_only = ON")
            with pytest.raises(StateError):
                world.advance(1)

        (wire,) = in_one_turn(app, [request(kit)], advance)
        assert wire.received.startswith(b"HTTP/1.1 200 " if works else b"HTTP/1.1 500 ")
        assert len(list(world.tasks())) == (3 if works else 2)
        database(world).execute("PRAGMA query_only = OFF")


def test_error_of_a_handler_undoes_what_waits(kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a failed request and the others of its account have changed cannot be distinguished: all of it is undone."""
    with kit.world(state=tmp_path / "state") as world:
        app, service = Simulator(world), kit.service(world)
        talk(app, [[request(kit)]] * 2)
        before, respond, calls = remembered(world), service.respond, iter(range(9))

        def fail_later(*given: Any) -> Any:
            response = respond(*given)
            if next(calls) == 1:
                raise RuntimeError("planted")
            return response

        monkeypatch.setattr(service, "respond", fail_later)
        received = [wire.received for wire in in_one_turn(app, [request(kit)] * 3)]
        assert b"nothing was changed" in received[0]
        assert received[1].endswith(b"Internal Server Error")
        assert received[2].startswith(b"HTTP/1.1 200 ")
        assert len(remembered(world)["accounts"][0]["tasks"]) == len(before["accounts"][0]["tasks"]) + 1


@pytest.mark.parametrize("has_state", [True, False])
def test_response_that_waits_is_handled_once(kit: Kit, tmp_path: Path, *, has_state: bool) -> None:
    """A request whose response has to wait is handled and saved at once, and its response is sent through ASGI."""
    with kit.world(clock=Clock("scaled", 1e6), state=tmp_path / "state" if has_state else None) as world:
        app = CountedSimulator(world)
        wire = talk(app, [[request(kit, "edrawmax")]] * 3)
        assert wire.received.count(b"HTTP/1.1 200 OK") == 3
        assert len(list(world.tasks())) == len(world.journal()) == app.calls == 3


@pytest.mark.parametrize("has_state", [True, False])
def test_early_callback_overtakes_the_response_of_a_known_request(kit: Kit, tmp_path: Path, *, has_state: bool) -> None:
    """What the direct path has handled waits for its callback, which is sent after its task was saved."""
    with kit.world(state=tmp_path / "state" if has_state else None) as world:
        app, wire = CountedSimulator(world), Wire()

        def answer(_: httpx.Request) -> httpx.Response:
            wire.events.append("callback")
            file = world.persistence.file
            saved = len(list(world.tasks())) if file is None else next(iter(file.saved().values())).lengths.tasks
            wire.events.append(f"{saved} saved")
            return httpx.Response(200)

        world.callback_dispatcher.transport = httpx.MockTransport(answer)
        body = json.dumps({**kit.rows["tomoviee"].body("A fox"), "callback": "http://127.0.0.1:9/x"}).encode()
        talk(app, [[request(kit, body=body)]], wire)
        world.fault(Fault("callback_early", times=1))
        talk(app, [[request(kit, body=body)], [request(kit, body=body)]], wire)
        assert wire.events == ["write", "callback", "2 saved", "write", "write"]
        assert wire.received.count(b"x-soundstage-fault: callback_early\r\n") == 1
        assert [entry.fault for entry in world.journal()] == [None, "callback_early", None]
        assert app.calls == 2  # the first one, whose headers were unknown, and the one that had to wait
