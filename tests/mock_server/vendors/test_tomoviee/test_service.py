"""Tomoviee as its documents show it: create, the one result route, six states, and a refusal for every mistake."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage_server import Clock, Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.mock_server.conftest import Caller, Kit, Reply

CAPABILITY = "tm_text2video_b"
CREATE = f"/v1/open/capacity/application/{CAPABILITY}"
POLL = "/v1/open/pub/task"
TOKEN = "/v1/open/capacity/get/token"


@pytest.fixture(scope="module")
def caller(kit: Kit) -> Iterator[Caller]:
    """Somebody with money enough, before a world of small media whose time skips."""
    with kit.world(clock="auto") as world:
        world.account("tomoviee", "key-1").ledger.set_available(10**9, 0.0)
        yield kit.caller(world)


def created(caller: Caller, prompt: str = "A fox", **params: object) -> str:
    """Create a task and return its id."""
    answer = caller.create(prompt, **params).json()
    assert (answer["code"], answer["msg"], list(answer), list(answer["data"])) == (
        0,
        "",
        ["code", "msg", "data"],
        ["task_id"],
    )
    return str(answer["data"]["task_id"])


def read(caller: Caller, task_id: str) -> dict[str, Any]:
    """Read a task."""
    reply = caller.send("POST", POLL, {"task_id": task_id})
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    answer = reply.json()
    assert (answer["code"], answer["msg"], answer["data"]["task_id"]) == (0, "success", task_id)
    data: dict[str, Any] = answer["data"]
    return data


def finish(caller: Caller, task_id: str) -> list[dict[str, Any]]:
    """Read a task until it is final, and return all that was read."""
    seen = [read(caller, task_id)]
    while seen[-1]["status"] not in (3, 4, 5, 6):
        assert len(seen) < 10
        seen.append(read(caller, task_id))
    return seen


# A task's way.


def test_a_success_is_seen_state_by_state(caller: Caller) -> None:
    """Under ``auto``: queued, processing, success, each once, progress rising to 100, the result at the end."""
    seen = finish(caller, created(caller))
    assert [data["status"] for data in seen] == [1, 2, 3]
    assert [data["progress"] for data in seen][::2] == [0, 100]
    assert [data["reason"] for data in seen] == ["", "", ""]
    assert [data["result"] for data in seen][:2] == ["", ""]
    (url,) = json.loads(seen[-1]["result"])["video_path"]
    assert caller.fetch(url).status == 200
    assert finish(caller, seen[0]["task_id"]) == seen[-1:]


@pytest.mark.parametrize(
    ("word", "status", "reason"),
    [
        ("fail", 4, "generation failed"),
        ("block", 4, "content policy"),
        ("cancel", 5, "cancelled"),
        ("timeout", 6, "timed out"),
    ],
)
def test_a_failure_says_why_and_brings_nothing(kit: Kit, word: str, status: int, reason: str) -> None:
    """Each of the failures has its number and its reason, no result, and gives back what it cost."""
    with kit.world(clock="auto") as world:
        caller = kit.caller(world)
        seen = finish(caller, created(caller, f"soundstage:{word}"))
        assert [data["status"] for data in seen] == [1, 2, status]
        assert reason in seen[-1]["reason"]
        assert seen[-1]["result"] == ""
        assert seen[-1]["progress"] < 100
        (account,) = world.accounts()
        account.settle(account.now())
        assert (account.ledger.available, account.ledger.reserved, account.ledger.spent) == (1000, 0, 0)


def test_a_task_tells_the_fields_of_the_table(caller: Caller) -> None:
    """Beside state, progress, reason and result: what the vendor's table of fields has (task.extra_fields)."""
    data = read(caller, created(caller, params="opaque {}"))
    assert data.keys() == {
        "task_id", "status", "progress", "reason", "result", "params",
        "wsid", "priority", "position", "wait_time", "delay",
    }  # fmt: skip
    assert (data["params"], data["position"], data["priority"], data["delay"]) == ("opaque {}", -1, 0, False)
    assert 0 <= data["wait_time"] <= 20
    assert isinstance(data["wait_time"], int)


