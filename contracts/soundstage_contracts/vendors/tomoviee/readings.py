"""Tomoviee's capabilities as two other documents describe them: the general pages, and the vendor's site.

Each is a reading of the simulator (the dialect ``tomoviee.parameters``); the facts name them B and C.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from soundstage_contracts.laws.declarations import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

IMAGE: Final = "https://example.test/a.png"
VIDEO: Final = "https://example.test/a.mp4"
SIZE: Final = {"resolution": "512*512", "aspect_ratio": "1:1", "image_num": 1}


def _operation(
    method: str,
    route: str,
    required: Mapping[str, Any],
    defaults: Mapping[str, Any],
    *outputs: str,
) -> Operation:
    return Operation(
        method=method,
        route=route,
        required=required,
        bodies=st.just({**required, **defaults}),
        defaults=defaults,
        outputs=outputs,
        outputs_vary="mask" in outputs,
    )


PAGES: Final = (
    _operation("image_to_image", "tm_reference_img2img", {"prompt": "a fox", "image": IMAGE}, SIZE, "image"),
    _operation("redrawing", "tm_redrawing", {"prompt": "a fox", "image": IMAGE, "mask": IMAGE}, SIZE, "image"),
    _operation("recognition", "tm_reference_img2mask", {"prompt": "a fox", "image": IMAGE}, {}, "mask"),
    _operation("text_to_music", "tm_text2music", {"prompt": "a fox"}, {"duration": 20}, "audio"),
    _operation("text_to_sound_effect", "tm_text2sfx", {"prompt": "a fox"}, {"duration": 10}, "audio"),
    _operation("video_soundtrack", "tm_video_scoring", {"video": VIDEO}, {"duration": 20}, "audio"),
)
"""What the general pages document otherwise than the skills, and the soundtrack, where both agree."""

SITE: Final = (
    _operation("text_to_music", "tm_text2music", {"prompt": "a fox", "duration": 94, "qty": 2}, {}, "audio", "audio"),
    _operation(
        "video_soundtrack", "tm_video_scoring", {"prompt": "a fox", "file_link": VIDEO}, {"duration": 20}, "audio"
    ),
)
"""What the vendor's site documents otherwise than the skills."""

READINGS: Final = [
    *(("pages", operation) for operation in PAGES),
    *(("site", operation) for operation in SITE),
]
"""Each operation with the reading of the simulator that takes it."""

MISSING: Final = [("pages", operation, name) for operation in PAGES for name in operation.required] + [
    ("site", operation, name) for operation in SITE for name in operation.required
]
"""Each operation with one of its required members."""

REFUSED: Final = (
    ("skill", "tm_reference_img2img", {"prompt": "a fox", "image": IMAGE}),
    ("skill", "tm_redrawing", {"prompt": "a fox", "image": IMAGE, "mask": IMAGE}),
    ("skill", "tm_text2music", {"prompt": "a fox"}),
    ("skill", "tm_text2sfx", {"prompt": "a fox"}),
    ("skill", "tm_video_scoring", {"prompt": "a fox", "file_link": VIDEO}),
    ("pages", "tm_video_scoring", {"prompt": "a fox", "file_link": VIDEO}),
    ("pages", "tm_video_scoring", {"video": VIDEO, "duration": 901}),
    ("pages", "tm_video_scoring", {"video": VIDEO, "duration": 4}),
    ("pages", "tm_text2music", {"prompt": "a fox", "duration": 901}),
    ("site", "tm_video_scoring", {"video": VIDEO}),
    ("pages", "tm_text2music", {"prompt": "a fox", "duration": 4}),
    ("pages", "tm_text2sfx", {"prompt": "a fox", "duration": 181}),
    ("pages", "tm_text2sfx", {"prompt": "a fox", "duration": 4}),
    ("pages", "tm_reference_img2img", {"prompt": "a fox", "image": IMAGE, "image_num": 5}),
    ("pages", "tm_reference_img2img", {"prompt": "a fox", "image": IMAGE, "aspect_ratio": "2:1"}),
    ("pages", "tm_redrawing", {"prompt": "a fox", "image": IMAGE, "mask": IMAGE, "resolution": "720p"}),
    ("site", "tm_video_scoring", {"prompt": "a fox", "file_link": VIDEO, "duration": 96}),
    ("site", "tm_video_scoring", {"prompt": "a fox", "file_link": VIDEO, "duration": 4}),
    ("site", "tm_text2music", {"prompt": "a fox", "duration": 94, "qty": 5}),
    ("site", "tm_text2music", {"prompt": "a fox", "duration": 95, "qty": 1}),
    ("site", "tm_text2music", {"prompt": "a fox", "duration": 0, "qty": 1}),
)
"""Bodies that a reading does not take, although another one takes them or names the same members."""
