"""Parameters of GMI Cloud's models: tables from the facts, valid payloads, and payloads with one invalid value."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

from soundstage_contracts import strategies
from soundstage_contracts.strategies import real_numbers, whole_numbers

Values = dict[str, st.SearchStrategy[Any]]

TEXT_MODEL: Final = "Wan-AI_Wan2.1-T2V-14B"
IMAGE_MODEL: Final = "Image-to-Video-Model"
TEXT_MODELS: Final = (TEXT_MODEL, "Wan-AI_Wan2.1-T2V-1.3B")
IMAGE_MODELS: Final = (IMAGE_MODEL, "Wan-AI_Wan2.1-I2V-14B-720P")
DOT: Final = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
"""An image of one pixel, as a data URL."""

PROMPT: Final = strategies.prompts(most=80)
SECONDS: Final = whole_numbers(1, 10)
SEED: Final = whole_numbers(0, 2_147_483_647)
IMAGE: Final = st.sampled_from(["https://example.test/fox.png", "http://127.0.0.1:9/fox.jpg?Signature=x", DOT])
TEXT: Final[Values] = {
    "video_length": SECONDS,
    "negative_prompt": strategies.texts(most=40),
    "cfg_scale": whole_numbers(0, 20) | real_numbers(0, 20),
    "seed": SEED,
}
MOTION: Final[Values] = {
    "duration": SECONDS,
    "negative_prompt": strategies.texts(most=40),
    "cfg_scale": real_numbers(0, 1),
    "seed": SEED,
}

# Values that each parameter must refuse.
NO_TEXT: Final = st.sampled_from([None, "", 5, True, ["a fox"], {"a": 1}])
NO_SECONDS: Final = st.sampled_from([0, -5, 11, 600, "5", 5.5, True, [5]])
NO_SEED: Final = st.sampled_from([-1, 2_147_483_648, "1", 1.5, True])
NO_IMAGE: Final = st.sampled_from(
    [None, "", 5, "fox.png", "ftp://example.test/fox.png", "data:image/png;base64,!", "data:image/png,x", [DOT]]
)


def _off(most: int) -> st.SearchStrategy[Any]:
    return st.sampled_from([-0.1, most + 0.1, most * 10, "1", True, [1]])


BROKEN: Final[dict[str, Values]] = {
    TEXT_MODEL: {
        "prompt": NO_TEXT,
        "video_length": NO_SECONDS,
        "negative_prompt": st.sampled_from([5, True, ["x"]]),
        "cfg_scale": _off(20),
        "seed": NO_SEED,
    },
    IMAGE_MODEL: {
        "prompt": NO_TEXT,
        "image": NO_IMAGE,
        "duration": NO_SECONDS,
        "negative_prompt": st.sampled_from([5, True, ["x"]]),
        "cfg_scale": _off(1),
        "seed": NO_SEED,
    },
}


def text_payload() -> st.SearchStrategy[dict[str, Any]]:
    """Return valid payloads of a text-to-video model (requests.payload, requests.ranges)."""
    return st.fixed_dictionaries({"prompt": PROMPT}, optional=TEXT)


def image_payload() -> st.SearchStrategy[dict[str, Any]]:
    """Return valid payloads of an image-to-video model (requests.payload, requests.ranges, inputs.image)."""
    return st.fixed_dictionaries({"prompt": PROMPT, "image": IMAGE}, optional=MOTION)


def requests() -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Return a model and a valid payload for it."""
    return st.tuples(st.sampled_from(TEXT_MODELS), text_payload()) | st.tuples(
        st.sampled_from(IMAGE_MODELS), image_payload()
    )


def broken_payloads(model: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Return the name of a parameter of *model*, and a payload in which that parameter alone breaks its rule."""
    valid = text_payload() if model == TEXT_MODEL else image_payload()

    def broken(name: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
        return st.tuples(
            st.just(name), st.builds(lambda payload, bad: {**payload, name: bad}, valid, BROKEN[model][name])
        )

    return st.sampled_from(sorted(BROKEN[model])).flatmap(broken)


def broken_requests() -> st.SearchStrategy[tuple[str, str, dict[str, Any]]]:
    """Return a model, the name of a parameter, and a payload in which that parameter alone breaks its rule."""
    return st.sampled_from(sorted(BROKEN)).flatmap(
        lambda model: broken_payloads(model).map(lambda case: (model, *case))
    )


def text_to_video() -> st.SearchStrategy[dict[str, Any]]:
    """Return valid arguments of `GMICloud.text_to_video`."""
    return st.fixed_dictionaries({"prompt": PROMPT}, optional={**TEXT, "model": st.sampled_from(TEXT_MODELS)})


def image_to_video() -> st.SearchStrategy[dict[str, Any]]:
    """Return valid arguments of `GMICloud.image_to_video`."""
    return st.fixed_dictionaries(
        {"prompt": PROMPT, "image": IMAGE}, optional={**MOTION, "model": st.sampled_from(IMAGE_MODELS)}
    )
