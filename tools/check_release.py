"""Checks a release before anything is published: ``python tools/check_release.py DIST_FOLDER``.

The folder has to contain one wheel and one sdist of the version in `clients/soundstage/_version.py`, with valid core
metadata; CHANGELOG.md has to have a dated section of that version; and the commit has to carry the tag `v<version>`.
Prints each problem and exits with 1 if there is one. Nothing is uploaded.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.metadata import Metadata
from packaging.utils import parse_sdist_filename, parse_wheel_filename

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]


def source_version(root: Path) -> str:
    """Return the version that the source tree declares."""
    text = (root / "clients/soundstage/_version.py").read_text(encoding="utf-8")
    match = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    if match is None:
        raise ValueError('clients/soundstage/_version.py has no line __version__ = "..."')
    return match[1]


def core_metadata(archive: Path) -> bytes:
    """Return the core metadata file of a wheel or an sdist."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
            return wheel.read(name)
    with tarfile.open(archive) as sdist:
        folder = archive.name.removesuffix(".tar.gz")
        found = sdist.extractfile(f"{folder}/PKG-INFO")
        return found.read() if found else b""


def archive_problems(folder: Path, version: str) -> Iterator[str]:
    """Yield what is wrong with the built archives in *folder*."""
    wheels, sdists = sorted(folder.glob("*.whl")), sorted(folder.glob("*.tar.gz"))
    if (len(wheels), len(sdists)) != (1, 1):
        yield f"{folder} has {len(wheels)} wheels and {len(sdists)} sdists: expected one of each"
    for archive in [*wheels, *sdists]:
        named = parse_wheel_filename(archive.name)[1] if archive in wheels else parse_sdist_filename(archive.name)[1]
        try:
            metadata = Metadata.from_email(core_metadata(archive), validate=True)
        except ExceptionGroup as errors:
            yield from (f"{archive.name}: {error}" for error in errors.exceptions)
            continue
        for source, found in (("file name", named), ("metadata", metadata.version)):
            if str(found) != version:
                yield f"{archive.name}: its {source} has version {found}, the source has {version}"
        if not (metadata.description or "").strip():
            yield f"{archive.name}: the metadata has no description; README.md is missing"


def changelog_problems(root: Path, version: str) -> Iterator[str]:
    """Yield what is missing in the changelog for *version*."""
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    if not re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", text, re.MULTILINE):
        yield f"CHANGELOG.md has no line '## [{version}] - YYYY-MM-DD'"


def tag_problems(root: Path, version: str) -> Iterator[str]:
    """Yield what is wrong with the tags of the checked-out commit."""
    command = [shutil.which("git") or "git", "tag", "--points-at", "HEAD"]
    tags = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.split()
    if f"v{version}" not in tags:
        yield f"the commit has no tag v{version} (it has: {', '.join(tags) or 'none'})"


def problems(root: Path, folder: Path) -> list[str]:
    """Return everything that stops a release of the tree in *root*, built into *folder*."""
    version = source_version(root)
    return [
        *archive_problems(folder, version),
        *changelog_problems(root, version),
        *tag_problems(root, version),
    ]


def main() -> int:
    """Print the problems of the release and return the exit code."""
    parser = argparse.ArgumentParser(description="Check a release before it is published.")
    parser.add_argument("folder", type=Path, help="the folder with the built wheel and sdist")
    found = problems(ROOT, parser.parse_args().folder)
    print("\n".join(found) or f"{source_version(ROOT)} is ready to be published")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
