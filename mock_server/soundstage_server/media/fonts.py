"""Typefaces, and which of them has which character, so that a text shows its own letters or says which it cannot show.

Pillow brings a face for plain English. Two optional packages (see the ``server`` extra) bring Noto Sans for the other
Latin alphabets, Greek and Cyrillic, and Noto Sans CJK for Chinese, Japanese and Korean. A character that no installed
face has is shown as ``[U+1F600]``, never as an empty box.
"""

from __future__ import annotations

import functools
import importlib.util
import itertools
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from PIL import ImageFont

_PROBE_SIZE = 16
_PROBE = "\uffff"
"""A noncharacter: what a face draws for it, it draws for everything that it lacks."""


@dataclass(frozen=True, slots=True)
class Face:
    """A typeface: Pillow's own when *package* is empty, otherwise a file inside an installed package.

    Args:
        package: The import package that holds the file.
        file: Its path inside the package.
        index: Which face of a collection.
    """

    package: str = ""
    file: str = ""
    index: int = 0

    def path(self) -> Path | None:
        """Return where the file is, or None where the package is not installed."""
        spec = importlib.util.find_spec(self.package)
        folders = spec.submodule_search_locations if spec else None
        files = [Path(folder, self.file) for folder in folders or ()]
        return next((file for file in files if file.is_file()), None)


FACES = (
    Face(),
    Face("fontpkg_noto_sans", "files/NotoSans[wdth,wght].ttf"),
    Face("noto_cjk_sans_otc", "NotoSansCJK-Regular.ttc", index=2),
)
"""In the order of preference; the collection's third face prefers the simplified Chinese shapes."""


@functools.cache
def installed() -> tuple[Face, ...]:
    """Return the faces of `FACES` that this machine has; Pillow's own is always among them."""
    return tuple(face for face in FACES if not face.package or face.path())


@functools.lru_cache(maxsize=64)
def font(face: Face, size: int) -> ImageFont.FreeTypeFont:
    """Return *face* at *size* pixels, laid out without the optional shaping library, so that machines agree."""
    basic = ImageFont.Layout.BASIC
    path = face.path() if face.package else None
    if path:
        return ImageFont.truetype(str(path), size, face.index, layout_engine=basic)
    own = cast("ImageFont.FreeTypeFont", ImageFont.load_default(size))  # given a size, it is that or an ImportError
    return own.font_variant(layout_engine=basic)


@functools.lru_cache(maxsize=4096)
def has_glyph(face: Face, character: str) -> bool:
    """Return whether *face* draws *character* itself."""
    return character.isspace() or _ink(face, character) != _ink(face, _PROBE)


def _ink(face: Face, character: str) -> bytes:
    mask, offset = font(face, _PROBE_SIZE).getmask2(character, mode="L")
    return repr((mask.size, offset)).encode() + bytes(mask)


def displayable(text: str, faces: tuple[Face, ...]) -> str:
    """Return *text* on one line in characters that *faces* can show, the others as their code points.

    Controls and invisible format characters (joiners, variation selectors) leave no trace but a space.
    """
    visible = "".join(_visible(character) for character in unicodedata.normalize("NFC", text))
    shown = "".join(
        "".join(run) if known else f"[{' '.join(f'U+{ord(character):04X}' for character in run)}]"
        for known, run in itertools.groupby(
            visible, lambda character: any(has_glyph(face, character) for face in faces)
        )
    )
    return " ".join(shown.split())


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf" or "\ufe00" <= character <= "\ufe0f":
        return ""
    return " " if category in {"Cc", "Zl", "Zp", "Zs"} else character


def by_coverage(text: str, faces: tuple[Face, ...] | None = None) -> tuple[Face, ...]:
    """Return *faces*, all that are installed by default, first the one that has most of *text*.

    So a word keeps to one face; where several have as much of it, the order stays.
    """
    letters = sorted(set(text))
    known = installed() if faces is None else faces
    return tuple(sorted(known, key=lambda face: -sum(has_glyph(face, letter) for letter in letters)))


@functools.cache
def packaged_first() -> tuple[Face, ...]:
    """Return the installed faces, Pillow's own last, so that texts of several alphabets look alike together."""
    return tuple(sorted(installed(), key=lambda face: not face.package))


def font_runs(text: str, faces: tuple[Face, ...]) -> list[tuple[Face, str]]:
    """Return *text* in stretches of one face each; every character is one that some face has."""
    pick = {letter: next(face for face in faces if has_glyph(face, letter)) for letter in set(text)}
    return [(face, "".join(run)) for face, run in itertools.groupby(text, pick.__getitem__)]
