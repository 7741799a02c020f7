"""The simulator as an ASGI application: create and poll on a hot path of plain ASGI, the rest by FastAPI.

A request is routed by its path, handled by a vendor's service under the world's lock, journaled and sent. Everything
else (the control API and the vendors' pages) goes to the FastAPI application, which is built when it is first needed:
importing FastAPI takes most of a server's start.
"""

from __future__ import annotations

import asyncio
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from soundstage_server.http.connection import CONNECTION, UnreachableConnection
from soundstage_server.http.fault_injection import FAULT_KEY, FaultedExchange
from soundstage_server.kit import results
from soundstage_server.model.asgi import CONTROL, origin
from soundstage_server.model.faults import FaultTarget
from soundstage_server.model.messages import Request, Response, Route, json_response
from soundstage_server.world.snapshot import StateError

if TYPE_CHECKING:
    import re
    from collections.abc import MutableMapping

    from fastapi import FastAPI

    from soundstage_server.model.account import Account
    from soundstage_server.model.asgi import Receive, Scope, Send
    from soundstage_server.world.vendor_service import VendorService
    from soundstage_server.world.world import World

_PAGES: Final = ("docs", "redoc", "openapi.json", "static-offline-docs")
_DISCONNECT: Final = "http.disconnect"
_CLOCK_CHECK_SECONDS: Final = 0.25
"""Real seconds after which a delayed response checks whether time was moved meanwhile."""


class _RouteMatch(NamedTuple):
    """The target of a request: a service, its route, the prefix before the vendor's path, the path's values.

    The route is None where no route matches; *allowed* are then the methods that the path would take.
    """

    service: VendorService
    route: Route | None
    mount: str
    values: dict[str, str]
    allowed: tuple[str, ...] = ()


