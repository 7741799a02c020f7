"""Faults break what they say and nothing else, alike on a socket and in process, and the journal tells."""

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
from soundstage_server.model.faults import FAULT_KINDS, STATUSES, FaultTarget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.mock_server.conftest import Kit

CREATE = "/tomoviee/v1/open/capacity/application/tm_text2video_b"
POLL = "/tomoviee/v1/open/pub/task"
ACCOUNT = account_name("tomoviee", "key")

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
FAULTS = [{"kind": kind, **options} for kind in FAULT_KINDS for options in OPTIONS.get(kind, [{}])]
FOR_EVER = httpx.Timeout(None)
GHOSTS = {"latency", "malformed", "content_type", "reset_during", "reset_after", "truncate", "slow"}
RAISED = {
    "reset_before": httpx.ReadError,
    "reset_during": httpx.ReadError,
    "reset_after": httpx.ReadError,
    "hang": httpx.ReadTimeout,
    "truncate": httpx.RemoteProtocolError,
}


def said(send: Callable[..., httpx.Response], *arguments: Any, **options: Any) -> tuple[Any, ...]:
    """Return what a caller sees: an answer, or the kind of error."""
    try:
        answer = send(*arguments, **options)
    except httpx.TransportError as error:
        return (type(error),)
    headers = {name: value for name, value in answer.headers.items() if name != "date"}
    return answer.status_code, headers, answer.content


def ways(kit: Kit, world: World, patience: float = 60.0) -> Iterator[httpx.Client]:
    """Speak to *world* by a socket, then in process, at the same address."""
    headers = kit.rows["tomoviee"].headers("key", "secret")
    options: dict[str, Any] = {"headers": {**headers, "Host": "here"}, "timeout": patience}
    with Server(world) as server, httpx.Client(base_url=server.url, **options) as client:
        yield client
    with InProcess(world) as inside, inside.client(base_url=inside.url, **options) as client:
        yield client


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(map(str, fault.values())))
def test_socket_and_in_process_agree_fault_by_fault(kit: Kit, fault: dict[str, Any]) -> None:
    """The same answer or the same error for a create and a film, and the next request is whole again."""
    seen: dict[str, list[Any]] = {"create": [], "film": [], "next": []}
    kind = fault["kind"]
    with kit.world(public_url="http://here") as world:
        caller = kit.caller(world, credential="key", secret="secret")
        caller.create()
        world.advance(600)
        (url,) = world.services["tomoviee"].result_urls(next(world.tasks()))
        assert caller.fetch(url).status == 200  # made before anybody is impatient
        for client in ways(kit, world, 0.3 if kind == "hang" else 60.0):
            before = len(list(world.tasks()))
            planted = world.fault(Fault(**fault, times=None if kind == "expired" else 1))
            outcome = said(client.post, CREATE, json={"prompt": "A fox"})
            if len(outcome) == 3 and outcome[0] == 200 and kind not in ("malformed", "truncate"):
                made = list(world.tasks())[-1].id
                outcome = (*outcome[:2], outcome[2].replace(made.encode(), b"ID"))
            seen["create"].append(outcome)
            assert len(list(world.tasks())) - before == (kind in GHOSTS or kind == "expired" or "done" in fault)
            if kind != "expired":
                assert world.faults.active == []
                planted = world.fault(Fault(**fault, times=1))
            film = said(client.get, url.replace("http://here", str(client.base_url).rstrip("/")))
            seen["film"].append(film)
            world.faults.clear(planted.id)
            seen["next"].append(said(client.post, POLL, json={"task_id": "nobody"}))
    if kind == "malformed":  # two halves of different ids
        seen["create"] = [(status, headers, len(body)) for status, headers, body in seen["create"]]
    for socket, inside in seen.values():
        assert socket == inside
    assert seen["film"][0][0] == RAISED.get(kind, seen["film"][0][0])
    assert seen["create"][0][0] == RAISED.get(kind, seen["create"][0][0])
    assert seen["next"][0][0] == 200


def one(kit: Kit, world: World, **fault: Any) -> httpx.Response:
    """Plant a fault for one create in process, and return the answer."""
    world.fault(Fault(**fault, times=1))
    headers = kit.rows["tomoviee"].headers("key", "secret")
    with InProcess(world) as inside, inside.client(base_url=inside.url, headers=headers) as client:
        return client.post(CREATE, json={"prompt": "A fox"})


def test_answers_at_http_level_say_what_was_asked_for(kit: Kit) -> None:
    """Status, Retry-After, kind of body, half of the JSON, the wrong type, an address that leads to itself."""
    with kit.world() as world:
        refused = one(kit, world, kind="status", status=429, retry_after=1.5)
        assert (refused.status_code, refused.headers["retry-after"], refused.content) == (429, "2", b"")
        assert refused.headers["x-soundstage-fault"] == "status"
        page = one(kit, world, kind="status", status=502, body="html")
        assert (page.headers["content-type"], b"502 Bad Gateway" in page.content) == ("text/html; charset=utf-8", True)
        assert one(kit, world, kind="status", status=500, body="json").json() == {"error": "Internal Server Error"}
        half = one(kit, world, kind="malformed")
        assert half.status_code == 200
        assert half.content.startswith(b'{"code":0,')
        with pytest.raises(json.JSONDecodeError):
            half.json()
        other = one(kit, world, kind="content_type")
        assert (other.headers["content-type"], other.json()["code"]) == ("text/html; charset=utf-8", 0)
        away = one(kit, world, kind="redirect")
        assert (away.status_code, away.headers["location"]) == (307, f"http://soundstage.test{CREATE}")


