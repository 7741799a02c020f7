"""Tomoviee: create, the result route, six states, tokens, and every refusal."""

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
    """A caller with enough credits, in a world of small media whose time skips."""
    with kit.world(clock="auto") as world:
        world.account("tomoviee", "key-1").ledger.set_available(10**9, 0.0)
        yield kit.caller(world)


def start(caller: Caller, prompt: str = "A fox", **params: object) -> str:
    """Create a task and return its id."""
    answer = caller.create(prompt, **params).json()
    assert (answer["code"], answer["msg"], list(answer), list(answer["data"])) == (
        0,
        "",
        ["code", "msg", "data"],
        ["task_id"],
    )
    return str(answer["data"]["task_id"])


def poll(caller: Caller, task_id: str) -> dict[str, Any]:
    """Poll a task."""
    reply = caller.send("POST", POLL, {"task_id": task_id})
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    answer = reply.json()
    assert (answer["code"], answer["msg"], answer["data"]["task_id"]) == (0, "success", task_id)
    data: dict[str, Any] = answer["data"]
    return data


def finish(caller: Caller, task_id: str) -> list[dict[str, Any]]:
    """Poll a task until it is final, and return all responses."""
    seen = [poll(caller, task_id)]
    while seen[-1]["status"] not in (3, 4, 5, 6):
        assert len(seen) < 10
        seen.append(poll(caller, task_id))
    return seen


# A task's way.


def test_auto_clock_shows_every_state_once(caller: Caller) -> None:
    """Queued, processing, success, each once, progress rising to 100, the result at the end."""
    seen = finish(caller, start(caller))
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
def test_failures_have_a_reason_and_no_result(kit: Kit, word: str, status: int, reason: str) -> None:
    """Each failure has its number and reason, no result, and is refunded."""
    with kit.world(clock="auto") as world:
        caller = kit.caller(world)
        seen = finish(caller, start(caller, f"soundstage:{word}"))
        assert [data["status"] for data in seen] == [1, 2, status]
        assert reason in seen[-1]["reason"]
        assert seen[-1]["result"] == ""
        assert seen[-1]["progress"] < 100
        (account,) = world.accounts()
        account.settle(account.now())
        assert (account.ledger.available, account.ledger.reserved, account.ledger.spent) == (1000, 0, 0)


def test_a_poll_has_all_documented_fields(caller: Caller) -> None:
    """Beside state, progress, reason and result: the fields of the vendor's table (task.extra_fields)."""
    data = poll(caller, start(caller, params="opaque {}"))
    assert data.keys() == {
        "task_id", "status", "progress", "reason", "result", "params",
        "wsid", "priority", "position", "wait_time", "delay",
    }  # fmt: skip
    assert (data["params"], data["position"], data["priority"], data["delay"]) == ("opaque {}", -1, 0, False)
    assert 0 <= data["wait_time"] <= 20
    assert isinstance(data["wait_time"], int)


def test_task_ids_have_the_documented_form(kit: Kit) -> None:
    """``<capability>-0-<timestamp><hex>``, with the account's time."""
    clock = Clock("manual")
    with kit.world(clock=clock) as world:
        task_id = start(kit.caller(world))
        stamp = datetime.fromtimestamp(clock.now(), UTC).strftime("%Y%m%d%H%M")
        assert re.fullmatch(rf"{CAPABILITY}-0-{stamp}[0-9a-f]{{10}}", task_id)


def test_polls_move_only_their_accounts_time(kit: Kit) -> None:
    """Under the auto clock one account's poll moves neither another account nor the world."""
    with kit.world(clock="auto") as world:
        one, other = kit.caller(world, credential="one"), kit.caller(world, credential="other")
        mine, theirs = start(one), start(other)
        finish(one, mine)
        assert world.account("tomoviee", "other").now() == world.clock.now()
        assert world.account("tomoviee", "one").now() > world.clock.now()
        assert [data["status"] for data in finish(other, theirs)] == [1, 2, 3]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.floats(0, 120), max_size=8), st.sampled_from(["A fox", "soundstage:fail", "soundstage:cancel"]))
