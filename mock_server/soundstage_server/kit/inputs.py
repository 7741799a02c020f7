"""Rules on input files: size, format, dimensions, duration, as a vendor declares them on its parameters.

They apply to uploads, to results of this simulator (so that a chain of jobs is checked at every step) and to images in
base64 within a request. Other addresses are accepted unchecked, since the simulator never connects to them.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

import orjson

from soundstage_server.kit import results
from soundstage_server.media import Audio, Diagram, Video, media_type
from soundstage_server.model.fields import Link, ListOf
from soundstage_server.model.messages import RefusedError, Response
from soundstage_server.world.uploads import inspect_image

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from soundstage_server.media import MediaSpec
    from soundstage_server.model.fields import Field, Rule
    from soundstage_server.model.messages import Refusal
    from soundstage_server.world.world import World

MEASURED: Final = "soundstage_measured"
"""The member of a task's parameters with width, height and seconds of its inputs, by parameter."""

_TOLERANCE: Final = 0.05
_SIDES: Final = 2
_FORMATS: Final = {"video/mp4": "MP4", "audio/mpeg": "MP3"}


class InputLimits(NamedTuple):
    """A vendor's limits on every input file.

    Attributes:
        bytes: A file must be smaller than this; None leaves the size to each parameter.
        fact: The fact that states the limit, without the slug.
        too_large: The refusal of a larger file.
        unfit: The refusal of a file that breaks another rule.
    """

    bytes: int | None
    fact: str
    too_large: Refusal
    unfit: Refusal


@dataclass(frozen=True, slots=True)
class MediaLink(Link):
    """The URL of an image, a video or an audio file, with the rules for that file.

    Attributes:
        formats: The allowed formats: ``JPEG``, ``PNG``, ``WEBP``, ``GIF``, ``BMP``, ``MP4``, ``MOV``, ``MP3``.
        formats_fact: The fact that names the formats, without the slug; None is the parameter's own.
        bytes: The maximum size, where that is less than the vendor's limit.
        seconds: The exact duration, within a twentieth of a second.
        shortest: The minimum duration in seconds.
        longest: The maximum duration in seconds.
        rates: The minimum and maximum frames per second.
        lines: The short side, in pixels.
        over: Both sides must be longer than this, in pixels.
        under: Both sides must be shorter than this, in pixels.
        within: The minimum and maximum of each side, in pixels.
        ratio_under: The long side divided by the short side must be less than this.
        ratio_most: The long side divided by the short side must be at most this.
        ratios: The minimum and maximum of the width divided by the height.
        same_ratio_as: The parameter whose image has the same aspect ratio, within a twentieth.
        same_size_as: The parameter whose image has the same size.
    """

    formats: tuple[str, ...] = ("JPEG", "PNG", "WEBP")
    formats_fact: str | None = None
    bytes: int | None = None
    seconds: float | None = None
    shortest: float | None = None
    longest: float | None = None
    rates: tuple[float, float] | None = None
    lines: int | None = None
    over: int | None = None
    under: int | None = None
    within: tuple[int, int] | None = None
    ratio_under: float | None = None
    ratio_most: float | None = None
    ratios: tuple[float, float] | None = None
    same_size_as: str | None = None
    same_ratio_as: str | None = None


@dataclass(frozen=True, slots=True)
class MediaContent(MediaLink):
    """An image in base64 without a data URL's prefix; or its URL, where that is allowed.

    Attributes:
        address: Whether a URL is allowed.
    """

    address: bool = True

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        return ("an http or https URL, or " if self.address else "") + "a file in base64, without a data: prefix"

    @property
    def schema(self) -> Mapping[str, Any]:
        """What is allowed, as JSON Schema."""
        encoded = {"type": "string", "contentEncoding": "base64", "minLength": 1}
        return {**encoded, "format": "uri-or-base64"} if self.address else encoded

    def accepts(self, value: object) -> bool:
        """Return whether *value* is such a text; `validate_inputs` checks what kind of file it is."""
        return (self.address and Link.accepts(self, value)) or decode_base64(value) is not None


class InputInfo(NamedTuple):
    """What is known about an input file; None is unknown."""

    format: str | None
    width: int | None
    height: int | None
    seconds: float | None
    bytes: int | None
    rate: float | None = None


