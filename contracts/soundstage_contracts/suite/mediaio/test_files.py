"""Contracts about Media.io's input files: size, format, sides, ratio, frame rate and length, from the table."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import pytest
from PIL import Image

from soundstage_contracts import proves
from soundstage_contracts.vendors.mediaio.arguments import BY_NAME, PARAMETERS, method_of, plain
from soundstage_contracts.vendors.mediaio.raw_client import RawClient, assert_refused, opened
from soundstage_server.media import Video, render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_contracts.facts.tables import Endpoint, Parameter
    from soundstage_contracts.simulators.target import Target

FILES: Final = [(endpoint, one) for endpoint, one in PARAMETERS if "formats" in one.limits]
IMAGES: Final = [(endpoint, one) for endpoint, one in FILES if "MP4" not in one.limits["formats"]]
FACTS: Final = [f"mediaio:{endpoint.fact(one.name)}" for endpoint, one in FILES]
PICTURE_FACTS: Final = [f"mediaio:{endpoint.fact(one.name)}" for endpoint, one in IMAGES]
FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
CONTROL: Final = BY_NAME["Motion Control Kling 2.6"]
MOTION: Final = CONTROL.fact("video")
IDS: Final = [f"{method_of(endpoint)}-{one.name}" for endpoint, one in IMAGES]
EACH = pytest.mark.parametrize(("endpoint", "parameter"), IMAGES, ids=IDS)


@cache
def image_file(width: int, height: int, kind: str = "PNG") -> bytes:
    """Return an image file."""
    file = BytesIO()
    Image.new("L" if kind in {"JPEG", "WEBP", "GIF"} else "1", (width, height)).save(file, kind)
    return file.getvalue()


@cache
def video_file(side: int, seconds: float, fps: int) -> bytes:
    """Return a video file."""
    return render(Video(side, side, seconds, "A fox", "uploaded", 1, fps=fps))


class Sender:
    """A caller of one endpoint with uploaded files."""

    def __init__(self, target: Target, endpoint: Endpoint, parameter: Parameter) -> None:
        self.raw = RawClient(target)
        self._target, self._endpoint, self._parameter = target, endpoint, parameter

    def takes(self, content: bytes) -> None:
        """Send a file that must be accepted."""
        opened(self._send(content))

    def refuses(self, content: bytes, *message: str) -> None:
        """Send a file that must be refused by name, citing the parameter's fact, at no cost."""
        payload = assert_refused(self._send(content), 490000, fact=self._endpoint.fact(self._parameter.name))
        assert all(word in payload for word in (self._parameter.name, *message))

    def _send(self, content: bytes) -> Any:
        url = self._target.control.upload("input", content)["url"]
        many = self._parameter.type.startswith("array")
        value = ["https://example.test/a.png", url] if many else url
        return self.raw.generate(self._endpoint, plain(self._endpoint, **{self._parameter.name: value}))


def _ratio(message: str) -> float:
    across, down = map(float, message.split(":"))
    return across / down


def _sides(parameter: Parameter) -> tuple[int, int]:
    least, most = (int(parameter.limits[key].partition("x")[0]) for key in ("min_pixels", "max_pixels"))
    return least, most


