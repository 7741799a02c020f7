"""Tomoviee's tasks make the requested media: ratio, duration and number, under the documented key."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import av
import pytest
from PIL import Image as PILImage

from soundstage_server.media import Audio, Image, Mask, Video
from soundstage_server.vendors.tomoviee.capabilities import RATIOS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.mock_server.conftest import Caller, Kit

URL = "https://a.example/x.png"
SIZES = {
    "720p": {"16:9": (1280, 720), "9:16": (720, 1280), "4:3": (960, 720), "3:4": (720, 960), "1:1": (720, 720)},
    "1080p": {
        "16:9": (1920, 1080),
        "9:16": (1080, 1920),
        "4:3": (1440, 1080),
        "3:4": (1080, 1440),
        "1:1": (1080, 1080),
    },
}
REFERENCE = {"prompt": "p", "reference_image": URL, "control_type": "0", "batch_size": 3, "control_intensity": 0.5}
# Capability, reading, body; then the result's key and what is made: kind, number, and size or seconds.
MADE: list[tuple[str, str, dict[str, Any], str, list[Any]]] = [
    ("tm_img2video_b", "skill", {"prompt": "p", "image": URL}, "video_path", [(1280, 720)]),
    ("tm_img2video_b", "skill", {"prompt": "p", "image": URL, "aspect_ratio": "1:1"}, "video_path", [(720, 720)]),
    ("tm_tail2video_b", "skill", {"prompt": "p", "image": URL, "image_tail": URL}, "video_path", [(1280, 720)]),
    ("tm_video_continuation_b", "skill", {"prompt": "p", "video": URL}, "video_path", [(1280, 720)]),
    ("tm_reference_img2img", "skill", {**REFERENCE, "width": 640, "height": 512}, "images_path", [(640, 512)] * 3),
    ("tm_reference_img2img", "pages", {"prompt": "p", "image": URL, "image_num": 2}, "images_path", [(512, 512)] * 2),
    (
        "tm_reference_img2img",
        "pages",
        {"prompt": "p", "image": URL, "resolution": "768*768"},
        "images_path",
        [(768, 768)],
    ),
    (
        "tm_redrawing",
        "pages",
        {"prompt": "p", "image": URL, "mask": URL, "aspect_ratio": "3:4"},
        "images_path",
        [(512, 682)],
    ),
    ("tm_text2music", "skill", {"prompt": "p", "duration": 30, "qty": 2}, "audio_path", [30, 30]),
    ("tm_text2music", "skill", {"prompt": "p", "duration": 0, "qty": 1}, "audio_path", [0]),
    ("tm_text2music", "pages", {"prompt": "p"}, "audio_path", [20]),
    ("tm_text2sfx", "skill", {"prompt": "p", "duration": 5, "qty": 4}, "audio_path", [5, 5, 5, 5]),
    ("tm_text2sfx", "pages", {"prompt": "p"}, "audio_path", [10]),
    ("tm_video_scoring", "skill", {"video": URL}, "audio_path", [20]),
    ("tm_video_scoring", "pages", {"video": URL}, "audio_path", [20]),
    ("tm_video_scoring", "site", {"file_link": URL, "prompt": "p", "duration": 95}, "audio_path", [95]),
    ("tm_text2speech", "skill", {"text": "x" * 150}, "audio_path", [10]),
    ("tm_text2speech", "skill", {"text": "\u72d0" * 40}, "audio_path", [10]),
    ("tm_text2speech", "skill", {"text": "x"}, "audio_path", [1]),
]


@pytest.fixture(scope="module")
def caller(kit: Kit) -> Iterator[Caller]:
    """A caller with enough credits, in a world of small media."""
    with kit.world() as world:
        world.account("tomoviee", "key-1").ledger.set_available(10**9, 0.0)
        yield kit.caller(world)


def result(caller: Caller, capability: str, body: dict[str, Any]) -> dict[str, list[str]]:
    """Let a task succeed and return its result."""
    answer = caller.send("POST", f"/v1/open/capacity/application/{capability}", body).json()
    assert answer["code"] == 0, answer
    caller.app.world.advance(600)
    data = caller.send("POST", "/v1/open/pub/task", answer["data"]).json()["data"]
    made: dict[str, list[str]] = json.loads(data["result"])
    return made


def video(caller: Caller, resolution: str, ratio: str) -> tuple[int, int, float]:
    """Make a video, download it, and return its decoded width, height and duration."""
    body = {"prompt": "A fox", "resolution": resolution, "aspect_ratio": ratio}
    (url,) = result(caller, "tm_text2video_b", body)["video_path"]
    with av.open(io.BytesIO(caller.fetch(url).content), "r") as container:
        (video,) = container.streams.video
        assert container.duration is not None
        return video.width, video.height, container.duration / 1_000_000


@pytest.mark.parametrize("resolution", SIZES)
@pytest.mark.parametrize("ratio", RATIOS)
def test_videos_have_the_requested_size(caller: Caller, resolution: str, ratio: str) -> None:
    """At every ratio and resolution the task's video has the documented size, its small stand-in the same ratio."""
    width, height, seconds = video(caller, resolution, ratio)
    wanted = SIZES[resolution][ratio]
    assert width / height == pytest.approx(wanted[0] / wanted[1], rel=0.01)
    assert seconds == 5
    service = caller.app.world.services["tomoviee"]
    (spec,) = service.outputs(list(service.tasks.values())[-1])
    assert isinstance(spec, Video)
    assert (spec.width, spec.height) == wanted


