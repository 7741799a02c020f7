"""Without a socket the simulator is the same simulator: the same status, headers and body, sync and async."""

from __future__ import annotations

import asyncio
import re
import threading
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import sniffio

from soundstage_server import InProcess, Server, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.mock_server.conftest import Kit

CREATE = "/tomoviee/v1/open/capacity/application/tm_text2video_b"
POLL = "/tomoviee/v1/open/pub/task"
ID = re.compile(rb"tm_text2video_b-0-\w+")


@pytest.fixture(scope="module")
def world(kit: Kit) -> Iterator[World]:
    """A world with one finished video and a frozen clock."""
    with kit.world(public_url="http://public.example") as world:
        kit.caller(world, credential="key", secret="secret").create("A fox")
        world.advance(600)
        yield world


@pytest.fixture(scope="module")
def pair(world: World) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """The same world over a socket and in process."""
    with (
        Server(world) as server,
        InProcess(world) as inside,
        httpx.Client(base_url=server.url) as socket,
        inside.client(base_url=inside.url) as direct,
    ):
        yield socket, direct


def video_path(world: World) -> str:
    """Return the path of the finished video."""
    return world.services["tomoviee"].result_urls(next(world.tasks()))[0].removeprefix("http://public.example")


EXCHANGES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", CREATE, {"json": {"prompt": "A fox"}}),
    ("POST", CREATE, {"json": {"prompt": ""}}),
    ("POST", CREATE, {"content": b"\xff{"}),
    ("POST", CREATE, {"content": iter([b'{"prompt":', b' "A fox"}'])}),
    ("POST", CREATE, {"headers": {"X-App-Key": "nothing"}}),
    ("POST", POLL, {"json": {"task_id": "TASK"}}),
    ("POST", POLL, {"json": {"task_id": "nothing"}}),
    ("GET", POLL, {}),
    ("HEAD", POLL, {}),
    ("OPTIONS", POLL, {}),
    ("POST", f"{POLL}/", {}),
    ("POST", "/tomoviee/v1/open%2Fpub/%74ask?x=%20+&y", {"json": {"task_id": "TASK"}}),
    ("GET", "/tomoviee/%C3%A4/%ff/%00", {}),
    ("GET", "/tomoviee", {}),
    ("GET", "/", {}),
    ("GET", "/nothing", {}),
    ("GET", "VIDEO", {}),
    ("HEAD", "VIDEO", {}),
    ("GET", "VIDEO", {"headers": {"Range": "bytes=100-199"}}),
    ("GET", "VIDEO", {"headers": {"Range": "bytes=99999999-"}}),
    ("POST", "VIDEO", {}),
    ("GET", "VIDEO0", {}),
    ("GET", "/_soundstage/health", {}),
    ("HEAD", "/_soundstage/health", {}),
    ("GET", "/_soundstage/accounts", {}),
    ("GET", "/_soundstage/tasks?account=nothing", {}),
    ("PUT", "/_soundstage/clock", {"json": {"kind": "slow"}}),
    ("DELETE", "/_soundstage/scenarios", {}),
    ("GET", "/docs", {}),
    ("GET", "/tomoviee/openapi.json", {}),
]


@pytest.mark.parametrize("number", range(len(EXCHANGES)), ids=lambda n: f"{n}-{EXCHANGES[n][0]}-{EXCHANGES[n][1][:40]}")
def test_socket_and_in_process_agree(
    kit: Kit, world: World, pair: tuple[httpx.Client, httpx.Client], number: int
) -> None:
    """Every exchange has the same status, headers and body both ways."""
    exchanges = []
    for client in pair:
        method, path, options = EXCHANGES[number]
        options = {"headers": kit.rows["tomoviee"].headers("key", "secret"), **options}
        if "content" in options and not isinstance(options["content"], bytes):
            options["content"] = iter([b'{"prompt":', b' "A fox"}'])
        if options.get("json") == {"task_id": "TASK"}:
            options["json"] = {"task_id": next(world.tasks()).id}
        answer = client.request(method, path.replace("VIDEO", video_path(world)), **options)
        headers = {name: value.replace(str(client.base_url), "BASE/") for name, value in answer.headers.items()}
        exchanges.append((answer.status_code, headers, ID.sub(b"ID", answer.content), answer.http_version))
    assert exchanges[0] == exchanges[1]


def test_result_urls_lead_back_to_the_in_process_address(kit: Kit) -> None:
    """The in-process address can never be a real host, and result URLs use it."""
    with (
        kit.world() as world,
        InProcess(world) as inside,
        inside.client(base_url=inside.base_url("tomoviee")) as client,
    ):
        row = kit.rows["tomoviee"]
        client.post(row.create, json=row.body("A fox"), headers=row.headers("k", "s"))
        world.advance(600)
        (url,) = world.services["tomoviee"].result_urls(next(world.tasks()))
        assert url.startswith("http://soundstage.test/tomoviee/_files/")
        assert client.get(url).content[4:8] == b"ftyp"


async def chunks() -> AsyncIterator[bytes]:
    """A body in several chunks."""
    yield b'{"prompt":'
    yield b' "A fox"}'


def test_async_client_shares_the_world(kit: Kit) -> None:
    """Many concurrent requests, chunked bodies too, each create one task."""
    row = kit.rows["tomoviee"]

    async def story(inside: InProcess) -> list[str]:
        async with inside.async_client(base_url=inside.base_url("tomoviee"), headers=row.headers("k", "s")) as client:
            answers = await asyncio.gather(*(client.post(row.create, content=chunks()) for _ in range(20)))
        return [answer.json()["data"]["task_id"] for answer in answers]

    with kit.world() as world, InProcess(world) as inside:
        ids = asyncio.run(story(inside))
        assert sorted(ids) == sorted(task.id for task in world.tasks())
        assert len(set(ids)) == 20


def test_context_of_the_caller_is_not_the_servers(kit: Kit) -> None:
    """A test that runs under trio can read the control API: its context names a library that is not this loop's."""
    with kit.world() as world, InProcess(world) as simulator, simulator.client() as client:
        token = sniffio.current_async_library_cvar.set("no such library")
        try:
            assert client.get(f"{simulator.url}/_soundstage/clock").json()["kind"] == world.clock.kind
        finally:
            sniffio.current_async_library_cvar.reset(token)


def test_thread_ends_with_the_block(kit: Kit) -> None:
    """No thread is left, closing twice is safe, and no thread starts before the first request."""

    def threads() -> int:
        return sum(thread.name == "soundstage-loop" for thread in threading.enumerate())

    with kit.world() as world:
        before = threads()
        with InProcess(world) as inside:
            assert threads() == before
            with inside.client() as client:
                client.get(f"{inside.url}/_soundstage/health")
            assert threads() == before + 1
        inside.close()
        assert threads() == before


def test_close_cancels_waiting_requests(kit: Kit) -> None:
    """A request that is under way when the simulator closes is canceled."""
    with kit.world() as world:
        inside, started = InProcess(world), threading.Event()

        async def hang(*_: object) -> None:
            started.set()
            await asyncio.Event().wait()

        inside._app = hang  # type: ignore[assignment] # an application that never answers
        waiting = inside.submit(httpx.Request("GET", inside.url), b"")
        started.wait()
        inside.close()
        with pytest.raises(CancelledError):
            waiting.result()