def test_an_id_looks_as_documented(kit: Kit) -> None:
    """``<capability>-0-<timestamp><hex>``, the time that of the account."""
    clock = Clock("manual")
    with kit.world(clock=clock) as world:
        task_id = created(kit.caller(world))
        stamp = datetime.fromtimestamp(clock.now(), UTC).strftime("%Y%m%d%H%M")
        assert re.fullmatch(rf"{CAPABILITY}-0-{stamp}[0-9a-f]{{10}}", task_id)


def test_time_stands_still_for_everybody_else(kit: Kit) -> None:
    """Under ``auto`` one account's reading moves neither another account nor the world."""
    with kit.world(clock="auto") as world:
        one, other = kit.caller(world, credential="one"), kit.caller(world, credential="other")
        mine, theirs = created(one), created(other)
        finish(one, mine)
        assert world.account("tomoviee", "other").now() == world.clock.now()
        assert world.account("tomoviee", "one").now() > world.clock.now()
        assert [data["status"] for data in finish(other, theirs)] == [1, 2, 3]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.floats(0, 120), max_size=8), st.sampled_from(["A fox", "soundstage:fail", "soundstage:cancel"]))
def test_a_task_that_is_read_at_any_times_never_goes_back(kit: Kit, waits: list[float], prompt: str) -> None:
    """Over the wire as in the law: states in order, progress rising, unfinished at first, an end that stays."""
    with kit.world() as world:
        caller = kit.caller(world)
        task_id = created(caller, prompt)
        seen = [read(caller, task_id)]
        for wait in [*waits, 300]:
            world.advance(wait)
            seen.append(read(caller, task_id))
        assert [data["status"] for data in seen] == sorted(data["status"] for data in seen)
        assert [data["progress"] for data in seen] == sorted(data["progress"] for data in seen)
        assert (seen[0]["status"], seen[-1]["status"] in (3, 4, 5)) == (1, True)


def test_a_film_costs_by_its_resolution(kit: Kit) -> None:
    """10 and 20 credits, reserved at creation (credits)."""
    with kit.world() as world:
        caller = kit.caller(world)
        created(caller)
        created(caller, resolution="1080p")
        assert [task.price for task in world.tasks()] == [10, 20]
        assert next(world.accounts()).ledger.reserved == 30


# Refusals.


def refused(reply: Reply, code: int, status: int, fact: str) -> str:
    """Check a refusal, and return what it says."""
    answer = reply.json()
    assert (reply.status, answer["code"], reply.headers["x-soundstage-fact"]) == (status, code, f"tomoviee:{fact}")
    assert list(answer) == ["code", "msg"]
    return str(answer["msg"])


DIALECTS = pytest.mark.parametrize("http", [False, True])
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"prompt": None}, "video.common", "prompt must be a non-empty string; it is missing"),
    ({"prompt": ""}, "video.common", "prompt must be a non-empty string; got ''"),
    ({"prompt": ["A fox"]}, "video.common", "prompt must be a non-empty string; got ['A fox']"),
    ({"resolution": "4k"}, "video.common", "resolution must be one of '720p', '1080p'; got '4k'"),
    ({"resolution": 720}, "video.common", "resolution must be one of '720p', '1080p'; got 720"),
    ({"duration": 6}, "video.common", "duration must be 5; got 6"),
    ({"duration": "5"}, "video.common", "duration must be 5; got '5'"),
    ({"duration": 5.5}, "video.common", "duration must be 5; got 5.5"),
    (
        {"aspect_ratio": "original"},
        "text2video.params",
        "aspect_ratio must be one of '16:9', '9:16', '4:3', '3:4', '1:1'; got 'original'",
    ),
    ({"camera_move_index": 0}, "video.common", "camera_move_index must be a whole number from 1 to 46; got 0"),
    ({"camera_move_index": 47}, "video.common", "camera_move_index must be a whole number from 1 to 46; got 47"),
    ({"camera_move_index": True}, "video.common", "camera_move_index must be a whole number from 1 to 46; got True"),
    ({"callback": "nowhere"}, "callback.request", "callback must be an http or https URL; got 'nowhere'"),
    ({"params": {"a": 1}}, "callback.request", "params must be a string; got {'a': 1}"),
]