def test_states_never_go_back(kit: Kit, waits: list[float], prompt: str) -> None:
    """Polled at any times: states in order, rising progress, a final state that stays."""
    with kit.world() as world:
        caller = kit.caller(world)
        task_id = start(caller, prompt)
        seen = [poll(caller, task_id)]
        for wait in [*waits, 300]:
            world.advance(wait)
            seen.append(poll(caller, task_id))
        assert [data["status"] for data in seen] == sorted(data["status"] for data in seen)
        assert [data["progress"] for data in seen] == sorted(data["progress"] for data in seen)
        assert (seen[0]["status"], seen[-1]["status"] in (3, 4, 5)) == (1, True)


def test_videos_cost_by_resolution(kit: Kit) -> None:
    """10 and 20 credits, reserved at creation (credits)."""
    with kit.world() as world:
        caller = kit.caller(world)
        start(caller)
        start(caller, resolution="1080p")
        assert [task.price for task in world.tasks()] == [10, 20]
        assert next(world.accounts()).ledger.reserved == 30


# Refusals.


def error_text(reply: Reply, code: int, status: int, fact: str) -> str:
    """Check a refusal and return its message."""
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
@pytest.mark.parametrize(("params", "fact", "expected"), WRONG)
def test_invalid_parameters_are_refused(
    kit: Kit, *, http: bool, params: dict[str, Any], fact: str, expected: str
) -> None:
    """680400 names field, value and what is allowed; HTTP 200, or 400 in the dialect http (errors.http)."""
    with kit.world(dialects={"tomoviee.errors": "http" if http else "envelope"}) as world:
        caller = kit.caller(world)
        message = error_text(caller.create(**{"prompt": "A fox", **params}), 680400, 400 if http else 200, fact)
        assert message == f"invalid parameters: {expected}"
        assert [*world.tasks(), *next(world.accounts()).ledger.entries] == []


@DIALECTS
def test_every_refusal_has_its_code_status_and_fact(kit: Kit, *, http: bool) -> None:
    """Each as in errors.codes, with HTTP 200 in the dialect envelope and its own status in the dialect http."""
    with kit.world(dialects={"tomoviee.errors": "http" if http else "envelope"}) as world:
        caller = kit.caller(world)
        theirs = start(kit.caller(world, credential="another"))

        def status(documented: int) -> int:
            return documented if http else 200

        error_text(caller.send("POST", POLL, {"task_id": "unknown"}), 680404, status(404), "poll.unknown_task")
        error_text(
            caller.send("POST", POLL, {"task_id": theirs}),
            680404,
            status(404),
            "poll.unknown_task",
        )
        error_text(caller.send("POST", POLL, {"task_id": 5}), 680400, status(400), "poll.route")
        error_text(caller.send("POST", POLL, {"task_id": ["x"]}), 680400, status(400), "poll.route")
        error_text(caller.send("POST", POLL, {}), 680400, status(400), "poll.route")
        error_text(caller.send("POST", POLL, b"x"), 680400, status(400), "request.body")
        error_text(caller.send("POST", CREATE, b"[]"), 680400, status(400), "request.body")
        expected = error_text(caller.send("POST", f"{CREATE}x", {}), 680404, status(404), "errors.codes")
        assert expected == f"capability not found: no capability {CAPABILITY}x: did you mean {CAPABILITY}?"
        error_text(kit.caller(world, credential="broke-a").create(), 680402, status(402), "credits")
        limited = kit.caller(world, credential="limited-a")
        start(limited)
        error_text(limited.create(), 680429, status(429), "errors.codes")


@DIALECTS
@pytest.mark.parametrize(
    ("code", "status", "fact"),
    [
        (680400, 400, "errors.codes"), (680401, 401, "auth.rejected"), (680402, 402, "credits"),
        (680404, 404, "poll.unknown_task"), (680413, 413, "errors.http"), (680422, 422, "errors.http"),
        (680429, 429, "errors.codes"), (680500, 500, "errors.codes"),
    ],
)  # fmt: skip
def test_ordered_refusals_are_the_documented_ones(kit: Kit, *, http: bool, code: int, status: int, fact: str) -> None:
    """Every code of errors.codes, ordered by a scenario; authentication is HTTP 401 in both dialects."""
    with kit.world(dialects={"tomoviee.errors": "http" if http else "envelope"}) as world:
        world.scenario(Scenario("refuse", code=str(code), vendor="tomoviee"))
        expected = status if http or code == 680401 else 200
        assert error_text(kit.caller(world).create(), code, expected, fact).endswith(": ordered by a scenario")


