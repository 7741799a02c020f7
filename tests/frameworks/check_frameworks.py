"""The fixtures beside other frameworks and mocks: `nox -s frameworks` installs those, which no other session needs."""

from __future__ import annotations

import unittest
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import requests
import responses
import trio
import vcr

from soundstage import AsyncTomoviee, JobState, Tomoviee

if TYPE_CHECKING:
    from pathlib import Path

    import respx

    from soundstage_contracts import Simulator

WEATHER = "https://weather.example/"


async def generate(client: AsyncTomoviee) -> JobState:
    """Generate a video and return how its job has ended."""
    return (await (await client.text_to_video("A fox"))).state


@pytest.mark.asyncio
async def test_pytest_asyncio(simulator: Simulator, async_tomoviee: AsyncTomoviee) -> None:
    """A coroutine of pytest-asyncio uses the async client."""
    assert await generate(async_tomoviee) is JobState.SUCCEEDED
    assert simulator.tomoviee.spent == 10


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_anyio(simulator: Simulator, async_tomoviee: AsyncTomoviee, anyio_backend: str) -> None:
    """A coroutine of anyio's plugin does, with both of its backends."""
    assert anyio_backend in {"asyncio", "trio"}
    assert await generate(async_tomoviee) is JobState.SUCCEEDED
    assert simulator.tomoviee.spent == 10


def test_trio(async_tomoviee: AsyncTomoviee) -> None:
    """Trio itself runs the async client."""
    assert trio.run(generate, async_tomoviee) is JobState.SUCCEEDED


@pytest.mark.usefixtures("simulator")
class TestUnittest(unittest.TestCase):
    """A class of unittest."""

    simulator: Simulator

    @pytest.fixture(autouse=True)
    def take(self, simulator: Simulator) -> None:
        """Keep the fixture's object."""
        self.simulator = simulator

    def test_it(self) -> None:
        """A method has the simulator."""
        with self.simulator.client("tomoviee") as client:
            assert client.text_to_video("A fox").result()
        assert self.simulator.tomoviee.balance == 990


def test_pytest_httpx(httpx_mock: Any, tomoviee: Tomoviee) -> None:
    """pytest-httpx has the requests to other services alone."""
    httpx_mock.add_response(url=WEATHER, json={"rain": True})
    assert httpx.get(WEATHER).json() == {"rain": True}
    assert tomoviee.text_to_video("A fox").wait().state is JobState.SUCCEEDED


def test_responses(tomoviee: Tomoviee) -> None:
    """So does responses."""
    with responses.RequestsMock() as mock:
        mock.get(WEATHER, json={"rain": True})
        assert requests.get(WEATHER, timeout=30).json() == {"rain": True}
        assert tomoviee.text_to_video("A fox").wait().state is JobState.SUCCEEDED


def test_respx(respx_mock: respx.MockRouter, tomoviee: Tomoviee) -> None:
    """So does respx."""
    respx_mock.get(WEATHER).respond(json={"rain": True})
    assert httpx.get(WEATHER).json() == {"rain": True}
    assert tomoviee.text_to_video("A fox").wait().state is JobState.SUCCEEDED


def test_vcr(tomoviee: Tomoviee, tmp_path: Path) -> None:
    """A cassette of vcrpy that records nothing lets the client through, and stays empty."""
    with vcr.use_cassette(str(tmp_path / "cassette.yaml"), record_mode="none") as cassette:
        assert tomoviee.text_to_video("A fox").wait().state is JobState.SUCCEEDED
        assert not cassette.requests
