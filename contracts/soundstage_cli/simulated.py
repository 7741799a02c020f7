"""The options of a simulated world, shared by `serve` and `run`: clock, seed, state file, dialects, size of media."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from soundstage_cli.errors import CommandError, UsageError, needs_extra, print_left_out
from soundstage_cli.options import errors_of_option, parse_int

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from soundstage_server import World

_MEDIA: Final = ("full", "small")


def add_world_arguments(parser: argparse.ArgumentParser, *, speed: str = "1") -> None:
    """Declare clock, seed, state file, dialects and media size; *speed* is the default that the help names."""
    parser.add_argument(
        "--speed",
        metavar="N|auto|manual",
        help="simulated seconds per second; or 'auto': every poll moves its job forward; or 'manual': only the "
        f"control API moves time (default: {speed}, or the speed in the state file)",
    )
    parser.add_argument(
        "--seed", metavar="N", help="random seed, for reproducible runs (default: 0, or the seed in the state file)"
    )
    parser.add_argument(
        "--state", metavar="FILE", help="save all state in this file and load it at the start; survives a killed server"
    )
    parser.add_argument(
        "--dialect",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="which variant to use where a vendor's documents disagree; may be given several times",
    )
    parser.add_argument(
        "--media",
        choices=_MEDIA,
        default="full",
        help="the size of generated media: as requested, or small, which renders faster (default: %(default)s)",
    )


@contextmanager
def open_world(args: argparse.Namespace, command: str, **options: Any) -> Iterator[World]:
    """Open the world that *args* describe, and close it at the end of the block; *options* are the world's own.

    Raises:
        UsageError: An option has a value that is not allowed.
        CommandError: The state file cannot be used, or the server extra is missing.
    """
    seed = None if args.seed is None else parse_int("--seed", args.seed)
    dialects = dict(map(_dialect, args.dialect))
    with needs_extra("server", command):
        from soundstage_server import Clock, World
        from soundstage_server.world.snapshot import StateError
    with errors_of_option("--speed"):
        clock = None if args.speed is None else Clock.parse(args.speed)
    # What it reports there is printed below.
    logging.getLogger("soundstage_server").addHandler(logging.NullHandler())
    try:
        world = World(clock=clock, seed=seed, state=args.state, media=args.media, **options)
    except StateError as error:
        raise CommandError(str(error)) from None
    print_left_out(world.left_out)
    with world:
        with errors_of_option("--dialect"):
            world.dialects.choose(dialects)
        yield world


def _dialect(text: str) -> tuple[str, str]:
    name, equals, reading = text.partition("=")
    if not (name and equals and reading):
        raise UsageError(f"--dialect is {text!r}; allowed: NAME=VALUE, such as tomoviee.errors=http")
    return name, reading
