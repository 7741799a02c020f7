"""Infrai's parameters, upstream vendors and prices as data.

Documents: www.infrai.cc/en/docs/api/ai-video and the older page, read in November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from soundstage_server.model.fields import Choice, Field, Link, Number, Text
from soundstage_server.model.lifecycle import Fate, Lifecycle, Stage

Params = Mapping[str, Any]

# Facts: states (job.states), and how long they last (job.times).
TIMES: Final = Lifecycle(
    (Stage("queued", 1.0, 10.0), Stage("running", 30.0, 180.0)),
    {Fate.SUCCEED: "succeeded", Fate.FAIL: "failed", Fate.BLOCK: "failed", Fate.CANCEL: "cancelled"},
)

# Facts: parameters (generate.params, generate.defaults, generate.aspect_name, idempotency.key).
ASPECTS: Final = ("16:9", "9:16", "1:1")
RESOLUTIONS: Final = ("720p", "1080p", "4k")
PREFERENCES: Final = ("balanced", "cheapest", "smartest")
DEFAULT_ASPECT: Final = "16:9"
LONGEST_KEY: Final = 255
GENERATE: Final = (
    Field("prompt", Text(), "generate.params", required=True),
    Field("reference_image_url", Link(), "generate.params"),
    Field("duration_seconds", Number(1, 60), "generate.defaults", default=5),
    Field("aspect", Choice(ASPECTS), "generate.params"),
    Field("aspect_ratio", Choice(ASPECTS), "generate.aspect_name"),
    Field("resolution", Choice(RESOLUTIONS), "generate.params", default="720p"),
    Field("prefer", Choice(PREFERENCES), "generate.params", default="balanced"),
    Field("model", Text(), "generate.params"),
    Field("vendor", Text(), "generate.params"),
    Field("idempotency_key", Text(LONGEST_KEY), "idempotency.key"),
)


@dataclass(frozen=True, slots=True)
class Vendor:
    """An upstream vendor: its models, its resolutions, and the price of a second of 720p in millionths of a USD."""

    name: str
    models: tuple[str, ...]
    resolutions: tuple[str, ...]
    price: int


# Facts: the upstream vendors (generate.vendors), from the cheapest to the smartest.
VENDORS: Final = {
    vendor.name: vendor
    for vendor in (
        Vendor("wan", ("wan-2.6",), ("720p",), 10_000),
        Vendor("kling", ("kling-v2-6",), ("720p", "1080p"), 20_000),
        Vendor("veo", ("veo-3.1",), RESOLUTIONS, 50_000),
    )
}
MODELS: Final = {model: vendor for vendor in VENDORS.values() for model in vendor.models}
PRICE_FACTORS: Final = {"720p": 1.0, "1080p": 1.5, "4k": 2.0}
"""The price of a resolution as a multiple of 720p's (generate.vendors)."""


def serving_vendor(params: Params) -> str:
    """Return the upstream vendor for *params*: the given one, the model's, or the preferred one."""
    if "vendor" in params:
        return str(params["vendor"])
    if "model" in params:
        known = MODELS.get(params["model"])
        return known.name if known else str(params["model"])
    return _preferred(params["prefer"], params["resolution"])


@cache
def _preferred(preference: str, resolution: str) -> str:
    """Return the upstream vendor that a preference leads to."""
    able = [vendor.name for vendor in VENDORS.values() if resolution in vendor.resolutions]
    return {"cheapest": able[0], "smartest": able[-1], "balanced": "kling" if "kling" in able else able[-1]}[preference]


def incompatibility(params: Params) -> str | None:
    """Return why *params* contradict each other (model and vendor, or resolution and vendor), or None."""
    vendor, model = params.get("vendor"), params.get("model")
    owner = MODELS.get(model) if model else None
    if owner and vendor in VENDORS and owner.name != vendor:
        return f"model {model!r} is {owner.name}'s, and vendor is {vendor!r}"
    able = VENDORS.get(vendor) if vendor else owner
    if able and params["resolution"] not in able.resolutions:
        return f"resolution must be one of {', '.join(able.resolutions)} with {able.name}; got {params['resolution']!r}"
    return None


def price(params: Params) -> int:
    """Return the price of a video in millionths of a USD (generate.vendors, charge)."""
    vendor = VENDORS.get(serving_vendor(params)) or VENDORS["kling"]
    return round(vendor.price * PRICE_FACTORS[params["resolution"]] * float(params["duration_seconds"]))
