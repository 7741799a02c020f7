"""Fonts come from a package, else from the system, else from Pillow; each character has a glyph or is named."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageFont

from soundstage_server.media import Diagram, Image, MindMap, Topic, font_files, fonts, render
from soundstage_server.media.font_files import FONT_SOURCES, Face, find, font, has_glyph
from soundstage_server.media.fonts import by_coverage, displayable, font_runs, fonts_in_use, installed
from soundstage_server.media.text import fit_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUNDLED = (Face(),)
LATIN, CJK = FONT_SOURCES
any_text = st.text() | st.text(st.characters(categories=["Cs", "Cf", "Co", "Mn", "Lo", "So"]))
needs_packages = pytest.mark.skipif(
    [row.origin for row in fonts_in_use()] != ["Pillow", "package", "package"],
    reason="a font package of the server extra is not installed",
)


def clear_caches() -> None:
    """Forget which fonts were found."""
    for cached in (font_files.find, fonts.installed, fonts.fonts_in_use, fonts.bundled_last):
        cached.cache_clear()


@pytest.fixture
def no_packages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hide the font packages."""
    hidden = tuple(replace(source, package=f"no_such_{source.package}") for source in FONT_SOURCES)
    monkeypatch.setattr(fonts, "FONT_SOURCES", hidden)
    clear_caches()
    yield
    clear_caches()


@pytest.fixture
def no_fonts(no_packages: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the font packages and the fonts of this machine."""
    del no_packages
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    monkeypatch.setattr(font_files, "_font_folders", list)


@pytest.fixture
def font_file(tmp_path: Path) -> Path:
    """Return a font file with Latin letters: Pillow's bundled font."""
    bundled = ImageFont.load_default(10)
    assert isinstance(bundled, ImageFont.FreeTypeFont)
    path = tmp_path / "fonts" / "face.ttf"
    path.parent.mkdir()
    path.write_bytes(bundled.font_bytes)
    return path


def fontconfig_prints(monkeypatch: pytest.MonkeyPatch, output: str | Exception) -> None:
    """Replace the program fc-match by one that prints *output* or fails."""

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        if isinstance(output, Exception):
            raise output
        return subprocess.CompletedProcess(command, 0, output, "")

    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(subprocess, "run", run)


@settings(deadline=None)
@given(text=any_text)
def test_displayable_text_has_a_glyph_for_every_character(text: str) -> None:
    """Whatever the text, no character is shown as an empty box, a control character or a line break."""
    for faces in (BUNDLED, installed()):
        shown = displayable(text, faces)
        assert all(any(has_glyph(face, character) for face in faces) for character in shown)
        assert shown == " ".join(shown.split())
        assert "".join(run for _, run in font_runs(shown, faces)) == shown


@given(text=st.text("abcXYZ 0189.,:;!?'\"()[]{}-+*/=<>@#$%&_|~^`\\"))
def test_plain_english_is_shown_unchanged(text: str) -> None:
    """Characters that Pillow's bundled font has stay as they are, except for repeated spaces."""
    assert displayable(text, BUNDLED) == " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a 中文 b", "a [U+4E2D U+6587] b"),
        ("fox🦊", "fox[U+1F98A]"),
        ("\ud800", "[U+D800]"),
        ("e\u0301", "[U+00E9]"),
        ("a\u200db\ufe0fc\u2066", "abc"),
        ("one\ttwo\r\nthree\u2028four\0five\u00a0six", "one two three four five six"),
        ("", ""),
    ],
)
def test_missing_glyphs_are_shown_as_code_points(text: str, shown: str) -> None:
    """A character without a glyph is named by its number; invisible characters are removed."""
    assert displayable(text, BUNDLED) == shown


@needs_packages
@pytest.mark.parametrize(
    "text",
    [
        "一只红狐",
        "狐が渡る",
        "여우가 건넌다",
        "Лиса и ёж",
        "Αλεπού",
        "Żółta łódź",
        "Tiếng Việt",
        "ığüşöç",
        "café, naïve, Ærø",
    ],
)
def test_font_packages_cover_common_scripts(text: str) -> None:
    """Chinese, Japanese, Korean, Cyrillic, Greek and every Latin alphabet are shown in one face each."""
    assert displayable(text, by_coverage(text)) == text
    assert len({face for face, run in font_runs(text, by_coverage(text)) if run.strip()}) == 1


