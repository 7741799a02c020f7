"""Jobs: the handles of work that goes on at a service, one that blocks and one that awaits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from soundstage import errors
from soundstage._client.outputs import AsyncOutput, Output
from soundstage._client.pending import PendingJob
from soundstage._protocol import responses
from soundstage._protocol.downloads import Download, SaveOptions, job_file_names
from soundstage._protocol.polling import Poller
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

T = TypeVar("T")


class _Handle(Unpicklable):
    """What both kinds of job know and do; every method that talks to the service is a flow."""

    _alternative = "keep to_token(), and resume with client.job_from_token()"

    def __init__(self, service: Service, started: StartedJob) -> None:
        self._service = service
        self._ref = started.ref
        self._history = History(started.snapshot).after(started.snapshot)

    @property
    def id(self) -> str:
        """The service's name for the job."""
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
        """All that the newest believed answer said."""
        return self._history.latest

    @property
    def state(self) -> JobState:
        """Where the job stands; it never goes back."""
        return self.snapshot.state

    @property
    def state_raw(self) -> str | int | bool | None:
        """The service's own word or number for the state."""
        return self.snapshot.state_raw

    @property
    def progress(self) -> float | None:
        """Percent from 0 to 100, where the service says so."""
        return self.snapshot.progress

    @property
    def cost(self) -> float | None:
        """What the job costs in the service's own unit, where it says so."""
        return self.snapshot.cost

    @property
    def raw(self) -> Any:
        """The service's last answer, as it was parsed."""
        return self.snapshot.raw

    @property
    def error(self) -> errors.JobError | None:
        """Why the job ended without what was asked for; None in any other state."""
        problem = self.snapshot.problem()
        if problem is None:
            return None
        kind, reason = problem
        message, code = self._service.redact(reason), self.snapshot.code
        return kind(message, vendor=self.vendor, code=code, job_id=self.id, token=self.to_token())

    def to_token(self) -> str:
        """What `client.job_from_token()` takes to go on with this job in a new process: JSON, without secrets."""
        return self._service.token(self._ref)

    def __repr__(self) -> str:
        """Shows what the job is, and no address."""
        progress = "" if self.progress is None else f", {self.progress:g} %"
        return f"<{type(self).__name__} {self.vendor} {self.id} {self.state.value}{progress}>"

    def _update(self, snapshot: Snapshot) -> Snapshot:
        self._history = self._history.after(snapshot)
        return self.snapshot

    def _explain(self, interruption: BaseException) -> None:
        """Leave the token on an interruption such as Ctrl-C, so that the job is not lost with the handle."""
        if not isinstance(interruption, Exception) and not self.state.final:
            interruption.add_note(f"The job goes on at the service: client.job_from_token({self.to_token()!r})")

    def _refreshing(self) -> Flow[None]:
        look = self._service.retried(lambda: self._service.poll_once(self._ref), responses.is_transient)
        self._update((yield from look))

    def _watch(self, timeout: float | None) -> Poller:
        return Poller(self._service, self._ref, timeout)

    def _step(self, watch: Poller) -> Flow[Snapshot]:
        try:
            return self._update((yield from watch.step()))
        except errors.WaitTimeout as over:
            over.job = cast("errors.JobHandle", self)
            raise

    def _waiting(self, timeout: float | None, on_update: Callable[[Snapshot], object] | None) -> Flow[None]:
        plain_callable("on_update", on_update)
        watch = self._watch(timeout)
        while not self.state.final:
            snapshot = yield from self._step(watch)
            if on_update is not None:
                on_update(snapshot)

    def _waiting_within(self, left: Callable[[Clock], float | None]) -> Flow[None]:
        """The wait, for the time that is left when it begins."""
        yield from self._waiting(left(self._service.settings.clock), None)

    def _resulting(self, timeout: float | None) -> Flow[None]:
        yield from self._waiting(timeout, None)
        if error := self.error:
            raise error

    def _canceling(self) -> Flow[None]:
        self._update((yield from self._service.cancel(self._ref)))

    def _saving(self, folder: str | PathLike[str], options: SaveOptions) -> Flow[list[Path]]:
        home = path("folder", folder)
        yield from self._resulting(None)
        saved: list[Path] = []
        for media, name in job_file_names(self.id, self.snapshot.media):
            download = Download(self._service, media, self.to_token(), home / name, options)
            saved.append((yield from download.flow()))
        return saved


