"""Routing and bodies: who takes a request, and that nothing a caller can send is answered by a fault of our own."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage_server import Simulator
from soundstage_server.model.asgi import origin
from soundstage_server.model.messages import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.mock_server.conftest import Caller, Kit, Reply

CREATE = "/v1/open/capacity/application/tm_text2video_b"
POLL = "/v1/open/pub/task"
BODY = b'{"prompt": "A fox"}'


@pytest.fixture(scope="module")
def caller(kit: Kit) -> Iterator[Caller]:
    """A caller of a world with small media."""
    with kit.world() as world:
        world.account("tomoviee", "key-1").ledger.set_available(10**9, 0.0)
        yield kit.caller(world)


def send(kit: Kit, caller: Caller, path: str, pieces: list[dict[str, Any]], **headers: str) -> Reply | None:
    """Send a POST with a body in several messages."""
    return kit.exchange(caller.app, kit.scope("POST", path, b"", {**caller.headers, **headers}), pieces)


def tasks(caller: Caller) -> int:
    """Count the tasks."""
    return sum(1 for _ in caller.app.world.tasks())


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("127.0.0.1:8080", f"/tomoviee{CREATE}"),
        ("anything.example", f"/tomoviee{CREATE}"),
        ("openapi.wondershare.cc", CREATE),
        ("open-api.wondershare.cc", CREATE),
        ("openapi.wondershare.cc:443", CREATE),
        ("OpenAPI.Wondershare.CC", CREATE),
        ("openapi.wondershare.cc", f"/tomoviee{CREATE}"),
    ],
)
def test_vendor_is_addressed_by_slug_or_host(kit: Kit, caller: Caller, host: str, path: str) -> None:
    """A vendor's path is unchanged; scheme and host are replaced, or only the connection."""
    reply = send(kit, caller, path, [{"type": "http.request", "body": BODY}], Host=host)
    assert reply is not None
    assert reply.json()["code"] == 0


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "openapi.wondershare.cc.example", "[::1]:8080", ""])
def test_unknown_host_without_slug_is_not_found(kit: Kit, caller: Caller, host: str) -> None:
    """A vendor is not guessed from a path; the response names the intended address, and the journal has it."""
    reply = send(kit, caller, CREATE, [{"type": "http.request", "body": BODY}], Host=host)
    assert reply is not None
    assert reply.status == 404
    assert f"no vendor has the address {CREATE}: did you mean /tomoviee{CREATE}?" in reply.json()["detail"]
    entry = caller.app.world.verify(path=CREATE)[-1]
    assert (entry.status, entry.response) == (404, reply.content)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"])
@pytest.mark.parametrize("path", [CREATE, POLL])
def test_wrong_method_returns_405_with_allow(caller: Caller, method: str, path: str) -> None:
    """405 lists the allowed methods once each, in the header and in the message, and cites a fact."""
    before = tasks(caller)
    reply = caller.send(method, path, BODY)
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
    assert f"{path} takes POST, not {method}" in reply.json()["msg"]
    assert reply.headers["x-soundstage-fact"].startswith("tomoviee:")
    assert tasks(caller) == before


@pytest.mark.parametrize(
    "path",
    [
        "", "/", "/v1", f"{CREATE}/", f"{POLL}/", f"/{POLL}", CREATE.upper(), f"{POLL}\0", f"{POLL}\n", f"{POLL}/..",
        "/_file", "/ä/中", "/%2e", "/v1/open/capacity/application/", "/v1/open/capacity/application/a/b", "/\ufffd",
    ],
)  # fmt: skip
def test_unknown_path_returns_404_in_the_vendors_shape(caller: Caller, path: str) -> None:
    """404 has the vendor's shape and cites a fact; a trailing slash makes another path."""
    reply = caller.send("POST", path, BODY)
    assert reply.status == 404
    assert reply.json()["msg"].startswith("route not found: no ")
    assert reply.headers["x-soundstage-fact"].startswith("tomoviee:")


@pytest.mark.parametrize("path", ["*", "", "//", "/"])
@pytest.mark.parametrize("host", ["127.0.0.1", "openapi.wondershare.cc"])
def test_degenerate_paths_get_a_response(kit: Kit, caller: Caller, path: str, host: str) -> None:
    """The star of OPTIONS, an empty path and slashes alone get a response like any other."""
    reply = kit.exchange(caller.app, kit.scope("OPTIONS", path, b"", {"Host": host}), [{"type": "http.request"}])
    assert reply is not None
    assert reply.status in (307, 404, 405)


