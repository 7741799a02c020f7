"""`soundstage vendors`: all vendors, those of plug-ins too, and the quality that each has reached."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import soundstage_vendors
from soundstage_cli.errors import CommandError, UsageError, needs_extra
from soundstage_cli.options import add_evidence_arguments, read_named_evidence, read_stale_days
from soundstage_cli.parsers import set_completer, suggestion
from soundstage_contracts.quality import LEVELS
from soundstage_vendors import VendorError, discovery, own, slugs

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from soundstage_contracts.quality import Quality

HELP = "list all vendors, those of plug-ins too, with the quality that each has reached"

_EPILOG: Final = """\
A level is computed, never claimed, and includes those below it:
  bronze     client, simulator and demo work
  silver     every documented fact is proven; there are transcripts, and every refusal is a fact
  gold       planted mistakes are caught on both sides, a third-party program runs unchanged, the failure matrix passes
  platinum   live evidence of the last 90 days

examples:
  soundstage vendors                           every vendor with its level, and what the next one requires
  soundstage vendors veo                       every criterion of one vendor
  soundstage vendors veo --check silver        fail if the vendor is below a level
  soundstage run --report run.json -- python sdk_program.py
  soundstage vendors veo --record "google-genai 2.34.0" --report run.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the vendor, the check, and what is recorded."""
    parser.epilog = _EPILOG
    vendor = parser.add_argument("vendor", nargs="?", metavar="VENDOR", help="one vendor (default: all)")
    set_completer(vendor, lambda _: slugs())
    parser.add_argument("--check", choices=LEVELS, metavar="LEVEL", help=f"exit with 1 below {', '.join(LEVELS)}")
    parser.add_argument("--json", action="store_true", help="print a JSON list of the vendors with their criteria")
    add_evidence_arguments(parser, "live runs", "live evidence does not count")
    parser.add_argument("--record", metavar="NAME", help="record that a third-party program ran, by name and version")
    parser.add_argument("--report", metavar="FILE", help="the report of that program, by soundstage run --report")


def run(args: argparse.Namespace) -> int:
    """List the vendors, show one, or record a program."""
    days = read_stale_days(args)
    known = tuple(sorted({*slugs(), *soundstage_vendors.left_out()}, key=_order))
    if args.vendor is not None and args.vendor not in known:
        hint = suggestion(args.vendor, known)
        raise UsageError(f"VENDOR is {args.vendor!r}; allowed: {', '.join(known)}{hint}")
    if args.record is not None or args.report is not None:
        return _record(args)
    qualities = list(_assess([args.vendor] if args.vendor else known, args.evidence, days))
    if args.json:
        print(json.dumps([_to_json(quality) for quality in qualities], indent=2, ensure_ascii=False))
    elif args.vendor:
        _show_one(qualities[0])
    else:
        _show_all(qualities)
    return int(args.check is not None and any(_rank(quality.level) < _rank(args.check) for quality in qualities))


def _order(vendor: str) -> tuple[int, str]:
    """Sort vendors as `slugs` does, and refused ones after them."""
    known = slugs()
    return (known.index(vendor), "") if vendor in known else (len(known), vendor)


def _assess(vendors: tuple[str, ...] | list[str], named: str | None, days: int) -> Iterator[Quality]:
    evidence = read_named_evidence(named) or {}
    with needs_extra("all", "soundstage vendors"):
        from soundstage_contracts.quality import assess

        for vendor in vendors:
            yield assess(vendor, evidence, days)


def _record(args: argparse.Namespace) -> int:
    for name in ("vendor", "record", "report"):
        if not getattr(args, name):
            what = "VENDOR" if name == "vendor" else f"--{name}"
            raise UsageError(f"{what} is missing; allowed: soundstage vendors VENDOR --record NAME --report FILE")
    from soundstage_contracts.facts.record import RecordError, record_program

    today = datetime.now(tz=UTC).date().isoformat()
    try:
        record_program(args.vendor, args.record, Path(args.report), today)
    except (RecordError, OSError) as error:
        raise CommandError(str(error)) from None
    print(f"recorded: {args.record} ran unchanged with {args.vendor} ({today})")
    return 0


def _show_all(qualities: list[Quality]) -> None:
    from soundstage_cli.console import Printer

    rows = []
    for quality in qualities:
        steps = ", ".join(f"{step.level} needs {step.name}: {step.found}" for step in quality.next_steps[:1])
        rows.append((quality.vendor, _title(quality.vendor), quality.level or "none", _origin(quality.vendor), steps))
    Printer("soundstage vendors").table(("vendor", "title", "quality", "from", "next"), rows)


def _show_one(quality: Quality) -> None:
    from soundstage_cli.console import Printer

    printer = Printer("soundstage vendors")
    printer.line(f"{_title(quality.vendor)} ({quality.vendor}), {_origin(quality.vendor)}: {quality.level or 'none'}")
    rows = [
        (criterion.level, criterion.name, ("yes", "green") if criterion.met else ("no", "bold red"), criterion.found)
        for criterion in quality.criteria
    ]
    printer.table(("level", "criterion", "met", "found"), rows)


def _title(vendor: str) -> str:
    try:
        return soundstage_vendors.find(vendor).title
    except VendorError:
        return "cannot be used"


def _origin(vendor: str) -> str:
    """Return the distribution that declares *vendor*; a refused vendor has more than one, or a slug that is none."""
    if vendor not in slugs():
        return ""
    if vendor in own.VENDORS:
        return "Soundstage"
    return discovery.origin(vendor).rpartition(" of ")[2]


def _rank(level: str | None) -> int:
    return -1 if level is None else LEVELS.index(level)


def _to_json(quality: Quality) -> dict[str, Any]:
    return {
        "vendor": quality.vendor,
        "title": _title(quality.vendor),
        "from": _origin(quality.vendor),
        "quality": quality.level,
        "criteria": [
            {"level": one.level, "name": one.name, "found": one.found, "met": one.met} for one in quality.criteria
        ],
    }
