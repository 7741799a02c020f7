"""Requests of any shape to vendors, results, pages and the control API: none is a server error."""

from __future__ import annotations

import asyncio
import json
from random import Random
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from soundstage_server import Simulator, World
from tests.mock_server.conftest import ROWS
from tests.siege.outcome import Outcome

if TYPE_CHECKING:
    from soundstage_server.model.messages import Route
    from soundstage_server.world.vendor_service import VendorService

_METHODS: Final = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")
_CREDENTIALS: Final = (b"Bearer key-1", b"key-1", b"Basic a2V5LTE6c2VjcmV0", b"Basic x", b"\xff", b"", b"Bearer a.b.c")
_TEXTS: Final = (
    "",
    "A fox",
    "soundstage:fail",
    "soundstage:block",
    "\ud800",
    "x" * 20_000,
    "../..",
    "\0",
    "é漢🦊",
    "%00",
)
_NUMBERS: Final = (0, -1, 1, 10**30, 2**63, 0.5, 1e308, -0.0)
_CONTROL: Final[tuple[tuple[str, str, Any], ...]] = (
    ("GET", "clock", None),
    ("POST", "clock/advance", {"seconds": 60.0}),
    ("PUT", "clock", {"kind": "auto"}),
    ("GET", "accounts", None),
    ("POST", "accounts", {"vendor": "infrai", "credential": "siege"}),
    ("GET", "tasks", None),
    ("PUT", "limits/{name}", {"at_once": 100, "per_minute": 1000}),
    ("PUT", "ledger/infrai/{name}", {"available": 500.0}),
    ("GET", "requests", None),
    ("GET", "requests/count", None),
    ("POST", "scenarios", {"then": "fail", "contains": "nothing", "times": 1}),
    ("PUT", "dialects", {"tomoviee.errors": "http"}),
    ("GET", "snapshot", None),
    ("PUT", "snapshot", {}),
    ("GET", "callbacks", None),
    ("PUT", "results", {"redirects": 1}),
    ("GET", "facts", None),
    ("GET", "health", None),
    ("GET", "inspector", None),
)
_MEMBERS: Final = (
    "prompt",
    "data",
    "payload",
    "model",
    "instances",
    "parameters",
    "task_id",
    "image",
    "callback",
    "kind",
)


def fuzz(seed: int, count: int) -> Outcome:
    """Send *count* requests."""
    outcome = Outcome("requests of any shape to vendors, results, pages and the control API: no server error")
    asyncio.run(_run(Random(seed), count, outcome))
    return outcome


async def _run(random: Random, count: int, outcome: Outcome) -> None:
    with World(clock="auto", media="small", seed=1) as world:
        app = Simulator(world)
        for _ in range(count):
            method, path, query, headers, body = _request(random, world)
            try:
                status, cited = await _send(app, method, path, query, headers, body)
            except Exception as error:  # noqa: BLE001 - the attack looks for any of them
                status, cited = 599, repr(error)
            # A refusal that cites a fact is a documented response, also where it is a 5xx.
            outcome.note(
                status < 500 or bool(cited and status < 599), f"{status} {method} {path} {body[:120]!r} {cited}"
            )


def _request(random: Random, world: World) -> tuple[str, str, bytes, list[tuple[bytes, bytes]], bytes]:
    slug = random.choice(list(world.services))
    service, row = world.services[slug], ROWS[slug]
    route = random.choice(list(service.routes()))
    method, path, body = route.method, _path(random, service, route), _body(random, route)
    if random.random() < 0.4:
        method, path, body = "POST", f"/{slug}{row.create}", _encode(random, row.body(random.choice(_TEXTS[1:4])))
    elif random.random() < 0.4:
        method, path, body = _control_call(random, world)
    headers = [(b"host", b"127.0.0.1:8080"), (b"content-type", b"application/json")]
    valid = row.headers(f"key-{random.randrange(5)}", "secret")
    headers += [(name.lower().encode(), value.encode()) for name, value in valid.items()]
    if random.random() < 0.15:
        headers = [
            (name, random.choice(_CREDENTIALS) if name in service.credential_headers else value)
            for name, value in headers
        ]
    if random.random() < 0.1:
        method = random.choice(_METHODS)
    if random.random() < 0.1:
        path = random.choice((f"{path}/", path.replace("/", "//"), f"{path}\0", "/", "/docs", f"/{slug}/_files/a/b"))
    query = quote(f"{random.choice(_MEMBERS)}={random.choice(_TEXTS)}", safe="=&", errors="replace")[:2000]
    return method, path, query.encode() if random.random() < 0.3 else b"", headers, body


