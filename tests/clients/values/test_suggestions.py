"""A misspelled word gets the nearest known one, a model the one of the nearest version."""

from __future__ import annotations

from typing import get_args

import pytest

from soundstage import Cloudsway, errors
from soundstage._values.suggestions import did_you_mean
from soundstage._values.validation import choice
from soundstage.vendors.cloudsway.profile import TextModel
from soundstage.vendors.mediaio.endpoints import ENDPOINTS

TEXT_MODELS = get_args(TextModel)


@pytest.mark.parametrize(
    ("word", "nearest"),
    [
        ("kling-v3", "kling-v2-6"),
        ("kling-v2.6", "kling-v2-6"),
        ("Kling-V2-4", "kling-v2-5-turbo"),
        ("kling-v0", "kling-v1"),
        ("kling-v2-1", "kling-v2-1-master"),
        ("kling-v2-mastr", "kling-v2-master"),
        ("klingv1-6", "kling-v1-6"),
        ("klng-v1-6", "kling-v1-6"),
        ("maas_kl_v2", "MaaS_KL_V2.1_Master"),
    ],
)
def test_model_of_the_nearest_version_is_suggested(word: str, nearest: str) -> None:
    """Within a family of models the version decides, and otherwise the letters."""
    assert did_you_mean(word, TEXT_MODELS) == f"; did you mean {nearest!r}?"


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("sora-2", ["kling-v1"]),
        ("7", ["5", "10"]),
        (7, ["5"]),
        (None, ["none"]),
        ("k" * 81, ["k" * 80]),
        ("x", []),
        ("up", [1, 2]),
    ],
)
def test_nothing_is_suggested_where_nothing_is_near(word: object, known: list[object]) -> None:
    """Another family, numbers alone, other types and long texts have no suggestion."""
    assert did_you_mean(word, known) == ""


def test_every_known_word_is_the_nearest_to_itself() -> None:
    """The exact word in other letters is found, also among names with versions."""
    for known in (TEXT_MODELS, [endpoint.name for endpoint in ENDPOINTS.values()]):
        for word in known:
            assert did_you_mean(word.upper(), known) == f"; did you mean {word!r}?"


@pytest.mark.parametrize("method", ["text_to_video", "image_to_video"])
def test_client_suggests_a_model(method: str) -> None:
    """The error of the client has what is allowed, and the suggestion, in its message and as an attribute."""
    image = {"image": "https://example.test/a.png"} if method == "image_to_video" else {}
    with Cloudsway("key-0123456789", "endpoint") as client, pytest.raises(errors.InvalidArgument) as refused:
        getattr(client, method)(prompt="A fox", model_name="kling-v3", **image)
    assert refused.value.field == "model_name"
    for text in (refused.value.message, refused.value.allowed):
        assert text.endswith("; did you mean 'kling-v2-6'?")


def test_suggestion_is_there_after_a_long_list() -> None:
    """A list that is cut in the message does not cut the suggestion."""
    with pytest.raises(errors.InvalidArgument, match=r"…; did you mean 'kling-v1-199'\?$"):
        choice("model", "kling-v2", [f"kling-v1-{number}" for number in range(200)])
