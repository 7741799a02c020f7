"""Faults have exactly their documented effect, over a socket and in process, and are in the journal."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage_server import Clock, Fault, InProcess, Server, Simulator, World
from soundstage_server.http.connection import UnreachableConnection
from soundstage_server.model.credentials import account_name
from soundstage_server.model.faults import CALLBACK_KINDS, FAULT_KINDS, STATUSES, FaultTarget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.mock_server.conftest import Kit

CREATE = "/tomoviee/v1/open/capacity/application/tm_text2video_b"
POLL = "/tomoviee/v1/open/pub/task"
ACCOUNT = account_name("tomoviee", "key")

REQUEST_KINDS = [kind for kind in FAULT_KINDS if kind not in CALLBACK_KINDS]
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "status": [
        {"status": 503},
        {"status": 429, "retry_after": 1.5},
        {"status": 502, "body": "html"},
        {"status": 500, "body": "json"},
        {"status": 504, "done": True},
        {"status": 599},
    ],
    "latency": [{"seconds": 3.0}],
    "hang": [{}, {"done": True}],
    "slow": [{}, {"seconds": 16.0}],
}
FAULTS = [{"kind": kind, **options} for kind in REQUEST_KINDS for options in OPTIONS.get(kind, [{}])]
FOR_EVER = httpx.Timeout(None)
GHOSTS = {"latency", "malformed", "content_type", "reset_during", "reset_after", "truncate", "slow"}
RAISED = {
    "reset_before": httpx.ReadError,
    "reset_during": httpx.ReadError,
    "reset_after": httpx.ReadError,
    "hang": httpx.ReadTimeout,
    "truncate": httpx.RemoteProtocolError,
}


def outcome_of(send: Callable[..., httpx.Response], *arguments: Any, **options: Any) -> tuple[Any, ...]:
    """Return what a client sees: a response, or the type of an error."""
    try:
        answer = send(*arguments, **options)
    except httpx.TransportError as error:
        return (type(error),)
    headers = {name: value for name, value in answer.headers.items() if name != "date"}
    return answer.status_code, headers, answer.content


def transports(kit: Kit, world: World, timeout: float = 60.0) -> Iterator[httpx.Client]:
    """Connect to *world* over a socket, then in process, at the same address."""
    headers = kit.rows["tomoviee"].headers("key", "secret")
    options: dict[str, Any] = {"headers": {**headers, "Host": "here"}, "timeout": timeout}
    with Server(world) as server, httpx.Client(base_url=server.url, **options) as client:
        yield client
    with InProcess(world) as inside, inside.client(base_url=inside.url, **options) as client:
        yield client


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(map(str, fault.values())))
def test_socket_and_in_process_agree_on_every_fault(kit: Kit, fault: dict[str, Any]) -> None:
    """Both give the same response or error for a create and a video, and the next request succeeds."""
    seen: dict[str, list[Any]] = {"create": [], "video": [], "next": []}
    kind = fault["kind"]
    with kit.world(public_url="http://here") as world:
        caller = kit.caller(world, credential="key", secret="secret")
        caller.create()
        world.advance(600)
        (url,) = world.services["tomoviee"].result_urls(next(world.tasks()))
        assert caller.fetch(url).status == 200  # rendered now, so that no timeout runs out
        for client in transports(kit, world, 0.3 if kind == "hang" else 60.0):
            before = len(list(world.tasks()))
            planted = world.fault(Fault(**fault, times=None if kind == "expired" else 1))
            outcome = outcome_of(client.post, CREATE, json={"prompt": "A fox"})
            if len(outcome) == 3 and outcome[0] == 200 and kind not in ("malformed", "truncate"):
                made = list(world.tasks())[-1].id
                outcome = (*outcome[:2], outcome[2].replace(made.encode(), b"ID"))
            seen["create"].append(outcome)
            assert len(list(world.tasks())) - before == (kind in GHOSTS or kind == "expired" or "done" in fault)
            if kind != "expired":
                assert world.faults.active == []
                planted = world.fault(Fault(**fault, times=1))
            video = outcome_of(client.get, url.replace("http://here", str(client.base_url).rstrip("/")))
            seen["video"].append(video)
            world.faults.clear(planted.id)
            seen["next"].append(outcome_of(client.post, POLL, json={"task_id": "nothing"}))
    if kind == "malformed":  # two halves of different ids
        seen["create"] = [(status, headers, len(body)) for status, headers, body in seen["create"]]
    for socket, inside in seen.values():
        assert socket == inside
    assert seen["video"][0][0] == RAISED.get(kind, seen["video"][0][0])
    assert seen["create"][0][0] == RAISED.get(kind, seen["create"][0][0])
    assert seen["next"][0][0] == 200


def create_with_fault(kit: Kit, world: World, **fault: Any) -> httpx.Response:
    """Inject a fault into one create call in process, and return the response."""
    world.fault(Fault(**fault, times=1))
    headers = kit.rows["tomoviee"].headers("key", "secret")
    with InProcess(world) as inside, inside.client(base_url=inside.url, headers=headers) as client:
        return client.post(CREATE, json={"prompt": "A fox"})


def test_http_faults_have_the_requested_form(kit: Kit) -> None:
    """Status, Retry-After, body, half of the JSON, wrong type, a redirect to itself."""
    with kit.world() as world:
        refused = create_with_fault(kit, world, kind="status", status=429, retry_after=1.5)
        assert (refused.status_code, refused.headers["retry-after"], refused.content) == (429, "2", b"")
        assert refused.headers["x-soundstage-fault"] == "status"
        page = create_with_fault(kit, world, kind="status", status=502, body="html")
        assert (page.headers["content-type"], b"502 Bad Gateway" in page.content) == ("text/html; charset=utf-8", True)
        assert create_with_fault(kit, world, kind="status", status=500, body="json").json() == {
            "error": "Internal Server Error"
        }
        half = create_with_fault(kit, world, kind="malformed")
        assert half.status_code == 200
        assert half.content.startswith(b'{"code":0,')
        with pytest.raises(json.JSONDecodeError):
            half.json()
        other = create_with_fault(kit, world, kind="content_type")
        assert (other.headers["content-type"], other.json()["code"]) == ("text/html; charset=utf-8", 0)
        away = create_with_fault(kit, world, kind="redirect")
        assert (away.status_code, away.headers["location"]) == (307, f"http://soundstage.test{CREATE}")


def test_redirect_loops_with_its_query(kit: Kit) -> None:
    """A client that follows redirects reaches its own limit."""
    with kit.world() as world, InProcess(world) as inside:
        world.fault(Fault("redirect"))
        with inside.client(base_url=inside.url, follow_redirects=True) as client:
            with pytest.raises(httpx.TooManyRedirects):
                client.get(POLL, params={"a": "b c"})
            assert client.get(f"{POLL}?a=b%20c", follow_redirects=False).headers["location"].endswith(f"{POLL}?a=b%20c")


def test_expired_affects_results_only(kit: Kit) -> None:
    """403 for the video; other requests are not affected."""
    with kit.world() as world:
        caller = kit.caller(world)
        caller.create()
        world.advance(600)
        (url,) = world.services["tomoviee"].result_urls(next(world.tasks()))
        world.fault(Fault("expired"))
        assert caller.fetch(url).status == 403
        assert caller.create().status == 200
        world.faults.clear()
        assert caller.fetch(url).status == 200


@pytest.mark.parametrize("clock", ["manual", "auto"])
def test_latency_moves_a_frozen_clock(kit: Kit, clock: str) -> None:
    """No request waits: the account's own time moves, other accounts' does not."""
    with kit.world(clock=clock) as world:
        caller, other = kit.caller(world), kit.caller(world, credential="other")
        other.create()
        caller.create()
        before = [account.now() for account in world.accounts()]
        world.fault(Fault("latency", seconds=30.0))
        caller.create()
        caller.send("POST", "/v1/open/pub/task", {}, headers={})
        assert [account.now() for account in world.accounts()] == [before[0], before[1] + 30]


def test_latency_waits_in_simulated_time(kit: Kit) -> None:
    """At a speed of a million hours pass at once; a client with a short timeout gives up."""
    with kit.world(clock=Clock("scaled", 1e6)) as world:
        for client in transports(kit, world):
            world.fault(Fault("latency", seconds=10_000.0, times=1))
            assert client.post(CREATE, json={"prompt": "A fox"}).status_code == 200
            world.fault(Fault("slow", seconds=10_000.0, times=1))
            assert client.post(CREATE, json={"prompt": "A fox"}).json()["code"] == 0
            for kind in ("latency", "slow"):
                world.fault(Fault(kind, seconds=1e10, times=1))
                with pytest.raises(httpx.ReadTimeout):
                    client.post(CREATE, json={"prompt": "A fox"}, timeout=0.3)


@pytest.mark.parametrize("through", [Server, InProcess])
def test_closing_the_world_releases_hanging_clients(kit: Kit, through: type[Server | InProcess]) -> None:
    """A client without a timeout gets a disconnect, and so does the next one."""
    outcome: list[tuple[Any, ...]] = []
    with kit.world() as world, through(world) as server:
        world.fault(Fault("hang"))
        client = httpx.Client(timeout=FOR_EVER) if isinstance(server, Server) else server.client(timeout=FOR_EVER)
        with client:

            def call() -> None:
                outcome.append(outcome_of(client.get, f"{server.url}{POLL}"))

            caller = threading.Thread(target=call)
            caller.start()
            while not world.hung_connections:
                threading.Event().wait(0.001)
            world.close()
            caller.join()
            call()
    assert outcome == [(httpx.RemoteProtocolError,)] * 2


def test_journal_records_the_fault(kit: Kit) -> None:
    """Each exchange with a fault has its kind in the journal; the others have none."""
    with kit.world() as world, InProcess(world) as inside:
        headers = kit.rows["tomoviee"].headers("key", "secret")
        with inside.client(base_url=inside.url, headers=headers) as client:
            client.post(CREATE, json={"prompt": "A fox"})
            for fault in (
                Fault("reset_after", times=1),
                Fault("status", status=500, times=1),
                Fault("reset_before", times=1),
            ):
                world.fault(fault)
                outcome_of(client.post, CREATE, json={"prompt": "A hen"})
        entries = [entry.redacted() for entry in world.account_by_name(ACCOUNT).journal]
        assert [entry["fault"] for entry in entries] == [None, "reset_after", "status", "reset_before"]
        assert [entry["status"] for entry in entries] == [200, 200, 500, 0]
        assert {entry["path"] for entry in entries} == {CREATE.removeprefix("/tomoviee")}
        assert all("A hen" in entry["body"] for entry in entries[1:])
        assert len(world.account_by_name(ACCOUNT).tasks) == 2
        assert world.account_by_name(ACCOUNT).ledger.is_balanced()


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({}, "cpro"),
        ({"vendor": "tomoviee"}, "cpro"),
        ({"method": "GET"}, "r"),
        ({"path": "/pub/task"}, "p"),
        ({"account": ACCOUNT}, "cpr"),
        ({"account": account_name("tomoviee", "other")}, "o"),
        ({"account": account_name("tomoviee", "other"), "path": "/pub/task"}, ""),
    ],
)
def test_fault_applies_to_matching_requests(kit: Kit, match: dict[str, Any], expected: str) -> None:
    """By vendor, account, method and path; results belong to their account; the control API has no faults."""
    with kit.world() as world:
        caller, other = kit.caller(world, credential="key"), kit.caller(world, credential="other")
        caller.create()
        world.advance(600)
        (url,) = world.services["tomoviee"].result_urls(next(world.tasks()))
        world.fault(Fault("status", status=503, **match))
        statuses = {
            "c": caller.create().status,
            "p": caller.send("POST", "/v1/open/pub/task", {}).status,
            "r": caller.fetch(url).status,
            "o": other.create().status,
        }
        assert "".join(name for name, status in statuses.items() if status == 503) == expected
        assert kit.control(caller.app, "GET", "/health").status == 200
        assert caller.fetch("http://here/nowhere").status == 404


def test_fault_applies_under_vendor_host_and_without_credential(kit: Kit) -> None:
    """The vendor's Host selects the vendor; a caller without a credential is journaled as anonymous."""
    with kit.world() as world:
        app = Simulator(world)
        world.fault(Fault("status", vendor="tomoviee", status=503))
        scope = kit.scope("POST", "/v1/open/pub/task", b"", {"Host": "openapi.wondershare.cc"})
        reply = kit.exchange(app, scope, [{"type": "http.request", "body": b"{}"}])
        assert reply is not None
        assert reply.status == 503
        assert [entry.fault for entry in world.anonymous_journal] == ["status"]


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 500}, {"kind": "reset_after"}])
def test_disconnect_within_the_body_leaves_no_trace(kit: Kit, fault: dict[str, Any]) -> None:
    """A client that disconnects within the body creates no task and no entry, with or without a fault."""
    with kit.world() as world:
        world.fault(Fault(**fault))
        headers = kit.rows["tomoviee"].headers("key", "secret")
        asked: list[dict[str, Any]] = [{"type": "http.request", "body": b"{", "more_body": True}]
        asked.append({"type": "http.disconnect"})
        assert kit.exchange(Simulator(world), kit.scope("POST", CREATE, b"", headers), asked) is None
        assert [*world.tasks(), *world.anonymous_journal] == []


