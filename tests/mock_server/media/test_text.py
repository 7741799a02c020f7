"""Words on a frame: they fit, they are whole where there is room, and no letter becomes an empty box."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageFont

from soundstage_server.media import fonts
from soundstage_server.media.fonts import FACES, Face, by_coverage, displayable, font, font_runs, has_glyph, installed
from soundstage_server.media.metadata import sanitize
from soundstage_server.media.text import ELLIPSIS, MAX_CHARACTERS, fit_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OWN = (Face(),)
anything = st.text() | st.text(st.characters(categories=["Cs", "Cf", "Co", "Mn", "Lo", "So"]))
needs_wide = pytest.mark.skipif(len(installed()) < len(FACES), reason="a font package of the server extra is missing")


@pytest.fixture
def only_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hide the font packages."""
    monkeypatch.setattr(fonts, "FACES", OWN)
    installed.cache_clear()
    yield
    installed.cache_clear()


@settings(deadline=None)
@given(text=anything)
def test_what_is_shown_has_a_glyph_for_every_letter(text: str) -> None:
    """Whatever comes in, what goes on the frame is in some face: no tofu, no control, no line break."""
    for faces in (OWN, installed()):
        shown = displayable(text, faces)
        assert all(any(has_glyph(face, letter) for face in faces) for letter in shown)
        assert shown == " ".join(shown.split())
        assert "".join(run for _, run in font_runs(shown, faces)) == shown


@given(text=st.text("abcXYZ 0189.,:;!?'\"()[]{}-+*/=<>@#$%&_|~^`\\"))
def test_plain_english_is_shown_letter_by_letter(text: str) -> None:
    """Nothing that Pillow's own face has is changed, but for spaces."""
    assert displayable(text, OWN) == " ".join(text.split())


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
def test_a_letter_that_no_face_has_is_named_by_its_number(text: str, shown: str) -> None:
    """A reader can look up what the picture could not show; what is invisible leaves no trace."""
    assert displayable(text, OWN) == shown


@needs_wide
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
def test_the_font_packages_bring_the_worlds_alphabets(text: str) -> None:
    """Chinese, Japanese, Korean, Cyrillic, Greek and every Latin alphabet stand as they are."""
    assert displayable(text, by_coverage(text)) == text
    assert len({face for face, run in font_runs(text, by_coverage(text)) if run.strip()}) == 1


@pytest.mark.usefixtures("only_own")
def test_without_the_font_packages_a_title_still_fits_and_stays_honest() -> None:
    """The packages are an extra: without them there are numbers in place of letters, and nothing fails."""
    assert installed() == OWN
    assert fit_text("中", 400, 100, largest=30, smallest=8).lines == ("[U+4E2D]",)


def test_a_face_is_found_inside_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A font that comes with an installed package is used from there; a package without it is passed over."""
    own = ImageFont.load_default(10)
    assert isinstance(own, ImageFont.FreeTypeFont)
    (tmp_path / "some_font_package").mkdir()
    (tmp_path / "some_font_package" / "face.ttf").write_bytes(own.font_bytes)
    monkeypatch.syspath_prepend(tmp_path)
    face = Face("some_font_package", "face.ttf")
    assert face.path() == tmp_path / "some_font_package" / "face.ttf"
    assert font(face, 20).getname() == font(Face(), 20).getname()
    assert has_glyph(face, "A")
    assert not has_glyph(face, "中")
    assert Face("some_font_package", "other.ttf").path() is None
    assert Face("no_such_font_package", "face.ttf").path() is None
    assert Face("tomllib", "face.ttf").path() is None


@settings(deadline=None, max_examples=80)
@given(
    text=anything | st.text("ab中한, ", max_size=700),
    width=st.integers(1, 500),
    height=st.integers(1, 300),
    largest=st.integers(8, 90),
    smallest=st.integers(8, 20),
)
def test_text_never_outgrows_its_box(text: str, width: int, height: int, largest: int, smallest: int) -> None:
    """Neither by what it says it takes nor by what it paints, be the box too small for a single letter."""
    lines = fit_text(text, width, height, largest=largest, smallest=smallest)
    assert lines.height <= height
    assert smallest <= lines.size <= max(largest, smallest)
    assert lines.width <= width
    assert lines.mask().size == (max(1, lines.width), max(1, lines.height))


@settings(deadline=None, max_examples=60)
@given(words=st.lists(st.text("abcdefghij", min_size=1, max_size=9), min_size=1, max_size=12))
def test_a_text_with_room_is_whole_and_breaks_between_words(words: list[str]) -> None:
    """TextBlock put together again are the text; a word is never cut where a line could hold it."""
    lines = fit_text(" ".join(words), 300, 10_000, largest=24, smallest=8)
    assert " ".join(lines.lines).split() == words
    assert lines.size == 24


@settings(deadline=None, max_examples=20)
@given(text=st.text("abc ", min_size=300).filter(str.strip), height=st.integers(12, 40))
def test_a_text_without_room_ends_in_an_ellipsis(text: str, height: int) -> None:
    """One sees that there was more."""
    lines = fit_text(text, 60, height, largest=20, smallest=8)
    whole = fit_text(text, 60, 100_000, largest=8, smallest=8)
    assert (len(lines.lines) == len(whole.lines)) or lines.lines[-1].endswith(ELLIPSIS)
    assert lines.lines


def test_a_novel_is_cut_before_it_is_set() -> None:
    """The longest prompt costs no more than one that fills the frame."""
    lines = fit_text("x" * 100_000, 4000, 100_000, largest=20, smallest=8)
    assert "".join(lines.lines) == "x" * MAX_CHARACTERS + ELLIPSIS


def test_text_is_as_large_as_it_can_be() -> None:
    """Half of the room gives smaller letters, and enough room the size that was wished."""
    sizes = [
        fit_text("A fox crossing a river", 300, height, largest=60, smallest=8).size for height in (40, 80, 160, 1000)
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2]
    assert sizes[-1] == 60


@needs_wide
def test_ideographs_break_anywhere_but_before_a_closing_mark() -> None:
    """A line of Chinese ends after any letter, and no line begins with a full stop."""
    lines = fit_text("红狐穿过冰河。" * 12, 190, 10_000, largest=30, smallest=8)
    assert len(lines.lines) > 5
    assert not any(unicodedata.category(line[0]) in {"Pe", "Po"} for line in lines.lines)
    assert len({len(line) for line in lines.lines[:-1]}) <= 2


@given(text=anything)
def test_a_tag_is_something_every_container_can_hold(text: str) -> None:
    """Bounded, in UTF-8, and without the byte that ends a C string."""
    kept = sanitize(text * 40)
    assert len(kept) <= 1000
    assert b"\0" not in kept.encode()