def test_a_redirect_leads_in_circles_with_its_query(kit: Kit) -> None:
    """A program that follows it meets its own bound on hops."""
    with kit.world() as world, InProcess(world) as inside:
        world.fault(Fault("redirect"))
        with inside.client(base_url=inside.url, follow_redirects=True) as client:
            with pytest.raises(httpx.TooManyRedirects):
                client.get(POLL, params={"a": "b c"})
            assert client.get(f"{POLL}?a=b%20c", follow_redirects=False).headers["location"].endswith(f"{POLL}?a=b%20c")


def test_an_expired_address_is_refused_for_results_alone(kit: Kit) -> None:
    """403 for the film, and nothing else is touched."""
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
def test_a_late_answer_moves_a_clock_that_stands(kit: Kit, clock: str) -> None:
    """Nobody waits: the account's own time moves by as much, and nobody else's; without an account, nothing moves."""
    with kit.world(clock=clock) as world:
        caller, other = kit.caller(world), kit.caller(world, credential="other")
        other.create()
        caller.create()
        before = [account.now() for account in world.accounts()]
        world.fault(Fault("latency", seconds=30.0))
        caller.create()
        caller.send("POST", "/v1/open/pub/task", {}, headers={})
        assert [account.now() for account in world.accounts()] == [before[0], before[1] + 30]


def test_a_late_answer_waits_in_the_worlds_own_time(kit: Kit) -> None:
    """At a speed of a million, hours are over at once, on a socket too; who would not wait so long gives up."""
    with kit.world(clock=Clock("scaled", 1e6)) as world:
        for client in ways(kit, world):
            world.fault(Fault("latency", seconds=10_000.0, times=1))
            assert client.post(CREATE, json={"prompt": "A fox"}).status_code == 200
            world.fault(Fault("slow", seconds=10_000.0, times=1))
            assert client.post(CREATE, json={"prompt": "A fox"}).json()["code"] == 0
            for kind in ("latency", "slow"):
                world.fault(Fault(kind, seconds=1e10, times=1))
                with pytest.raises(httpx.ReadTimeout):
                    client.post(CREATE, json={"prompt": "A fox"}, timeout=0.3)


@pytest.mark.parametrize("through", [Server, InProcess])
def test_closing_the_world_lets_go_of_whoever_waits(kit: Kit, through: type[Server | InProcess]) -> None:
    """A caller without a time-out who hangs is told that the server has gone, and so is the next one."""
    outcome: list[tuple[Any, ...]] = []
    with kit.world() as world, through(world) as server:
        world.fault(Fault("hang"))
        client = httpx.Client(timeout=FOR_EVER) if isinstance(server, Server) else server.client(timeout=FOR_EVER)
        with client:

            def call() -> None:
                outcome.append(said(client.get, f"{server.url}{POLL}"))

            caller = threading.Thread(target=call)
            caller.start()
            while not world.hung_connections:
                threading.Event().wait(0.001)
            world.close()
            caller.join()
            call()
    assert outcome == [(httpx.RemoteProtocolError,)] * 2


def test_the_journal_tells_what_was_planted(kit: Kit) -> None:
    """An answer that was lost, one that was never thought of, and silence: each with its kind; the others have none."""
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
                said(client.post, CREATE, json={"prompt": "A hen"})
        entries = [entry.redacted() for entry in world.account_by_name(ACCOUNT).journal]
        assert [entry["fault"] for entry in entries] == [None, "reset_after", "status", "reset_before"]
        assert [entry["status"] for entry in entries] == [200, 200, 500, 0]
        assert {entry["path"] for entry in entries} == {CREATE.removeprefix("/tomoviee")}
        assert all("A hen" in entry["body"] for entry in entries[1:])
        assert len(world.account_by_name(ACCOUNT).tasks) == 2
        assert world.account_by_name(ACCOUNT).ledger.is_balanced()


