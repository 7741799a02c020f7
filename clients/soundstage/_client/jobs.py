"""Jobs: handles of work that runs at a service, one that blocks and one that awaits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from soundstage import errors
from soundstage._client.outputs import AsyncOutput, Output
from soundstage._client.pending import PendingJob
from soundstage._protocol import responses
from soundstage._protocol.downloads import Download, SaveOptions
from soundstage._protocol.file_names import job_file_names
from soundstage._protocol.polling import Poller
from soundstage._values.events import report
from soundstage._values.state import History, JobState, Snapshot, StartedJob
from soundstage._values.unpicklable import Unpicklable
from soundstage._values.validation import path, plain_callable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from os import PathLike
    from pathlib import Path

    from soundstage._io.clock import Clock
    from soundstage._io.drivers import AsyncDriver, SyncDriver
    from soundstage._protocol.service import Service
    from soundstage._values.messages import Flow
    from soundstage.errors.jobs import JobHandle

T = TypeVar("T")


class _Handle(Unpicklable):
    """What both kinds of job share; every method that sends something is a flow."""

    _alternative = "store to_token(), and resume with client.job_from_token()"

    def __init__(self, service: Service, started: StartedJob) -> None:
        self._service = service
        self._ref = started.ref
        first = service.masked(started.snapshot)
        self._history = History(first).after(first)  # sets the rank of a job that is over already

    @property
    def id(self) -> str:
        """The service's id of the job."""
        return self._ref.id

    @property
    def vendor(self) -> str:
        """The slug of the service, such as "tomoviee"."""
        return self._service.profile.slug

    @property
    def operation(self) -> str | None:
        """The method that started the job, where that is known."""
        return self._ref.operation

    @property
    def snapshot(self) -> Snapshot:
        """What the newest accepted response reported."""
        return self._history.latest

    @property
    def state(self) -> JobState:
        """The state of the job; it never goes back."""
        return self.snapshot.state

    @property
    def state_raw(self) -> str | int | bool | None:
        """The state in the service's own word or number."""
        return self.snapshot.state_raw

    @property
    def progress(self) -> float | None:
        """Percent from 0 to 100, where the service reports it."""
        return self.snapshot.progress

    @property
    def cost(self) -> float | None:
        """The price of the job in the service's own unit, where the service reports it."""
        return self.snapshot.cost

    @property
    def raw(self) -> Any:
        """The service's last accepted response, parsed."""
        return self.snapshot.raw

    @property
    def error(self) -> errors.JobError | None:
        """Why the job ended without output; None in any other state."""
        problem = self.snapshot.problem()
        if problem is None:
            return None
        kind, reason = problem
        message, code = self._service.redact(reason), self.snapshot.code
        return kind(message, vendor=self.vendor, code=code, job_id=self.id, token=self.to_token())

    def to_token(self) -> str:
        """Return what `client.job_from_token()` takes to resume this job in another process: JSON, without secrets."""
        return self._service.token(self._ref)

    def __repr__(self) -> str:
        """Show vendor, id, state and progress, and no address."""
        progress = "" if self.progress is None else f", {self.progress:g} %"
        return f"<{type(self).__name__} {self.vendor} {self.id} {self.state.value}{progress}>"

    def _update(self, snapshot: Snapshot) -> Snapshot:
        self._history = self._history.after(self._service.masked(snapshot))
        return self.snapshot

    def _add_token(self, error: BaseException) -> None:
        """Add the token to an error or an interruption such as Ctrl-C, so that the paid job is not lost with it.

        An interruption is also logged, because task groups drop it.
        """
        if self.state.final or isinstance(error, errors.InvalidArgument):
            return
        note = f"The job may continue at the service; resume it by client.job_from_token({self.to_token()!r})"
        if isinstance(error, (errors.WaitTimeout, errors.UnsupportedError)):
            error.add_note(note)  # a caller who waits in short steps expects it, so it is not logged each time
        else:
            report(error, note)

    def _refresh(self) -> Flow[None]:
        poll = self._service.retried(lambda: self._service.poll_once(self._ref), responses.is_transient)
        yield from self._accept((yield from poll))

    def _accept(self, snapshot: Snapshot) -> Flow[Snapshot]:
        """Take a snapshot, and record the end of the job in the job store, if the client has one."""
        before = self._history
        updated = self._update(snapshot)
        records = self._service.records
        if records is not None and updated.state.final and self._history is not before:
            yield from records.ended(self._ref, updated)
        return updated

    def _poller(self, timeout: float | None) -> Poller:
        return Poller(self._service, self._ref, timeout)

    def _next(self, poller: Poller) -> Flow[Snapshot]:
        try:
            return (yield from self._accept((yield from poller.next())))
        except errors.WaitTimeout as timeout:  # raised below the handles, where only the token is known
            timeout.job = cast("JobHandle", self)
            raise

    def _wait(self, timeout: float | None, on_update: Callable[[Snapshot], object] | None) -> Flow[None]:
        plain_callable("on_update", on_update)
        # Created here and not by the caller: the deadline counts from the start of the wait.
        poller = self._poller(timeout)
        while not self.state.final:
            snapshot = yield from self._next(poller)
            if on_update is not None:
                on_update(snapshot)

    def _wait_within(self, remaining: Callable[[Clock], float | None]) -> Flow[None]:
        """Wait for the time that *remaining* returns when the wait starts, which may be long after it was created."""
        yield from self._wait(remaining(self._service.settings.clock), None)

    def _result(self, timeout: float | None) -> Flow[None]:
        yield from self._wait(timeout, None)
        if error := self.error:
            raise error

    def _cancel(self) -> Flow[None]:
        yield from self._accept((yield from self._service.cancel(self._ref)))

    def _save(self, folder: str | PathLike[str], options: SaveOptions) -> Flow[list[Path]]:
        target = path("folder", folder)  # an invalid argument is refused before the wait
        yield from self._result(None)
        saved: list[Path] = []
        token = self.to_token()
        for media, name in job_file_names(self.id, self.snapshot.media):
            # The token and not the address identifies the file: a refreshed job has new addresses for the same output.
            download = Download(self._service, media, token, target / name, options, output=f"{token} {name}")
            saved.append((yield from download.flow()))
        yield from self._settle()
        return saved

    def _settle(self) -> Flow[None]:
        if (records := self._service.records) is not None:
            yield from records.saved(self._ref)


