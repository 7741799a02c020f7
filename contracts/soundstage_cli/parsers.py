"""A parser that shell completion can read, and that reports a mistake in one line."""

from __future__ import annotations

import argparse
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, NoReturn

from soundstage_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


class Parser(argparse.ArgumentParser):
    """An argument parser whose actions can be asked for.

    Attributes:
        resolve_parser: Given all words, returns the parser of the remaining words and those words.
    """

    resolve_parser: Callable[[Sequence[str]], tuple[Parser, Sequence[str]]] | None = None

    @property
    def arguments(self) -> Sequence[argparse.Action]:
        """Every argument, in the order in which they were added."""
        return tuple(self._actions)


class StrictParser(Parser):
    """A parser for money: nothing is abbreviated, and a mistake is one line with the way out.

    Raises:
        UsageError: What was typed makes no sense, from `parse`.
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
        """Say what is wrong, and where the help is."""
        raise UsageError(f"{message}; see {self.prog} --help")

    def parse(self, words: Iterable[str]) -> argparse.Namespace:
        """Read *words*, in which an option may be written with underscores.

        Raises:
            UsageError: One of them is unknown, or has a value that is not allowed.
        """
        found, unknown = self.parse_known_args([_dashed(word) for word in words])
        if unknown:
            options = [text for action in self.arguments for text in action.option_strings]
            raise UsageError(f"{unknown[0]!r} is unknown{suggestion(unknown[0], options)}; see {self.prog} --help")
        return found


def _dashed(word: str) -> str:
    """An option's name with dashes, whatever it was written with; values stay as they are."""
    name, equals, value = word.partition("=")
    return f"{name.replace('_', '-')}{equals}{value}" if word.startswith("--") else word


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return a question for what *word* was meant to be, or nothing."""
    close = get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


_COMPLETERS: Final = "soundstage_completer"
_APPENDING: Final = type(argparse.ArgumentParser(add_help=False).add_argument("--x", action="append"))


def set_completer(action: argparse.Action, words: Callable[[str], Iterable[str]]) -> None:
    """Let *words*, given what is typed of one, be what completion offers as a value of *action*."""
    setattr(action, _COMPLETERS, words)


def completions_for(action: argparse.Action, current: str) -> list[str]:
    """Return what completion offers as a value of *action*, of which *current* is typed; a tab begins what it is."""
    offered: Callable[[str], Iterable[str]] | None = getattr(action, _COMPLETERS, None)
    if offered is not None:
        return list(offered(current))
    return [str(word) for word in action.choices or ()]


def is_repeatable(action: argparse.Action) -> bool:
    """Return whether the option may be given several times."""
    return isinstance(action, _APPENDING)