class Job(_Handle):
    """Work that goes on at a service, by a blocking client.

    Losing the handle loses nothing: `client.job(id)` and `client.job_from_token(token)` make another.
    """

    def __init__(self, service: Service, driver: SyncDriver, started: StartedJob) -> None:
        super().__init__(service, started)
        self._driver = driver

    @property
    def outputs(self) -> list[Output]:
        """The results, once the job has succeeded; empty in every other state."""
        return [Output(self._service, self._driver, media, self.to_token()) for media in self.snapshot.media]

    def refresh(self) -> Self:
        """Look at the job once, sending again as the retry policy says, and return the job itself.

        Raises:
            ConnectionFailed: The service cannot be reached; `token` names the job.
            ApiError: The service refuses to tell; `token` names the job.
        """
        self._run(self._refreshing())
        return self

    def wait(self, timeout: float | None = None, on_update: Callable[[Snapshot], object] | None = None) -> Self:
        """Look until the job is over, and return the job itself, whether it succeeded or not.

        Args:
            timeout: Seconds of the clock that this takes at most, 0 to look once, `math.inf` for no limit; by default
                as long as the client's `PollPolicy` says, which is generous for the service.
            on_update: Called with a `Snapshot` after every look.

        Raises:
            WaitTimeout: The time is over; `job` and `token` go on with the job.
            ConnectionFailed, ServerError, RateLimitError: An outage outlasted `PollPolicy.outage`.
            ApiError: The service refuses to tell.
        """
        self._run(self._waiting(timeout, on_update))
        return self

    def result(self, timeout: float | None = None) -> list[Output]:
        """Wait if the job is not over, and return its outputs.

        Raises:
            JobError: The job ended without what was asked for.
            WaitTimeout, ConnectionFailed, ApiError: As `wait` raises them.
        """
        self._run(self._resulting(timeout))
        return self.outputs

    def updates(self, timeout: float | None = None) -> Generator[Snapshot, None, None]:
        """Look until the job is over, giving every answer; raises as `wait` does."""
        return self._updates(self._watch(timeout))

    def _updates(self, watch: Poller) -> Generator[Snapshot, None, None]:
        if self.state.final:
            yield self.snapshot
        while not self.state.final:
            yield self._run(self._step(watch))

    def cancel(self) -> Self:
        """Ask the service to stop the job, and return the job itself.

        Raises:
            UnsupportedError: The service documents no cancel call.
            ApiError: The service refuses.
        """
        self._run(self._canceling())
        return self

    def save(self, folder: str | PathLike[str], *, max_bytes: int | None = None, resume: bool = False) -> list[Path]:
        """Wait if the job is not over, save every output in *folder*, and return the paths.

        The files are named after the job: `<id>.mp4`, or `<id>-1.png`, `<id>-2.png` where there are several. The folder
        is made; a file of that name is replaced, whole or not at all.

        Args:
            folder: Where to save.
            max_bytes: How large each file may be, in bytes.
            resume: Keep what arrived of a broken download, and go on with it the next time.

        Raises:
            JobError: The job ended without what was asked for.
            DownloadError: A file was not saved; saving again spends nothing.
        """
        return self._run(self._saving(folder, SaveOptions(max_bytes=max_bytes, resume=resume)))

    def _course(self, left: Callable[[Clock], float | None]) -> PendingJob[Self]:
        return PendingJob(self, self._waiting_within(left), self._service.settings.clock, self._driver.run)

    def _run(self, flow: Flow[T]) -> T:
        try:
            return self._driver.run(flow)
        except BaseException as interruption:
            self._explain(interruption)
            raise


class AsyncJob(_Handle):
    """Work that goes on at a service, by an awaiting client: `await job` waits for its end.

    Losing the handle loses nothing: `client.job(id)` and `client.job_from_token(token)` make another.
    """

    def __init__(self, service: Service, driver: AsyncDriver, started: StartedJob) -> None:
        super().__init__(service, started)
        self._driver = driver

    def __await__(self) -> Generator[Any, Any, Self]:
        """Wait for the job's end and give the job itself, as `wait()` does."""
        return self.wait().__await__()

    @property
    def outputs(self) -> list[AsyncOutput]:
        """The results, once the job has succeeded; empty in every other state."""
        return [AsyncOutput(self._service, self._driver, media, self.to_token()) for media in self.snapshot.media]

    async def refresh(self) -> Self:
        """Look at the job once and return the job itself, as `Job.refresh`."""
        await self._run(self._refreshing())
        return self

    async def wait(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - seconds of the injected clock, which no cancel scope knows
        on_update: Callable[[Snapshot], object] | None = None,
    ) -> Self:
        """Look until the job is over and return the job itself, whether it succeeded or not, as `Job.wait`.

        Args:
            timeout: Seconds of the clock that this takes at most, 0 to look once, `math.inf` for no limit.
            on_update: Called with a `Snapshot` after every look; a plain callable: `updates()` is there for the rest.
        """
        await self._run(self._waiting(timeout, on_update))
        return self

    async def result(self, timeout: float | None = None) -> list[AsyncOutput]:  # noqa: ASYNC109 - as in wait
        """Wait if the job is not over, and return its outputs or raise its `JobError`, as `Job.result`."""
        await self._run(self._resulting(timeout))
        return self.outputs

    def updates(self, timeout: float | None = None) -> AsyncGenerator[Snapshot, None]:
        """Look until the job is over, giving every answer, as `Job.updates`."""
        return self._updates(self._watch(timeout))

    async def _updates(self, watch: Poller) -> AsyncGenerator[Snapshot, None]:
        if self.state.final:
            yield self.snapshot
        while not self.state.final:
            yield await self._run(self._step(watch))

    async def cancel(self) -> Self:
        """Ask the service to stop the job and return the job itself, as `Job.cancel`."""
        await self._run(self._canceling())
        return self

    async def save(
        self, folder: str | PathLike[str], *, max_bytes: int | None = None, resume: bool = False
    ) -> list[Path]:
        """Wait if the job is not over, save every output in *folder*, and return the paths, as `Job.save`."""
        return await self._run(self._saving(folder, SaveOptions(max_bytes=max_bytes, resume=resume)))

    def _course(self, left: Callable[[Clock], float | None]) -> PendingJob[Self]:
        return PendingJob(self, self._waiting_within(left), self._service.settings.clock, self._driver.run)

    async def _run(self, flow: Flow[T]) -> T:
        try:
            return await self._driver.run(flow)
        except BaseException as interruption:
            self._explain(interruption)
            raise