class Simulator:
    """One world as an ASGI application.

    Args:
        world: The state; several applications may share one.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        # Most routes have no parameters: two dictionary lookups find them, where patterns would be tried in turn.
        self._exact: dict[str, dict[str, _RouteMatch]] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], Route]]] = {}
        self._hosts: dict[str, str] = {}
        self._pages: FastAPI | None = None
        self._building = asyncio.Lock()
        self._date = (0, b"")
        for slug, service in world.services.items():
            self._hosts.update((host, slug) for host in service.hosts)
            patterns = self._patterns.setdefault(slug, [])
            for route in service.routes():
                if "{" in route.path:
                    patterns.append((route.pattern(), route))
                else:
                    place = _RouteMatch(service, route, f"/{slug}", {})
                    self._exact.setdefault(f"/{slug}{route.path}", {})[route.method] = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI scope."""
        if scope["type"] == "lifespan":
            await _run_lifespan(receive, send)
            return
        # The key marks a request that a faulted exchange passes on: it must not meet the same fault again.
        if self.world.faults.active and FAULT_KEY not in scope and (struck := self._take_fault(scope)):
            await struck.run(self, scope, receive, send)
            return
        # The hot path: nothing before this line but the check for faults, and no FastAPI after it.
        methods = self._exact.get(scope["path"])
        place = methods.get(scope["method"]) if methods else None
        if place is None:
            await self._respond_elsewhere(scope, receive, send)
            return
        message = await receive()
        # A body that fits one message is the rule, and needs neither a list nor a join.
        body: bytes | None = message.get("body", b"")
        if message.get("more_body") or message["type"] == _DISCONNECT:
            body = await _read_rest(message, receive)
        if body is not None:
            await self._respond(place, scope, body, receive, send)

    async def _respond(self, place: _RouteMatch, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        """Run a service, and send its response when its time has come."""
        response, caller = self._run_service(place, scope, body)
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

    def _run_service(self, place: _RouteMatch, scope: Scope, body: bytes) -> tuple[Response, Account | None]:
        """Run a service, journal the exchange, and return the response and the caller's account.

        The lock spans handling, journal and state file: the journal's numbers are in the order of the work, and no
        response is sent before what it promises is written.
        """
        service, route, mount, values, allowed = place
        world = self.world
        request = Request(scope, body, mount, values)
        with world.lock:
            # With a state file, a request that cannot be saved must leave nothing in memory either.
            known = -1 if world.persistence.file is None else world.account_count
            try:
                response = service.unknown_route(request, allowed) if route is None else service.respond(route, request)
                if known >= 0:
                    world.persistence.save_request(world.accounts_of_request(request.caller, known))
            except Exception as error:  # noqa: BLE001 - whatever fails, its changes are undone; then it is raised again
                response = self._undo(request, known, error)
            status, content, headers, fact, medium, until = response
            caller = request.caller
            world.requests += 1
            now = request.now or world.clock.now()
            journal = world.anonymous_journal if caller is None else caller.journal
            # A route without parameters has the same string for every request: the journal stores a reference.
            path = request.path if route is None or values else route.path
            query, request_headers = scope["query_string"], scope["headers"]
            fault = scope.get(FAULT_KEY)
            journal.add(
                world.requests, now, scope["method"], path, query, request_headers, body, status, content, fact, fault
            )
        dated = [*headers, (b"date", self._date_at(int(now)))]
        return Response(status, content, dated, fact, medium, until), caller

    def _undo(self, request: Request, known: int, error: Exception) -> Response:
        """Undo a request that failed, and return its response; an error that is not one of saving is raised again."""
        world = self.world
        if known >= 0:
            world.persistence.revert(world.accounts_of_request(request.caller, known))
        if not isinstance(error, StateError):
            raise error
        # An account that the file does not contain is gone, and its journal with it.
        if request.caller is not None and not world.is_account(request.caller.name):
            request.caller = None
        return json_response({"error": str(error)}, 500)

    async def _respond_elsewhere(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route a request whose path is not one of the fixed ones: pages, results, patterns, hosts, unknown routes."""
        slug, mount, rest = self._address(scope)
        if slug not in self.world.services or rest.removeprefix("/").partition("/")[0] in _PAGES:
            await self._respond_with_page(scope, receive, send)
            return
        if results.is_result_path(rest):
            await self._result(slug, rest, scope, receive, send)
            return
        body = await _read_rest(await receive(), receive)
        if body is not None:
            await self._respond(self._match_route(slug, mount, rest, scope["method"]), scope, body, receive, send)

    async def _respond_with_page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the FastAPI application; what it has changed is written before its response is sent."""
        if self.world.persistence.file is not None:
            from soundstage_server.world.state_file import save_before_response

            send = save_before_response(self.world.save, send)
        await (await self.pages())(scope, receive, send)

    def _address(self, scope: Scope) -> tuple[str, str, str]:
        """Return a request's vendor, the prefix before the vendor's path, and that path."""
        path: str = scope["path"]
        host = origin(scope).partition("://")[2].partition(":")[0]
        slug = self._hosts.get(host.lower())
        if slug is not None and not path.startswith(CONTROL):
            return slug, "", path
        slug, _, tail = path[1:].partition("/")
        return slug, f"/{slug}", f"/{tail}"

    def _take_fault(self, scope: Scope) -> FaultedExchange | None:
        """Return the faulted exchange of a request, or None if no fault applies."""
        slug, _, path = self._address(scope)
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
        return FaultedExchange(fault, target, world, known) if fault else None

    def _match_route(self, slug: str, mount: str, path: str, method: str) -> _RouteMatch:
        methods = self._exact.get(f"/{slug}{path}", {})
        if method in methods:
            return methods[method]._replace(mount=mount)
        service = self.world.services[slug]
        allowed = list(methods)
        for pattern, route in self._patterns[slug]:
            match = pattern.fullmatch(path)
            if match and route.method == method:
                return _RouteMatch(service, route, mount, match.groupdict())
            if match:
                allowed.append(route.method)
        return _RouteMatch(service, None, mount, {}, tuple(dict.fromkeys(allowed)))

    def _date_at(self, second: int) -> bytes:
        """Return the Date header for the caller's time, cached: formatting is slow, most requests share one."""
        if second != self._date[0]:
            self._date = (second, formatdate(second, usegmt=True).encode())
        return self._date[1]

    async def _result(self, slug: str, rest: str, scope: Scope, receive: Receive, send: Send) -> None:
        address = rest.removeprefix(f"/{results.SEGMENT}/")
        with self.world.lock:
            found = results.lookup(self.world, slug, scope["method"], address, scope["query_string"])
        if not isinstance(found, Response):
            await results.send_media(self.world, found, scope, receive, send)
            return
        await _send_response(found, send)

    async def pages(self) -> FastAPI:
        """Return the FastAPI application, built off the event loop when it is first needed."""
        async with self._building:
            # In a thread: importing FastAPI on the loop would stop every other request for its duration.
            if self._pages is None:
                self._pages = await asyncio.to_thread(self._build)
            return self._pages

    def _build(self) -> FastAPI:
        from soundstage_server.http.pages import build

        return build(self.world)


async def _read_rest(message: MutableMapping[str, Any], receive: Receive) -> bytes | None:
    """Return a body that comes in several messages, or None if the caller disconnected: half a request is dropped."""
    pieces = []
    while message["type"] != _DISCONNECT:
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)
        message = await receive()
    return None


async def _run_lifespan(receive: Receive, send: Send) -> None:
    """Acknowledge the server's startup and shutdown; a world needs neither."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _send_response(response: Response, send: Send) -> None:
    status, content, headers, *_ = response
    # The list was made for this response, so it may be changed.
    headers.append((b"content-length", b"%d" % len(content)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
