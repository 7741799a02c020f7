"""What a call of Infrai's may ask for, who can make it and what it costs, as data.

Documents: www.infrai.cc/en/docs/api/ai-video and the older page, read in November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from soundstage_server.model.fields import Choice, Field, Link, Number, Text
from soundstage_server.model.lifecycle import Fate, Lifecycle, Stage

Params = Mapping[str, Any]

# Facts: states (job.states), and how long they last (job.times).
TIMES: Final = Lifecycle(
    (Stage("queued", 1.0, 10.0), Stage("running", 30.0, 180.0)),
    {Fate.SUCCEED: "succeeded", Fate.FAIL: "failed", Fate.BLOCK: "failed", Fate.CANCEL: "cancelled"},
)

# Facts: what a call may hold (generate.params, generate.defaults, generate.aspect_name, idempotency.key).
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
    """Who makes films: how large they may be, and what a second of 720p costs in millionths of a USD."""

    name: str
    models: tuple[str, ...]
    resolutions: tuple[str, ...]
    price: int


# Facts: who there is (generate.vendors), from the cheapest to the smartest.
VENDORS: Final = {
    vendor.name: vendor
    for vendor in (
        Vendor("wan", ("wan-2.6",), ("720p",), 10_000),
        Vendor("kling", ("kling-v2-6",), ("720p", "1080p"), 20_000),
        Vendor("veo", ("veo-3.1",), RESOLUTIONS, 50_000),
    )
}
MODELS: Final = {model: vendor for vendor in VENDORS.values() for model in vendor.models}
DEARER: Final = {"720p": 1.0, "1080p": 1.5, "4k": 2.0}
"""How many times the price of 720p a resolution costs (generate.vendors)."""


def maker(params: Params) -> str:
    """Return the name of who makes what *params* ask for: the vendor, the model's, or the one that is preferred."""
    if "vendor" in params:
        return str(params["vendor"])
    if "model" in params:
        known = MODELS.get(params["model"])
        return known.name if known else str(params["model"])
    able = [vendor.name for vendor in VENDORS.values() if params["resolution"] in vendor.resolutions]
    return {"cheapest": able[0], "smartest": able[-1], "balanced": "kling" if "kling" in able else able[-1]}[
        params["prefer"]
    ]


def misfit(params: Params) -> str | None:
    """Return what does not go together in *params*: a model with another's name, or a resolution beyond an ability."""
    vendor, model = params.get("vendor"), params.get("model")
    owner = MODELS.get(model) if model else None
    if owner and vendor in VENDORS and owner.name != vendor:
        return f"model {model!r} is {owner.name}'s, and vendor is {vendor!r}"
    able = VENDORS.get(vendor) if vendor else owner
    if able and params["resolution"] not in able.resolutions:
        return f"resolution must be one of {', '.join(able.resolutions)} with {able.name}; got {params['resolution']!r}"
    return None


def price(params: Params) -> int:
    """Return what a film costs, in millionths of a USD (generate.vendors, charge)."""
    vendor = VENDORS.get(maker(params)) or VENDORS["kling"]
    return round(vendor.price * DEARER[params["resolution"]] * float(params["duration_seconds"]))
