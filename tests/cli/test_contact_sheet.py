"""The contact sheet: every file once, by what is in it, in its place, and nothing that is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PILImage

from soundstage_cli.demo import contact_sheet
from soundstage_cli.demo.contact_sheet import Card, ContactSheet
from soundstage_cli.demo.media_info import UndecodableError, describe_media
from soundstage_cli.demo.runner import CallResult, client_calls
from soundstage_cli.demo.table import ResultRow
from soundstage_cli.demo.thumbnails import WAVE_GROUND, make_thumbnail, render_svg
from soundstage_contracts.declarations.vendor import DemoCall
from soundstage_contracts.vendors import tomoviee
from soundstage_server.media import Audio, Image, Mask, MediaSpec, Video, render, suffix

if TYPE_CHECKING:
    from pathlib import Path

FILM = Video(96, 54, 4.0, "A fox", "", 1, fps=8)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 40"><rect width="40" height="40" fill="#f00"/>{}</svg>'
SIZE = (160, 90)


def made(folder: Path, name: str, medium: MediaSpec) -> Path:
    """Render *medium* as a file called *name*."""
    path = folder / f"{name}{suffix(medium)}"
    path.write_bytes(render(medium))
    return path


def card(files: int, *, slug: str = "tomoviee", error: str = "", prompt: str = "A fox", **arguments: Any) -> Card:
    """Return what a call made: so many files, which are not there."""
    contract = replace(tomoviee.CONTRACT, slug=slug)
    (call,) = client_calls(contract, [DemoCall("text_to_video", {"prompt": prompt} if prompt else arguments)])
    result = CallResult(call, 60.0, 0.1, 10, "credits", error=error)
    names = [f"{number}.png" for number in range(files)]
    rows = [
        ResultRow(result, first=not number, file=name, details=name, failed=False) for number, name in enumerate(names)
    ]
    return Card(result, tuple(rows) or (ResultRow(result, first=True, file="", details=error, failed=True),))


def test_a_film_is_shown_by_its_middle(tmp_path: Path) -> None:
    """The frame is the one in the middle of the film, and its length is the file's."""
    path = made(tmp_path, "film", FILM)
    thumb = make_thumbnail(path, SIZE)
    assert (thumb.is_video, thumb.image.size) == (True, (96, 54))
    assert thumb.seconds == pytest.approx(4.0, abs=0.2)
    left, right = (thumb.image.crop((x, 0, x + 32, 54)) for x in (0, 64))
    assert left.tobytes() != right.tobytes()


def test_a_film_of_one_frame_is_shown_by_it(tmp_path: Path) -> None:
    """Where nothing comes after the middle the first frame stands in."""
    thumb = make_thumbnail(made(tmp_path, "film", replace(FILM, seconds=0.125)), SIZE)
    assert thumb.image.size == (96, 54)


def test_a_sound_is_shown_by_its_wave(tmp_path: Path) -> None:
    """The wave fills the box, is as loud in one half as in the other, and tells the length."""
    thumb = make_thumbnail(made(tmp_path, "sound", Audio(3.0, 1, "music")), SIZE)
    assert (thumb.is_video, thumb.image.size) == (False, SIZE)
    assert thumb.seconds == pytest.approx(3.0, abs=0.2)
    colors = thumb.image.getcolors() or []
    assert max(colors)[1] == WAVE_GROUND
    assert len(colors) > 1


def test_a_picture_keeps_its_shape(tmp_path: Path) -> None:
    """Nothing is stretched: a tall picture is as high as the box, a wide one as wide."""
    assert make_thumbnail(made(tmp_path, "tall", Image(200, 400, "A fox", "", 1)), SIZE).image.size == (45, 90)
    assert make_thumbnail(made(tmp_path, "wide", Mask(800, 100, 1)), SIZE).image.size == (160, 20)


def test_what_is_clear_is_shown_on_white(tmp_path: Path) -> None:
    """A picture with clear parts is laid on white, not on black."""
    path = tmp_path / "clear.png"
    PILImage.new("RGBA", (20, 20), (0, 0, 0, 0)).save(path)
    assert make_thumbnail(path, SIZE).image.getpixel((5, 5)) == (255, 255, 255)


