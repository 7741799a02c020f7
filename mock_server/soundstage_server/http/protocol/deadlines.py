"""Time limits of requests that are not sent to their end, and the quiet end of requests that are not answered in time.

uvicorn limits the time between two requests only: a head or a body that never ends would keep its connection for ever.
Nothing here runs for a request: connections are looked through once per second.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import h11

if TYPE_CHECKING:
    from collections.abc import Collection

HEAD_SECONDS: Final = 30.0
"""How long the head of a request may take, and a new connection until its first byte."""
BODY_SECONDS: Final = 300.0
"""How long the body of a request may take, after its head."""

Phase = Literal["head", "body"]
_SECONDS: Final[dict[Phase, float]] = {"head": HEAD_SECONDS, "body": BODY_SECONDS}
_QUIET: Final = logging.getLogger("soundstage_server.ended")
_QUIET.disabled = True


class Connection(Protocol):
    """What is needed of uvicorn's protocols."""

    cycle: Any
    transport: Any
    timeout_keep_alive_task: Any


class Deadlines:
    """Closes the connections of one server whose requests take too long to arrive.

    Args:
        connections: The server's connections, as uvicorn keeps them.
    """

    def __init__(self, connections: Collection[Any]) -> None:
        self._connections = connections
        self._since: dict[Connection, tuple[object, float]] = {}

    def check(self, now: float) -> None:
        """Close what has been at the same head or body for too long at the loop's time *now*."""
        since: dict[Connection, tuple[object, float]] = {}
        for connection in tuple(self._connections):
            phase = _phase(connection)
            if phase is None:
                continue
            # A cycle belongs to one request: another one is another head or body.
            what = (phase, id(connection.cycle))
            known, start = self._since.get(connection, (None, now))
            start = start if known == what else now
            if now - start >= _SECONDS[phase]:
                _time_out(connection, phase)
            else:
                since[connection] = (what, start)
        self._since = since


def _phase(connection: Connection) -> Phase | None:
    """Return what *connection* is waiting for from its client; None if it is no part of a request."""
    cycle, parser = connection.cycle, getattr(connection, "conn", None)
    if cycle is not None and cycle.more_body:
        return "body"
    if cycle is not None and not cycle.response_complete:
        return None
    if parser is not None:
        is_started = parser.their_state is h11.IDLE and bool(parser.trailing_data[0])
    else:
        is_started = getattr(connection, "has_partial_head", False)
    # Between two requests, uvicorn's own timer runs; before the first one, it does not.
    return "head" if is_started or connection.timeout_keep_alive_task is None else None


def _time_out(connection: Connection, phase: Phase) -> None:
    """Send HTTP 408, if no response was started, and close the connection."""
    if connection.cycle is None or not connection.cycle.response_started or connection.cycle.response_complete:
        text = f"the {phase} of a request must arrive within {_SECONDS[phase]:.0f} seconds".encode()
        head = b"HTTP/1.1 408 Request Timeout\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n"
        connection.transport.write(head % len(text) + b"connection: close\r\n\r\n" + text)
    connection.transport.close()


async def end_unfinished(connections: Collection[Any], tasks: Collection[asyncio.Task[Any]], seconds: float) -> None:
    """After *seconds*, close what is not answered yet, without the errors that uvicorn would log for each."""
    await asyncio.sleep(seconds)
    for connection in tuple(connections):
        if connection.cycle is not None:
            connection.cycle.logger = _QUIET
        connection.transport.close()
    # A request that waits learns now that its client is gone; one that renders does not, and is canceled.
    await asyncio.sleep(seconds)
    for task in tuple(tasks):
        task.cancel()