@pytest.mark.parametrize(("resolution", "ratio"), [("720p", "16:9"), ("1080p", "9:16")])
def test_full_size_videos_have_the_documented_size(kit: Kit, resolution: str, ratio: str) -> None:
    """With full-size media a video has five seconds at its real size."""
    with kit.world(media="full") as world:
        assert video(kit.caller(world), resolution, ratio) == (*SIZES[resolution][ratio], 5)


@pytest.mark.parametrize(("name", "reading", "body", "key", "made"), MADE)
def test_every_capability_makes_the_requested_media(  # noqa: PLR0917 - pytest passes them
    kit: Kit, name: str, reading: str, body: dict[str, Any], key: str, made: list[Any]
) -> None:
    """The requested number, size or duration, under the documented key, each downloaded with its content type."""
    with kit.world(dialects={"tomoviee.parameters": reading}) as world:
        caller = kit.caller(world)
        urls = result(caller, name, body)
        assert list(urls) == [key]
        media: list[Any] = list(world.services["tomoviee"].outputs(next(world.tasks())))
        assert [
            pytest.approx(spec.seconds, abs=0.1) if isinstance(spec, Audio) else (spec.width, spec.height)
            for spec in media
        ] == made
        assert len({spec.seed for spec in media}) == len(media) == len(urls[key])
        kind = {"video_path": "video/mp4", "images_path": "image/png", "audio_path": "audio/mpeg"}[key]
        for url in urls[key]:
            assert caller.fetch(url).headers["content-type"] == kind


def test_masks_are_black_and_white(caller: Caller) -> None:
    """One mask or more, of black and white alone (img2mask.params)."""
    numbers = set()
    for number in range(8):
        (urls,) = result(caller, "tm_reference_img2mask", {"image": URL, "params": str(number)}).values()
        numbers.add(len(urls))
        with PILImage.open(io.BytesIO(caller.fetch(urls[0]).content)) as mask:
            assert (mask.mode, {level for _, level in mask.getcolors() or ()}) == ("L", {0, 255})
    assert min(numbers) >= 1
    assert len(numbers) > 1
    assert all(
        isinstance(spec, Mask)
        for spec in caller.app.world.services["tomoviee"].outputs(list(caller.app.world.tasks())[-1])
    )


@pytest.mark.parametrize("key", ["images_path", "image_path"])
def test_the_dialect_determines_the_image_key(kit: Kit, key: str) -> None:
    """Images have two documented keys, everything else one (image.result_key)."""
    with kit.world(dialects={"tomoviee.image_key": key}) as world:
        caller = kit.caller(world)
        assert list(result(caller, "tm_redrawing", {"prompt": "p", "init_image": URL})) == [key]
        assert list(result(caller, "tm_text2video_b", {"prompt": "p"})) == ["video_path"]
        assert all(isinstance(spec, Image) for spec in world.services["tomoviee"].outputs(next(world.tasks())))


def test_music_uses_77_tokens_of_a_prompt(kit: Kit) -> None:
    """Only 77 tokens are used (text2music.params)."""
    with kit.world() as world:
        result(kit.caller(world), "tm_text2music", {"prompt": "la " * 200, "duration": 5, "qty": 1})
        (spec,) = world.services["tomoviee"].outputs(next(world.tasks()))
        assert isinstance(spec, Audio)
        assert spec.title == " ".join(["la"] * 77)


@pytest.mark.parametrize(("reading", "name"), [("skill", "progress"), ("pages", "progress"), ("site", "process")])
def test_the_dialect_determines_the_name_of_progress(kit: Kit, reading: str, name: str) -> None:
    """The samples have progress, the site's table process (task.extra_fields)."""
    with kit.world(dialects={"tomoviee.parameters": reading}) as world:
        caller = kit.caller(world)
        data = caller.send("POST", "/v1/open/pub/task", caller.create().json()["data"]).json()["data"]
        assert data[name] == 0
        assert len({"progress", "process"} & set(data)) == 1
