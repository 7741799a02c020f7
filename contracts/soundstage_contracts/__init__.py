"""Facts, transcripts and contracts of seven generative-media services, and the command line that shows them.

Names are loaded when they are first used: importing this package imports nothing else.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from soundstage_contracts._facts import Fact, FactBook, FactError, Sheet, load_facts
    from soundstage_contracts._proves import Contract, proven, proves
    from soundstage_contracts._registry import VENDORS
    from soundstage_contracts._stage import Soundstage

__all__ = [
    "VENDORS",
    "Contract",
    "Fact",
    "FactBook",
    "FactError",
    "Sheet",
    "Soundstage",
    "load_facts",
    "proven",
    "proves",
]

_HOMES: Final = {
    "Contract": "_proves",
    "Fact": "_facts",
    "FactBook": "_facts",
    "FactError": "_facts",
    "Sheet": "_facts",
    "Soundstage": "_stage",
    "VENDORS": "_registry",
    "load_facts": "_facts",
    "proven": "_proves",
    "proves": "_proves",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
