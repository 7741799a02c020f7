"""The guards of connections: what is written of a request leaves whole, once, and before a response is read."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage._io import deadline


class FakeStream:
    """A network stream that keeps what is written, in one form for both kinds of guards."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Record a read."""
        del timeout
        self.calls.append(("read", max_bytes))
        return b""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Record a write."""
        del timeout
        self.calls.append(("write", len(buffer)))


class AwaitedStream(FakeStream):
    """The same, awaited."""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # type: ignore[override]  # noqa: ASYNC109 - httpcore's own
        """Record a read."""
        return super().read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # type: ignore[override]  # noqa: ASYNC109 - httpcore's own
        """Record a write."""
        super().write(buffer, timeout)


@given(st.lists(st.sampled_from([b"", b"head", b"x" * 70_000, b"x" * 40_000]), max_size=6))
def test_parts_of_a_request_leave_together(parts: list[bytes]) -> None:
    """Nothing is lost, repeated or still unsent when a response is read; a short request is one write."""
    stream, awaited = FakeStream(), AwaitedStream()
    deadline._guard(stream)
    deadline._aguard(awaited)

    async def story() -> None:
        for part in parts:
            await awaited.write(part)
        await awaited.read(1)
        await awaited.read(2)

    for part in parts:
        stream.write(part)
    stream.read(1)
    stream.read(2)
    asyncio.run(story())
    total = sum(map(len, parts))
    for calls in (stream.calls, awaited.calls):
        assert calls[-2:] == [("read", 1), ("read", 2)]
        assert sum(size for kind, size in calls if kind == "write") == total
        assert ("write", 0) not in calls
        assert total > 1 << 16 or len(calls) <= 2 + parts.count(b"") + 1


class BreakingStream(FakeStream):
    """A stream that sends nothing."""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Break."""
        del buffer, timeout
        raise ConnectionResetError


def test_write_that_fails_is_not_repeated() -> None:
    """What could not be sent is no part of the next request on the connection."""
    stream = BreakingStream()
    deadline._guard(stream)
    stream.write(b"head")
    with pytest.raises(ConnectionResetError):
        stream.write(b"")
    stream.read(1)
    assert stream.calls == [("read", 1)]