@DIALECTS
@pytest.mark.parametrize(("params", "fact", "said"), WRONG)
def test_a_wrong_parameter_is_refused(kit: Kit, *, http: bool, params: dict[str, Any], fact: str, said: str) -> None:
    """680400 names field, value and what is allowed; HTTP 200, or 400 in the dialect that uses HTTP (errors.http)."""
    with kit.world(dialects={"tomoviee.errors": "http" if http else "envelope"}) as world:
        caller = kit.caller(world)
        message = refused(caller.create(**{"prompt": "A fox", **params}), 680400, 400 if http else 200, fact)
        assert message == f"invalid parameters: {said}"
        assert [*world.tasks(), *next(world.accounts()).ledger.entries] == []


@DIALECTS
def test_every_other_refusal_has_its_code_status_and_fact(kit: Kit, *, http: bool) -> None:
    """Each as errors.codes has it, with HTTP 200 in the envelope's reading and its own status in the other."""
    with kit.world(dialects={"tomoviee.errors": "http" if http else "envelope"}) as world:
        caller = kit.caller(world)
        theirs = created(kit.caller(world, credential="another"))

        def status(documented: int) -> int:
            return documented if http else 200

        refused(caller.send("POST", POLL, {"task_id": "nobody"}), 680404, status(404), "poll.unknown_task")
        refused(
            caller.send("POST", POLL, {"task_id": theirs}),
            680404,
            status(404),
            "poll.unknown_task",
        )
        refused(caller.send("POST", POLL, {"task_id": 5}), 680400, status(400), "poll.route")
        refused(caller.send("POST", POLL, {"task_id": ["x"]}), 680400, status(400), "poll.route")
        refused(caller.send("POST", POLL, {}), 680400, status(400), "poll.route")
        refused(caller.send("POST", POLL, b"x"), 680400, status(400), "request.body")
        refused(caller.send("POST", CREATE, b"[]"), 680400, status(400), "request.body")
        said = refused(caller.send("POST", f"{CREATE}x", {}), 680404, status(404), "errors.codes")
        assert said == f"capability not found: no capability {CAPABILITY}x: did you mean {CAPABILITY}?"
        refused(kit.caller(world, credential="broke-a").create(), 680402, status(402), "credits")
        limited = kit.caller(world, credential="limited-a")
        created(limited)
        refused(limited.create(), 680429, status(429), "errors.codes")


@DIALECTS
@pytest.mark.parametrize(
    ("code", "status", "fact"),
    [
        (680400, 400, "errors.codes"), (680401, 401, "auth.rejected"), (680402, 402, "credits"),
        (680404, 404, "poll.unknown_task"), (680413, 413, "errors.http"), (680422, 422, "errors.http"),
        (680429, 429, "errors.codes"), (680500, 500, "errors.codes"),
    ],
)  # fmt: skip
def test_an_ordered_refusal_is_the_documented_one(kit: Kit, *, http: bool, code: int, status: int, fact: str) -> None:
    """Every code of errors.codes, by a scenario; authentication is HTTP 401 in both readings."""
    with kit.world(dialects={"tomoviee.errors": "http" if http else "envelope"}) as world:
        world.scenario(Scenario("refuse", code=str(code), vendor="tomoviee"))
        expected = status if http or code == 680401 else 200
        assert refused(kit.caller(world).create(), code, expected, fact).endswith(": ordered by a scenario")


def basic(text: str) -> str:
    """Return *text* as a Basic token."""
    return "Basic " + b64encode(text.encode()).decode()


