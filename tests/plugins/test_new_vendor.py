"""`soundstage new-vendor` writes a package that works at once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import soundstage_vendors
from soundstage_cli.main import main
from soundstage_contracts.registry import missing_parts
from tests.plugins.conftest import write_metadata

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLUG = "aurora_two"
MOST_LINES = 250


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Write a package, install it until the end of the module, and return its folder."""
    folder = tmp_path_factory.mktemp("scaffold")
    with pytest.MonkeyPatch.context() as patch:
        assert main(["new-vendor", SLUG, "--out", str(folder / "made")]) == 0
        write_metadata(folder, "soundstage-aurora-two", {SLUG: f"soundstage_{SLUG}:VENDOR"})
        patch.syspath_prepend(str(folder))
        patch.syspath_prepend(str(folder / "made" / "src"))
        soundstage_vendors.refresh()
        yield folder / "made"
    soundstage_vendors.refresh()


def run(package: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a module of Python where the package is installed."""
    path = os.pathsep.join([str(package / "src"), str(package.parent), *sys.path])
    environment = {**os.environ, "PYTHONPATH": path}
    words = [sys.executable, "-m", *command]
    return subprocess.run(words, cwd=package, env=environment, capture_output=True, text=True, check=False)


def test_package_is_small_and_complete(package: Path) -> None:
    """It has every part in at most 250 lines, and every file states what to write next."""
    other = re.compile(r"__pycache__|\.hypothesis|\.pytest_cache")  # what the tests beside this one leave there
    files = [path for path in package.rglob("*") if path.is_file() and not other.search(str(path))]
    texts = {path: path.read_text(encoding="utf-8") for path in files}
    assert sum(len(text.splitlines()) for text in texts.values()) <= MOST_LINES
    assert [path.name for path, text in texts.items() if "rite next" not in text] == ["__init__.py"]  # of the suite
    assert not [path.name for path, text in texts.items() if re.search(r"@(slug|Title|Class|VAR|host|package)@", text)]
    assert missing_parts(SLUG) == ()


def test_its_tests_and_contracts_pass(package: Path) -> None:
    """Its own tests and all contracts of its suite pass as they are written."""
    # Few examples of each law: `nox -s examples` runs the same laws for the reference plug-ins, with all.
    options = ("-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist", "--soundstage-effort", "live")
    done = run(package, "pytest", *options, "tests", "--pyargs", f"soundstage_{SLUG}.suite")
    assert done.returncode == 0, done.stdout


def test_its_demo_makes_a_video(package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`soundstage demo` saves the video of its one capability."""
    del package  # installed
    assert main(["demo", "--vendor", SLUG, "--out", str(tmp_path)]) == 0, capsys.readouterr().out
    assert list(tmp_path.glob(f"{SLUG}-*.mp4"))


@pytest.mark.slow
def test_its_mistakes_are_caught(package: Path) -> None:
    """The mutation runner finds that each planted mistake fails a contract, one on each side."""
    done = run(package, "soundstage_contracts.mutation.runner", SLUG, "--jobs", "1")
    assert done.returncode == 0, done.stdout
    assert "0 not as they must be" in done.stdout


@pytest.mark.parametrize(
    ("slug", "sentence"),
    [
        ("Acme", "slug is 'Acme'; allowed: a-z, 0-9 and _, a letter first"),
        ("../acme", "slug is '../acme'; allowed: a-z, 0-9 and _, a letter first"),
        ("class", "slug is 'class', a word of Python"),
        ("veo", "slug is 'veo', which is an installed vendor"),
    ],
)
def test_slug_that_is_none_is_one_sentence(
    slug: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A slug that is none or is taken is refused, and nothing is written."""
    assert main(["new-vendor", slug, "--out", str(tmp_path / "made")]) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("empty", [True, False])
def test_folder_that_exists_is_left_alone(*, empty: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that exists is refused, also an empty one, and nothing is written beside it."""
    (tmp_path / "made").mkdir()
    if not empty:
        (tmp_path / "made" / "mine").touch()
    assert main(["new-vendor", "aurora", "--out", str(tmp_path / "made")]) == 2
    assert "exists; allowed: a folder that does not exist yet" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    assert len(list((tmp_path / "made").iterdir())) == (0 if empty else 1)


def test_failed_write_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that cannot be written is one sentence, and no part of the package is left."""

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    assert main(["new-vendor", "aurora", "--out", str(tmp_path / "made")]) == 2
    assert "cannot be written: No space left on device" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
