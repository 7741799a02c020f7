"""Parsing, checks and error messages for option values that several subcommands share."""

from __future__ import annotations

import ipaddress
import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from soundstage_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_LENGTH: Final = 80


def parse_int(option: str, text: str, least: int | None = None, most: int | None = None) -> int:
    """Parse *text*, the value of *option*, as a whole number.

    Raises:
        UsageError: It is not a whole number, or is outside *least* to *most*.
    """
    try:
        number = int(text)
    except ValueError:
        number = None
    if number is None or (least is not None and number < least) or (most is not None and number > most):
        bounds = "" if least is None else f" from {least} to {most}"
        raise UsageError(f"{option} is {text!r}; allowed: a whole number{bounds}")
    return number


def parse_seconds(option: str, text: str, least: float = 0.0) -> float:
    """Parse *text*, the value of *option*, as a number of seconds.

    Raises:
        UsageError: It is not a number, or is less than *least*.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not least <= seconds < math.inf:
        raise UsageError(f"{option} is {text!r}; allowed: seconds, at least {least:g}")
    return seconds


@contextmanager
def errors_of_option(option: str) -> Iterator[None]:
    """Convert a ValueError of the block, which names value and allowed values, into an error of *option*.

    Raises:
        UsageError: The block raised a ValueError.
    """
    try:
        yield
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None


def shorten(value: object) -> str:
    """Return the repr of *value* for a message, cut if it is long, such as an image in a text."""
    text = repr(value)
    return text if len(text) <= _MAX_LENGTH else f"{text[: _MAX_LENGTH - 1]}\N{HORIZONTAL ELLIPSIS}"


def is_loopback(host: str) -> bool:
    """Return whether *host* is an address of this machine only; a name other than ``localhost`` is not resolved."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