class Job(_Handle):
    """Work that runs at a service, started by a sync client.

    Losing the handle loses nothing: `client.job(id)` and `client.job_from_token(token)` create another.
    """

    def __init__(self, service: Service, driver: SyncDriver, started: StartedJob) -> None:
        super().__init__(service, started)
        self._driver = driver

    @property
    def outputs(self) -> list[Output]:
        """The results, once the job has succeeded; empty in every other state."""
        return [Output(self._service, self._driver, media, self.to_token()) for media in self.snapshot.media]

    def refresh(self) -> Self:
        """Poll the job once, with the retries of the `RetryPolicy`, and return the job itself.

        Raises:
            ConnectionFailed: The service cannot be reached; `token` resumes the job.
            ApiError: The service refused; `token` resumes the job.
        """
        self._run(self._refresh())
        return self

    def wait(self, timeout: float | None = None, on_update: Callable[[Snapshot], object] | None = None) -> Self:
        """Poll until the job is over, and return the job itself, whether it succeeded or not.

        Args:
            timeout: Seconds of the clock for the wait, 0 to poll once, `math.inf` for no limit; by default the
                timeout of the client's `PollPolicy`, which is generous for the service.
            on_update: Called with a `Snapshot` after every poll.

        Raises:
            WaitTimeout: The timeout passed; wait again with `job`, or resume with `token`.
            ConnectionFailed, ServerError, RateLimitError: An outage lasted longer than `PollPolicy.outage`.
            ApiError: The service refused the poll.
        """
        self._run(self._wait(timeout, on_update))
        return self

    def result(self, timeout: float | None = None) -> list[Output]:
        """Wait if the job is not over, and return its outputs.

        Raises:
            JobError: The job ended without output.
            WaitTimeout, ConnectionFailed, ApiError: As `wait` raises them.
        """
        self._run(self._result(timeout))
        return self.outputs

    def updates(self, timeout: float | None = None) -> Generator[Snapshot, None, None]:
        """Poll until the job is over, and yield a snapshot after every poll; raises as `wait` does."""
        return self._updates(self._poller(timeout))

    def _updates(self, poller: Poller) -> Generator[Snapshot, None, None]:
        if self.state.final:
            yield self.snapshot
        while not self.state.final:
            yield self._run(self._next(poller))

    def cancel(self) -> Self:
        """Request that the service stops the job, and return the job itself.

        Raises:
            UnsupportedError: The service documents no cancel call.
            ApiError: The service refused.
        """
        self._run(self._cancel())
        return self

    def settle(self) -> Self:
        """Record in the client's job store that nothing is left to do for this job, and return the job itself.

        `save` does so, and `recover()` no longer returns the job; call this when you have used the outputs otherwise.
        """
        self._run(self._settle())
        return self

    def save(self, folder: str | PathLike[str], *, max_bytes: int | None = None, resume: bool = False) -> list[Path]:
        """Wait if the job is not over, save every output in *folder*, and return the paths.

        The files are named after the job: `<id>.mp4`, or `<id>-1.png`, `<id>-2.png` where there are several. The folder
        is created; an existing file of that name is replaced as a whole or not at all.

        Args:
            folder: The folder for the files.
            max_bytes: The greatest size of each file, in bytes.
            resume: Keep the part that arrived of a broken download, and continue from it the next time.

        Raises:
            JobError: The job ended without output.
            DownloadError: A file was not saved; saving again spends nothing.
        """
        return self._run(self._save(folder, SaveOptions(max_bytes=max_bytes, resume=resume)))

    def _pending(self, remaining: Callable[[Clock], float | None]) -> PendingJob[Self]:
        return PendingJob(self, self._wait_within(remaining), self._service.settings.clock, self._driver.run)

    def _run(self, flow: Flow[T]) -> T:
        try:
            return self._driver.run(flow)
        except BaseException as interruption:
            self._add_token(interruption)
            raise


