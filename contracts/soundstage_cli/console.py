"""Prints tables and styled lines: color on a terminal unless NO_COLOR is set, plain unpadded text into a pipe."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Final, TypeAlias

from soundstage_cli.errors import needs_extra

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console, RenderableType
    from rich.text import Text

Cell: TypeAlias = "str | tuple[str, str]"
"""A text, or a text with a style such as ``bold red``; square brackets in it are never markup."""

_UNLIMITED: Final = 100_000


class Printer:
    """Prints to standard output.

    Attributes:
        width: The width of the terminal, or COLUMNS; None in a pipe, where a line may have any length.

    Raises:
        CommandError: rich is not installed.
    """

    def __init__(self, command: str) -> None:
        """Open standard output for *command*, such as ``soundstage facts``."""
        with needs_extra("contracts", command):
            from rich.console import Console
        self._is_terminal = sys.stdout.isatty()
        # A pipe has no width. Cutting or wrapping at an assumed one would hide text from grep.
        unlimited = not self._is_terminal and "COLUMNS" not in os.environ
        self._buffer = io.StringIO()
        file = None if self._is_terminal else self._buffer
        self._console: Console = Console(highlight=False, width=_UNLIMITED if unlimited else None, file=file)
        self.width = None if unlimited else self._console.width

    def line(self, text: str = "", style: str = "") -> None:
        """Print one paragraph."""
        self._print(_text((text, style)))

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[Cell]], *, fold: bool = True) -> None:
        """Print *rows* under *headers*; a long last column is wrapped, or cut unless *fold*."""
        from rich.box import SIMPLE_HEAD
        from rich.table import Table

        limited = self.width is not None
        encoding = (sys.stdout.encoding or "utf-8").lower()
        table = Table(
            box=SIMPLE_HEAD if limited and encoding.startswith("utf") else None,
            pad_edge=False,
            header_style="bold",
            show_header=any(headers),
            expand=limited and not fold,
        )
        for header in headers[:-1]:
            table.add_column(header, no_wrap=True)
        overflow, ratio = ("fold" if fold else "ellipsis"), (1 if limited else None)
        table.add_column(headers[-1], overflow=overflow, no_wrap=not fold, ratio=ratio)  # type: ignore[arg-type]  # a literal
        for row in rows:
            table.add_row(*map(_text, row))
        self._print(table)

    def _print(self, content: RenderableType) -> None:
        self._console.print(content)
        if self._is_terminal:
            return
        for line in self._buffer.getvalue().splitlines():
            print(line.rstrip())  # rich pads each line to the width of the table
        self._buffer.seek(0)
        self._buffer.truncate()


def _text(cell: Cell) -> Text:
    from rich.text import Text

    text, style = (cell, "") if isinstance(cell, str) else cell
    return Text(text, style=style)