def test_reset_under_another_server_raises(kit: Kit) -> None:
    """Where the connection is out of reach, a reset is an error of the application."""
    with kit.world() as world:
        world.fault(Fault("reset_before", times=1))
        with pytest.raises(ConnectionResetError, match="Server or InProcess"):
            kit.caller(world).create()
        world.fault(Fault("truncate", times=1))
        assert kit.caller(world).create().headers["content-length"] == "81"
        UnreachableConnection().close()


@settings(deadline=None, max_examples=50)
@given(st.floats(0.05, 0.95), st.integers(0, 9), st.integers(1, 9) | st.none())
def test_probability_is_repeatable_and_times_are_counted(probability: float, seed: int, times: int | None) -> None:
    """Equal seeds select the same requests; a fault applies at most `times` times and is then removed."""

    def story(own: int | None, worlds: int, most: int | None = times) -> list[bool]:
        with World(seed=worlds) as world:
            world.fault(Fault("redirect", probability=probability, seed=own, times=most))
            target = FaultTarget("tomoviee", "POST", "/v1", None, is_result=False)
            return [world.faults.take_match(target) is not None for _ in range(200)]

    first = story(seed, 0)
    assert first == story(seed, 1)
    assert story(None, 0) == story(None, 0)
    assert times is not None or story(None, 0) != story(None, 1)
    # A low probability may draw fewer than the limit.
    drawn = sum(story(seed, 0, None))
    assert sum(first) == (drawn if times is None else min(drawn, times))


