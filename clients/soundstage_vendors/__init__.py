"""The vendors: those of this project and those of installed plug-ins, found through one entry point group.

A plug-in declares one `Vendor`, which names its client, simulator, contract and files; docs/vendor_interface.md is the
guide. Client, simulator, contracts and command line all read the vendors here. This package imports nothing of them,
and nothing of a vendor before it is needed. Names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # `typing` itself takes some milliseconds to import
if TYPE_CHECKING:
    from soundstage_vendors.discovery import GROUP, broken, find, left_out, refresh, slugs
    from soundstage_vendors.parts import exists, load, resource, resources
    from soundstage_vendors.vendor import API, UnknownVendorError, Vendor, VendorError

__all__ = [
    "API",
    "GROUP",
    "UnknownVendorError",
    "Vendor",
    "VendorError",
    "broken",
    "exists",
    "find",
    "left_out",
    "load",
    "refresh",
    "resource",
    "resources",
    "slugs",
]

_HOMES = {
    "API": "vendor",
    "GROUP": "discovery",
    "UnknownVendorError": "vendor",
    "Vendor": "vendor",
    "VendorError": "vendor",
    "broken": "discovery",
    "exists": "parts",
    "find": "discovery",
    "left_out": "discovery",
    "load": "parts",
    "refresh": "discovery",
    "resource": "parts",
    "resources": "parts",
    "slugs": "discovery",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
