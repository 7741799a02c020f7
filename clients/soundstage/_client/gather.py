"""Wait for many jobs at once: each on its own polling schedule, a bounded number at a time, none ever lost."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Generic, Self

from soundstage._client.jobs import AsyncJob, Job
from soundstage._client.pending import J, PendingJob
from soundstage._values.events import report
from soundstage._values.validation import invalid, number, whole_number
from soundstage.errors import GatherError, WaitTimeout

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterable, Iterator

    from soundstage._io.clock import Clock
    from soundstage.errors.jobs import JobHandle

_GRACE = 1.0  # seconds of real time


def gather(jobs: Iterable[Job], *, limit: int = 8, timeout: float | None = None) -> list[Job]:
    """Wait for many jobs in one thread, and return them in the given order, whether they succeeded or not.

    Every job is polled by its own client's `PollPolicy`. A wait that fails does not end the others: its error is raised
    after all other waits are over.

    Args:
        jobs: Jobs of one client or of several. A collection is read at once. From an iterator, such as a generator that
            submits, the next job is taken when fewer than `limit` are pending, and none once the timeout has passed.
        limit: The greatest number of jobs that are polled at the same time.
        timeout: Seconds of the clock for the whole call; by default each job has the timeout of its client's
            `PollPolicy`, counted from its first poll.

    Raises:
        GatherError: Some waits failed, or taking the next job did; it has every job, every token and every error.
        InvalidArgument: An argument is out of range; nothing was sent.
    """
    group = JobGroup(jobs, Job, limit, timeout)
    for _ in _completed(group):
        pass
    return group.jobs


def as_completed(jobs: Iterable[Job], *, limit: int = 8, timeout: float | None = None) -> Generator[Job, None, None]:
    """Wait for many jobs in one thread, and yield each job once, when it is over.

    Arguments and errors are those of `gather`; an error is raised after the last job. Nothing is sent between two jobs
    that the caller requests, and a caller who stops early leaves the remaining jobs as they are.
    """
    return _completed(JobGroup(jobs, Job, limit, timeout))


async def gather_async(
    jobs: Iterable[AsyncJob],
    *,
    limit: int = 8,
    timeout: float | None = None,  # noqa: ASYNC109 - seconds of the injected clock, which no cancel scope knows
) -> list[AsyncJob]:
    """Wait for many jobs of async clients, and return them in the given order, as `gather`.

    Polls run concurrently, each job at its own pace: a slow poll delays no other job.
    """
    group = JobGroup(jobs, AsyncJob, limit, timeout)
    async for _ in _completed_async(group):
        pass
    return group.jobs


def as_completed_async(
    jobs: Iterable[AsyncJob], *, limit: int = 8, timeout: float | None = None
) -> AsyncGenerator[AsyncJob, None]:
    """Wait for many jobs of async clients, and yield each job once, when it is over, as `as_completed`.

    Each job has its own pace, as in `gather_async`; polls that were started continue while the caller has a job.
    """
    return _completed_async(JobGroup(jobs, AsyncJob, limit, timeout))


def _completed(group: JobGroup[Job]) -> Generator[Job, None, None]:
    with group:
        while group.fill():
            if not (due := group.due()) and (first := group.next_due()):
                first.clock.sleep(first.remaining)  # then around again: another clock may have moved meanwhile
            for pending in due:
                pending.advance()
                yield from group.collect(pending)
        group.finish()


async def _completed_async(group: JobGroup[AsyncJob]) -> AsyncGenerator[AsyncJob, None]:
    # Tasks and no task group: a generator that is suspended inside an open task group would tie the caller's own code,
    # and its cancellation, to these polls; one that closes before each job would let the slowest poll delay all others.
    polls: dict[asyncio.Future[Any], PendingJob[AsyncJob]] = {}
    with group:
        try:
            while group.fill():
                for pending in group.due():
                    pending.is_running = True
                    polls[asyncio.ensure_future(pending.advance())] = pending
                await _until_next(polls, group)
                for poll in [poll for poll in polls if poll.done()]:
                    pending = polls.pop(poll)
                    pending.is_running = False
                    poll.result()
                    for job in group.collect(pending):
                        yield job
        finally:
            await _end(polls)  # before the group closes the waits that they advance
        group.finish()


async def _until_next(polls: Collection[asyncio.Future[Any]], group: JobGroup[AsyncJob]) -> None:
    """Wait until a poll has ended, or the pause of another job."""
    first = group.next_due()
    if polls:
        # A clock that skips its pauses would run away from polls that have not ended; on a real one nothing is late.
        limit = None if first is None else min(_GRACE, first.remaining)
        done, _ = await asyncio.wait(polls, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        if done or first is None:
            return
    if first is not None:
        sleep = asyncio.ensure_future(first.clock.asleep(first.remaining))
        try:
            await asyncio.wait([*polls, sleep], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end([] if sleep.done() else [sleep])
        if not sleep.cancelled():
            sleep.result()


async def _end(tasks: Collection[asyncio.Future[Any]]) -> None:
    """Cancel tasks and wait for their end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class JobGroup(Generic[J]):
    """The jobs of one call to `gather`, and what is due next; a context manager that abandons what is left.

    Attributes:
        jobs: Every job that was taken, in the given order; a job that was given twice is listed twice.
    """

    def __init__(self, jobs: Iterable[J], kind: type[J], limit: int, timeout: float | None) -> None:
        """Check the arguments, and read a collection whole.

        Raises:
            InvalidArgument: An argument is out of range.
        """
        self.jobs: list[J] = []
        self._kind = kind
        self._limit = whole_number("limit", limit, least=1)
        self._timeout = None if timeout is None else number("timeout", timeout, least=0, infinite=True)
        # Jobs of several clients may have several clocks, and the timeout is counted on each from its first job.
        self._clocks: dict[int, tuple[Clock, float]] = {}
        self._exceptions: list[Exception] = []
        self._pending: list[PendingJob[J]] = []
        # A collection contains jobs that exist already, so that all are known at once and every one gets its error. An
        # iterator may submit a paid job whenever it is asked for the next one, so it is read one job at a time.
        self._is_collection = isinstance(jobs, Collection)
        self._is_exhausted = False
        waits = self._waits(_iterator(jobs, kind))
        self._upcoming = iter(list(waits)) if self._is_collection else waits

    def _waits(self, jobs: Iterator[Any]) -> Iterator[PendingJob[J]]:
        """Yield a wait that has not started for each job that was not given before."""
        seen: set[int] = set()
        for job in (_checked(found, self._kind) for found in jobs):
            self.jobs.append(job)
            if id(job) not in seen:
                seen.add(id(job))
                pending = job._pending(self._remaining)  # noqa: SLF001 - a handle and its wait belong together
                self._clocks.setdefault(id(pending.clock), (pending.clock, pending.clock.now()))
                yield pending

    def fill(self) -> bool:
        """Start waits until `limit` are pending or no job is left, and return whether any is pending."""
        while len(self._pending) < self._limit and (pending := self._next()):
            # With timeout=0 each job of a collection is still polled once, as `job.wait(0)` does.
            if self._is_collection and self._timeout and self._is_late(pending.clock):
                self._exceptions.append(_late(pending.job))
            else:
                self._pending.append(pending)
        return bool(self._pending)

    def _next(self) -> PendingJob[J] | None:
        """Return the next wait, or None; an iterator is not asked after the timeout, because that may spend money."""
        if not self._is_collection and any(self._is_late(clock) for clock, _ in self._clocks.values()):
            return None
        try:
            pending = next(self._upcoming, None)
        except Exception as error:  # noqa: BLE001 - reported at the end, so that no job that was taken is lost
            self._exceptions.append(error)
            pending = None
        self._is_exhausted = pending is None
        return pending

    def due(self) -> list[PendingJob[J]]:
        """Return the waits that can be advanced now."""
        return [pending for pending in self._pending if not pending.is_running and not pending.remaining]

    def next_due(self) -> PendingJob[J] | None:
        """Return the wait whose pause ends first, or None while all of them are running."""
        idle = [pending for pending in self._pending if not pending.is_running]
        return min(idle, key=lambda pending: pending.remaining, default=None)

    def collect(self, pending: PendingJob[J]) -> Iterator[J]:
        """Remove a wait that is over, and yield its job if the job is over as well."""
        if pending.done:
            self._pending.remove(pending)
            if pending.error is None:
                yield pending.job
            else:
                self._exceptions.append(pending.error)

    def finish(self) -> None:
        """End the call.

        Raises:
            GatherError: Something went wrong on the way.
        """
        if not self._is_exhausted:
            message = f"no further job was taken from the iterator: the timeout of {self._timeout:g} s has passed"
            self._exceptions.append(WaitTimeout(message))
        if self._exceptions:
            failed = GatherError.of(self.jobs, self._exceptions)
            self._report(failed)
            raise failed from self._exceptions[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Close every wait, and add the tokens of the open jobs to an interruption such as Ctrl-C."""
        for pending in self._pending:
            pending.close()
        if error is not None and not isinstance(error, (Exception, GeneratorExit)):
            self._report(error)

    def _report(self, error: BaseException) -> None:
        """Add the tokens of the open jobs to *error*, and log them."""
        tokens = [job.to_token() for job in dict.fromkeys(self.jobs) if not job.state.final]
        if tokens:
            report(error, f"{len(tokens)} jobs continue at the service; resume them by job_from_token(): {tokens}")

    def _remaining(self, clock: Clock) -> float | None:
        """Return the seconds of *clock* that are left, or None where each job has its own timeout."""
        if self._timeout is None:
            return None
        return max(0.0, self._clocks[id(clock)][1] + self._timeout - clock.now())

    def _is_late(self, clock: Clock) -> bool:
        return self._remaining(clock) == 0


def _iterator(jobs: Any, kind: type) -> Iterator[Any]:
    try:
        return iter(jobs)
    except TypeError:
        invalid("jobs", jobs, f"an iterable of {kind.__name__}")


def _checked(found: Any, kind: type) -> Any:
    """Return *found*, which must be a *kind*; untyped, because a private method of the handle is called on it."""
    if not isinstance(found, kind):
        invalid("jobs", found, f"an iterable of {kind.__name__}")
    return found


def _late(job: JobHandle) -> WaitTimeout:
    return WaitTimeout(
        f"the timeout passed before job {job.id} was polled; the job continues at the service",
        vendor=job.vendor,
        token=job.to_token(),
        job=job,
    )
