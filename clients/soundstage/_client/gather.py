"""Many jobs waited for together: each at its own pace, a bounded number at a time, and none of them ever lost."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Generic, Self

import anyio

from soundstage._client.jobs import AsyncJob, Job
from soundstage._client.pending import J, PendingJob
from soundstage._values.validation import invalid, number, whole_number
from soundstage.errors import GatherError, WaitTimeout

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterable, Iterator

    from soundstage._io.clock import Clock
    from soundstage.errors import JobHandle


def gather(jobs: Iterable[Job], *, limit: int = 8, timeout: float | None = None) -> list[Job]:
    """Wait for many jobs in one thread, and return them in the order given, whether they succeeded or not.

    Every job is looked at as its own client's `PollPolicy` says. A wait that fails ends no other: what went wrong is
    raised when all the rest is over.

    Args:
        jobs: Jobs of one client or of several. A collection is read at once. Of an iterator, such as a generator that
            submits, the next job is taken when fewer than `limit` are going on, and none once the time is over.
        limit: How many jobs are waited for at a time.
        timeout: Seconds of the clock that all of it takes at most; by default each job has the time of its client's
            `PollPolicy`, counted from its first look.

    Raises:
        GatherError: Some waits failed, or taking the next job did; it carries every job, every token and every error.
        InvalidArgument: An argument is out of range; nothing was sent.
    """
    crew = JobGroup(jobs, Job, limit, timeout)
    for _ in _completed(crew):
        pass
    return crew.given


def as_completed(jobs: Iterable[Job], *, limit: int = 8, timeout: float | None = None) -> Generator[Job, None, None]:
    """Wait for many jobs in one thread, and give each, once, when it is over.

    Arguments and errors are those of `gather`; an error comes after the last job. Nothing happens between two jobs
    that are asked for, and whoever stops asking leaves the other jobs as they are.
    """
    return _completed(JobGroup(jobs, Job, limit, timeout))


async def gather_async(
    jobs: Iterable[AsyncJob],
    *,
    limit: int = 8,
    timeout: float | None = None,  # noqa: ASYNC109 - seconds of the injected clock, which no cancel scope knows
) -> list[AsyncJob]:
    """Wait for many jobs of awaiting clients, and return them in the order given, as `gather`; looks go on together."""
    crew = JobGroup(jobs, AsyncJob, limit, timeout)
    async for _ in _completed_async(crew):
        pass
    return crew.given


def as_completed_async(
    jobs: Iterable[AsyncJob], *, limit: int = 8, timeout: float | None = None
) -> AsyncGenerator[AsyncJob, None]:
    """Wait for many jobs of awaiting clients, and give each, once, when it is over, as `as_completed`."""
    return _completed_async(JobGroup(jobs, AsyncJob, limit, timeout))


def _completed(crew: JobGroup[Job]) -> Generator[Job, None, None]:
    with crew:
        while crew.going():
            if not (due := crew.due()):
                first = crew.first()
                first.clock.sleep(first.left)
            for course in due:
                course.go()
                yield from crew.release(course)
        crew.conclude()


async def _completed_async(crew: JobGroup[AsyncJob]) -> AsyncGenerator[AsyncJob, None]:
    with crew:
        while crew.going():
            if not (due := crew.due()):
                first = crew.first()
                await first.clock.asleep(first.left)
            async with anyio.create_task_group() as looks:  # never open while the caller has a job in hand
                for course in due:
                    looks.start_soon(course.go)
            for course in due:
                for job in crew.release(course):
                    yield job
        crew.conclude()


class JobGroup(Generic[J]):
    """The jobs of one call, and what is to be done next; a context manager that gives up what is left.

    Attributes:
        given: Every job that was taken, in the order given.
    """

    def __init__(self, jobs: Iterable[J], kind: type[J], limit: int, timeout: float | None) -> None:
        """Check the arguments, and read a collection whole.

        Raises:
            InvalidArgument: An argument is out of range.
        """
        self.given: list[J] = []
        self._kind = kind
        self._limit = whole_number("limit", limit, least=1)
        self._timeout = None if timeout is None else number("timeout", timeout, least=0, infinite=True)
        self._clocks: dict[int, tuple[Clock, float]] = {}
        self._exceptions: list[Exception] = []
        self._going: list[PendingJob[J]] = []
        self._known = isinstance(jobs, Collection)
        self._at_end = False
        courses = self._courses(_iterator(jobs, kind))
        self._ahead = iter(list(courses)) if self._known else courses

    def _courses(self, jobs: Iterator[Any]) -> Iterator[PendingJob[J]]:
        """A wait for each job that was not given before, not begun yet."""
        seen: set[int] = set()
        for job in (_handle(found, self._kind) for found in jobs):
            self.given.append(job)
            if id(job) not in seen:
                seen.add(id(job))
                course = job._course(self._left)  # noqa: SLF001 - a handle and its wait are one machine
                self._clocks.setdefault(id(course.clock), (course.clock, course.clock.now()))
                yield course

    def going(self) -> bool:
        """Take up jobs until as many go on as may, and say whether any does."""
        while len(self._going) < self._limit and (course := self._next()):
            if self._known and self._timeout and self._is_over(course.clock):
                self._exceptions.append(_late(course.job))
            else:
                self._going.append(course)
        return bool(self._going)

    def _next(self) -> PendingJob[J] | None:
        """The next wait, or None; of an iterator none is taken once the time is over, as that may cost."""
        if not self._known and any(self._is_over(clock) for clock, _ in self._clocks.values()):
            return None
        try:
            course = next(self._ahead, None)
        except Exception as trouble:  # noqa: BLE001 - told at the end, so that it loses no job that was taken
            self._exceptions.append(trouble)
            course = None
        self._at_end = course is None
        return course

    def due(self) -> list[PendingJob[J]]:
        """The waits that can go on now."""
        return [course for course in self._going if not course.left]

    def first(self) -> PendingJob[J]:
        """The wait that goes on before all others."""
        return min(self._going, key=lambda course: course.left)

    def release(self, course: PendingJob[J]) -> Iterator[J]:
        """Let go of a wait that is over, and give its job if that is over too."""
        if course.over:
            self._going.remove(course)
            if course.trouble is None:
                yield course.job
            else:
                self._exceptions.append(course.trouble)

    def conclude(self) -> None:
        """End the call.

        Raises:
            GatherError: Something went wrong on the way.
        """
        if not self._at_end:
            self._exceptions.append(WaitTimeout(f"no further job was taken: the time of {self._timeout:g} s is over"))
        if self._exceptions:
            raise GatherError.of(self.given, self._exceptions) from self._exceptions[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Close every wait, and leave the tokens on an interruption such as Ctrl-C."""
        for course in self._going:
            course.close()
        if error is not None and not isinstance(error, (Exception, GeneratorExit)):
            tokens = [job.to_token() for job in dict.fromkeys(self.given) if not job.state.final]
            error.add_note(f"{len(tokens)} jobs go on at the service, for client.job_from_token(): {tokens}")

    def _left(self, clock: Clock) -> float | None:
        """Seconds of *clock* that are left, or None where each job has its own."""
        if self._timeout is None:
            return None
        return max(0.0, self._clocks[id(clock)][1] + self._timeout - clock.now())

    def _is_over(self, clock: Clock) -> bool:
        return self._left(clock) == 0


def _iterator(jobs: Any, kind: type) -> Iterator[Any]:
    try:
        return iter(jobs)
    except TypeError:
        invalid("jobs", jobs, f"an iterable of {kind.__name__}")


def _handle(found: Any, kind: type) -> Any:
    """*found*, which is a *kind*; untyped, as what belongs to a handle alone is called on it here."""
    if not isinstance(found, kind):
        invalid("jobs", found, f"an iterable of {kind.__name__}")
    return found


def _late(job: JobHandle) -> WaitTimeout:
    return WaitTimeout(
        f"the time was over before the job {job.id} could be looked at; it goes on at the service",
        vendor=job.vendor,
        token=job.to_token(),
        job=job,
    )
