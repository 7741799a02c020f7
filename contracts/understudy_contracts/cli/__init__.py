"""The command line `understudy`: one module a subcommand, one line in `_main.COMMANDS` each."""

from __future__ import annotations

from understudy_contracts.cli._main import main

__all__ = ["main"]
