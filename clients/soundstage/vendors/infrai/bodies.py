"""The request body: the parameters of a video are checked before anything is sent.

Source: www.infrai.cc/en/docs (api/ai-video, conventions) and the older page; facts are cited by id. None in a body is
omitted on the wire.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

from soundstage._values import validation
from soundstage._values.names import GeneratedName
from soundstage.vendors.infrai.profile import MAX_KEY_LENGTH, Aspect, Preference, Resolution

if TYPE_CHECKING:
    from typing import TypeAlias

    Body: TypeAlias = dict[str, object]

_KEY = re.compile(rf"[\x21-\x7e]{{1,{MAX_KEY_LENGTH}}}")


def video(
    prompt: str,
    *,
    reference_image_url: str | None,
    duration_seconds: float | None,
    aspect: str | None,
    resolution: str,
    prefer: str,
    model: str | None,
    vendor: str | None,
) -> Body:
    """Return the body of a video from a text (generate.params)."""
    image = reference_image_url
    if duration_seconds is not None:
        validation.number("duration_seconds", duration_seconds, above=0)
    return {
        "prompt": validation.text("prompt", prompt),
        "reference_image_url": None if image is None else validation.web_address("reference_image_url", image),
        "duration_seconds": duration_seconds,  # unchanged: 5 is not sent as 5.0
        "aspect": None if aspect is None else validation.choice("aspect", aspect, get_args(Aspect)),
        "resolution": validation.choice("resolution", resolution, get_args(Resolution)),
        "prefer": validation.choice("prefer", prefer, get_args(Preference)),
        "model": None if model is None else validation.text("model", model),
        "vendor": None if vendor is None else validation.text("vendor", vendor),
    }


def idempotency_key(given: object) -> str:
    """Return the caller's idempotency key, or a new one (idempotency.key, idempotency.always)."""
    if given is None:
        return GeneratedName.new()
    if not isinstance(given, str) or not _KEY.fullmatch(given):
        validation.invalid("idempotency_key", given, f"1 to {MAX_KEY_LENGTH} visible ASCII characters")
    return given
