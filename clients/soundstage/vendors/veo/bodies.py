"""The rules of a create call: a body that is checked whole before anything is sent.

Source: ai.google.dev/gemini-api/docs/video and google-genai 2.34.0, whose names and places are sent; facts are cited by
id.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias, cast, get_args

from soundstage._protocol.inputs import base64_text, image_media_type, load_image
from soundstage._values import validation
from soundstage._values.redaction import hide_query
from soundstage.vendors.veo.profile import (
    FULL_DURATION,
    GOOGLE_HOST,
    LARGE_RESOLUTIONS,
    MAX_IMAGE_BYTES,
    MAX_PROMPT_WORDS,
    MAX_REFERENCE_IMAGES,
    MAX_SEED,
    VERSION,
    AspectRatio,
    Family,
    PersonGeneration,
    Resolution,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstage._protocol.inputs import ImageInput
    from soundstage._values.messages import Flow

Body: TypeAlias = dict[str, Any]

_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_FILE = re.compile(r"(?:.*/)?files/([a-z0-9]+)(?::download(?:\?.*)?)?\Z")


def model_name(value: object) -> str:
    """A model's name, which becomes a part of an address (models.known)."""
    if not isinstance(value, str) or not _MODEL.match(value):
        validation.invalid("model", value, "a model's name, such as 'veo-3.0-generate-preview'")
    return value


def prompt_of(value: object, *, needed: bool) -> Body:
    """What the film shows; with an image it may be left out (create.prompt, errors.google)."""
    if value is None and not needed:
        return {}
    prompt = validation.text("prompt", value)
    if len(prompt.split()) > MAX_PROMPT_WORDS:
        validation.invalid("prompt", value, f"a prompt of at most {MAX_PROMPT_WORDS} tokens")
    return {"prompt": prompt}


def parameters(
    family: Family,
    *,
    aspect_ratio: str | None,
    resolution: str | None,
    duration_seconds: int | None,
    negative_prompt: str | None,
    person_generation: str | None,
    sample_count: int | None,
    seed: int | None,
    whole_length: str | None,
    image: bool,
) -> Body:
    """What may be said besides (create.parameters); what is None is left to the service.

    Args:
        family: What the model takes.
        aspect_ratio: And the next six: the caller's.
        resolution: As above.
        duration_seconds: As above.
        negative_prompt: As above.
        person_generation: As above.
        sample_count: As above.
        seed: As above.
        whole_length: The argument beside these that needs the whole length, if there is one.
        image: Whether the film begins with an image.
    """
    people = family.people_with_image if image else family.people
    if person_generation is not None:
        validation.choice("person_generation", person_generation, get_args(PersonGeneration))
        validation.choice("person_generation", person_generation, people)
    if seed is not None:
        validation.whole_number("seed", seed, least=0, most=MAX_SEED)
    if sample_count is not None:
        validation.whole_number("sample_count", sample_count, least=1, most=family.most)
    body = {
        "aspectRatio": _one_of("aspect_ratio", aspect_ratio, get_args(AspectRatio)),
        "resolution": _resolution(family, resolution),
        "durationSeconds": _duration(family, duration_seconds, whole_length or _large(resolution)),
        "negativePrompt": validation.optional_text("negative_prompt", negative_prompt),
        "personGeneration": person_generation,
        "sampleCount": sample_count,
        "seed": seed,
    }
    return {name: value for name, value in body.items() if value is not None}


def extended(family: Family, video: str | None, resolution: str | None) -> Body:
    """The film to go on with (create.extension), by the address that its maker has for it (result.uri)."""
    if video is None:
        return {}
    found = _FILE.match(str(video))
    if found is None:
        shown = repr(hide_query(str(video)))
        validation.invalid("video", video, "the address of a film that this key made: .../files/{id}", shown=shown)
    _extra(family, "video", "a film to go on with")
    if resolution in LARGE_RESOLUTIONS:
        validation.invalid("resolution", resolution, "720p with video")
    return {"video": {"uri": f"{GOOGLE_HOST}{VERSION}/files/{found[1]}:download?alt=media"}}


def check_together(family: Family, *, image: object, last_frame: object, references: Sequence[object]) -> None:
    """Refuse pictures that do not go with the model or with each other (create.references, create.last_frame)."""
    if isinstance(references, (str, bytes)) or len(references) > MAX_REFERENCE_IMAGES:
        validation.invalid("reference_images", references, f"a list of at most {MAX_REFERENCE_IMAGES} pictures")
    if references:
        _extra(family, "reference_images", "pictures to be held to")
    if last_frame is not None and image is None:
        validation.invalid("last_frame", last_frame, "a last frame with an image to begin with", shown="...")


def pictured(image: ImageInput | None, last_frame: ImageInput | None, references: Sequence[ImageInput]) -> Flow[Body]:
    """The pictures of a film, in base64 (create.image)."""
    body: Body = {}
    if image is not None:
        body["image"] = yield from _encoded("image", image)
    if last_frame is not None:
        body["lastFrame"] = yield from _encoded("last_frame", last_frame)
    held_to: list[Body] = []
    for reference in references:
        encoded = yield from _encoded("reference_images", reference)
        held_to.append({"image": encoded, "referenceType": "ASSET"})
    return {**body, "referenceImages": held_to} if held_to else body


def _encoded(field: str, value: ImageInput) -> Flow[Body]:
    content = cast("bytes", (yield from load_image(field, value, most=MAX_IMAGE_BYTES, address=False)))
    return {"bytesBase64Encoded": base64_text(content), "mimeType": image_media_type(content)}


def _one_of(field: str, value: str | None, allowed: tuple[str, ...]) -> str | None:
    return None if value is None else validation.choice(field, value, allowed)


def _large(resolution: str | None) -> str | None:
    return "resolution" if resolution in LARGE_RESOLUTIONS else None


def _resolution(family: Family, resolution: str | None) -> str | None:
    _one_of("resolution", resolution, get_args(Resolution))
    if resolution in LARGE_RESOLUTIONS and not family.large:
        validation.invalid("resolution", resolution, f"720p with {family.name}")
    return resolution


def _duration(family: Family, duration: int | None, because: str | None) -> int | None:
    """How long the film is; where only the whole length will do, it is said, as no document promises the default."""
    if duration is not None:
        validation.choice("duration_seconds", duration, family.durations)
    if because is None:
        return duration
    if duration not in {None, FULL_DURATION}:
        validation.invalid("duration_seconds", duration, f"{FULL_DURATION} with this {because}")
    return FULL_DURATION


def _extra(family: Family, field: str, what: str) -> None:
    if not family.extras:
        validation.invalid(field, what, f"nothing with {family.name}: it is for Veo 3.1", shown="...")
