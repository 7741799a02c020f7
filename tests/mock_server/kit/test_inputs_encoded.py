"""Pictures in base64: measured where they come from, held to the rules of an address, and never kept."""

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
    """Return a plain picture in base64."""
    file = io.BytesIO()
    Image.new("L", (width, height)).save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


@pytest.fixture
def world(kit: Kit) -> Iterator[World]:
    """A world whose time moves when told."""
    with kit.world() as made:
        yield made


def taken(world: World, rule: MediaContent, **params: Any) -> dict[str, Any]:
    """Admit *params*, each by *rule*, at some vendor's, and return what is kept of them."""
    fields = [Field(name, rule, "img2video.params") for name in params]
    cast("TomovieeService", world.services["tomoviee"]).validate_inputs(fields, params)
    return params


@given(content=st.binary(min_size=1, max_size=200))
def test_any_bytes_in_base64_are_held_and_come_back(content: bytes) -> None:
    """What kind of file it is, is not the rule's business; an address is held only where one will do."""
    text = base64.b64encode(content).decode()
    assert decode_base64(text) == content
    assert EITHER.accepts(text)
    assert ALONE.accepts(text)
    assert (EITHER.accepts(ADDRESS), ALONE.accepts(ADDRESS)) == (True, False)


@pytest.mark.parametrize("value", ["", "data:image/png;base64,AAAA", "a b", "abc", "é", None, 5, ["AAAA"], b"AAAA"])
def test_what_is_neither_address_nor_base64_is_not_held(value: object) -> None:
    """The prefix of a data address above all."""
    assert not EITHER.accepts(value)
    assert not ALONE.accepts(value)


def test_what_is_allowed_is_said_in_plain_words() -> None:
    """With and without an address."""
    assert EITHER.allowed == "an http or https URL, or a file in base64, without a data: prefix"
    assert ALONE.allowed == "a file in base64, without a data: prefix"
    assert media_fields([Field("a", EITHER, "f")])


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_is_measured_and_gives_way_to_its_digest(world: World, kind: str) -> None:
    """Its size is kept, its bytes are not; equal pictures stay equal, and an address is left as it is."""
    text = encoded(600, 400, kind)
    kept = taken(world, EITHER, image=text, again=text, elsewhere=ADDRESS)
    assert kept[MEASURED] == {"image": [600, 400], "again": [600, 400]}
    assert kept["image"] == kept["again"] != text
    assert kept["image"].startswith("sha256:")
    assert kept["elsewhere"] == ADDRESS


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (encoded(299, 400), "over 299 pixels"),
        (encoded(1001, 400), "from 1:2.5 to 2.5:1; got 1001x400"),
        (encoded(400, 1001), "from 1:2.5 to 2.5:1; got 400x1001"),
        (encoded(400, 400, "GIF"), "one of JPEG, PNG; got GIF"),
        ("AAAA", "a file that is no picture"),
        (base64.b64encode(base64.b64decode(encoded()) + bytes(100_000)).decode(), "at most 100000 bytes"),
    ],
)
def test_a_picture_that_breaks_a_rule_is_refused(world: World, content: str, said: str) -> None:
    """As the file behind an address is, in the same words."""
    with pytest.raises(RefusedError) as refused:
        taken(world, EITHER, image=content)
    assert said in refused.value.detail


def test_the_edges_are_allowed(world: World) -> None:
    """The least side and the steepest ratio."""
    taken(world, EITHER, small=encoded(300, 300), wide=encoded(1000, 400), tall=encoded(400, 1000))


def test_a_mask_has_the_ratio_of_its_picture(world: World) -> None:
    """Whatever its size; against a picture that is not known, any ratio will do."""
    mask = MediaContent(("PNG",), same_ratio_as="image")
    fields = [Field("image", EITHER, "f"), Field("mask", mask, "f")]
    service = cast("TomovieeService", world.services["tomoviee"])
    service.validate_inputs(fields, {"image": encoded(600, 400), "mask": encoded(300, 200)})
    service.validate_inputs(fields, {"image": ADDRESS, "mask": encoded(300, 300)})
    with pytest.raises(RefusedError, match="have the ratio of image, 600x400; got 300x300"):
        service.validate_inputs(fields, {"image": encoded(600, 400), "mask": encoded(300, 300)})
