"""What can be done about a record: resume, save, forget."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any, cast

from soundstage_cli.errors import CommandError
from soundstage_cli.jobs.listing import SHOWN_ID

if TYPE_CHECKING:
    from soundstage import Job, JobRecord
    from soundstage._store.sql import SqlJobStore
    from soundstage_cli.generate.runner import GenerateRunner


def forget(store: SqlJobStore, record: JobRecord) -> bool:
    """Remove a record, and print the token of its job."""
    from soundstage._values.state import JobRef, write_token

    _check_over(store, record)
    store.remove(record.id)
    text = f"{record.id[:SHOWN_ID]} is forgotten"
    if record.job_id is not None:
        origin = record.origin
        text += f"; its token: {write_token(origin.vendor, origin.base_url, JobRef(record.job_id, record.operation))}"
    print(text)
    return True


def resume(store: SqlJobStore, record: JobRecord, args: argparse.Namespace) -> bool:
    """Wait for the job of a record, and print its state; return whether it succeeded."""
    runner = _runner(record, args)
    job = runner.wait(lambda client: _job(store, record, runner, client))
    error = "" if job.error is None else f" ({job.error})"
    fields = {"record": record.id, "job": job.id, "state": job.state.value, "error": error.strip(" ()") or None}
    print(json.dumps(fields, ensure_ascii=False) if args.json else f"{job.id}: {job.state.value}{error}")
    return job.error is None


def save(store: SqlJobStore, record: JobRecord, args: argparse.Namespace) -> bool:
    """Wait for the job of a record, and save its files; return whether all were saved."""
    runner = _runner(record, args)
    return runner.resume(lambda client: _job(store, record, runner, client)) == 0


def _runner(record: JobRecord, args: argparse.Namespace) -> GenerateRunner:
    from soundstage_cli.generate.catalog import load_vendor
    from soundstage_cli.generate.output import check_destination
    from soundstage_cli.generate.runner import GenerateRunner
    from soundstage_vendors import UnknownVendorError, VendorError, find

    origin = record.origin
    try:
        find(origin.vendor)
    except UnknownVendorError:
        hint = "install the plug-in that the job was started with"
        raise CommandError(f"no installed vendor is called {origin.vendor}: {hint}") from None
    except VendorError as error:
        raise CommandError(str(error)) from None
    out = getattr(args, "out", None)  # only `save` has it
    shared = {"base_url": origin.base_url, "store": args.store, "poll": args.poll, "timeout": args.timeout}
    options = argparse.Namespace(**shared, out=out, json=args.json, no_wait=False)
    label = f"{origin.vendor} {record.operation}"
    return GenerateRunner(load_vendor(origin.vendor), label, options, check_destination(out))


def _job(store: SqlJobStore, record: JobRecord, runner: GenerateRunner, client: Any) -> Job:
    """Return the job of *record*, and record it under the credentials of *client* if those have changed since.

    Raises:
        CommandError: The outcome of the submission is unknown, and only a person can find it out.
    """
    from soundstage import SoundstageError
    from soundstage._protocol import recovery

    runner.check_server(client.base_url)  # at once, where the client would retry for long
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
