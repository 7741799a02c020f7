"""Payloads of requests: checked before anything is sent.

Source: the vendor's guide and docs.gmicloud.ai; facts are cited by id. None in a payload is omitted.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from soundstage._protocol import inputs
from soundstage._protocol.responses import as_object
from soundstage._values import validation
from soundstage._values.messages import omit_none
from soundstage.vendors.gmicloud.profile import IMAGE_CFG_SCALE, MAX_IMAGE_BYTES, TEXT_CFG_SCALE

if TYPE_CHECKING:
    from soundstage._protocol.inputs import ImageInput
    from soundstage._values.messages import Flow

Body: TypeAlias = dict[str, Any]

_DATA = "data:image/"


def payload(value: object) -> Body:
    """Return the caller's own payload, checked to be a JSON object that is not empty (client.validation)."""
    allowed = "a mapping of at least one name to a JSON value"
    body = as_object(value)
    if not body or not all(isinstance(name, str) for name in cast("dict[object, Any]", body)):
        validation.invalid("payload", value, allowed)
    try:
        json.dumps(body, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        validation.invalid("payload", body, allowed)
    return dict(body)


def video_from_text(
    prompt: str, video_length: int | None, negative_prompt: str | None, cfg_scale: float | None, seed: int | None
) -> Body:
    """Return the payload of a video from a text, as the Wan models take it (requests.payload)."""
    return omit_none(
        {
            "prompt": validation.text("prompt", prompt),
            "video_length": _optional_seconds("video_length", video_length),
            "negative_prompt": validation.optional_text("negative_prompt", negative_prompt),
            "cfg_scale": _cfg_scale(cfg_scale, TEXT_CFG_SCALE),
            "seed": _optional_seed(seed),
        }
    )


def video_from_image(  # noqa: PLR0917 - the arguments of a method, in their order
    prompt: str,
    image: ImageInput,
    duration: int | None,
    cfg_scale: float | None,
    negative_prompt: str | None,
    seed: int | None,
) -> Flow[Body]:
    """Return the payload of a video from an image, as the models take it (requests.payload, inputs.image)."""
    body = omit_none(
        {
            "prompt": validation.text("prompt", prompt),
            "duration": _optional_seconds("duration", duration),
            "cfg_scale": _cfg_scale(cfg_scale, IMAGE_CFG_SCALE),
            "negative_prompt": validation.optional_text("negative_prompt", negative_prompt),
            "seed": _optional_seed(seed),
        }
    )
    return {"image": (yield from _image(image)), **body}


def _image(value: ImageInput) -> Flow[str]:
    """Return the address of an image; a path or bytes become a data address."""
    if isinstance(value, str) and value.startswith(_DATA):
        return value
    found = yield from inputs.load_image("image", value, most=MAX_IMAGE_BYTES)
    if isinstance(found, str):
        return found
    return f"data:{inputs.image_media_type(found)};base64,{inputs.base64_text(found)}"


def _optional_seconds(field: str, value: int | None) -> int | None:
    return None if value is None else validation.whole_number(field, value, least=1)


def _optional_seed(value: int | None) -> int | None:
    return None if value is None else validation.whole_number("seed", value, least=0)


def _cfg_scale(value: float | None, bounds: tuple[int, int]) -> float | None:
    least, most = bounds
    return None if value is None else validation.number("cfg_scale", value, least=least, most=most)
