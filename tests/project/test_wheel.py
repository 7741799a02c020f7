"""The build: the wheel contains the packages and their data only; the sdist builds the same wheel."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import soundstage

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "soundstage": ROOT / "clients/soundstage",
    "soundstage_vendors": ROOT / "clients/soundstage_vendors",
    "soundstage_server": ROOT / "mock_server/soundstage_server",
    "soundstage_contracts": ROOT / "contracts/soundstage_contracts",
    "soundstage_cli": ROOT / "contracts/soundstage_cli",
}


def build(source: Path, target: str, into: Path) -> Path:
    """Build *target* of the project in *source* with the installed backend: no isolation, no network."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(into)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, text=True)
    (built,) = into.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel that is built from this tree."""
    return zipfile.ZipFile(build(ROOT, "wheel", tmp_path_factory.mktemp("wheel")))


def sources() -> set[str]:
    """Return every file of the packages by its path in the wheel."""
    return {
        f"{name}/{path.relative_to(root).as_posix()}"
        for name, root in PACKAGES.items()
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_wheel_contains_the_packages_only(wheel: zipfile.ZipFile) -> None:
    """Every file of the packages is in it, facts, transcripts and `py.typed` included; no tests, no documents."""
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == sources()
    assert {f"{name}/py.typed" for name in PACKAGES} <= names
    assert "soundstage_contracts/facts/tomoviee.toml" in names


def metadata_of(wheel: zipfile.ZipFile) -> list[str]:
    """Return the lines of the wheel's core metadata."""
    return wheel.read(f"{info_folder(wheel)}/METADATA").decode().splitlines()


def info_folder(wheel: zipfile.ZipFile) -> str:
    """Return the name of the wheel's metadata folder."""
    return next(name.partition("/")[0] for name in wheel.namelist() if ".dist-info/" in name)


def test_wheel_has_the_version_of_the_package(wheel: zipfile.ZipFile) -> None:
    """The metadata, the file name and `soundstage.__version__` have one source."""
    assert f"Version: {soundstage.__version__}" in metadata_of(wheel)
    assert info_folder(wheel) == f"soundstage-{soundstage.__version__}.dist-info"


def test_wheel_declares_command_plugin_and_extras(wheel: zipfile.ZipFile) -> None:
    """Installing it gives `soundstage`, pytest finds the plugin, and the license is included."""
    info = info_folder(wheel)
    entry_points = wheel.read(f"{info}/entry_points.txt").decode()
    assert "[console_scripts]\nsoundstage = soundstage_cli.main:main" in entry_points
    assert "[pytest11]\nsoundstage = soundstage_contracts.plugin" in entry_points
    assert {f"Provides-Extra: {extra}" for extra in ("all", "contracts", "run", "server")} <= set(metadata_of(wheel))
    assert f"{info}/licenses/LICENSE" in wheel.namelist()


def test_sdist_builds_the_same_wheel(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """Packaging the project from its source archive gives the same files."""
    with tarfile.open(build(ROOT, "sdist", tmp_path / "sdist")) as archive:
        archive.extraction_filter = getattr(
            tarfile, "data_filter", lambda member, _: member
        )  # missing in Debian 12's Python 3.11.2
        archive.extractall(tmp_path / "unpacked")  # noqa: S202 - our own archive
    (source,) = (tmp_path / "unpacked").iterdir()
    assert {"README.md", "LICENSE", "pyproject.toml", "noxfile.py", "tests", "docs"} <= {
        path.name for path in source.iterdir()
    }
    again = zipfile.ZipFile(build(source, "wheel", tmp_path / "wheel"))
    assert sorted(again.namelist()) == sorted(wheel.namelist())