def test_a_drawing_is_rendered_with_its_letters(tmp_path: Path) -> None:
    """An SVG is shown as a renderer draws it, Chinese, Japanese, Korean and Cyrillic letters too."""
    path, empty = tmp_path / "a.svg", tmp_path / "b.svg"
    empty.write_text(SVG.format(""), encoding="utf-8")
    assert describe_media(empty).startswith("SVG 80x40 ")
    thumb = make_thumbnail(empty, SIZE)
    assert (thumb.image.getpixel((20, 40)), thumb.image.getpixel((140, 40))) == ((255, 0, 0), (255, 255, 255))
    blank = render_svg(empty).tobytes()
    shown = {blank}
    for letters in ("水", "ひ", "한", "Ж", "a"):
        path.write_text(SVG.format(f'<text x="44" y="30" font-size="24">{letters}</text>'), encoding="utf-8")
        shown.add(render_svg(path).tobytes())
    assert len(shown) == 6


@pytest.mark.parametrize("name", ["a.mp4", "a.mp3", "a.png", "a.svg"])
def test_what_no_decoder_reads_is_named_and_not_shown(name: str, tmp_path: Path) -> None:
    """A broken file is no success: the decoder says so, and the sheet shows why in its place."""
    path = tmp_path / name
    path.write_text("<html>not row</html>", encoding="utf-8")
    with pytest.raises(UndecodableError, match=name):
        describe_media(path)
    broken = card(1)
    row = replace(broken.rows[0], file=name)
    sheet = ContactSheet([("tomoviee", [Card(broken.result, (row,))])], tmp_path)
    assert _red(sheet.image)


def test_a_failure_is_shown_in_its_place(tmp_path: Path) -> None:
    """A call that made nothing has a card that says why; one that made something has none of that color."""
    assert _red(ContactSheet([("tomoviee", [card(0, error="it failed")])], tmp_path).image)
    made(tmp_path, "0", Image(64, 36, "A fox", "", 1))
    assert not _red(ContactSheet([("tomoviee", [card(1)])], tmp_path).image)


def _red(image: PILImage.Image) -> bool:
    return any(color == contact_sheet._BAD for _, color in image.getcolors(1 << 24) or [])


def test_the_sheet_has_every_file_where_its_vendor_is(tmp_path: Path) -> None:
    """The whole is saved as a PNG that is wider for more files, and holds every picture that was made."""
    colors = [(200, 10, 10), (10, 200, 10), (10, 10, 200)]
    for number, color in enumerate(colors):
        PILImage.new("RGB", (160, 90), color).save(tmp_path / f"{number}.png")
    cards = [card(3), card(1, slug="other", prompt="", image="https://e.test/a.png")]
    rows = [row for one in cards for row in one.rows]
    path = contact_sheet.write(rows, tmp_path, tmp_path / contact_sheet.NAME)
    with PILImage.open(path) as image:
        image.load()
        found = {color: _rows_of(image, color) for color in colors}
    assert len({found[color][0] for color in colors}) == 1  # three files of one call stand beside one another
    assert found[colors[0]][-1] > found[colors[1]][-1]  # and the other vendor's below
    (tmp_path / contact_sheet.NAME).unlink()


def _rows_of(image: PILImage.Image, color: tuple[int, int, int]) -> list[int]:
    """Return the rows of *image* that have *color*."""
    rows = (image.crop((0, y, image.width, y + 1)).getcolors(1 << 16) or [] for y in range(image.height))
    return [y for y, row in enumerate(rows) if color in {row for _, row in row}]


@given(st.lists(st.lists(st.integers(min_value=1, max_value=11), min_size=1, max_size=9), min_size=1, max_size=7))
def test_every_card_has_a_place_and_no_row_is_too_long(counts: list[list[int]]) -> None:
    """Whatever was made, each card is in one row, in its order, and each row fits in the sheet."""
    groups = [("tomoviee", [card(files) for files in some]) for some in counts]
    columns = contact_sheet._columns(groups)
    assert 2 <= columns <= 6
    for _, cards in groups:
        rows = list(contact_sheet._rows(cards, columns))
        assert [one for row in rows for one in row] == cards
        assert all(0 < sum(one.span(columns) for one in row) <= columns for row in rows)
        for one in cards:
            assert one.lines(columns) * one.span(columns) >= len(one.rows)


def test_a_card_says_what_was_asked_for() -> None:
    """The prompt, or else a text that is no address, or else nothing."""
    assert card(1, prompt="Лиса").words == "Лиса"
    assert card(1, prompt="", model="wan", payload={"prompt": "Rain"}).words == "Rain"
    assert card(1, prompt="", text="Hello").words == "Hello"
    assert card(1, prompt="", video="https://e.test/a.mp4", style="calm").words == "calm"
    assert not card(1, prompt="", video="https://e.test/a.mp4").words


def test_an_empty_demonstration_has_a_sheet(tmp_path: Path) -> None:
    """Nothing made is a sheet that says so."""
    assert ContactSheet([], tmp_path).image.width > 0
