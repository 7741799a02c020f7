"""Fault injection: how a fault replaces or damages an exchange.

Where the work is done, the application's response is taken whole and damaged on its way out, so that what was done,
charged and journaled is exactly the same as without the fault.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from math import ceil
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from soundstage_server.http.connection import CONNECTION, UnreachableConnection
from soundstage_server.http.request_body import MAX_BODY, read_body
from soundstage_server.model.asgi import origin
from soundstage_server.model.clock import LATEST, PACE_HEADER
from soundstage_server.model.credentials import ACCOUNT_HEADER
from soundstage_server.model.faults import FAULT_HEADER
from soundstage_server.model.messages import JSON

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from soundstage_server.model.account import Account
    from soundstage_server.model.asgi import RawHeaders, Receive, Scope, Send
    from soundstage_server.model.faults import Fault, FaultTarget
    from soundstage_server.world.hung_connections import Connection
    from soundstage_server.world.world import World

FAULT_KEY: Final = "soundstage.fault"
"""The key in the ASGI scope under which a request has its fault; the journal records the value."""

_UNDONE: Final = frozenset({"status", "redirect", "expired", "reset_before", "hang"})
_PIECES: Final = 16
_NO_RESPONSE: Final = 0


class RawResponse(NamedTuple):
    """A response: its status, its headers without Content-Length, and its body."""

    status: int
    headers: RawHeaders
    body: bytes


class FaultedExchange:
    """One exchange with a fault.

    Args:
        fault: What goes wrong.
        target: The request, as faults match it.
        world: The world, whose journal and clock are used.
        account: The account that it concerns, if it exists.
        max_body: The most bytes that the request's body may have.
    """

    def __init__(
        self, fault: Fault, target: FaultTarget, world: World, account: Account | None, max_body: int = MAX_BODY
    ) -> None:
        self._max_body = max_body
        self._fault = fault
        self._target = target
        self._world = world
        self._account = account

    async def run(
        self, app: Callable[[Scope, Receive, Send], Awaitable[None]], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Respond to the request with the fault; *app* does the work where it is done at all."""
        fault = self._fault
        replacement = self._replacement(scope)
        # No service sees the request, so it is journaled here; otherwise the application journals it, with the fault.
        if fault.kind in _UNDONE and not fault.done:
            body = await read_body(await receive(), receive, self._max_body)
            if body is None:
                return
            self._journal(scope, body, replacement)
            response = replacement
        else:
            done = await run_app(app, {**scope, FAULT_KEY: fault.kind}, receive)
            if done is None:
                return
            response = replacement or self._alter(done)
        connection = scope.get("state", {}).get(CONNECTION) or UnreachableConnection()
        await self._deliver(response, connection, receive, send)

    def _replacement(self, scope: Scope) -> RawResponse | None:
        """Return the response that replaces the vendor's, or None if the vendor's is sent."""
        fault = self._fault
        if fault.kind == "status":
            return _gateway_error(fault)
        if fault.kind == "expired":
            return RawResponse(403, [JSON], b'{"error":"the address has expired"}')
        if fault.kind == "redirect":
            query = b"?" + scope["query_string"] if scope["query_string"] else b""
            return RawResponse(307, [(b"location", origin(scope).encode("latin-1") + scope["raw_path"] + query)], b"")
        return None

    def _alter(self, response: RawResponse) -> RawResponse:
        if self._fault.kind == "malformed":
            return response._replace(body=response.body[: len(response.body) // 2] or b"{")
        if self._fault.kind == "content_type":
            headers = [header for header in response.headers if header[0] != b"content-type"]
            return response._replace(headers=[*headers, (b"content-type", b"text/html; charset=utf-8")])
        return response

    async def _deliver(
        self, response: RawResponse | None, connection: Connection, receive: Receive, send: Send
    ) -> None:
        kind = self._fault.kind
        if kind in ("reset_before", "reset_after"):
            await connection.reset()
        elif response is None or kind == "hang":
            await self._world.hung_connections.hang(connection, receive)
        elif kind == "reset_during":
            await self._send_head(response, send)
            await connection.reset()
        elif kind == "truncate":
            await self._send_head(response, send)
            # The head has the full length: with more_body, the server waits for the rest, which never comes.
            await _send_body(response.body[: len(response.body) // 2], send, more=bool(response.body))
            connection.close()
        elif kind == "slow":
            await self._send_slowly(response, connection, receive, send)
        elif kind != "latency" or await self._pass_time(self._fault.seconds or 0.0, connection, receive):
            await self._send_head(response, send)
            await _send_body(response.body, send)

    async def _send_slowly(self, response: RawResponse, connection: Connection, receive: Receive, send: Send) -> None:
        await self._send_head(response, send)
        size = ceil(len(response.body) / _PIECES) or 1
        for start in range(0, len(response.body), size):
            if not await self._pass_time((self._fault.seconds or 0.0) / _PIECES, connection, receive):
                return
            await _send_body(response.body[start : start + size], send, more=True)
        await _send_body(b"", send)

    async def _pass_time(self, seconds: float, connection: Connection, receive: Receive) -> bool:
        """Let simulated time pass; return whether the caller is still connected.

        A frozen clock never delays a connection: the account's own time moves instead.
        """
        clock = self._world.clock
        if not clock.frozen:
            return await connection.wait(seconds / clock.speed, receive)
        # Other requests of the loop run in between, as they would during a real wait.
        await asyncio.sleep(0)
        if self._account is not None:
            with self._world.lock:
                self._account.advance(min(seconds, LATEST - self._account.offset))
        return True

    async def _send_head(self, response: RawResponse, send: Send) -> None:
        headers = [*response.headers, (FAULT_HEADER, self._fault.kind.encode())]
        if not any(name == b"content-length" for name, _ in response.headers):
            headers.append((b"content-length", b"%d" % len(response.body)))
        # A program pauses before it asks again, also after an injected fault.
        if (pace := self._world.clock.pace) != 1 and not any(name == PACE_HEADER for name, _ in headers):
            headers.append((PACE_HEADER, b"%g" % pace))
        if self._account is not None and not any(name == ACCOUNT_HEADER for name, _ in headers):
            headers.append((ACCOUNT_HEADER, self._account.name.encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})

    def _journal(self, scope: Scope, body: bytes, response: RawResponse | None) -> None:
        """Journal an exchange that no service has seen; status 0 means that there was no response."""
        world, account = self._world, self._account
        with world.lock:
            world.requests += 1
            now = world.clock.now() if account is None else account.now()
            status, content = (_NO_RESPONSE, b"") if response is None else (response.status, response.body)
            journal = world.anonymous_journal if account is None else account.journal
            query, headers = scope["query_string"], scope["headers"]
            exchange = (scope["method"], self._target.path, query, headers, body, status, content)
            journal.add(world.requests, now, *exchange, None, self._fault.kind)


def _gateway_error(fault: Fault) -> RawResponse:
    """Return the response of a gateway in front of the vendor."""
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
    """Run *app*, and return its response; None means that the caller disconnected before."""
    sent: list[Any] = []

    async def keep(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, keep)
    if not sent:
        return None
    # The length is computed again after the damage; for HEAD it is that of a body that is not sent, and stays.
    is_head = scope["method"] == "HEAD"
    headers = [header for header in sent[0].get("headers", ()) if is_head or header[0] != b"content-length"]
    return RawResponse(sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))


async def _send_body(body: bytes, send: Send, *, more: bool = False) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})
