"""Where contracts are: the suite of this package, and the suites of vendors from outside that a run names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import soundstage_vendors
from soundstage_vendors import VendorError
from soundstage_vendors.discovery import package_of
from soundstage_vendors.parts import is_ours, package_folders

if TYPE_CHECKING:
    from collections.abc import Iterable

SUITE: Final = Path(__file__).parents[1] / "suite"
"""The folder of this package's suite."""

_PACKAGE: Final = "soundstage_contracts"
_PLUGIN: Final = f"{_PACKAGE}.plugin"
"""What ``-p`` names where plugins are not loaded by themselves; it asks for no contract."""


class Suites:
    """The suites that a run may collect.

    Args:
        arguments: The command line, and what pytest has made of it.

    Attributes:
        requested: Whether the command line names contracts.
        everything: Whether it names all of them, and not a module alone.
    """

    def __init__(self, arguments: Iterable[object]) -> None:
        given = [str(each) for each in arguments if str(each).removeprefix("-p") != _PLUGIN]
        ours = any(_PACKAGE in each for each in given)
        self.everything = not {_PACKAGE, f"{_PACKAGE}.suite", str(SUITE), str(SUITE.parent)}.isdisjoint(given)
        # A plug-in is loaded where its contracts are named, and not in every session of its environment.
        named = [slug for slug in _outside() if ours or any(package_of(slug) in each for each in given)]
        self.requested = ours or bool(named)
        self._outside = {folder: (slug, package) for slug in named for folder, package in _suite_of(slug)}

    def folders(self, wanted: Iterable[str]) -> list[str]:
        """Return the folders of suites from outside, of the vendors *wanted*."""
        vendors = set(wanted)
        return [str(folder) for folder, (slug, _) in self._outside.items() if slug in vendors]

    def has(self, path: Path) -> bool:
        """Return whether the module at *path* has contracts."""
        return SUITE in path.parents or self._place(path) is not None

    def vendor_of(self, folder: Path) -> str | None:
        """Return the vendor whose contracts are in *folder*; None for the contracts of all vendors, and elsewhere."""
        if folder in self._outside:
            return self._outside[folder][0]
        place = self._place(folder)
        if place is not None:
            return self._outside[place][0]
        return folder.name if folder.name in soundstage_vendors.slugs() else None

    def module_of(self, path: Path, otherwise: str) -> str:
        """Return the dotted name of the module at *path*, or *otherwise* for a module that is in no suite."""
        place = SUITE if SUITE in path.parents else self._place(path)
        if place is None:
            return otherwise
        package = f"{_PACKAGE}.suite" if place == SUITE else self._outside[place][1]
        return ".".join((package, *path.relative_to(place).with_suffix("").parts))

    def _place(self, path: Path) -> Path | None:
        return next((folder for folder in self._outside if folder in path.parents), None)


def _outside() -> list[str]:
    return [slug for slug in soundstage_vendors.slugs() if package_of(slug) != "soundstage_vendors"]


def _suite_of(slug: str) -> list[tuple[Path, str]]:
    """Return the folders of the suite of *slug*, each with its package; none for a vendor that is broken or ours."""
    try:
        suite = soundstage_vendors.find(slug).suite
        if suite is None or is_ours(slug):
            return []
        return [(folder, suite) for folder in package_folders(slug, "suite")]
    except VendorError:
        return []  # the head of the run names it
