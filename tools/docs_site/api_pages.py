"""Writes the pages of the API reference: directives from which mkdocstrings renders every public name's docstring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import soundstage_contracts
import soundstage_server
from soundstage._registry import PUBLIC
from soundstage.errors import __all__ as error_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import ModuleType

_VENDOR: Final = "soundstage.vendors."
_GROUPS: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "jobs": (
        "Jobs and outputs",
        "What a client's methods return, and how many jobs are waited for at once.",
        ("_client.jobs", "_client.outputs", "_client.gather", "_values.state"),
    ),
    "policies": (
        "Policies, events and clocks",
        "Options of a client.",
        ("_values.policies", "_values.events", "_io.clock"),
    ),
    "money": (
        "Spend limits",
        "What a program may spend; [the guide](../spend_limits.md) has examples.",
        ("_protocol.spend_limit", "_protocol.spending", "_values.spending"),
    ),
    "stores": (
        "Job stores and recovery",
        "Records of paid requests; [the guide](../job_store.md) has examples.",
        (
            "_store.sqlite",
            "_store.postgres",
            "_store.store",
            "_store.records",
            "_client.recovery",
            "_protocol.recovery",
        ),
    ),
    "callbacks": ("Callbacks", "A receiver of callbacks; [the guide](../callbacks.md) has examples.", ("callbacks",)),
}
_SKIPPED: Final = frozenset({"_version"})


def api_pages() -> dict[str, str]:
    """Return every page of the reference by its path on the site.

    Raises:
        ValueError: A public module belongs to no page.
    """
    grouped = {f"soundstage.{name}" for _, _, modules in _GROUPS.values() for name in modules}
    left = [name for name in PUBLIC if not name.startswith(_VENDOR) and name not in grouped]
    if unknown := [name for name in left if name.removeprefix("soundstage.") not in _SKIPPED]:
        raise ValueError(f"tools/docs_site/api_pages.py: no page has the names of {', '.join(unknown)}")
    pages = {f"api/{slug}.md": _vendor_page(slug, names) for slug, names in _vendors().items()}
    for name, (title, about, modules) in _GROUPS.items():
        names = [f"soundstage.{each}" for module in modules for each in PUBLIC[f"soundstage.{module}"]]
        pages[f"api/{name}.md"] = _page(title, about, names)
    about = "Every error, as one tree; [the error catalog](../errors.md) shows what causes each."
    pages["api/errors.md"] = _page("Errors", about, [f"soundstage.errors.{name}" for name in error_names])
    about = "The simulator in Python; [its page](../simulator.md) has examples."
    pages["api/simulator.md"] = _page("soundstage_server", about, _public_names(soundstage_server))
    about = "Facts, contracts and the view of the simulator that a test has; see [the contracts](../contracts.md)."
    pages["api/contracts.md"] = _page("soundstage_contracts", about, _public_names(soundstage_contracts))
    return pages


def _vendors() -> dict[str, tuple[str, ...]]:
    """Return the public names of each vendor by its slug."""
    return {
        module.removeprefix(_VENDOR).partition(".")[0]: names
        for module, names in PUBLIC.items()
        if module.startswith(_VENDOR)
    }


def _vendor_page(slug: str, names: Iterable[str]) -> str:
    client = next(name for name in names if not name.startswith("Async"))
    about = f"The vendor's clients; [its page](../vendors/{slug}.md) has examples."
    return _page(
        client, about, [f"soundstage.{name}" for name in sorted(names, key=lambda name: name.startswith("Async"))]
    )


def _public_names(package: ModuleType) -> list[str]:
    return [f"{package.__name__}.{name}" for name in package.__all__ if name != "VENDORS"]


def _page(title: str, about: str, names: Iterable[str]) -> str:
    return "\n\n".join([f"# {title}", about, *(f"::: {name}" for name in names)]) + "\n"
