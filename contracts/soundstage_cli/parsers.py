"""Argument parsers that shell completion can read and that report an error in one line."""

from __future__ import annotations

import argparse
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NoReturn

from soundstage_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


class Parser(argparse.ArgumentParser):
    """An argument parser with a public list of its arguments.

    Attributes:
        resolve_parser: Given all words, returns the parser of the remaining words and those words; None if this
            parser reads them itself.
        subcommands: The parser of each subcommand that was added, by name.
    """

    resolve_parser: Callable[[Sequence[str]], tuple[Parser, Sequence[str]]] | None = None
    subcommands: Mapping[str, Parser] = MappingProxyType({})

    @property
    def arguments(self) -> Sequence[argparse.Action]:
        """Every argument, in the order in which they were added."""
        return tuple(self._actions)

    def suggested_option(self, word: str) -> str:
        """Return ``; did you mean ...?`` with the option closest to *word*, or nothing if none is close."""
        name, _, _ = word.partition("=")
        shown = [action for action in self.arguments if action.help != argparse.SUPPRESS]
        known = [text for action in shown for text in action.option_strings]
        return suggestion(name, known) if name.startswith("-") else ""


class StrictParser(Parser):
    """A parser for commands that spend money: no abbreviated options, and an error is one line with the way out.

    Raises:
        UsageError: The arguments are invalid, from `parse`.
    """

    def __init__(self, prog: str, description: str = "", epilog: str = "") -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def error(self, message: str) -> NoReturn:
        """Raise *message* with a pointer to the help."""
        raise UsageError(f"{message}; see {self.prog} --help")

    def parse(self, words: Iterable[str]) -> argparse.Namespace:
        """Parse *words*; an option may be written with underscores.

        Raises:
            UsageError: A word is unknown, or has a value that is not allowed.
        """
        parsed, unknown = self.parse_known_args([_with_dashes(word) for word in words])
        if unknown:
            raise UsageError(f"{unknown[0]!r} is unknown{self.suggested_option(unknown[0])}; see {self.prog} --help")
        return parsed


def _with_dashes(word: str) -> str:
    """Replace underscores in the name of an option, but not in its value."""
    name, equals, value = word.partition("=")
    return f"{name.replace('_', '-')}{equals}{value}" if word.startswith("--") else word


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean ...?`` with the closest of *known*, or nothing if none is close."""
    close = get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


_COMPLETER: Final = "soundstage_completer"
# argparse has no public name for the class of its append action.
_AppendAction: Final = type(argparse.ArgumentParser(add_help=False).add_argument("--x", action="append"))


def set_completer(action: argparse.Action, completer: Callable[[str], Iterable[str]]) -> None:
    """Let *completer*, given the typed beginning of a value, return what completion offers for *action*."""
    setattr(action, _COMPLETER, completer)


def completions_for(action: argparse.Action, current: str) -> list[str]:
    """Return what completion offers for *action* after the typed *current*; a tab separates a description."""
    completer: Callable[[str], Iterable[str]] | None = getattr(action, _COMPLETER, None)
    if completer is not None:
        return list(completer(current))
    return [str(choice) for choice in action.choices or ()]


def is_repeatable(action: argparse.Action) -> bool:
    """Return whether the option may be given several times."""
    return isinstance(action, _AppendAction)
