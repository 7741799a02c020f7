"""The ways in which a command ends badly, each with its exit code."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_OURS: Final = ("soundstage", "soundstage_server", "soundstage_contracts")


class CommandError(Exception):
    """The command could not do what it was asked; the message is all that the user sees."""

    exit_code: ClassVar[int] = 1


class UsageError(CommandError):
    """The command was asked for something that does not exist; nothing was begun."""

    exit_code: ClassVar[int] = 2


@contextmanager
def needs_extra(extra: str, command: str) -> Iterator[None]:
    """Answer a package missing inside the block with the extra that brings it.

    Raises:
        CommandError: An import failed; a module of our own that is missing is a bug, and stays what it is.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in _OURS:
            raise
        hint = f"pip install 'soundstage[{extra}]'"
        raise CommandError(f"{command} needs the {extra} extra: {hint} ({error.name} is not installed)") from error
