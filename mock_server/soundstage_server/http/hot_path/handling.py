"""Handling a request for a vendor's route: service, state file and journal, under the world's lock.

The lock spans all three: the journal's numbers are in the order of the work, and no response is sent before what it
promises is written. The ASGI path writes each request by itself. The direct path writes all requests of one iteration
of the event loop in one transaction and sends their responses after it, since a commit costs more than a request.
"""

from __future__ import annotations

from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from soundstage_server.http.fault_injection import FAULT_KEY
from soundstage_server.http.hot_path.direct import Handled
from soundstage_server.model.clock import PACE_HEADER
from soundstage_server.model.credentials import ACCOUNT_HEADER
from soundstage_server.model.faults import FAULT_HEADER
from soundstage_server.model.messages import JSON, Request, Response, json_response
from soundstage_server.world.snapshot import StateError

if TYPE_CHECKING:
    from soundstage_server.http.routing import RouteMatch
    from soundstage_server.model.account import Account
    from soundstage_server.model.asgi import Scope
    from soundstage_server.model.journal import Journal
    from soundstage_server.world.world import World

_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}
_ORDINARY: Final = [JSON]

EARLY: Final = "callback_early"
"""The fault of a response that waits until a callback has overtaken it."""


class Unsaved:
    """A response that is sent after the next commit, which replaces it if it fails.

    Attributes:
        response: The response.
    """

    __slots__ = ("_number", "_request", "_second", "_world", "response")

    def __init__(self, response: Response, request: Request, second: int, world: World) -> None:
        self.response = response
        self._request = request
        self._second = second
        self._world = world
        self._number = world.requests

    @property
    def content(self) -> bytes:
        """The response as it is sent."""
        return _render(self.response, self._second, self._world.clock.pace, self._request.caller)

    def fail(self, error: StateError) -> None:
        """Replace the response by that of a request that could not be saved, also in the journal."""
        self.response = failed = _unsaved(error)
        world, caller = self._world, self._request.caller
        entry = _journal_of(world, caller).remove(self._number)
        # An account that the file does not contain is gone, and its journal with it.
        kept = self._request.caller = None if caller is not None and not world.is_account(caller.name) else caller
        if entry is not None:
            _journal_of(world, kept).add(*entry[:7], failed.status, failed.body, None, entry.fault)


class RequestHandler:
    """Handles requests for the routes of a world's vendors."""

    def __init__(self, world: World) -> None:
        self._world = world

    def handle(self, place: RouteMatch, scope: Scope, body: bytes) -> tuple[Response, Account | None]:
        """Handle a request, and return its response, which may be sent at once, and the caller's account."""
        world, request = self._world, Request(scope, body, place.mount, place.values)
        with world.lock:
            # This request may show what others have changed that wait for a commit, or fail and be undone.
            world.persistence.commit()
            # With a state file, a request that cannot be saved must leave nothing in memory either.
            known = -1 if world.persistence.file is None else world.account_count
            try:
                response = _respond(place, request)
                if known >= 0:
                    world.persistence.save_request(world.accounts_of_request(request.caller, known))
            except Exception as error:  # noqa: BLE001 - whatever fails, its changes are undone; then it is raised again
                response = self._undo(request, known, error)
            if request.hold is not None:
                response = _held(response, request)
            second = self._journal(place, request, response)
            world.retention.sweep_if_due()
        return _dated(response, second, world.clock.pace, request.caller), request.caller

    def handle_directly(
        self, place: RouteMatch, scope: Scope, headers: dict[bytes, bytes], body: bytes
    ) -> bytes | Unsaved | Handled | None:
        """Handle a request, and return its response as it is sent; None if only the ASGI path can handle it."""
        world, request = self._world, Request(scope, body, place.mount, place.values, headers)
        if world.faults.active:
            return None
        with world.lock:
            persistence = world.persistence
            known = -1 if persistence.file is None else world.account_count
            try:
                response = _respond(place, request)
            except Exception as error:  # noqa: BLE001 - its changes are undone; then the ASGI path raises it again
                if known >= 0:
                    failure = StateError(f"a request of the same moment failed ({error!r}); nothing was changed")
                    persistence.undo(failure, world.accounts_of_request(request.caller, known))
                return Handled(error=error)
            if request.hold is not None:
                response = _held(response, request)
            second = self._journal(place, request, response)
            waits = response.media is not None or (response.until is not None and not world.clock.frozen)
            waits = waits or response.hold is not None
            unsaved = None
            if known >= 0:
                unsaved = Unsaved(response, request, second, world)
                persistence.save_later(world.accounts_of_request(request.caller, known), unsaved.fail)
            if waits and unsaved is not None:
                persistence.commit()
                response = unsaved.response
            world.retention.sweep_if_due()
        if waits:
            return Handled(_dated(response, second, world.clock.pace, request.caller), request.caller)
        return unsaved or _render(response, second, world.clock.pace, request.caller)

    def commit(self) -> None:
        """Write what requests have changed whose responses wait for it; those of unsaved requests are replaced."""
        if self._world.persistence.is_waiting:
            with self._world.lock:
                self._world.persistence.commit()

    def _undo(self, request: Request, known: int, error: Exception) -> Response:
        """Undo a request that failed, and return its response; an error that is not one of saving is raised again."""
        world = self._world
        if known >= 0:
            world.persistence.revert(world.accounts_of_request(request.caller, known))
        if not isinstance(error, StateError):
            raise error
        # An account that the file does not contain is gone, and its journal with it.
        if request.caller is not None and not world.is_account(request.caller.name):
            request.caller = None
        return _unsaved(error)

    def _journal(self, place: RouteMatch, request: Request, response: Response) -> int:
        """Journal an exchange, and return the second of the caller's time that its response is dated with."""
        world, scope = self._world, request.scope
        world.requests += 1
        now = request.now or world.clock.now()
        # A route without parameters has the same string for every request: the journal stores a reference.
        path = request.path if place.route is None or place.values else place.route.path
        _journal_of(world, request.caller).add(
            world.requests,
            now,
            scope["method"],
            path,
            scope["query_string"],
            scope["headers"],
            request.body,
            response.status,
            response.body,
            response.fact,
            scope.get(FAULT_KEY) or (None if response.hold is None else EARLY),
        )
        return int(now)


