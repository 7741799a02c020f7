"""Images in base64: measured, validated like a file behind a URL, and not kept."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from soundstage_server.kit.inputs import MEASURED, MediaContent, decode_base64, media_fields
from soundstage_server.model.fields import Field
from soundstage_server.model.messages import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_server import World
    from soundstage_server.vendors.tomoviee import TomovieeService
    from tests.mock_server.conftest import Kit

EITHER = MediaContent(("JPEG", "PNG"), over=299, ratio_most=2.5, bytes=100_000)
ALONE = MediaContent(("PNG",), address=False)
ADDRESS = "https://example.test/a.png"


def encoded(width: int = 640, height: int = 480, kind: str = "PNG") -> str:
    """Return a plain image in base64."""
    file = io.BytesIO()
    Image.new("L", (width, height)).save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


@pytest.fixture
def world(kit: Kit) -> Iterator[World]:
    """A world with a manual clock."""
    with kit.world() as made:
        yield made


def validated(world: World, rule: MediaContent, **params: Any) -> dict[str, Any]:
    """Validate *params*, each by *rule*, and return them."""
    fields = [Field(name, rule, "img2video.params") for name in params]
    cast("TomovieeService", world.services["tomoviee"]).validate_inputs(fields, params)
    return params


@given(content=st.binary(min_size=1, max_size=200))
def test_base64_of_any_bytes_is_accepted(content: bytes) -> None:
    """The rule does not check the kind of file; a URL is accepted only where it is allowed."""
    text = base64.b64encode(content).decode()
    assert decode_base64(text) == content
    assert EITHER.accepts(text)
    assert ALONE.accepts(text)
    assert (EITHER.accepts(ADDRESS), ALONE.accepts(ADDRESS)) == (True, False)


@pytest.mark.parametrize("value", ["", "data:image/png;base64,AAAA", "a b", "abc", "é", None, 5, ["AAAA"], b"AAAA"])
def test_other_text_is_not_accepted(value: object) -> None:
    """A data URL above all."""
    assert not EITHER.accepts(value)
    assert not ALONE.accepts(value)


def test_rule_describes_what_is_allowed() -> None:
    """With and without a URL."""
    assert EITHER.allowed == "an http or https URL, or a file in base64, without a data: prefix"
    assert ALONE.allowed == "a file in base64, without a data: prefix"
    assert media_fields([Field("a", EITHER, "f")])


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_encoded_image_is_measured_and_replaced_by_its_digest(world: World, kind: str) -> None:
    """Equal images have equal digests, and a URL stays as it is."""
    text = encoded(600, 400, kind)
    kept = validated(world, EITHER, image=text, again=text, elsewhere=ADDRESS)
    assert kept[MEASURED] == {"image": [600, 400], "again": [600, 400]}
    assert kept["image"] == kept["again"] != text
    assert kept["image"].startswith("sha256:")
    assert kept["elsewhere"] == ADDRESS


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (encoded(299, 400), "over 299 pixels"),
        (encoded(1001, 400), "from 1:2.5 to 2.5:1; got 1001x400"),
        (encoded(400, 1001), "from 1:2.5 to 2.5:1; got 400x1001"),
        (encoded(400, 400, "GIF"), "one of JPEG, PNG; got GIF"),
        ("AAAA", "a file that is no image"),
        (base64.b64encode(base64.b64decode(encoded()) + bytes(100_000)).decode(), "at most 100000 bytes"),
    ],
)
def test_encoded_image_that_breaks_a_rule_is_refused(world: World, content: str, expected: str) -> None:
    """With the same message as for a file behind a URL."""
    with pytest.raises(RefusedError) as refused:
        validated(world, EITHER, image=content)
    assert expected in refused.value.detail


def test_boundary_values_are_accepted(world: World) -> None:
    """The minimum side and the maximum ratio."""
    validated(world, EITHER, small=encoded(300, 300), wide=encoded(1000, 400), tall=encoded(400, 1000))


def test_mask_must_have_the_images_ratio(world: World) -> None:
    """Its size does not matter; for an unknown image, any ratio is accepted."""
    mask = MediaContent(("PNG",), same_ratio_as="image")
    fields = [Field("image", EITHER, "f"), Field("mask", mask, "f")]
    service = cast("TomovieeService", world.services["tomoviee"])
    service.validate_inputs(fields, {"image": encoded(600, 400), "mask": encoded(300, 200)})
    service.validate_inputs(fields, {"image": ADDRESS, "mask": encoded(300, 300)})
    with pytest.raises(RefusedError, match="have the ratio of image, 600x400; got 300x300"):
        service.validate_inputs(fields, {"image": encoded(600, 400), "mask": encoded(300, 300)})
