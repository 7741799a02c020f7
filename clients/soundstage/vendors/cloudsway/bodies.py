"""Request bodies: parameters are checked, together with the abilities of the model, before anything is sent.

Source: Kling's own API pages; facts are cited by id. None in a body is omitted on the wire.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn, cast, get_args

from soundstage._protocol.inputs import base64_text, image_size, is_turned, load_image
from soundstage._values import validation
from soundstage._values.names import GeneratedName
from soundstage.vendors.cloudsway.profile import (
    ABILITIES,
    GATEWAY_NAMES,
    MAX_IMAGE_BYTES,
    MAX_IMAGE_RATIO,
    MAX_MASKS,
    MAX_PROMPT_LENGTH,
    MIN_IMAGE_SIDE,
    AspectRatio,
    Duration,
    ImageModel,
    Mode,
    Sound,
    TextModel,
)
from soundstage.vendors.cloudsway.values import CameraControl, DynamicMask

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from soundstage._protocol.inputs import ImageInput
    from soundstage._values.messages import Flow
    from soundstage.vendors.cloudsway.profile import Abilities, Only

    Body: TypeAlias = dict[str, Any]
    Sizes: TypeAlias = tuple[tuple[int, int], ...]  # of one image: width and height in each form that it is shown in

_EXTERNAL_ID = re.compile(r"[^/\\?#\x00-\x1f\x7f]{1,200}\Z")
_RATIO_TOLERANCE = 0.05


def external_id(given: str | None) -> str:
    """Return the caller's own name for a job, or a new UUID (text2video.params)."""
    if given is None:
        return GeneratedName.new()
    # The name becomes a segment of the path that looks the job up, so it must not change that path.
    name = validation.text("external_task_id", given)
    if not _EXTERNAL_ID.match(name) or not name.strip(". ") or name != name.strip():
        allowed = "a name of at most 200 characters that can be a path segment: no slash, ?, # or line break"
        validation.invalid("external_task_id", given, allowed)
    return name


def video_from_text(prompt: str, aspect_ratio: str, common: Body) -> Body:
    """Return the body of a video from a text (text2video.params, text2video.models)."""
    body: Body = {
        **_common(common, get_args(TextModel)),
        "prompt": validation.text("prompt", prompt, longest=MAX_PROMPT_LENGTH),
        "aspect_ratio": validation.choice("aspect_ratio", aspect_ratio, get_args(AspectRatio)),
    }
    abilities = _abilities(body)
    _require("camera_control", body, abilities.camera_from_text)
    return _to_wire(body)


def video_from_image(
    image: ImageInput | None,
    image_tail: ImageInput | None,
    prompt: str | None,
    masks: Body,
    common: Body,
) -> Flow[Body]:
    """Return the body of a video from an image, with loaded images (image2video.params, image2video.exclusive)."""
    body: Body = {
        **_common(common, get_args(ImageModel)),
        "prompt": None if prompt is None else validation.optional_text("prompt", prompt),
        "image": image,
        "image_tail": image_tail,
        "static_mask": masks["static_mask"],
        "dynamic_masks": _check_masks(masks["dynamic_masks"]),
    }
    if prompt is not None and len(prompt) > MAX_PROMPT_LENGTH:
        validation.invalid("prompt", prompt, f"a string of at most {MAX_PROMPT_LENGTH} characters")
    if image is None and image_tail is None:
        validation.invalid("image", None, "an image, or else an image_tail")
    _check_exclusive(body)
    abilities = _abilities(body)
    for name, when in (
        ("image_tail", abilities.tail),
        ("static_mask", abilities.masks),
        ("dynamic_masks", abilities.masks),
    ):
        _require(name, body, when)
    _require("camera_control", body, abilities.camera_from_image)
    camera: CameraControl | None = body["camera_control"]
    if abilities.simple_camera_only and camera is not None and camera.type != "simple":
        _refuse_combination("camera_control", camera.type, body, "type 'simple' from an image")
    yield from _load(body)
    return _to_wire(body)


def _common(given: Body, models: tuple[str, ...]) -> Body:
    """Return the parameters of both kinds of video, each checked by itself and then against the model."""
    camera: object = given["camera_control"]
    if camera is not None and not isinstance(camera, CameraControl):
        validation.invalid("camera_control", camera, "a CameraControl, or None")
    negative = validation.optional_text("negative_prompt", given["negative_prompt"])
    if negative is not None and len(negative) > MAX_PROMPT_LENGTH:
        validation.invalid("negative_prompt", negative, f"a string of at most {MAX_PROMPT_LENGTH} characters")
    cfg, mode, sound, url = (given[name] for name in ("cfg_scale", "mode", "sound", "callback_url"))
    body: Body = {
        "model_name": validation.choice("model_name", given["model_name"], models),
        "negative_prompt": negative,
        "cfg_scale": None if cfg is None else validation.number("cfg_scale", cfg, least=0, most=1),
        "mode": validation.choice("mode", mode, (None, *get_args(Mode))),
        "duration": str(validation.choice("duration", given["duration"], get_args(Duration))),
        "sound": validation.choice("sound", sound, (None, *get_args(Sound))),
        "camera_control": camera,
        "callback_url": None if url is None else validation.web_address("callback_url", url),
        "external_task_id": given["external_task_id"],
    }
    # A rule of the model is checked last, so that a wrong value is reported as such and not as unsupported.
    abilities = _abilities(body)
    if abilities.one_mode and mode == "pro":
        _refuse_combination("mode", mode, body, "no mode: this model has one mode")
    if cfg is not None and not abilities.cfg_scale:
        _refuse_combination("cfg_scale", cfg, body, "no cfg_scale: this model does not take it")
    if sound == "on":
        _require("sound", body, abilities.sound)
    return body


