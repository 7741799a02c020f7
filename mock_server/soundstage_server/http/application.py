"""The simulator as an ASGI application: create and poll on a hot path of plain ASGI, the rest by FastAPI.

A request is routed by its path, handled by a vendor's service under the world's lock, journaled and sent. Everything
else (the control API and the vendors' pages) goes to the FastAPI application, which is built when it is first needed:
importing FastAPI takes most of a server's start.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from soundstage_server.http import health
from soundstage_server.http.access_guard import ControlGuard
from soundstage_server.http.connection import CONNECTION, UnreachableConnection
from soundstage_server.http.fault_injection import FAULT_KEY, FaultedExchange
from soundstage_server.http.hot_path.direct import HANDLED, DirectPath
from soundstage_server.http.hot_path.handling import RequestHandler
from soundstage_server.http.inspector.files import is_page_path, page_file
from soundstage_server.http.request_body import DISCONNECT, MAX_BODY, BodyTooLargeError, read_body
from soundstage_server.http.routing import Routes
from soundstage_server.kit import results
from soundstage_server.model.asgi import CONTROL
from soundstage_server.model.credentials import ACCOUNT_HEADER
from soundstage_server.model.faults import FaultTarget
from soundstage_server.model.messages import Response, json_response
from soundstage_server.world.callbacks.sending import TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from concurrent.futures import Future

    from fastapi import FastAPI

    from soundstage_server.http.hot_path.direct import Handled
    from soundstage_server.http.routing import RouteMatch
    from soundstage_server.model.account import Account
    from soundstage_server.model.asgi import Receive, Scope, Send
    from soundstage_server.world.world import World

_REFUSED: Final = 400
_TOO_LARGE: Final = 413
_HOLD_SECONDS: Final = 2 * TIMEOUT
"""Real seconds that a response waits for a callback at most: its receiver's time, and as much for those before it."""
_CLOCK_CHECK_SECONDS: Final = 0.25
"""Real seconds after which a delayed response checks whether time was moved meanwhile."""


