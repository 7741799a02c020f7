"""How a planted fault breaks an exchange: instead of the work, or with its answer.

The answer is taken whole from the application and broken on its way out, so that what was done, charged and journalled
is exactly what an undisturbed exchange would have left behind.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from math import ceil
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from soundstage_server.http.connection import CONNECTION, UnreachableConnection
from soundstage_server.model.asgi import origin
from soundstage_server.model.clock import LATEST
from soundstage_server.model.messages import JSON

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from soundstage_server.model.account import Account
    from soundstage_server.model.asgi import RawHeaders, Receive, Scope, Send
    from soundstage_server.model.faults import Fault, FaultTarget
    from soundstage_server.world.hung_connections import Connection
    from soundstage_server.world.world import World

FAULT_HEADER: Final = b"x-soundstage-fault"
"""Response header that names the planted fault, where there is a head to put it in."""

FAULT_KEY: Final = "soundstage.fault"
"""The key in the ASGI scope of a request that a fault has struck; the journal keeps its value."""

_UNDONE: Final = frozenset({"status", "redirect", "expired", "reset_before", "hang"})
_PIECES: Final = 16
_NO_RESPONSE: Final = 0


class RawResponse(NamedTuple):
    """An answer: its status, its headers without the length, and its body."""

    status: int
    headers: RawHeaders
    body: bytes


class FaultedExchange:
    """One exchange that a fault has struck.

    Args:
        fault: What goes wrong.
        target: The request, as faults see it.
        world: Where it is journalled, and whose clock a late answer keeps to.
        account: Whom it concerns, if there is such an account.
    """

    def __init__(self, fault: Fault, target: FaultTarget, world: World, account: Account | None) -> None:
        self._fault = fault
        self._target = target
        self._world = world
        self._account = account

    async def run(
        self, app: Callable[[Scope, Receive, Send], Awaitable[None]], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer the request as the fault has it; *app* does the work where it is done at all."""
        fault = self._fault
        instead = self._replacement(scope)
        if fault.kind in _UNDONE and not fault.done:
            asked = await _read_body(receive)
            if asked is None:
                return
            self._journal(scope, asked, instead)
            said = instead
        else:
            worked = await run_app(app, {**scope, FAULT_KEY: fault.kind}, receive)
            if worked is None:
                return
            said = instead or self._alter(worked)
        connection = scope.get("state", {}).get(CONNECTION) or UnreachableConnection()
        await self._deliver(said, connection, receive, send)

    def _replacement(self, scope: Scope) -> RawResponse | None:
        """Return what is answered in place of the vendor's answer, or None if nothing is."""
        fault = self._fault
        if fault.kind == "status":
            return _gateway_error(fault)
        if fault.kind == "expired":
            return RawResponse(403, [JSON], b'{"error":"the address has expired"}')
        if fault.kind == "redirect":
            query = b"?" + scope["query_string"] if scope["query_string"] else b""
            return RawResponse(307, [(b"location", origin(scope).encode("latin-1") + scope["raw_path"] + query)], b"")
        return None

    def _alter(self, said: RawResponse) -> RawResponse:
        if self._fault.kind == "malformed":
            return said._replace(body=said.body[: len(said.body) // 2] or b"{")
        if self._fault.kind == "content_type":
            headers = [header for header in said.headers if header[0] != b"content-type"]
            return said._replace(headers=[*headers, (b"content-type", b"text/html; charset=utf-8")])
        return said

    async def _deliver(self, said: RawResponse | None, connection: Connection, receive: Receive, send: Send) -> None:
        kind = self._fault.kind
        if kind in ("reset_before", "reset_after"):
            await connection.reset()
        elif said is None or kind == "hang":
            await self._world.hung_connections.hang(connection, receive)
        elif kind == "reset_during":
            await self._send_head(said, send)
            await connection.reset()
        elif kind == "truncate":
            await self._send_head(said, send)
            await _send_body(said.body[: len(said.body) // 2], send, more=bool(said.body))
            connection.close()
        elif kind == "slow":
            await self._send_slowly(said, connection, receive, send)
        elif kind != "latency" or await self._pass_time(self._fault.seconds or 0.0, connection, receive):
            await self._send_head(said, send)
            await _send_body(said.body, send)

    async def _send_slowly(self, said: RawResponse, connection: Connection, receive: Receive, send: Send) -> None:
        await self._send_head(said, send)
        size = ceil(len(said.body) / _PIECES) or 1
        for start in range(0, len(said.body), size):
            if not await self._pass_time((self._fault.seconds or 0.0) / _PIECES, connection, receive):
                return
            await _send_body(said.body[start : start + size], send, more=True)
        await _send_body(b"", send)

    async def _pass_time(self, seconds: float, connection: Connection, receive: Receive) -> bool:
        """Let simulated time go by; return whether the caller is still there.

        A clock that stands never holds a connection: there, the account's own time moves.
        """
        clock = self._world.clock
        if not clock.frozen:
            return await connection.wait(seconds / clock.speed, receive)
        await asyncio.sleep(0)
        if self._account is not None:
            with self._world.lock:
                self._account.advance(min(seconds, LATEST - self._account.offset))
        return True

    async def _send_head(self, said: RawResponse, send: Send) -> None:
        headers = [*said.headers, (FAULT_HEADER, self._fault.kind.encode())]
        if not any(name == b"content-length" for name, _ in said.headers):
            headers.append((b"content-length", b"%d" % len(said.body)))
        await send({"type": "http.response.start", "status": said.status, "headers": headers})

    def _journal(self, scope: Scope, asked: bytes, said: RawResponse | None) -> None:
        """Write down an exchange that no service has seen; status 0 is no answer at all."""
        world, account = self._world, self._account
        with world.lock:
            world.requests += 1
            now = world.clock.now() if account is None else account.now()
            status, response = (_NO_RESPONSE, b"") if said is None else (said.status, said.body)
            journal = world.anonymous_journal if account is None else account.journal
            query, headers = scope["query_string"], scope["headers"]
            entry = (
                scope["method"],
                self._target.path,
                query,
                headers,
                asked,
                status,
                response,
                None,
                self._fault.kind,
            )
            journal.add(world.requests, now, *entry)


def _gateway_error(fault: Fault) -> RawResponse:
    """Return the answer of a machine that stands before the vendor's."""
    status = fault.status or 500
    headers: RawHeaders = []
    if fault.retry_after is not None:
        headers.append((b"retry-after", b"%d" % ceil(fault.retry_after)))
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Error"
    if fault.body == "html":
        page = f"<html><head><title>{status} {phrase}</title></head><body><h1>{status} {phrase}</h1></body></html>"
        return RawResponse(status, [*headers, (b"content-type", b"text/html; charset=utf-8")], page.encode())
    if fault.body == "json":
        return RawResponse(status, [*headers, JSON], f'{{"error":"{phrase}"}}'.encode())
    return RawResponse(status, headers, b"")


async def run_app(
    app: Callable[[Scope, Receive, Send], Awaitable[None]], scope: Scope, receive: Receive
) -> RawResponse | None:
    """Let *app* do its work, and return its answer; None means that the caller went away before."""
    sent: list[Any] = []

    async def keep(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, keep)
    if not sent:
        return None
    keeps = scope["method"] == "HEAD"  # whose length is that of a body that is not there
    headers = [header for header in sent[0].get("headers", ()) if keeps or header[0] != b"content-length"]
    return RawResponse(sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))


async def _read_body(receive: Receive) -> bytes | None:
    """Return the body of a request, or None if the caller went away within it."""
    pieces = []
    while (message := await receive())["type"] != "http.disconnect":
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)
    return None


async def _send_body(body: bytes, send: Send, *, more: bool = False) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})