def _control_call(random: Random, world: World) -> tuple[str, str, bytes]:
    """Return a call of the control API, in which something may be wrong."""
    names = [account.name for account in world.accounts()] or ["acct_000000000000"]
    method, path, body = random.choice(_CONTROL)
    if path == "snapshot":
        body = world.snapshot()
    return method, f"/_soundstage/{path.format(name=random.choice(names))}", _encode(random, body)


def _encode(random: Random, body: Any) -> bytes:
    """Return *body* as JSON, one part of it replaced in half of the cases."""
    place = body
    while random.random() < 0.5 and isinstance(place, dict | list) and place:
        key = random.choice(list(place)) if isinstance(place, dict) else random.randrange(len(place))
        if not isinstance(place[key], dict | list) or random.random() < 0.2:
            place[key] = _value(random, 0)
            break
        place = place[key]
    return json.dumps(body).encode()


def _path(random: Random, service: VendorService, route: Route) -> str:
    path = route.path
    for name in route.pattern().groupindex:
        known = random.choice(list(service.tasks) or ["1"])
        value = random.choice((known, "1", "x" * 300, "a/b", "é", "any", "%2e%2e"))
        path = path.replace(f"{{{name}}}", value).replace(f"{{{name}:path}}", value)
    return f"/{service.slug}{path}"


def _body(random: Random, route: Route) -> bytes:
    chance = random.random()
    if chance < 0.08:
        return random.choice(
            (b"", b"{", b"null", b"[]", b"\xff\xfe", b"\xef\xbb\xbf{}", b"[" * 3000, b"1" * 400, b'"\\ud800"')
        )
    body = {field.name: _value(random, 0) for field in route.body if random.random() < 0.6}
    body |= {name: _value(random, 0) for name in _MEMBERS if random.random() < 0.3}
    if random.random() < 0.6:
        body["prompt"] = random.choice(_TEXTS[1:4])
    if random.random() < 0.3:
        body = {"instances": [{"prompt": "A fox"}], "data": {"prompt": "A fox"}, "payload": {"prompt": "A fox"}, **body}
    return json.dumps(body).encode()


def _value(random: Random, depth: int) -> Any:
    kind = random.randrange(8)
    if kind < 3:
        return random.choice(_TEXTS)
    if kind == 3:
        return random.choice(_NUMBERS)
    if kind == 4:
        return random.choice((None, True, False))
    if depth > 3 or kind == 5:
        deep: Any = "deep"
        for _ in range(random.choice((1, 70, 300))):
            deep = [deep]
        return deep
    if kind == 6:
        return [_value(random, depth + 1) for _ in range(random.randrange(4))]
    return {name: _value(random, depth + 1) for name in random.sample(_MEMBERS, 3)}


async def _send(  # noqa: PLR0917 - the parts of a request, in their order
    app: Simulator, method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]], body: bytes
) -> tuple[int, str]:
    """Return the status of the response, and the fact or the fault behind it."""
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "scheme": "http",
        "method": method, "path": path, "raw_path": quote(path, errors="replace").encode(), "query_string": query,
        "root_path": "", "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8080),
    }  # fmt: skip
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[Any] = []

    async def receive() -> Any:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    async with asyncio.timeout(30):
        await app(scope, receive, send)
    response = dict(sent[0].get("headers", ()))
    return sent[0]["status"], response.get(b"x-soundstage-fact", b"").decode()
