"""`soundstage serve`: a local server that answers as the vendors do, until Ctrl-C."""

from __future__ import annotations

import errno
import ipaddress
import sys
from typing import TYPE_CHECKING, Final

from soundstage_cli.errors import CommandError, UsageError, needs_extra
from soundstage_cli.options import errors_of_option, parse_int

if TYPE_CHECKING:
    import argparse

    from soundstage_server import Clock, Server, World

HELP = "answer as the vendors do, on a local address, until Ctrl-C"

_EPILOG: Final = """\
Any credential is taken: each is an account of its own. One line on standard output says when the server is ready.

examples:
  soundstage serve                             in real time, at http://127.0.0.1:8080
  soundstage serve --speed 60                  an hour of the vendors in a minute
  soundstage serve --speed auto                every look at a job moves it on: no waiting at all
  soundstage serve --port 0                    any free port; the line says which
  soundstage serve --dialect tomoviee.errors=http
"""
_HIGHEST_PORT: Final = 65_535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where to answer, how time goes, and which readings to speak."""
    parser.epilog = _EPILOG
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument("--port", default="8080", help="the port; 0 takes a free one (default: %(default)s)")
    parser.add_argument(
        "--speed",
        metavar="N|auto|manual",
        help="simulated seconds a second; or 'auto', where every look at a job moves it on; or 'manual', where time "
        "moves when the control API says so (default: 1, or what the state file holds)",
    )
    parser.add_argument("--seed", metavar="N", help="makes everything repeatable (default: 0, or the state file's)")
    parser.add_argument(
        "--state", metavar="FILE", help="keep everything in this file, and go on from it: a killed server loses nothing"
    )
    parser.add_argument(
        "--dialect",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="which reading to speak where a vendor's documents disagree; may be given several times",
    )
    parser.add_argument(
        "--public-url",
        metavar="URL",
        help="the address that results are found under (default: the one that each request came to)",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM, which are how a server ends well."""
    port = parse_int("--port", args.port, 0, _HIGHEST_PORT)
    seed = None if args.seed is None else parse_int("--seed", args.seed)
    dialects = dict(map(_dialect, args.dialect))
    with needs_extra("server", "soundstage serve"):
        from soundstage_server import Clock, World
        from soundstage_server.world.state_file import StateError
    with errors_of_option("--speed"):
        clock = None if args.speed is None else Clock.parse(args.speed)
    try:
        with errors_of_option("--public-url"):
            world = World(clock=clock, seed=seed, public_url=args.public_url, state=args.state)
    except StateError as error:
        raise CommandError(str(error)) from None
    with world:
        with errors_of_option("--dialect"):
            world.dialects.choose(dialects)
        server = _bind(world, args.host, port)
        server.run(lambda: _announce(server, world.clock, args.host))
    return 0


def _dialect(text: str) -> tuple[str, str]:
    name, equals, reading = text.partition("=")
    if not (name and equals and reading):
        raise UsageError(f"--dialect is {text!r}; allowed: NAME=VALUE, such as tomoviee.errors=http")
    return name, reading


def _bind(world: World, host: str, port: int) -> Server:
    """Take the port.

    Raises:
        UsageError: *host* is no address of this machine.
        CommandError: The port is taken, or this user may not have it.
    """
    with needs_extra("server", "soundstage serve"):
        from soundstage_server import Server

    _check_host(host)
    try:
        return Server(world, host=host, port=port)
    except OSError as error:
        cause = error.__context__
        if isinstance(cause, OSError) and cause.errno in {errno.EADDRINUSE, errno.EACCES}:
            raise CommandError(f"{error}; --port 0 takes a free one") from None
        raise _invalid_host(host, error) from None


def _check_host(host: str) -> None:
    """Refuse what a socket would take for every address of this machine, or could not ask for at all."""
    try:
        if not host.encode("idna").strip():
            raise _invalid_host(host, "it is empty")
    except UnicodeError as error:
        raise _invalid_host(host, error) from None


def _invalid_host(host: str, problem: object) -> UsageError:
    allowed = "an address of this machine, such as 127.0.0.1 or ::1"
    return UsageError(f"--host is {host!r}; allowed: {allowed} ({problem})")


def _announce(server: Server, clock: Clock, host: str) -> None:
    """Say on standard output that the server is ready, for programs, and the rest on standard error, for people."""
    speed = clock.kind if clock.frozen else f"{clock.speed:g}"
    print(f"Soundstage is ready at {server.url} (speed {speed}, seed {server.world.seed}); Ctrl-C ends it", flush=True)
    notes = [
        f"  pages        {server.url}/docs",
        f"  control API  {server.url}/_soundstage/health and what the pages list",
        f'  for clients  eval "$(soundstage env --url {server.url})"',
    ]
    if not _is_loopback(host):
        notes.append(
            f"warning: {host} is not a loopback address: whoever reaches port {server.port} can use the control API, "
            "read the journal and reset everything"
        )
    print(*notes, sep="\n", file=sys.stderr, flush=True)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
