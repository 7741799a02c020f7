"""Veo's models as data, and the validation of create calls: both forms of an image, both places of two parameters.

Documents: ai.google.dev/gemini-api/docs/video, google-genai 2.34.0 and litellm 1.109.1, read and run in November 2026.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from soundstage_server.model.fields import Choice, Field, FieldError, Group, Integer, ListOf, Text, check
from soundstage_server.model.lifecycle import Fate, Lifecycle, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

IMAGE_BYTES: Final = 20_000_000  # create.image_size, create.image_checked
PROMPT_WORDS: Final = 1024  # create.prompt, create.prompt_words
REFERENCES: Final = 3  # create.references
FULL: Final = 8  # create.parameters: the seconds that large videos, references and extensions require
LARGE: Final = ("1080p", "4k")
INPUTS: Final = frozenset({"image", "lastFrame", "referenceImages", "video"})
"""The members of instances[0], or of parameters, that are images or a video."""
NEWEST_ONLY: Final = {"referenceImages": "create.references", "video": "create.extension"}  # Veo 3.1, by their facts
SIGNATURES: Final = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}  # create.image_checked
FILE: Final = re.compile(r"(?:.*/)?files/([a-z0-9]+):download\?alt=media")  # create.extension_file

_IMAGE: Final = "an image, {bytesBase64Encoded, mimeType} or {inlineData: {mimeType, data}}"


@dataclass(frozen=True, slots=True)
class Model:
    """One model.

    Attributes:
        name: Its name in the URL.
        price: Millionths of a dollar for a second (charge.prices).
        price_4k: The same for a video in 4k.
        oldest: Whether it is Veo 2.
        newest: Whether it is Veo 3.1.
    """

    name: str
    price: int
    price_4k: int
    oldest: bool = False
    newest: bool = False


# Facts: the models (models.known), and their prices (charge.prices).
MODELS: Final = {
    model.name: model
    for model in (
        Model("veo-3.0-generate-preview", 400_000, 600_000),
        Model("veo-3.0-generate-001", 400_000, 600_000),
        Model("veo-3.0-fast-generate-001", 150_000, 350_000),
        Model("veo-3.1-generate-preview", 400_000, 600_000, newest=True),
        Model("veo-3.1-fast-generate-preview", 150_000, 350_000, newest=True),
        Model("veo-2.0-generate-001", 350_000, 350_000, oldest=True),
    )
}


# Facts: states (poll.route), and how long they last (generation.times).
TIMES: Final = Lifecycle(
    (Stage("running", 11.0, 360.0),),  # generation.times
    {Fate.SUCCEED: "done", Fate.FAIL: "error", Fate.BLOCK: "filtered"},
)

PARAMETERS: Final = (
    Field("aspectRatio", Choice(("16:9", "9:16")), "create.parameters", default="16:9"),
    Field("resolution", Choice(("720p", *LARGE)), "create.parameters", default="720p"),
    Field("negativePrompt", Text(empty=True), "create.parameters"),
    Field("personGeneration", Choice(("allow_all", "allow_adult", "dont_allow")), "create.parameters"),
    Field("seed", Integer(0, 0xFFFF_FFFF), "create.seed_range"),
)
"""The parameters that are the same for every model."""

BODY: Final = (
    Field(
        "instances",
        ListOf(Group((Field("prompt", Text(empty=True), "create.route"),)), 1, 1),
        "create.one_instance",
        required=True,
    ),
    Field("parameters", Group(PARAMETERS), "create.route"),
)
"""The body of a create call (create.route)."""

FACTS: Final = (
    "create.route", "create.parameters", "create.person_generation", "create.seed_range", "create.prompt",
    "create.prompt_words", "create.image", "create.image_size", "create.image_checked", "create.last_frame",
    "create.references", "create.extension", "create.extension_file", "create.one_instance",
)  # fmt: skip
"""The facts that a refused create call can cite."""


def parse_parameters(model: Model, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters in a validated *body*, with defaults; images are replaced by their digests.

    Raises:
        FieldError: A parameter breaks its rule or contradicts another.
    """
    instance, given = body["instances"][0], body.get("parameters", {})
    copies = "sampleCount" if given.get("sampleCount") is not None else "numberOfVideos"
    params = check(_parameters(model.oldest, copies), given)
    params["sampleCount"] = params.pop(copies)
    params["durationSeconds"] = int(params["durationSeconds"])
    params |= _prompt(instance)
    has_inputs = not (INPUTS.isdisjoint(instance) and INPUTS.isdisjoint(given))
    if has_inputs:
        params |= _inputs(instance, given)
    # Most calls are a prompt alone, with nothing that could contradict it.
    if has_inputs or params["resolution"] in LARGE:
        _check_together(model, params)
    _check_people(model, params)
    return params


@cache
def _parameters(oldest: bool, copies: str) -> tuple[Field, ...]:  # noqa: FBT001 - the key of a cache
    """Return the parameters of a version; *copies* is the name of the number of videos."""
    seconds = (5 if oldest else 4, 6, FULL)
    return (
        *PARAMETERS,
        Field("durationSeconds", Choice((*seconds, *map(str, seconds))), "create.parameters", default=FULL),
        Field(copies, Integer(1, 2 if oldest else 1), "create.parameters", default=1),
    )


