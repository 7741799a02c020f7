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
    """A world that holds files."""
    with kit.world() as made:
        yield made


def picture(width: int, height: int) -> bytes:
    """A plain picture."""
    file = io.BytesIO()
    Image.new("L", (width, height)).save(file, "PNG")
    return file.getvalue()


def hold(world: World, name: str, content: bytes) -> str:
    """Keep a file, and return its whole address."""
    return f"http://127.0.0.1:8080{world.add_upload(name, content)}"


def admitted(world: World, params: dict[str, Any], **rules: Rule) -> dict[str, Any]:
    """Let *params* be checked by *rules*, as a vendor would that leaves the size to each of them, and return them."""
    limits = InputLimits(None, "limits", Refusal(1, 400, "large", "f"), Refusal(2, 400, "unfit", "f"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TomovieeService, "input_limits", limits)
        fields = [Field(name, rule, "the.fact") for name, rule in rules.items()]
        cast("TomovieeService", world.services["tomoviee"]).validate_inputs(fields, params)
    return params


def ruled(world: World, rule: Rule, value: object, *, fits: bool) -> str:
    """Return what *rule* has against *value*, which must be nothing if it fits."""
    if fits:
        admitted(world, {"file": value}, file=rule)
        return ""
    with pytest.raises(RefusedError) as refused:
        admitted(world, {"file": value}, file=rule)
    assert refused.value.fact == "the.fact"
    return refused.value.detail


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ((300, 300), ""), ((1280, 640), ""), ((640, 1280), ""),
        ((299, 300), "be 300 to 1280 pixels wide and high; got 299x300"),
        ((1281, 1280), "be 300 to 1280 pixels"),
        ((1000, 499), "be 0.5 to 2 times as wide as high; got 1000x499"),
        ((499, 1000), "be 0.5 to 2 times as wide as high"),
    ],
)  # fmt: skip
def test_both_ends_of_a_range_of_sides_and_ratios_are_allowed(world: World, size: tuple[int, int], said: str) -> None:
    """A side, and the width over the height, may be the least and the most that is named."""
    assert said in ruled(world, RULED, hold(world, "a.png", picture(*size)), fits=not said)


@pytest.mark.parametrize(
    ("seconds", "fps", "said"),
    [
        (3, 24, ""), (30, 24, ""), (3, 60, ""),
        (2.5, 24, "last at least 3 seconds; got 2.5"), (31, 24, "last at most 30 seconds; got 31"),
        (3, 23, "have 24 to 60 frames a second; got 23"), (3, 61, "have 24 to 60 frames a second"),
    ],
)  # fmt: skip
def test_a_film_keeps_its_range_of_seconds_and_of_frames(world: World, seconds: float, fps: int, said: str) -> None:
    """Length and rate are read from the film; both ends are allowed."""
    url = hold(world, "a.mp4", render(Video(320, 320, seconds, "A fox", "held", 1, fps=fps)))
    assert said in ruled(world, RULED, url, fits=not said)


def test_a_list_of_files_is_checked_one_by_one(world: World) -> None:
    """Each file of a list keeps the rules of one, a list has a length, and strangers' addresses are trusted."""
    rule = ListOf(RULED, 1, 2)
    right, wrong = (hold(world, "a.png", picture(*size)) for size in ((400, 300), (200, 300)))
    ruled(world, rule, [right, ELSEWHERE], fits=True)
    assert "200x300" in ruled(world, rule, [right, wrong], fits=False)
    assert rule.accepts([right])
    for value in ([], [right] * 3, right, [right, 5], None):
        assert not rule.accepts(value)
    assert rule.allowed == "a list of 1 to 2 items, each an http or https URL"
    assert (rule.schema["type"], rule.schema["maxItems"]) == ("array", 2)


def test_what_was_measured_is_kept_with_the_task(world: World) -> None:
    """The sides of the first file of a list, and the length of a film; nothing of what is not known."""
    link = hold(world, "a.mp4", render(Video(320, 400, 4, "A fox", "held", 1)))
    params = admitted(world, {"file": [link, ELSEWHERE], "other": ELSEWHERE}, file=ListOf(RULED, 1, 2), other=RULED)
    assert (known_size(params, "other", "file"), known_seconds(params, "file")) == ((320, 400), 4)
    assert (known_size(params, "other"), known_seconds(params, "other")) == (None, None)
