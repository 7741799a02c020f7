"""The examples that follow a vendor's page by hand, without this project's client: one for each vendor."""

from __future__ import annotations

import inspect
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from soundstage_contracts import VENDORS, load_facts
from soundstage_server import Server, World

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[2] / "examples"
VALUES = {"key": "key", "secret": "secret", "endpoint": "my-endpoint", "pause": 0.0}
SIGNATURES = (b"ftyp", b"\x89PNG")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serve small media on a clock that moves with each poll."""
    with World(clock="auto", media="small") as world, Server(world) as serving:
        yield serving


def example_of(vendor: str) -> dict[str, Any]:
    """Return the names of a vendor's example."""
    return runpy.run_path(str(EXAMPLES / f"{vendor}_by_hand.py"))


@pytest.mark.parametrize("vendor", VENDORS)
def test_example_saves_a_result(
    vendor: str, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The requests of the vendor's page, sent to the simulator, save a complete video or image."""
    follow = example_of(vendor)["follow"]
    wanted = {name: value for name, value in VALUES.items() if name in inspect.signature(follow).parameters}
    saved = follow(base=server.base_url(vendor), folder=tmp_path / "made", **wanted)
    assert any(signature in saved.read_bytes()[:8] for signature in SIGNATURES)
    if vendor == "cloudsway":
        assert "found by its external id: True" in capsys.readouterr().out


@pytest.mark.parametrize("vendor", VENDORS)
def test_example_has_the_vendors_real_host(vendor: str, server: Server) -> None:
    """Its address is a documented host of the vendor, over https."""
    scheme, _, host = example_of(vendor)["HOST"].partition("://")
    assert (scheme, host in server.world.services[vendor].hosts) == ("https", True)
    assert load_facts(vendor)
