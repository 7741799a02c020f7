"""Finds vendors by their entry points, loads their `Vendor` objects, and names those that cannot be used."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from soundstage_vendors import own
from soundstage_vendors.failures import describe
from soundstage_vendors.vendor import UnknownVendorError, Vendor, VendorError, check_slug

if TYPE_CHECKING:
    from collections.abc import Mapping

GROUP: Final = "soundstage.vendors"
"""The entry point group: the name is the vendor's slug, the value a `Vendor`, as ``package:NAME``."""


class _Scan(NamedTuple):
    """What the installed distributions declare: usable entry points by slug, and a sentence for each refused slug."""

    found: Mapping[str, EntryPoint]
    refused: Mapping[str, str]


def slugs() -> tuple[str, ...]:
    """Return the slug of every declared vendor: this project's in the order of their table, then plug-ins' by name.

    Nothing of a vendor is imported, so that a vendor may turn out to be broken when it is needed.
    """
    return tuple(_scan().found)


def find(slug: str) -> Vendor:
    """Return the vendor *slug*.

    Raises:
        UnknownVendorError: No installed vendor has this slug.
        VendorError: Its plug-in is broken, asks for another version of the interface, or shares its slug with another.
    """
    scan = _scan()
    if slug in scan.refused:
        raise VendorError(scan.refused[slug])
    if slug not in scan.found:
        close = get_close_matches(slug, scan.found, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise UnknownVendorError(f"no vendor is called {slug!r}{hint}; known: {', '.join(scan.found)}")
    loaded = _load(slug)
    if isinstance(loaded, str):
        raise VendorError(loaded)
    return loaded


def broken() -> dict[str, str]:
    """Load every vendor, and return a sentence for each one that cannot be used."""
    loaded = {slug: _load(slug) for slug in slugs()}
    return {**_scan().refused, **{slug: text for slug, text in loaded.items() if isinstance(text, str)}}


def left_out() -> dict[str, str]:
    """Return a sentence for each vendor that is refused or has turned out to be broken so far; loads nothing."""
    return {**_scan().refused, **_FAILED}


def refresh() -> None:
    """Forget what has been found: `sys.path` or the installed distributions have changed."""
    _scan.cache_clear()
    _load.cache_clear()
    _FAILED.clear()


def origin(slug: str) -> str:
    """Return what declares the vendor *slug*, for messages: its entry point and its distribution."""
    return _origin(_scan().found[slug])


def package_of(slug: str) -> str:
    """Return the top-level package that declares the vendor *slug*, by its entry point: nothing is imported."""
    return _scan().found[slug].value.partition(":")[0].partition(".")[0]


_FAILED: Final[dict[str, str]] = {}


@cache
def _scan() -> _Scan:
    # A source tree has no metadata, and that of an editable installation may be older than the table: what both
    # declare in the same words is one vendor.
    ours = [EntryPoint(row.slug, row.entry_point, GROUP) for row in own.VENDORS.values()]
    others = sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value))
    by_slug: dict[str, dict[str, EntryPoint]] = {}
    for point in (*ours, *others):
        by_slug.setdefault(point.name, {}).setdefault(point.value, point)
    found: dict[str, EntryPoint] = {}
    refused: dict[str, str] = {}
    for slug, points in by_slug.items():
        problem = _problem(slug, list(points.values()))
        if problem:
            refused[slug] = problem
        else:
            (found[slug],) = points.values()
    return _Scan(MappingProxyType(found), MappingProxyType(refused))


def _problem(slug: str, points: list[EntryPoint]) -> str:
    try:
        check_slug(slug)
    except VendorError as error:
        return f"vendor {slug!r} ({_origin(points[0])}): {error}"
    if len(points) == 1:
        return ""
    # Neither is used: a choice by the order of installation could pay the wrong service.
    named = " and ".join(map(_origin, points))
    return f"vendor {slug!r} is declared by {named}; neither is used: uninstall one of them"


@cache
def _load(slug: str) -> Vendor | str:
    """Return the vendor, or a sentence if it cannot be used; a failure is kept, so that it is not tried again."""
    point = _scan().found[slug]
    try:
        vendor = point.load()
    except VendorError as error:
        problem = str(error)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a plug-in may raise anything
        problem = f"cannot be loaded: {describe(error)}"
    else:
        problem = _mismatch(slug, vendor)
        if not problem:
            checked: Vendor = vendor
            return checked
    _FAILED[slug] = f"vendor {slug!r} ({_origin(point)}): {problem}"
    return _FAILED[slug]


def _mismatch(slug: str, vendor: object) -> str:
    if not isinstance(vendor, Vendor):
        return f"is {vendor!r:.80}; allowed: a soundstage_vendors.Vendor"
    if vendor.slug != slug:
        return f"slug is {vendor.slug!r}; allowed: {slug!r}, the name of the entry point"
    return ""


def _origin(point: EntryPoint) -> str:
    if point.dist is None:
        return f"{point.value} of this project" if point.value.startswith(f"{own.__name__}:") else point.value
    return f"{point.value} of {point.dist.name} {point.dist.version}"
