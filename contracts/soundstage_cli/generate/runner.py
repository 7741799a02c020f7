"""Runs one `soundstage generate`: calls the client, waits, saves, and prints how to resume an unfinished job."""

from __future__ import annotations

import json
import logging
import os
import shlex
import socket
import sys
from collections.abc import Mapping
from contextlib import closing, contextmanager, nullcontext
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from soundstage import errors
from soundstage_cli.errors import CommandError
from soundstage_cli.generate.messages import command_error, no_server, resume_command, unknown_outcome_message
from soundstage_cli.generate.output import SavedFiles
from soundstage_cli.generate.progress import JobProgress
from soundstage_cli.options import is_loopback, open_store

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from soundstage import Job
    from soundstage_cli.generate.catalog import Capability, Vendor
    from soundstage_cli.generate.output import Destination

T = TypeVar("T")

_CONNECT_SECONDS: Final = 1.0


class GenerateRunner:
    """Runs one command with one vendor's client.

    Args:
        vendor: The vendor.
        label: The start of each progress line.
        args: The parsed options; the common ones are read here.
        destination: The output path.
    """

    def __init__(self, vendor: Vendor, label: str, args: argparse.Namespace, destination: Destination) -> None:
        self._vendor = vendor
        self._label = label
        self._args = args
        self._destination = destination
        self._store = open_store(args.store) if "store" in vendor.parameters else None
        # What recovers a job is in the messages of this command; without a handler Python would print the log as well.
        logging.getLogger("soundstage").addHandler(logging.NullHandler())
        self._repeated_options = f" --out {shlex.quote(args.out)}" if args.out else ""
        self._repeated_options += f" --base-url {shlex.quote(args.base_url)}" if args.base_url else ""

    def run(self, capability: Capability, arguments: Mapping[str, Any], extra: Mapping[str, Any]) -> int:
        """Call *capability* with *arguments*, on a client with the *extra* arguments, and save its result."""
        if capability.opens_account:
            return self._open_account(capability, arguments)
        with self._opened(extra) as client, JobProgress(self._label, sys.stderr) as progress:
            self.check_server(client.base_url)
            made = self._call(client, capability, arguments, progress)
            is_job = hasattr(made, "to_token")
            return self._wait_and_save(made, progress) if is_job else self._save_or_print(capability, made, progress)

    def _open_account(self, capability: Capability, arguments: Mapping[str, Any]) -> int:
        open_account = getattr(self._vendor.client, capability.method)
        self.check_server(self._args.base_url or os.environ.get(self._vendor.profile.base_url_variable, ""))
        try:
            made = self._convert_errors(lambda: open_account(base_url=self._args.base_url, **arguments))
        except errors.SubmitOutcomeUnknown as lost:
            raise CommandError(str(lost)) from None
        with JobProgress(self._label, sys.stderr) as progress:
            return self._save_or_print(capability, made, progress)

    def resume(self, find: Callable[[Any], Job]) -> int:
        """Resume the job that *find* returns for the client."""
        with self._opened({}) as client, JobProgress(self._label, sys.stderr) as progress:
            job = self._convert_errors(lambda: find(client))
            self.check_server(client.base_url)
            return self._wait_and_save(job, progress)

    def wait(self, find: Callable[[Any], Job]) -> Job:
        """Wait for the job that *find* returns for the client, and return it."""
        with self._opened({}) as client, JobProgress(self._label, sys.stderr) as progress:
            job = self._convert_errors(lambda: find(client))
            self.check_server(client.base_url)
            self._convert_errors(lambda: job.wait(self._args.timeout, on_update=progress.on_update))
            return job

    @contextmanager
    def _opened(self, extra: Mapping[str, Any]) -> Iterator[Any]:
        """Make a client, and close it and its job store at the end."""
        with self._store or nullcontext(), closing(self._client(extra)) as client:
            yield client

    def _client(self, extra: Mapping[str, Any]) -> Any:
        polling: dict[str, Any] = {}
        if self._args.poll is not None and "poll" in self._vendor.parameters:
            poll = self._vendor.profile.poll
            polling["poll"] = replace(poll, first=self._args.poll, factor=1.0, ceiling=self._args.poll)
        if self._store is not None:
            polling["store"] = self._store
        return self._convert_errors(lambda: self._vendor.client(base_url=self._args.base_url, **polling, **extra))

    def check_server(self, base_url: str) -> None:
        """Fail early if *base_url* is a local address without a server; the client would retry for many seconds.

        Raises:
            CommandError: Nothing listens there.
        """
        if not _is_reachable(base_url):
            raise no_server(self._vendor, base_url)

    def _call(self, client: Any, capability: Capability, arguments: Mapping[str, Any], progress: JobProgress) -> Any:
        try:
            return self._convert_errors(lambda: getattr(client, capability.method)(**arguments))
        except errors.SubmitOutcomeUnknown as lost:
            return self._find_lost_job(client, lost, progress)
        except KeyboardInterrupt as interruption:
            # The library attaches what is known of an interrupted paid request.
            for note in getattr(interruption, "__notes__", ()):
                progress.note(note)
            raise

    def _find_lost_job(self, client: Any, lost: errors.SubmitOutcomeUnknown, progress: JobProgress) -> Job:
        """Search for the job whose response was lost, if the vendor offers a search; a search is free of charge."""
        message = unknown_outcome_message(self._vendor, lost, self._repeated_options)
        try:
            job: Job | None = client.resolve(lost)
        except errors.SoundstageError:
            raise CommandError(message) from None
        if job is None:
            raise CommandError(f"{lost}\nA search found no such job: run the same command again.")
        progress.note("the response was lost, but the job was found")
        return job

    def _wait_and_save(self, job: Job, progress: JobProgress) -> int:
        try:
            progress.note(f"job {job.id}")
            if self._args.no_wait:
                print(json.dumps(job_summary(job, ()), ensure_ascii=False) if self._args.json else job.to_token())
                return 0
            self._convert_errors(lambda: job.wait(self._args.timeout, on_update=progress.on_update))
            saved = SavedFiles([]) if job.error else self._convert_errors(lambda: self._destination.save(job))
            if job.error is None and not saved.problems:
                job.settle()
        except KeyboardInterrupt:
            command = resume_command(job.to_token(), self._repeated_options)
            progress.note(f"interrupted; the job is not lost. Resume it:\n  {command}")
            raise
        # With --json a failed job is printed, too: programs need its state and token.
        if job.error is None or self._args.json:
            self._print_files(job_summary(job, ()), saved, progress)
        if job.error is not None:
            raise CommandError(str(job.error))
        return 0

    def _save_or_print(self, capability: Capability, made: Any, progress: JobProgress) -> int:
        """Save *made* if it has files, otherwise print it as JSON."""
        if not hasattr(made, "save"):
            print(json.dumps(to_json(made), indent=2, ensure_ascii=False))
            return 0
        saved = self._convert_errors(lambda: self._destination.save(made))
        return self._print_files({"vendor": self._vendor.slug, "capability": capability.method}, saved, progress)

    def _print_files(self, summary: Mapping[str, Any], saved: SavedFiles, progress: JobProgress) -> int:
        """Print the paths of the saved files, or with --json the *summary* and the paths.

        Raises:
            CommandError: Some files could not be saved.
        """
        if saved.note:
            progress.note(saved.note)
        if self._args.json:
            print(json.dumps({**summary, "files": [str(file) for file in saved.files]}, indent=2, ensure_ascii=False))
        else:
            print(*saved.files, sep="\n")
        if saved.problems:
            raise CommandError(f"not everything was saved: {'; '.join(saved.problems)}")
        return 0

    def _convert_errors(self, action: Callable[[], T]) -> T:
        """Run *action*, and convert its errors into errors of the command line, except for an unknown outcome."""
        try:
            return action()
        except errors.SubmitOutcomeUnknown:
            raise
        except errors.SoundstageError as error:
            raise command_error(self._vendor, error, self._repeated_options) from None
        except OSError as error:
            raise CommandError(f"cannot write the file: {error}") from None


def _is_reachable(base_url: str) -> bool:
    """Return whether something listens at *base_url*; an address that is not loopback is not checked."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if not is_loopback(host):
        return True
    try:
        with socket.create_connection((host, parts.port or (443 if parts.scheme == "https" else 80)), _CONNECT_SECONDS):
            return True
    except OSError:
        return False


def job_summary(job: Job, files: Sequence[Path]) -> dict[str, Any]:
    """Return all that is known of *job* as a JSON object."""
    return {
        "vendor": job.vendor,
        "capability": job.operation,
        "id": job.id,
        "state": job.state.value,
        "error": None if job.error is None else str(job.error),
        "cost": job.cost,
        "token": job.to_token(),
        "files": [str(file) for file in files],
        "outputs": [{"kind": output.kind, "url": output.url} for output in job.outputs],
    }


def to_json(value: Any) -> Any:
    """Convert *value*, the result of a method, into JSON data."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: to_json(getattr(value, each.name)) for each in fields(value) if each.repr}
    if isinstance(value, Enum):
        return to_json(value.value)
    if isinstance(value, Mapping):
        return {str(key): to_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
