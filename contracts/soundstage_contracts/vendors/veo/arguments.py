"""Parameters of Veo's models: tables from the facts, valid arguments, and bodies in every documented shape."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from soundstage_contracts import strategies
from soundstage_contracts.strategies import whole_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

GOOGLE: Final = "https://generativelanguage.googleapis.com"
RATIOS: Final = ("16:9", "9:16")
RESOLUTIONS: Final = ("720p", "1080p", "4k")
VEO_2: Final = "veo-2.0-generate-001"
VEO_3: Final = "veo-3.0-generate-preview"
VEO_3_1: Final = "veo-3.1-generate-preview"
MODELS: Final = (
    VEO_3,
    "veo-3.0-generate-001",
    "veo-3.0-fast-generate-001",
    VEO_3_1,
    "veo-3.1-fast-generate-preview",
    VEO_2,
)
PRICES: Final = {"veo-2": (0.35, 0.35), "fast": (0.15, 0.35), "veo-3": (0.40, 0.60)}
"""Part of a model's name to US dollars a second, and a second in 4k; the first part that matches counts."""

PNG: Final = b"\x89PNG\r\n\x1a\n" + bytes(64)
JPEG: Final = b"\xff\xd8\xff\xe0" + bytes(64)

NAMES: Final = {
    "aspect_ratio": "aspectRatio",
    "resolution": "resolution",
    "duration_seconds": "durationSeconds",
    "negative_prompt": "negativePrompt",
    "person_generation": "personGeneration",
    "sample_count": "sampleCount",
    "seed": "seed",
}
"""Client argument to parameter (create.parameters)."""
IN_INSTANCE: Final = {
    "prompt": "prompt",
    "image": "image",
    "lastFrame": "last_frame",
    "referenceImages": "reference_images",
    "video": "video",
}
"""Member of an instance to the client's argument."""


def price_of(arguments: Mapping[str, Any]) -> float:
    """Return the price of a call with these client arguments, in US dollars (charge.prices)."""
    model = arguments.get("model", VEO_3)
    rates = next(rates for part, rates in PRICES.items() if part in model)
    rate = rates[1] if arguments.get("resolution") == "4k" else rates[0]
    return rate * (arguments.get("duration_seconds") or 8) * (arguments.get("sample_count") or 1)


def video_arguments() -> st.SearchStrategy[dict[str, Any]]:
    """Return valid arguments of `Veo.generate_videos` (create.parameters, create.image, create.references)."""
    return st.sampled_from(MODELS).flatmap(arguments_of_model)


def arguments_of_model(model: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return valid arguments of `Veo.generate_videos` with *model*."""
    old, newest = model == VEO_2, "veo-3.1" in model
    people = ("allow_all", "allow_adult", "dont_allow") if old else ("allow_all", "allow_adult")
    takes: dict[str, st.SearchStrategy[Any]] = {
        "aspect_ratio": st.sampled_from(RATIOS),
        "negative_prompt": strategies.texts(most=40),
        "seed": whole_numbers(0, 2**32 - 1),
        "duration_seconds": st.sampled_from((5, 6, 8) if old else (4, 6, 8)),
        "sample_count": st.integers(1, 2 if old else 1),
        "person_generation": st.sampled_from(people),
        "resolution": st.sampled_from(("720p",) if old else RESOLUTIONS),
        "image": st.sampled_from((PNG, JPEG)),
        "last_frame": st.sampled_from((PNG, JPEG)),
    }
    if newest:
        takes["reference_images"] = st.lists(st.sampled_from((PNG, JPEG)), min_size=1, max_size=3)
    needs = {"prompt": strategies.prompts(), "model": st.just(model)}
    return st.fixed_dictionaries(needs, optional=takes).map(_without_conflicts)


def _without_conflicts(arguments: dict[str, Any]) -> dict[str, Any]:
    """Drop or change arguments that exclude each other."""
    if "image" not in arguments:
        arguments.pop("last_frame", None)
    elif arguments["model"] != VEO_2 and "person_generation" in arguments:
        arguments["person_generation"] = "allow_adult"
    if arguments.get("resolution") in {"1080p", "4k"} or "reference_images" in arguments:
        arguments["duration_seconds"] = 8
    return arguments


def image_member(content: bytes, *, inline: bool = False) -> dict[str, Any]:
    """Return an image in one of its two shapes (create.image)."""
    text, kind = b64encode(content).decode(), "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"
    shapes = ({"bytesBase64Encoded": text, "mimeType": kind}, {"inlineData": {"mimeType": kind, "data": text}})
    return shapes[inline]


def body_of(
    arguments: Mapping[str, Any], *, inline: bool = False, aside: bool = False, spelt: Callable[[Any], Any] = int
) -> dict[str, Any]:
    """Return the request body for *arguments*.

    Args:
        arguments: Those of the client's method.
        inline: Whether images are inlineData, as in Google's samples.
        aside: Whether lastFrame and referenceImages are under parameters, as in Google's samples.
        spelt: How durationSeconds is written: ``int`` or ``str``.
    """
    instance: dict[str, Any] = {"prompt": arguments["prompt"]} if arguments.get("prompt") else {}
    parameters: dict[str, Any] = {NAMES[name]: value for name, value in arguments.items() if name in NAMES}
    if "durationSeconds" in parameters:
        parameters["durationSeconds"] = spelt(parameters["durationSeconds"])
    place = parameters if aside else instance
    if "image" in arguments:
        instance["image"] = image_member(arguments["image"], inline=inline)
    if "last_frame" in arguments:
        place["lastFrame"] = image_member(arguments["last_frame"], inline=inline)
    if "reference_images" in arguments:
        kind = "asset" if inline else "ASSET"
        references = [
            {"image": image_member(one, inline=inline), "referenceType": kind} for one in arguments["reference_images"]
        ]
        place["referenceImages"] = references
    return {"instances": [instance], **({"parameters": parameters} if parameters else {})}


def bodies() -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Return a model and a valid body for it, in any documented shape."""
    return st.builds(
        lambda arguments, inline, aside, spelt: (
            arguments["model"],
            body_of(arguments, inline=inline, aside=aside, spelt=spelt),
        ),
        video_arguments(),
        st.booleans(),
        st.booleans(),
        st.sampled_from((int, str)),
    )
