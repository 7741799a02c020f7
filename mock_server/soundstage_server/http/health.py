"""The health of a simulator, which needs neither FastAPI nor a control token: probes ask for it every few seconds."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from soundstage_server.model.asgi import CONTROL

if TYPE_CHECKING:
    from soundstage_server.world.world import World

PATH: Final = f"{CONTROL}/health"
"""The path of the health check; GET and HEAD."""


def health(world: World) -> dict[str, Any]:
    """Return the version, the vendors and the kind of clock."""
    return {"ok": True, "version": _version(), "vendors": list(world.services), "clock": world.clock.kind}


@cache
def _version() -> str:
    from importlib.metadata import version

    return version("soundstage")
