"""Cloudsway's two kinds of task as data: what each takes, which model can do what, how long it takes and costs.

Documents: Kling's API pages on text to video, image to video and the models' capabilities, and
docs.cloudsway.net/maasapi/api-reference/video/kl, read in November 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
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
SECOND: Final = (V2_MASTER, V2_1, V2_1_MASTER, V2_5_TURBO, V2_6)
MADE_BY: Final[Mapping[Kind, tuple[str, ...]]] = {
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
PICTURE: Final = MediaContent(("JPEG", "PNG"), bytes=MEGABYTES_10, over=299, ratio_most=2.5)
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
        Field("image", PICTURE, "image2video.params"),
        Field("image_tail", PICTURE, "image2video.params"),
        Field("static_mask", MASK, "image2video.masks"),
        Field("dynamic_masks", ListOf(DYNAMIC, 1, 6), "image2video.params"),
    ),
}
"""What each kind of task takes."""

ABOUT: Final[Mapping[Kind, str]] = {"text2video": "a film from a text", "image2video": "a film from an image"}
MASKS: Final = ("static_mask", "dynamic_masks")
GROUPS: Final = (("image_tail",), MASKS, ("camera_control",))
"""What excludes one another (image2video.exclusive)."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What some models can do only in some modes and for some seconds.

    Attributes:
        of: The parameter that asks for it.
        models: Which models.
        modes: In which modes they can; none is never.
        seconds: For which durations.
        kinds: In which kinds of task.
        asked: Whether parameters that hold `of` ask for it.
        fact: The fact that says so.
    """

    of: str
    models: tuple[str, ...]
    modes: tuple[str, ...] = ("std", "pro")
    seconds: tuple[str, ...] = ("5", "10")
    kinds: tuple[Kind, ...] = ("text2video", "image2video")
    asked: Callable[[Params], bool] = lambda _: True
    fact: str = "capability.matrix"


def _sound(params: Params) -> bool:
    return bool(params["sound"] == "on")


def _moves_freely(params: Params) -> bool:
    return bool(params["camera_control"]["type"] != "simple")


LIMITS: Final = (
    Limit("image_tail", (V1,), seconds=("5",)),
    Limit("image_tail", (V1_5, V1_6, V2_1, V2_5_TURBO, V2_6), modes=("pro",)),
    Limit("image_tail", MASTERS, modes=()),
    Limit("camera_control", (V1,), modes=("std",), seconds=("5",), kinds=("text2video",)),
    Limit("camera_control", (V1_5,), modes=("pro",), seconds=("5",), kinds=("image2video",)),
    Limit("camera_control", (V1_5,), modes=(), kinds=("image2video",), asked=_moves_freely),
    *(Limit(mask, (V1,), seconds=("5",)) for mask in MASKS),
    *(Limit(mask, (V1_5,), modes=("pro",), seconds=("5",)) for mask in MASKS),
    Limit("cfg_scale", SECOND, modes=()),
    Limit("mode", MASTERS, modes=("std",), fact="capability.master_mode"),
    Limit("sound", (V2_6,), modes=("pro",), asked=_sound, fact="text2video.params"),
    Limit("sound", tuple(model for model in MODELS if model != V2_6), modes=(), asked=_sound, fact="text2video.params"),
)
"""The capability matrix: what is not listed is allowed."""


def broken_limits(kind: Kind, params: Params) -> Iterator[Limit]:
    """Return what *params* ask a model for that it cannot do."""
    model, mode, seconds = params["model_name"], params["mode"], params["duration"]
    for limit in LIMITS:
        concerned = kind in limit.kinds and model in limit.models and limit.of in params
        if concerned and (mode not in limit.modes or seconds not in limit.seconds) and limit.asked(params):
            yield limit


def pictures_of(params: Params) -> tuple[tuple[Field, ...], dict[str, Any]]:
    """Return the fields of the pictures in *params*, those within lists among them, and what each holds."""
    named = [(field, params[field.name]) for field in media_fields(FIELDS["image2video"]) if field.name in params]
    inner = [
        (Field(f"dynamic_masks[{number}].mask", MASK, "image2video.masks"), one["mask"])
        for number, one in enumerate(params.get("dynamic_masks", ()))
    ]
    return tuple(field for field, _ in (*named, *inner)), {field.name: held for field, held in (*named, *inner)}


def price(params: Params) -> int:
    """Return credits: a table of the simulator's own (price)."""
    return {"std": 2, "pro": 4}[params["mode"]] * (int(params["duration"]) // 5) * (2 if _sound(params) else 1)
