"""Cloudsway's two kinds of task as data: the parameters, each model's capabilities, durations and prices.

Documents: Kling's API pages on text to video, image to video and the models' capabilities, and
docs.cloudsway.net/maasapi/api-reference/video/kl, read in November 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from soundstage_server.kit.inputs import MediaContent, media_fields
from soundstage_server.model.fields import Choice, Field, Group, Integer, Link, ListOf, Number, Text
from soundstage_server.model.lifecycle import Fate, Lifecycle, Stage

Kind = Literal["text2video", "image2video"]
Params = Mapping[str, Any]

# Facts: states (status.values), and how long they last (generation.times).
TIMES: Final = Lifecycle(
    (Stage("submitted", 1.0, 20.0), Stage("processing", 59.0, 280.0)), {Fate.SUCCEED: "succeed", Fate.FAIL: "failed"}
)

# Facts: models (text2video.models).
V1, V1_5, V1_6 = "kling-v1", "kling-v1-5", "kling-v1-6"
V2_MASTER, V2_1, V2_1_MASTER = "kling-v2-master", "kling-v2-1", "kling-v2-1-master"
V2_5_TURBO, V2_6 = "kling-v2-5-turbo", "kling-v2-6"
MODELS: Final = (V1, V1_5, V1_6, V2_MASTER, V2_1, V2_1_MASTER, V2_5_TURBO, V2_6)
MASTERS: Final = (V2_MASTER, V2_1_MASTER)
SILENT: Final = tuple(model for model in MODELS if model != V2_6)
SECOND: Final = (V2_MASTER, V2_1, V2_1_MASTER, V2_5_TURBO, V2_6)
MODELS_OF: Final[Mapping[Kind, tuple[str, ...]]] = {
    "text2video": tuple(model for model in MODELS if model not in {V1_5, V2_1}),
    "image2video": MODELS,
}
GATEWAY_NAMES: Final = {
    "MaaS_KL_V1": V1,
    "MaaS_KL_V1.5": V1_5,
    "MaaS_KL_V1.6": V1_6,
    "MaaS_KL_V2.1_Master": V2_1_MASTER,
    "MaaS_KeLing_V2.6": V2_6,
}

# Facts: parameters (text2video.params, image2video.params, image2video.masks, camera.control).
LONGEST: Final = 2500
MEGABYTES_10: Final = 10 * 1024 * 1024
MOVES: Final = ("simple", "down_back", "forward_up", "right_turn_forward", "left_turn_forward")
AXES: Final = ("horizontal", "vertical", "pan", "tilt", "roll", "zoom")
IMAGE: Final = MediaContent(("JPEG", "PNG"), bytes=MEGABYTES_10, over=299, ratio_most=2.5)
MASK: Final = MediaContent(("JPEG", "PNG"), bytes=MEGABYTES_10, same_ratio_as="image")
POINT: Final = Group(
    tuple(Field(axis, Integer(-(10**6), 10**6), "image2video.masks", required=True) for axis in ("x", "y"))
)
DYNAMIC: Final = Group(
    (
        Field("mask", MASK, "image2video.masks", required=True),
        Field("trajectories", ListOf(POINT, 2, 77), "image2video.params", required=True),
    )
)
CONFIG: Final = Group(tuple(Field(axis, Number(-10, 10), "camera.control") for axis in AXES))
MOVEMENT: Final = Group(
    (
        Field("type", Choice(MOVES), "camera.control", required=True),
        Field("config", CONFIG, "camera.control"),
    )
)


def _common(prompt: Field) -> tuple[Field, ...]:
    return (
        Field("model_name", Text(), "text2video.models", default=V1),
        prompt,
        Field("negative_prompt", Text(LONGEST, empty=True), "text2video.params"),
        Field("sound", Choice(("on", "off")), "text2video.params", default="off"),
        Field("cfg_scale", Number(0, 1), "text2video.params"),
        Field("mode", Choice(("std", "pro")), "text2video.params", default="std"),
        Field("duration", Choice(("5", "10")), "text2video.params", default="5"),
        Field("camera_control", MOVEMENT, "camera.control"),
        Field("callback_url", Link(), "callback"),
        Field("external_task_id", Text(), "text2video.params"),
    )


FIELDS: Final[Mapping[Kind, tuple[Field, ...]]] = {
    "text2video": (
        *_common(Field("prompt", Text(LONGEST), "text2video.params", required=True)),
        Field("aspect_ratio", Choice(("16:9", "9:16", "1:1")), "text2video.params", default="16:9"),
    ),
    "image2video": (
        *_common(Field("prompt", Text(LONGEST, empty=True), "image2video.params")),
        Field("image", IMAGE, "image2video.params"),
        Field("image_tail", IMAGE, "image2video.params"),
        Field("static_mask", MASK, "image2video.masks"),
        Field("dynamic_masks", ListOf(DYNAMIC, 1, 6), "image2video.params"),
    ),
}
"""The parameters of each kind of task."""

_IMAGES: Final = media_fields(FIELDS["image2video"])
_IMAGE_NAMES: Final = frozenset({"dynamic_masks", *(field.name for field in _IMAGES)})

ABOUT: Final[Mapping[Kind, str]] = {"text2video": "a video from a text", "image2video": "a video from an image"}
MASKS: Final = ("static_mask", "dynamic_masks")
GROUPS: Final = (("image_tail",), MASKS, ("camera_control",))
"""Groups of parameters that exclude each other (image2video.exclusive)."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A parameter that some models support only in some modes and for some durations.

    Attributes:
        of: The parameter.
        models: The models that are limited.
        modes: The modes in which they support it; without any they never do.
        seconds: The durations for which they support it.
        kinds: The kinds of task to which the limit applies.
        applies: Whether the limit applies to parameters that contain `of`.
        fact: The fact behind the limit.
    """

    of: str
    models: tuple[str, ...]
    modes: tuple[str, ...] = ("std", "pro")
    seconds: tuple[str, ...] = ("5", "10")
    kinds: tuple[Kind, ...] = ("text2video", "image2video")
    applies: Callable[[Params], bool] = lambda _: True
    fact: str = "capability.matrix"


def _has_sound(params: Params) -> bool:
    return bool(params["sound"] == "on")


def _moves_freely(params: Params) -> bool:
    return bool(params["camera_control"]["type"] != "simple")


LIMITS: Final = (
    Limit("image_tail", (V1,), seconds=("5",)),
    Limit("image_tail", (V1_5, V1_6, V2_1, V2_5_TURBO, V2_6), modes=("pro",)),
    Limit("image_tail", MASTERS, modes=()),
    Limit("camera_control", (V1,), modes=("std",), seconds=("5",), kinds=("text2video",)),
    Limit("camera_control", (V1_5,), modes=("pro",), seconds=("5",), kinds=("image2video",)),
    Limit("camera_control", (V1_5,), modes=(), kinds=("image2video",), applies=_moves_freely),
    *(Limit(mask, (V1,), seconds=("5",)) for mask in MASKS),
    *(Limit(mask, (V1_5,), modes=("pro",), seconds=("5",)) for mask in MASKS),
    Limit("cfg_scale", SECOND, modes=()),
    Limit("mode", MASTERS, modes=("std",), fact="capability.master_mode"),
    Limit("sound", (V2_6,), modes=("pro",), applies=_has_sound, fact="text2video.params"),
    Limit("sound", SILENT, modes=(), applies=_has_sound, fact="text2video.params"),
)
"""The capability matrix: whatever is not listed is allowed."""


def broken_limits(kind: Kind, params: Params) -> Iterator[Limit]:
    """Return the limits that *params* exceed."""
    mode, seconds = params["mode"], params["duration"]
    for limit in _limits_of(kind, params["model_name"]):
        is_broken = limit.of in params and (mode not in limit.modes or seconds not in limit.seconds)
        if is_broken and limit.applies(params):
            yield limit


@cache
def _limits_of(kind: Kind, model: str) -> tuple[Limit, ...]:
    """Return the limits of a known *model* for tasks of *kind*."""
    return tuple(limit for limit in LIMITS if kind in limit.kinds and model in limit.models)


def image_inputs(params: Params) -> tuple[tuple[Field, ...], dict[str, Any]]:
    """Return the fields of all images in *params*, also of those within lists, and their values."""
    if params.keys().isdisjoint(_IMAGE_NAMES):
        return (), {}
    named = [(field, params[field.name]) for field in _IMAGES if field.name in params]
    inner = [
        (Field(f"dynamic_masks[{number}].mask", MASK, "image2video.masks"), one["mask"])
        for number, one in enumerate(params.get("dynamic_masks", ()))
    ]
    return tuple(field for field, _ in (*named, *inner)), {field.name: value for field, value in (*named, *inner)}


def price(params: Params) -> int:
    """Return the price in credits, by a table of the simulator's own (price)."""
    return {"std": 2, "pro": 4}[params["mode"]] * (int(params["duration"]) // 5) * (2 if _has_sound(params) else 1)
