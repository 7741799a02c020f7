"""Verification finds the requests that were made as described, and names the nearest when they were not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_server.model.journal import JournalEntry
from soundstage_server.model.suggestions import did_you_mean
from soundstage_server.world.verification import RequestPattern, VerificationError, verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_server import World
    from tests.mock_server.conftest import Caller, Kit

CREATE = "/v1/open/capacity/application/tm_text2video_b"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-5, 5) | st.text("abc", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=2), inner, max_size=3),
    max_leaves=8,
)


def entry(
    method: str = "POST", path: str = "/x", body: bytes = b"{}", query: bytes = b"", number: int = 1
) -> JournalEntry:
    """Make an exchange."""
    return JournalEntry(number, 0.0, method, path, query, [], body, 200, b"{}", None)


@pytest.fixture
def world(kit: Kit) -> Iterator[World]:
    """A world with two videos requested by one account, and one by another."""
    with kit.world() as made:
        kit.caller(made).create("A fox", resolution="1080p")
        kit.caller(made).create("A hen")
        kit.caller(made, credential="other").create("A cow")
        yield made


@pytest.fixture
def caller(kit: Kit, world: World) -> Caller:
    """The first account."""
    return kit.caller(world)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({}, 3),
        ({"method": "post"}, 3),
        ({"method": "GET"}, 0),
        ({"path": CREATE}, 3),
        ({"path": "*text2video*"}, 3),
        ({"path": "/v1/open/pub/task"}, 0),
        ({"body": {"prompt": "A fox"}}, 1),
        ({"body": {"prompt": "A fox", "resolution": "720p"}}, 0),
        ({"contains": "A "}, 3),
        ({"contains": "hen"}, 1),
        ({"account": "key-1"}, 2),
        ({"account": "other", "body": {"prompt": "A cow"}}, 1),
    ],
)
def test_requests_are_matched_by_every_criterion(world: World, wanted: dict[str, Any], count: int) -> None:
    """Method, path, members of the body, text and account; entries are returned in order."""
    if "account" in wanted:
        wanted = {**wanted, "account": world.account("tomoviee", wanted["account"])}
    found = world.verify(**wanted, times=count)
    assert [one.number for one in found] == sorted(one.number for one in found)
    assert len(found) == count
    with pytest.raises(VerificationError):
        world.verify(**wanted, times=count + 1)
    if count:
        assert world.verify(**wanted) == found
        with pytest.raises(VerificationError, match="expected 0 requests"):
            world.verify(**wanted, times=0)
    else:
        with pytest.raises(VerificationError, match="expected at least one request"):
            world.verify(**wanted)


def test_failed_check_lists_the_most_similar_requests(world: World) -> None:
    """The most similar one is first, with its differences."""
    with pytest.raises(VerificationError) as caught:
        world.verify(method="POST", path=CREATE, body={"prompt": "A fox", "resolution": "720p"})
    first, nearest, *_ = str(caught.value).splitlines()
    assert "at least one request: POST /v1/open/capacity" in first
    assert "found 0 among 3; nearest:" in first
    assert nearest == f"  <Entry 1: POST {CREATE} 200> (body.resolution: '1080p')"
    with pytest.raises(VerificationError, match=r"found 2 among 2; nearest:\n  <Entry 1"):
        world.verify(account=next(world.accounts()).name, times=1)


def test_invalid_check_is_refused(world: World) -> None:
    """A number below 0, and an unknown account."""
    with pytest.raises(ValueError, match="times must be 0 or more; got -1"):
        world.verify(times=-1)
    with pytest.raises(KeyError):
        world.verify(account="acct_0")


def test_most_similar_path_is_first() -> None:
    """Among equally many differences the more similar path, then the newer request."""
    entries = [entry(path="/v1/tasks", number=1), entry(path="/elsewhere", number=2), entry(path="/v1/tasks", number=3)]
    assert [line.split(":")[0] for line in RequestPattern(path="/v1/task").nearest(entries)] == [
        "<Entry 3",
        "<Entry 1",
        "<Entry 2",
    ]


def test_empty_journal_has_no_similar_requests(kit: Kit) -> None:
    """The message states that nothing was recorded."""
    with kit.world() as world, pytest.raises(VerificationError, match=r"containing 'x'; found 0 among 0$"):
        world.verify(contains="x")


def test_secrets_are_neither_matched_nor_shown(kit: Kit, caller: Caller, world: World) -> None:
    """Text is searched after redaction, and so are failures shown."""
    caller.send("GET", "/v1/open/capacity/get/token", query=f"access_key=k&secret={kit.secret}".encode())
    with pytest.raises(VerificationError) as caught:
        world.verify(contains=f"secret={kit.secret}"[:12] + "x")
    assert kit.secret not in str(caught.value)
    world.verify(contains="secret=[redacted]", times=1)
    caller.create("A fox", password=kit.secret)
    world.verify(contains=kit.secret, times=0)
    world.verify(contains='"password": "[redacted]"', times=1)


@given(JSON)
def test_partial_body_matches(body: Any) -> None:
    """Leaving out members still matches; another value does not."""
    import orjson

    kept = {"it": body, "more": 1}
    recorded = entry(body=orjson.dumps(kept))
    assert verify(RequestPattern(body=kept), [recorded], 1) == [recorded]
    assert verify(RequestPattern(body={"it": body}), [recorded], 1) == [recorded]
    assert verify(RequestPattern(body={"it": ["another", body]}), [recorded], 0) == []
    assert verify(RequestPattern(body={"absent": body}), [recorded], 0) == []


def test_booleans_are_not_numbers() -> None:
    """Numbers are compared as numbers."""
    recorded = entry(body=b'{"a": 1, "b": true}')
    assert RequestPattern(body={"a": 1.0, "b": True}).mismatches(recorded) == []
    assert RequestPattern(body={"a": True}).mismatches(recorded) == ["body.a: 1"]
    assert RequestPattern(body={"b": 1, "c": 1}).mismatches(recorded) == ["body.b: True", "body.c: absent"]
    assert RequestPattern(body={"a": 1}).mismatches(entry(body=b"no JSON")) == ["body: absent"]


def test_control_api_filters_and_counts(kit: Kit, caller: Caller, world: World) -> None:
    """The same criteria over HTTP; a count of 0 comes with the most similar requests."""

    def ask(path: str, query: str) -> Any:
        return kit.control(caller.app, "GET", path, query=query).json()

    assert [one["number"] for one in ask("/requests", "contains=hen")] == [2]
    assert ask("/requests", "method=GET") == []
    assert len(ask("/requests", f"path={CREATE}&account={next(world.accounts()).name}")) == 2
    assert ask("/requests/count", "method=POST") == {"count": 3, "kept": 3, "nearest": []}
    answer = ask("/requests/count", f"path={CREATE}x")
    assert (answer["count"], len(answer["nearest"])) == (0, 3)
    assert answer["nearest"][0] == f"<Entry 3: POST {CREATE} 200> (path: '{CREATE}')"
    assert kit.control(caller.app, "GET", "/requests/count", query="account=acct_0").status == 404


@pytest.mark.parametrize(
    ("path", "suggestion"),
    [
        (f"{CREATE}x", "tm_text2video_b"),
        ("/v1/open/capacity/application/tm_text2vide", "tm_text2video_b"),
        ("/v1/open/pub/tasks", "/v1/open/pub/task"),
        ("/v1/open/capacity/aplication/tm_text2music", "/v1/open/capacity/application/tm_text2music"),
    ],
)
def test_misspelled_path_gets_a_suggestion(caller: Caller, path: str, suggestion: str) -> None:
    """A wrong letter in an address is found at once."""
    reply = caller.send("POST", path, {})
    assert reply.json()["code"] == 680404
    assert reply.json()["msg"].endswith(f": did you mean {suggestion}?")


@pytest.mark.parametrize("path", ["/", "/nothing/like/it", "/" + "v1/open/pub/task" * 50])
def test_unrelated_name_gets_no_suggestion(caller: Caller, path: str) -> None:
    """A useless guess is not made."""
    assert "did you mean" not in caller.send("POST", path, {}).json()["msg"]


@given(st.text(), st.lists(st.text("abcdef/_", min_size=1)))
def test_suggestion_exists(given_name: str, known: list[str]) -> None:
    """An existing name is its own suggestion."""
    hint = did_you_mean(given_name, known)
    assert hint == "" or hint.removeprefix(": did you mean ").removesuffix("?") in known
    for name in known:
        assert did_you_mean(name, known) == f": did you mean {name}?"
