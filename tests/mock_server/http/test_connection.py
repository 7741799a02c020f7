"""The simulator's end of a connection: an answer goes out in one piece, whole, in order, and with any protocol."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_server import Server
from soundstage_server.http import connection

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
        """Tell."""
        return self.closed

    def get_extra_info(self, name: str) -> str:
        """Tell something only the transport beneath knows."""
        return f"the {name}"


def gathered(turns: list[list[bytes]], *, ending: str = "") -> Sink:
    """Write each turn's pieces in one turn of the loop; *ending* happens in the last."""
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
def test_what_is_written_in_one_turn_goes_out_at_once(turns: list[list[bytes]]) -> None:
    """One write a turn, nothing lost, nothing out of order."""
    assert gathered(turns).written == [b"".join(pieces) for pieces in turns]


def test_closing_sends_first() -> None:
    """An answer that ends its connection arrives whole."""
    sink = gathered([[b"a", b"b"]], ending="close")
    assert (sink.written, sink.closed) == ([b"ab"], True)


def test_a_lost_connection_takes_nothing_more() -> None:
    """What is left for a caller who has gone is dropped without a word."""
    assert gathered([[b"a"], [b"b"]], ending="lost").written == [b"a"]


def test_everything_else_is_the_transports() -> None:
    """Addresses, flow control and the rest come from beneath."""

    async def story() -> object:
        return connection.CoalescingTransport(cast("Any", Sink())).get_extra_info("peername")

    assert asyncio.run(story()) == "the peername"


@pytest.mark.parametrize("found", [True, False])
def test_both_of_uvicorns_protocols_serve(kit: Kit, *, found: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """With httptools, and without it on h11: create, and a film in full and in part."""
    if not found:
        monkeypatch.setattr(connection, "find_spec", lambda _: None)
    with kit.world() as world, Server(world) as server, httpx.Client(base_url=server.base_url("tomoviee")) as client:
        row = kit.rows["tomoviee"]
        assert client.post(row.create, json=row.body("A fox"), headers=row.headers("k", "s")).status_code == 200
        world.advance(600)
        (url,) = world.services["tomoviee"].result_urls(next(world.tasks()))
        whole = client.get(url)
        assert len(whole.content) == int(whole.headers["content-length"]) > 1000
        assert client.get(url, headers={"Range": "bytes=500-"}).content == whole.content[500:]
        assert client.head(url).headers["content-length"] == whole.headers["content-length"]