def _shapes(parameter: Parameter) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Return sides of the steepest allowed ratio, and sides that are a little steeper."""
    _, most = _sides(parameter)
    steep, flat = _ratio(parameter.limits["min_aspect"]), _ratio(parameter.limits["max_aspect"])
    long = most - most % 60  # so that both ratios give whole pixels
    yield (round(long * steep), long), (round(long * steep) - 1, long)
    yield (long, round(long / flat)), (long, round(long / flat) - 1)


@proves(*PICTURE_FACTS, "mediaio:limits.inputs_checked", side="server")
@EACH
def test_image_sides_and_ratio_are_limited(target: Target, endpoint: Endpoint, parameter: Parameter) -> None:
    """The least and the most sides and ratios are accepted; one pixel beyond them is refused."""
    sender = Sender(target, endpoint, parameter)
    least, most = _sides(parameter)
    sender.takes(image_file(least, least))
    sender.takes(image_file(most, most))
    sender.refuses(image_file(least - 1, least), f"{least} to {most} pixels")
    sender.refuses(image_file(most, most + 1), f"{least} to {most} pixels")
    for right, wrong in _shapes(parameter):
        sender.takes(image_file(*right))
        sender.refuses(image_file(*wrong), "times as wide as high")


def heic_file(*sizes: tuple[int, int]) -> bytes:
    """Return the start of a HEIC file, up to the sizes of its pictures."""
    boxes = [
        b"ispe" + bytes(4) + width.to_bytes(4, "big") + height.to_bytes(4, "big") + (20).to_bytes(4, "big")
        for width, height in sizes
    ]
    return b"\0\0\0\x18ftypheic" + bytes(12) + b"".join(boxes)


@proves("mediaio:limits.inputs_checked", side="server")
@pytest.mark.parametrize(
    ("endpoint", "parameter"),
    [pair for pair in IMAGES if "HEIC" in pair[1].limits["formats"]],
    ids=[name for name, (_, one) in zip(IDS, IMAGES, strict=True) if "HEIC" in one.limits["formats"]],
)
def test_sides_of_a_heic_file_are_limited(target: Target, endpoint: Endpoint, parameter: Parameter) -> None:
    """The sides of the largest picture of a HEIC file count: not those of its tiles or of its thumbnail."""
    sender = Sender(target, endpoint, parameter)
    least, most = _sides(parameter)
    sender.takes(heic_file((least, least)))
    sender.takes(heic_file((64, 64), (most, most), (512, 512)))
    sender.refuses(heic_file((least - 1, least)), f"{least} to {most} pixels")
    sender.refuses(heic_file((512, 512), (most, most + 1)), f"{least} to {most} pixels")


@proves(*PICTURE_FACTS, "mediaio:limits.inputs_checked", side="server")
@EACH
def test_image_format_must_be_documented(target: Target, endpoint: Endpoint, parameter: Parameter) -> None:
    """Each documented format is accepted, whatever the file name, and every other one is refused."""
    sender = Sender(target, endpoint, parameter)
    allowed = parameter.limits["formats"]
    made = {kind: image_file(640, 640, kind) for kind in FORMATS} | {"HEIC": b"\0\0\0\x18ftypheic" + bytes(40)}
    for kind, content in made.items():
        if kind in allowed:
            sender.takes(content)
        else:
            sender.refuses(content, f"got {kind}")
    sender.refuses(b"no picture")


@proves(*FACTS, "mediaio:limits.inputs_checked", side="server")
@pytest.mark.parametrize("megabytes", sorted({one.limits["max_megabytes"] for _, one in FILES}))
def test_file_size_is_limited(target: Target, megabytes: float) -> None:
    """A file of exactly the documented size is accepted and one of a byte more refused, by every endpoint."""
    most = int(megabytes * 1_000_000)
    bounded = [(endpoint, one) for endpoint, one in FILES if one.limits["max_megabytes"] == megabytes]
    for size in (most, most + 1):
        for kind, content in (("MP4", video_file(720, 3, 24)), ("PNG", image_file(640, 640))):
            mine = [(endpoint, one) for endpoint, one in bounded if ("MP4" in one.limits["formats"]) == (kind == "MP4")]
            padded = content + bytes(size - len(content)) if mine else b""
            for endpoint, one in mine:
                sender = Sender(target, endpoint, one)
                if size > most:
                    sender.refuses(padded, f"at most {most} bytes")
                else:
                    sender.takes(padded)


@proves(f"mediaio:{MOTION}", "mediaio:limits.inputs_checked", side="server")
@pytest.mark.parametrize(
    ("side", "seconds", "fps", "message"),
    [
        (720, 3, 24, ""), (720, 3, 60, ""), (720, 30, 24, ""), (2160, 3, 24, ""),
        (718, 3, 24, "720 to 2160 pixels"), (2162, 3, 24, "720 to 2160 pixels"), (720, 2.5, 24, "at least 3 seconds"),
        (720, 31, 24, "at most 30 seconds"), (720, 3, 23, "24 to 60 frames"), (720, 3, 61, "24 to 60 frames"),
    ],
)  # fmt: skip
def test_motion_video_is_limited(target: Target, side: int, seconds: float, fps: int, message: str) -> None:
    """Sides, seconds and frame rate of a motion video have ranges, both ends included."""
    (parameter,) = [one for one in CONTROL.parameters if one.name == "video"]
    sender = Sender(target, CONTROL, parameter)
    if message:
        sender.refuses(video_file(side, seconds, fps), message)
    else:
        sender.takes(video_file(side, seconds, fps))


@proves(f"mediaio:{MOTION}", "mediaio:limits.inputs_checked", side="server")
def test_motion_video_is_mp4_or_mov(target: Target) -> None:
    """MP4 and MOV are accepted as motion video, and an image is refused."""
    (parameter,) = [one for one in CONTROL.parameters if one.name == "video"]
    sender = Sender(target, CONTROL, parameter)
    sender.takes(video_file(720, 3, 24))
    sender.takes(video_file(720, 3, 24).replace(b"ftypisom", b"ftypqt  ", 1))
    sender.refuses(image_file(720, 720), "got PNG")
