"""What the command line's tests share: a simulator on a port, and an environment that points every client at it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from soundstage_cli.env import server_address, variables
from soundstage_contracts.facts.loader import load_facts
from soundstage_server import Server, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from soundstage_server.model.account import Account


@pytest.fixture(scope="module")
def simulator() -> Iterator[Server]:
    """Serve small media on a clock where every poll moves its job forward."""
    with World(clock="auto", media="small") as world, Server(world) as serving:
        yield serving


@pytest.fixture
def account(simulator: Server, request: pytest.FixtureRequest) -> Account:
    """Return an account for this test only, at the vendor that most tests use."""
    name = re.sub(r"\W+", "-", request.node.name.encode("ascii", "ignore").decode())
    return simulator.world.account("tomoviee", name)


@pytest.fixture
def environ(
    simulator: Server,
    account: Account,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, str]:
    """Point every client at the simulator, as the test's own account, and work in an empty folder."""
    values = dict(variables(load_facts().vendors.values(), server_address(simulator.url), os.environ))
    name = re.sub(r"\W+", "-", request.node.name.encode("ascii", "ignore").decode())
    values |= {"TOMOVIEE_APP_KEY": name, "TOMOVIEE_APP_SECRET": "planted-secret-0123456789"}
    for variable, value in values.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(tmp_path)
    assert account.vendor == "tomoviee"
    return values
