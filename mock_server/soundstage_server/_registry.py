"""The vendors that the simulator implements: the services that this project's vendors and installed plug-ins declare.

There is no list to extend: `soundstage_vendors` finds them. The module imports nothing else of this package, so that
every floor may use it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import soundstage_vendors
from soundstage_vendors import VendorError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LOG: Final = logging.getLogger("soundstage_server")


def load(slug: str) -> Any:
    """Import the vendor *slug* and return its service class.

    Raises:
        VendorError: No vendor has this slug, it has no simulator, or the simulator cannot be loaded.
    """
    service = soundstage_vendors.load(slug, "service")
    declared = getattr(service, "slug", None)
    if declared != slug:
        raise VendorError(f"vendor {slug!r}: the slug of its service {service!r} is {declared!r}; allowed: {slug!r}")
    return service


def open_services(world: Any, slugs: Iterable[str] | None = None) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the service of each vendor in *world*, or of *slugs* alone, and a sentence for each that is left out.

    Raises:
        VendorError: One of *slugs* cannot be used; without them, no vendor is required.
    """
    if slugs is not None:
        return {slug: _open(slug, world) for slug in slugs}, {}
    services: dict[str, Any] = {}
    left_out = soundstage_vendors.left_out()
    for slug in soundstage_vendors.slugs():
        try:
            opened = _open(slug, world)
            _check_hosts(slug, opened, services)
        except VendorError as error:
            left_out[slug] = str(error)
        else:
            services[slug] = opened
    for sentence in left_out.values():
        _LOG.warning("left out: %s", sentence)
    return services, left_out


def hosts() -> list[str]:
    """Return the real hosts of every vendor that can be simulated."""
    found: list[str] = []
    for slug in soundstage_vendors.slugs():
        try:
            found += load(slug).hosts
        except VendorError as error:
            _LOG.warning("left out: %s", error)
    return found


def _check_hosts(slug: str, service: Any, others: Mapping[str, Any]) -> None:
    """Check that no other vendor has a host of *service*: a program's requests would reach one of the two by chance."""
    for host in service.hosts:
        owner = next((other for other, opened in others.items() if host in opened.hosts), None)
        if owner is not None:
            raise VendorError(f"vendor {slug!r}: hosts has {host!r}, a host of {owner}; allowed: hosts of its own")


def _open(slug: str, world: Any) -> Any:
    service = load(slug)
    try:
        return service(world)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise VendorError(f"vendor {slug!r}: its service {service!r} cannot be opened: {reason}") from error
