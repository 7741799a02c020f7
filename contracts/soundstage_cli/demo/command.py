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
from soundstage_cli.options import whole_number
from soundstage_cli.parsers import completes
from soundstage_contracts.registry import VENDORS

if TYPE_CHECKING:
    import argparse
    from collections import Counter
    from collections.abc import Iterator, Sequence

    from soundstage_cli.console import Screen
    from soundstage_cli.demo.calls import Outcome, Turn
    from soundstage_cli.demo.table import Finding

HELP = "show every vendor once: real clients, a simulator in this process, real files"

_EPILOG: Final = """\
Nothing leaves this machine and nothing is spent. Time skips, so minutes of waiting take none.

examples:
  soundstage demo                              every vendor, files in ./soundstage-demo, contact-sheet.png of them all
  soundstage demo --vendor tomoviee --out films
  soundstage demo --seed 7                     other colours, other durations, repeatable
"""
_COMMAND: Final = "soundstage demo"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare whom to show, where to save, and the seed."""
    parser.epilog = _EPILOG
    parser.add_argument("--out", default="soundstage-demo", metavar="DIR", help="where to save (default: %(default)s)")
    vendor = parser.add_argument(
        "--vendor", action="append", metavar="SLUG", help="whom to show; may be given several times (default: all)"
    )
    completes(vendor, lambda _: VENDORS)
    parser.add_argument("--seed", default="0", metavar="N", help="makes everything repeatable (default: %(default)s)")


def run(args: argparse.Namespace) -> int:
    """Perform, show a table of what came of it, and say where the files are.

    Raises:
        UsageError: A vendor is unknown, or the folder cannot be written to; nothing was begun.
        CommandError: A job failed, or a file cannot be decoded.
    """
    seed = whole_number("--seed", args.seed)
    vendors = [_known(slug) for slug in dict.fromkeys(args.vendor or VENDORS)]
    screen = _screen()
    with _backstage(args.out) as (folder, backstage):
        outcomes, left = _perform(vendors, seed, folder, backstage)
        findings = _examined(outcomes, folder, backstage)
    _show(screen, findings, args.out, left)
    return 0


def _screen() -> Screen:
    """Open the screen, once it is known that nothing will be missing at the end."""
    from soundstage_cli.console import Screen

    with needs_extra("contracts", _COMMAND):
        import_module("resvg_py")
    with needs_extra("server", _COMMAND):
        import_module("soundstage_cli.demo.contact_sheet")
    return Screen(_COMMAND)


def _known(slug: str) -> str:
    if slug in VENDORS:
        return slug
    nearest = get_close_matches(slug, VENDORS, 1)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
    raise UsageError(f"--vendor is {slug!r}; allowed: {', '.join(VENDORS)}{hint}")


@contextmanager
def _backstage(out: str) -> Iterator[tuple[Path, Path]]:
    """Make the folder *out*, and within it one for files on their way, which is gone afterwards.

    Raises:
        UsageError: The folder cannot be made or written to.
    """
    folder = Path(out)
    try:
        if not out:
            raise FileNotFoundError(errno.ENOENT, "it is empty")
        folder.mkdir(parents=True, exist_ok=True)
        backstage = tempfile.mkdtemp(prefix=".soundstage-", dir=folder)
    except OSError as error:
        raise UsageError(f"--out is {out!r}; allowed: a folder that can be written to ({error.strerror})") from None
    try:
        yield folder, Path(backstage)
    finally:
        shutil.rmtree(backstage, ignore_errors=True)


def _perform(vendors: Sequence[str], seed: int, folder: Path, backstage: Path) -> tuple[list[Outcome], Counter[str]]:
    """Let every vendor take its turns; return what came of them, and what was sent off this machine."""
    with needs_extra("server", _COMMAND):
        from soundstage_server import Server, World
    from soundstage_cli.demo.calls import Performance
    from soundstage_cli.demo.progress import audience

    with needs_extra("contracts", _COMMAND):
        turns = [_turns(vendor) for vendor in vendors]
        watching = audience(sum(map(len, turns)))
    with World(clock="auto", seed=seed) as world, Server(world) as server, _no_proxy(server.url), watching:
        performance = Performance(server, backstage, folder, watching)
        outcomes = [outcome for several in turns for outcome in performance.run(several)]
    return outcomes, performance.left


def _turns(vendor: str) -> list[Turn]:
    from soundstage_cli.demo.calls import turns_of

    declared = import_module(f"soundstage_contracts.vendors.{vendor}")
    return turns_of(declared.CONTRACT, declared.DEMO)


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


def _examined(outcomes: Sequence[Outcome], folder: Path, backstage: Path) -> Sequence[Finding]:
    """Decode every file, and put them all on one sheet."""
    from soundstage_cli.demo import contact_sheet
    from soundstage_cli.demo.table import examined

    findings = list(examined(outcomes))
    contact_sheet.write(findings, folder, backstage / contact_sheet.NAME).replace(folder / contact_sheet.NAME)
    return findings


def _show(screen: Screen, findings: Sequence[Finding], out: str, left: Counter[str]) -> None:
    from soundstage_cli.demo.contact_sheet import NAME
    from soundstage_cli.demo.table import bottom_line, draw

    draw(screen, findings)
    print(f"All of them on one picture: {Path(out) / NAME}")
    print(bottom_line(findings, out, left))
    problems = [f"{found.outcome.turn.label}: {found.said}" for found in findings if found.bad]
    if problems:
        raise CommandError(f"{len(problems)} of {len(findings)} went wrong: {'; '.join(problems)}")
