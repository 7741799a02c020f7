"""Media.io's 22 generation endpoints as data: the parameters, duration and price of each.

Documents: the skill ``mediaio-aigc-generate`` and the API's JSON bundled with it, read in November 2026. Each parameter
is a fact of its own, ``endpoint.<model code>.<parameter>``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from soundstage_server.kit.inputs import MediaLink, media_fields
from soundstage_server.model.fields import Choice, Field, Group, ListOf, Text
from soundstage_server.model.lifecycle import Fate, Lifecycle, Stage

Params = Mapping[str, Any]

# Facts: status.vocabulary, and how long the states last (generation.times).
ENDS: Final = {Fate.SUCCEED: "completed", Fate.FAIL: "failed", Fate.TIMEOUT: "timeout"}
IMAGE_TIMES: Final = Lifecycle((Stage("waiting", 1.0, 10.0), Stage("processing", 9.0, 80.0)), ENDS)
VIDEO_TIMES: Final = Lifecycle((Stage("waiting", 2.0, 20.0), Stage("processing", 28.0, 150.0)), ENDS)

# Limits of input files: a MB is 1,000,000 bytes (limits.inputs_checked); JPG and JPEG are one format.
_PNG_JPEG: Final = ("PNG", "JPEG")
_ANY: Final = ("PNG", "JPEG", "WEBP", "GIF", "HEIC")
_WAN: Final = MediaLink(("PNG", "JPEG", "WEBP", "BMP"), bytes=10_000_000, within=(300, 2000), ratios=(0.4, 2.5))
_KLING: Final = MediaLink(_ANY, bytes=20_000_000, within=(300, 4000), ratios=(0.4, 2.5))
_VEO: Final = MediaLink(_ANY, bytes=50_000_000, within=(300, 4000), ratios=(0.4, 2.0))
_VIDU_Q2: Final = MediaLink(_ANY, bytes=10_000_000, within=(150, 4000), ratios=(0.25, 4.0))
_VIDU_Q3: Final = MediaLink(_PNG_JPEG, bytes=10_000_000, within=(150, 4000), ratios=(0.25, 4.0))
_ACTOR: Final = MediaLink(_PNG_JPEG, bytes=10_000_000, within=(300, 4000), ratios=(0.5, 2.0))
_MOTION: Final = MediaLink(
    ("MP4", "MOV"), bytes=100_000_000, within=(720, 2160), shortest=3.0, longest=30.0, rates=(24.0, 60.0)
)
_BANANAS: Final = ListOf(MediaLink(_PNG_JPEG, bytes=20_000_000, within=(300, 1280), ratios=(0.5, 2.0)), 1, 9)
_SEEDS: Final = ListOf(MediaLink(_PNG_JPEG, bytes=10_000_000, within=(300, 1280), ratios=(0.3, 3.0)), 1, 9)


@dataclass(frozen=True, slots=True)
class Capability:
    """One generation endpoint.

    Attributes:
        name: The vendor's exact name for it (names.unique).
        path: Its path below ``/generation/``.
        code: The model code, which the facts use: the last part of its path.
        price: Whole credits for one image or video; prices are not documented (ledger.charge).
        times: Its lifecycle.
        fields: The members of ``data``.
        needs: A check of two parameters together, which returns an error or an empty text; and its fact.
    """

    name: str
    path: str
    code: str
    price: int
    times: Lifecycle
    fields: tuple[Field, ...]
    needs: tuple[Callable[[Params], str], str] | None = None


def _of(*values: str, default: str = "") -> tuple[Choice, str]:
    """Return a choice and its default: the first value, unless another one is given."""
    return Choice(values), default or values[0]


def _switch() -> tuple[Choice, str]:
    """Return a choice of the words True and False (values.are_strings)."""
    return _of("True", "False")


def _code(path: str) -> str:
    return path.rpartition("/")[2]


def _fields(path: str, required: Mapping[str, Any], choices: Mapping[str, tuple[Choice, str]]) -> tuple[Field, ...]:
    fact = f"endpoint.{_code(path)}"
    needed = [Field(name, rule, f"{fact}.{name}", required=True) for name, rule in required.items()]
    return (*needed, *(Field(name, rule, f"{fact}.{name}", default=own) for name, (rule, own) in choices.items()))


def _images(
    name: str, path: str, price: int, most: int, images: ListOf | None = None, **choices: tuple[Choice, str]
) -> Capability:
    required = {"prompt": Text(most)} if images is None else {"images": images, "prompt": Text(most)}
    return Capability(name, path, _code(path), price, IMAGE_TIMES, _fields(path, required, choices))


def _video(
    name: str, path: str, price: int, most: int, image: MediaLink | None = None, **choices: tuple[Choice, str]
) -> Capability:
    required = {"prompt": Text(most)} if image is None else {"image": image, "prompt": Text(most)}
    return Capability(name, path, _code(path), price, VIDEO_TIMES, _fields(path, required, choices))


def _check_hailuo(params: Params) -> str:
    if params["resolution"] == "1080P" and params["duration"] != "6s":
        return f"resolution 1080P is offered only when duration is 6s; got {params['duration']}"
    return ""


_BANANA_RATIOS: Final = _of("9:16", "16:9", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9", default="16:9")
_VIDEO_RATIOS: Final = _of("16:9", "9:16", "1:1", "4:3", "3:4")
_VEO_CHOICES: Final = {
    "aspect_ratio": _of("9:16", "16:9"),
    "resolution": _of("720P", "1080P"),
    "duration": _of("4s", "6s", "8s"),
    "generate_audio": _switch(),
}
_HAILUO: Final = _video(
    "Hailuo 2.3", "minimax/i2v-minimax-v2-3", 10, 2000, _KLING,
    resolution=_of("768P", "1080P"), duration=_of("6s", "10s"),
)  # fmt: skip
_CONTROL: Final = "kling/i2v-motion-control-kling-v2-6"

_ALL: Final = (
    _images("Imagen 4", "imagen/t2i-imagen-4", 2, 1200,
            ratio=_of("9:16", "16:9", "1:1", "4:3", "3:4"), counts=_of("1", "2", "3", "4")),
    _images("soul_character", "soul/t2i-soul-character", 2, 2000,
            ratio=_of("2:3", "1:1", "3:2", "9:16", "16:9", default="16:9")),
    _images("Nano Banana", "banana/i2i-banana", 2, 1200, _BANANAS, ratio=_BANANA_RATIOS),
    _images("Seedream 4.0", "seedream/i2i-seedream-v4-0", 2, 800, _SEEDS,
            ratio=_of("9:16", "16:9", "1:1", "4:3", "3:4", "3:2", "2:3")),
    _images("Nano Banana Pro", "banana/i2i-banana-2", 6, 1200, _BANANAS,
            ratio=_BANANA_RATIOS, resolution=_of("1K", "2K", "4K")),
    _video("Wan 2.6", "wan/i2v-wan-v2-6", 12, 1500, _WAN,
           resolution=_of("720P", "1080P"), duration=_of("5s", "10s", "15s"), shot_type=_of("Multi", "Single"),
           generate_audio=_switch()),
    _video("Wan 2.2", "wan/i2v-wan-v2-2", 6, 800, _WAN, resolution=_of("1080P"), duration=_of("5s")),
    _video("Hailuo 02", "minimax/i2v-minimax-02", 8, 2000, _KLING,
           duration=_of("6s"), resolution=_of("768P", "1080P")),
    _video("Kling 2.1", "kling/i2v-kling-v2-1", 8, 2000, _KLING,
           duration=_of("5s", "10s"), resolution=_of("720P", "1080P")),
    _video("Vidu Q3", "vidu/i2v-vidu-q3", 12, 2000, _VIDU_Q3,
           resolution=_of("540P", "720P", "1080P", default="720P"), duration=_of("4s", "8s", "12s", "16s"),
           generate_audio=_switch()),
    _video("Kling 2.5 Turbo", "kling/i2v-kling-v2-5-turbo", 8, 2500, _KLING,
           duration=_of("5s", "10s"), resolution=_of("720P", "1080P", default="1080P")),
    _video("Google Veo 3.1", "veo/i2v-veo-v3-1", 20, 1000, _VEO, **_VEO_CHOICES),
    _video("Kling 3.0", "kling/i2v-kling-v3-0", 16, 2500, _KLING,
           resolution=_of("720P", "1080P", default="1080P"), duration=_of("5s", "8s", "10s", "15s"),
           multi_shots=_switch(), generate_audio=_switch()),
    replace(_HAILUO, needs=(_check_hailuo, "hailuo23.cross_field")),
    _video("Vidu Q2", "vidu/i2v-vidu-q2", 8, 2000, _VIDU_Q2,
           duration=_of("4s", "6s", "8s"), resolution=_of("720P", "1080P")),
    _video("Wan 2.5", "wan/i2v-wan-v2-5", 8, 800, _WAN,
           resolution=_of("480P", "720P", "1080P"), duration=_of("5s", "10s")),
    _video("Kling 2.6", "kling/i2v-kling-v2-6", 12, 2500, _KLING,
           duration=_of("5s", "10s"), generate_audio=_switch()),
    Capability("Motion Control Kling 2.6", _CONTROL, _code(_CONTROL), 16, VIDEO_TIMES,
               (*_fields(_CONTROL, {"video": _MOTION, "image": _ACTOR}, {}),
                Field("prompt", Text(2500), "endpoint.i2v-motion-control-kling-v2-6.prompt"))),
    _video("Google Veo 3.1 Fast", "veo/i2v-veo-v3-1-fast", 12, 1000, _VEO, **_VEO_CHOICES),
    _video("Wan 2.6 (Text To Video)", "wan/t2v-wan-v2-6", 12, 1500,
           size=_VIDEO_RATIOS, duration=_of("5s", "10s", "15s"), shot_type=_of("Multi", "Single"),
           generate_audio=_switch()),
    _video("Vidu Q3 (Text To Video)", "vidu/t2v-vidu-q3", 12, 2000,
           ratio=_VIDEO_RATIOS, resolution=_of("540P", "720P", "1080P", default="720P"),
           duration=_of("4s", "8s", "12s", "16s", default="8s"), generate_audio=_switch()),
    _video("Wan 2.5 (Text To Video)", "wan/t2v-wan-v2-5", 8, 800, ratio=_VIDEO_RATIOS, duration=_of("5s", "10s")),
)  # fmt: skip

CAPABILITIES: Final = {capability.code: capability for capability in _ALL}
"""Every endpoint by its model code."""

FILES: Final = {capability.code: media_fields(capability.fields) for capability in _ALL}
"""The parameters that name files, by model code."""


def body_of(capability: Capability) -> tuple[Field, ...]:
    """Return the fields of a call's whole body (request.wrapper)."""
    return (Field("data", Group(capability.fields), "request.wrapper", required=True),)


def makes_videos(capability: Capability) -> bool:
    """Return whether *capability* makes a video; otherwise it makes images."""
    return capability.times is VIDEO_TIMES