@pytest.mark.parametrize(
    ("match", "struck"),
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
def test_a_fault_strikes_what_it_matches(kit: Kit, match: dict[str, Any], struck: str) -> None:
    """By vendor, account, method and path; results belong to the account that made them; the control API is spared."""
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
        assert "".join(name for name, status in statuses.items() if status == 503) == struck
        assert kit.control(caller.app, "GET", "/health").status == 200
        assert caller.fetch("http://here/nowhere").status == 404


def test_a_caller_under_the_vendors_host_and_a_nameless_one_are_struck(kit: Kit) -> None:
    """The vendor's own Host is the vendor; who has no credential is a stranger in the journal."""
    with kit.world() as world:
        app = Simulator(world)
        world.fault(Fault("status", vendor="tomoviee", status=503))
        scope = kit.scope("POST", "/v1/open/pub/task", b"", {"Host": "openapi.wondershare.cc"})
        reply = kit.exchange(app, scope, [{"type": "http.request", "body": b"{}"}])
        assert reply is not None
        assert reply.status == 503
        assert [entry.fault for entry in world.anonymous_journal] == ["status"]


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 500}, {"kind": "reset_after"}])
def test_half_a_request_is_none(kit: Kit, fault: dict[str, Any]) -> None:
    """A caller who goes away within the body made no task and left no line, fault or not."""
    with kit.world() as world:
        world.fault(Fault(**fault))
        headers = kit.rows["tomoviee"].headers("key", "secret")
        asked: list[dict[str, Any]] = [{"type": "http.request", "body": b"{", "more_body": True}]
        asked.append({"type": "http.disconnect"})
        assert kit.exchange(Simulator(world), kit.scope("POST", CREATE, b"", headers), asked) is None
        assert [*world.tasks(), *world.anonymous_journal] == []


def test_another_server_can_only_fail(kit: Kit) -> None:
    """Where the connection is out of reach, a reset is an error of the application, which ends it in most servers."""
    with kit.world() as world:
        world.fault(Fault("reset_before", times=1))
        with pytest.raises(ConnectionResetError, match="Server or InProcess"):
            kit.caller(world).create()
        world.fault(Fault("truncate", times=1))
        assert kit.caller(world).create().headers["content-length"] == "81"
        UnreachableConnection().close()


@settings(deadline=None, max_examples=50)
@given(st.floats(0.05, 0.95), st.integers(0, 9), st.integers(1, 9) | st.none())
def test_chance_is_repeatable_and_times_are_kept(probability: float, seed: int, times: int | None) -> None:
    """Equal seeds strike the same requests; a fault strikes at most as often as it may, and is then gone."""

    def story(own: int | None, worlds: int) -> list[bool]:
        with World(seed=worlds) as world:
            world.fault(Fault("redirect", probability=probability, seed=own, times=times))
            target = FaultTarget("tomoviee", "POST", "/v1", None, is_result=False)
            return [world.faults.take_match(target) is not None for _ in range(200)]

    first = story(seed, 0)
    assert first == story(seed, 1)
    assert story(None, 0) == story(None, 0)
    assert times is not None or story(None, 0) != story(None, 1)
    assert sum(first) <= 200 if times is None else sum(first) == times


@given(st.sampled_from(FAULT_KINDS), st.sampled_from(sorted(STATUSES)))
def test_every_fault_can_be_told_in_json_and_back(kind: Any, status: int) -> None:
    """What the control API shows of a fault makes an equal one."""
    needs: dict[str, dict[str, Any]] = {"status": {"status": status}, "latency": {"seconds": 1.0}}
    fault = Fault(kind, **needs.get(kind, {}))
    assert Fault(**json.loads(json.dumps(fault.as_dict()))) == fault


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"kind": "rain"}, "kind must be one of status, .*; got 'rain'"),
    ({"kind": "status"}, "status is given with kind 'status', and only then; got kind='status', status=None"),
    ({"kind": "status", "status": 404}, "status must be 408, 409, 425, 429 or from 500 to 599; got 404"),
    ({"kind": "hang", "status": 500}, "status is given with kind 'status', and only then; got kind='hang', status=500"),
    ({"kind": "latency"}, "seconds is given with kind 'latency' or 'slow', and only then; got kind='latency'"),
    ({"kind": "hang", "seconds": 1.0}, "seconds is given with kind 'latency' or 'slow', and only then"),
    ({"kind": "hang", "body": "html"}, "retry_after and body are given with kind 'status'"),
    ({"kind": "slow", "done": True}, "done is given with kind 'status' or 'hang', and only then; got kind='slow'"),
    ({"kind": "status", "status": 500, "body": "xml"}, "body must be one of empty, html, json; got 'xml'"),
    ({"kind": "slow", "seconds": float("inf")}, "seconds must be 0 or more, and finite; got inf"),
    ({"kind": "slow", "account": "me"}, "account must be 'acct_' and 12 hexadecimal digits; got 'me'"),
    ({"kind": "slow", "method": "get"}, "method must be one of DELETE, .*; got 'get'"),
    ({"kind": "slow", "times": 0}, "times must be 1 or more; got 0"),
    ({"kind": "slow", "probability": 0.0}, "probability must be above 0, and at most 1; got 0"),
    ({"kind": "slow", "vendor": "nobody"}, "vendor must be one of tomoviee.*; got 'nobody'"),
]


@pytest.mark.parametrize(("fields", "message"), WRONG)
def test_a_fault_that_could_never_strike_is_refused(fields: dict[str, Any], message: str) -> None:
    """The refusal names the field, its value and what is allowed, and nothing was planted."""
    with World() as world:
        with pytest.raises(ValueError, match=message):
            world.fault(Fault(**fields))
        assert world.faults.active == []


def test_faults_are_planted_listed_and_removed_over_http(kit: Kit) -> None:
    """201 with an id, 200 with what is planted, 204 and gone; 404 for an id that is none, 422 for a wrong fault."""
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
