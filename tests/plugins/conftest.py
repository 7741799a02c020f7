"""Plug-ins as they are installed: modules on `sys.path` beside a folder of metadata with an entry point."""

from __future__ import annotations

import importlib
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

import soundstage_vendors

if TYPE_CHECKING:
    from collections.abc import Iterator

ACME = Path(__file__).parent / "acme"
"""The tiny vendor from outside: one capability, with everything that a vendor declares."""

collect_ignore = ["acme"]  # its contracts run where it is installed


class Install(Protocol):
    """Installs a plug-in until the end of the test."""

    def __call__(self, slug: str, source: str, *, value: str = "", name: str = "") -> str:
        """Write a module with *source*, declare it under *slug*, and return the module's name."""


def write_metadata(folder: Path, distribution: str, entry_points: dict[str, str]) -> None:
    """Write the metadata of an installed distribution into *folder*."""
    info = folder / f"{distribution}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n", encoding="utf-8")
    lines = "".join(f"{slug} = {value}\n" for slug, value in entry_points.items())
    (info / "entry_points.txt").write_text(f"[{soundstage_vendors.GROUP}]\n{lines}", encoding="utf-8")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return a function that installs a plug-in of one module; all of them are gone after the test."""
    monkeypatch.syspath_prepend(str(tmp_path))
    known = set(sys.modules)

    def installed(slug: str, source: str, *, value: str = "", name: str = "") -> str:
        module = name or f"plugin_{len(list(tmp_path.glob('*.dist-info')))}_of_test"
        (tmp_path / module).mkdir()
        (tmp_path / module / "__init__.py").write_text(source.replace("MODULE", module), encoding="utf-8")
        write_metadata(tmp_path, module, {slug: value or f"{module}:VENDOR"})
        importlib.invalidate_caches()
        soundstage_vendors.refresh()
        return module

    yield installed
    monkeypatch.undo()
    for module in [name for name in sys.modules if name not in known and name.startswith("plugin_")]:
        del sys.modules[module]
    importlib.invalidate_caches()
    soundstage_vendors.refresh()


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Install the vendor from outside, and return its slug; nothing of it is imported before it is needed."""
    folder = tmp_path_factory.mktemp("installed")
    write_metadata(folder, "soundstage-acme", {"acme": "soundstage_acme:VENDOR"})
    with pytest.MonkeyPatch.context() as patch:
        shutil.copytree(ACME, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        patch.syspath_prepend(str(folder))
        soundstage_vendors.refresh()
        yield "acme"
    soundstage_vendors.refresh()
