"""`soundstage jobs`: the jobs and the unknown outcomes in a job store, and what can be done about them."""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, cast

from soundstage_cli.errors import CommandError, UsageError
from soundstage_cli.options import parse_seconds
from soundstage_cli.parsers import StrictParser, set_completer, suggestion
from soundstage_cli.stores import add_store_option, existing_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from soundstage import Job, JobRecord
    from soundstage._store.sql import SqlJobStore
    from soundstage_cli.generate.runner import GenerateRunner

HELP = "list, resume, save and forget the jobs in a job store"

_EPILOG: Final = """\
A record is named by its id in the list, or the beginning of it, or by the id of its job. Credentials are read from the
environment. Nothing here costs money.

examples:
  soundstage jobs --store jobs.db                    what is left to do
  soundstage jobs list --all --json                  every record, as JSON; SOUNDSTAGE_STORE names the store
  soundstage jobs resume 3f2a                        wait for a job, or find out the outcome of a lost submission
  soundstage jobs save --all --out videos            wait for every job, and save its files
  soundstage jobs forget 3f2a                        remove a record; a job continues at the service
  soundstage jobs save --help                        the options of one action
"""
_ACTIONS: Final = {
    "list": "show what is left to do",
    "resume": "wait for jobs, or find out the outcome of lost submissions",
    "save": "wait for jobs, and save their files",
    "forget": "remove records; a job continues at the service",
}
_SHOWN_ID: Final = 8
_NO_OPTIONS: Final = "\0"
"""A prefix that no option has, so that argparse passes every word on."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Accept any words: the options depend on the action."""
    parser.prefix_chars = _NO_OPTIONS
    parser.add_argument("words", nargs=argparse.REMAINDER)


def resolve_parser(words: Sequence[str]) -> tuple[StrictParser, Sequence[str]]:
    """Return the parser of the remaining *words* and those words, for completion."""
    parser, _, rest = _resolve(words)
    return parser, rest


def _resolve(words: Sequence[str]) -> tuple[StrictParser, str, Sequence[str]]:
    """Return the parser of the action that *words* begin with, the action, and the remaining words."""
    if not words or words[0].startswith("-"):
        return _list_parser(), "list", words
    action = words[0]
    if action not in _ACTIONS:
        hint = suggestion(action, _ACTIONS)
        raise UsageError(f"jobs has no action {action!r}{hint}; allowed: {', '.join(_ACTIONS)}")
    return _action_parser(action), action, words[1:]


def _list_parser() -> StrictParser:
    """Build the parser of the command without an action, which lists."""
    parser = StrictParser("soundstage jobs", HELP[:1].upper() + HELP[1:] + ".", _EPILOG)
    parser.usage = "soundstage jobs [list|resume|save|forget] [RECORD ...] [--OPTION VALUE ...]"
    action = parser.add_argument("action", nargs="?", metavar="ACTION", help="list (default), resume, save or forget")
    set_completer(action, lambda _: [f"{name}\t{text}" for name, text in _ACTIONS.items()])
    _add_options(parser, "list")
    return parser


def _action_parser(action: str) -> StrictParser:
    text = _ACTIONS[action]
    parser = StrictParser(f"soundstage jobs {action}", text[:1].upper() + text[1:] + ".")
    if action != "list":
        records = parser.add_argument("records", nargs="*", metavar="RECORD", help="a record, or the id of its job")
        set_completer(records, _completions)
    _add_options(parser, action)
    return parser


def _add_options(parser: StrictParser, action: str) -> None:
    add_store_option(parser)
    if action != "forget":
        every = "every record" if action == "list" else "all records that are left to do"
        parser.add_argument("--all", action="store_true", help=every)
        parser.add_argument("--json", action="store_true", help="print JSON")
    if action in {"resume", "save"}:
        parser.add_argument("--timeout", metavar="S", help="the longest wait in seconds (default: the vendor's)")
        parser.add_argument("--poll", metavar="S", help="seconds between two polls (default: the vendor's)")
    if action == "save":
        parser.add_argument("--out", metavar="PATH", help="a folder, or a file (default: the current folder)")


def run(args: argparse.Namespace) -> int:
    """Do the action, and return 1 if something is left to do for one of the records."""
    from soundstage import StoreError

    parser, action, rest = _resolve(args.words)
    options = parser.parse(rest)
    _check(action, options)
    store = existing_store(options.store)
    try:
        found = store.records()
        if action == "list":
            return _list(found, options)
        chosen = _left(found) if getattr(options, "all", False) else [_find(found, text) for text in options.records]
        actions: dict[str, Callable[[JobRecord], bool]] = {
            "forget": lambda record: _forget(store, record),
            "resume": lambda record: _resume(store, record, options),
            "save": lambda record: _save(store, record, options),
        }
        done = [_reported(actions[action], record) for record in chosen]
    except StoreError as error:
        raise CommandError(str(error)) from None
    finally:
        store.close()
    return 0 if all(done) else 1


def _check(action: str, options: argparse.Namespace) -> None:
    """Check the options together, and parse the times.

    Raises:
        UsageError: No record is named, or both records and --all are given.
    """
    if action == "forget" and not options.records:
        raise UsageError("forget: name the records")
    if action in {"resume", "save"} and bool(options.records) == options.all:
        raise UsageError(f"{action}: name records, or give --all{', not both' if options.all else ''}")
    for name, least in (("timeout", 0.0), ("poll", 0.001)):
        if (text := getattr(options, name, None)) is not None:
            setattr(options, name, parse_seconds(f"--{name}", text, least))


