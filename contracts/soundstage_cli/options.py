"""Parsing, checks and error messages for option values that several subcommands share."""

from __future__ import annotations

import ipaddress
import math
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from soundstage_cli.errors import CommandError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from soundstage._store.sql import SqlJobStore
    from soundstage_contracts.facts.evidence import Evidence

_MAX_LENGTH: Final = 80
STORE_VARIABLE: Final = "SOUNDSTAGE_STORE"
_CENTURY: Final = 36500  # days
_POSTGRES: Final = ("postgres://", "postgresql://")


def parse_int(option: str, text: str, least: int | None = None, most: int | None = None) -> int:
    """Parse *text*, the value of *option*, as a whole number.

    Raises:
        UsageError: It is not a whole number, or is outside *least* to *most*.
    """
    try:
        number = int(text)
    except ValueError:
        number = None
    if number is None or (least is not None and number < least) or (most is not None and number > most):
        bounds = "" if least is None else f" from {least} to {most}"
        raise UsageError(f"{option} is {text!r}; allowed: a whole number{bounds}")
    return number


def parse_seconds(option: str, text: str, least: float = 0.0) -> float:
    """Parse *text*, the value of *option*, as a number of seconds.

    Raises:
        UsageError: It is not a number, or is less than *least*.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not least <= seconds < math.inf:
        raise UsageError(f"{option} is {text!r}; allowed: seconds, at least {least:g}")
    return seconds


@contextmanager
def errors_of_option(option: str) -> Iterator[None]:
    """Convert a ValueError of the block, which names value and allowed values, into an error of *option*.

    Raises:
        UsageError: The block raised a ValueError.
    """
    try:
        yield
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None


def shorten(value: object) -> str:
    """Return the repr of *value* for a message, cut if it is long, such as an image in a text."""
    text = repr(value)
    return text if len(text) <= _MAX_LENGTH else f"{text[: _MAX_LENGTH - 1]}\N{HORIZONTAL ELLIPSIS}"


def is_loopback(host: str) -> bool:
    """Return whether *host* is an address of this machine only; a name other than ``localhost`` is not resolved."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def add_store_option(parser: argparse._ActionsContainer) -> None:
    """Add `--store`."""
    parser.add_argument(
        "--store",
        metavar="STORE",
        help=f"the job store: an SQLite file, or the address of a PostgreSQL database (default: {STORE_VARIABLE})",
    )


def open_store(given: str | None) -> SqlJobStore | None:
    """Return the store of an option, or else of the environment; None if neither names one.

    Raises:
        UsageError: It is not the path of a file, or not an address.
        CommandError: It is an address, and the extra is not installed.
    """
    from soundstage import InvalidArgument, PostgresJobStore, SQLiteJobStore, StoreError

    option, text = ("--store", given) if given is not None else (STORE_VARIABLE, os.environ.get(STORE_VARIABLE))
    if not text:
        return None
    try:
        return PostgresJobStore(text) if text.startswith(_POSTGRES) else SQLiteJobStore(text)
    except InvalidArgument as error:
        raise UsageError(f"{option}: {error.message}") from None
    except StoreError as error:
        raise CommandError(str(error)) from None


def existing_store(given: str | None) -> SqlJobStore:
    """Return the store of an option, or else of the environment, which must exist.

    Raises:
        UsageError: No store is named.
        CommandError: There is no such file.
    """
    text = given if given is not None else os.environ.get(STORE_VARIABLE)
    store = open_store(given)
    if store is None or text is None:
        raise UsageError(f"no job store is named: give --store, or set {STORE_VARIABLE}")
    if not text.startswith(_POSTGRES) and not Path(text).is_file():
        raise CommandError(f"there is no job store at {text}")
    return store


def add_evidence_arguments(parser: argparse.ArgumentParser, runs: str, stale: str) -> None:
    """Declare ``--evidence`` and ``--stale-days``.

    Args:
        parser: The parser of the command.
        runs: Which runs write the file, for the help.
        stale: What happens after so many days, for the help.
    """
    from soundstage_contracts.facts.evidence import FILE, STALE_DAYS

    parser.add_argument(
        "--evidence", metavar="FILE", help=f"the evidence file of {runs} (default: ./{FILE}, if it exists)"
    )
    parser.add_argument(
        "--stale-days",
        default=str(STALE_DAYS),
        metavar="N",
        help=f"days after which {stale} (default: {STALE_DAYS})",
    )


def read_stale_days(args: argparse.Namespace) -> int:
    """Parse ``--stale-days``.

    Raises:
        UsageError: It is not a whole number of days, at most a century.
    """
    return parse_int("--stale-days", args.stale_days, 0, _CENTURY)


def read_named_evidence(named: str | None) -> Evidence | None:
    """Read the evidence file *named*, or the default file; None if there is none.

    Raises:
        UsageError: The named file does not exist, or a file is not an evidence file.
    """
    from soundstage_contracts.facts.evidence import FILE, EvidenceError, read_evidence

    path = Path(named or FILE)
    if named is not None and not path.exists():
        raise UsageError(f"--evidence is {named!r}; allowed: a file written by pytest --soundstage-evidence")
    try:
        return read_evidence(path) if path.exists() else None
    except EvidenceError as error:
        raise UsageError(f"--evidence: {error}") from None
