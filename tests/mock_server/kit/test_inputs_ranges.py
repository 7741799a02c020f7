"""Rules on input files by ranges: both ends of a range are allowed, lists are checked one by one, looks are kept."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, cast

import pytest
from PIL import Image

from soundstage_server.kit.inputs import InputLimits, MediaLink, known_seconds, known_size
from soundstage_server.media import Video, render
from soundstage_server.model.fields import Field, ListOf
from soundstage_server.model.messages import Refusal, RefusedError
from soundstage_server.vendors.tomoviee import TomovieeService

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_server import World
    from soundstage_server.model.fields import Rule
    from tests.mock_server.conftest import Kit

ELSEWHERE = "https://example.test/a.png"
RULED = MediaLink(("JPEG", "PNG", "MP4"), within=(300, 1280), ratios=(0.5, 2.0), shortest=3, longest=30, rates=(24, 60))


@pytest.fixture
def world(kit: Kit) -> Iterator[World]:
    """A world for uploads."""
    with kit.world() as made:
        yield made


def image_bytes(width: int, height: int) -> bytes:
    """A plain image."""
    file = io.BytesIO()
    Image.new("L", (width, height)).save(file, "PNG")
    return file.getvalue()


def upload(world: World, name: str, content: bytes) -> str:
    """Upload a file, and return its URL."""
    return f"http://127.0.0.1:8080{world.add_upload(name, content)}"


def validated(world: World, params: dict[str, Any], **rules: Rule) -> dict[str, Any]:
    """Validate *params* by *rules*, as a vendor without a size limit of its own would, and return them."""
    limits = InputLimits(None, "limits", Refusal(1, 400, "large", "f"), Refusal(2, 400, "unfit", "f"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TomovieeService, "input_limits", limits)
        fields = [Field(name, rule, "the.fact") for name, rule in rules.items()]
        cast("TomovieeService", world.services["tomoviee"]).validate_inputs(fields, params)
    return params


def violation(world: World, rule: Rule, value: object, *, fits: bool) -> str:
    """Return the message that *rule* gives for *value*; empty if it is accepted."""
    if fits:
        validated(world, {"file": value}, file=rule)
        return ""
    with pytest.raises(RefusedError) as refused:
        validated(world, {"file": value}, file=rule)
    assert refused.value.fact == "the.fact"
    return refused.value.detail


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((300, 300), ""), ((1280, 640), ""), ((640, 1280), ""),
        ((299, 300), "be 300 to 1280 pixels wide and high; got 299x300"),
        ((1281, 1280), "be 300 to 1280 pixels"),
        ((1000, 499), "be 0.5 to 2 times as wide as high; got 1000x499"),
        ((499, 1000), "be 0.5 to 2 times as wide as high"),
    ],
)  # fmt: skip
def test_range_limits_of_sides_and_ratios_are_inclusive(world: World, size: tuple[int, int], expected: str) -> None:
    """A side, and width divided by height, may be the minimum and the maximum."""
    assert expected in violation(world, RULED, upload(world, "a.png", image_bytes(*size)), fits=not expected)


@pytest.mark.parametrize(
    ("seconds", "fps", "expected"),
    [
        (3, 24, ""), (30, 24, ""), (3, 60, ""),
        (2.5, 24, "last at least 3 seconds; got 2.5"), (31, 24, "last at most 30 seconds; got 31"),
        (3, 23, "have 24 to 60 frames a second; got 23"), (3, 61, "have 24 to 60 frames a second"),
    ],
)  # fmt: skip
def test_range_limits_of_duration_and_frame_rate_are_inclusive(
    world: World, seconds: float, fps: int, expected: str
) -> None:
    """Duration and frame rate are read from the video."""
    url = upload(world, "a.mp4", render(Video(320, 320, seconds, "A fox", "input", 1, fps=fps)))
    assert expected in violation(world, RULED, url, fits=not expected)


def test_each_file_of_a_list_is_checked(world: World) -> None:
    """Each file follows the rule, the length is limited, and foreign addresses are trusted."""
    rule = ListOf(RULED, 1, 2)
    right, wrong = (upload(world, "a.png", image_bytes(*size)) for size in ((400, 300), (200, 300)))
    violation(world, rule, [right, ELSEWHERE], fits=True)
    assert "200x300" in violation(world, rule, [right, wrong], fits=False)
    assert rule.accepts([right])
    for value in ([], [right] * 3, right, [right, 5], None):
        assert not rule.accepts(value)
    assert rule.allowed == "a list of 1 to 2 items, each an http or https URL"
    assert (rule.schema["type"], rule.schema["maxItems"]) == ("array", 2)


def test_measured_sizes_are_kept_with_the_task(world: World) -> None:
    """The size of a list's first file, and a video's duration; nothing for unknown files."""
    link = upload(world, "a.mp4", render(Video(320, 400, 4, "A fox", "input", 1)))
    params = validated(world, {"file": [link, ELSEWHERE], "other": ELSEWHERE}, file=ListOf(RULED, 1, 2), other=RULED)
    assert (known_size(params, "other", "file"), known_seconds(params, "file")) == ((320, 400), 4)
    assert (known_size(params, "other"), known_seconds(params, "other")) == (None, None)