def _completions(_: str) -> Iterable[str]:
    """Return the records of the store in the environment: the option may not be complete yet."""
    from soundstage import SoundstageError

    with suppress(CommandError, SoundstageError):
        store = existing_store(None)
        try:
            return [f"{one.id[:_SHOWN_ID]}\t{one.origin.vendor} {one.state.value}" for one in _left(store.records())]
        finally:
            store.close()
    return []


def _left(records: Sequence[JobRecord]) -> list[JobRecord]:
    return [record for record in records if record.state.open]


def _find(records: Sequence[JobRecord], text: str) -> JobRecord:
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
    known = [record.id[:_SHOWN_ID] for record in records]
    raise UsageError(f"no record is named {text!r}{suggestion(text, known)}; soundstage jobs list --all shows all")


def _list(records: Sequence[JobRecord], args: argparse.Namespace) -> int:
    shown = records if args.all else _left(records)
    if args.json:
        print(json.dumps([_fields(record) for record in shown], indent=2, ensure_ascii=False))
        return 0
    if not shown:
        print("nothing is left to do" if records and not args.all else "the job store is empty")
        return 0
    from soundstage_cli.console import Printer

    rows = [
        (
            record.id[:_SHOWN_ID],
            record.state.value,
            record.origin.vendor,
            record.operation,
            record.job_id or "",
            _when(record),
            record.summary,
        )
        for record in shown
    ]
    headers = ("record", "state", "vendor", "operation", "job", "sent", "parameters")
    Printer("soundstage jobs").table(headers, rows, fold=False)
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


def _reported(action: Callable[[JobRecord], bool], record: JobRecord) -> bool:
    """Do one action; its error is printed, so that the other records get theirs."""
    try:
        return action(record)
    except CommandError as error:
        print(f"soundstage: {record.id[:_SHOWN_ID]}: {error}", file=sys.stderr)
        return False


def _forget(store: SqlJobStore, record: JobRecord) -> bool:
    from soundstage._values.state import JobRef, write_token

    _check_over(store, record)
    store.remove(record.id)
    text = f"{record.id[:_SHOWN_ID]} is forgotten"
    if record.job_id is not None:
        origin = record.origin
        text += f"; its token: {write_token(origin.vendor, origin.base_url, JobRef(record.job_id, record.operation))}"
    print(text)
    return True


def _resume(store: SqlJobStore, record: JobRecord, args: argparse.Namespace) -> bool:
    job = _runner(record, args).wait(lambda client: _job(store, record, client))
    error = "" if job.error is None else f" ({job.error})"
    fields = {"record": record.id, "job": job.id, "state": job.state.value, "error": error.strip(" ()") or None}
    print(json.dumps(fields, ensure_ascii=False) if args.json else f"{job.id}: {job.state.value}{error}")
    return job.error is None


def _save(store: SqlJobStore, record: JobRecord, args: argparse.Namespace) -> bool:
    return _runner(record, args).resume(lambda client: _job(store, record, client)) == 0


def _runner(record: JobRecord, args: argparse.Namespace) -> GenerateRunner:
    from soundstage._registry import VENDORS
    from soundstage_cli.generate.catalog import load_vendor
    from soundstage_cli.generate.output import check_destination
    from soundstage_cli.generate.runner import GenerateRunner

    origin = record.origin
    if origin.vendor not in VENDORS:
        raise CommandError(f"this release knows no vendor {origin.vendor}")
    out = getattr(args, "out", None)  # only `save` has it
    shared = {"base_url": origin.base_url, "store": args.store, "poll": args.poll, "timeout": args.timeout}
    options = argparse.Namespace(**shared, out=out, json=args.json, no_wait=False)
    label = f"{origin.vendor} {record.operation}"
    return GenerateRunner(load_vendor(origin.vendor), label, options, check_destination(out))


def _job(store: SqlJobStore, record: JobRecord, client: Any) -> Job:
    """Return the job of *record*, and record it under the credentials of *client* if those have changed since.

    Raises:
        CommandError: The outcome of the submission is unknown, and only a person can find it out.
    """
    from soundstage import SoundstageError
    from soundstage._protocol import recovery

    service = client._service  # noqa: SLF001 - a command of this distribution
    if record.job_id is None:
        _check_over(store, record)
        return _resolved(record, client, recovery.advice_for(record, recovery.action_for(record, service.profile)))
    job: Job = client.job(record.job_id, record.operation)
    if service.records.origin != record.origin:
        try:
            job.refresh()  # the service knows whether the job belongs to this account
        except SoundstageError as error:
            raise CommandError(
                f"the job was started with other credentials, or from another address: {error}"
            ) from None
        store.update(record.changed(origin=service.records.origin))
        return cast("Job", client.job(record.job_id, record.operation))
    return job


def _check_over(store: SqlJobStore, record: JobRecord) -> None:
    """Check that no running process is still sending the request of *record*.

    Raises:
        CommandError: One is.
    """
    from soundstage import RecordState

    if record.state is RecordState.SENDING:
        claimed = {one.id for one in store.claim(record.origin, own=True)}
        if record.id not in claimed:
            raise CommandError("another process is sending this request, and still runs")


def _resolved(record: JobRecord, client: Any, advice: str) -> Job:
    from soundstage import SoundstageError, UnsupportedError
    from soundstage._protocol.recovery import unknown_of

    try:
        found: Job | None = client.resolve(unknown_of(record))
    except UnsupportedError:
        raise CommandError(f"the outcome is unknown: {advice}") from None
    except SoundstageError as error:
        raise CommandError(f"the outcome is still unknown: {error}") from None
    if found is None:
        raise CommandError("the service has no such job: nothing was started, and the record is removed")
    return found
