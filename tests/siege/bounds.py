"""More than fits: large bodies, long journals, deep JSON; memory and disk stay within what health shows."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, Final

import httpx

from soundstage_server import Server, World
from tests.siege.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

_CREATE: Final = "/infrai/v1/video/generate"
_BODY_LIMIT: Final = 200_000


def bounds(seed: int, count: int) -> Outcome:
    """Send *count* rounds of oversized requests, and compare health with its limits after each."""
    outcome = Outcome("oversized bodies, heads, journals, uploads and nesting: refused or bounded, as health shows")
    random = Random(seed)
    with World(clock="auto", media="small") as world, Server(world, max_body=_BODY_LIMIT) as server:
        world.uploads.max_bytes = 1_000_000
        with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client:
            for _ in range(count):
                for attack in (_body, _deep, _upload, _journal, _head):
                    status, expected = attack(client, random)
                    within = _is_within(client.get("/_soundstage/health").json())
                    failure = f"{attack.__name__}: HTTP {status}, within limits: {within}"
                    outcome.note(status in expected and within, failure)
    return outcome


def _is_within(health: dict[str, Any]) -> bool:
    parts = (part for part in health.values() if isinstance(part, dict) and "max_bytes" in part)
    return all(part["bytes"] <= part["max_bytes"] for part in parts)


def _headers(random: Random) -> dict[str, str]:
    return {"Authorization": f"Bearer siege-{random.randrange(1000)}"}


def _body(client: httpx.Client, random: Random) -> tuple[int, tuple[int, ...]]:
    size = _BODY_LIMIT + random.randrange(1, 2_000_000)
    return _status(lambda: client.post(_CREATE, content=b"x" * size, headers=_headers(random))), (413, 0)


def _deep(client: httpx.Client, random: Random) -> tuple[int, tuple[int, ...]]:
    depth = random.randrange(65, 50_000)
    body = b'{"prompt": "A fox", "deep": ' + b"[" * depth + b"]" * depth + b"}"
    return _status(lambda: client.post(_CREATE, content=body, headers=_headers(random))), (400, 413, 422)


def _upload(client: httpx.Client, random: Random) -> tuple[int, tuple[int, ...]]:
    content = random.randbytes(random.randrange(1, 2_000_000))
    return _status(lambda: client.post("/_soundstage/files?name=a", content=content)), (201, 413, 0)


def _journal(client: httpx.Client, random: Random) -> tuple[int, tuple[int, ...]]:
    headers = {**_headers(random), "X-Long": "x" * random.randrange(20_000)}
    body = {"prompt": "x" * random.randrange(100_000)}
    return _status(lambda: client.post(_CREATE, json=body, headers=headers)), (200, 201, 202, 400, 402, 422, 429)


def _head(client: httpx.Client, random: Random) -> tuple[int, tuple[int, ...]]:
    headers = {f"X-{number}": "x" * 1000 for number in range(random.randrange(70, 400))}
    return _status(lambda: client.get("/infrai/v1/video/jobs/1", headers=headers)), (400, 431, 0)


def _status(send: Callable[[], httpx.Response]) -> int:
    try:
        return send().status_code
    except httpx.TransportError:  # closed before the request was sent to its end
        return 0
