"""Text is laid out inside its box: it is whole where there is room, and truncated where there is none."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage_server.media.fonts import displayable, installed
from soundstage_server.media.specs import sanitize
from soundstage_server.media.text import ELLIPSIS, MAX_CHARACTERS, fit_text

any_text = st.text() | st.text(st.characters(categories=["Cs", "Cf", "Co", "Mn", "Lo", "So"]))
needs_chinese = pytest.mark.skipif(displayable("狐", installed()) != "狐", reason="no installed font has Chinese")


@settings(deadline=None, max_examples=80)
@given(
    text=any_text | st.text("ab中한, ", max_size=700),
    width=st.integers(1, 500),
    height=st.integers(1, 300),
    largest=st.integers(8, 90),
    smallest=st.integers(8, 20),
)
def test_text_stays_within_its_box(text: str, width: int, height: int, largest: int, smallest: int) -> None:
    """Both the reported size and the painted mask fit, even in a box that is too small for one character."""
    block = fit_text(text, width, height, largest=largest, smallest=smallest)
    assert block.height <= height
    assert smallest <= block.size <= max(largest, smallest)
    assert block.width <= width
    assert block.mask().size == (max(1, block.width), max(1, block.height))


@settings(deadline=None, max_examples=60)
@given(words=st.lists(st.text("abcdefghij", min_size=1, max_size=9), min_size=1, max_size=12))
def test_text_with_room_is_complete_and_breaks_between_words(words: list[str]) -> None:
    """The joined lines are the text; a word that fits on a line is never split."""
    block = fit_text(" ".join(words), 300, 10_000, largest=24, smallest=8)
    assert " ".join(block.lines).split() == words
    assert block.size == 24


@settings(deadline=None, max_examples=20)
@given(text=st.text("abc ", min_size=300).filter(str.strip), height=st.integers(12, 40))
def test_truncated_text_ends_in_an_ellipsis(text: str, height: int) -> None:
    """A reader can see that there was more."""
    block = fit_text(text, 60, height, largest=20, smallest=8)
    whole = fit_text(text, 60, 100_000, largest=8, smallest=8)
    assert (len(block.lines) == len(whole.lines)) or block.lines[-1].endswith(ELLIPSIS)
    assert block.lines


def test_very_long_text_is_truncated_before_layout() -> None:
    """The longest prompt costs no more time than one that fills the frame."""
    block = fit_text("x" * 100_000, 4000, 100_000, largest=20, smallest=8)
    assert "".join(block.lines) == "x" * MAX_CHARACTERS + ELLIPSIS


def test_text_is_as_large_as_fits() -> None:
    """Less room gives smaller text, and enough room gives the largest size."""
    sizes = [
        fit_text("A fox crossing a river", 300, height, largest=60, smallest=8).size for height in (40, 80, 160, 1000)
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2]
    assert sizes[-1] == 60


@needs_chinese
def test_ideographs_break_anywhere_except_before_a_closing_mark() -> None:
    """A line of Chinese may end after any character, and no line starts with a full stop."""
    block = fit_text("红狐穿过冰河。" * 12, 190, 10_000, largest=30, smallest=8)
    assert len(block.lines) > 5
    assert not any(unicodedata.category(line[0]) in {"Pe", "Po"} for line in block.lines)
    assert len({len(line) for line in block.lines[:-1]}) <= 2


@given(text=any_text)
def test_metadata_text_is_bounded_and_valid(text: str) -> None:
    """It is at most 1000 characters of UTF-8, without the NUL that ends a C string."""
    kept = sanitize(text * 40)
    assert len(kept) <= 1000
    assert b"\0" not in kept.encode()
