"""What can be typed next: read off the parsers, so that completion knows what help knows."""

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
    """A word that can stand next, and what it is."""

    word: str
    description: str = ""


def candidates(words: Sequence[str], current: str) -> list[Candidate]:
    """Return what *current*, the word that is being typed after *words*, can become; nothing where that is free.

    Args:
        words: The whole words before it, without the program's name.
        current: What is there of it.
    """
    try:
        parser, rest = _parser_for(words)
    except CommandError:
        return []
    return [found for found in _candidates(parser, rest, current) if found.word.startswith(current)]


def _parser_for(words: Sequence[str]) -> tuple[Parser, Sequence[str]]:
    """Who reads what comes next, and the words that are its own."""
    from soundstage_cli.main import build_parser

    whole = build_parser()
    commands = next(action for action in whole.arguments if action.dest == "command")
    if not words or not isinstance(commands.choices, dict) or words[0] not in commands.choices:
        return whole, words
    found: Parser = commands.choices[words[0]]
    if found.resolve_parser is None:
        return found, words[1:]
    return found.resolve_parser(words[1:])


def _candidates(parser: Parser, words: Sequence[str], current: str) -> Iterator[Candidate]:
    options = {text: action for action in parser.arguments for text in action.option_strings}
    used, pending, position = _scan(words, options)
    name, equals, _ = current.partition("=")
    if pending is not None:
        yield from _values(pending, current)
    elif equals and name in options:
        beginning = f"{name}="
        offers = _values(options[name], current[len(beginning) :])
        yield from (Candidate(beginning + offer.word, offer.description) for offer in offers)
    elif current.startswith("-"):
        yield from _unused_options(options, used)
    else:
        offered = list(_positional_values(parser, position, current))
        yield from offered or (_unused_options(options, used) if not current else ())


def _scan(
    words: Sequence[str], options: dict[str, argparse.Action]
) -> tuple[set[argparse.Action], argparse.Action | None, int]:
    """The options that were given, the one that waits for its value, and how many words have no name."""
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
        for word, reader in action.choices.items():
            yield Candidate(word, reader.description or "")
    else:
        yield from _values(action, current)


def _values(action: argparse.Action, current: str) -> Iterator[Candidate]:
    for offer in completions_for(action, current):
        word, _, about = offer.partition("\t")
        yield Candidate(word, about)


def _unused_options(options: dict[str, argparse.Action], used: set[argparse.Action]) -> Iterator[Candidate]:
    """Every long option that can still be given."""
    for text, action in options.items():
        again = action not in used or is_repeatable(action)
        if text.startswith("--") and again:
            yield Candidate(text, (action.help or "").replace("%%", "%"))
