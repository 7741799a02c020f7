"""A web page in a browser on this machine: it commands nothing and reads nothing, whatever it sends."""

from __future__ import annotations

from itertools import product
from typing import Final

import httpx

from soundstage_server import Server, World
from tests.siege.outcome import Outcome

_CALLS: Final = (
    ("POST", "/reset"), ("PUT", "/clock"), ("POST", "/clock/advance"), ("GET", "/requests"), ("GET", "/snapshot"),
    ("PUT", "/snapshot"), ("POST", "/scenarios"), ("POST", "/scenarios/faults"), ("DELETE", "/requests"),
    ("GET", "/accounts"), ("POST", "/files?name=a"), ("PUT", "/results"),
)  # fmt: skip
_ATTACKS: Final[tuple[dict[str, str], ...]] = (
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1.evil.example"},
    {"Origin": "http://localhost.evil.example:8080"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Host": "evil.example"},
    {"Host": "evil.example:8080", "Origin": "http://evil.example:8080", "Sec-Fetch-Site": "same-origin"},
    {"Host": "127.0.0.1.evil.example"},
    {"Host": "evil.example", "X-Forwarded-Host": "127.0.0.1"},
)
_SIMPLE: Final = ("text/plain", "application/x-www-form-urlencoded", "application/json")


def browser(seed: int, count: int) -> Outcome:
    """Send every control call with every foreign header; *seed* and *count* are not needed for a table."""
    del seed, count
    outcome = Outcome("control calls of foreign web pages and rebound names: refused, nothing changed, nothing shown")
    for proxy in (False, True):
        with World(clock="manual", media="small") as world, Server(world, trust_proxy=proxy) as server:
            world.open_account("infrai", "siege")
            before = world.snapshot()["accounts"], world.clock.now()
            with httpx.Client(base_url=f"{server.url}/_soundstage", trust_env=False) as client:
                for (method, path), attack, kind in product(_CALLS, _ATTACKS, _SIMPLE):
                    headers = {**attack, "Content-Type": kind}
                    reply = client.request(method, path, content=b'{"seconds": 5, "kind": "auto"}', headers=headers)
                    changed = before != (world.snapshot()["accounts"], world.clock.now())
                    shown = "access-control-allow-origin" in reply.headers
                    failure = f"{method} {path} {headers}: HTTP {reply.status_code}, changed: {changed}"
                    outcome.note(reply.status_code == 403 and not changed and not shown, failure)
    return outcome