@given(st.sampled_from(FAULT_KINDS), st.sampled_from(sorted(STATUSES)))
def test_fault_round_trips_through_json(kind: Any, status: int) -> None:
    """The JSON object of a fault makes an equal fault."""
    needs: dict[str, dict[str, Any]] = {"status": {"status": status}, "latency": {"seconds": 1.0}}
    needs["callback_late"] = needs["latency"]
    fault = Fault(kind, **needs.get(kind, {}))
    assert Fault(**json.loads(json.dumps(fault.as_dict()))) == fault


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"kind": "rain"}, "kind must be one of status, .*; got 'rain'"),
    ({"kind": "status"}, "status is given with kind 'status', and only then; got kind='status', status=None"),
    ({"kind": "status", "status": 404}, "status must be 408, 409, 425, 429 or from 500 to 599; got 404"),
    ({"kind": "hang", "status": 500}, "status is given with kind 'status', and only then; got kind='hang', status=500"),
    (
        {"kind": "latency"},
        "seconds is given with kind 'latency' or 'slow' or 'callback_late', and only then; got kind='latency'",
    ),
    (
        {"kind": "hang", "seconds": 1.0},
        "seconds is given with kind 'latency' or 'slow' or 'callback_late', and only then",
    ),
    ({"kind": "hang", "body": "html"}, "retry_after and body are given with kind 'status'"),
    ({"kind": "slow", "done": True}, "done is given with kind 'status' or 'hang', and only then; got kind='slow'"),
    ({"kind": "status", "status": 500, "body": "xml"}, "body must be one of empty, html, json; got 'xml'"),
    ({"kind": "slow", "seconds": float("inf")}, "seconds must be 0 or more, and finite; got inf"),
    ({"kind": "slow", "account": "me"}, "account must be 'acct_' and 12 hexadecimal digits; got 'me'"),
    ({"kind": "slow", "method": "get"}, "method must be one of DELETE, .*; got 'get'"),
    ({"kind": "slow", "times": 0}, "times must be from 1 to 1000000000, or None; got 0"),
    ({"kind": "slow", "probability": 0.0}, "probability must be above 0, and at most 1; got 0"),
    ({"kind": "callback_late"}, "seconds is given with .* or 'callback_late', and only then"),
    ({"kind": "callback_lost", "method": "POST"}, "method matches requests; got 'POST' for kind 'callback_lost'"),
    ({"kind": "callback_lost", "path": "/x"}, "path matches requests; got '/x' for kind 'callback_lost'"),
    (
        {"kind": "callback_lost", "vendor": "veo"},
        r"vendor must be one that sends callbacks \(tomoviee, cloudsway\) for callback_lost; got 'veo'",
    ),
    ({"kind": "slow", "vendor": "nothing"}, "vendor must be one of tomoviee.*; got 'nothing'"),
]