class Simulator:
    """One world as an ASGI application.

    Args:
        world: The state; several applications may share one.
        guard: Decides which requests may use the control API; by default those that come from no foreign web page.
        max_body: The most bytes that the body of a request to a vendor may have.
        page: Whether ``/`` is the inspector; if not, it redirects to the API pages.
        stopping: Whether the server is about to stop, so that responses without an end have to end.
    """

    def __init__(
        self,
        world: World,
        *,
        guard: ControlGuard | None = None,
        max_body: int = MAX_BODY,
        page: bool = True,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.world = world
        self._page = page
        self._stopping = stopping
        self._guard = guard or ControlGuard(world)
        self._max_body = max_body
        self._routes = Routes(world.services)
        self._handler = RequestHandler(world)
        self.direct = DirectPath(self._routes.find, self._handler.handle_directly, max_body)
        self.commit = self._handler.commit
        self._pages: FastAPI | None = None
        self._building = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI scope."""
        if scope["type"] == "lifespan":
            await _run_lifespan(receive, send)
            return
        # The key marks a request that a faulted exchange passes on: it must not meet the same fault again.
        if self.world.faults.active and FAULT_KEY not in scope and (struck := self._take_fault(scope)):
            try:
                await struck.run(self, scope, receive, send)
            except BodyTooLargeError as error:
                await self._refuse(scope, _TOO_LARGE, {"error": str(error)}, send)
            return
        if (handled := scope.get(HANDLED)) is not None:
            await self._send_handled(handled, scope, receive, send)
            return
        # The hot path: nothing before this line but two checks, and no FastAPI after it.
        place = self._routes.find(scope)
        if place is None:
            await self._respond_elsewhere(scope, receive, send)
            return
        message = await receive()
        # A body that fits one message is the rule, and needs neither a list nor a join.
        body: bytes | None = message.get("body", b"")
        if message.get("more_body") or message["type"] == DISCONNECT or len(body or b"") > self._max_body:
            body = await self._read_body(message, scope, receive, send)
        if body is not None:
            await self._respond(place, scope, body, receive, send)

    async def _respond(self, place: RouteMatch, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        """Handle a request, and send its response."""
        response, caller = self._handler.handle(place, scope, body)
        await self._deliver(response, caller, scope, receive, send)

    async def _send_handled(self, handled: Handled, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response of a request that the direct path has handled, or raise its error."""
        if handled.error is not None:
            raise handled.error
        await self._deliver(handled.response, handled.caller, scope, receive, send)

    async def _deliver(
        self, response: Response, caller: Account | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Send a response when its time has come."""
        if response.hold is not None:
            await _wait_for(response.hold)
        if response.until is not None and not await self._wait_until(caller, response.until, scope, receive):
            return
        if response.media is None:
            await _send_response(response, send)
        else:
            await results.send_media(self.world, response.media, scope, receive, send, headers=response.headers)

    async def _wait_until(self, caller: Account | None, until: float, scope: Scope, receive: Receive) -> bool:
        """Wait until *caller*'s time is *until*, if it moves by itself; return whether the caller is still connected.

        The wait is divided: a test may move the time, or change the clock, while a response waits.
        """
        clock, now = self.world.clock, self.world.clock.now if caller is None else caller.now
        connection = scope.get("state", {}).get(CONNECTION) or UnreachableConnection()
        while not clock.frozen and (left := until - now()) > 0:
            if not await connection.wait(min(left / clock.speed, _CLOCK_CHECK_SECONDS), receive):
                return False
        return True

    async def _respond_elsewhere(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to a request that is for no vendor's route: for a page, a result, or an unknown address."""
        slug, mount, rest = self._routes.address(scope)
        if self._routes.is_page(slug, f"/{slug}{rest}" if mount == "" else scope["path"]):
            await self._respond_with_page(scope, receive, send)
        elif slug in self.world.services:
            await self._result(slug, rest, scope, receive, send)
        else:
            await self._refuse(scope, 404, {"detail": self._routes.explain(scope["path"])}, send)

    async def _respond_with_page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the FastAPI application; its routes write what they change, as Python's methods do."""
        if self._page and is_page_path(scope["path"]) and scope["method"] in ("GET", "HEAD"):
            # Before the guard: a browser cannot send the control token with a page, and the files contain no data.
            await _send_response(page_file(scope["path"]), send)
            return
        if scope["path"].startswith(CONTROL):
            if scope["path"] == health.PATH and scope["method"] in ("GET", "HEAD"):
                await _send_response(json_response(health.health(self.world)), send)
                return
            if refused := self._guard.refusal(scope):
                await _send_response(json_response({"detail": refused.detail}, refused.status), send)
                return
        if scope["method"] == "HEAD":
            # The server sends no body for HEAD; FastAPI's routes for GET know nothing of it.
            scope = {**scope, "method": "GET"}
        await (await self.pages())(scope, receive, send)

    async def _read_body(
        self, message: MutableMapping[str, Any], scope: Scope, receive: Receive, send: Send
    ) -> bytes | None:
        """Return the body of a request, or None if the caller disconnected, or if it is too large, which is refused."""
        try:
            return await read_body(message, receive, self._max_body)
        except BodyTooLargeError as error:
            await self._refuse(scope, _TOO_LARGE, {"error": str(error)}, send)
            return None

    async def _refuse(self, scope: Scope, status: int, body: object, send: Send) -> None:
        """Refuse a request that no vendor sees, and journal it: a test looks there for the request that it misses."""
        world, refused = self.world, json_response(body, status)
        with world.lock:
            world.requests += 1
            exchange = (scope["method"], scope["path"], scope["query_string"], scope["headers"], b"")
            world.anonymous_journal.add(
                world.requests, world.clock.now(), *exchange, status, refused.body, None, scope.get(FAULT_KEY)
            )
        if status == _TOO_LARGE:
            # The rest of the body is not read, so the connection cannot be used again.
            refused = refused._replace(headers=[*refused.headers, (b"connection", b"close")])
        await _send_response(refused, send)

    def _take_fault(self, scope: Scope) -> FaultedExchange | None:
        """Return the faulted exchange of a request, or None if no fault applies."""
        slug, _, path = self._routes.address(scope)
        world = self.world
        if slug not in world.services:
            return None
        with world.lock:
            task = results.find_task(world, slug, path)
            account = task.account.name if task else world.services[slug].claimed_account(scope)
            target = FaultTarget(slug, scope["method"], path, account, results.is_result_path(path))
            fault = world.faults.take_match(target)
            # A fault may match an account that does not exist yet; looking it up must not create it.
            known = world.account_by_name(account) if account is not None and world.is_account(account) else None
        return FaultedExchange(fault, target, world, known, self._max_body) if fault else None

    async def _result(self, slug: str, rest: str, scope: Scope, receive: Receive, send: Send) -> None:
        address = rest.removeprefix(f"/{results.SEGMENT}/")
        with self.world.lock:
            found = results.lookup(self.world, slug, scope["method"], address, scope["query_string"])
            task = results.find_task(self.world, slug, rest)
        is_refused = isinstance(found, Response) and found.status >= _REFUSED
        # A guessed address must not reveal whose task it names.
        own = [(ACCOUNT_HEADER, task.account.name.encode())] if task and not is_refused else []
        if isinstance(found, Response):
            await _send_response(found._replace(headers=[*found.headers, *own]), send)
            return
        await results.send_media(self.world, found, scope, receive, send, headers=own)

    async def pages(self) -> FastAPI:
        """Return the FastAPI application, built off the event loop when it is first needed."""
        async with self._building:
            # In a thread: importing FastAPI on the loop would stop every other request for its duration.
            if self._pages is None:
                self._pages = await asyncio.to_thread(self._build)
            return self._pages

    def _build(self) -> FastAPI:
        from soundstage_server.http.pages import build

        return build(self.world, self._stopping)


async def _run_lifespan(receive: Receive, send: Send) -> None:
    """Acknowledge the server's startup and shutdown; a world needs neither."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _wait_for(hold: Future[None]) -> None:
    """Wait for the end of a callback that is to overtake a response, but not for ever."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_HOLD_SECONDS):
            await asyncio.wrap_future(hold)


async def _send_response(response: Response, send: Send) -> None:
    status, content, headers, *_ = response
    # The list was made for this response, so it may be changed.
    headers.append((b"content-length", b"%d" % len(content)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
