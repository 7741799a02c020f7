"""Facts, transcripts and contracts of generative-media services, and a pytest plugin.

Names are loaded when they are first used: importing this package imports nothing else.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from soundstage_contracts.facts.loader import Fact, FactBook, FactError, VendorFacts, load_facts
    from soundstage_contracts.facts.proves import Contract, proven, proves
    from soundstage_contracts.testing.accounts import VendorAccount
    from soundstage_contracts.testing.session import simulate
    from soundstage_contracts.testing.simulator import Simulator
    from soundstage_contracts.testing.unit import SimulatorTestCase

    VENDORS: tuple[str, ...]
    """The slug of every vendor that is declared, this project's first."""

__all__ = [
    "VENDORS",
    "Contract",
    "Fact",
    "FactBook",
    "FactError",
    "Simulator",
    "SimulatorTestCase",
    "VendorAccount",
    "VendorFacts",
    "load_facts",
    "proven",
    "proves",
    "simulate",
]

_HOMES: Final = {
    "Contract": "facts.proves",
    "Fact": "facts.loader",
    "FactBook": "facts.loader",
    "FactError": "facts.loader",
    "VendorFacts": "facts.loader",
    "Simulator": "testing.simulator",
    "SimulatorTestCase": "testing.unit",
    "VendorAccount": "testing.accounts",
    "simulate": "testing.session",
    "load_facts": "facts.loader",
    "proven": "facts.proves",
    "proves": "facts.proves",
}


def __getattr__(name: str) -> object:
    if name == "VENDORS":
        from soundstage_vendors import slugs

        return slugs()
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