class AsyncJob(_Handle):
    """Work that runs at a service, started by an async client: `await job` waits for its end.

    Losing the handle loses nothing: `client.job(id)` and `client.job_from_token(token)` create another.
    """

    def __init__(self, service: Service, driver: AsyncDriver, started: StartedJob) -> None:
        super().__init__(service, started)
        self._driver = driver

    def __await__(self) -> Generator[Any, Any, Self]:
        """Wait for the job's end and return the job itself, as `wait()` does."""
        return self.wait().__await__()

    @property
    def outputs(self) -> list[AsyncOutput]:
        """The results, once the job has succeeded; empty in every other state."""
        return [AsyncOutput(self._service, self._driver, media, self.to_token()) for media in self.snapshot.media]

    async def refresh(self) -> Self:
        """Poll the job once and return the job itself, as `Job.refresh`."""
        await self._run(self._refresh())
        return self

    async def wait(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - seconds of the injected clock, which no cancel scope knows
        on_update: Callable[[Snapshot], object] | None = None,
    ) -> Self:
        """Poll until the job is over and return the job itself, whether it succeeded or not, as `Job.wait`.

        Args:
            timeout: Seconds of the clock for the wait, 0 to poll once, `math.inf` for no limit.
            on_update: Called with a `Snapshot` after every poll; a plain callable. To await something, use `updates()`.
        """
        await self._run(self._wait(timeout, on_update))
        return self

    async def result(self, timeout: float | None = None) -> list[AsyncOutput]:  # noqa: ASYNC109 - as in wait
        """Wait if the job is not over, and return its outputs or raise its `JobError`, as `Job.result`."""
        await self._run(self._result(timeout))
        return self.outputs

    def updates(self, timeout: float | None = None) -> AsyncGenerator[Snapshot, None]:
        """Poll until the job is over, and yield a snapshot after every poll, as `Job.updates`."""
        return self._updates(self._poller(timeout))

    async def _updates(self, poller: Poller) -> AsyncGenerator[Snapshot, None]:
        if self.state.final:
            yield self.snapshot
        while not self.state.final:
            yield await self._run(self._next(poller))

    async def cancel(self) -> Self:
        """Request that the service stops the job and return the job itself, as `Job.cancel`."""
        await self._run(self._cancel())
        return self

    async def settle(self) -> Self:
        """Record that nothing is left to do for this job, as `Job.settle`."""
        await self._run(self._settle())
        return self

    async def save(
        self, folder: str | PathLike[str], *, max_bytes: int | None = None, resume: bool = False
    ) -> list[Path]:
        """Wait if the job is not over, save every output in *folder*, and return the paths, as `Job.save`."""
        return await self._run(self._save(folder, SaveOptions(max_bytes=max_bytes, resume=resume)))

    def _pending(self, remaining: Callable[[Clock], float | None]) -> PendingJob[Self]:
        return PendingJob(self, self._wait_within(remaining), self._service.settings.clock, self._driver.run)

    async def _run(self, flow: Flow[T]) -> T:
        try:
            return await self._driver.run(flow)
        except BaseException as interruption:
            self._add_token(interruption)
            raise
