"""Soundstage's simulator: seven generative-media services, played on this machine.

>>> from soundstage_server import Server, World
>>> with Server(World(clock="auto")) as server:
...     print(server.url)  # doctest: +SKIP

Everything public is named here and loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from soundstage_server.accounts import Account
    from soundstage_server.application import Simulator
    from soundstage_server.clock import Clock
    from soundstage_server.faults import Fault
    from soundstage_server.inprocess import InProcess
    from soundstage_server.scenarios import Scenario
    from soundstage_server.serving import Server
    from soundstage_server.world import World

__all__ = ["Account", "Clock", "Fault", "InProcess", "Scenario", "Server", "Simulator", "World"]

_HOMES = {
    "Account": "accounts",
    "Clock": "clock",
    "Fault": "faults",
    "InProcess": "inprocess",
    "Scenario": "scenarios",
    "Server": "serving",
    "Simulator": "application",
    "World": "world",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__
