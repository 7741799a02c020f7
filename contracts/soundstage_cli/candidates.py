"""Completion candidates, derived from the same parsers that print the help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from soundstage_cli.errors import CommandError
from soundstage_cli.parsers import Parser, completions_for, is_repeatable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

_MANY: Final = ("*", "+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A word that may come next, with its description."""

    word: str
    description: str = ""


def candidates(words: Sequence[str], current: str) -> list[Candidate]:
    """Return the completions of *current*, the word being typed; an empty list where any text is allowed.

    Args:
        words: The complete words before it, without the program's name.
        current: The typed beginning of the word.
    """
    try:
        parser, rest = _parser_for(words)
    except CommandError:
        return []
    return [found for found in _candidates(parser, rest, current) if found.word.startswith(current)]


def _parser_for(words: Sequence[str]) -> tuple[Parser, Sequence[str]]:
    """Return the parser that reads the next word, and the words that belong to it."""
    from soundstage_cli.commands import build_parser

    root = build_parser()
    commands = next(action for action in root.arguments if action.dest == "command")
    if not words or not isinstance(commands.choices, dict) or words[0] not in commands.choices:
        return root, words
    parser: Parser = commands.choices[words[0]]
    if parser.resolve_parser is None:
        return parser, words[1:]
    return parser.resolve_parser(words[1:])


def _candidates(parser: Parser, words: Sequence[str], current: str) -> Iterator[Candidate]:
    options = {text: action for action in parser.arguments for text in action.option_strings}
    used, pending, position = _scan(words, options)
    name, equals, _ = current.partition("=")
    if pending is not None:
        yield from _values(pending, current)
    elif equals and name in options:
        prefix = f"{name}="
        values = _values(options[name], current[len(prefix) :])
        yield from (Candidate(prefix + value.word, value.description) for value in values)
    elif current.startswith("-"):
        yield from _unused_options(options, used)
    else:
        offered = list(_positional_values(parser, position, current))
        yield from offered or (_unused_options(options, used) if not current else ())


def _scan(
    words: Sequence[str], options: dict[str, argparse.Action]
) -> tuple[set[argparse.Action], argparse.Action | None, int]:
    """Return the options used, the option that still lacks its value, and the number of positional words."""
    used: set[argparse.Action] = set()
    pending, position = None, 0
    for word in words:
        name, equals, _ = word.partition("=")
        if pending is not None:
            pending = None
        elif name in options:
            used.add(options[name])
            pending = None if equals or options[name].nargs == 0 else options[name]
        else:
            position += 1
    return used, pending, position


def _positional_values(parser: Parser, position: int, current: str) -> Iterator[Candidate]:
    actions = [action for action in parser.arguments if not action.option_strings]
    if position >= len(actions) and not (actions and actions[-1].nargs in _MANY):
        return
    action = actions[min(position, len(actions) - 1)]
    if isinstance(action.choices, dict):
        for word, subparser in action.choices.items():
            yield Candidate(word, subparser.description or "")
    else:
        yield from _values(action, current)


def _values(action: argparse.Action, current: str) -> Iterator[Candidate]:
    for value in completions_for(action, current):
        word, _, description = value.partition("\t")
        yield Candidate(word, description)


def _unused_options(options: dict[str, argparse.Action], used: set[argparse.Action]) -> Iterator[Candidate]:
    """Every long option that may still be given."""
    for text, action in options.items():
        available = action not in used or is_repeatable(action)
        if text.startswith("--") and available:
            yield Candidate(text, (action.help or "").replace("%%", "%"))
