"""The job store of a command: its option, the environment variable, and how a store is opened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from soundstage_cli.errors import CommandError, UsageError

if TYPE_CHECKING:
    import argparse

    from soundstage._store.sql import SqlJobStore

STORE_VARIABLE: Final = "SOUNDSTAGE_STORE"
_POSTGRES: Final = ("postgres://", "postgresql://")


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
