"""What is built: the wheel is the three packages and their data and no more; the sdist builds the same wheel."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
PACKAGES = {
    "soundstage": HOUSE / "clients/soundstage",
    "soundstage_server": HOUSE / "mock_server/soundstage_server",
    "soundstage_contracts": HOUSE / "contracts/soundstage_contracts",
    "soundstage_cli": HOUSE / "contracts/soundstage_cli",
}


def build(source: Path, target: str, into: Path) -> Path:
    """Build *target* of the project in *source* with the installed backend: no isolation, no network."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(into)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, text=True)
    (built,) = into.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel as it is built from this tree."""
    return zipfile.ZipFile(build(HOUSE, "wheel", tmp_path_factory.mktemp("wheel")))


def sources() -> set[str]:
    """Name every file of the three packages as the wheel must hold it."""
    return {
        f"{name}/{path.relative_to(root).as_posix()}"
        for name, root in PACKAGES.items()
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_the_three_packages_whole_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    """Every file of the packages is in it, facts, transcripts and `py.typed` included; no tests, no documents."""
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == sources()
    assert {f"{name}/py.typed" for name in PACKAGES} <= held
    assert "soundstage_contracts/facts/tomoviee.toml" in held


def test_the_wheel_declares_the_command_the_plugin_and_the_extras(wheel: zipfile.ZipFile) -> None:
    """Installing it gives `soundstage`, pytest finds the plugin, and the licence travels along."""
    info = next(name.partition("/")[0] for name in wheel.namelist() if ".dist-info/" in name)
    entry_points = wheel.read(f"{info}/entry_points.txt").decode()
    assert "[console_scripts]\nsoundstage = soundstage_cli.main:main" in entry_points
    assert "[pytest11]\nsoundstage = soundstage_contracts.plugin" in entry_points
    metadata = wheel.read(f"{info}/METADATA").decode()
    assert {f"Provides-Extra: {extra}" for extra in ("all", "contracts", "server")} <= set(metadata.splitlines())
    assert f"{info}/licenses/LICENSE" in wheel.namelist()


def test_the_sdist_builds_the_same_wheel(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """Whoever packages the project from its source archive gets the same files."""
    with tarfile.open(build(HOUSE, "sdist", tmp_path / "sdist")) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)  # Debian 12 has none
        archive.extractall(tmp_path / "unpacked")  # noqa: S202 - built three lines above
    (source,) = (tmp_path / "unpacked").iterdir()
    assert {"README.md", "LICENSE", "pyproject.toml", "noxfile.py", "tests", "docs"} <= {
        path.name for path in source.iterdir()
    }
    again = zipfile.ZipFile(build(source, "wheel", tmp_path / "wheel"))
    assert sorted(again.namelist()) == sorted(wheel.namelist())
