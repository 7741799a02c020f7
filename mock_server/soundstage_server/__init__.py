"""A local simulator of generative-media services.

>>> from soundstage_server import Server, World
>>> with Server(World(clock="auto")) as server:
...     print(server.url)  # doctest: +SKIP

Every public name is listed here and loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from soundstage_server.http.application import Simulator
    from soundstage_server.http.inprocess import InProcess
    from soundstage_server.http.server import Server
    from soundstage_server.model.account import Account
    from soundstage_server.model.clock import Clock
    from soundstage_server.model.faults import Fault
    from soundstage_server.model.scenarios import Scenario
    from soundstage_server.world.world import World

__all__ = ["Account", "Clock", "Fault", "InProcess", "Scenario", "Server", "Simulator", "World"]

_HOMES = {
    "Account": "model.account",
    "Clock": "model.clock",
    "Fault": "model.faults",
    "InProcess": "http.inprocess",
    "Scenario": "model.scenarios",
    "Server": "http.server",
    "Simulator": "http.application",
    "World": "world.world",
}


def __getattr__(name: str) -> Any:
    """Load a public name on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__
