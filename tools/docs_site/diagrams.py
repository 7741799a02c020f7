"""Draws the Mermaid diagrams of the pages as pictures, because the site loads no script from elsewhere.

A picture is named by the hash of its diagram and is committed, since drawing one takes seconds. The build draws a
missing one; `python -m tools.docs_site --diagrams` also removes those that no page needs any more.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER: Final = Path(__file__).parents[2] / "docs" / "pictures" / "diagrams"
_SITE_FOLDER: Final = "pictures/diagrams"
_DIAGRAM: Final = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def picture_name(diagram: str) -> str:
    """Return the file name of the picture of *diagram*."""
    return f"{hashlib.sha256(diagram.encode()).hexdigest()[:16]}.svg"


def diagrams_of(text: str) -> list[str]:
    """Return the Mermaid diagrams of a page."""
    return _DIAGRAM.findall(text)


def replace_diagrams(text: str, path: str) -> str:
    """Return the page at *path* of the site with a picture in place of every diagram."""
    folder = posixpath.relpath(_SITE_FOLDER, posixpath.dirname(path) or ".")
    return _DIAGRAM.sub(lambda found: f"![Diagram]({folder}/{picture_name(found[1])})", text)


def draw_missing(pages: Iterable[str]) -> None:
    """Draw each diagram of *pages* that has no picture, and remove the pictures of other diagrams."""
    wanted = {picture_name(diagram): diagram for page in pages for diagram in diagrams_of(page)}
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in sorted(wanted.keys() - {path.name for path in FOLDER.iterdir()}):
        (FOLDER / name).write_text(_draw(wanted[name]), encoding="utf-8")
    for path in FOLDER.iterdir():
        if path.name not in wanted:
            path.unlink()


def _draw(diagram: str) -> str:
    import mermaidx

    svg: str = mermaidx.render(diagram, theme="neutral").svg()
    # A background of its own: the lines are dark, and the page may be dark, too.
    return svg.replace('style="', 'style="background:#fff;padding:8px;border-radius:8px;', 1)
