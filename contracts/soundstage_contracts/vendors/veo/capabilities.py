"""Calls of Veo's one capability that break one rule each, taken from the facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from soundstage_contracts.vendors.veo.arguments import NAMES, PNG, VEO_2, VEO_3, VEO_3_1, body_of, image_member

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Broken:
    """A call that breaks one rule.

    Attributes:
        fact: The fact with the rule.
        names: The parameter that the message of the refusal names.
        arguments: The client's arguments; without a prompt, ``A fox`` is one.
        argument: The argument that the client names; None where the client has no argument for it.
        instance: Members that are added to the instance of the body.
        parameters: Members that are added to its parameters.
    """

    fact: str
    names: str
    arguments: Mapping[str, Any]
    argument: str | None = None
    instance: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)


def _wrong(
    argument: str, *values: Any, model: str = VEO_3, fact: str = "create.parameters", **more: Any
) -> list[Broken]:
    """Return a case for each value that *argument* may not have."""
    return [Broken(fact, NAMES[argument], {"model": model, **more, argument: value}, argument) for value in values]


BROKEN: Final = (
    *_wrong("aspect_ratio", "1:1", "16x9", 1.78, ""),
    *_wrong("resolution", "480p", "2k", 720, "4K"),
    *_wrong("resolution", "1080p", "4k", model=VEO_2),
    *_wrong("duration_seconds", 5, 7, 0, 10, True, 8.5),
    *_wrong("duration_seconds", 4, 7, 9, model=VEO_2),
    *_wrong("duration_seconds", 4, 6, resolution="1080p"),
    *_wrong("duration_seconds", 6, resolution="4k"),
    *_wrong("duration_seconds", 6, model=VEO_3_1, reference_images=[PNG], fact="create.references"),
    *_wrong("negative_prompt", 5, ["rain"]),
    *_wrong("person_generation", "allow_animals", True),
    *_wrong("person_generation", "dont_allow", fact="create.person_generation"),
    *_wrong("person_generation", "allow_all", "dont_allow", image=PNG, fact="create.person_generation"),
    *_wrong("sample_count", 0, 2, True, 1.5),
    *_wrong("sample_count", 3, model=VEO_2),
    *_wrong("seed", -1, 2**32, 1.5, True, fact="create.seed_range"),
    Broken("create.prompt", "prompt", {"prompt": "fox " * 1025}, "prompt"),
    Broken("create.last_frame", "lastFrame", {"last_frame": PNG}, "last_frame"),
    Broken("create.references", "referenceImages", {"reference_images": [PNG]}, "reference_images"),
    Broken("create.references", "referenceImages", {"model": VEO_2, "reference_images": [PNG]}, "reference_images"),
    Broken("create.references", "referenceImages", {"model": VEO_3_1, "reference_images": [PNG] * 4},
           "reference_images"),
    Broken("create.references", "referenceType", {}, instance={
        "referenceImages": [{"image": image_member(PNG), "referenceType": "style"}]}),
    Broken("create.image", "referenceImages[1].image", {"model": VEO_3_1}, instance={
        "referenceImages": [{"image": image_member(PNG), "referenceType": "asset"},
                            {"image": {"mimeType": "image/png"}, "referenceType": "asset"}]}),
    Broken("create.image_checked", "referenceImages[0].image", {"model": VEO_3_1}, instance={
        "referenceImages": [{"image": {**image_member(PNG), "mimeType": "image/jpeg"}, "referenceType": "asset"}]}),
    Broken("errors.google", "prompt", {"prompt": ""}, "prompt"),
    Broken("create.image", "image", {}, instance={"image": "https://example.com/a.png"}),
    Broken("create.image", "image", {}, instance={"image": {"mimeType": "image/png"}}),
    Broken("create.image", "image", {}, instance={"image": {**image_member(PNG), "bytesBase64Encoded": "no base64!"}}),
    Broken("create.image_checked", "image", {}, instance={"image": {**image_member(PNG), "mimeType": "image/gif"}}),
    Broken("create.image_checked", "image", {}, instance={"image": {**image_member(PNG), "mimeType": "image/jpeg"}}),
    Broken("create.last_frame", "lastFrame", {}, parameters={"lastFrame": image_member(PNG)}),
    Broken("create.references", "referenceImages", {}, parameters={
        "referenceImages": [{"image": image_member(PNG), "referenceType": "asset"}]}),
    Broken("create.parameters", "numberOfVideos", {}, parameters={"numberOfVideos": 4}),
    Broken("create.parameters", "durationSeconds", {}, parameters={"durationSeconds": "7"}),
    Broken("create.extension_file", "video", {"model": VEO_3_1}, instance={"video": {"uri": "https://x.test/a.mp4"}}),
)  # fmt: skip
"""Calls that the service refuses, and the client where it has an argument for them."""


def broken_body(case: Broken) -> dict[str, Any]:
    """Return the body of a call that breaks a rule."""
    body = body_of({"prompt": "A fox", **case.arguments}, spelt=lambda seconds: seconds)
    body["instances"][0].update(case.instance)
    if case.parameters:
        body["parameters"] = {**body.get("parameters", {}), **case.parameters}
    return body
