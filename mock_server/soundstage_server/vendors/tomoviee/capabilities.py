"""Tomoviee's eleven capabilities as data: the parameters in each documented dialect, duration and price of each.

Documents: tomoviee.ai/doc and the vendor's skills, read in November 2026. The dialect ``skill`` follows each
capability's own skill and runnable client, which are newer; ``pages`` follows the general API pages bundled with the
skills; ``site`` follows the vendor's own site where it differs from the skill.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

from soundstage_server.kit.inputs import MediaLink
from soundstage_server.model.fields import Choice, Field, Flag, Integer, Link, Number, Rule, Text
from soundstage_server.model.lifecycle import Fate, Lifecycle, Stage

Reading = Literal["skill", "pages", "site"]
READINGS: Final = get_args(Reading)
Params = Mapping[str, Any]

# Facts: states (status.codes), and how long they last (generation.times).
ENDS: Final = {Fate.SUCCEED: 3, Fate.FAIL: 4, Fate.BLOCK: 4, Fate.CANCEL: 5, Fate.TIMEOUT: 6}
VIDEO_TIMES: Final = Lifecycle((Stage(1, 2.0, 20.0), Stage(2, 58.0, 280.0)), ENDS)
IMAGE_TIMES: Final = Lifecycle((Stage(1, 1.0, 10.0), Stage(2, 29.0, 110.0)), ENDS)
MUSIC_TIMES: Final = Lifecycle((Stage(1, 1.0, 10.0), Stage(2, 29.0, 110.0)), ENDS)
EFFECT_TIMES: Final = Lifecycle((Stage(1, 1.0, 5.0), Stage(2, 9.0, 55.0)), ENDS)
SPEECH_TIMES: Final = Lifecycle((Stage(1, 0.5, 3.0), Stage(2, 4.5, 27.0)), ENDS)
SOUNDTRACK_TIMES: Final = Lifecycle((Stage(1, 2.0, 15.0), Stage(2, 58.0, 165.0)), ENDS)

# Facts: parameters of every create call (callback.request) and of every video (video.common, camera.index).
COMMON: Final = (Field("callback", Link(), "callback.request"), Field("params", Text(empty=True), "callback.request"))
PROMPT: Final = Field("prompt", Text(), "video.common", required=True)
VIDEO: Final = (
    PROMPT,
    Field("resolution", Choice(("720p", "1080p")), "video.common", default="720p"),
    Field("duration", Choice((5,)), "video.common", default=5),
    Field("camera_move_index", Integer(1, 46), "video.common"),
    *COMMON,
)
# Facts: input files (limits.input_size, continuation.params, redrawing.params, video_scoring.params).
IMAGE: Final = MediaLink(("JPEG", "PNG", "WEBP"), "limits.input_size")
REDRAWN: Final = MediaLink(("JPEG", "PNG"), over=512, under=2048, ratio_under=3.0)
CONTINUED: Final = MediaLink(("MP4",), seconds=5.0, lines=720)
SCORED: Final = MediaLink(("MP4",))
RATIOS: Final = ("16:9", "9:16", "4:3", "3:4", "1:1")
CONTROLS: Final = Choice(("0", "1", "2", "3"))  # control_type.meaning: edge, pose, subject, depth
VOICE: Final = "zh-CN-YunxiNeural"  # text2speech.params


def _ratio(fact: str, *more: str) -> Field:
    return Field("aspect_ratio", Choice((*RATIOS, *more)), fact, default="16:9")


def _need(name: str, rule: Rule, fact: str) -> Field:
    return Field(name, rule, fact, required=True)


def _page_sizes(fact: str) -> tuple[Field, ...]:
    """Return the parameters for an image's size and number on the general pages."""
    return (
        Field("resolution", Choice(("512*512", "768*768", "1024*1024")), fact, default="512*512"),
        Field("aspect_ratio", Choice(("1:1", "16:9", "9:16", "4:3", "3:4")), fact, default="1:1"),
        Field("image_num", Integer(1, 4), fact, default=1),
    )


@dataclass(frozen=True, slots=True)
class Capability:
    """One capability of the gateway.

    Attributes:
        name: Its name in the URL.
        about: What it makes, in a few words.
        fact: The fact with its parameters.
        times: Its lifecycle.
        key: The key of its result.
        price: Whole credits; prices are not documented (credits).
        skill: Its parameters in its own skill.
        pages: Its parameters on the general pages, where they differ from the skill's.
        site: Its parameters on the vendor's site, where they differ from the skill's.
        needs: A parameter that is required under a condition: its name, and the condition.
    """

    name: str
    about: str
    fact: str
    times: Lifecycle
    key: str
    price: Callable[[Params], int]
    skill: tuple[Field, ...]
    pages: tuple[Field, ...] | None = None
    site: tuple[Field, ...] | None = None
    needs: tuple[str, Callable[[Params], bool]] | None = None


def _video_price(params: Params) -> int:
    return {"720p": 10, "1080p": 20}[params["resolution"]]


def _image_price(params: Params) -> int:
    return 2 * int(params.get("batch_size") or params.get("image_num") or 1)


def _audio_price(params: Params) -> int:
    return 3 * int(params.get("qty", 1))


