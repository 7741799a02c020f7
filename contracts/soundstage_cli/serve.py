"""`soundstage serve`: a local simulator of all vendors, until Ctrl-C."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, Any, Final

from soundstage_cli.ca import authority_of_user
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
  soundstage serve --tls --port 443            https, for hosts-file entries of the vendors' hosts
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
    _add_result_arguments(parser)
    parser.add_argument(
        "--tls",
        action="store_true",
        help="serve https, as the vendors' hosts and as this machine; soundstage ca writes the certificate to trust",
    )
    _add_access_arguments(parser)


def _add_result_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where results and callbacks go."""
    parser.add_argument(
        "--redirects",
        metavar="N",
        default="0",
        help="how often the address of a result redirects before it returns the file (default: %(default)s)",
    )
    parser.add_argument(
        "--retention",
        metavar="SECONDS|off",
        help="how long a finished task and an idle account are kept, in the account's own time (default: 60 days; off "
        "with --speed manual)",
    )
    parser.add_argument(
        "--callback-host",
        action="append",
        default=[],
        metavar="HOST",
        help="a host, in addition to this machine, that callbacks may be sent to; may be given several times",
    )


def _add_access_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare who may use what, and the limit on bodies."""
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
    parser.add_argument(
        "--trust-proxy",
        action="store_true",
        help="take the address of each request from X-Forwarded-Proto and X-Forwarded-Host; only behind a proxy that "
        "sets both",
    )
    parser.add_argument("--no-page", action="store_true", help="do not serve the inspector, the page at /")
    parser.add_argument(
        "--cors",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="an origin such as http://localhost:3000, or '*', whose web pages may use the vendors' routes; may be "
        "given several times (default: none)",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM; both are a normal end with exit code 0."""
    port = parse_int("--port", args.port, 0, _HIGHEST_PORT)
    options = _server_options(args)
    with open_world(args, "soundstage serve", **_world_options(args)) as world:
        server = _bind(world, args.host, port, options)
        server.run(lambda: _announce(server, world.clock, args))
    return 0


def _server_options(args: argparse.Namespace) -> dict[str, Any]:
    """Return what only the server takes, checked."""
    options: dict[str, Any] = {
        "control_token": args.control_token,
        "trust_proxy": args.trust_proxy,
        "page": not args.no_page,
    }
    if args.control_token == "":
        raise UsageError(f"--control-token is empty; allowed: a text, here or in ${_TOKEN_VARIABLE}")
    if args.max_body is not None:
        options["max_body"] = parse_int("--max-body", args.max_body, 1, _MOST_BYTES)
    with needs_extra("server", "soundstage serve"):
        from soundstage_server.http.middleware import check_origins
    with errors_of_option("--cors"):
        options["cors"] = check_origins(args.cors)
    if args.tls:
        authority = authority_of_user("soundstage serve --tls")
        options["tls"] = authority.server_context(authority.hosts)
    return options


def _world_options(args: argparse.Namespace) -> dict[str, Any]:
    """Return what only a world that is served takes, checked."""
    with needs_extra("server", "soundstage serve"):
        from soundstage_server.world.options import MAX_REDIRECTS, parse_public_url
    with errors_of_option("--public-url"):
        public_url = parse_public_url(args.public_url)
    redirects = parse_int("--redirects", args.redirects, 0, MAX_REDIRECTS)
    hosts = [_callback_host(host) for host in args.callback_host]
    options: dict[str, Any] = {"public_url": public_url, "redirects": redirects, "callbacks_to": hosts}
    if args.retention is not None:
        options["retention"] = _retention(args.retention)
    return options


def _retention(text: str) -> float | None:
    from soundstage_server.world.retention import LEAST_SECONDS, check_seconds

    if text == "off":
        return None
    try:
        return check_seconds(float(text))
    except ValueError:
        allowed = f"a number of seconds, {LEAST_SECONDS:.0f} or more, or off"
        raise UsageError(f"--retention is {text!r}; allowed: {allowed}") from None


def _callback_host(text: str) -> str:
    # An IPv6 address has several colons, and a host with a port has one.
    if not text or text.count(":") == 1 or not set(text).isdisjoint("/@? "):
        raise UsageError(f"--callback-host is {text!r}; allowed: a host without scheme, port and path")
    return text


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


def _announce(server: Server, clock: Clock, args: argparse.Namespace) -> None:
    """Print the ready line on standard output, for programs, and notes on standard error, for people."""
    speed = clock.kind if clock.frozen else f"{clock.speed:g}"
    print(f"Soundstage is ready at {server.url} (speed {speed}, seed {server.world.seed}); Ctrl-C ends it", flush=True)
    notes = [
        *(() if args.no_page else (f"  inspector    {server.url}/",)),
        f"  API pages    {server.url}/docs",
        f"  control API  {server.url}/_soundstage/health and the other routes on the pages",
        f'  for clients  eval "$(soundstage env --url {server.url})"',
    ]
    if not is_loopback(args.host) and args.control_token is None:
        notes.append(
            f"warning: {args.host} is not a loopback address: anyone who reaches port {server.port} can use the "
            "control API, read the journal and reset all state; --control-token keeps others out"
        )
    print(*notes, sep="\n", file=sys.stderr, flush=True)
