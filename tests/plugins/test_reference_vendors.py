"""The reference plug-ins in examples/vendors stay complete, true to their documents, and usable."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

import soundstage_vendors
from soundstage_cli.main import main
from soundstage_contracts.declarations.vendor import contract_of
from soundstage_contracts.facts.loader import load_facts
from soundstage_contracts.registry import missing_parts
from soundstage_contracts.simulators.target import Target
from soundstage_contracts.transcripts.replay import load_transcripts, replay_on_client, replay_on_simulator
from soundstage_server import Server, World
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


def test_page_shows_a_program_that_runs(slug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python blocks of the page run as one program with the environment of a server, and save whole files."""
    monkeypatch.chdir(tmp_path)
    for name in ("first.png", "last.png"):
        Image.new("RGB", (640, 360), "darkorange").save(name)
    with World(clock="auto", media="small") as world, Server(world) as server:
        for name, value in load_facts(slug).vendors[slug].environment_at(server.url).items():
            monkeypatch.setenv(name, value)
        code = "".join(blocks(slug, "python"))
        exec(compile(code, f"README.md of {slug}", "exec"), {"__name__": "example"})  # noqa: S102 - our own page
    saved = [path for folder in ("videos", "images") for path in (tmp_path / folder).glob("*")]
    assert len(saved) == code.count("generate(") + code.count('"num_images": 2') * 2
    assert all(path.stat().st_size and path.suffix in {".mp4", ".png"} for path in saved)


def test_first_commands_of_the_page_work(slug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an installation from the folder, which is no package of a registry, each command succeeds."""
    monkeypatch.chdir(tmp_path)
    install, *commands = [shlex.split(line, comments=True) for line in blocks(slug, "sh")[0].splitlines()]
    assert install == ["pip", "install", "-e", "."]
    assert [words[1] for words in commands] == ["demo", "facts"]
    for program, *words in commands:
        assert program == "soundstage"
        assert main(words) == 0


def blocks(slug: str, kind: str) -> list[str]:
    """Return the code of each block of *kind* on the page of a plug-in."""
    page = (VENDORS / f"soundstage-{slug}" / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{kind}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


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
