"""The reference plug-ins in examples/vendors stay complete, true to their documents, and usable."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import soundstage_vendors
from soundstage_cli.main import main
from soundstage_contracts.declarations.vendor import contract_of
from soundstage_contracts.facts.loader import load_facts
from soundstage_contracts.registry import missing_parts
from soundstage_contracts.simulators.target import Target
from soundstage_contracts.transcripts.replay import load_transcripts, replay_on_client, replay_on_simulator
from tests.plugins.conftest import write_metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

VENDORS = Path(__file__).parents[2] / "examples" / "vendors"
SLUGS = sorted(path.parent.name.removeprefix("soundstage-") for path in VENDORS.glob("*/pyproject.toml"))


@pytest.fixture(scope="module", params=SLUGS)
def slug(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Install one of the reference plug-ins until the end of the module, and return its slug."""
    name: str = request.param
    folder = tmp_path_factory.mktemp("reference")
    write_metadata(folder, f"soundstage-{name}", {name: f"soundstage_{name}:VENDOR"})
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.syspath_prepend(str(VENDORS / f"soundstage-{name}" / "src"))
        soundstage_vendors.refresh()
        yield name
    soundstage_vendors.refresh()


@pytest.fixture(scope="module")
def target(slug: str) -> Iterator[Target]:
    """Return a simulator in this process that has the plug-in."""
    assert slug in soundstage_vendors.slugs()
    with Target() as opened:
        yield opened


def test_plug_in_has_every_part_and_proves_its_facts(slug: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is missing, and every documented binding fact has a contract."""
    assert missing_parts(slug) == ()
    assert main(["facts", slug, "--check"]) == 0, capsys.readouterr().out


def test_transcripts_hold_in_both_directions(slug: str, target: Target) -> None:
    """Each documented exchange replays against the simulator and against the client."""
    contract, base_url = contract_of(slug), load_facts(slug).vendors[slug].base_url
    transcripts = list(load_transcripts(slug))
    assert transcripts
    for transcript in transcripts:
        replay_on_simulator(transcript, target, contract)
        replay_on_client(transcript, contract, base_url)


def test_client_makes_and_saves_a_result(slug: str, target: Target, tmp_path: Path) -> None:
    """The first call of the demo ends with files on disk."""
    demo: Any = soundstage_vendors.load(slug, "demo")
    client = target.client(contract_of(slug), target.new_account(), clock=target.advancing_clock())
    job = getattr(client, demo[0].method)(**demo[0].arguments)
    assert job.save(tmp_path)


@pytest.mark.slow
def test_suite_passes(slug: str) -> None:
    """Every contract of the plug-in passes, as in its own CI."""
    source = str(VENDORS / f"soundstage-{slug}" / "src")
    # The metadata of an installed plug-in is found on the path: that of the fixture is the first entry.
    found = os.pathsep.join([source, *sys.path])
    command = (
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--pyargs",
        "soundstage_contracts",
        "--soundstage-vendor",
        slug,
    )
    run = subprocess.run(
        [sys.executable, "-m", *command], env={**os.environ, "PYTHONPATH": found}, capture_output=True, check=False
    )
    assert run.returncode == 0, run.stdout.decode()
