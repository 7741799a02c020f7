"""The direct path: ordinary requests that arrive whole are answered within the call that receives their bytes.

Parsing a head anew and passing a request through ASGI cost more than handling most requests. A client repeats its
headers, so a block of headers that the parser has read once is recognized by its bytes, and its request is answered
without parser, task and coroutine. Everything unusual (another framing, an unknown route, a page, a fault, a response
that has to wait) takes the ASGI path, which also reads every block of headers first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstage_server.http.connection import LateBytes
    from soundstage_server.http.routing import RouteMatch
    from soundstage_server.model.asgi import RawHeaders, Scope

HANDLED: Final = "soundstage.handled"
"""The key in the ASGI scope of a request that was handled, but whose response the direct path cannot send."""

_MAX_BLOCK: Final = 4096
_MAX_BLOCKS: Final = 1024
_MAX_TARGETS: Final = 8192
# A subset of what is legal, without percent-encoding and query, whose path is read without any decoding.
_LINE: Final = re.compile(rb"(DELETE|GET|PATCH|POST|PUT) (/(?!/)[\w.~:/-]*) HTTP/1\.1\r\n")
# A request with one of these headers is not framed by its length alone, or wants more than one response.
_UNUSUAL: Final = frozenset({b"expect", b"transfer-encoding", b"upgrade"})


class Target(NamedTuple):
    """What a request line means: method and path, and the route that they lead to."""

    method: str
    path: str
    raw_path: bytes
    place: RouteMatch


class HeaderBlock(NamedTuple):
    """A block of headers: as the parser has read it, by name, and the length of the body that follows.

    The same request line may mean another vendor under another Host, so *targets* are those of this Host.
    """

    headers: RawHeaders
    by_name: dict[bytes, bytes]
    length: int
    targets: dict[bytes, Target]


class Handled(NamedTuple):
    """A request that was handled, with a response that has to wait or is a file; or with the error that it ended in."""

    response: Any = None
    caller: Any = None
    error: Exception | None = None


class DirectPath:
    """Recognizes and answers ordinary requests.

    Args:
        find: Returns the route of a scope, or None where the request is not one for a vendor's route.
        handle: Handles a request for a route: scope, headers by name, body. None leaves it to the ASGI path.
        max_body: The most bytes that a body may have.
    """

    def __init__(
        self,
        find: Callable[[Scope], RouteMatch | None],
        handle: Callable[[RouteMatch, Scope, dict[bytes, bytes], bytes], bytes | LateBytes | Handled | None],
        max_body: int,
    ) -> None:
        self._find = find
        self._handle = handle
        self._max_body = max_body
        self._blocks: dict[bytes, HeaderBlock] = {}
        self._targets: dict[bytes, dict[bytes, Target]] = {}

    def answer(self, data: bytes, connection: Scope) -> bytes | LateBytes | Handled | None:
        """Answer *data* if it is one whole, ordinary request; None leaves it to the ASGI path.

        Args:
            data: What a connection has received after a whole request, or at its start.
            connection: What the ASGI scopes of all requests on the connection contain.
        """
        start, end = data.find(b"\r\n") + 2, data.find(b"\r\n\r\n") + 4
        block = self._blocks.get(data[start:end])
        # Less than the body, or more than one request, is left to the parser, which can wait for the rest.
        if block is None or len(data) != end + block.length:
            return None
        target = block.targets.get(data[:start]) or self._read_line(data[:start], block, connection)
        if target is None:
            return None
        scope = _scope(connection, target.method, target.path, target.raw_path, block.headers)
        return self._handle(target.place, scope, block.by_name, data[end:])

    def learn(self, data: bytes, headers: RawHeaders) -> None:
        """Recognize the block of headers at the start of *data* from now on, which the parser has read as *headers*."""
        start, end = data.find(b"\r\n") + 2, data.find(b"\r\n\r\n") + 4
        block, by_name = data[start:end], dict(headers)
        length = by_name.get(b"content-length", b"0")
        if (
            len(block) > _MAX_BLOCK
            or len(by_name) != len(headers)
            # The parser accepts more than the plain reading, such as folded lines; only what both agree on is learned.
            or _read_plainly(block) != headers
            or not _UNUSUAL.isdisjoint(by_name)
            or by_name.get(b"connection", b"keep-alive").lower() != b"keep-alive"
            or not (length.isdigit() and int(length) <= self._max_body)
        ):
            return
        if len(self._blocks) >= _MAX_BLOCKS:
            # Forgotten and learned again: cheaper, on average, than to know which of them was used last.
            self._blocks.clear()
            self._targets.clear()
        targets = self._targets.setdefault(by_name[b"host"], {})
        self._blocks[block] = HeaderBlock(headers, by_name, int(length), targets)

    def _read_line(self, line: bytes, block: HeaderBlock, connection: Scope) -> Target | None:
        """Return what *line* means, and remember it; None if it is for no vendor's route."""
        match = _LINE.fullmatch(line)
        if match is None:
            return None
        method, raw_path = match[1].decode(), match[2]
        path = raw_path.decode()
        place = self._find(_scope(connection, method, path, raw_path, block.headers))
        if place is None or place.route is None:
            return None
        if sum(map(len, self._targets.values())) >= _MAX_TARGETS:
            for targets in self._targets.values():
                targets.clear()
        block.targets[line] = target = Target(method, path, raw_path, place)
        return target


def _scope(connection: Scope, method: str, path: str, raw_path: bytes, headers: RawHeaders) -> Scope:
    return {
        **connection,
        "method": method,
        "path": path,
        "raw_path": raw_path,
        "query_string": b"",
        "headers": headers,
    }


def _read_plainly(block: bytes) -> RawHeaders:
    """Return the headers in *block* by the plainest reading: one in each line, without the spaces around its value."""
    lines = (line.partition(b":") for line in block.removesuffix(b"\r\n\r\n").split(b"\r\n"))
    return [(name.lower(), value.strip(b" \t")) for name, _, value in lines]
