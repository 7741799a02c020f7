"""GMI Cloud's models as data: parameters, descriptions, prices and durations.

Documents: the vendor's package gmicloud 0.1.10 and its guide, and docs.gmicloud.ai, read in November 2026. A payload is
validated against the parameters that its model declares, so both come from the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from soundstage_server.model.fields import Field, Integer, Number, Rule, Text
from soundstage_server.model.lifecycle import Fate, Lifecycle, Stage
from soundstage_server.vendors.gmicloud.payloads import ImagePayload

# Facts: states (status.values), and how long they last (times.generation).
CREATED: Final = "created"
QUEUED: Final = "queued"
ENDS: Final = {Fate.SUCCEED: "success", Fate.FAIL: "failed", Fate.CANCEL: "cancelled"}
TIMES: Final = Lifecycle(
    (
        Stage(CREATED, 0.5, 1.0),
        Stage(QUEUED, 1.0, 9.0),
        Stage("dispatched", 0.5, 3.0),
        Stage("processing", 38.0, 227.0),
    ),
    ENDS,
)

# Facts: payloads (requests.payload, requests.ranges), prices (price.integer, price.unit).
SECONDS: Final = Integer(1, 10)
USUAL_SECONDS: Final = 5
LARGEST_SEED: Final = 2_147_483_647
PRICING: Final = "per_second"
UNIT: Final = "cent"
CENT: Final = 10_000
"""A US cent in the ledger's smallest parts."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a model: its rule, and its description (models.parameter)."""

    field: Field
    name: str
    category: str = "basic"
    step: float = 0


def _payload(name: str, rule: Rule, *, required: bool = False, default: Any = None) -> Field:
    return Field(name, rule, "requests.payload", required=required, default=default)


def _ranged(name: str, rule: Rule, default: Any = None) -> Field:
    return Field(name, rule, "requests.ranges", default=default)


PROMPT: Final = Parameter(_payload("prompt", Text(), required=True), "Prompt")
IMAGE: Final = Parameter(Field("image", ImagePayload(), "inputs.image", required=True), "Image")
NEGATIVE: Final = Parameter(_payload("negative_prompt", Text(empty=True)), "Negative prompt", "advanced")
LENGTH: Final = Parameter(_ranged("video_length", SECONDS, USUAL_SECONDS), "Video length in seconds", step=1)
DURATION: Final = Parameter(_ranged("duration", SECONDS, USUAL_SECONDS), "Duration in seconds", step=1)
STRONG: Final = Parameter(_payload("cfg_scale", Number(0, 20), default=7.5), "Guidance", "advanced", 0.1)
GENTLE: Final = Parameter(_payload("cfg_scale", Number(0, 1), default=0.5), "Guidance", "advanced", 0.01)
SEED: Final = Parameter(_ranged("seed", Integer(0, LARGEST_SEED)), "Seed", "advanced", 1)


@dataclass(frozen=True, slots=True)
class Model:
    """One model of the queue.

    Attributes:
        name: Its id, which requests name; case counts.
        kind: ``text-to-video`` or ``image-to-video``.
        about: What it does, in a sentence.
        cents: The price of a second in whole US cents (price.integer).
        lines: The short side of its videos, in pixels.
        parameters: The parameters of its payloads.
        tags: Its search tags.
    """

    name: str
    kind: str
    about: str
    cents: int
    lines: int
    parameters: tuple[Parameter, ...]
    tags: tuple[str, ...]


SINCE: Final = 1_753_427_199  # unix seconds, as the reference's sample has them (times.seconds)
_WAN: Final = (PROMPT, LENGTH, NEGATIVE, STRONG, SEED)
_IMAGE: Final = (IMAGE, PROMPT, DURATION, GENTLE, NEGATIVE, SEED)

MODELS: Final = {
    model.name: model
    for model in (
        Model("Wan-AI_Wan2.1-T2V-14B", "text-to-video", "Makes a video from a text.", 8, 720, _WAN, ("video", "wan")),
        Model("Image-to-Video-Model", "image-to-video", "Sets an image in motion.", 9, 720, _IMAGE, ("video",)),
        Model("Wan-AI_Wan2.1-T2V-1.3B", "text-to-video", "Makes a small video.", 3, 480, _WAN, ("video", "wan")),
        Model(
            "Wan-AI_Wan2.1-I2V-14B-720P", "image-to-video", "Sets an image in motion.", 10, 720, _IMAGE,
            ("video", "wan"),
        ),
    )
}  # fmt: skip
"""Every model by its id (models.known, models.more)."""


def fields_of(model: Model) -> tuple[Field, ...]:
    """Return the fields of payloads for *model*."""
    return tuple(parameter.field for parameter in model.parameters)


def detail_of(model: Model) -> dict[str, Any]:
    """Return the description of *model* on both faces (models.detail)."""
    return {
        "model": model.name,
        "brief_description": model.about,
        "detailed_description": f"{model.about} Simulated: its videos show the request.",
        "model_type": model.kind,
        "parameters": [declared(parameter) for parameter in model.parameters],
        "internal_parameters": {},
        "price_info": {"price": model.cents, "pricing_type": PRICING, "unit": UNIT},
        "host_type": "internal",
        "tags": list(model.tags),
        "modalities": {"input": [model.kind.removesuffix("-to-video")], "output": ["video"]},
        "qworkers": 1,
        "created_at": SINCE,
        "updated_at": SINCE,
        "org_id": "",
        "icon_link": "",
        "background_image_url": "",
        "external_api_endpoint": "",
        "external_api_url": "",
        "external_provider": "",
    }


def declared(parameter: Parameter) -> dict[str, Any]:
    """Return *parameter* as its model declares it; the package calls ``name`` ``key`` (models.parameter)."""
    field, rule = parameter.field, parameter.field.rule
    return {
        "key": field.name,
        "name": field.name,
        "display_name": parameter.name,
        "description": f"{parameter.name}: {rule.allowed}",
        "category": parameter.category,
        "type": "numeric" if isinstance(rule, Integer | Number) else "text",
        "required": field.required,
        "min": rule.least if isinstance(rule, Integer | Number) else 0,
        "max": rule.most if isinstance(rule, Integer | Number) else 0,
        "step": parameter.step,
        "value": "" if field.default is None else field.default,
    }
