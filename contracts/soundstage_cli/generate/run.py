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
from soundstage_cli.generate.messages import refused, resume_command, unknown_outcome
from soundstage_cli.generate.output import Saved
from soundstage_cli.generate.progress import Progress

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from soundstage import Job
    from soundstage_cli.generate.catalog import Capability, Vendor
    from soundstage_cli.generate.output import Destination

T = TypeVar("T")


class Order:
    """One order with one vendor's client.

    Args:
        vendor: Whose.
        label: What it is called while it goes on.
        args: What was typed; its common options are read here.
        place: Where results go.
    """

    def __init__(self, vendor: Vendor, label: str, args: argparse.Namespace, place: Destination) -> None:
        self._vendor = vendor
        self._label = label
        self._args = args
        self._place = place
        self._again = f" --out {shlex.quote(args.out)}" if args.out else ""
        self._again += f" --base-url {shlex.quote(args.base_url)}" if args.base_url else ""

    def make(self, capability: Capability, arguments: Mapping[str, Any], extra: Mapping[str, Any]) -> int:
        """Call *capability* with *arguments*, on a client with *extra* ones, and see to what comes of it."""
        if capability.opens:
            return self._open(capability, arguments)
        with closing(self._client(extra)) as client, Progress(self._label, sys.stderr) as progress:
            made = self._call(client, capability, arguments, progress)
            return self._go_on(made, progress) if hasattr(made, "to_token") else self._show(capability, made)

    def _open(self, capability: Capability, arguments: Mapping[str, Any]) -> int:
        opening = getattr(self._vendor.client, capability.method)
        try:
            made = self._trying(lambda: opening(base_url=self._args.base_url, **arguments))
        except errors.SubmitOutcomeUnknown as lost:
            raise CommandError(str(lost)) from None
        return self._show(capability, made)

    def resume(self, find: Callable[[Any], Job]) -> int:
        """Go on with the job that *find* makes of the client."""
        with closing(self._client({})) as client, Progress(self._label, sys.stderr) as progress:
            return self._go_on(self._trying(lambda: find(client)), progress)

    def _client(self, extra: Mapping[str, Any]) -> Any:
        pace = {}
        if self._args.poll is not None and "poll" in self._vendor.takes:
            poll = self._vendor.profile.poll
            pace["poll"] = replace(poll, first=self._args.poll, factor=1.0, ceiling=self._args.poll)
        return self._trying(lambda: self._vendor.client(base_url=self._args.base_url, **pace, **extra))

    def _call(self, client: Any, capability: Capability, arguments: Mapping[str, Any], progress: Progress) -> Any:
        try:
            return self._trying(lambda: getattr(client, capability.method)(**arguments))
        except errors.SubmitOutcomeUnknown as lost:
            return self._found(client, lost, progress)
        except KeyboardInterrupt as interruption:
            for note in getattr(interruption, "__notes__", ()):
                progress.note(note)
            raise

    def _found(self, client: Any, lost: errors.SubmitOutcomeUnknown, progress: Progress) -> Job:
        """Look for the job whose answer was lost, where the vendor can be asked; that spends nothing."""
        story = unknown_outcome(self._vendor, lost, self._again)
        try:
            job: Job | None = client.resolve(lost)
        except errors.SoundstageError:
            raise CommandError(story) from None
        if job is None:
            raise CommandError(f"{lost}\nIt was looked for, and there is no such job: run the same command again.")
        progress.note("the answer was lost, and the job was found")
        return job

    def _go_on(self, job: Job, progress: Progress) -> int:
        progress.note(f"job {job.id}")
        if self._args.no_wait:
            print(json.dumps(described(job, ()), ensure_ascii=False) if self._args.json else job.to_token())
            return 0
        try:
            self._trying(lambda: job.wait(self._args.timeout, on_update=progress.seen))
            saved = Saved([]) if job.error else self._trying(lambda: self._place.save(job))
        except KeyboardInterrupt:
            command = resume_command(job.to_token(), self._again)
            progress.note(f"interrupted; the job is not lost. Go on with it:\n  {command}")
            raise
        if job.error is None or self._args.json:
            self._tell(described(job, ()), saved)
        if job.error is not None:
            raise CommandError(str(job.error))
        return 0

    def _show(self, capability: Capability, made: Any) -> int:
        """Save what can be saved, and print what is a value."""
        if not hasattr(made, "save"):
            print(json.dumps(plain(made), indent=2, ensure_ascii=False))
            return 0
        saved = self._trying(lambda: self._place.save(made))
        return self._tell({"vendor": self._vendor.slug, "capability": capability.method}, saved)

    def _tell(self, facts: Mapping[str, Any], saved: Saved) -> int:
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

    def _trying(self, act: Callable[[], T]) -> T:
        """Do *act*, and tell what goes wrong in words of the command line."""
        try:
            return act()
        except errors.SubmitOutcomeUnknown:
            raise
        except errors.SoundstageError as error:
            raise refused(self._vendor, error, self._again) from None
        except OSError as error:
            raise CommandError(f"the file system refuses: {error}") from None


def described(job: Job, files: Sequence[Path]) -> dict[str, Any]:
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


def plain(value: Any) -> Any:
    """Return *value*, what a method gave, as JSON has it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value) if each.repr}
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