def basic(text: str) -> str:
    """Return *text* as a Basic token."""
    return "Basic " + b64encode(text.encode()).decode()


@DIALECTS
@pytest.mark.parametrize(
    ("headers", "expected"),
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
def test_invalid_credentials_are_refused_everywhere(
    kit: Kit, *, http: bool, headers: dict[str, str], expected: str
) -> None:
    """HTTP 401 and 680401 in both dialects, on create, on poll and on an unknown capability."""
    with kit.world(dialects={"tomoviee.errors": "http" if http else "envelope"}) as world:
        caller = kit.caller(world)
        for path in (CREATE, POLL, f"{CREATE}x"):
            message = error_text(
                caller.send("POST", path, {"prompt": "A fox"}, headers=headers), 680401, 401, "auth.rejected"
            )
            assert message.startswith(f"authentication failed: {expected}")
            assert "secret" not in message.replace("app_secret", "")
        assert [*world.accounts(), *world.tasks()] == []


def test_another_secret_than_the_first_is_refused(kit: Kit) -> None:
    """The secret of an account's first call is its secret, and no refusal contains either."""
    with kit.world() as world:
        start(kit.caller(world, secret="the:first: secret"))
        message = error_text(kit.caller(world, secret="another").create(), 680401, 401, "auth.rejected")
        assert message == "authentication failed: the secret is not the one that this account first used"
        start(kit.caller(world, secret="the:first: secret"))


def test_a_dialect_can_be_set_for_one_account(kit: Kit) -> None:
    """Two callers of one server can have different dialects."""
    with kit.world() as world:
        one, other = kit.caller(world, credential="one"), kit.caller(world, credential="other")
        start(one)
        world.dialects.choose({"tomoviee.errors": "http"}, world.account("tomoviee", "one").name)
        assert (one.create("").status, other.create("").status) == (400, 200)


# The token route.


def test_the_token_is_a_complete_header_value(kit: Kit) -> None:
    """The response has the complete Authorization value of the key and its secret (auth.token_route)."""
    with kit.world() as world:
        caller = kit.caller(world)
        reply = caller.send("GET", TOKEN, query=b"access_key=key&secret=se%20cret%2B", headers={})
        assert reply.json() == {"code": 0, "msg": "success", "data": {"access_token": basic("key:se cret+")}}
        headers = {"X-App-Key": "key", "Authorization": reply.json()["data"]["access_token"]}
        assert caller.send("POST", CREATE, {"prompt": "A fox"}, headers=headers).json()["code"] == 0


@DIALECTS
@pytest.mark.parametrize(
    ("query", "code", "fact", "expected"),
    [
        (b"", 680400, "auth.token_route", "access_key must be a non-empty string; it is missing"),
        (b"access_key=key&secret=", 680400, "auth.token_route", "secret must be a non-empty string; got ''"),
        (b"access_key=invalid-a&secret=s", 680401, "auth.rejected", "the credential is invalid"),
        (b"access_key=key-1&secret=another", 680401, "auth.rejected", "the secret is not the one that"),
    ],
)
def test_no_token_for_an_invalid_credential(
    kit: Kit, *, http: bool, query: bytes, code: int, fact: str, expected: str
) -> None:
    """A key or secret that is missing, refused or another account's is refused as everywhere."""
    with kit.world(dialects={"tomoviee.errors": "http" if http else "envelope"}) as world:
        caller = kit.caller(world)
        start(caller)
        status = code - 680000 if http or code == 680401 else 200
        assert expected in error_text(caller.send("GET", TOKEN, query=query, headers={}), code, status, fact)
