"""Request bodies: the parameters of a video are checked before anything is sent.

Source: ai.google.dev/gemini-api/docs/video and google-genai 2.34.0, whose names and nesting are sent; facts are
cited by id.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias, cast, get_args

from soundstage._protocol.inputs import base64_text, image_media_type, load_image
from soundstage._values import validation
from soundstage._values.messages import omit_none
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
    """Return a model's name, checked because it becomes a part of the path (models.known)."""
    if not isinstance(value, str) or not _MODEL.match(value):
        validation.invalid("model", value, "a model's name, such as 'veo-3.0-generate-preview'")
    return value


def prompt_part(value: object, *, needed: bool) -> Body:
    """Return the prompt's part of the instance; with an image the prompt is optional (create.prompt, errors.google)."""
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
    full_duration_for: str | None,
    image: bool,
) -> Body:
    """Return the optional parameters (create.parameters); None lets the service decide.

    Args:
        family: What the model accepts.
        aspect_ratio: The caller's argument, like the next six.
        resolution: As above.
        duration_seconds: As above.
        negative_prompt: As above.
        person_generation: As above.
        sample_count: As above.
        seed: As above.
        full_duration_for: The argument beside these that needs the full duration, if there is one.
        image: Whether the video starts with an image.
    """
    people = family.people_with_image if image else family.people
    # Two checks, so that a value that no model knows is not reported as one that only this model refuses.
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
        "durationSeconds": _duration(family, duration_seconds, full_duration_for or _if_large(resolution)),
        "negativePrompt": validation.optional_text("negative_prompt", negative_prompt),
        "personGeneration": person_generation,
        "sampleCount": sample_count,
        "seed": seed,
    }
    return omit_none(body)


def extension_part(family: Family, video: str | None, resolution: str | None) -> Body:
    """Return the instance's part with the video to extend, by Google's address (create.extension, result.uri)."""
    # The output of an earlier job may be the proxy's address of the file. Google knows only its own, so the id is taken
    # out and put into that.
    if video is None:
        return {}
    found = _FILE.match(str(video))
    if found is None:
        shown = repr(hide_query(str(video)))
        validation.invalid("video", video, "the address of a video that this key made: .../files/{id}", shown=shown)
    _require_extras(family, "video", "a video to extend")
    if resolution in LARGE_RESOLUTIONS:
        validation.invalid("resolution", resolution, "720p with video")
    return {"video": {"uri": f"{GOOGLE_HOST}{VERSION}/files/{found[1]}:download?alt=media"}}


def check_together(family: Family, *, image: object, last_frame: object, references: Sequence[object]) -> None:
    """Refuse images that the model does not take or that exclude each other (create.references, create.last_frame)."""
    if isinstance(references, (str, bytes)) or len(references) > MAX_REFERENCE_IMAGES:
        validation.invalid("reference_images", references, f"a list of at most {MAX_REFERENCE_IMAGES} images")
    if references:
        _require_extras(family, "reference_images", "reference images")
    if last_frame is not None and image is None:
        validation.invalid("last_frame", last_frame, "a last frame together with an image to start with", shown="...")


def image_parts(
    image: ImageInput | None, last_frame: ImageInput | None, references: Sequence[ImageInput]
) -> Flow[Body]:
    """Return the parts of the instance with images, in base64 (create.image)."""
    body: Body = {}
    if image is not None:
        body["image"] = yield from _encoded("image", image)
    if last_frame is not None:
        body["lastFrame"] = yield from _encoded("last_frame", last_frame)
    reference_parts: list[Body] = []
    for reference in references:
        encoded = yield from _encoded("reference_images", reference)
        reference_parts.append({"image": encoded, "referenceType": "ASSET"})
    return {**body, "referenceImages": reference_parts} if reference_parts else body


def _encoded(field: str, value: ImageInput) -> Flow[Body]:
    content = cast("bytes", (yield from load_image(field, value, most=MAX_IMAGE_BYTES, address=False)))
    return {"bytesBase64Encoded": base64_text(content), "mimeType": image_media_type(content)}


def _one_of(field: str, value: str | None, allowed: tuple[str, ...]) -> str | None:
    return None if value is None else validation.choice(field, value, allowed)


def _if_large(resolution: str | None) -> str | None:
    return "resolution" if resolution in LARGE_RESOLUTIONS else None


def _resolution(family: Family, resolution: str | None) -> str | None:
    _one_of("resolution", resolution, get_args(Resolution))
    if resolution in LARGE_RESOLUTIONS and not family.large:
        validation.invalid("resolution", resolution, f"720p with {family.name}")
    return resolution


def _duration(family: Family, duration: int | None, full_duration_for: str | None) -> int | None:
    """Return the duration; where only the full one is allowed it is sent, as no document guarantees the default."""
    if duration is not None:
        validation.choice("duration_seconds", duration, family.durations)
    if full_duration_for is None:
        return duration
    if duration not in {None, FULL_DURATION}:
        validation.invalid("duration_seconds", duration, f"{FULL_DURATION} with this {full_duration_for}")
    return FULL_DURATION


def _require_extras(family: Family, field: str, what: str) -> None:
    if not family.extras:
        validation.invalid(field, what, f"nothing with {family.name}: only Veo 3.1 supports it", shown="...")
