"""What the package promises beyond its contracts: it is found, complete, and money is safe with its client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import soundstage_vendors
from soundstage import errors
from soundstage_ark.client import BYTEPLUS, PROFILE, Ark
from soundstage_ark.simulator import SERVICE
from soundstage_contracts.facts.loader import load_facts
from soundstage_contracts.registry import missing_parts
from soundstage_server.vendor_kit import World

if TYPE_CHECKING:
    from soundstage_ark.client import AsyncArk


def test_vendor_is_complete() -> None:
    """The entry point names a vendor with every part."""
    assert soundstage_vendors.find("ark").title == "Ark (Seedance)"
    assert missing_parts("ark") == ()


def test_simulator_cites_known_facts_only() -> None:
    """Each fact that the simulator's tables name is in the fact file."""
    known = {fact.id for fact in load_facts("ark").vendors["ark"].facts}
    assert SERVICE(World()).facts() <= known


def test_fixture_makes_a_video(ark: Ark) -> None:
    """The fixture is a client of a simulator of its own, with a skipping clock."""
    assert ark.generate("A fox", model="m").result()


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_async_fixture_makes_a_video(async_ark: AsyncArk) -> None:
    """The async fixture does the same."""
    assert await (await async_ark.generate("A fox", model="m")).result()


def test_byteplus_is_another_address() -> None:
    """A key of BytePlus is sent to BytePlus alone."""
    with Ark("key", base_url=BYTEPLUS) as client:
        assert client.base_url != PROFILE.base_url


def test_key_is_not_shown() -> None:
    """Neither the client nor its service shows the key."""
    with Ark("secret-key-1") as client:
        assert "secret-key-1" not in f"{client!r} {vars(client)}"


def test_missing_key_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key the error names argument and variable."""
    monkeypatch.delenv("ARK_API_KEY", raising=False)
    with pytest.raises(errors.MissingCredential, match="ARK_API_KEY"):
        Ark()
