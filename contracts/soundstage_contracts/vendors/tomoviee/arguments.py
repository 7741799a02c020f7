"""What Tomoviee's capabilities take: tables from the facts, valid arguments, and bodies broken in one way."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

from soundstage_contracts import strategies
from soundstage_contracts.strategies import whole_numbers

RATIOS: Final = ("16:9", "9:16", "4:3", "3:4", "1:1")
RESOLUTIONS: Final = ("720p", "1080p")
SIZES: Final = {
    ("720p", "16:9"): (1280, 720),
    ("720p", "9:16"): (720, 1280),
    ("720p", "4:3"): (960, 720),
    ("720p", "3:4"): (720, 960),
    ("720p", "1:1"): (720, 720),
    ("1080p", "16:9"): (1920, 1080),
    ("1080p", "9:16"): (1080, 1920),
    ("1080p", "4:3"): (1440, 1080),
    ("1080p", "3:4"): (1080, 1440),
    ("1080p", "1:1"): (1080, 1080),
}
"""Resolution and ratio to width and height: the resolution is the short side."""


def common_arguments() -> dict[str, st.SearchStrategy[Any]]:
    """Return strategies for what every video capability may be given besides its own (video.common)."""
    return {
        "resolution": st.sampled_from(RESOLUTIONS),
        "duration": st.just(5),
        "camera_move": st.none() | whole_numbers(1, 46),
        "params": st.none() | strategies.texts(most=40),
    }


def text_to_video() -> st.SearchStrategy[dict[str, Any]]:
    """Return valid arguments of `Tomoviee.text_to_video` (text2video.params)."""
    return st.fixed_dictionaries(
        {"prompt": strategies.prompts()}, optional={**common_arguments(), "aspect_ratio": st.sampled_from(RATIOS)}
    )


def text_to_video_body() -> st.SearchStrategy[dict[str, Any]]:
    """Return valid JSON bodies of tm_text2video_b, as a caller without a client would write them."""
    return st.fixed_dictionaries(
        {"prompt": strategies.prompts()},
        optional={
            "resolution": st.sampled_from(RESOLUTIONS),
            "aspect_ratio": st.sampled_from(RATIOS),
            "duration": st.just(5),
            "camera_move_index": st.none() | whole_numbers(1, 46),
            "params": strategies.texts(most=40),
        },
    )


def broken_text_to_video() -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Return the name of a parameter, and a body of tm_text2video_b in which only that one breaks its rule."""
    wrong: dict[str, st.SearchStrategy[Any]] = {
        "prompt": st.sampled_from([None, "", 5, ["a fox"]]),
        "resolution": st.sampled_from(["480p", "720", "4k", "720P", 720, True]) | strategies.other_texts(RESOLUTIONS),
        "aspect_ratio": st.sampled_from(["original", "2:1", "16x9", 1.78]) | strategies.other_texts(RATIOS),
        "duration": st.sampled_from([0, -5, 4, 6, 10, "5", 5.5, True]),
        "camera_move_index": st.sampled_from([0, -1, 47, "1", 1.5, True]) | st.integers(min_value=47),
        "callback": st.sampled_from(["ftp://example.test/x", "not a url", 5, ""]),
        "params": st.sampled_from([5, {"a": 1}, ["x"]]),
    }

    def broken(name: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
        bodies = st.builds(lambda body, bad: {**body, name: bad}, text_to_video_body(), wrong[name])
        return st.tuples(st.just(name), bodies)

    return st.sampled_from(sorted(wrong)).flatmap(broken)