def _either_place(name: str, instance: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[str, Any]:
    """Return the path and the value of *name*, which may be in instances[0] or in parameters (create.image)."""
    if instance.get(name) is not None:
        return f"instances[0].{name}", instance[name]
    return f"parameters.{name}", given.get(name)


def _prompt(instance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the prompt, which may be missing where there is an image (create.prompt)."""
    prompt: str | None = instance.get("prompt")
    if not prompt:
        if instance.get("image") is None:
            raise FieldError("instances[0].prompt", "a text, or there must be an image", prompt, "errors.google")
        return {}
    # No text has more words than characters, so most prompts need not be split.
    if len(prompt) > PROMPT_WORDS and len(prompt.split()) > PROMPT_WORDS:
        raise FieldError("instances[0].prompt", f"of at most {PROMPT_WORDS} tokens", prompt, "create.prompt")
    return {"prompt": prompt}


def _inputs(instance: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the digests of the images of a create call, and the id of the file that it extends."""
    inputs = {}
    if instance.get("image") is not None:
        inputs["image"] = _image("instances[0].image", instance["image"])
    place, last = _either_place("lastFrame", instance, given)
    if last is not None:
        inputs["lastFrame"] = _image(place, last)
    references = _references(*_either_place("referenceImages", instance, given))
    return {**inputs, **references, **_video(instance.get("video"))}


def _image(place: str, value: Any) -> str:
    """Return the digest of an image in either form (create.image)."""
    inline = value.get("inlineData") if isinstance(value, dict) else None
    if isinstance(inline, dict):
        text, kind = inline.get("data"), inline.get("mimeType")
    elif isinstance(value, dict):
        text, kind = value.get("bytesBase64Encoded"), value.get("mimeType")
    else:
        text = kind = None
    if not isinstance(text, str) or not isinstance(kind, str):
        raise FieldError(place, _IMAGE, value, "create.image")
    try:
        content = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        raise FieldError(place, "an image in base64", text, "create.image") from None
    if len(content) > IMAGE_BYTES:
        raise FieldError(place, f"an image of at most {IMAGE_BYTES} bytes", len(content), "create.image_size")
    if kind not in SIGNATURES or not content.startswith(SIGNATURES[kind]):
        raise FieldError(
            place, f"an image of type {' or '.join(SIGNATURES)}, as its mimeType", kind, "create.image_checked"
        )
    return sha256(content).hexdigest()


def _references(place: str, value: Any) -> dict[str, Any]:
    """Return the digests of the reference images (create.references)."""
    if value is None:
        return {}
    if not isinstance(value, list) or not 1 <= len(value) <= REFERENCES:
        raise FieldError(place, f"1 to {REFERENCES} of {{image, referenceType}}", value, "create.references")
    digests = []
    for number, item in enumerate(value):
        kind = item.get("referenceType") if isinstance(item, dict) else None
        if not isinstance(kind, str) or kind.lower() != "asset":
            raise FieldError(f"{place}[{number}].referenceType", "'asset'", kind, "create.references")
        digests.append(_image(f"{place}[{number}].image", item.get("image")))
    return {"referenceImages": digests}


def _video(value: Any) -> dict[str, Any]:
    """Return the id of the file to extend (create.extension_file)."""
    if value is None:
        return {}
    uri = value.get("uri") if isinstance(value, dict) else None
    found = FILE.fullmatch(uri) if isinstance(uri, str) else None
    if found is None:
        raise FieldError("instances[0].video", "the {uri} of an earlier video", value, "create.extension_file")
    return {"video": found[1]}


def _check_together(model: Model, params: Mapping[str, Any]) -> None:
    """Validate parameters together, and against the model.

    Raises:
        FieldError: Two parameters contradict each other, or the model does not support one.
    """
    resolution = params["resolution"]
    newer = [(name, fact) for name, fact in NEWEST_ONLY.items() if name in params]
    for name, fact in newer:
        if not model.newest:
            raise FieldError(name, "left out, as it is for Veo 3.1 only", model.name, fact)
    if resolution in LARGE and model.oldest:
        raise FieldError("resolution", "720p with Veo 2", resolution, "create.parameters")
    if "video" in params and resolution in LARGE:
        raise FieldError("resolution", "720p with a video to extend", resolution, "create.extension")
    for cause, fact in [(resolution, "create.parameters")] * (resolution in LARGE) + newer:
        if params["durationSeconds"] != FULL:
            raise FieldError("durationSeconds", f"{FULL} with {cause}", params["durationSeconds"], fact)
    if "lastFrame" in params and "image" not in params:
        raise FieldError("lastFrame", "left out without an image", "an image", "create.last_frame")


def _check_people(model: Model, params: Mapping[str, Any]) -> None:
    """Validate which people may be shown (create.person_generation)."""
    given = params.get("personGeneration")
    if given is None or model.oldest:
        return
    allowed = ("allow_adult",) if "image" in params else ("allow_all", "allow_adult")
    if given not in allowed:
        raise FieldError("personGeneration", f"{' or '.join(allowed)} here", given, "create.person_generation")
