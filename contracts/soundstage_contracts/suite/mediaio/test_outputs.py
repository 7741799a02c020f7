"""Contracts about the files that Media.io's tasks make: number, length, ratio, size and sound."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import av
import pytest
from PIL import Image

from soundstage_contracts import proves
from soundstage_contracts.vendors.mediaio.arguments import BY_NAME, ENDPOINTS, method_of
from soundstage_contracts.vendors.mediaio.raw_client import RawClient
from soundstage_server.media import Video, render

if TYPE_CHECKING:
    from soundstage_contracts.facts.tables import Endpoint
    from soundstage_contracts.simulators.target import Target

RATIOS: Final = ("ratio", "aspect_ratio", "size")
IMAGES: Final = [endpoint for endpoint in ENDPOINTS if endpoint.capability.endswith("image")]
VIDEOS: Final = [endpoint for endpoint in ENDPOINTS if endpoint not in IMAGES]
PRO: Final = BY_NAME["Nano Banana Pro"]


def of(name: str, endpoints: list[Endpoint]) -> list[tuple[Endpoint, str]]:
    """Return each of *endpoints* that takes the parameter *name*, with each of its values."""
    found = [(endpoint, one) for endpoint in endpoints for one in endpoint.parameters if one.name == name]
    return [(endpoint, value) for endpoint, one in found for value in one.limits["enum"]]


def facts(name: str, endpoints: list[Endpoint]) -> list[str]:
    """Return the facts of the parameter *name*."""
    return sorted({f"mediaio:{endpoint.fact(name)}" for endpoint, _ in of(name, endpoints)})


def ids(cases: list[tuple[Endpoint, str]]) -> list[str]:
    """Name the cases."""
    return [f"{method_of(endpoint)}-{value}" for endpoint, value in cases]


def default(endpoint: Endpoint, name: str) -> Any:
    """Return the documented default of a parameter, None where it has none or is not there."""
    return next((one.limits.get("default") for one in endpoint.parameters if one.name == name), None)


def shape(ratio: str) -> float:
    """Return how many times as wide as high a ratio is."""
    across, down = map(float, ratio.split(":"))
    return across / down


class VideoInfo(NamedTuple):
    """What can be measured of a video."""

    width: int
    height: int
    seconds: float
    sounds: bool


def probe(content: bytes) -> VideoInfo:
    """Return what can be measured of a video."""
    with av.open(BytesIO(content), "r") as video:
        (stream,) = video.streams.video
        assert video.duration is not None
        return VideoInfo(stream.width, stream.height, video.duration / 1_000_000, bool(video.streams.audio))


def made(target: Target, endpoint: Endpoint, **choices: Any) -> list[bytes]:
    """Let a task of a new account end, and return the files that it made."""
    raw = RawClient(target)
    return [raw.get(address) for address in raw.made(raw.start(endpoint, **choices))]


def image_sizes(target: Target, endpoint: Endpoint, **choices: Any) -> list[tuple[int, int]]:
    """Return the sizes of the images that a task made."""
    sides = []
    for content in made(target, endpoint, **choices):
        with Image.open(BytesIO(content)) as image:
            image.load()
            sides.append(image.size)
    return sides


@proves("mediaio:endpoint.t2i-imagen-4.counts", side="server")
@pytest.mark.parametrize("counts", [None, "1", "2", "3", "4"])
def test_counts_is_the_number_of_images(target: Target, counts: str | None) -> None:
    """One to four different images are made, one by default."""
    files = made(target, BY_NAME["Imagen 4"], counts=counts)
    assert len(set(files)) == len(files) == int(counts or "1")


@proves(*facts("ratio", IMAGES), "mediaio:output.sizes", side="server")
@pytest.mark.parametrize(("endpoint", "ratio"), of("ratio", IMAGES), ids=ids(of("ratio", IMAGES)))
def test_image_has_the_requested_ratio(target: Target, endpoint: Endpoint, ratio: str) -> None:
    """An image has the requested ratio, or the documented default."""
    choices = {} if ratio == default(endpoint, "ratio") else {"ratio": ratio}
    ((width, height),) = image_sizes(target, endpoint, **choices)
    assert width / height == pytest.approx(shape(ratio), rel=0.05)


@proves("mediaio:endpoint.i2i-banana-2.resolution", "mediaio:output.sizes", side="server")
@pytest.mark.parametrize(("resolution", "side"), [(None, 1024), ("1K", 1024), ("2K", 2048), ("4K", 4096)])
@pytest.mark.parametrize("ratio", ["1:1", "21:9"])
def test_image_has_the_pixels_of_its_resolution(
    full_target: Target, resolution: str | None, side: int, ratio: str
) -> None:
    """1K (the default), 2K and 4K have their number of pixels in every ratio."""
    ((width, height),) = image_sizes(full_target, PRO, resolution=resolution, ratio=ratio)
    assert width * height == pytest.approx(side * side, rel=0.01)
    assert width / height == pytest.approx(shape(ratio), rel=0.01)


@proves(*(fact for name in RATIOS for fact in facts(name, VIDEOS)), "mediaio:output.sizes", side="server")
@pytest.mark.parametrize(("name", "endpoint", "ratio"), [(name, *case) for name in RATIOS for case in of(name, VIDEOS)])
def test_video_has_the_requested_ratio(target: Target, name: str, endpoint: Endpoint, ratio: str) -> None:
    """A video has the requested ratio, under each of its parameter names, or the documented default."""
    choices = {} if ratio == default(endpoint, name) else {name: ratio}
    video = probe(made(target, endpoint, **choices)[0])
    assert video.width / video.height == pytest.approx(shape(ratio), rel=0.05)


@proves(*facts("duration", VIDEOS), side="server")
@pytest.mark.parametrize(("endpoint", "duration"), of("duration", VIDEOS), ids=ids(of("duration", VIDEOS)))
def test_video_has_the_requested_length(target: Target, endpoint: Endpoint, duration: str) -> None:
    """A video has the requested length in seconds, or the documented default."""
    choices = {} if duration == default(endpoint, "duration") else {"duration": duration}
    video = probe(made(target, endpoint, **choices)[0])
    assert video.seconds == pytest.approx(float(duration.removesuffix("s")), abs=0.1)


@proves(*facts("resolution", VIDEOS), "mediaio:output.sizes", side="server")
@pytest.mark.parametrize("resolution", ["480P", "540P", "720P", "768P", "1080P"])
def test_resolution_is_the_short_side_of_a_video(full_target: Target, resolution: str) -> None:
    """The short side of a video has the pixels of its resolution."""
    endpoint = next(endpoint for endpoint, value in of("resolution", VIDEOS) if value == resolution)
    video = probe(made(full_target, endpoint, resolution=resolution)[0])
    assert min(video.width, video.height) == int(resolution.removesuffix("P"))


@proves(*facts("generate_audio", VIDEOS), "mediaio:output.sound", side="server")
@pytest.mark.parametrize("endpoint", VIDEOS, ids=method_of)
def test_video_has_sound_only_on_request(target: Target, endpoint: Endpoint) -> None:
    """A video has sound with generate_audio True, which is the default, and only then."""
    can = default(endpoint, "generate_audio") == "True"
    assert probe(made(target, endpoint)[0]).sounds is can
    if can:
        assert probe(made(target, endpoint, generate_audio="True")[0]).sounds
        assert not probe(made(target, endpoint, generate_audio="False")[0]).sounds


@proves("mediaio:output.sizes", side="server")
def test_video_has_the_ratio_of_its_image(target: Target) -> None:
    """A video from an uploaded image has the image's ratio; from any other image it is 16:9."""
    file = BytesIO()
    Image.new("L", (600, 800)).save(file, "PNG")
    uploaded = target.control.upload("fox.png", file.getvalue())["url"]
    make = partial(made, target, BY_NAME["Kling 2.1"])
    tall, plain = probe(make(image=uploaded)[0]), probe(make()[0])
    assert tall.width / tall.height == pytest.approx(0.75, rel=0.05)
    assert plain.width / plain.height == pytest.approx(16 / 9, rel=0.05)


@proves("mediaio:output.sizes", side="server")
def test_motion_control_has_the_length_of_its_video(target: Target) -> None:
    """The result is as long as the uploaded motion video, or 5 seconds where the video is unknown."""
    uploaded = target.control.upload("dance.mp4", render(Video(720, 720, 7, "A fox", "uploaded", 1)))["url"]
    make = partial(made, target, BY_NAME["Motion Control Kling 2.6"])
    assert probe(make(video=uploaded)[0]).seconds == pytest.approx(7, abs=0.1)
    assert probe(make()[0]).seconds == pytest.approx(5, abs=0.1)
