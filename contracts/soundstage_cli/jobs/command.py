"""`soundstage jobs`: the actions, their options and their completion."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from soundstage_cli.errors import CommandError, UsageError
from soundstage_cli.jobs.actions import forget, resume, save
from soundstage_cli.jobs.listing import SHOWN_ID, find, left, print_list
from soundstage_cli.options import add_store_option, existing_store, parse_seconds
from soundstage_cli.parsers import StrictParser, set_completer, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from soundstage import JobRecord

HELP = "list, resume, save and forget the jobs in a job store"

_EPILOG: Final = """\
A record is named by its id in the list, or the beginning of it, or by the id of its job. Credentials are read from the
environment. Nothing here costs money.

examples:
  soundstage jobs --store jobs.db                    what is left to do
  soundstage jobs list --all --json                  every record, as JSON; SOUNDSTAGE_STORE names the store
  soundstage jobs resume 3f2a                        wait for a job, or find out the outcome of a lost submission
  soundstage jobs save --all --out videos            wait for every job, and save its files
  soundstage jobs forget 3f2a                        remove a record; a job continues at the service
  soundstage jobs save --help                        the options of one action
"""
_ACTIONS: Final = {
    "list": "show what is left to do",
    "resume": "wait for jobs, or find out the outcome of lost submissions",
    "save": "wait for jobs, and save their files",
    "forget": "remove records; a job continues at the service",
}
_NO_OPTIONS: Final = "\0"
"""A prefix that no option has, so that argparse passes every word on."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Accept any words: the options depend on the action."""
    parser.prefix_chars = _NO_OPTIONS
    parser.add_argument("words", nargs=argparse.REMAINDER)


def resolve_parser(words: Sequence[str]) -> tuple[StrictParser, Sequence[str]]:
    """Return the parser of the remaining *words* and those words, for completion."""
    parser, _, rest = _resolve(words)
    return parser, rest


def _resolve(words: Sequence[str]) -> tuple[StrictParser, str, Sequence[str]]:
    """Return the parser of the action that *words* begin with, the action, and the remaining words."""
    if not words or words[0].startswith("-"):
        return _list_parser(), "list", words
    action = words[0]
    if action not in _ACTIONS:
        hint = suggestion(action, _ACTIONS)
        raise UsageError(f"jobs has no action {action!r}{hint}; allowed: {', '.join(_ACTIONS)}")
    return _action_parser(action), action, words[1:]


def _list_parser() -> StrictParser:
    """Build the parser of the command without an action, which lists."""
    parser = StrictParser("soundstage jobs", HELP[:1].upper() + HELP[1:] + ".", _EPILOG)
    parser.usage = "soundstage jobs [list|resume|save|forget] [RECORD ...] [--OPTION VALUE ...]"
    action = parser.add_argument("action", nargs="?", metavar="ACTION", help="list (default), resume, save or forget")
    set_completer(action, lambda _: [f"{name}\t{text}" for name, text in _ACTIONS.items()])
    _add_options(parser, "list")
    return parser


def _action_parser(action: str) -> StrictParser:
    text = _ACTIONS[action]
    parser = StrictParser(f"soundstage jobs {action}", text[:1].upper() + text[1:] + ".")
    if action != "list":
        records = parser.add_argument("records", nargs="*", metavar="RECORD", help="a record, or the id of its job")
        set_completer(records, _completions)
    _add_options(parser, action)
    return parser


def _add_options(parser: StrictParser, action: str) -> None:
    add_store_option(parser)
    if action != "forget":
        every = "every record" if action == "list" else "all records that are left to do"
        parser.add_argument("--all", action="store_true", help=every)
        parser.add_argument("--json", action="store_true", help="print JSON")
    if action in {"resume", "save"}:
        parser.add_argument("--timeout", metavar="S", help="the longest wait in seconds (default: the vendor's)")
        parser.add_argument("--poll", metavar="S", help="seconds between two polls (default: the vendor's)")
    if action == "save":
        parser.add_argument("--out", metavar="PATH", help="a folder, or a file (default: the current folder)")


def run(args: argparse.Namespace) -> int:
    """Do the action, and return 1 if something is left to do for one of the records."""
    from soundstage import StoreError

    parser, action, rest = _resolve(args.words)
    options = parser.parse(rest)
    _check(action, options)
    store = existing_store(options.store)
    try:
        found = store.records()
        if action == "list":
            return print_list(found, options)
        chosen = left(found) if getattr(options, "all", False) else [find(found, text) for text in options.records]
        actions: dict[str, Callable[[JobRecord], bool]] = {
            "forget": lambda record: forget(store, record),
            "resume": lambda record: resume(store, record, options),
            "save": lambda record: save(store, record, options),
        }
        done = [_reported(actions[action], record) for record in chosen]
    except StoreError as error:
        raise CommandError(str(error)) from None
    finally:
        store.close()
    return 0 if all(done) else 1


def _check(action: str, options: argparse.Namespace) -> None:
    """Check the options together, and parse the times.

    Raises:
        UsageError: No record is named, or both records and --all are given.
    """
    if action == "forget" and not options.records:
        raise UsageError("forget: name the records")
    if action in {"resume", "save"} and bool(options.records) == options.all:
        raise UsageError(f"{action}: name records, or give --all{', not both' if options.all else ''}")
    for name, least in (("timeout", 0.0), ("poll", 0.001)):
        if (text := getattr(options, name, None)) is not None:
            setattr(options, name, parse_seconds(f"--{name}", text, least))


def _completions(_: str) -> Iterable[str]:
    """Return the records of the store in the environment: the option may not be complete yet."""
    from soundstage import SoundstageError

    with suppress(CommandError, SoundstageError):
        store = existing_store(None)
        try:
            return [f"{one.id[:SHOWN_ID]}\t{one.origin.vendor} {one.state.value}" for one in left(store.records())]
        finally:
            store.close()
    return []


def _reported(action: Callable[[JobRecord], bool], record: JobRecord) -> bool:
    """Do one action; its error is printed, so that the other records get theirs."""
    try:
        return action(record)
    except CommandError as error:
        print(f"soundstage: {record.id[:SHOWN_ID]}: {error}", file=sys.stderr)
        return False
