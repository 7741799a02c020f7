"""Finds the subcommand, runs it, and turns its end into an exit code: 0 done, 1 failed, 2 misused, 130 interrupted."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Final, NoReturn, Protocol, cast

from soundstage_cli.errors import CommandError
from soundstage_cli.parsers import Parser

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS: Final = (
    ("serve", "soundstage_cli.serve"),
    ("env", "soundstage_cli.env"),
    ("demo", "soundstage_cli.demo.command"),
    ("generate", "soundstage_cli.generate.command"),
    ("facts", "soundstage_cli.facts"),
    ("doctor", "soundstage_cli.doctor"),
    ("completion", "soundstage_cli.completion"),
)
"""Each subcommand and its module, in the order of the help. A module must import nothing heavy at its top."""

_EPILOG: Final = """\
examples:
  soundstage demo                              every vendor once, real files, no network
  soundstage serve --port 8080                 a local server that answers as the vendors do
  eval "$(soundstage env)"                     point every client in this shell at it
  soundstage generate                          any client from the shell
  soundstage facts tomoviee:create.route       what is known, where from, and which contract proves it
"""

INTERRUPTED: Final = 130


class Command(Protocol):
    """The interface of a subcommand module; `resolve_parser`, as in `Parser`, is optional."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the subcommand's arguments, and its examples as the parser's epilog."""

    def run(self, args: argparse.Namespace) -> int:
        """Do the work and return the exit code; a `CommandError` is shown without a traceback."""


class _VersionAction(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        print(f"soundstage {installed_version()}")
        parser.exit()


def installed_version() -> str:
    """Return the version of the installed distribution, or `unknown` for a bare source tree."""
    from importlib import metadata

    try:
        return metadata.version("soundstage")
    except metadata.PackageNotFoundError:
        return "unknown"


def build_parser() -> Parser:
    """Build the parser of every subcommand."""
    parser = Parser(
        prog="soundstage",
        description="A local soundstage of seven generative-media services: serve it, check it, learn what is known.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_VersionAction, nargs=0, help="show the version and end")
    subparsers = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    for name, module in COMMANDS:
        _add_command(subparsers, name, cast("Command", import_module(module)))
    return parser


def _add_command(
    subparsers: argparse._SubParsersAction[Parser],
    name: str,
    command: Command,
) -> None:
    parser = subparsers.add_parser(
        name,
        help=command.HELP,
        description=command.HELP[:1].upper() + command.HELP[1:] + ".",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_arguments(parser)
    parser.resolve_parser = getattr(command, "resolve_parser", None)
    parser.set_defaults(run=command.run)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line *argv* (the process's own when None) and return its exit code.

    Raises:
        SystemExit: The arguments ask for help or the version (0), or make no sense (2).
    """
    args = build_parser().parse_args(argv)
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except CommandError as error:
        print(f"soundstage: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # the reader (head, less) has what it wanted
        _discard_remaining_output()
        return 0
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return INTERRUPTED
    return code


def _discard_remaining_output() -> None:
    """Let what is still to be written go nowhere, so that the interpreter's last flush has nothing to complain of."""
    with suppress(OSError, ValueError):  # a stream that is no file has no such flush
        stream = sys.stdout.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream)
        os.close(nowhere)
