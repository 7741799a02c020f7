"""The contact sheet: thumbnails, captions, errors and layout."""

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
from soundstage_cli.demo.thumbnails import WAVE_BACKGROUND, make_thumbnail, render_svg
from soundstage_contracts.declarations.vendor import DemoCall
from soundstage_contracts.vendors import tomoviee
from soundstage_server.media import Audio, Image, Mask, MediaSpec, Video, render, suffix

if TYPE_CHECKING:
    from pathlib import Path

VIDEO = Video(96, 54, 4.0, "A fox", "", 1, fps=8)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 40"><rect width="40" height="40" fill="#f00"/>{}</svg>'
SIZE = (160, 90)


def render_file(folder: Path, name: str, medium: MediaSpec) -> Path:
    """Render *medium* as a file called *name*."""
    path = folder / f"{name}{suffix(medium)}"
    path.write_bytes(render(medium))
    return path


def card(files: int, *, slug: str = "tomoviee", error: str = "", prompt: str = "A fox", **arguments: Any) -> Card:
    """Return the card of a call with so many files, which do not exist."""
    contract = replace(tomoviee.CONTRACT, slug=slug)
    (call,) = client_calls(contract, [DemoCall("text_to_video", {"prompt": prompt} if prompt else arguments)])
    result = CallResult(call, 60.0, 0.1, 10, "credits", error=error)
    names = [f"{number}.png" for number in range(files)]
    rows = [
        ResultRow(result, first=not number, file=name, details=name, failed=False) for number, name in enumerate(names)
    ]
    return Card(result, tuple(rows) or (ResultRow(result, first=True, file="", details=error, failed=True),))


def test_video_thumbnail_is_middle_frame(tmp_path: Path) -> None:
    """The thumbnail is the frame in the middle of the video, with the duration of the file."""
    path = render_file(tmp_path, "video", VIDEO)
    thumb = make_thumbnail(path, SIZE)
    assert (thumb.is_video, thumb.image.size) == (True, (96, 54))
    assert thumb.seconds == pytest.approx(4.0, abs=0.2)
    left, right = (thumb.image.crop((x, 0, x + 32, 54)) for x in (0, 64))
    assert left.tobytes() != right.tobytes()


def test_video_of_one_frame(tmp_path: Path) -> None:
    """If there is no frame after the middle, the first frame is used."""
    thumb = make_thumbnail(render_file(tmp_path, "video", replace(VIDEO, seconds=0.125)), SIZE)
    assert thumb.image.size == (96, 54)


def test_audio_thumbnail_is_waveform(tmp_path: Path) -> None:
    """The waveform fills the box and has the duration of the file."""
    thumb = make_thumbnail(render_file(tmp_path, "audio", Audio(3.0, 1, "music")), SIZE)
    assert (thumb.is_video, thumb.image.size) == (False, SIZE)
    assert thumb.seconds == pytest.approx(3.0, abs=0.2)
    colors = thumb.image.getcolors() or []
    assert max(colors)[1] == WAVE_BACKGROUND
    assert len(colors) > 1


def test_image_keeps_aspect_ratio(tmp_path: Path) -> None:
    """An image is scaled to the height or width of the box without distortion."""
    assert make_thumbnail(render_file(tmp_path, "tall", Image(200, 400, "A fox", "", 1)), SIZE).image.size == (45, 90)
    assert make_thumbnail(render_file(tmp_path, "wide", Mask(800, 100, 1)), SIZE).image.size == (160, 20)


def test_transparency_is_white(tmp_path: Path) -> None:
    """Transparent parts of an image are white."""
    path = tmp_path / "clear.png"
    PILImage.new("RGBA", (20, 20), (0, 0, 0, 0)).save(path)
    assert make_thumbnail(path, SIZE).image.getpixel((5, 5)) == (255, 255, 255)


