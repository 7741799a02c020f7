"""Bounds of what comes from outside, checked in one place on entry: what is accepted can also be stored and shown.

JSON that is accepted could otherwise break what writes it later: orjson reads deeper than it writes, writes no number
above 64 bits, and no half of a surrogate pair.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

MAX_DEPTH: Final = 64
"""How deep the JSON of a vendor's request may be nested; no vendor documents more than 8."""
MAX_CONTROL_DEPTH: Final = MAX_DEPTH + 16
"""How deep the JSON of a control call may be nested: a snapshot contains parameters of tasks."""
MAX_COUNT: Final = 1_000_000_000
"""The limit of numbers that count something."""
MAX_TEXT: Final = 4_096
"""The limit of texts that match something, in characters."""
MAX_WHOLE: Final = 2**63 - 1
"""The limit of other whole numbers."""
MAX_SHOWN: Final = 200
"""How many characters of one value a message repeats."""


class DepthError(ValueError):
    """JSON is nested too deep."""


def shown(value: object) -> str:
    """Return *value* as a message repeats it: as Python writes it, and cut, since a caller may send any length."""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}... ({len(text)} characters)"


def load_json(body: bytes, depth: int = MAX_DEPTH) -> Any:
    """Parse JSON in UTF-8 that is nested at most *depth* deep.

    Raises:
        DepthError: It is nested deeper.
        ValueError: It is not JSON in UTF-8.
    """
    value = orjson.loads(body)
    # Counting brackets is fast, and nearly every body has fewer of them than it may be deep.
    if body.count(b"[") + body.count(b"{") > depth and _is_deeper(value, depth):
        raise DepthError(f"it is nested more than {depth} levels deep")
    return value


def _is_deeper(value: object, depth: int) -> bool:
    level = [value]
    for _ in range(depth + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def check_count(name: str, value: int | None) -> None:
    """Check a number that counts something; None is no limit.

    Raises:
        ValueError: It is not from 1 to `MAX_COUNT`.
    """
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_COUNT):
        raise ValueError(f"{name} must be from 1 to {MAX_COUNT}, or None; got {value!r}")


def check_whole(name: str, value: int | None) -> None:
    """Check a whole number that may be stored as JSON.

    Raises:
        ValueError: It has more than 64 bits.
    """
    if value is not None and not -MAX_WHOLE <= value <= MAX_WHOLE:
        raise ValueError(f"{name} must have at most 64 bits; got {value!r}")


def check_text(name: str, value: str | None) -> None:
    """Check a text that may be stored as JSON.

    Raises:
        ValueError: It is too long, or contains half of a surrogate pair.
    """
    if value is None:
        return
    if len(value) > MAX_TEXT:
        raise ValueError(f"{name} must have at most {MAX_TEXT} characters; got {len(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name} must contain no half of a surrogate pair; got {value!r}") from None
