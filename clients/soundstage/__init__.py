"""Soundstage: a client library for generative-media services that is typed, sync and async, and safe with money.

    from soundstage import Tomoviee

    with Tomoviee() as client:
        job = client.text_to_video("a red kite over the sea")
        job.save("videos")

Every public name is loaded when it is first used, so that `import soundstage` costs next to nothing. Type checkers read
the names from `__init__.pyi`, which `tools/public_names.py` writes from the same table.
"""

from __future__ import annotations

from importlib import import_module

from soundstage._registry import PUBLIC
from soundstage._version import __version__ as __version__

_MODULE_OF = {name: module for module, names in PUBLIC.items() for name in names}


def __getattr__(name: str) -> object:
    """Load a public name from its module, and keep it for the next use."""
    value: object
    if name == "__all__":
        value = sorted({*_MODULE_OF, *_error_names()})
    elif name in _MODULE_OF:
        value = getattr(import_module(_MODULE_OF[name]), name)
    elif name in _error_names():
        value = getattr(import_module("soundstage.errors"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF, *_error_names()})


def _error_names() -> list[str]:
    names: list[str] = import_module("soundstage.errors").__all__
    return names
