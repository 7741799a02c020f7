"""The command line `soundstage`: one module a subcommand, one line in `_main.COMMANDS` each."""

from __future__ import annotations

from soundstage_contracts.cli._main import main

__all__ = ["main"]
