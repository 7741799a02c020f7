"""The errors of a command, each with its exit code, and the hint for a missing extra."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OWN_PACKAGES: Final = ("soundstage", "soundstage_server", "soundstage_contracts", "soundstage_cli")


class CommandError(Exception):
    """The command failed; the message is all that the user sees."""

    exit_code: ClassVar[int] = 1


class UsageError(CommandError):
    """The arguments are invalid; nothing was started."""

    exit_code: ClassVar[int] = 2


def print_left_out(sentences: Mapping[str, str]) -> None:
    """Print a sentence for each vendor that a command leaves out, on standard error."""
    for sentence in sentences.values():
        print(f"soundstage: left out: {sentence}", file=sys.stderr)


def install_command(extra: str) -> str:
    """Return how to install *extra*. No release exists yet, so the source is a clone of the repository."""
    return f"pip install '.[{extra}]' in a clone of the repository"


@contextmanager
def needs_extra(extra: str, command: str) -> Iterator[None]:
    """Convert the missing import of a third-party package into the name of the *extra* that *command* needs.

    Raises:
        CommandError: A third-party package is missing. A missing module of our own is a bug and passes unchanged.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in _OWN_PACKAGES:
            raise
        hint = f"{install_command(extra)} ({error.name} is not installed)"
        raise CommandError(f"{command} needs the {extra} extra: {hint}") from error
