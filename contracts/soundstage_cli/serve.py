"""`soundstage serve`: a local simulator of all vendors, until Ctrl-C."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from soundstage_cli.errors import CommandError, UsageError, needs_extra
from soundstage_cli.options import errors_of_option, is_loopback, parse_int
from soundstage_cli.simulated import add_world_arguments, open_world

if TYPE_CHECKING:
    import argparse

    from soundstage_server import Clock, Server, World

HELP = "run a local simulator of all vendors until Ctrl-C"

_EPILOG: Final = """\
Any credential is accepted; each is an account of its own. One line on standard output reports that the server is ready.

examples:
  soundstage serve                             in real time, at http://127.0.0.1:8080
  soundstage serve --speed 60                  one simulated hour per minute
  soundstage serve --speed auto                every poll moves its job forward: no waiting
  soundstage serve --port 0                    any free port; the ready line has its number
  soundstage serve --dialect tomoviee.errors=http
"""
_HIGHEST_PORT: Final = 65_535
_MOST_BYTES: Final = 1 << 40
_TOKEN_VARIABLE: Final = "SOUNDSTAGE_CONTROL_TOKEN"  # noqa: S105 - the name of a variable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare address, clock, state file and dialects."""
    parser.epilog = _EPILOG
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument("--port", default="8080", help="the port; 0 selects a free one (default: %(default)s)")
    add_world_arguments(parser)
    parser.add_argument(
        "--public-url",
        metavar="URL",
        help="the base of result URLs (default: the address of each request)",
    )
    parser.add_argument(
        "--control-token",
        metavar="TOKEN",
        default=os.environ.get(_TOKEN_VARIABLE),
        help="what every control call must carry in X-Soundstage-Token or Authorization: Bearer "
        f"(default: ${_TOKEN_VARIABLE}, or none)",
    )
    parser.add_argument(
        "--max-body",
        metavar="BYTES",
        help="the most bytes that the body of a vendor's request may have; more is HTTP 413 (default: 128 MiB)",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM; both are a normal end with exit code 0."""
    port = parse_int("--port", args.port, 0, _HIGHEST_PORT)
    options: dict[str, Any] = {"control_token": args.control_token}
    if args.control_token == "":
        raise UsageError(f"--control-token is empty; allowed: a text, here or in ${_TOKEN_VARIABLE}")
    if args.max_body is not None:
        options["max_body"] = parse_int("--max-body", args.max_body, 1, _MOST_BYTES)
    with ExitStack() as opened:
        with errors_of_option("--public-url"):
            world = opened.enter_context(open_world(args, "soundstage serve", public_url=args.public_url))
        server = _bind(world, args.host, port, options)
        server.run(lambda: _announce(server, world.clock, args.host, args.control_token))
    return 0


def _bind(world: World, host: str, port: int, options: dict[str, Any]) -> Server:
    """Bind the port.

    Raises:
        UsageError: *host* is not an address of this machine.
        CommandError: The port is in use, or this user may not bind it.
    """
    with needs_extra("server", "soundstage serve"):
        from soundstage_server import Server

    _check_host(host)
    try:
        return Server(world, host=host, port=port, **options)
    except OSError as error:
        cause = error.__context__  # Server raises its own message; the errno is in the original error
        if isinstance(cause, OSError) and cause.errno in {errno.EADDRINUSE, errno.EACCES}:
            raise CommandError(f"{error}; --port 0 selects a free one") from None
        raise _invalid_host(host, error) from None


def _check_host(host: str) -> None:
    """Refuse an empty host, which a socket reads as every address of this machine, and an invalid one."""
    try:
        if not host.encode("idna").strip():
            raise _invalid_host(host, "it is empty")
    except UnicodeError as error:
        raise _invalid_host(host, error) from None


def _invalid_host(host: str, problem: object) -> UsageError:
    allowed = "an address of this machine, such as 127.0.0.1 or ::1"
    return UsageError(f"--host is {host!r}; allowed: {allowed} ({problem})")


def _announce(server: Server, clock: Clock, host: str, token: str | None) -> None:
    """Print the ready line on standard output, for programs, and notes on standard error, for people."""
    speed = clock.kind if clock.frozen else f"{clock.speed:g}"
    print(f"Soundstage is ready at {server.url} (speed {speed}, seed {server.world.seed}); Ctrl-C ends it", flush=True)
    notes = [
        f"  pages        {server.url}/docs",
        f"  control API  {server.url}/_soundstage/health and the other routes on the pages",
        f'  for clients  eval "$(soundstage env --url {server.url})"',
    ]
    if not is_loopback(host) and token is None:
        notes.append(
            f"warning: {host} is not a loopback address: anyone who reaches port {server.port} can use the control "
            "API, read the journal and reset all state; --control-token keeps others out"
        )
    print(*notes, sep="\n", file=sys.stderr, flush=True)