CAPABILITIES: Final = {
    capability.name: capability
    for capability in (
        Capability(
            "tm_text2video_b", "a video from a text", "text2video.params", VIDEO_TIMES, "video_path", _video_price,
            (*VIDEO, _ratio("text2video.params")),
        ),
        Capability(
            "tm_img2video_b", "a video from an image", "img2video.params", VIDEO_TIMES, "video_path", _video_price,
            (*VIDEO, _need("image", IMAGE, "img2video.params"), _ratio("img2video.params", "original")),
        ),
        Capability(
            "tm_tail2video_b", "a video from its first and last frame", "tail2video.params", VIDEO_TIMES, "video_path",
            _video_price,
            (
                *VIDEO,
                _need("image", IMAGE, "tail2video.params"),
                _need("image_tail", IMAGE, "tail2video.params"),
                _ratio("tail2video.params", "original"),
            ),
        ),
        Capability(
            "tm_video_continuation_b", "five more seconds of a video", "continuation.params", VIDEO_TIMES, "video_path",
            _video_price,
            (*VIDEO, _need("video", CONTINUED, "continuation.params"), _ratio("continuation.params")),
        ),
        Capability(
            "tm_reference_img2img", "images after a reference", "img2img.params", IMAGE_TIMES, "images_path",
            _image_price,
            (
                _need("prompt", Text(), "img2img.params"),
                _need("reference_image", IMAGE, "img2img.params"),
                _need("control_type", CONTROLS, "img2img.params"),
                _need("width", Integer(512, 2048), "img2img.params"),
                _need("height", Integer(512, 2048), "img2img.params"),
                _need("batch_size", Integer(1, 4), "img2img.params"),
                _need("control_intensity", Number(0, 1), "img2img.params"),
                Field("init_image", IMAGE, "img2img.params"),
                *COMMON,
            ),
            (
                _need("prompt", Text(), "img2img.params"),
                _need("image", IMAGE, "img2img.params"),
                *_page_sizes("img2img.params"),
                *COMMON,
            ),
            needs=("init_image", lambda params: params.get("control_type") == "2"),
        ),
        Capability(
            "tm_redrawing", "an image with a part redrawn", "redrawing.params", IMAGE_TIMES, "images_path",
            _image_price,
            (
                _need("prompt", Text(), "redrawing.params"),
                _need("init_image", REDRAWN, "redrawing.params"),
                Field("mask_url", replace(REDRAWN, same_size_as="init_image"), "redrawing.params"),
                *COMMON,
            ),
            (
                _need("prompt", Text(), "redrawing.params"),
                _need("image", IMAGE, "redrawing.params"),
                _need("mask", replace(IMAGE, same_size_as="image"), "redrawing.params"),
                *_page_sizes("redrawing.params"),
                *COMMON,
            ),
        ),
        Capability(
            "tm_reference_img2mask", "a mask of what is recognized", "img2mask.params", IMAGE_TIMES, "mask_path",
            _image_price,
            (
                _need("image", IMAGE, "img2mask.params"),
                Field("control_type", CONTROLS, "img2mask.params", default="2"),
                Field("prompt", Text(), "img2mask.params"),
                *COMMON,
            ),
            (_need("image", IMAGE, "img2mask.params"), _need("prompt", Text(), "img2mask.params"), *COMMON),
        ),
        Capability(
            "tm_text2music", "music from a text", "text2music.params", MUSIC_TIMES, "audio_path", _audio_price,
            (
                _need("prompt", Text(), "text2music.params"),
                _need("duration", Integer(0, 95), "text2music.params"),
                _need("qty", Integer(1, 4), "text2music.params"),
                Field("disable_translate", Flag(), "text2music.params"),
                *COMMON,
            ),
            (
                _need("prompt", Text(), "text2music.params"),
                Field("duration", Integer(5, 900), "text2music.params", default=20),
                *COMMON,
            ),
            (
                _need("prompt", Text(), "text2music.params"),
                _need("duration", Integer(1, 94), "text2music.params"),
                _need("qty", Integer(1, 4), "text2music.params"),
                *COMMON,
            ),
        ),
        Capability(
            "tm_text2sfx", "a sound effect from a text", "text2sfx.params", EFFECT_TIMES, "audio_path", _audio_price,
            (
                _need("prompt", Text(), "text2sfx.params"),
                _need("duration", Integer(5, 180), "text2sfx.params"),
                Field("qty", Integer(1, 4), "text2sfx.params", default=1),
                *COMMON,
            ),
            (
                _need("prompt", Text(), "text2sfx.params"),
                Field("duration", Integer(5, 180), "text2sfx.params", default=10),
                *COMMON,
            ),
        ),
        Capability(
            "tm_text2speech", "speech from a text", "text2speech.params", SPEECH_TIMES, "audio_path", _audio_price,
            (
                _need("text", Text(5000), "text2speech.params"),
                Field("voice_id", Text(), "text2speech.params", default=VOICE),
                *COMMON,
            ),
        ),
        Capability(
            "tm_video_scoring", "a soundtrack for a video", "video_scoring.params", SOUNDTRACK_TIMES, "audio_path",
            _audio_price,
            (
                _need("video", SCORED, "video_scoring.params"),
                Field("prompt", Text(), "video_scoring.params"),
                Field("duration", Integer(5, 900), "video_scoring.params", default=20),
                *COMMON,
            ),
            site=(
                _need("file_link", replace(SCORED, bytes=120_000_000, longest=95.0), "video_scoring.params"),
                _need("prompt", Text(), "video_scoring.params"),
                Field("duration", Integer(5, 95), "video_scoring.params", default=20),
                *COMMON,
            ),
        ),
    )
}  # fmt: skip
"""Every capability by its name."""


def fields_of(capability: Capability, reading: str) -> tuple[Field, ...]:
    """Return the parameters of *capability* in the dialect *reading*."""
    other = {"pages": capability.pages, "site": capability.site}.get(reading)
    return capability.skill if other is None else other
