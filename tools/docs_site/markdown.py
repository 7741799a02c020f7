"""Markdown of the generated pages: tables, and text that is shown as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a vertical bar in a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def literal(text: str) -> str:
    """Return *text* such that Markdown shows it as it is."""
    escaped = text.replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for character in "`*_[]{}":
        escaped = escaped.replace(character, f"\\{character}")
    return escaped


def heading_anchor(title: str) -> str:
    """Return the anchor of a heading, as the site and the repository's browser form it."""
    return "".join(each for each in title.lower().replace(" ", "-") if each.isalnum() or each in "-_")