@DIALECTS
@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "the header X-App-Key is missing"),
        ({"X-App-Key": "key"}, "the header Authorization is missing"),
        ({"Authorization": basic("key:secret")}, "the header X-App-Key is missing"),
        ({"X-App-Key": "", "Authorization": basic("key:secret")}, "the header X-App-Key is missing"),
        ({"X-App-Key": "key", "Authorization": basic("other:secret")}, "Authorization must be"),
        ({"X-App-Key": "key", "Authorization": basic("key:")}, "Authorization must be"),
        ({"X-App-Key": "key", "Authorization": basic("key")}, "Authorization must be"),
        ({"X-App-Key": "key", "Authorization": "key:secret"}, "Authorization must be"),
        ({"X-App-Key": "key", "Authorization": "Basic key:secret"}, "Authorization must be"),
        ({"X-App-Key": "key", "Authorization": "Basic a2V5O"}, "Authorization must be"),
        ({"X-App-Key": "key", "Authorization": "Basic \xe4\xe4\xe4\xe4"}, "Authorization must be"),
        ({"X-App-Key": "key", "Authorization": "Basic"}, "Authorization must be"),
        (
            {"X-App-Key": "key", "Authorization": basic("key:secret").replace("Basic", "Bearer")},
            "Authorization must be",
        ),
        ({"X-App-Key": "invalid-a", "Authorization": basic("invalid-a:secret")}, "the credential is invalid"),
        ({"X-App-Key": "expired-a", "Authorization": basic("expired-a:secret")}, "the credential is expired"),
    ],
)
def test_a_wrong_credential_is_refused_everywhere(kit: Kit, *, http: bool, headers: dict[str, str], said: str) -> None:
    """HTTP 401 and 680401 in both readings, on create, on poll and on a capability that does not exist."""
    with kit.world(dialects={"tomoviee.errors": "http" if http else "envelope"}) as world:
        caller = kit.caller(world)
        for path in (CREATE, POLL, f"{CREATE}x"):
            message = refused(
                caller.send("POST", path, {"prompt": "A fox"}, headers=headers), 680401, 401, "auth.rejected"
            )
            assert message.startswith(f"authentication failed: {said}")
            assert "secret" not in message.replace("app_secret", "")
        assert [*world.accounts(), *world.tasks()] == []


def test_another_secret_than_the_first_is_refused(kit: Kit) -> None:
    """The secret of an account's first use is its secret; even then nothing of either is said."""
    with kit.world() as world:
        created(kit.caller(world, secret="the:first: secret"))
        message = refused(kit.caller(world, secret="another").create(), 680401, 401, "auth.rejected")
        assert message == "authentication failed: the secret is not the one that this account first used"
        created(kit.caller(world, secret="the:first: secret"))


def test_a_dialect_may_be_one_accounts(kit: Kit) -> None:
    """Two callers of one server may hear two readings."""
    with kit.world() as world:
        one, other = kit.caller(world, credential="one"), kit.caller(world, credential="other")
        created(one)
        world.dialects.choose({"tomoviee.errors": "http"}, world.account("tomoviee", "one").name)
        assert (one.create("").status, other.create("").status) == (400, 200)


# The token route.


def test_a_token_is_ready_to_be_sent(kit: Kit) -> None:
    """The answer's value is the whole Authorization header of the key and its secret (auth.token_route)."""
    with kit.world() as world:
        caller = kit.caller(world)
        reply = caller.send("GET", TOKEN, query=b"access_key=key&secret=se%20cret%2B", headers={})
        assert reply.json() == {"code": 0, "msg": "success", "data": {"access_token": basic("key:se cret+")}}
        headers = {"X-App-Key": "key", "Authorization": reply.json()["data"]["access_token"]}
        assert caller.send("POST", CREATE, {"prompt": "A fox"}, headers=headers).json()["code"] == 0


@DIALECTS
@pytest.mark.parametrize(
    ("query", "code", "fact", "said"),
    [
        (b"", 680400, "auth.token_route", "access_key must be a non-empty string; it is missing"),
        (b"access_key=key&secret=", 680400, "auth.token_route", "secret must be a non-empty string; got ''"),
        (b"access_key=invalid-a&secret=s", 680401, "auth.rejected", "the credential is invalid"),
        (b"access_key=key-1&secret=another", 680401, "auth.rejected", "the secret is not the one that"),
    ],
)
def test_no_token_is_made_of_a_wrong_credential(
    kit: Kit, *, http: bool, query: bytes, code: int, fact: str, said: str
) -> None:
    """A key or secret that is missing, refused or another account's is refused as everywhere."""
    with kit.world(dialects={"tomoviee.errors": "http" if http else "envelope"}) as world:
        caller = kit.caller(world)
        created(caller)
        status = code - 680000 if http or code == 680401 else 200
        assert said in refused(caller.send("GET", TOKEN, query=query, headers={}), code, status, fact)
