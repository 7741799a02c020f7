"""Media.io's generation endpoints as data: their names, routes and parameters.

Source: the pages of the API's endpoints, read in November 2026. `tools/mediaio_methods.py` generates this module;
do not edit it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from soundstage.vendors.mediaio.bodies import Endpoint, Parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALL: Final = (
    Endpoint(
        "Imagen 4",
        "imagen_4",
        "/generation/imagen/t2i-imagen-4",
        "image",
        (
            Parameter("prompt", required=True, longest=1200),
            Parameter("ratio", choices=("9:16", "16:9", "1:1", "4:3", "3:4")),
            Parameter("counts", choices=("1", "2", "3", "4")),
        ),
    ),
    Endpoint(
        "soul_character",
        "soul_character",
        "/generation/soul/t2i-soul-character",
        "image",
        (
            Parameter("prompt", required=True, longest=2000),
            Parameter("ratio", choices=("2:3", "1:1", "3:2", "9:16", "16:9")),
        ),
    ),
    Endpoint(
        "Nano Banana",
        "nano_banana",
        "/generation/banana/i2i-banana",
        "image",
        (
            Parameter("prompt", required=True, longest=1200),
            Parameter("images", required=True, most=9),
            Parameter("ratio", choices=("9:16", "16:9", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9")),
        ),
    ),
    Endpoint(
        "Seedream 4.0",
        "seedream_4_0",
        "/generation/seedream/i2i-seedream-v4-0",
        "image",
        (
            Parameter("prompt", required=True, longest=800),
            Parameter("images", required=True, most=9),
            Parameter("ratio", choices=("9:16", "16:9", "1:1", "4:3", "3:4", "3:2", "2:3")),
        ),
    ),
    Endpoint(
        "Nano Banana Pro",
        "nano_banana_pro",
        "/generation/banana/i2i-banana-2",
        "image",
        (
            Parameter("prompt", required=True, longest=1200),
            Parameter("images", required=True, most=9),
            Parameter("ratio", choices=("9:16", "16:9", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9")),
            Parameter("resolution", choices=("1K", "2K", "4K")),
        ),
    ),
    Endpoint(
        "Wan 2.6",
        "wan_2_6",
        "/generation/wan/i2v-wan-v2-6",
        "video",
        (
            Parameter("prompt", required=True, longest=1500),
            Parameter("image", required=True),
            Parameter("resolution", choices=("720P", "1080P")),
            Parameter("duration", choices=("5s", "10s", "15s")),
            Parameter("shot_type", choices=("Multi", "Single")),
            Parameter("generate_audio", choices=("True", "False")),
        ),
    ),
    Endpoint(
        "Wan 2.2",
        "wan_2_2",
        "/generation/wan/i2v-wan-v2-2",
        "video",
        (
            Parameter("prompt", required=True, longest=800),
            Parameter("image", required=True),
            Parameter("resolution", choices=("1080P",)),
            Parameter("duration", choices=("5s",)),
        ),
    ),
    Endpoint(
        "Hailuo 02",
        "hailuo_02",
        "/generation/minimax/i2v-minimax-02",
        "video",
        (
            Parameter("prompt", required=True, longest=2000),
            Parameter("image", required=True),
            Parameter("duration", choices=("6s",)),
            Parameter("resolution", choices=("768P", "1080P")),
        ),
    ),
    Endpoint(
        "Kling 2.1",
        "kling_2_1",
        "/generation/kling/i2v-kling-v2-1",
        "video",
        (
            Parameter("prompt", required=True, longest=2000),
            Parameter("image", required=True),
            Parameter("duration", choices=("5s", "10s")),
            Parameter("resolution", choices=("720P", "1080P")),
        ),
    ),
    Endpoint(
        "Vidu Q3",
        "vidu_q3",
        "/generation/vidu/i2v-vidu-q3",
        "video",
        (
            Parameter("prompt", required=True, longest=2000),
            Parameter("image", required=True),
            Parameter("resolution", choices=("540P", "720P", "1080P")),
            Parameter("duration", choices=("4s", "8s", "12s", "16s")),
            Parameter("generate_audio", choices=("True", "False")),
        ),
    ),
    Endpoint(
        "Kling 2.5 Turbo",
        "kling_2_5_turbo",
        "/generation/kling/i2v-kling-v2-5-turbo",
        "video",
        (
            Parameter("prompt", required=True, longest=2500),
            Parameter("image", required=True),
            Parameter("duration", choices=("5s", "10s")),
            Parameter("resolution", choices=("720P", "1080P")),
        ),
    ),
    Endpoint(
        "Google Veo 3.1",
        "google_veo_3_1",
        "/generation/veo/i2v-veo-v3-1",
        "video",
        (
            Parameter("prompt", required=True, longest=1000),
            Parameter("image", required=True),
            Parameter("aspect_ratio", choices=("9:16", "16:9")),
            Parameter("resolution", choices=("720P", "1080P")),
            Parameter("duration", choices=("4s", "6s", "8s")),
            Parameter("generate_audio", choices=("True", "False")),
        ),
    ),
    Endpoint(
        "Kling 3.0",
        "kling_3_0",
        "/generation/kling/i2v-kling-v3-0",
        "video",
        (
            Parameter("prompt", required=True, longest=2500),
            Parameter("image", required=True),
            Parameter("resolution", choices=("720P", "1080P")),
            Parameter("duration", choices=("5s", "8s", "10s", "15s")),
            Parameter("multi_shots", choices=("True", "False")),
            Parameter("generate_audio", choices=("True", "False")),
        ),
    ),
    Endpoint(
        "Hailuo 2.3",
        "hailuo_2_3",
        "/generation/minimax/i2v-minimax-v2-3",
        "video",
        (
            Parameter("prompt", required=True, longest=2000),
            Parameter("image", required=True),
            Parameter("resolution", choices=("768P", "1080P")),
            Parameter("duration", choices=("6s", "10s")),
        ),
    ),
    Endpoint(
        "Vidu Q2",
        "vidu_q2",
        "/generation/vidu/i2v-vidu-q2",
        "video",
        (
            Parameter("prompt", required=True, longest=2000),
            Parameter("image", required=True),
            Parameter("duration", choices=("4s", "6s", "8s")),
            Parameter("resolution", choices=("720P", "1080P")),
        ),
    ),
    Endpoint(
        "Wan 2.5",
        "wan_2_5",
        "/generation/wan/i2v-wan-v2-5",
        "video",
        (
            Parameter("prompt", required=True, longest=800),
            Parameter("image", required=True),
            Parameter("resolution", choices=("480P", "720P", "1080P")),
            Parameter("duration", choices=("5s", "10s")),
        ),
    ),
    Endpoint(
        "Kling 2.6",
        "kling_2_6",
        "/generation/kling/i2v-kling-v2-6",
        "video",
        (
            Parameter("prompt", required=True, longest=2500),
            Parameter("image", required=True),
            Parameter("duration", choices=("5s", "10s")),
            Parameter("generate_audio", choices=("True", "False")),
        ),
    ),
    Endpoint(
        "Motion Control Kling 2.6",
        "motion_control_kling_2_6",
        "/generation/kling/i2v-motion-control-kling-v2-6",
        "video",
        (
            Parameter("video", required=True),
            Parameter("image", required=True),
            Parameter("prompt", longest=2500),
        ),
    ),
    Endpoint(
        "Google Veo 3.1 Fast",
        "google_veo_3_1_fast",
        "/generation/veo/i2v-veo-v3-1-fast",
        "video",
        (
            Parameter("prompt", required=True, longest=1000),
            Parameter("image", required=True),
            Parameter("aspect_ratio", choices=("9:16", "16:9")),
            Parameter("resolution", choices=("720P", "1080P")),
            Parameter("duration", choices=("4s", "6s", "8s")),
            Parameter("generate_audio", choices=("True", "False")),
        ),
    ),
    Endpoint(
        "Wan 2.6 (Text To Video)",
        "wan_2_6_text_to_video",
        "/generation/wan/t2v-wan-v2-6",
        "video",
        (
            Parameter("prompt", required=True, longest=1500),
            Parameter("size", choices=("9:16", "16:9", "1:1", "4:3", "3:4")),
            Parameter("duration", choices=("5s", "10s", "15s")),
            Parameter("shot_type", choices=("Multi", "Single")),
            Parameter("generate_audio", choices=("True", "False")),
        ),
    ),
    Endpoint(
        "Vidu Q3 (Text To Video)",
        "vidu_q3_text_to_video",
        "/generation/vidu/t2v-vidu-q3",
        "video",
        (
            Parameter("prompt", required=True, longest=2000),
            Parameter("ratio", choices=("9:16", "16:9", "1:1", "4:3", "3:4")),
            Parameter("resolution", choices=("540P", "720P", "1080P")),
            Parameter("duration", choices=("4s", "8s", "12s", "16s")),
            Parameter("generate_audio", choices=("True", "False")),
        ),
    ),
    Endpoint(
        "Wan 2.5 (Text To Video)",
        "wan_2_5_text_to_video",
        "/generation/wan/t2v-wan-v2-5",
        "video",
        (
            Parameter("prompt", required=True, longest=800),
            Parameter("ratio", choices=("16:9", "9:16", "1:1", "4:3", "3:4")),
            Parameter("duration", choices=("5s", "10s")),
        ),
    ),
)

ENDPOINTS: Final[Mapping[str, Endpoint]] = MappingProxyType({one.method: one for one in _ALL})
"""Every endpoint by the name of its method."""
