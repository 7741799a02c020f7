"""Does what `soundstage generate` was asked for: calls, waits, saves, and says how to go on where it did not end."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from soundstage import errors
from soundstage_cli.errors import CommandError
from soundstage_cli.generate.messages import command_error, resume_command, unknown_outcome_message
from soundstage_cli.generate.output import SavedFiles
from soundstage_cli.generate.progress import JobProgress

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from soundstage import Job
    from soundstage_cli.generate.catalog import Capability, Vendor
    from soundstage_cli.generate.output import Destination

T = TypeVar("T")


class GenerateRunner:
    """One order with one vendor's client.

    Args:
        vendor: Whose.
        label: What it is called while it goes on.
        args: What was typed; its common options are read here.
        destination: Where results go.
    """

    def __init__(self, vendor: Vendor, label: str, args: argparse.Namespace, destination: Destination) -> None:
        self._vendor = vendor
        self._label = label
        self._args = args
        self._destination = destination
        self._repeated_options = f" --out {shlex.quote(args.out)}" if args.out else ""
        self._repeated_options += f" --base-url {shlex.quote(args.base_url)}" if args.base_url else ""

    def run(self, capability: Capability, arguments: Mapping[str, Any], extra: Mapping[str, Any]) -> int:
        """Call *capability* with *arguments*, on a client with *extra* ones, and see to what comes of it."""
        if capability.opens_account:
            return self._open_account(capability, arguments)
        with closing(self._client(extra)) as client, JobProgress(self._label, sys.stderr) as progress:
            made = self._call(client, capability, arguments, progress)
            is_job = hasattr(made, "to_token")
            return self._wait_and_save(made, progress) if is_job else self._save_or_print(capability, made)

    def _open_account(self, capability: Capability, arguments: Mapping[str, Any]) -> int:
        opening = getattr(self._vendor.client, capability.method)
        try:
            made = self._translate_errors(lambda: opening(base_url=self._args.base_url, **arguments))
        except errors.SubmitOutcomeUnknown as lost:
            raise CommandError(str(lost)) from None
        return self._save_or_print(capability, made)

    def resume(self, find: Callable[[Any], Job]) -> int:
        """Go on with the job that *find* makes of the client."""
        with closing(self._client({})) as client, JobProgress(self._label, sys.stderr) as progress:
            return self._wait_and_save(self._translate_errors(lambda: find(client)), progress)

    def _client(self, extra: Mapping[str, Any]) -> Any:
        pace = {}
        if self._args.poll is not None and "poll" in self._vendor.parameters:
            poll = self._vendor.profile.poll
            pace["poll"] = replace(poll, first=self._args.poll, factor=1.0, ceiling=self._args.poll)
        return self._translate_errors(lambda: self._vendor.client(base_url=self._args.base_url, **pace, **extra))

    def _call(self, client: Any, capability: Capability, arguments: Mapping[str, Any], progress: JobProgress) -> Any:
        try:
            return self._translate_errors(lambda: getattr(client, capability.method)(**arguments))
        except errors.SubmitOutcomeUnknown as lost:
            return self._find_lost_job(client, lost, progress)
        except KeyboardInterrupt as interruption:
            for note in getattr(interruption, "__notes__", ()):
                progress.note(note)
            raise

    def _find_lost_job(self, client: Any, lost: errors.SubmitOutcomeUnknown, progress: JobProgress) -> Job:
        """Look for the job whose answer was lost, where the vendor can be asked; that spends nothing."""
        message = unknown_outcome_message(self._vendor, lost, self._repeated_options)
        try:
            job: Job | None = client.resolve(lost)
        except errors.SoundstageError:
            raise CommandError(message) from None
        if job is None:
            raise CommandError(f"{lost}\nIt was looked for, and there is no such job: run the same command again.")
        progress.note("the answer was lost, and the job was found")
        return job

    def _wait_and_save(self, job: Job, progress: JobProgress) -> int:
        progress.note(f"job {job.id}")
        if self._args.no_wait:
            print(json.dumps(job_summary(job, ()), ensure_ascii=False) if self._args.json else job.to_token())
            return 0
        try:
            self._translate_errors(lambda: job.wait(self._args.timeout, on_update=progress.seen))
            saved = SavedFiles([]) if job.error else self._translate_errors(lambda: self._destination.save(job))
        except KeyboardInterrupt:
            command = resume_command(job.to_token(), self._repeated_options)
            progress.note(f"interrupted; the job is not lost. Go on with it:\n  {command}")
            raise
        if job.error is None or self._args.json:
            self._print_files(job_summary(job, ()), saved)
        if job.error is not None:
            raise CommandError(str(job.error))
        return 0

    def _save_or_print(self, capability: Capability, made: Any) -> int:
        """Save what can be saved, and print what is a value."""
        if not hasattr(made, "save"):
            print(json.dumps(to_json(made), indent=2, ensure_ascii=False))
            return 0
        saved = self._translate_errors(lambda: self._destination.save(made))
        return self._print_files({"vendor": self._vendor.slug, "capability": capability.method}, saved)

    def _print_files(self, facts: Mapping[str, Any], saved: SavedFiles) -> int:
        """Print the paths of what was saved, or with --json all that is known.

        Raises:
            CommandError: Some of it could not be saved.
        """
        if self._args.json:
            print(json.dumps({**facts, "files": [str(file) for file in saved.files]}, indent=2, ensure_ascii=False))
        else:
            print(*saved.files, sep="\n")
        if saved.problems:
            raise CommandError(f"not everything was saved: {'; '.join(saved.problems)}")
        return 0

    def _translate_errors(self, act: Callable[[], T]) -> T:
        """Do *act*, and tell what goes wrong in words of the command line."""
        try:
            return act()
        except errors.SubmitOutcomeUnknown:
            raise
        except errors.SoundstageError as error:
            raise command_error(self._vendor, error, self._repeated_options) from None
        except OSError as error:
            raise CommandError(f"the file system refuses: {error}") from None


def job_summary(job: Job, files: Sequence[Path]) -> dict[str, Any]:
    """Return all that is known of *job*, as JSON has it."""
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
    """Return *value*, what a method gave, as JSON has it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: to_json(getattr(value, each.name)) for each in fields(value) if each.repr}
    if isinstance(value, Enum):
        return to_json(value.value)
    if isinstance(value, Mapping):
        return {str(key): to_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