def test_svg_is_rendered_with_fonts(tmp_path: Path) -> None:
    """An SVG is rendered with its text, in Chinese, Japanese, Korean, Cyrillic and Latin script."""
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
def test_broken_file_is_error(name: str, tmp_path: Path) -> None:
    """A broken file has an error in the description and on the sheet."""
    path = tmp_path / name
    path.write_text("<html>not row</html>", encoding="utf-8")
    with pytest.raises(UndecodableError, match=name):
        describe_media(path)
    broken = card(1)
    row = replace(broken.rows[0], file=name)
    sheet = ContactSheet([("tomoviee", [Card(broken.result, (row,))])], tmp_path)
    assert _red(sheet.image)


def test_failed_call_has_card_with_error(tmp_path: Path) -> None:
    """The card of a failed call has its error in red; other cards have no red."""
    assert _red(ContactSheet([("tomoviee", [card(0, error="it failed")])], tmp_path).image)
    render_file(tmp_path, "0", Image(64, 36, "A fox", "", 1))
    assert not _red(ContactSheet([("tomoviee", [card(1)])], tmp_path).image)


def _red(image: PILImage.Image) -> bool:
    return any(color == contact_sheet._RED for _, color in image.getcolors(1 << 24) or [])


def test_sheet_groups_files_by_vendor(tmp_path: Path) -> None:
    """The PNG has the files of one call beside each other, and the next vendor below."""
    colors = [(200, 10, 10), (10, 200, 10), (10, 10, 200)]
    for number, color in enumerate(colors):
        PILImage.new("RGB", (160, 90), color).save(tmp_path / f"{number}.png")
    cards = [card(3), card(1, slug="other", prompt="", image="https://e.test/a.png")]
    rows = [row for one in cards for row in one.rows]
    path = contact_sheet.write(rows, tmp_path, tmp_path / contact_sheet.NAME)
    with PILImage.open(path) as image:
        image.load()
        found = {color: _rows_of(image, color) for color in colors}
    assert len({found[color][0] for color in colors}) == 1  # three files of one call are side by side
    assert found[colors[0]][-1] > found[colors[1]][-1]  # and the other vendor is below
    (tmp_path / contact_sheet.NAME).unlink()


def _rows_of(image: PILImage.Image, color: tuple[int, int, int]) -> list[int]:
    """Return the rows of *image* that contain *color*."""
    rows = (image.crop((0, y, image.width, y + 1)).getcolors(1 << 16) or [] for y in range(image.height))
    return [y for y, row in enumerate(rows) if color in {row for _, row in row}]


@given(st.lists(st.lists(st.integers(min_value=1, max_value=11), min_size=1, max_size=9), min_size=1, max_size=7))
def test_layout_keeps_order_and_width(counts: list[list[int]]) -> None:
    """Each card is in one row, in order, and each row fits the sheet."""
    groups = [("tomoviee", [card(files) for files in some]) for some in counts]
    columns = contact_sheet._columns(groups)
    assert 2 <= columns <= 6
    for _, cards in groups:
        rows = list(contact_sheet._rows(cards, columns))
        assert [one for row in rows for one in row] == cards
        assert all(0 < sum(one.span(columns) for one in row) <= columns for row in rows)
        for one in cards:
            assert one.lines(columns) * one.span(columns) >= len(one.rows)


def test_caption_is_prompt() -> None:
    """The caption is the prompt, or else a text that is not a URL, or else empty."""
    assert card(1, prompt="Лиса").caption == "Лиса"
    assert card(1, prompt="", model="wan", payload={"prompt": "Rain"}).caption == "Rain"
    assert card(1, prompt="", text="Hello").caption == "Hello"
    assert card(1, prompt="", video="https://e.test/a.mp4", style="calm").caption == "calm"
    assert not card(1, prompt="", video="https://e.test/a.mp4").caption


def test_empty_sheet(tmp_path: Path) -> None:
    """A sheet without files can be drawn."""
    assert ContactSheet([], tmp_path).image.width > 0
