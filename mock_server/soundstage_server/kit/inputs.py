"""Rules on input files: size, format, dimensions, duration, as a vendor declares them on its parameters.

They are checked for files that the simulator holds, for results that it made itself, so that a chain of jobs is checked
in every link, and for pictures that come in base64 within a request; other addresses are taken on trust, since nothing
here connects to anywhere.
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
"""Where a task's parameters keep the width and height of its inputs, by parameter."""

_TOLERANCE: Final = 0.05
_SIDES: Final = 2
_FORMATS: Final = {"video/mp4": "MP4", "audio/mpeg": "MP3"}


class InputLimits(NamedTuple):
    """What a vendor says of every input file.

    Attributes:
        bytes: A file must be smaller than that; None leaves the size to each parameter.
        fact: The fact that says so, without the slug.
        too_large: How a larger one is refused.
        unfit: How one is refused that breaks another rule.
    """

    bytes: int | None
    fact: str
    too_large: Refusal
    unfit: Refusal


@dataclass(frozen=True, slots=True)
class MediaLink(Link):
    """An address of a picture, a film or a sound.

    Attributes:
        formats: The formats that it may have: ``JPEG``, ``PNG``, ``WEBP``, ``GIF``, ``BMP``, ``MP4``, ``MOV``, ``MP3``.
        formats_fact: The fact that names them, without the slug; None is the parameter's own.
        bytes: It must be at most so large, where that is less than the vendor's limit.
        seconds: It must last so long, within a twentieth of a second.
        shortest: It must last at least so many seconds.
        longest: It must last at most so many seconds.
        rates: The least and the most frames a second that it may have.
        lines: Its short side, in pixels.
        over: Both sides must be longer than that, in pixels.
        under: Both sides must be shorter than that, in pixels.
        within: The shortest and the longest that either side may be, in pixels.
        ratio_under: The long side, divided by the short one, must be less.
        ratio_most: The long side, divided by the short one, must be at most that.
        ratios: The least and the most that its width, divided by its height, may be.
        same_ratio_as: The parameter whose picture has the same ratio of its sides, within a twentieth.
        same_size_as: The parameter whose picture has the same size.
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
    """A picture itself, in base64 without the prefix of a data address; or its address, where that is allowed.

    Attributes:
        address: Whether an address will do.
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
        """Return whether *value* is such a text; what kind of file it is `admit` finds out."""
        return (self.address and Link.accepts(self, value)) or decode_base64(value) is not None


class InputInfo(NamedTuple):
    """What is known of an input file."""

    format: str | None
    width: int | None
    height: int | None
    seconds: float | None
    bytes: int | None
    rate: float | None = None


def decode_base64(value: object) -> bytes | None:
    """Return the bytes that *value* is the base64 of, or None if it is no base64, or that of nothing."""
    if not isinstance(value, str):
        return None
    try:
        return b64decode(value, validate=True) or None
    except ValueError:
        return None


def media_fields(fields: Iterable[Field]) -> tuple[Field, ...]:
    """Return those of *fields* that name files."""
    return tuple(field for field in fields if isinstance(_rule(field), MediaLink))


def _rule(field: Field) -> Rule:
    """What each file of *field* keeps, whether it is one or a list of them."""
    return field.rule.rule if isinstance(field.rule, ListOf) else field.rule


def validate_inputs(world: World, limits: InputLimits, fields: Iterable[Field], params: dict[str, Any]) -> None:
    """Check the files that *params* name or hold by *fields*, and keep the sizes of their pictures among *params*.

    What was sent in base64 gives way to its digest, so that a task does not hold on to files.

    Raises:
        RefusedError: A file breaks a rule of its parameter or the vendor's limit, or is not there.
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
                lasts = [] if known.seconds is None else [known.seconds]
                sizes.setdefault(field.name, [known.width, known.height, *lasts])
            if url is given and isinstance(rule, MediaContent) and not Link.accepts(rule, url):
                params[field.name] = f"sha256:{sha256(url.encode()).hexdigest()}"
    if sizes:
        params[MEASURED] = sizes


def known_size(params: dict[str, Any], *names: str) -> tuple[int, int] | None:
    """Return width and height of the first of the inputs *names* whose size is known; of a list, its first file's."""
    sizes = params.get(MEASURED, {})
    for name in names:
        if name in sizes:
            width, height = sizes[name][:_SIDES]
            return width, height
    return None


def known_seconds(params: dict[str, Any], name: str) -> float | None:
    """Return how many seconds the film lasts that is the input *name*, if that is known."""
    looks = params.get(MEASURED, {}).get(name, ())
    seconds: float | None = looks[_SIDES] if len(looks) > _SIDES else None
    return seconds


def _inspect(world: World, field: Field, url: str, limits: InputLimits) -> InputInfo | None:
    """Return what is known of the file at *url*, or that it is the base64 of; None if it is somebody else's."""
    rule = _rule(field)
    if isinstance(rule, MediaContent) and not Link.accepts(rule, url):
        content = decode_base64(url) or b""
        looks = inspect_image(content)
        return InputInfo(looks.format, looks.width, looks.height, None, len(content))
    try:
        held = world.uploads.find_by_url(url)
        if held is not None:
            looks = held.info
            return InputInfo(looks.format, looks.width, looks.height, looks.seconds, held.bytes, looks.rate)
        medium = _result(world, url)
    except LookupError as error:
        raise RefusedError(limits.unfit, f"{field.name}: {error.args[0]}; got {url!r}", field.fact) from None
    return None if medium is None else _info_of(medium)


