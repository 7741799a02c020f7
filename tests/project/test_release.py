"""The release check: it accepts a complete release and names each thing that is missing."""

from __future__ import annotations

import io
import runpy
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import soundstage

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
GIT = shutil.which("git") or "git"
METADATA = "Metadata-Version: 2.4\nName: soundstage\nVersion: {version}\n\nWhat it is.\n"


@pytest.fixture(scope="module")
def check() -> dict[str, Any]:
    """The names of the release check, which is a program and not an importable module."""
    return runpy.run_path(str(ROOT / "tools/check_release.py"))


def write_archives(folder: Path, version: str, metadata: str = METADATA) -> None:
    """Write a wheel and an sdist that have nothing but metadata."""
    content = metadata.format(version=version).encode()
    with zipfile.ZipFile(folder / f"soundstage-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"soundstage-{version}.dist-info/METADATA", content)
    with tarfile.open(folder / f"soundstage-{version}.tar.gz", "w:gz") as sdist:
        entry = tarfile.TarInfo(f"soundstage-{version}/PKG-INFO")
        entry.size = len(content)
        sdist.addfile(entry, io.BytesIO(content))


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A repository with version 1.2.3: tagged, in the changelog, and built into `dist`."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    (tmp_path / "clients/soundstage").mkdir(parents=True)
    (tmp_path / "clients/soundstage/_version.py").write_text('__version__ = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-11-29\n")
    (tmp_path / "dist").mkdir()
    write_archives(tmp_path / "dist", "1.2.3")
    author = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], [*author, "commit", "-q", "--allow-empty", "-m", "A"], ["tag", "v1.2.3"]):
        subprocess.run([GIT, *command], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def test_version_is_read_from_the_package(check: dict[str, Any]) -> None:
    """The release has the version that `soundstage.__version__` has."""
    assert check["source_version"](ROOT) == soundstage.__version__


def test_complete_release_has_no_problem(check: dict[str, Any], release: Path) -> None:
    """Archives, changelog and tag of one version are all that a release needs."""
    assert check["problems"](release, release / "dist") == []


def remove_tag(release: Path) -> None:
    """Remove the tag."""
    subprocess.run([GIT, "tag", "-d", "v1.2.3"], cwd=release, check=True, capture_output=True)


def undate_changelog(release: Path) -> None:
    """Leave only the section of unreleased changes."""
    (release / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n")


def raise_version(release: Path) -> None:
    """Raise the version after the build."""
    (release / "clients/soundstage/_version.py").write_text('__version__ = "1.2.4"\n')


def remove_wheel(release: Path) -> None:
    """Remove the wheel."""
    (release / "dist/soundstage-1.2.3-py3-none-any.whl").unlink()


def break_metadata(release: Path) -> None:
    """Build archives with a license that is no SPDX expression."""
    broken = METADATA.replace("\n\n", "\nLicense-Expression: do what you like\n\n")
    write_archives(release / "dist", "1.2.3", broken)


def drop_description(release: Path) -> None:
    """Build archives without a README."""
    write_archives(release / "dist", "1.2.3", METADATA.replace("What it is.", ""))


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (remove_tag, "the commit has no tag v1.2.3 (it has: none)"),
        (undate_changelog, "CHANGELOG.md has no line '## [1.2.3] - YYYY-MM-DD'"),
        (raise_version, "its metadata has version 1.2.3, the source has 1.2.4"),
        (remove_wheel, "has 0 wheels and 1 sdists: expected one of each"),
        (break_metadata, "license"),
        (drop_description, "the metadata has no description"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_incomplete_release_is_refused(
    check: dict[str, Any], release: Path, damage: Callable[[Path], None], expected: str
) -> None:
    """Each missing part is named."""
    damage(release)
    assert expected in "\n".join(check["problems"](release, release / "dist"))


def test_version_is_read_from_one_line(check: dict[str, Any], release: Path) -> None:
    """A version file in another form is refused by name, so that no release has a guessed version."""
    (release / "clients/soundstage/_version.py").write_text("__version__ = get_version()\n")
    with pytest.raises(ValueError, match=r"_version\.py has no line"):
        check["source_version"](release)
