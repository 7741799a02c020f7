"""Choose a font for each character, so that text shows its own letters or names those that no font has.

A character that no installed font has is shown as ``[U+1F600]``, never as an empty box. `fonts_in_use` reports which
fonts those are and where they come from.
"""

from __future__ import annotations

import functools
import itertools
import unicodedata
from typing import NamedTuple

from soundstage_server.media.font_files import FONT_SOURCES, Face, Origin, find, has_glyph


class FontInUse(NamedTuple):
    """One font that media is written with.

    Attributes:
        scripts: The scripts that it is for.
        family: Its family name; empty where no font was found.
        origin: Where it was found; None where no font was found.
        path: Its file; empty for Pillow's bundled font and where no font was found.
    """

    scripts: str
    family: str
    origin: Origin | None
    path: str


@functools.cache
def fonts_in_use() -> tuple[FontInUse, ...]:
    """Return the font of each group of scripts, Pillow's bundled one first; searched for once in a process."""
    bundled = Face()
    rows = [FontInUse("plain English", bundled.family, "Pillow", "")]
    for source in FONT_SOURCES:
        found = find(source)
        if found is None:
            rows.append(FontInUse(source.scripts, "", None, ""))
        else:
            rows.append(FontInUse(source.scripts, found.face.family, found.origin, found.face.path))
    return tuple(rows)


@functools.cache
def installed() -> tuple[Face, ...]:
    """Return the faces that this machine has; Pillow's bundled one is always the first."""
    found = (find(source) for source in FONT_SOURCES)
    return (Face(), *dict.fromkeys(one.face for one in found if one))


@functools.cache
def bundled_last() -> tuple[Face, ...]:
    """Return the installed faces, Pillow's bundled one last, so that texts in several scripts look alike together."""
    return tuple(sorted(installed(), key=lambda face: not face.path))


def displayable(text: str, faces: tuple[Face, ...]) -> str:
    """Return *text* on one line in characters that *faces* have, the others as their code points.

    Control characters become spaces; invisible format characters (joiners, variation selectors) are removed.
    """
    visible = "".join(_visible(character) for character in unicodedata.normalize("NFC", text))

    def is_known(character: str) -> bool:
        return any(has_glyph(face, character) for face in faces)

    shown = "".join(
        "".join(run) if known else f"[{' '.join(f'U+{ord(character):04X}' for character in run)}]"
        for known, run in itertools.groupby(visible, is_known)
    )
    return " ".join(shown.split())


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf" or "\ufe00" <= character <= "\ufe0f":
        return ""
    return " " if category in {"Cc", "Zl", "Zp", "Zs"} else character


def by_coverage(text: str, faces: tuple[Face, ...] | None = None) -> tuple[Face, ...]:
    """Return *faces* (default: all installed ones), those that have more characters of *text* first.

    So a word keeps to one face. Faces that have equally many characters keep their order.
    """
    characters = sorted(set(text))
    known = installed() if faces is None else faces
    return tuple(sorted(known, key=lambda face: -sum(has_glyph(face, character) for character in characters)))


def font_runs(text: str, faces: tuple[Face, ...]) -> list[tuple[Face, str]]:
    """Split *text* into runs of one face each; each character must be one that some face has."""
    choice = {character: next(face for face in faces if has_glyph(face, character)) for character in set(text)}
    return [(face, "".join(run)) for face, run in itertools.groupby(text, choice.__getitem__)]
