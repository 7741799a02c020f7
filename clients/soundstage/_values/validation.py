"""Argument checks: each returns what it was given, or names the argument, the value and what is allowed."""

from __future__ import annotations

import inspect
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from urllib.parse import urlsplit

from soundstage._values.redaction import hide_query
from soundstage.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable

C = TypeVar("C")

_SHOWN = 80
_SHA256 = re.compile(r"[0-9a-fA-F]{64}\Z")
_UNUSABLE = re.compile(r"[\x00-\x20\x7f\\]")  # a backslash is read as a slash by some and not by others


def invalid(field: str, value: object, allowed: str, *, shown: str | None = None) -> NoReturn:
    """Refuse *value*.

    Args:
        field: The argument's name.
        value: What was given.
        allowed: What may be given.
        shown: What to print in the value's place, for one that may hold a secret; the value is then not kept either.

    Raises:
        InvalidArgument: Always.
    """
    text = _shorten(repr(value)) if shown is None else shown
    kept = value if shown is None else shown
    raise InvalidArgument(f"{field}={text} is not allowed: {allowed}", field=field, value=kept, allowed=allowed)


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def text(field: str, value: object, *, longest: int | None = None) -> str:
    """A string with something in it, of at most *longest* characters."""
    allowed = "a string that is not blank"
    if longest is not None:
        allowed += f", of at most {longest} characters"
    if not isinstance(value, str) or not value.strip() or (longest is not None and len(value) > longest):
        invalid(field, value, allowed)
    if not _encodes(value):
        invalid(field, value, "a string that UTF-8 can hold (no lone surrogates)")
    return value


def optional_text(field: str, value: object) -> str | None:
    """Any string that can be sent, or None."""
    if value is None:
        return None
    if not isinstance(value, str) or not _encodes(value):
        invalid(field, value, "a string that UTF-8 can hold, or None")
    return value


def _encodes(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def choice(field: str, value: C, allowed: Iterable[C]) -> C:
    """One of *allowed*, by value and by type: True is not 1."""
    members = tuple(allowed)
    for member in members:
        if type(member) is type(value) and member == value:
            return value
    invalid(field, value, "one of " + ", ".join(map(repr, members)))


def whole_number(field: str, value: object, *, least: int, most: int | None = None) -> int:
    """An integer from *least* to *most*; a boolean is none."""
    span = f"an integer from {least} to {most}" if most is not None else f"an integer of at least {least}"
    if not isinstance(value, int) or isinstance(value, bool) or value < least or (most is not None and value > most):
        invalid(field, value, span)
    return value


def number(
    field: str,
    value: Any,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    infinite: bool = False,
) -> float:
    """A number in a range, finite unless *infinite*."""
    bounds = [f"of at least {least}"] if least is not None else []
    bounds += [f"above {above}"] if above is not None else []
    bounds += [f"of at most {most}"] if most is not None else []
    bounds += ["or infinite"] if infinite else ["and finite"]
    inside = (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and (math.isfinite(value) or (infinite and value == math.inf))
        and (least is None or value >= least)
        and (above is None or value > above)
        and (most is None or value <= most)
    )
    if not inside:
        invalid(field, value, "a number " + " ".join(bounds))
    return float(value)


def web_address(field: str, value: object) -> str:
    """An absolute http or https address, without spaces, backslashes or control characters."""
    allowed = "an absolute http:// or https:// address"
    if not isinstance(value, str):
        invalid(field, value, allowed)
    if not is_web_address(value):
        invalid(field, value, allowed, shown=repr(_shorten(hide_query(value))))
    return value


def is_web_address(value: str) -> bool:
    """Whether *value* is an absolute http or https address."""
    try:
        parts = urlsplit(value)
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and usable and not _UNUSABLE.search(value)


def base_address(field: str, value: object) -> str:
    """An address to build on: no user, no query, no fragment; returned without its last slash."""
    address = web_address(field, value)
    parts = urlsplit(address)
    if parts.query or parts.fragment or "@" in parts.netloc:
        allowed = "an address without user name, query or fragment"
        invalid(field, value, allowed, shown=repr(hide_query(address)))
    return address.rstrip("/")


def sha256(field: str, value: object) -> str | None:
    """A SHA-256 in hexadecimal, in lower case, or None."""
    if value is None:
        return None
    if not isinstance(value, str) or not _SHA256.match(value):
        invalid(field, value, "64 hexadecimal digits, or None")
    return value.lower()


def path(field: str, value: Any) -> Path:
    """A path of the file system, as text or as a path object."""
    try:
        place = Path(value) if value else None
    except TypeError:
        place = None
    if place is None or "\0" in str(place):
        invalid(field, value, "a path, as text or as a path object")
    return place


def instance(field: str, value: C, kind: type) -> C:
    """An instance of *kind*, or None."""
    if value is not None and not isinstance(value, kind):
        invalid(field, value, f"an instance of {kind.__module__.lstrip('_')}.{kind.__qualname__}, or None")
    return value


def plain_callable(field: str, value: Any) -> Any:
    """A callable that is no coroutine function, as nobody would await it; or None."""
    if value is not None and (not callable(value) or inspect.iscoroutinefunction(value)):
        invalid(field, value, "a plain callable (not an async one), or None")
    return value