def decode_base64(value: object) -> bytes | None:
    """Decode *value*; return None if it is no base64, or empty."""
    if not isinstance(value, str):
        return None
    try:
        return b64decode(value, validate=True) or None
    except ValueError:
        return None


def media_fields(fields: Iterable[Field]) -> tuple[Field, ...]:
    """Return those of *fields* that are input files."""
    return tuple(field for field in fields if isinstance(_rule(field), MediaLink))


def _rule(field: Field) -> Rule:
    """Return the rule of each file of *field*, which may be a list."""
    return field.rule.rule if isinstance(field.rule, ListOf) else field.rule


def validate_inputs(world: World, limits: InputLimits, fields: Iterable[Field], params: dict[str, Any]) -> None:
    """Check the input files in *params*, and add their sizes to *params*.

    A file that was sent in base64 is replaced by its digest, so that a task's record stays small.

    Raises:
        RefusedError: A file breaks a rule of its parameter or the vendor's limit, or does not exist.
    """
    sizes: dict[str, list[Any]] = {}
    for field in fields:
        given, rule = params.get(field.name, ""), _rule(field)
        for url in given if isinstance(given, list) else [given]:
            known = _inspect(world, field, url, limits) if url else None
            if known is None or not isinstance(rule, MediaLink):
                continue
            _check(field, rule, known, limits, sizes)
            if known.width and known.height:
                duration = [] if known.seconds is None else [known.seconds]
                sizes.setdefault(field.name, [known.width, known.height, *duration])
            # A single file was sent in base64: only its digest is needed to recognize an equal submission.
            if url is given and isinstance(rule, MediaContent) and not Link.accepts(rule, url):
                params[field.name] = f"sha256:{sha256(url.encode()).hexdigest()}"
    if sizes:
        params[MEASURED] = sizes


def known_size(params: dict[str, Any], *names: str) -> tuple[int, int] | None:
    """Return the size of the first of the inputs *names* whose size is known; of a list, the first file's."""
    sizes = params.get(MEASURED, {})
    for name in names:
        if name in sizes:
            width, height = sizes[name][:_SIDES]
            return width, height
    return None


def known_seconds(params: dict[str, Any], name: str) -> float | None:
    """Return the duration of the video that is the input *name*, if it is known."""
    measured = params.get(MEASURED, {}).get(name, ())
    seconds: float | None = measured[_SIDES] if len(measured) > _SIDES else None
    return seconds


def _inspect(world: World, field: Field, url: str, limits: InputLimits) -> InputInfo | None:
    """Return what is known about the file at *url*, or encoded in it; None for an address outside of this simulator."""
    rule = _rule(field)
    if isinstance(rule, MediaContent) and not Link.accepts(rule, url):
        content = decode_base64(url) or b""
        info = inspect_image(content)
        return InputInfo(info.format, info.width, info.height, None, len(content))
    try:
        upload = world.uploads.find_by_url(url)
        if upload is not None:
            info = upload.info
            return InputInfo(info.format, info.width, info.height, info.seconds, upload.bytes, info.rate)
        medium = _result(world, url)
    except LookupError as error:
        raise RefusedError(limits.unfit, f"{field.name}: {error.args[0]}; got {url!r}", field.fact) from None
    return None if medium is None else _info_of(medium)


def _result(world: World, url: str) -> MediaSpec | None:
    """Return the medium of the result at *url*, or None if it is no result of this world.

    Raises:
        LookupError: It is one, but is not available: not made yet, expired, or the signature is wrong.
    """
    parts = urlsplit(url)
    _, separator, rest = parts.path.partition(f"/{results.SEGMENT}/")
    task_id, _, name = rest.partition("/")
    task_id = unquote(task_id)
    # The host is not compared: one server may have several names. Task ids identify the vendor.
    owners = [slug for slug, service in world.services.items() if task_id in service.tasks] if separator else []
    if not owners:
        return None
    found = results.resolve(world, owners[0], task_id, name, parts.query.encode())
    if not isinstance(found, Response):
        return found
    raise LookupError(orjson.loads(found.body)["error"])


def _info_of(medium: MediaSpec) -> InputInfo:
    kind = media_type(medium)
    label = _FORMATS.get(kind) or kind.partition("/")[2].upper()
    if isinstance(medium, Audio):
        return InputInfo(label, None, None, medium.seconds, None)
    if isinstance(medium, Diagram):  # its size follows from its content, and is known once it is drawn
        return InputInfo(label, None, None, None, None)
    if isinstance(medium, Video):
        return InputInfo(label, medium.width, medium.height, medium.seconds, None, medium.fps)
    return InputInfo(label, medium.width, medium.height, None, None)


