"""Images and masks are valid files at any allowed size."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PILImage
from PIL import ImageDraw

from soundstage_server.media import Image, Mask, Video, render
from soundstage_server.media.canvas import (
    MIN_CONTRAST,
    MUTED_COLOR,
    TEXT_COLOR,
    background,
    contrast,
    paint_frame,
    palette,
)

if TYPE_CHECKING:
    from soundstage_server.media.specs import ImageFormat

sides = st.integers(16, 260)
seeds = st.integers()
formats = st.sampled_from(["png", "jpeg", "webp"])


def opened(content: bytes) -> PILImage.Image:
    """Return the decoded image."""
    image = PILImage.open(io.BytesIO(content))
    image.load()
    return image


@settings(deadline=None, max_examples=40)
@given(width=sides, height=sides, title=st.text(), caption=st.text(), seed=seeds, kind=formats)
def test_an_image_has_its_size_and_format(
    *, width: int, height: int, title: str, caption: str, seed: int, kind: ImageFormat
) -> None:
    """Size, format and color mode are as requested, whatever the text."""
    image = opened(render(Image(width, height, title, caption, seed, kind)))
    assert (image.size, image.format, image.mode) == ((width, height), kind.upper(), "RGB")


@settings(deadline=None, max_examples=40)
@given(width=sides, height=sides, seed=seeds)
def test_a_mask_is_one_white_shape_on_black(width: int, height: int, seed: int) -> None:
    """It has one channel with the values 0 and 255 alone, one connected white shape, and a black border."""
    image = opened(render(Mask(width, height, seed)))
    assert (image.size, image.format, image.mode) == ((width, height), "PNG", "L")
    assert {value for _, value in image.getcolors() or []} == {0, 255}
    first = image.tobytes().index(255)
    ImageDraw.floodfill(image, (first % width, first // width), 128)
    assert {value for _, value in image.getcolors() or []} == {0, 128}
    edge = [image.getpixel((x, y)) for x in range(width) for y in (0, height - 1)]
    edge += [image.getpixel((x, y)) for x in (0, width - 1) for y in range(height)]
    assert set(edge) == {0}


def test_masks_differ_by_seed_and_contain_their_title() -> None:
    """Each seed has a shape of its own, the same every time, and the PNG contains the title."""
    masks = [render(Mask(120, 80, seed, "the fox 狐 \ud800")) for seed in range(8)]
    assert len(set(masks)) == 8
    assert masks[3] == render(Mask(120, 80, 3, "the fox 狐 \ud800"))
    assert opened(masks[0]).info["Title"] == "the fox 狐 ?"
    assert "Title" not in opened(render(Mask(120, 80, 0))).info


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_an_image_depends_on_its_spec_alone(kind: ImageFormat) -> None:
    """Equal specs give equal bytes, and every field changes them."""
    spec = Image(200, 120, "A fox", "c", 5, kind)
    others = [Image(200, 120, *words, kind) for words in (("A cat", "c", 5), ("A fox", "d", 5), ("A fox", "c", 6))]
    rendered = render(spec)
    assert render(spec) == rendered
    assert len({rendered, *map(render, others)}) == 4


def test_contrast_follows_wcag() -> None:
    """Black on white is 21, a color on itself 1, and a known gray on white is at the threshold of 4.5."""
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((9, 99, 199), (9, 99, 199)) == 1
    assert contrast((118, 118, 118), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)


@settings(deadline=None, max_examples=40)
@given(seed=seeds, width=sides, height=sides)
def test_text_is_legible_on_every_background(seed: int, width: int, height: int) -> None:
    """Each background pixel has enough contrast to the title's and to the caption's color."""
    assert all(contrast(color, TEXT_COLOR) >= MIN_CONTRAST for color in palette(seed))
    for _, color in background(Image(width, height, "", "", seed)).getcolors(width * height) or []:
        assert isinstance(color, tuple)
        red, green, blue = color
        assert contrast((int(red), int(green), int(blue)), TEXT_COLOR) >= 7
        assert contrast((int(red), int(green), int(blue)), MUTED_COLOR) >= 4.5


@settings(deadline=None, max_examples=60)
@given(
    width=st.integers(8, 400).map(lambda half: 2 * half),
    height=st.integers(8, 400).map(lambda half: 2 * half),
    title=st.text(max_size=200) | st.text("ÅgjÇqẾ한中 ", max_size=400),
    caption=st.text(max_size=80),
    is_video=st.booleans(),
)
def test_nothing_is_written_outside_the_margins(
    *, width: int, height: int, title: str, caption: str, is_video: bool
) -> None:
    """Outside its margins a frame is its bare background, whatever the text and the size."""
    spec = Video(width, height, 1, title, caption, 7) if is_video else Image(width, height, title, caption, 7)
    painted, bare = paint_frame(spec), background(spec)
    inside = (painted.margin, painted.margin, width - painted.margin, height - painted.margin)
    for image in (painted.image, bare):
        image.paste((0, 0, 0), inside)
    assert painted.image.tobytes() == bare.tobytes()


@pytest.mark.parametrize(("width", "height"), [(64, 64), (1280, 720), (720, 1280), (512, 2048)])
def test_the_title_is_visible(width: int, height: int) -> None:
    """A frame with a title differs from one without, down to 64 by 64 pixels."""
    titled = paint_frame(Image(width, height, "A fox", "", 7)).image
    bare = paint_frame(Image(width, height, "", "", 7)).image
    ink = sum(one != other for one, other in zip(titled.tobytes(), bare.tobytes(), strict=True))
    assert ink > 0.002 * width * height