@given(st.lists(st.binary(max_size=12), max_size=6))
def test_chunked_body_creates_one_task(kit: Kit, caller: Caller, spaces: list[bytes]) -> None:
    """A body in several messages, empty ones among them, is read to its end and creates one task."""
    before = tasks(caller)
    text = json.dumps({"prompt": "A fox", "params": repr(spaces)}).encode()
    cuts = [*range(0, len(text), max(1, len(text) // (len(spaces) + 1))), len(text)]
    pieces = [text[begin:end] for begin, end in zip([0, *cuts], cuts, strict=False)]
    asked: list[dict[str, Any]] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    reply = send(kit, caller, f"/tomoviee{CREATE}", [*asked, {"type": "http.request"}])
    assert reply is not None
    assert reply.json()["code"] == 0
    assert tasks(caller) == before + 1
    assert list(caller.app.world.tasks())[-1].params["params"] == repr(spaces)


@pytest.mark.parametrize(
    "path", [f"/tomoviee{CREATE}", f"/tomoviee{CREATE}/", "/tomoviee/v1/open/capacity/application/other"]
)
@pytest.mark.parametrize("chunks", [[], [BODY], [BODY[:5]], [BODY[:5], BODY[5:]]])
def test_disconnect_within_the_body_does_nothing(kit: Kit, caller: Caller, path: str, chunks: list[bytes]) -> None:
    """Half a request creates no task, is not journaled and gets no response."""
    world = caller.app.world
    before = (tasks(caller), world.requests)
    asked: list[dict[str, Any]] = [{"type": "http.request", "body": piece, "more_body": True} for piece in chunks]
    assert send(kit, caller, path, [*asked, {"type": "http.disconnect"}]) is None
    assert (tasks(caller), world.requests) == before


def test_disconnect_after_the_body_is_charged(kit: Kit, caller: Caller) -> None:
    """A complete request is handled, even if the client has disconnected."""
    before = tasks(caller)
    asked: list[dict[str, Any]] = [{"type": "http.request", "body": BODY}, {"type": "http.disconnect"}]
    send(kit, caller, f"/tomoviee{CREATE}", asked)
    assert tasks(caller) == before + 1


GARBAGE = {
    "nothing": b"",
    "no JSON": b"prompt=A+fox",
    "half of it": b'{"prompt": "A fo',
    "NaN": b'{"prompt": NaN}',
    "Infinity": b'{"prompt": "A fox", "duration": Infinity}',
    "half a surrogate pair": b'{"prompt": "\\ud800"}',
    "no UTF-8": b'{"prompt": "\xff\xfe"}',
    "UTF-16": '{"prompt": "A fox"}'.encode("utf-16"),
    "a mark of byte order": b"\xef\xbb\xbf" + BODY,
    "too deep": b'{"prompt": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "a control character": b'{"prompt": "a\0b"}',
    "a list": b'[{"prompt": "A fox"}]',
    "a string": b'"prompt"',
    "a number": b"7",
    "true": b"true",
    "null": b"null",
    "a key that is no string": b'{1: "A fox"}',
    "a comma too many": b'{"prompt": "A fox",}',
    "two values": b'{"prompt": "A fox"} {}',
}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("path", [CREATE, POLL])
def test_body_that_is_no_json_object_is_refused(caller: Caller, path: str, body: bytes) -> None:
    """The refusal has the vendor's shape, and no task is created."""
    before = tasks(caller)
    reply = caller.send("POST", path, body)
    answer = reply.json()
    assert (reply.status, answer["code"]) == (200, 680400)
    assert "the body must be a JSON object; " in answer["msg"]
    assert reply.headers["x-soundstage-fact"] == "tomoviee:request.body"
    assert tasks(caller) == before


@pytest.mark.parametrize("value", [b"1" + b"0" * 5000, b"1e400", b"-0", b"5.0", b"5e0", b'"5"', b"true", b"[5]", b"{}"])
def test_non_integer_number_is_refused(caller: Caller, value: bytes) -> None:
    """A JSON number that is not an integer is refused and not rounded."""
    answer = caller.send("POST", CREATE, b'{"prompt": "A fox", "duration": ' + value + b"}").json()
    assert answer["code"] == 680400


def test_large_body_is_read(caller: Caller) -> None:
    """A body of several megabytes is read; error messages quote only its start."""
    assert caller.create("fox " * 1_000_000).json()["code"] == 0
    answer = caller.create(resolution="9" * 3_000_000).json()
    assert answer["code"] == 680400
    assert len(answer["msg"]) < 300


def test_last_of_duplicate_json_keys_wins(caller: Caller) -> None:
    """Duplicate keys are read as most JSON parsers do."""
    caller.send("POST", CREATE, b'{"prompt": "A hen", "prompt": "A fox"}')
    assert list(caller.app.world.tasks())[-1].params["prompt"] == "A fox"


@settings(deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"]),
    path=st.one_of(st.sampled_from([CREATE, POLL, "/_files/a/b"]), st.text(max_size=20).map(lambda text: f"/{text}")),
    body=st.binary(max_size=40) | st.just(BODY),
    query=st.binary(max_size=20),
)
def test_no_request_causes_a_server_error(caller: Caller, method: str, path: str, body: bytes, query: bytes) -> None:
    """Any method, path, query and body get JSON below 500 with the right length and a date."""
    path = path.encode("utf-8", "replace").decode()
    reply = caller.send(method, path, body, query=query)
    assert reply.status < 500
    if path.partition("/")[2].partition("/")[0] not in ("docs", "redoc", "openapi.json", "static-offline-docs"):
        reply.json()
        assert reply.headers["content-length"] == str(len(reply.content))


def test_date_header_is_the_accounts_time(caller: Caller) -> None:
    """The Date header is the account's time, or the world's for an unauthenticated caller."""
    world = caller.app.world
    world.advance(1000, world.account("tomoviee", "key-1"))
    known, stranger = caller.create(), caller.send("POST", CREATE, BODY, headers={})
    for reply, now in ((known, world.account("tomoviee", "key-1").now()), (stranger, world.clock.now())):
        assert parsedate_to_datetime(reply.headers["date"]).timestamp() == int(now)


def test_last_of_duplicate_headers_wins(kit: Kit, caller: Caller) -> None:
    """A request belongs to one account."""
    scope = kit.scope("POST", f"/tomoviee{POLL}", b"", caller.headers)
    scope["headers"] += [(b"x-app-key", b"another")]
    reply = kit.exchange(caller.app, scope, [{"type": "http.request", "body": b"{}"}])
    assert reply is not None
    assert reply.status == 401


@pytest.mark.parametrize(
    ("server", "expected"),
    [(None, "http://127.0.0.1:80"), (("10.0.0.1", 80), "http://10.0.0.1:80"), (("::1", 8080), "http://[::1]:8080")],
)
def test_origin_without_host_header_is_the_socket(kit: Kit, server: tuple[str, int] | None, expected: str) -> None:
    """HTTP/1.0 has no Host header; result URLs then use the server's address."""
    scope = kit.scope("GET", "/", b"", {})
    scope.update(headers=[(b"accept", b"*/*")], server=server)
    assert origin(scope) == expected


def test_request_has_path_query_and_account(kit: Kit) -> None:
    """A request gives its handler path, query and account; an open route has no account."""
    call = Request(kit.scope("GET", "/tomoviee/v1/a", b"a=1&a=2&b=%C3%A4&c", {}), b"{}", "/tomoviee", {})
    assert (call.method, call.path, call.base) == ("GET", "/v1/a", "http://127.0.0.1:8080/tomoviee")
    assert call.query_values() == {"a": "2", "b": "ä", "c": ""}
    with pytest.raises(LookupError, match="an open route has no account"):
        _ = call.account


def test_lifespan_is_acknowledged(kit: Kit) -> None:
    """ASGI startup and shutdown are acknowledged and change nothing."""
    with kit.world() as world:
        asked = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
        assert kit.exchange(Simulator(world), {"type": "lifespan"}, asked) is not None


def test_applications_share_a_world(kit: Kit) -> None:
    """A task that was created through one application is read through another."""
    with kit.world() as world:
        one, other = kit.caller(world), kit.caller(world)
        task_id = one.create().json()["data"]["task_id"]
        assert other.send("POST", POLL, {"task_id": task_id}).json()["code"] == 0