def _check(field: Field, rule: MediaLink, known: InputInfo, limits: InputLimits, sizes: dict[str, list[Any]]) -> None:
    if known.bytes is not None:
        if limits.bytes is not None and known.bytes >= limits.bytes:
            detail = f"{field.name} must be smaller than {limits.bytes} bytes; got {known.bytes}"
            raise RefusedError(limits.too_large, detail, limits.fact)
        if rule.bytes is not None and known.bytes > rule.bytes:
            detail = f"{field.name} must have at most {rule.bytes} bytes; got {known.bytes}"
            raise RefusedError(limits.too_large, detail, field.fact)
    if known.format not in rule.formats:
        actual = known.format or "a file that is no image, video or audio"
        detail = f"{field.name} must be one of {', '.join(rule.formats)}; got {actual}"
        raise RefusedError(limits.unfit, detail, rule.formats_fact or field.fact)
    for problem in (_duration_error(rule, known), _size_error(rule, known), _match_error(rule, known, sizes)):
        if problem:
            raise RefusedError(limits.unfit, f"{field.name} must {problem}", field.fact)


def _duration_error(rule: MediaLink, known: InputInfo) -> str:
    actual = known.seconds or 0.0
    if rule.seconds is not None and abs(actual - rule.seconds) > _TOLERANCE:
        return f"last {rule.seconds:g} seconds; got {actual:g}"
    if rule.shortest is not None and known.seconds is not None and actual < rule.shortest - _TOLERANCE:
        return f"last at least {rule.shortest:g} seconds; got {actual:g}"
    if rule.longest is not None and actual > rule.longest + _TOLERANCE:
        return f"last at most {rule.longest:g} seconds; got {actual:g}"
    if rule.rates is not None and known.rate and not rule.rates[0] <= round(known.rate, 2) <= rule.rates[1]:
        return f"have {rule.rates[0]:g} to {rule.rates[1]:g} frames a second; got {known.rate:g}"
    return ""


def _size_error(rule: MediaLink, known: InputInfo) -> str:
    if not known.width or not known.height:
        return ""
    short, long = sorted((known.width, known.height))
    actual = f"got {known.width}x{known.height}"
    if rule.lines is not None and short != rule.lines:
        return f"be {rule.lines}p; {actual}"
    if rule.over is not None and short <= rule.over:
        return f"be over {rule.over} pixels wide and high; {actual}"
    if rule.under is not None and long >= rule.under:
        return f"be under {rule.under} pixels wide and high; {actual}"
    if rule.within is not None and not rule.within[0] <= short <= long <= rule.within[1]:
        return f"be {rule.within[0]} to {rule.within[1]} pixels wide and high; {actual}"
    return _ratio_error(rule, known.width, known.height)


def _ratio_error(rule: MediaLink, width: int, height: int) -> str:
    ratio, actual = max(width, height) / min(width, height), f"got {width}x{height}"
    if rule.ratios is not None and not rule.ratios[0] <= width / height <= rule.ratios[1]:
        return f"be {rule.ratios[0]:g} to {rule.ratios[1]:g} times as wide as high; {actual}"
    if rule.ratio_under is not None and ratio >= rule.ratio_under:
        return f"have a ratio of its sides under {rule.ratio_under:g}; {actual}"
    if rule.ratio_most is not None and ratio > rule.ratio_most:
        return f"have a ratio of its sides from 1:{rule.ratio_most:g} to {rule.ratio_most:g}:1; {actual}"
    return ""


def _match_error(rule: MediaLink, known: InputInfo, sizes: dict[str, list[Any]]) -> str:
    other = sizes.get(rule.same_size_as or "")
    shape = sizes.get(rule.same_ratio_as or "")
    if shape is not None and known.width and known.height:
        off = known.width * shape[1] / (known.height * shape[0])
        if abs(off - 1) > _TOLERANCE:
            return f"have the ratio of {rule.same_ratio_as}, {shape[0]}x{shape[1]}; got {known.width}x{known.height}"
    if other is None or other[:_SIDES] == [known.width, known.height]:
        return ""
    return f"have the size of {rule.same_size_as}, {other[0]}x{other[1]}; got {known.width}x{known.height}"
