"""`soundstage env`: the variables that point Soundstage's clients, and some SDKs, at a local server."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from soundstage_cli.errors import UsageError, print_left_out
from soundstage_cli.parsers import set_completer
from soundstage_contracts.facts.loader import FactError, load_facts, unusable_facts
from soundstage_vendors import slugs

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from soundstage_contracts.facts.loader import VendorFacts

HELP = "print the variables that point Soundstage's clients, and some SDKs, at a local server"
DEFAULT_URL: Final = "http://127.0.0.1:8080"

_EPILOG: Final = """\
The credentials are placeholders. They replace real ones, so that no real key is sent to a simulator. Only the programs
that --explain names read these variables; any other program still calls the live service: use soundstage run for it.

examples:
  eval "$(soundstage env)"                             every vendor, in this shell
  eval "$(soundstage env tomoviee --url http://127.0.0.1:9000)"
  soundstage env --shell fish | source
  soundstage env --shell powershell | Out-String | Invoke-Expression
  soundstage env --shell dotenv > .env
  soundstage env --explain                             which program reads each variable
"""
_BARE: Final = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the vendors, the server and the shell."""
    parser.epilog = _EPILOG
    vendors = parser.add_argument(
        "vendors", nargs="*", metavar="VENDOR", help="vendors to set variables for (default: all)"
    )
    set_completer(vendors, lambda _: slugs())
    parser.add_argument("--url", default=DEFAULT_URL, help="the address of the server (default: %(default)s)")
    parser.add_argument("--explain", action="store_true", help="print each variable and what reads it, and set nothing")
    parser.add_argument("--shell", choices=tuple(SHELLS), default="sh", help="the syntax to print (default: sh)")


def run(args: argparse.Namespace) -> int:
    """Print one assignment per line."""
    try:
        vendors = [facts for vendor in args.vendors or [None] for facts in load_facts(vendor).vendors.values()]
    except FactError as error:
        raise UsageError(str(error)) from None
    server = server_address(args.url)
    if not args.vendors:
        print_left_out(unusable_facts())
    if args.explain:
        for facts in vendors:
            for name, value in facts.environment_at(server.geturl()).items():
                print(f"{name}={value}  {facts.readers.get(name, '')}")
        return 0
    for name, value in variables(vendors, server, os.environ):
        print(SHELLS[args.shell](name, value))
    return 0


def server_address(url: str) -> SplitResult:
    """Parse the address of a local server; a path is kept, since the server may be behind a reverse proxy.

    Raises:
        UsageError: It is not an http or https URL with a host.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.username is not None or parts.query or parts.fragment or re.search(r"\s", url):
        raise UsageError(f"--url is {url!r}; allowed: http://HOST[:PORT] or https://HOST[:PORT], without user or query")
    return parts


def variables(
    vendors: Iterable[VendorFacts], server: SplitResult, environ: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield each variable with its value: those of the vendors, then NO_PROXY with the host of *server* added."""
    here = server.geturl()
    for facts in vendors:
        yield from facts.environment_at(here).items()
    for name in ("NO_PROXY", "no_proxy"):  # curl and some libraries read only one of the two
        hosts = [host.strip() for host in environ.get(name, "").split(",") if host.strip()]
        yield name, ",".join(dict.fromkeys([*hosts, server.hostname or ""]))


def _sh(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}"


def _fish(name: str, value: str) -> str:
    return f"set -gx {name} {_single_quoted(value)}"


def _powershell(name: str, value: str) -> str:
    return f"$env:{name} = '{value.replace(chr(39), chr(39) * 2)}'"


def _dotenv(name: str, value: str) -> str:
    return f"{name}={value if _BARE.fullmatch(value) else _single_quoted(value)}"


def _single_quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


SHELLS: Final[Mapping[str, Callable[[str, str], str]]] = {
    "sh": _sh,
    "fish": _fish,
    "powershell": _powershell,
    "dotenv": _dotenv,
}
"""For each shell, the function that formats one exported variable."""
