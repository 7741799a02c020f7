"""What the package promises beyond its contracts: it is found, complete, and money is safe with its client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

import soundstage_vendors
from soundstage import errors
from soundstage_contracts.facts.loader import load_facts
from soundstage_contracts.registry import missing_parts
from soundstage_fal.client import Fal
from soundstage_fal.simulator import SERVICE
from soundstage_server import Server, World

if TYPE_CHECKING:
    from soundstage_fal.client import AsyncFal

MODEL = "fal-ai/flux/dev"


def test_vendor_is_complete() -> None:
    """The entry point names a vendor with every part."""
    assert soundstage_vendors.find("fal").title == "fal (queue)"
    assert missing_parts("fal") == ()


def test_simulator_cites_known_facts_only() -> None:
    """Each fact that the simulator's tables name is in the fact file."""
    known = {fact.id for fact in load_facts("fal").vendors["fal"].facts}
    assert SERVICE(World()).facts() <= known


def test_fixture_makes_an_image(fal: Fal) -> None:
    """The fixture is a client of a simulator of its own, with a skipping clock."""
    assert [output.kind for output in fal.submit("A fox", model=MODEL).result()] == ["image"]


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_async_fixture_makes_an_image(async_fal: AsyncFal) -> None:
    """The async fixture does the same."""
    assert await (await async_fal.submit("A fox", model=MODEL)).result()


def test_job_is_resumed_by_its_token(fal: Fal) -> None:
    """A token is enough to poll a request: it has the app, too."""
    job = fal.submit("A fox", model=MODEL)
    assert fal.job_from_token(job.to_token()).result()


def test_result_can_be_read_after_the_stream() -> None:
    """Under the clock auto, a client that follows the stream to its end then reads the result."""
    with (
        World(clock="auto") as world,
        Server(world) as server,
        httpx.Client(headers={"Authorization": "Key k"}) as http,
    ):
        links = http.post(f"{server.base_url('fal')}/{MODEL}", json={"prompt": "A fox"}).json()
        assert '"COMPLETED"' in http.get(f"{links['status_url']}/stream").text
        assert http.get(links["response_url"]).status_code == 200


def test_key_is_not_shown() -> None:
    """Neither the client nor its service shows the key."""
    with Fal("secret-key-1") as client:
        assert "secret-key-1" not in f"{client!r} {vars(client)}"


def test_missing_key_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key the error names argument and variable."""
    monkeypatch.delenv("FAL_KEY", raising=False)
    with pytest.raises(errors.MissingCredential, match="FAL_KEY"):
        Fal()
