"""Deadlines: a limit over a whole exchange, where the HTTP library limits each read and each write alone.

A server that sends one byte now and then would otherwise keep a request open for as long as it likes. The connections
that a request opens are guarded: each of their reads and writes gets at most the time that is left of the exchange in
progress. No thread and no timer is needed.
"""

from __future__ import annotations

import math
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_PIECE = 1 << 16  # bytes of one write; the blocking backend limits each part of a write that the network accepts alone
# The events of httpcore's documented `trace` extension, behind the name of the part that emits them.
_OPENED = (".connect_tcp.complete", ".connect_unix_socket.complete", ".start_tls.complete")
_EXCHANGES = ("http11.", "http2.")  # most events; no connection is opened in them
_OPENING = (".connect_tcp.started", ".connect_unix_socket.started", ".start_tls.started")


class DeadlinePassed(TimeoutError):  # noqa: N818 - the name states what is certain, as those it becomes do
    """The time of the exchange is over.

    Attributes:
        sent: Whether a byte of the request may have been sent.
    """

    def __init__(self, *, sent: bool) -> None:
        super().__init__("the time limit of the whole request passed")
        self.sent = sent


class Deadline:
    """The moment by which one exchange must be over."""

    def __init__(self, seconds: float | None, now: Callable[[], float]) -> None:
        """Start to count.

        Args:
            seconds: The time of the whole exchange, None for no limit.
            now: Returns the seconds of a monotonic clock.
        """
        self._now = now
        self._end = math.inf if seconds is None else now() + seconds
        self._sent = False
        self._unread = False

    def limit(self, timeout: float | None) -> float | None:
        """Return *timeout*, or the time that is left where that is less.

        Raises:
            DeadlinePassed: No time is left.
        """
        remaining = self._end - self._now()
        if remaining <= 0:
            raise DeadlinePassed(sent=self._sent)
        if remaining == math.inf:
            return timeout
        return remaining if timeout is None else min(timeout, remaining)

    def mark_sent(self) -> None:
        """Record that the next byte may reach the service."""
        self._sent = True

    def mark_written(self) -> None:
        """Record that bytes of the request are being sent on a guarded connection."""
        self._sent = self._unread = True

    def mark_read(self) -> None:
        """Record that bytes of a response are awaited on a guarded connection."""
        self._unread = False

    @property
    def is_stale(self) -> bool:
        """Whether a response that is there now was sent before the request: nothing was read since."""
        return self._unread


# A context variable, because a connection outlives a request, and serves those of other threads and tasks after it.
current: ContextVar[Deadline | None] = ContextVar("soundstage_deadline", default=None)


def trace(event: str, info: dict[str, Any]) -> None:
    """Limit and guard the connections that a blocking request opens; a `trace` extension."""
    if event.startswith(_EXCHANGES):
        return
    if event.endswith(_OPENED):
        _guard(info["return_value"])
    elif event.endswith(_OPENING):
        _limit_opening(info)


async def atrace(event: str, info: dict[str, Any]) -> None:
    """Limit and guard the connections that an awaiting request opens; a `trace` extension."""
    if event.startswith(_EXCHANGES):
        return
    if event.endswith(_OPENED):
        _aguard(info["return_value"])
    elif event.endswith(_OPENING):
        _limit_opening(info)


def _limit_opening(info: dict[str, Any]) -> None:
    # These are the very arguments that httpcore is about to pass on. TCP and TLS have the whole connect timeout each.
    info["timeout"] = _limited(info.get("timeout"))


def _limited(timeout: float | None) -> float | None:
    deadline = current.get()
    return timeout if deadline is None else deadline.limit(timeout)


def _limited_write(timeout: float | None) -> float | None:
    limit = _limited(timeout)
    if (deadline := current.get()) is not None:
        deadline.mark_written()
    return limit


def _limited_read(timeout: float | None) -> float | None:
    if (deadline := current.get()) is None:
        return timeout
    deadline.mark_read()
    return deadline.limit(timeout)


class _Unsent:
    """What is written of a request, until it is sent: head and body leave together, in half as many system calls."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self.timeout: float | None = None

    def add(self, part: bytes, timeout: float | None) -> bytes:
        """Add *part*, and return what is to be sent now: everything at the end of a request, or when it is long."""
        self.timeout = timeout
        self._parts.append(part)
        self._size += len(part)
        # The library writes an empty part at the end of each request.
        return self.take() if not part or self._size > _PIECE else b""

    def take(self) -> bytes:
        """Return all that has not been sent, which is no longer kept: a write that fails is not repeated."""
        parts, self._parts, self._size = self._parts, [], 0
        return b"".join(parts)


def _guard(stream: Any) -> None:
    """Make each read and write of a blocking network stream end by the deadline of the exchange in progress."""
    read: Callable[..., bytes] = stream.read
    write: Callable[..., None] = stream.write
    unsent = _Unsent()

    def send(data: bytes, timeout: float | None) -> None:
        for begin in range(0, len(data), _PIECE):
            write(data[begin : begin + _PIECE], _limited_write(timeout))

    def guarded_read(max_bytes: int, timeout: float | None = None) -> bytes:
        send(unsent.take(), unsent.timeout)
        return read(max_bytes, _limited_read(timeout))

    def guarded_write(buffer: bytes, timeout: float | None = None) -> None:
        send(unsent.add(buffer, timeout), timeout)

    stream.read, stream.write = guarded_read, guarded_write


def _aguard(stream: Any) -> None:
    """Make each read and write of an awaiting network stream end by the deadline of the exchange in progress."""
    read: Callable[..., Coroutine[Any, Any, bytes]] = stream.read
    write: Callable[..., Coroutine[Any, Any, None]] = stream.write
    unsent = _Unsent()

    async def send(data: bytes, timeout: float | None) -> None:  # noqa: ASYNC109 - httpcore's own
        if data:
            await write(data, _limited_write(timeout))

    async def guarded_read(max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's own
        await send(unsent.take(), unsent.timeout)
        return await read(max_bytes, _limited_read(timeout))

    async def guarded_write(buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's own
        await send(unsent.add(buffer, timeout), timeout)

    stream.read, stream.write = guarded_read, guarded_write


class Pace:
    """The least speed of a download: 1 KiB for every second, on average over the client's timeout.

    Only the time inside reads counts, so that a slow disk is no stall.
    """

    RATE = 1024  # bytes in a second

    def __init__(self, seconds: float | None, now: Callable[[], float]) -> None:
        """Start to count.

        Args:
            seconds: The time over which the speed is an average, None for no limit.
            now: Returns the seconds of a monotonic clock.
        """
        self._seconds = seconds
        self._now = now
        self._restart()

    def _restart(self) -> None:
        self._left = self._seconds
        self._missing = 0.0 if self._seconds is None else self._seconds * self.RATE

    def begin(self) -> Deadline:
        """Return the deadline of the next read."""
        self._began = self._now()
        return Deadline(self._left, self._now)

    def end(self, size: int) -> None:
        """Count a read that returned *size* bytes.

        Raises:
            DeadlinePassed: The download is too slow.
        """
        self._missing -= size
        if self._missing <= 0:
            self._restart()
        elif self._left is not None:
            self._left -= self._now() - self._began
            if size and self._left <= 0:
                raise DeadlinePassed(sent=True)