def _result(world: World, url: str) -> MediaSpec | None:
    """Return the medium of the result at *url*, or None if it is no result of this world.

    Raises:
        LookupError: It is one, and is not handed out: not made yet, expired, changed.
    """
    parts = urlsplit(url)
    _, found, rest = parts.path.partition(f"/{results.SEGMENT}/")
    task_id, _, name = rest.partition("/")
    task_id = unquote(task_id)
    owners = [slug for slug, service in world.services.items() if task_id in service.tasks] if found else []
    if not owners:
        return None
    there = results.resolve(world, owners[0], task_id, name, parts.query.encode())
    if not isinstance(there, Response):
        return there
    raise LookupError(orjson.loads(there.body)["error"])


def _info_of(medium: MediaSpec) -> InputInfo:
    kind = media_type(medium)
    label = _FORMATS.get(kind) or kind.partition("/")[2].upper()
    if isinstance(medium, Audio):
        return InputInfo(label, None, None, medium.seconds, None)
    if isinstance(medium, Diagram):  # as large as its content needs, which nobody knows before it is drawn
        return InputInfo(label, None, None, None, None)
    if isinstance(medium, Video):
        return InputInfo(label, medium.width, medium.height, medium.seconds, None, medium.fps)
    return InputInfo(label, medium.width, medium.height, None, None)


def _check(field: Field, rule: MediaLink, known: InputInfo, limits: InputLimits, sizes: dict[str, list[Any]]) -> None:
    if known.bytes is not None:
        if limits.bytes is not None and known.bytes >= limits.bytes:
            said = f"{field.name} must be smaller than {limits.bytes} bytes; got {known.bytes}"
            raise RefusedError(limits.too_large, said, limits.fact)
        if rule.bytes is not None and known.bytes > rule.bytes:
            said = f"{field.name} must have at most {rule.bytes} bytes; got {known.bytes}"
            raise RefusedError(limits.too_large, said, field.fact)
    if known.format not in rule.formats:
        came = known.format or "a file that is no picture, film or sound"
        said = f"{field.name} must be one of {', '.join(rule.formats)}; got {came}"
        raise RefusedError(limits.unfit, said, rule.formats_fact or field.fact)
    for said in (_duration_error(rule, known), _size_error(rule, known), _match_error(rule, known, sizes)):
        if said:
            raise RefusedError(limits.unfit, f"{field.name} must {said}", field.fact)


def _duration_error(rule: MediaLink, known: InputInfo) -> str:
    came = known.seconds or 0.0
    if rule.seconds is not None and abs(came - rule.seconds) > _TOLERANCE:
        return f"last {rule.seconds:g} seconds; got {came:g}"
    if rule.shortest is not None and known.seconds is not None and came < rule.shortest - _TOLERANCE:
        return f"last at least {rule.shortest:g} seconds; got {came:g}"
    if rule.longest is not None and came > rule.longest + _TOLERANCE:
        return f"last at most {rule.longest:g} seconds; got {came:g}"
    if rule.rates is not None and known.rate and not rule.rates[0] <= round(known.rate, 2) <= rule.rates[1]:
        return f"have {rule.rates[0]:g} to {rule.rates[1]:g} frames a second; got {known.rate:g}"
    return ""


def _size_error(rule: MediaLink, known: InputInfo) -> str:
    if not known.width or not known.height:
        return ""
    short, long = sorted((known.width, known.height))
    came = f"got {known.width}x{known.height}"
    if rule.lines is not None and short != rule.lines:
        return f"be {rule.lines}p; {came}"
    if rule.over is not None and short <= rule.over:
        return f"be over {rule.over} pixels wide and high; {came}"
    if rule.under is not None and long >= rule.under:
        return f"be under {rule.under} pixels wide and high; {came}"
    if rule.within is not None and not rule.within[0] <= short <= long <= rule.within[1]:
        return f"be {rule.within[0]} to {rule.within[1]} pixels wide and high; {came}"
    return _ratio_error(rule, known.width, known.height)


def _ratio_error(rule: MediaLink, width: int, height: int) -> str:
    ratio, came = max(width, height) / min(width, height), f"got {width}x{height}"
    if rule.ratios is not None and not rule.ratios[0] <= width / height <= rule.ratios[1]:
        return f"be {rule.ratios[0]:g} to {rule.ratios[1]:g} times as wide as high; {came}"
    if rule.ratio_under is not None and ratio >= rule.ratio_under:
        return f"have a ratio of its sides under {rule.ratio_under:g}; {came}"
    if rule.ratio_most is not None and ratio > rule.ratio_most:
        return f"have a ratio of its sides from 1:{rule.ratio_most:g} to {rule.ratio_most:g}:1; {came}"
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
