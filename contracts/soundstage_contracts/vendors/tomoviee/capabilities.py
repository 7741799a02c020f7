"""Tomoviee's eleven capabilities as the contracts read them from the facts: valid bodies, broken ones, and results."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from hypothesis import strategies as st

from soundstage_contracts import strategies
from soundstage_contracts.strategies import beyond, real_numbers, whole_numbers
from soundstage_contracts.vendors.tomoviee.arguments import RATIOS, RESOLUTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["video", "image", "mask", "audio"]
Values = dict[str, st.SearchStrategy[Any]]

LINK: Final = st.sampled_from(["https://example.test/a.png", "http://127.0.0.1:9/b.mp4?Expires=1&Signature=x"])
PROMPT: Final = strategies.prompts(most=80)
ORIGINAL: Final = st.sampled_from((*RATIOS, "original"))
CONTROLS: Final = st.sampled_from(["0", "1", "2", "3"])
NUMBERS_OFF: Final[tuple[Any, ...]] = ("1", 1.5, True, [1])

# What no value of a kind may be, by kind.
NO_TEXT: Final = st.sampled_from([5, True, "", ["a fox"], {"a": 1}])
NO_LINK: Final = st.sampled_from([5, "", "not an address", "ftp://example.test/a.png", ["https://example.test/a.png"]])
NO_CONTROL: Final = st.sampled_from(["4", "-1", "edge", 7, True, ""])

VIDEO: Final[Values] = {
    "resolution": st.sampled_from(RESOLUTIONS),
    "duration": st.just(5),
    "camera_move_index": whole_numbers(1, 46),
    "params": strategies.texts(most=20),
}
NO_VIDEO: Final[Values] = {
    "prompt": NO_TEXT,
    "resolution": st.sampled_from(["480p", "4k", 720, ""]),
    "duration": st.sampled_from([0, 4, 6, 10, "5", True]),
    "camera_move_index": beyond(1, 46, NUMBERS_OFF),
    "aspect_ratio": st.sampled_from(["2:1", "16x9", 1.78, "square"]),
}


def _off(least: int, most: int) -> st.SearchStrategy[Any]:
    """Return what is no whole number from *least* to *most*."""
    return beyond(least, most, NUMBERS_OFF)


@dataclass(frozen=True, slots=True)
class Capability:
    """One capability.

    Attributes:
        method: The client's method.
        name: Its name in the path.
        fact: The fact with its parameters.
        needs: The members that a body must have.
        takes: The members that it may have besides.
        breaks: For each parameter, values that it may not have.
        kind: What the result is.
        key: Under which key it comes.
        seconds: The least and the most that a task takes (generation.times).
        names: Client argument to wire parameter, where they differ.
        counts: The parameter with the number of results.
        spared: Members of `needs` that only some bodies need.
    """

    method: str
    name: str
    fact: str
    needs: Values
    takes: Values
    breaks: Values
    kind: Kind
    key: str
    seconds: tuple[int, int]
    names: Mapping[str, str] = field(default_factory=dict)
    counts: str | None = None
    spared: tuple[str, ...] = ()


CAPABILITIES: Final = (
    Capability(
        "image_to_video", "tm_img2video_b", "img2video.params",
        {"prompt": PROMPT, "image": LINK}, {**VIDEO, "aspect_ratio": ORIGINAL}, {**NO_VIDEO, "image": NO_LINK},
        "video", "video_path", (60, 300), {"camera_move": "camera_move_index"},
    ),
    Capability(
        "first_last_frame", "tm_tail2video_b", "tail2video.params",
        {"prompt": PROMPT, "image": LINK, "image_tail": LINK}, {**VIDEO, "aspect_ratio": ORIGINAL},
        {**NO_VIDEO, "image": NO_LINK, "image_tail": NO_LINK},
        "video", "video_path", (60, 300), {"camera_move": "camera_move_index"},
    ),
    Capability(
        "video_continuation", "tm_video_continuation_b", "continuation.params",
        {"prompt": PROMPT, "video": LINK}, {**VIDEO, "aspect_ratio": st.sampled_from(RATIOS)},
        {**NO_VIDEO, "video": NO_LINK, "aspect_ratio": st.sampled_from(["original", "2:1"])},
        "video", "video_path", (60, 300), {"camera_move": "camera_move_index"},
    ),
    Capability(
        "image_to_image", "tm_reference_img2img", "img2img.params",
        {
            "prompt": PROMPT, "reference_image": LINK, "control_type": CONTROLS, "width": whole_numbers(512, 2048),
            "height": whole_numbers(512, 2048), "batch_size": whole_numbers(1, 4),
            "control_intensity": real_numbers(0, 1), "init_image": LINK,
        },
        {},
        {
            "prompt": NO_TEXT, "reference_image": NO_LINK, "control_type": NO_CONTROL, "width": _off(512, 2048),
            "height": _off(512, 2048), "batch_size": _off(1, 4), "init_image": NO_LINK,
            "control_intensity": st.sampled_from([-0.1, 1.1, "0.5", True]),
        },
        "image", "images_path", (30, 120), counts="batch_size",
        spared=("init_image",),
    ),
    Capability(
        "redrawing", "tm_redrawing", "redrawing.params",
        {"prompt": PROMPT, "init_image": LINK}, {"mask_url": LINK},
        {"prompt": NO_TEXT, "init_image": NO_LINK, "mask_url": NO_LINK},
        "image", "images_path", (30, 120),
    ),
    Capability(
        "recognition", "tm_reference_img2mask", "img2mask.params",
        {"image": LINK}, {"control_type": CONTROLS, "prompt": PROMPT},
        {"image": NO_LINK, "control_type": NO_CONTROL, "prompt": NO_TEXT},
        "mask", "mask_path", (30, 120),
    ),
    Capability(
        "text_to_music", "tm_text2music", "text2music.params",
        {"prompt": PROMPT, "duration": whole_numbers(0, 95), "qty": whole_numbers(1, 4)},
        {"disable_translate": st.booleans()},
        {
            "prompt": NO_TEXT, "duration": _off(0, 95), "qty": _off(1, 4),
            "disable_translate": st.sampled_from(["true", 1, 0, []]),
        },
        "audio", "audio_path", (30, 120), counts="qty",
    ),
    Capability(
        "text_to_sound_effect", "tm_text2sfx", "text2sfx.params",
        {"prompt": PROMPT, "duration": whole_numbers(5, 180)}, {"qty": whole_numbers(1, 4)},
        {"prompt": NO_TEXT, "duration": _off(5, 180), "qty": _off(1, 4)},
        "audio", "audio_path", (10, 60), counts="qty",
    ),
    Capability(
        "text_to_speech", "tm_text2speech", "text2speech.params",
        {"text": PROMPT}, {"voice_id": st.sampled_from(["zh-CN-YunxiNeural", "en-US-JennyNeural", "xx-Another"])},
        {"text": NO_TEXT | st.just("x" * 5001), "voice_id": NO_TEXT},
        "audio", "audio_path", (5, 30),
    ),
    Capability(
        "video_soundtrack", "tm_video_scoring", "video_scoring.params",
        {"video": LINK}, {"prompt": PROMPT, "duration": whole_numbers(5, 900)},
        {"video": NO_LINK, "prompt": NO_TEXT, "duration": _off(5, 900)},
        "audio", "audio_path", (60, 180),
    ),
)  # fmt: skip
"""Every capability but text to video, which has contracts of its own."""


def bodies(capability: Capability) -> st.SearchStrategy[dict[str, Any]]:
    """Return valid bodies of *capability*, in the reading of its own skill."""
    return st.fixed_dictionaries(capability.needs, optional=capability.takes)


def broken(capability: Capability) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Return the name of a parameter, and a body in which only that one is missing or breaks its rule."""

    def missing(name: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
        return bodies(capability).map(lambda body: (name, {key: body[key] for key in body if key != name}))

    def wrong(name: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
        pairs = st.tuples(bodies(capability), capability.breaks[name])
        return pairs.map(lambda pair: (name, {**pair[0], name: pair[1]}))

    needed = [name for name in capability.needs if name not in capability.spared]
    return st.one_of(
        st.sampled_from(needed).flatmap(missing), st.sampled_from(sorted(capability.breaks)).flatmap(wrong)
    )


def arguments(capability: Capability, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the client's arguments that mean *body*."""
    mine = {wire: own for own, wire in capability.names.items()}
    return {mine.get(name, name): value for name, value in body.items()}
