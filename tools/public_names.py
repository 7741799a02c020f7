"""Write `soundstage/__init__.pyi`, which lists the public names for type checkers, from the table in `_registry.py`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from soundstage import errors
from soundstage._registry import PUBLIC

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HOUSE = Path(__file__).parents[1]
STUB = HOUSE / "clients/soundstage/__init__.pyi"
WIDTH = 120


def lines() -> Iterator[str]:
    """Yield the lines of the stub, as the formatter leaves them."""
    modules = {**PUBLIC, "soundstage.errors": tuple(errors.__all__)}
    for module in sorted(modules):
        names = sorted(modules[module])
        line = f"from {module} import {', '.join(names)}"
        if len(line) <= WIDTH:
            yield line
        else:
            yield from (f"from {module} import (", *(f"    {name}," for name in names), ")")
    yield from ("", "__all__ = [")
    yield from (f'    "{name}",' for name in sorted(name for names in modules.values() for name in names))
    yield "]"


def stub() -> str:
    """Return the text of the stub."""
    return "\n".join(lines()) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the stub, or check it."""
    parser = argparse.ArgumentParser(description="Write the stub of soundstage's public names from the table.")
    parser.add_argument("--check", action="store_true", help="write nothing, and fail if the stub is not up to date")
    check = parser.parse_args(arguments).check
    if STUB.is_file() and STUB.read_text(encoding="utf-8") == stub():
        return 0
    if not check:
        STUB.write_text(stub(), encoding="utf-8")
        return 0
    print(f"{STUB.relative_to(HOUSE)} is out of date: run python tools/public_names.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
