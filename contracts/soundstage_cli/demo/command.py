"""`soundstage demo`: runs every vendor once with the real clients against a simulator in this process."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import tempfile
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from soundstage_cli.env import server_address, variables
from soundstage_cli.errors import CommandError, UsageError, needs_extra, print_left_out
from soundstage_cli.options import parse_int
from soundstage_cli.parsers import set_completer, suggestion
from soundstage_contracts.registry import vendors_with
from soundstage_vendors import UnknownVendorError, VendorError, find, left_out, load, slugs

if TYPE_CHECKING:
    import argparse
    from collections import Counter
    from collections.abc import Iterator, Sequence

    from soundstage_cli.console import Printer
    from soundstage_cli.demo.runner import CallResult, ClientCall
    from soundstage_cli.demo.table import ResultRow

HELP = "run every vendor once: real clients, a simulator in this process, real files"

_EPILOG: Final = """\
Nothing leaves this machine and nothing is spent. Simulated time skips ahead, so there is no waiting.

examples:
  soundstage demo                              every vendor; files and contact-sheet.png in ./soundstage-demo
  soundstage demo --vendor tomoviee --out videos
  soundstage demo --seed 7                     other colors and durations, reproducible
"""
_COMMAND: Final = "soundstage demo"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the vendors, the output folder and the seed."""
    parser.epilog = _EPILOG
    parser.add_argument(
        "--out", default="soundstage-demo", metavar="DIR", help="the output folder (default: %(default)s)"
    )
    vendor = parser.add_argument(
        "--vendor", action="append", metavar="SLUG", help="a vendor to run; may be given several times (default: all)"
    )
    set_completer(vendor, lambda _: slugs())
    parser.add_argument(
        "--seed", default="0", metavar="N", help="random seed, for reproducible files (default: %(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Run the demo, print a table of the results and the place of the files.

    Raises:
        UsageError: A vendor is unknown, or the folder is not writable; nothing was started.
        CommandError: A call failed, or a file cannot be decoded.
    """
    seed = parse_int("--seed", args.seed)
    vendors = _chosen(args.vendor)
    printer = _printer()
    with _staging_folder(args.out) as (folder, staging):
        results, external_requests = _run_demo(vendors, seed, folder, staging)
        rows = _write_sheet(results, folder, staging)
    _show(printer, rows, args.out, external_requests)
    return 0


def _printer() -> Printer:
    """Make the printer, after checking that no package is missing that only the end of the demo needs."""
    from soundstage_cli.console import Printer

    with needs_extra("contracts", _COMMAND):
        import_module("resvg_py")
    with needs_extra("server", _COMMAND):
        import_module("soundstage_cli.demo.contact_sheet")
    return Printer(_COMMAND)


def _chosen(named: Sequence[str] | None) -> list[str]:
    """Return the vendors to run: those *named*, which must be usable, or every vendor with all parts that are needed.

    Raises:
        UsageError: One of those named does not exist, or cannot be used.
    """
    if named:
        return [_known_vendor(slug) for slug in dict.fromkeys(named)]
    vendors = vendors_with("client", "service", "contract")
    print_left_out(left_out())
    return list(vendors)


def _known_vendor(slug: str) -> str:
    try:
        vendor = find(slug)
    except UnknownVendorError:
        raise UsageError(f"--vendor is {slug!r}; allowed: {', '.join(slugs())}{suggestion(slug, slugs())}") from None
    except VendorError as error:
        raise UsageError(f"--vendor: {error}") from None
    return vendor.slug


@contextmanager
def _staging_folder(out: str) -> Iterator[tuple[Path, Path]]:
    """Create the folder *out*, and in it a temporary folder for incomplete files.

    The temporary folder is inside *out*, so that moving a complete file is atomic.

    Raises:
        UsageError: The folder cannot be created or written to.
    """
    folder = Path(out)
    try:
        if not out:
            raise FileNotFoundError(errno.ENOENT, "it is empty")
        folder.mkdir(parents=True, exist_ok=True)
        staging = tempfile.mkdtemp(prefix=".soundstage-", dir=folder)
    except OSError as error:
        raise UsageError(f"--out is {out!r}; allowed: a writable folder ({error.strerror})") from None
    try:
        yield folder, Path(staging)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _run_demo(vendors: Sequence[str], seed: int, folder: Path, staging: Path) -> tuple[list[CallResult], Counter[str]]:
    """Run the calls of every vendor; return their results and the requests that were sent off this machine."""
    with needs_extra("server", _COMMAND):
        from soundstage_server import Server, World
    from soundstage_cli.demo.progress import progress_display
    from soundstage_cli.demo.runner import DemoRunner

    with needs_extra("contracts", _COMMAND):
        calls = [_calls_of(vendor) for vendor in vendors]
        display = progress_display(sum(map(len, calls)))
    for name in ("soundstage", "soundstage_server"):  # its jobs are simulated, and vendors that are left out are named
        logging.getLogger(name).addHandler(logging.NullHandler())
    with World(clock="auto", seed=seed) as world, Server(world) as server, _no_proxy(server.url), display:
        runner = DemoRunner(server, staging, folder, display)
        try:
            results = [result for calls_of_vendor in calls for result in runner.run(calls_of_vendor)]
        except KeyboardInterrupt:
            # The server cancels unfinished responses when it stops, and uvicorn logs a traceback for each.
            logging.getLogger("uvicorn.error").disabled = True
            raise
    return results, runner.external_requests


def _calls_of(vendor: str) -> list[ClientCall]:
    from soundstage_cli.demo.runner import client_calls

    return client_calls(load(vendor, "contract"), load(vendor, "demo"))


@contextmanager
def _no_proxy(url: str) -> Iterator[None]:
    """Exclude the host of *url* from the proxies of the environment."""
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
    """Decode every file, and write the contact sheet."""
    from soundstage_cli.demo import contact_sheet
    from soundstage_cli.demo.table import result_rows

    rows = list(result_rows(results))
    contact_sheet.write(rows, folder, staging / contact_sheet.NAME).replace(folder / contact_sheet.NAME)
    return rows


def _show(printer: Printer, rows: Sequence[ResultRow], out: str, external_requests: Counter[str]) -> None:
    from soundstage_cli.demo.contact_sheet import NAME
    from soundstage_cli.demo.table import print_table, summary_line

    print_table(printer, rows)
    print(f"Contact sheet: {Path(out) / NAME}")
    print(summary_line(rows, out, external_requests))
    errors = [f"{row.result.call.label}: {row.details}" for row in rows if row.failed]
    if errors:
        raise CommandError(f"{len(errors)} of {len(rows)} results failed: {'; '.join(errors)}")
