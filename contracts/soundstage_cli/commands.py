"""The table of subcommands and the parser of the whole command line."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import TYPE_CHECKING, Final, NoReturn, Protocol, cast

from soundstage_cli.errors import UsageError
from soundstage_cli.parsers import Parser, suggestion

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

COMMANDS: Final = (
    ("serve", "soundstage_cli.serve"),
    ("run", "soundstage_cli.run.command"),
    ("env", "soundstage_cli.env"),
    ("demo", "soundstage_cli.demo.command"),
    ("generate", "soundstage_cli.generate.command"),
    ("jobs", "soundstage_cli.jobs.command"),
    ("facts", "soundstage_cli.facts.command"),
    ("vendors", "soundstage_cli.vendors"),
    ("new-vendor", "soundstage_cli.new_vendor.command"),
    ("ca", "soundstage_cli.ca"),
    ("doctor", "soundstage_cli.doctor"),
    ("completion", "soundstage_cli.completion"),
)
"""Each subcommand and its module, in the order of the help. A module must import nothing heavy at its top."""

_EPILOG: Final = """\
examples:
  soundstage demo                              run every vendor once: real files, no network
  soundstage serve --port 8080                 run a local simulator of all vendors
  eval "$(soundstage env)"                     point Soundstage's clients in this shell at it
  soundstage run -- python video.py            run any program with the vendors' hosts simulated
  soundstage generate                          call any vendor's client from the shell
  soundstage facts tomoviee:create.route       show one documented fact, its source and its contracts
"""


class Command(Protocol):
    """The interface of a subcommand module; `resolve_parser`, as in `Parser`, is optional."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the subcommand's arguments, and its examples as the parser's epilog."""

    def run(self, args: argparse.Namespace) -> int:
        """Run the subcommand and return the exit code; a `CommandError` is printed without a traceback."""


class _VersionAction(argparse.Action):
    """Prints the version; reading the metadata only now keeps every other command fast."""

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


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Parse *argv*; the result's ``run`` is the subcommand's function.

    Raises:
        UsageError: The first word is not a subcommand, or a later one is neither an option of it nor allowed there.
        SystemExit: The arguments request help or the version (0), or are invalid (2).
    """
    names = [name for name, _ in COMMANDS]
    if argv and not argv[0].startswith("-") and argv[0] not in names:
        hint = suggestion(argv[0], names) or "; see soundstage --help"
        raise UsageError(f"unknown command {argv[0]!r}; allowed: {', '.join(names)}{hint}")
    # The modules of the other commands take longer to import than most commands take.
    parser = build_parser(argv[:1] if argv and argv[0] in names else names)
    args, unknown = parser.parse_known_args(argv)
    if unknown:
        command = parser.subcommands.get(args.command, parser)
        raise UsageError(f"{unknown[0]!r} is unknown{command.suggested_option(unknown[0])}; see {command.prog} --help")
    return args


def build_parser(names: Collection[str] | None = None) -> Parser:
    """Build the parser of the subcommands *names*; without names, of the whole command line."""
    parser = Parser(
        prog="soundstage",
        description="A local simulator of generative-media services, their clients, and contracts for both.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_VersionAction, nargs=0, help="show the version and exit")
    subparsers = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    wanted = [(name, module) for name, module in COMMANDS if names is None or name in names]
    parser.subcommands = {
        name: _add_command(subparsers, name, cast("Command", import_module(module))) for name, module in wanted
    }
    return parser


def _add_command(subparsers: argparse._SubParsersAction[Parser], name: str, command: Command) -> Parser:
    parser = subparsers.add_parser(
        name,
        help=command.HELP,
        description=command.HELP[:1].upper() + command.HELP[1:] + ".",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_arguments(parser)
    parser.resolve_parser = getattr(command, "resolve_parser", None)
    parser.set_defaults(run=command.run)
    return parser