@pytest.mark.parametrize(("fields", "message"), WRONG)
def test_invalid_fault_is_refused(fields: dict[str, Any], message: str) -> None:
    """The message names the field, its value and what is allowed, and no fault is added."""
    with World() as world:
        with pytest.raises(ValueError, match=message):
            world.fault(Fault(**fields))
        assert world.faults.active == []


def test_faults_are_added_listed_and_removed_over_http(kit: Kit) -> None:
    """201 with an id, 200 with the list, 204; 404 for an unknown id, 422 for an invalid fault."""
    with kit.world() as world:
        app = Simulator(world)
        made = kit.control(app, "POST", "/scenarios/faults", {"kind": "status", "status": 503, "times": 2})
        assert (made.status, made.json()["id"], made.json()["status"]) == (201, 1, 503)
        assert kit.control(app, "POST", "/scenarios/faults", {"kind": "hang"}).status == 201
        assert [fault["kind"] for fault in kit.control(app, "GET", "/scenarios/faults").json()] == ["status", "hang"]
        assert kit.control(app, "DELETE", "/scenarios/faults", query="id=1").status == 204
        assert kit.control(app, "DELETE", "/scenarios/faults", query="id=1").status == 404
        wrong = kit.control(app, "POST", "/scenarios/faults", {"kind": "hang", "status": 500})
        assert (wrong.status, "status is given with kind" in wrong.json()["detail"]) == (422, True)
        assert kit.control(app, "POST", "/scenarios/faults", {"kind": "rain"}).status == 422
        assert kit.control(app, "DELETE", "/scenarios/faults").status == 204
        assert kit.control(app, "GET", "/scenarios/faults").json() == []
        kit.control(app, "POST", "/scenarios/faults", {"kind": "hang"})
        assert kit.control(app, "POST", "/reset").status == 204
        assert world.faults.active == []
