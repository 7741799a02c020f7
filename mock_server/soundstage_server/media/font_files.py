"""Font files: where each font comes from, and which characters it has.

Pillow bundles a font for plain English. Fonts for other scripts come from optional packages (see the ``server``
extra). Where a package is not installed, a font of this machine takes its place: the one that fontconfig chooses, or a
well-known file in the usual font folders. Text then looks different from machine to machine, but stays readable.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from PIL import ImageFont

if TYPE_CHECKING:
    from collections.abc import Iterator

Origin = Literal["Pillow", "package", "fontconfig", "font folder"]

_PROBE_SIZE = 16
_PROBE = "\uffff"
"""A noncharacter: what a font draws for it, it draws for every character that it lacks."""
_FONTCONFIG_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Face:
    """A font face: one face of a file, or Pillow's bundled font where *path* is empty."""

    path: str = ""
    index: int = 0

    @property
    def family(self) -> str:
        """The font's family name, such as ``Noto Sans``."""
        return font(self, _PROBE_SIZE).getname()[0] or Path(self.path).stem


@dataclass(frozen=True, slots=True)
class FontSource:
    """The scripts that one font is for, and where to find it.

    Args:
        scripts: The scripts, for people.
        sample: Characters that a font must have to be used for these scripts.
        language: The language to request from fontconfig, as a tag.
        package: The import package that contains the preferred font.
        file: The preferred font's path inside the package.
        index: Which face of the preferred font's file.
        system_files: Names of font files of common systems, each with the index of its face, the preferred ones first.
    """

    scripts: str
    sample: str
    language: str
    package: str
    file: str
    index: int
    system_files: tuple[tuple[str, int], ...]


class FoundFont(NamedTuple):
    """A face and where it was found."""

    face: Face
    origin: Origin


FONT_SOURCES = (
    FontSource(
        "Latin, Greek, Cyrillic",
        "éžΩЖ",
        "ru",
        "fontpkg_noto_sans",
        "files/NotoSans[wdth,wght].ttf",
        0,
        (
            ("NotoSans-Regular.ttf", 0),
            ("DejaVuSans.ttf", 0),
            ("LiberationSans-Regular.ttf", 0),
            ("segoeui.ttf", 0),
            ("arial.ttf", 0),
            ("Arial.ttf", 0),
            ("Arial Unicode.ttf", 0),
        ),
    ),
    FontSource(
        "Chinese, Japanese, Korean",
        "中国の",
        "zh-cn",
        "noto_cjk_sans_otc",
        "NotoSansCJK-Regular.ttc",
        2,  # the collection's third face prefers the simplified Chinese shapes
        (
            ("NotoSansCJK-Regular.ttc", 2),
            ("NotoSansCJKsc-Regular.otf", 0),
            ("SourceHanSansSC-Regular.otf", 0),
            ("DroidSansFallbackFull.ttf", 0),
            ("wqy-microhei.ttc", 0),
            ("Arial Unicode.ttf", 0),
            ("PingFang.ttc", 0),
            ("msyh.ttc", 0),
        ),
    ),
)
"""The fonts beside Pillow's own, in the order of preference."""


@functools.cache
def find(source: FontSource) -> FoundFont | None:
    """Return the font for *source*: its package's, else fontconfig's choice, else a known file in a font folder."""
    for candidate in _candidates(source):
        if _covers(candidate.face, source.sample):
            return candidate
    return None


def _candidates(source: FontSource) -> Iterator[FoundFont]:
    # A generator, so that fontconfig runs and folders are walked only where the package is missing.
    spec = importlib.util.find_spec(source.package)
    for folder in (spec.submodule_search_locations if spec else None) or ():
        yield FoundFont(Face(str(Path(folder, source.file)), source.index), "package")
    if face := _fontconfig_choice(source.language):
        yield FoundFont(face, "fontconfig")
    installed = {path.name: path for folder in _font_folders() for path in sorted(folder.rglob("*.[ot]t[cf]"))}
    for name, index in source.system_files:
        if name in installed:
            yield FoundFont(Face(str(installed[name]), index), "font folder")


def _fontconfig_choice(language: str) -> Face | None:
    program = shutil.which("fc-match")
    if program is None:
        return None
    command = [program, "--format=%{index}\n%{file}", f"sans-serif:lang={language}"]
    try:
        done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=_FONTCONFIG_SECONDS)  # noqa: S603 - a fixed command
        index, path = done.stdout.split("\n", 1)
        return Face(path, int(index) & 0xFFFF)  # the upper bits number an instance of a variable font
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def _font_folders() -> list[Path]:
    home, windows = Path.home(), os.environ.get("WINDIR", "")
    folders = [
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        home / ".local/share/fonts",
        home / ".fonts",
        Path("/System/Library/Fonts"),
        Path("/Library/Fonts"),
        home / "Library/Fonts",
        *([Path(windows, "Fonts")] if windows else ()),
    ]
    return [folder for folder in folders if folder.is_dir()]


def _covers(face: Face, sample: str) -> bool:
    """Return whether *face* can be opened and has every character of *sample*.

    fontconfig always chooses something, even where no font of the machine has the language.
    """
    try:
        return all(has_glyph(face, character) for character in sample)
    except OSError:
        return False


@functools.lru_cache(maxsize=64)
def font(face: Face, size: int) -> ImageFont.FreeTypeFont:
    """Return *face* at *size* pixels, laid out without the optional shaping library, so that machines agree.

    Raises:
        OSError: The file is missing, or FreeType cannot read it.
    """
    basic = ImageFont.Layout.BASIC
    if face.path:
        return ImageFont.truetype(face.path, size, face.index, layout_engine=basic)
    bundled = cast("ImageFont.FreeTypeFont", ImageFont.load_default(size))  # with a size it returns no other type
    return bundled.font_variant(layout_engine=basic)


@functools.lru_cache(maxsize=4096)
def has_glyph(face: Face, character: str) -> bool:
    """Return whether *face* has a glyph for *character*."""
    # Pillow does not expose a font's character map, so compare with what is drawn for a missing character.
    return character.isspace() or _pixels(face, character) != _pixels(face, _PROBE)


def _pixels(face: Face, character: str) -> bytes:
    mask, offset = font(face, _PROBE_SIZE).getmask2(character, mode="L")
    return repr((mask.size, offset)).encode() + bytes(mask)
