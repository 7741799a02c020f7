"""The health of a simulator, which needs neither FastAPI nor a control token: probes ask for it every few seconds."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from soundstage_server.model.asgi import CONTROL
from soundstage_server.world.usage import usage

if TYPE_CHECKING:
    from soundstage_server.world.world import World

PATH: Final = f"{CONTROL}/health"
"""The path of the health check; GET and HEAD."""


def health(world: World) -> dict[str, Any]:
    """Return the version, the vendors, the kind of clock, and what is in use within which limits."""
    general = {"ok": True, "version": package_version(), "vendors": list(world.services), "clock": world.clock.kind}
    return {**general, "requests": world.requests, **usage(world)}


@cache
def package_version() -> str:
    """Return the version of the distribution; the first call reads its metadata, which takes some milliseconds."""
    from importlib.metadata import version

    return version("soundstage")
