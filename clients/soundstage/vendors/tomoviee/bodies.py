"""Request bodies: the parameters of each capability are checked before anything is sent.

Source: the capabilities' own skills, and the pages at tomoviee.ai/doc; facts are cited by id. None in a body
is omitted on the wire.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, get_args

from soundstage._values import validation
from soundstage._values.redaction import hide_query
from soundstage.vendors.tomoviee.profile import (
    COPIES,
    EFFECT_SECONDS,
    MAX_SPEECH_LENGTH,
    MUSIC_SECONDS,
    SIDE_PIXELS,
    SOUNDTRACK_SECONDS,
    AspectRatio,
    CameraMove,
    ControlType,
    Duration,
    FrameAspectRatio,
    Resolution,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Body: TypeAlias = dict[str, object]

T = TypeVar("T")


def callback_params(callback: str | None, params: str | None) -> Body:
    """Return the callback parameters of every capability (callback.request)."""
    return {
        "callback": None if callback is None else validation.web_address("callback", callback),
        "params": validation.optional_text("params", params),
    }


def video(prompt: str, resolution: str, aspect_ratio: str, duration: int, camera_move: int | None) -> Body:
    """Return the body of a video from a text (text2video.params)."""
    ratio = validation.choice("aspect_ratio", aspect_ratio, get_args(AspectRatio))
    return _common(prompt, resolution, ratio, duration, camera_move)


def video_from_frames(prompt: str, resolution: str, aspect_ratio: str, duration: int, camera_move: int | None) -> Body:
    """Return the body of a video that may keep the aspect ratio of its image (img2video.params, tail2video.params)."""
    ratio = validation.choice("aspect_ratio", aspect_ratio, get_args(FrameAspectRatio))
    return _common(prompt, resolution, ratio, duration, camera_move)


def input_files(**addresses: str) -> Body:
    """Return the addresses of input files by the vendor's names (limits.input_size)."""
    return {name: validation.web_address(name, address) for name, address in addresses.items()}


def _common(prompt: str, resolution: str, aspect_ratio: str, duration: int, camera_move: int | None) -> Body:
    """Return the parameters of every video capability (video.common, camera.index)."""
    if camera_move is not None:
        validation.whole_number("camera_move", camera_move, least=min(CameraMove), most=max(CameraMove))
    return {
        "prompt": validation.text("prompt", prompt),
        "resolution": validation.choice("resolution", resolution, get_args(Resolution)),
        "aspect_ratio": aspect_ratio,
        "duration": validation.choice("duration", duration, get_args(Duration)),
        "camera_move_index": None if camera_move is None else int(camera_move),
    }


def image_from_reference(
    prompt: str,
    *,
    reference_image: str | None,
    control: object,
    width: int,
    height: int,
    batch_size: int | None,
    control_intensity: float,
    init_image: str | None,
    image: str | None,
    image_num: int | None,
) -> Body:
    """Return the body of images that follow a reference image (img2img.params).

    The names are those of the skill; image and image_num are the older names of reference_image and batch_size.
    """
    reference = _value_of_either("reference_image", reference_image, "image", image, validation.web_address)
    control_type = _control_type(control)
    # A subject needs an image to start with, the other controls do not: only there the reference takes its place.
    if init_image is not None:
        validation.web_address("init_image", init_image)
    elif control_type == ControlType.SUBJECT:
        init_image = reference
    return {
        "prompt": validation.text("prompt", prompt),
        "reference_image": reference,
        "control_type": control_type,
        "width": _within("width", width, SIDE_PIXELS),
        "height": _within("height", height, SIDE_PIXELS),
        "batch_size": _value_of_either("batch_size", batch_size, "image_num", image_num, _copies, default=1),
        "control_intensity": validation.number("control_intensity", control_intensity, least=0, most=1),
        "init_image": init_image,
    }


def redrawn_image(
    prompt: str, *, init_image: str | None, mask_url: str | None, image: str | None, mask: str | None
) -> Body:
    """Return the body of an image whose masked part is redrawn; image and mask are older names (redrawing.params)."""
    return {
        "prompt": validation.text("prompt", prompt),
        "init_image": _value_of_either("init_image", init_image, "image", image, validation.web_address),
        "mask_url": _value_of_either("mask_url", mask_url, "mask", mask, _optional_address),
    }


def masks(image: str, control: object, prompt: str | None) -> Body:
    """Return the body of masks of the objects in an image (img2mask.params)."""
    return {
        "image": validation.web_address("image", image),
        "control_type": _control_type(control),
        "prompt": _optional_prompt(prompt),
    }


def music(prompt: str, duration: int, qty: int, *, disable_translate: bool | None) -> Body:
    """Return the body of music from a text (text2music.params)."""
    return {
        "prompt": validation.text("prompt", prompt),
        "duration": _within("duration", duration, MUSIC_SECONDS),
        "qty": _copies("qty", qty),
        "disable_translate": validation.choice("disable_translate", disable_translate, (None, True, False)),
    }


def sound_effect(prompt: str, duration: int, qty: int) -> Body:
    """Return the body of a sound effect from a text (text2sfx.params)."""
    return {
        "prompt": validation.text("prompt", prompt),
        "duration": _within("duration", duration, EFFECT_SECONDS),
        "qty": _copies("qty", qty),
    }


def speech(text: str, voice_id: str) -> Body:
    """Return the body of speech from a text (text2speech.params)."""
    return {
        "text": validation.text("text", text, longest=MAX_SPEECH_LENGTH),
        "voice_id": str(validation.text("voice_id", voice_id)),
    }


def soundtrack(video: str, prompt: str | None, duration: int) -> Body:
    """Return the body of a soundtrack for a video (video_scoring.params)."""
    return {
        "video": validation.web_address("video", video),
        "prompt": _optional_prompt(prompt),
        "duration": _within("duration", duration, SOUNDTRACK_SECONDS),
    }


def _within(field: str, value: object, bounds: tuple[int, int]) -> int:
    least, most = bounds
    return validation.whole_number(field, value, least=least, most=most)


def _copies(field: str, value: object) -> int:
    return _within(field, value, COPIES)


def _optional_address(field: str, value: object) -> str | None:
    return None if value is None else validation.web_address(field, value)


def _optional_prompt(prompt: str | None) -> str | None:
    return None if prompt is None else validation.text("prompt", prompt)


def _control_type(value: object) -> str:
    """Return the gateway's string for a `ControlType`, its string or its number (control_type.meaning)."""
    code = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
    if code not in {str(kind) for kind in ControlType}:
        meanings = ", ".join(f"{kind} {kind.name.lower()}" for kind in ControlType)
        validation.invalid("control_type", value, f"a ControlType, its string or its number: {meanings}")
    return str(code)


def _value_of_either(
    name: str,
    value: object,
    old_name: str,
    old_value: object,
    check: Callable[[str, Any], T],
    *,
    default: object = None,
) -> T:
    """Return the checked value given under the newer name or the older one; given under both, it must be the same."""
    # The vendor renamed parameters between its documents. Programs written for the older ones keep working, and two
    # different values are a mistake that the caller must see before it costs anything.
    if old_value is None:
        return check(name, default if value is None else value)
    checked = check(old_name, old_value)
    if value is not None and check(name, value) != checked:
        shown = repr(hide_query(checked)) if isinstance(checked, str) else None
        validation.invalid(old_name, checked, f"the value of {name}, whose older name this is, or None", shown=shown)
    return checked
