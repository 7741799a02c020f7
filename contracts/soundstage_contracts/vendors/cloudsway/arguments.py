"""What Cloudsway's methods take: valid arguments, valid bodies, and bodies broken in one way, from the facts."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, Final

from hypothesis import strategies as st

from soundstage import CameraControl, DynamicMask
from soundstage_contracts import strategies
from soundstage_contracts.vendors.cloudsway.matrix import (
    FROM_TEXT,
    GATEWAY_NAMES,
    MODELS,
    Combination,
    combinations,
    members_for,
)
from soundstage_contracts.vendors.cloudsway.pictures import png

RATIOS: Final = ("16:9", "9:16", "1:1")
ADDRESS: Final = "https://example.test/a.png"
AXES: Final = ("horizontal", "vertical", "pan", "tilt", "roll", "zoom")
MOVES: Final = ("down_back", "forward_up", "right_turn_forward", "left_turn_forward")
LONG: Final = "x" * 2501
NO_TEXT: Final = st.sampled_from([5, True, ["a fox"], {"a": 1}, LONG])


SMALL: Final = png(300, 300)
ENCODED: Final = b64encode(SMALL).decode()
PICTURES: Final = st.sampled_from([ADDRESS, "http://127.0.0.1:9/a.jpg?Expires=1&Signature=x", SMALL])


COMMON_BREAKS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "negative_prompt": NO_TEXT,
    "cfg_scale": st.sampled_from([-0.1, 1.1, "0.5", True, [0.5]]),
    "mode": st.sampled_from(["fast", "PRO", 5, True, ""]),
    "duration": st.sampled_from([15, "15", "5s", 5.5, True, ""]),
    "sound": st.sampled_from(["yes", True, 1, "ON"]),
    "callback_url": st.sampled_from(["ftp://example.test/x", "not a url", 5, ""]),
}
"""What breaks a parameter of both kinds, by parameter."""


def _valid(asked: Combination, extra: dict[str, Any]) -> dict[str, Any]:
    """Return a body that requests an allowed combination."""
    names = {own: gateway for gateway, own in GATEWAY_NAMES.items()}
    model = names.get(asked.model, asked.model) if extra.pop("by_gateway_name", False) else asked.model
    body = {
        "model_name": model,
        "mode": asked.mode,
        "duration": asked.seconds,
        **extra,
        **members_for(asked.feature, ADDRESS),
    }
    if asked.kind == "image2video":
        body.setdefault("image", ADDRESS)
    return body


def bodies(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return valid JSON bodies of *kind*, as a caller without a client would write them."""
    optional: dict[str, st.SearchStrategy[Any]] = {
        "negative_prompt": strategies.texts(most=40),
        "by_gateway_name": st.booleans(),
    }
    prompt = {"prompt": strategies.prompts(most=80)}
    if kind == "text2video":
        extra = st.fixed_dictionaries(prompt, optional={**optional, "aspect_ratio": st.sampled_from(RATIOS)})
    else:
        images = st.sampled_from([ADDRESS, ENCODED])
        extra = st.fixed_dictionaries({}, optional={**optional, **prompt, "image": images})
    allowed = [asked for asked in combinations(kind) if asked.allowed()]
    return st.builds(_valid, st.sampled_from(allowed), extra)


def arguments(body: dict[str, Any]) -> dict[str, Any]:
    """Return the client's arguments that mean *body*."""
    given = dict(body)
    if "camera_control" in given:
        camera = given["camera_control"]
        given["camera_control"] = CameraControl(type=camera["type"], **camera.get("config", {}))
    if "dynamic_masks" in given:
        given["dynamic_masks"] = [
            DynamicMask(one["mask"], [(point["x"], point["y"]) for point in one["trajectories"]])
            for one in given["dynamic_masks"]
        ]
    for name in ("image", "image_tail", "static_mask"):
        if given.get(name) == ENCODED:
            given[name] = SMALL
    return given


def text_to_video() -> st.SearchStrategy[dict[str, Any]]:
    """Return valid arguments of `Cloudsway.text_to_video` (text2video.params, capability.matrix)."""
    return bodies("text2video").map(arguments)


def image_to_video() -> st.SearchStrategy[dict[str, Any]]:
    """Return valid arguments of `Cloudsway.image_to_video` (image2video.params, capability.matrix)."""
    return bodies("image2video").map(arguments)


def camera_controls() -> st.SearchStrategy[dict[str, Any]]:
    """Return every camera movement: a simple one along one axis, or one of the service's own (camera.control)."""
    amounts = st.floats(-10, 10).filter(bool) | st.sampled_from([-10, 10, 1])
    simple = st.builds(
        lambda axis, amount: {"type": "simple", "config": {**dict.fromkeys(AXES, 0), axis: amount}},
        st.sampled_from(AXES),
        amounts,
    )
    return simple | st.sampled_from([{"type": move} for move in MOVES])


def broken(kind: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Return the name of a parameter, and a body of *kind* in which only that one breaks its rule."""
    wrong = dict(COMMON_BREAKS)
    if kind == "text2video":
        wrong["prompt"] = st.sampled_from([None, ""]) | NO_TEXT
        wrong["aspect_ratio"] = st.sampled_from(["4:3", "16x9", 1.78, "", True])
        start = {"prompt": "A fox"}
    else:
        wrong["prompt"] = NO_TEXT
        wrong["image"] = st.sampled_from([None, 5, "", "data:image/png;base64,AAAA", "not an address", ["x"]])
        start = {"image": ADDRESS}
    named = st.sampled_from(sorted(wrong))
    return named.flatmap(lambda name: wrong[name].map(lambda value: (name, {**start, name: value})))


def models_of(kind: str) -> tuple[str, ...]:
    """Return the models that make videos of *kind*, by both of their names (text2video.models)."""
    own = FROM_TEXT if kind == "text2video" else MODELS
    return (*own, *(name for name, model in GATEWAY_NAMES.items() if model in own))
