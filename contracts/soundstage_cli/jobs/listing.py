"""Records of a job store: how they are named, and shown as a table or as JSON."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

from soundstage_cli.errors import UsageError
from soundstage_cli.parsers import suggestion

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from soundstage import JobRecord

SHOWN_ID: Final = 8
"""The characters of an id that are shown."""


def left(records: Sequence[JobRecord]) -> list[JobRecord]:
    """Return the records that are left to do."""
    return [record for record in records if record.state.open]


def find(records: Sequence[JobRecord], text: str) -> JobRecord:
    """Return the record that *text* names.

    Raises:
        UsageError: It names none, or several.
    """
    found = [record for record in records if text in {record.id, record.job_id}]
    found = found or [record for record in records if record.id.startswith(text)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{text!r} names {len(found)} records: give more of the id")
    known = [record.id[:SHOWN_ID] for record in records]
    raise UsageError(f"no record is named {text!r}{suggestion(text, known)}; soundstage jobs list --all shows all")


_TABLE_WIDTH: Final = 130
"""Columns of a terminal that a table of records needs."""


def print_list(records: Sequence[JobRecord], args: argparse.Namespace) -> int:
    """Print the records that are left to do, or with `--all` every one."""
    shown = records if args.all else left(records)
    if args.json:
        print(json.dumps([_fields(record) for record in shown], indent=2, ensure_ascii=False))
        return 0
    if not shown:
        print("nothing is left to do" if records and not args.all else "the job store is empty")
        return 0
    from soundstage_cli.console import Printer

    rows = [
        (
            record.id[:SHOWN_ID],
            record.state.value,
            record.origin.vendor,
            record.operation,
            record.job_id or "",
            _when(record),
            record.summary,
        )
        for record in shown
    ]
    printer = Printer("soundstage jobs")
    if printer.width is None or printer.width >= _TABLE_WIDTH:
        headers = ("record", "state", "vendor", "operation", "job", "sent", "parameters")
        printer.table(headers, rows, fold=False)
        return 0
    # A table this narrow would cut what `resume` and `save` need.
    for record, state, vendor, operation, job, sent, parameters in rows:
        printer.line(f"{record}  {state}  {vendor} {operation}  {sent}")
        for text in filter(None, (job, parameters)):
            printer.line(f"  {text}")
    return 0


def _fields(record: JobRecord) -> dict[str, Any]:
    return {
        "record": record.id,
        "state": record.state.value,
        "vendor": record.origin.vendor,
        "base_url": record.origin.base_url,
        "operation": record.operation,
        "job": record.job_id,
        "idempotency_key": record.idempotency_key,
        "external_id": record.external_id,
        "sent": _when(record),
        "reason": record.reason,
        "parameters": record.summary,
        "request_hash": record.request_hash,
    }


def _when(record: JobRecord) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(record.created))
