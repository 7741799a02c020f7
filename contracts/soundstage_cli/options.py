"""Reads the values of options that several subcommands share, and refuses a bad one by its option's name."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from soundstage_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_LENGTH: Final = 80


def parse_int(option: str, text: str, least: int | None = None, most: int | None = None) -> int:
    """Read the whole number that *text* is.

    Raises:
        UsageError: It is none, or is outside *least* to *most*.
    """
    try:
        number = int(text)
    except ValueError:
        number = None
    if number is None or (least is not None and number < least) or (most is not None and number > most):
        bounds = "" if least is None else f" from {least} to {most}"
        raise UsageError(f"{option} is {text!r}; allowed: a whole number{bounds}")
    return number


@contextmanager
def errors_of_option(option: str) -> Iterator[None]:
    """Refuse the value of *option* with the words of a ValueError inside the block, which name value and allowed.

    Raises:
        UsageError: The block raised a ValueError.
    """
    try:
        yield
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None


def shorten(value: object) -> str:
    """Return *value* as a message shows it, cut where it is long, such as a picture in a text."""
    text = repr(value)
    return text if len(text) <= _MAX_LENGTH else f"{text[: _MAX_LENGTH - 1]}\N{HORIZONTAL ELLIPSIS}"
