"""Argument validation: each function returns its value, or raises an error with argument, value and what is allowed."""

from __future__ import annotations

import inspect
import math
import re
from contextlib import suppress
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from urllib.parse import urlsplit

from soundstage._values.redaction import hide_query
from soundstage._values.suggestions import did_you_mean
from soundstage.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable

C = TypeVar("C")

_SHOWN = 80
_LONGEST = 500
_PORTS = {"http": 80, "https": 443}
_SHA256 = re.compile(r"[0-9a-fA-F]{64}\Z")
# A backslash is a slash to some URL parsers and not to others, which would then see two different hosts.
_UNUSABLE = re.compile(r"[\x00-\x20\x7f\\]")


def invalid(field: str, value: object, allowed: str, *, shown: str | None = None, hint: str = "") -> NoReturn:
    """Raise the error for an invalid argument.

    Args:
        field: The name of the argument.
        value: The invalid value.
        allowed: What is allowed.
        shown: What the message shows instead of the value; a value that may contain a secret is then not kept either.
        hint: What follows *allowed*, and is there however long that is, such as a suggestion.

    Raises:
        InvalidArgument: Always.
    """
    # A file name or a reason from the system may repeat the value, which may be megabytes of base64.
    allowed = (allowed if len(allowed) <= _LONGEST else f"{allowed[:_LONGEST]}…") + hint
    shown = shown if shown is None or len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
    text = shortened(repr(value)) if shown is None else shown
    kept = value if shown is None else shown
    raise InvalidArgument(f"{field}={text} is not allowed: {allowed}", field=field, value=kept, allowed=allowed)


def shortened(text: str) -> str:
    """Return *text*, cut where it is too long for a message."""
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def text(field: str, value: object, *, longest: int | None = None) -> str:
    """Check a string that is not blank, of at most *longest* characters."""
    allowed = "a string that is not blank"
    if longest is not None:
        allowed += f", of at most {longest} characters"
    if not isinstance(value, str) or not value.strip() or (longest is not None and len(value) > longest):
        invalid(field, value, allowed)
    if not _encodes(value):
        invalid(field, value, "a string that can be encoded as UTF-8 (no lone surrogates)")
    return value


def optional_text(field: str, value: object) -> str | None:
    """Check any string that can be sent, or None."""
    if value is None:
        return None
    if not isinstance(value, str) or not _encodes(value):
        invalid(field, value, "a string that can be encoded as UTF-8, or None")
    return value


def _encodes(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def choice(field: str, value: C, allowed: Iterable[C]) -> C:
    """Check one of *allowed*, by value and by type: True is not 1. The error suggests the nearest text."""
    members = tuple(allowed)
    for member in members:
        if type(member) is type(value) and member == value:
            return value
    invalid(field, value, "one of " + ", ".join(map(repr, members)), hint=did_you_mean(value, members))


def whole_number(field: str, value: object, *, least: int, most: int | None = None) -> int:
    """Check an integer from *least* to *most*; a boolean is not an integer."""
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
    """Check a number in a range, finite unless *infinite*."""
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


def duration(field: str, value: object) -> float:
    """Check a time above 0, as seconds or as a timedelta, and return its seconds."""
    found = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 < found < math.inf:
        invalid(field, value, "a timedelta or a number of seconds above 0")
    return float(found)


def web_address(field: str, value: object) -> str:
    """Check an absolute http or https address, without spaces, backslashes or control characters."""
    allowed = "an absolute http:// or https:// address"
    if not isinstance(value, str):
        invalid(field, value, allowed)
    if not is_web_address(value):
        invalid(field, value, allowed, shown=repr(shortened(hide_query(value))))
    return value


def is_web_address(value: str) -> bool:
    """Whether *value* is an absolute http or https address."""
    try:
        parts = urlsplit(value)
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and usable and not _UNUSABLE.search(value)


def url_path(url: str) -> str:
    """Return the path of *url*, "" where it is no address: services have sent `https://[object Object]/`."""
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port of *url*, with the default port of the scheme filled in."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def base_address(field: str, value: object) -> str:
    """Check a base address: no user, no query, no fragment; returned without its last slash."""
    if isinstance(value, str):
        with suppress(ValueError):
            return _usable_base(value)
    address = web_address(field, value)
    invalid(field, value, "an address without user name, query or fragment", shown=repr(hide_query(address)))


@lru_cache(maxsize=64)
def _usable_base(address: str) -> str:
    """Return a base address without its last slash; an error is not remembered, since the address may have a password.

    Raises:
        ValueError: It cannot be used.
    """
    parts = urlsplit(address)
    if not is_web_address(address) or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError
    return address.rstrip("/")


def sha256(field: str, value: object) -> str | None:
    """Check a SHA-256 in hexadecimal, or None; returned in lower case."""
    if value is None:
        return None
    if not isinstance(value, str) or not _SHA256.match(value):
        invalid(field, value, "64 hexadecimal digits, or None")
    return value.lower()


def path(field: str, value: Any) -> Path:
    """Check a path of the file system, as text or as a path object."""
    try:
        found = Path(value) if value else None
    except TypeError:
        found = None
    if found is None or "\0" in str(found):
        invalid(field, value, "a path, as text or as a path object")
    return found


def instance(field: str, value: C, kind: type) -> C:
    """Check an instance of *kind*, or None."""
    if value is not None and not isinstance(value, kind):
        invalid(field, value, f"an instance of {kind.__module__.lstrip('_')}.{kind.__qualname__}, or None")
    return value


def plain_callable(field: str, value: Any) -> Any:
    """Check a callable, or None; a coroutine function is refused, because its result would never be awaited."""
    if value is not None and (not callable(value) or inspect.iscoroutinefunction(value)):
        invalid(field, value, "a plain callable (not an async one), or None")
    return value