@pytest.mark.usefixtures("no_fonts")
def test_without_any_font_pillows_own_is_the_last_resort() -> None:
    """Media still renders, with code points in place of the missing characters, and the report lists them."""
    assert installed() == BUNDLED
    assert [(row.scripts, row.origin, row.path) for row in fonts_in_use()] == [
        ("plain English", "Pillow", ""),
        (LATIN.scripts, None, ""),
        (CJK.scripts, None, ""),
    ]
    assert fit_text("中", 400, 100, largest=30, smallest=8).lines == ("[U+4E2D]",)
    assert render(Image(64, 64, "Лиса 狐", "", 1))
    assert render(Diagram(MindMap(Topic("Лиса 狐")), "", 1, "svg"))


def test_a_package_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, font_file: Path) -> None:
    """A font inside an installed package is used, and the system is not searched."""
    font_file.parent.rename(tmp_path / "some_font_package")
    monkeypatch.syspath_prepend(tmp_path)
    fontconfig_prints(monkeypatch, AssertionError("fontconfig was asked"))
    found = find(replace(LATIN, package="some_font_package", file="face.ttf", sample="Az"))
    assert found == (Face(str(tmp_path / "some_font_package" / "face.ttf")), "package")
    assert font(found.face, 20).getname() == font(Face(), 20).getname()
    assert (has_glyph(found.face, "A"), has_glyph(found.face, "中")) == (True, False)


@pytest.mark.usefixtures("no_fonts")
@pytest.mark.parametrize(("package", "file"), [("no_such_package", "a.ttf"), ("tomllib", "a.ttf"), ("json", "a.ttf")])
def test_a_package_without_its_font_is_passed_over(package: str, file: str) -> None:
    """A package that is missing or lacks the file is no error: the next place is searched."""
    assert find(replace(LATIN, package=package, file=file)) is None


@pytest.mark.usefixtures("no_fonts")
def test_fontconfig_chooses_where_a_package_is_missing(monkeypatch: pytest.MonkeyPatch, font_file: Path) -> None:
    """The file and the face that fc-match prints are used."""
    fontconfig_prints(monkeypatch, f"65536\n{font_file}")
    assert find(replace(LATIN, package="no_such_package", sample="Az")) == (Face(str(font_file)), "fontconfig")


@pytest.mark.usefixtures("no_fonts")
@pytest.mark.parametrize(
    "output",
    ["", "x\ny", "0\n/no/such/file.ttf", OSError("cannot run"), subprocess.TimeoutExpired("fc-match", 5)],
    ids=repr,
)
def test_an_unusable_fontconfig_is_passed_over(monkeypatch: pytest.MonkeyPatch, output: str | Exception) -> None:
    """A program that fails, hangs or names no readable font is no error."""
    fontconfig_prints(monkeypatch, output)
    assert find(replace(LATIN, package="no_such_package", sample=f"A{len(repr(output))}")) is None


@pytest.mark.usefixtures("no_fonts")
def test_a_font_without_the_sample_is_passed_over(monkeypatch: pytest.MonkeyPatch, font_file: Path) -> None:
    """The program always chooses some font; one that lacks the script is not used."""
    fontconfig_prints(monkeypatch, f"0\n{font_file}")
    assert find(replace(CJK, package="no_such_package")) is None


@pytest.mark.usefixtures("no_fonts")
def test_known_files_in_font_folders_are_found(monkeypatch: pytest.MonkeyPatch, font_file: Path) -> None:
    """Without fontconfig, well-known file names are searched in the font folders and below them."""
    monkeypatch.setattr(font_files, "_font_folders", lambda: [font_file.parent.parent])
    source = replace(LATIN, package="no_such_package", sample="Az", system_files=(("no.ttf", 0), ("face.ttf", 0)))
    assert find(source) == (Face(str(font_file)), "font folder")
    assert find(replace(source, system_files=(("no.ttf", 0),))) is None


def test_font_folders_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only folders that exist are searched, on Windows the one that WINDIR names."""
    (tmp_path / "Fonts").mkdir()
    monkeypatch.setenv("WINDIR", str(tmp_path))
    folders = font_files._font_folders()
    assert tmp_path / "Fonts" in folders
    assert all(folder.is_dir() for folder in folders)


@pytest.mark.usefixtures("no_packages")
@pytest.mark.filterwarnings("error")
def test_hidden_packages_cause_no_warning() -> None:
    """With whatever fonts this machine has, media renders without a warning, and every font in use is reported."""
    assert render(Image(128, 64, "Лиса 狐", "", 1))
    files = [row.path for row in fonts_in_use() if row.path]
    assert set(files) == {face.path for face in installed() if face.path}
    assert all(row.family for row in fonts_in_use() if row.origin)
