"""The simulator's end of a connection: an answer goes out in one piece, whole, in order, and with any protocol."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_server import Server
from soundstage_server.http import connection, protocol

if TYPE_CHECKING:
    from tests.mock_server.conftest import Kit


class Sink:
    """A transport that remembers what was written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        """Remember."""
        self.written.append(data)

    def close(self) -> None:
        """Be closed."""
        self.closed = True

    def is_closing(self) -> bool:
        """Return whether it was closed."""
        return self.closed

    def get_extra_info(self, name: str) -> str:
        """Return something that only the wrapped transport knows."""
        return f"the {name}"


def gathered(turns: list[list[bytes]], *, ending: str = "") -> Sink:
    """Write each turn's chunks in one iteration of the loop; *ending* happens in the last."""
    sink = Sink()

    async def story() -> None:
        transport = connection.CoalescingTransport(cast("Any", sink))
        for pieces in turns:
            for piece in pieces:
                transport.write(piece)
            if pieces is turns[-1] and ending == "close":
                transport.close()
            if pieces is turns[-1] and ending == "lost":
                sink.close()
            await asyncio.sleep(0)

    asyncio.run(story())
    return sink


@given(st.lists(st.lists(st.binary(min_size=1, max_size=5), min_size=1), min_size=1, max_size=5))
def test_writes_of_one_loop_iteration_are_sent_together(turns: list[list[bytes]]) -> None:
    """There is one write per iteration; nothing is lost or reordered."""
    assert gathered(turns).written == [b"".join(pieces) for pieces in turns]


def test_close_flushes() -> None:
    """A response that ends its connection arrives complete."""
    sink = gathered([[b"a", b"b"]], ending="close")
    assert (sink.written, sink.closed) == ([b"ab"], True)


def test_lost_connection_drops_writes() -> None:
    """Data for a client that has disconnected is dropped without an error."""
    assert gathered([[b"a"], [b"b"]], ending="lost").written == [b"a"]


@given(
    chunks=st.lists(st.tuples(st.booleans(), st.binary(min_size=1, max_size=5)), min_size=1, max_size=8),
    closed=st.booleans(),
)
def test_whole_responses_keep_their_place(chunks: list[tuple[bool, bytes]], *, closed: bool) -> None:
    """A whole response is never sent before what was written earlier, and never on a closed connection."""
    sink = Sink()
    sink.closed = closed

    async def story() -> None:
        transport = connection.CoalescingTransport(cast("Any", sink))
        for is_whole, chunk in chunks:
            (transport.write_whole if is_whole else transport.write)(chunk)
        await asyncio.sleep(0)

    asyncio.run(story())
    assert b"".join(sink.written) == (b"" if closed else b"".join(chunk for _, chunk in chunks))


def test_other_attributes_are_delegated() -> None:
    """Addresses, flow control and the rest come from the wrapped transport."""

    async def story() -> object:
        return connection.CoalescingTransport(cast("Any", Sink())).get_extra_info("peername")

    assert asyncio.run(story()) == "the peername"


@pytest.mark.parametrize("found", [True, False])
def test_httptools_and_h11_both_work(kit: Kit, *, found: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """With httptools and with h11: create, and a video completely and in part."""
    if not found:
        monkeypatch.setattr(protocol, "find_spec", lambda _: None)
    with kit.world() as world, Server(world) as server, httpx.Client(base_url=server.base_url("tomoviee")) as client:
        row = kit.rows["tomoviee"]
        assert client.post(row.create, json=row.body("A fox"), headers=row.headers("k", "s")).status_code == 200
        world.advance(600)
        (url,) = world.services["tomoviee"].result_urls(next(world.tasks()))
        whole = client.get(url)
        assert len(whole.content) == int(whole.headers["content-length"]) > 1000
        assert client.get(url, headers={"Range": "bytes=500-"}).content == whole.content[500:]
        assert client.head(url).headers["content-length"] == whole.headers["content-length"]