def _abilities(body: Body) -> Abilities:
    name = str(body["model_name"])
    return ABILITIES[GATEWAY_NAMES.get(name, name)]


def _require(field: str, body: Body, when: Only | None) -> None:
    """Refuse *field* if it is given and the model cannot do it in this mode and duration (capability.matrix)."""
    if body[field] is None:
        return
    if when is None:
        _refuse_combination(field, body[field], body, "nothing: this model does not support it")
    if when.mode not in {None, body["mode"] or "std"} or when.seconds not in {None, body["duration"]}:
        needs = [f"mode {when.mode!r}"] if when.mode else []
        needs += [f"duration {when.seconds!r}"] if when.seconds else []
        _refuse_combination(field, body[field], body, f"{' and '.join(needs)} with this model")


def _refuse_combination(field: str, value: object, body: Body, allowed: str) -> NoReturn:
    combination = f"{body['model_name']}/{body['mode'] or 'std'}/{body['duration']}"
    shown = repr(value) if isinstance(value, (str, int, float)) and field in {"mode", "cfg_scale", "sound"} else "..."
    validation.invalid(field, value, f"with {combination}, {allowed}", shown=shown)


def _check_exclusive(body: Body) -> None:
    """Refuse more than one of image_tail, masks and camera_control (image2video.exclusive)."""
    groups = (("image_tail",), ("static_mask", "dynamic_masks"), ("camera_control",))
    given = [next((name for name in group if body[name] is not None), None) for group in groups]
    together = [name for name in given if name]
    if len(together) > 1:
        allowed = f"not together with {together[0]}: image_tail, masks and camera_control exclude one another"
        validation.invalid(together[1], body[together[1]], allowed, shown="...")


def _check_masks(masks: Sequence[DynamicMask] | None) -> list[DynamicMask] | None:
    if masks is None:
        return None
    found = [] if isinstance(masks, (str, bytes)) else list(cast("Sequence[object]", masks))
    if not 1 <= len(found) <= MAX_MASKS or not all(isinstance(mask, DynamicMask) for mask in found):
        validation.invalid("dynamic_masks", masks, f"1 to {MAX_MASKS} of DynamicMask, or None")
    return cast("list[DynamicMask]", found)


def _load(body: Body) -> Flow[None]:
    """Replace every image in *body* by its wire format (image2video.params, image2video.masks)."""
    # The image comes first: its sides are the measure of the masks.
    sizes: Sizes = ()
    for name in ("image", "image_tail", "static_mask"):
        if body[name] is not None:
            body[name], found = yield from _load_image(name, body[name], sizes)
            sizes = sizes or found
    if body["dynamic_masks"] is not None:
        moving: list[Body] = []
        masks: list[DynamicMask] = body["dynamic_masks"]
        for mask in masks:
            text, _ = yield from _load_image("dynamic_masks", mask.mask, sizes)
            moving.append({"mask": text, "trajectories": mask.path()})
        body["dynamic_masks"] = moving


def _load_image(field: str, value: ImageInput, like: Sizes) -> Flow[tuple[str, Sizes]]:
    """Return an image in wire format, and its sides if known; a mask must only have the ratio of its image."""
    mask = field in {"static_mask", "dynamic_masks"}
    content = yield from load_image(field, value, most=MAX_IMAGE_BYTES)
    if isinstance(content, str):
        return content, ()
    # The pixels of an image given by its address are unknown here, and so are those of an unusual JPEG; the service
    # then checks them, before it charges.
    sides = image_size(content)
    if sides is None:
        return base64_text(content), ()
    if mask:
        _check_ratio(field, sides, like)
    else:
        _check_sides(field, sides)
    # A phone stores a photo as the sensor sees it and its orientation beside it; a mask is painted on either form.
    return base64_text(content), ((sides[1], sides[0]), sides) if is_turned(content) else (sides,)


def _check_sides(field: str, sides: tuple[int, int]) -> None:
    short, long = sorted(sides)
    if short < MIN_IMAGE_SIDE or long > MAX_IMAGE_RATIO * short:
        ratios = f"1:{MAX_IMAGE_RATIO} to {MAX_IMAGE_RATIO}:1"
        allowed = f"both sides of at least {MIN_IMAGE_SIDE} pixels, in a ratio from {ratios}"
        validation.invalid(field, sides, allowed, shown=f"{sides[0]}x{sides[1]}")


def _check_ratio(field: str, sides: tuple[int, int], like: Sizes) -> None:
    if not all(sides) or not all(map(all, like)) or not like:
        return
    # A mask that was resized may differ from its image by some pixels.
    if all(abs(sides[0] * one[1] / (sides[1] * one[0]) - 1) > _RATIO_TOLERANCE for one in like):
        sizes = " or ".join(f"{width}x{height}" for width, height in like)
        allowed = f"an image of the same aspect ratio as the image, {sizes}"
        validation.invalid(field, sides, allowed, shown=f"{sides[0]}x{sides[1]}")


def _to_wire(body: Body) -> Body:
    camera: CameraControl | None = body["camera_control"]
    return {**body, "camera_control": None if camera is None else camera.wire()}
