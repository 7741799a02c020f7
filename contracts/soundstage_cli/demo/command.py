"""`soundstage demo`: every vendor once, by the real clients, against a simulator in this process; real files remain."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from soundstage_cli.env import server_address, variables
from soundstage_cli.errors import CommandError, UsageError, needs_extra
from soundstage_cli.options import parse_int
from soundstage_cli.parsers import set_completer
from soundstage_contracts.registry import VENDORS

if TYPE_CHECKING:
    import argparse
    from collections import Counter
    from collections.abc import Iterator, Sequence

    from soundstage_cli.console import Printer
    from soundstage_cli.demo.runner import CallResult, ClientCall
    from soundstage_cli.demo.table import ResultRow

HELP = "show every vendor once: real clients, a simulator in this process, real files"

_EPILOG: Final = """\
Nothing leaves this machine and nothing is spent. Time skips, so minutes of waiting take none.

examples:
  soundstage demo                              every vendor, files in ./soundstage-demo, contact-sheet.png of them all
  soundstage demo --vendor tomoviee --out films
  soundstage demo --seed 7                     other colors, other durations, repeatable
"""
_COMMAND: Final = "soundstage demo"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare whom to show, where to save, and the seed."""
    parser.epilog = _EPILOG
    parser.add_argument("--out", default="soundstage-demo", metavar="DIR", help="where to save (default: %(default)s)")
    vendor = parser.add_argument(
        "--vendor", action="append", metavar="SLUG", help="whom to show; may be given several times (default: all)"
    )
    set_completer(vendor, lambda _: VENDORS)
    parser.add_argument("--seed", default="0", metavar="N", help="makes everything repeatable (default: %(default)s)")


def run(args: argparse.Namespace) -> int:
    """Perform, show a table of what came of it, and say where the files are.

    Raises:
        UsageError: A vendor is unknown, or the folder cannot be written to; nothing was begun.
        CommandError: A job failed, or a file cannot be decoded.
    """
    seed = parse_int("--seed", args.seed)
    vendors = [_known_vendor(slug) for slug in dict.fromkeys(args.vendor or VENDORS)]
    printer = _printer()
    with _staging_folder(args.out) as (folder, staging):
        results, external_requests = _run_demo(vendors, seed, folder, staging)
        rows = _write_sheet(results, folder, staging)
    _show(printer, rows, args.out, external_requests)
    return 0


def _printer() -> Printer:
    """Open the printer, once it is known that nothing will be missing at the end."""
    from soundstage_cli.console import Printer

    with needs_extra("contracts", _COMMAND):
        import_module("resvg_py")
    with needs_extra("server", _COMMAND):
        import_module("soundstage_cli.demo.contact_sheet")
    return Printer(_COMMAND)


def _known_vendor(slug: str) -> str:
    if slug in VENDORS:
        return slug
    suggestion = get_close_matches(slug, VENDORS, 1)
    hint = f"; did you mean {suggestion[0]!r}?" if suggestion else ""
    raise UsageError(f"--vendor is {slug!r}; allowed: {', '.join(VENDORS)}{hint}")


@contextmanager
def _staging_folder(out: str) -> Iterator[tuple[Path, Path]]:
    """Make the folder *out*, and within it one for files on their way, which is gone afterwards.

    Raises:
        UsageError: The folder cannot be made or written to.
    """
    folder = Path(out)
    try:
        if not out:
            raise FileNotFoundError(errno.ENOENT, "it is empty")
        folder.mkdir(parents=True, exist_ok=True)
        staging = tempfile.mkdtemp(prefix=".soundstage-", dir=folder)
    except OSError as error:
        raise UsageError(f"--out is {out!r}; allowed: a folder that can be written to ({error.strerror})") from None
    try:
        yield folder, Path(staging)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _run_demo(vendors: Sequence[str], seed: int, folder: Path, staging: Path) -> tuple[list[CallResult], Counter[str]]:
    """Let every vendor take its calls; return what came of them, and what was sent off this machine."""
    with needs_extra("server", _COMMAND):
        from soundstage_server import Server, World
    from soundstage_cli.demo.progress import progress_display
    from soundstage_cli.demo.runner import DemoRunner

    with needs_extra("contracts", _COMMAND):
        calls = [_calls_of(vendor) for vendor in vendors]
        display = progress_display(sum(map(len, calls)))
    with World(clock="auto", seed=seed) as world, Server(world) as server, _no_proxy(server.url), display:
        runner = DemoRunner(server, staging, folder, display)
        results = [result for several in calls for result in runner.run(several)]
    return results, runner.external_requests


def _calls_of(vendor: str) -> list[ClientCall]:
    from soundstage_cli.demo.runner import client_calls

    declared = import_module(f"soundstage_contracts.vendors.{vendor}")
    return client_calls(declared.CONTRACT, declared.DEMO)


@contextmanager
def _no_proxy(url: str) -> Iterator[None]:
    """Keep the clients from asking a proxy for *url*."""
    exceptions = dict(variables([], server_address(url), os.environ))
    before = {name: os.environ.get(name) for name in exceptions}
    os.environ.update(exceptions)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _write_sheet(results: Sequence[CallResult], folder: Path, staging: Path) -> Sequence[ResultRow]:
    """Decode every file, and put them all on one sheet."""
    from soundstage_cli.demo import contact_sheet
    from soundstage_cli.demo.table import result_rows

    rows = list(result_rows(results))
    contact_sheet.write(rows, folder, staging / contact_sheet.NAME).replace(folder / contact_sheet.NAME)
    return rows


def _show(printer: Printer, rows: Sequence[ResultRow], out: str, external_requests: Counter[str]) -> None:
    from soundstage_cli.demo.contact_sheet import NAME
    from soundstage_cli.demo.table import print_table, summary_line

    print_table(printer, rows)
    print(f"All of them on one picture: {Path(out) / NAME}")
    print(summary_line(rows, out, external_requests))
    problems = [f"{row.result.call.label}: {row.details}" for row in rows if row.failed]
    if problems:
        raise CommandError(f"{len(problems)} of {len(rows)} went wrong: {'; '.join(problems)}")
