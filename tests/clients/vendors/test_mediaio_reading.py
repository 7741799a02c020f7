"""Media.io's endpoints against a second reading of the vendor's table of endpoints.

The client's table, methods and types are generated from the table that the contracts read, so a slip in that table
would be a slip on both sides. `READING` was written apart from it, from an overview of the documented endpoints and
parameters. The overview abbreviates in places (a count of values in place of the values, no default); there the
reading states only what the overview states.
"""

from __future__ import annotations

import inspect
import re

import pytest

from soundstage import MediaIO
from soundstage.vendors.mediaio import ENDPOINTS

IMAGE = {"image": "*", "prompt": "*"}
NANO_BANANA = {
    "images": "* <=9",
    "prompt": "* <=1200",
    "ratio": "9:16,16:9,1:1,4:3,3:4,3:2,2:3,21:9 [16:9]",
}
VEO = {
    **IMAGE,
    "prompt": "* <=1000",
    "aspect_ratio": "9:16,16:9 [9:16]",
    "resolution": "[720P]",
    "duration": "4s,6s,8s [4s]",
    "generate_audio": "",
}
READING: dict[str, tuple[str, dict[str, str]]] = {
    "Nano Banana": ("banana/i2i-banana", NANO_BANANA),
    "Seedream 4.0": (
        "seedream/i2i-seedream-v4-0",
        {"images": "* <=9", "prompt": "* <=800", "ratio": "7 values [9:16]"},
    ),
    "Nano Banana Pro": ("banana/i2i-banana-2", {**NANO_BANANA, "resolution": "1K,2K,4K [1K]"}),
    "Wan 2.6": (
        "wan/i2v-wan-v2-6",
        {
            **IMAGE,
            "prompt": "* <=1500",
            "resolution": "720P,1080P [720P]",
            "duration": "5s,10s,15s",
            "shot_type": "Multi,Single [Multi]",
            "generate_audio": "True,False [True]",
        },
    ),
    "Wan 2.2": ("wan/i2v-wan-v2-2", {**IMAGE, "prompt": "* <=800", "resolution": "1080P", "duration": "5s"}),
    "Hailuo 02": (
        "minimax/i2v-minimax-02",
        {**IMAGE, "prompt": "* <=2000", "duration": "6s", "resolution": "768P,1080P"},
    ),
    "Kling 2.1": (
        "kling/i2v-kling-v2-1",
        {**IMAGE, "prompt": "* <=2000", "duration": "5s,10s", "resolution": "720P,1080P [720P]"},
    ),
    "Vidu Q3": (
        "vidu/i2v-vidu-q3",
        {
            **IMAGE,
            "prompt": "* <=2000",
            "resolution": "540P,720P,1080P [720P]",
            "duration": "4s,8s,12s,16s [4s]",
            "generate_audio": "",
        },
    ),
    "Kling 2.5 Turbo": (
        "kling/i2v-kling-v2-5-turbo",
        {**IMAGE, "prompt": "* <=2500", "duration": "5s,10s", "resolution": "[1080P]"},
    ),
    "Google Veo 3.1": ("veo/i2v-veo-v3-1", VEO),
    "Kling 3.0": (
        "kling/i2v-kling-v3-0",
        {
            **IMAGE,
            "prompt": "* <=2500",
            "resolution": "[1080P]",
            "duration": "5s,8s,10s,15s",
            "multi_shots": "[True]",
            "generate_audio": "[True]",
        },
    ),
    "Hailuo 2.3": (
        "minimax/i2v-minimax-v2-3",
        {**IMAGE, "prompt": "* <=2000", "resolution": "768P,1080P", "duration": "6s,10s"},
    ),
    "Vidu Q2": (
        "vidu/i2v-vidu-q2",
        {**IMAGE, "prompt": "* <=2000", "duration": "4s,6s,8s", "resolution": "720P,1080P"},
    ),
    "Wan 2.5": (
        "wan/i2v-wan-v2-5",
        {**IMAGE, "prompt": "* <=800", "resolution": "480P,720P,1080P [480P]", "duration": "5s,10s"},
    ),
    "Kling 2.6": (
        "kling/i2v-kling-v2-6",
        {**IMAGE, "prompt": "* <=2500", "duration": "5s,10s", "generate_audio": ""},
    ),
    "Motion Control Kling 2.6": (
        "kling/i2v-motion-control-kling-v2-6",
        {"video": "*", "image": "*", "prompt": "<=2500"},
    ),
    "Imagen 4": (
        "imagen/t2i-imagen-4",
        {"prompt": "* <=1200", "ratio": "9:16,16:9,1:1,4:3,3:4 [9:16]", "counts": "1,2,3,4 [1]"},
    ),
    "soul_character": (
        "soul/t2i-soul-character",
        {"prompt": "* <=2000", "ratio": "2:3,1:1,3:2,9:16,16:9 [16:9]"},
    ),
    "Wan 2.6 (Text To Video)": (
        "wan/t2v-wan-v2-6",
        {
            "prompt": "* <=1500",
            "size": "9:16,16:9,1:1,4:3,3:4 [16:9]",
            "duration": "5s,10s,15s",
            "shot_type": "",
            "generate_audio": "",
        },
    ),
    "Vidu Q3 (Text To Video)": (
        "vidu/t2v-vidu-q3",
        {
            "prompt": "* <=2000",
            "ratio": "5 values [16:9]",
            "resolution": "",
            "duration": "[8s]",
            "generate_audio": "",
        },
    ),
    "Wan 2.5 (Text To Video)": (
        "wan/t2v-wan-v2-5",
        {"prompt": "* <=800", "ratio": "5 values [16:9]", "duration": "5s,10s"},
    ),
    "Google Veo 3.1 Fast": ("veo/i2v-veo-v3-1-fast", VEO),
}
"""Each endpoint by its exact name: path and parameters.

A cell has `*` where the parameter is required, `<=` and the longest text or list, the values, and the default in
brackets.
"""
CLIENT = {endpoint.name: endpoint for endpoint in ENDPOINTS.values()}
CELLS = [(name, parameter, cell) for name, (_, cells) in READING.items() for parameter, cell in cells.items()]


def test_both_readings_have_the_same_endpoints() -> None:
    """Both readings name the same 22 endpoints, each at the same path with the same parameters."""
    found = {
        endpoint.name: (endpoint.path, {parameter.name for parameter in endpoint.parameters})
        for endpoint in CLIENT.values()
    }
    assert found == {name: (f"/generation/{path}", set(cells)) for name, (path, cells) in READING.items()}


@pytest.mark.parametrize(("name", "parameter", "cell"), CELLS)
def test_both_readings_agree_on_a_parameter(name: str, parameter: str, cell: str) -> None:
    """Requirement, bounds, values and default of a parameter are the same in both readings."""
    endpoint = CLIENT[name]
    (found,) = (one for one in endpoint.parameters if one.name == parameter)
    assert found.required == ("*" in cell)
    if bound := re.search(r"<=(\d+)", cell):
        assert int(bound[1]) in {found.longest, found.most}
    if count := re.search(r"(\d+) values", cell):
        assert len(found.choices) == int(count[1])
    elif values := re.fullmatch(r"([^*<\[ ]+)(?: \[.*\])?", cell):
        assert set(found.choices) == set(values[1].split(","))
    if default := re.search(r"\[(.+)\]", cell):
        signature = inspect.signature(getattr(MediaIO, endpoint.method))
        assert str(signature.parameters[parameter].default) == default[1]
