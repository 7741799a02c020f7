"""The vendors that the simulator implements, found by their folders in ``soundstage_server/vendors``.

A vendor is a package in that folder which exposes its service class as ``SERVICE``; there is no list to extend. The
module imports nothing of this package, so that every floor may use it.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Final

_VENDORS: Final = "soundstage_server.vendors"
_FIRST: Final = ("tomoviee", "mediaio", "edrawmax", "cloudsway", "gmicloud", "infrai", "veo")
"""The order in which pages and messages list the vendors; one that is not named here follows in alphabetical order."""


def _find() -> tuple[str, ...]:
    folder = Path(__file__).parent / "vendors"
    found = sorted(module.name for module in iter_modules([str(folder)]) if module.ispkg)
    return tuple(sorted(found, key=lambda slug: _FIRST.index(slug) if slug in _FIRST else len(_FIRST)))


VENDORS: Final[tuple[str, ...]] = _find()
"""The slug of each vendor, which is the name of its folder and the first segment of its local address."""


def load(slug: str) -> Any:
    """Import the vendor *slug* and return its service class."""
    return import_module(f"{_VENDORS}.{slug}").SERVICE
