"""The checks of what a world is made with, and of the orders that it is given: each error names what is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

from soundstage_server.model.fields import Link
from soundstage_server.model.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage_server.model.faults import Fault
    from soundstage_server.model.scenarios import Scenario
    from soundstage_server.world.vendor_service import VendorService

MediaSize = Literal["full", "small"]

MAX_REDIRECTS: Final = 20
"""How often the address of a result may redirect before it returns the file."""


def parse_public_url(text: str | None) -> str | None:
    """Return the base of result URLs in *text*, without a slash at its end; None if there is none.

    Raises:
        ValueError: It is no http or https URL.
    """
    if text and not Link().accepts(text):
        raise ValueError(f"public_url must be {Link().allowed}; got {text!r}")
    return text.rstrip("/") if text else None


def check_options(media: str, redirects: int) -> None:
    """Check how results are made and served.

    Raises:
        ValueError: One has a value that is not allowed.
    """
    if media not in get_args(MediaSize):
        raise ValueError(f"media must be one of {', '.join(get_args(MediaSize))}; got {media!r}")
    if not 0 <= redirects <= MAX_REDIRECTS:
        raise ValueError(f"redirects must be from 0 to {MAX_REDIRECTS}; got {redirects!r}")


def check_vendor(vendor: str | None, services: Mapping[str, VendorService]) -> None:
    """Check that an order or a fault names no vendor, or one that is simulated.

    Raises:
        ValueError: It is not; the message lists those that are.
    """
    if vendor is not None and vendor not in services:
        raise ValueError(f"vendor must be one of {', '.join(services)}; got {vendor!r}")


def check_fault(fault: Fault, services: Mapping[str, VendorService]) -> None:
    """Check the vendor of a fault, which for a fault of callbacks is one that sends some.

    Raises:
        ValueError: It is not; the message lists those that are.
    """
    check_vendor(fault.vendor, services)
    calling = [slug for slug, service in services.items() if service.callback_plan is not None]
    if fault.is_callback and (not calling if fault.vendor is None else fault.vendor not in calling):
        allowed = ", ".join(calling) or "none of those simulated"
        raise ValueError(f"vendor must be one that sends callbacks ({allowed}) for {fault.kind}; got {fault.vendor!r}")


def check_scenario(order: Scenario, services: Mapping[str, VendorService]) -> None:
    """Check what an order names.

    Raises:
        ValueError: A vendor, a capability or a code does not exist; the message lists those that do.
    """
    check_vendor(order.vendor, services)
    chosen = services.values() if order.vendor is None else (services[order.vendor],)
    operations = [operation for service in chosen for operation in service.operations]
    if order.operation is not None and order.operation not in operations:
        offered = ", ".join(operations if order.vendor else (f"those of {slug}" for slug in services))
        suggestion = did_you_mean(order.operation, operations)
        raise ValueError(f"operation must be one of {offered}; got {order.operation!r}{suggestion}")
    if order.vendor is not None:
        services[order.vendor].check_code(order.code)