def _respond(place: RouteMatch, request: Request) -> Response:
    service, route = place.service, place.route
    return service.unknown_route(request, place.allowed) if route is None else service.respond(route, request)


def _held(response: Response, request: Request) -> Response:
    """Return *response* with what *request* waits for, which a header names."""
    return response._replace(hold=request.hold, headers=[*response.headers, (FAULT_HEADER, EARLY.encode())])


def _journal_of(world: World, caller: Account | None) -> Journal:
    return world.anonymous_journal if caller is None else caller.journal


def _unsaved(error: StateError) -> Response:
    return json_response({"error": str(error)}, 500)


def _dated(response: Response, second: int, pace: float, caller: Account | None) -> Response:
    own = [(b"date", _date(second))]
    if pace != 1:
        own.append((PACE_HEADER, b"%g" % pace))
    if caller is not None:
        own.append((ACCOUNT_HEADER, caller.name.encode()))
    return response._replace(headers=[*response.headers, *own])


def _render(response: Response, second: int, pace: float, caller: Account | None) -> bytes:
    """Return *response* as uvicorn sends it."""
    body, account = response.body, b""
    if caller is not None:
        account = b"%b: %b\r\n" % (ACCOUNT_HEADER, caller.name.encode())
    if response.headers == _ORDINARY:
        return b"%b%bcontent-length: %d\r\n\r\n%b" % (
            _ordinary_head(response.status, second, pace),
            account,
            len(body),
            body,
        )
    lines = b"".join([b"%b: %b\r\n" % header for header in response.headers])
    line, own = _status_line(response.status), _own_lines(second, pace)
    return b"%b%b%b%bcontent-length: %d\r\n\r\n%b" % (line, lines, own, account, len(body), body)


@lru_cache(maxsize=256)
def _ordinary_head(status: int, second: int, pace: float) -> bytes:
    """Return the head of a JSON response up to its account and length."""
    name, value = JSON
    return b"%b%b: %b\r\n%b" % (_status_line(status), name, value, _own_lines(second, pace))


def _own_lines(second: int, pace: float) -> bytes:
    """Return the header lines that the responses of every account have."""
    lines = b"date: %b\r\n" % _date(second)
    return lines if pace == 1 else lines + b"%b: %g\r\n" % (PACE_HEADER, pace)


def _status_line(status: int) -> bytes:
    return f"HTTP/1.1 {status} {_PHRASES.get(status, '')}\r\n".encode()


@lru_cache(maxsize=64)
def _date(second: int) -> bytes:
    """Return the Date header for the caller's time; cached, as formatting is slow and most requests share one."""
    return formatdate(second, usegmt=True).encode()
