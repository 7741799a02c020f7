"""Draws the command line's tables: colours on a terminal unless NO_COLOR is set, plain text into a pipe."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final, TypeAlias

from soundstage_cli.errors import needs_extra

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console
    from rich.text import Text

Cell: TypeAlias = "str | tuple[str, str]"
"""Words, or words with a style such as ``bold red``; square brackets in them are never markup."""

_PIPE_WIDTH: Final = 120


class Printer:
    """Standard output, with tables.

    Raises:
        CommandError: rich is not installed.
    """

    def __init__(self, command: str) -> None:
        """Open standard output for *command*, as ``soundstage facts``."""
        with needs_extra("contracts", command):
            from rich.console import Console
        fixed = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH
        self._console: Console = Console(highlight=False, width=fixed)

    def line(self, words: str = "", style: str = "") -> None:
        """Print one paragraph."""
        self._console.print(_text((words, style)))

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[Cell]], *, fold: bool = True) -> None:
        """Print *rows* under *heads*; words too long for the last column go on below, or are cut unless *fold*."""
        from rich.box import SIMPLE_HEAD
        from rich.table import Table

        table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", show_header=any(heads), expand=not fold)
        for head in heads[:-1]:
            table.add_column(head, no_wrap=True)
        table.add_column(heads[-1], overflow="fold" if fold else "ellipsis", no_wrap=not fold, ratio=1)
        for row in rows:
            table.add_row(*map(_text, row))
        self._console.print(table)


def _text(cell: Cell) -> Text:
    from rich.text import Text

    words, style = (cell, "") if isinstance(cell, str) else cell
    return Text(words, style=style)
