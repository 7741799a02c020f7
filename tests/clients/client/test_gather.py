"""gather and as_completed: each job on its own schedule, no job lost, waits interleaved."""

from __future__ import annotations

import asyncio
import copy
import json
import math
import pickle
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import (
    AsyncJob,
    AsyncTomoviee,
    ConnectionFailed,
    GatherError,
    InvalidArgument,
    Job,
    JobState,
    PollPolicy,
    SkippingClock,
    WaitTimeout,
    as_completed,
    as_completed_async,
    errors,
    gather,
    gather_async,
)
from soundstage._client import gather as module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.clients.conftest import Kit

POLL = 10.0
LIMITS = st.integers(1, 8)
ENDS = st.lists(st.floats(0, 120), max_size=8)


class Gateway:
    """Serves polls: job t-<n> ends at the n-th of *ends*, on *clock*; polls of a job in *broken* are refused."""

    def __init__(self, kit: Kit, ends: Sequence[float], broken: Sequence[int] = ()) -> None:
        self.kit = kit
        self.clock = SkippingClock()
        self.ends = ends
        self.broken = broken
        self.poll_times: list[tuple[int, float]] = []
        self.submitted = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        if not request.url.path.endswith("/pub/task"):
            self.submitted += 1
            return httpx.Response(200, content=self.kit.created(f"t-{self.submitted - 1}"))
        number = int(json.loads(request.content)["task_id"].removeprefix("t-"))
        now = self.clock.now()
        self.poll_times.append((number, now))
        if number in self.broken:
            return httpx.Response(401)
        over = now >= self.ends[number]
        return httpx.Response(200, content=self.kit.task(4 if over else 2))

    def jobs(self, **options: Any) -> list[Job]:
        """Return a sync handle of every job."""
        client = self.kit.client(self, clock=self.clock, **options)
        return [client.job(f"t-{number}") for number in range(len(self.ends))]

    def async_jobs(self, **options: Any) -> list[AsyncJob]:
        """Return an async handle of every job."""
        client = self.kit.async_client(self, clock=self.clock, **options)
        return [client.job(f"t-{number}") for number in range(len(self.ends))]

    def most_at_once(self) -> int:
        """Return the greatest number of jobs that were pending at the same time."""
        spans = [
            [at for seen, at in self.poll_times if seen == number]
            for number in {number for number, _ in self.poll_times}
        ]
        return max((sum(span[0] < at < span[-1] for span in spans) for _, at in self.poll_times), default=0)


def error_of(call: Callable[[], object]) -> GatherError:
    """Return the error that a call raises, or an empty GatherError."""
    try:
        call()
    except GatherError as error:
        return error
    return GatherError()


def about_jobs(error: GatherError) -> list[errors.SoundstageError]:
    """Return the errors, which are all errors of this library."""
    found = [one for one in error.exceptions if isinstance(one, errors.SoundstageError)]
    assert len(found) == len(error.exceptions)
    return found


@given(ends=ENDS, limit=LIMITS)
def test_gather_returns_ended_jobs_in_given_order(kit: Kit, ends: list[float], limit: int) -> None:
    """Whenever the jobs end, gather returns all of them, ended, in the given order, within its limit."""
    gateway = Gateway(kit, ends)
    jobs = gateway.jobs()
    assert gather(jobs, limit=limit) == jobs
    assert all(job.state.final for job in jobs)
    assert gateway.most_at_once() <= limit


@given(ends=ENDS, limit=LIMITS)
def test_as_completed_yields_each_job_once(kit: Kit, ends: list[float], limit: int) -> None:
    """as_completed yields every job once, ended, right after the poll that found the end."""
    gateway = Gateway(kit, ends)
    jobs = gateway.jobs()
    seen: list[tuple[str, float]] = []
    for job in as_completed(jobs, limit=limit):
        assert job.state.final
        seen.append((job.id, gateway.clock.now()))
    last_polls = {f"t-{number}": at for number, at in gateway.poll_times}
    assert dict(seen) == last_polls
    assert len(seen) == len(jobs)


@given(ends=st.lists(st.floats(0, 120), min_size=1, max_size=8))
def test_waits_are_interleaved(kit: Kit, ends: list[float]) -> None:
    """Within the limit the wait takes as long as the longest job, and each job is polled as if it were alone."""
    together = Gateway(kit, ends)
    gather(together.jobs(), limit=len(ends))
    longest = 0.0
    for number in range(len(ends)):
        alone = Gateway(kit, ends)
        alone.jobs()[number].wait()
        assert [at for seen, at in together.poll_times if seen == number] == pytest.approx(
            [at for _, at in alone.poll_times]
        )
        longest = max(longest, alone.clock.now())
    assert together.clock.now() == pytest.approx(longest)


def test_jobs_keep_their_clients_policy_and_clock(kit: Kit) -> None:
    """Jobs of several clients are polled by the policy and the clock of each."""
    quick, slow = Gateway(kit, [30, 30]), Gateway(kit, [100])
    jobs = [*quick.jobs(poll=PollPolicy(first=5)), *slow.jobs(poll=PollPolicy(first=50))]
    assert gather(iter(jobs)) == jobs
    assert [at for _, at in slow.poll_times] == [0, 50, 100]
    assert [at for number, at in quick.poll_times if number] == [0, 5, 10, 15, 20, 25, 30]


@given(
    ends=ENDS,
    broken=st.sets(st.integers(0, 7)),
    limit=LIMITS,
    timeout=st.none() | st.floats(0, 150),
)
def test_sync_and_async_gather_are_equal(
    kit: Kit, ends: list[float], broken: set[int], limit: int, timeout: float | None
) -> None:
    """The same jobs are polled at the same times, and end in the same order or the same error."""
    one, other = (Gateway(kit, ends, sorted(broken)) for _ in range(2))

    given_by_one, given_by_other = list[str](), list[str]()

    def blocking() -> None:
        for job in as_completed(one.jobs(), limit=limit, timeout=timeout):
            given_by_one.append(job.id)

    async def awaiting() -> None:
        async for job in as_completed_async(other.async_jobs(), limit=limit, timeout=timeout):
            given_by_other.append(job.id)

    first, second = error_of(blocking), error_of(lambda: asyncio.run(awaiting()))
    assert (str(first), first.tokens) == (str(second), second.tokens)
    assert (given_by_one, one.poll_times) == (given_by_other, other.poll_times)


@given(ends=st.lists(st.floats(0, 120), min_size=1, max_size=8), broken=st.sets(st.integers(0, 7)), limit=LIMITS)
def test_failed_poll_loses_no_other_job(kit: Kit, ends: list[float], broken: set[int], limit: int) -> None:
    """All other jobs are waited for; then the error has every job, every token and every error."""
    gateway = Gateway(kit, ends, sorted(broken))
    jobs = gateway.jobs()
    failing = [job for number, job in enumerate(jobs) if number in broken]
    error = error_of(lambda: gather(jobs, limit=limit))
    assert [job for job in jobs if not job.state.final] == failing
    assert sorted(str(one.token) for one in about_jobs(error)) == sorted(job.to_token() for job in failing)
    if failing:
        assert (error.jobs, error.tokens) == (tuple(jobs), tuple(job.to_token() for job in jobs))
        assert error.__cause__ is error.exceptions[0]


@given(ends=ENDS, limit=LIMITS, timeout=st.floats(0, 150))
def test_timeout_limits_the_whole_call(kit: Kit, ends: list[float], limit: int, timeout: float) -> None:
    """The call never exceeds its timeout, and the error has exactly the jobs that are not over."""
    gateway = Gateway(kit, ends)
    jobs = gateway.jobs()
    error = error_of(lambda: gather(jobs, limit=limit, timeout=timeout))
    late = [one.job for one in error.exceptions if isinstance(one, WaitTimeout)]
    assert len(late) == len(error.exceptions)
    assert sorted(map(id, late)) == sorted(id(job) for job in jobs if not job.state.final)
    assert gateway.clock.now() <= timeout * (1 + 1e-12)


def test_zero_timeout_polls_every_job_once(kit: Kit) -> None:
    """With timeout=0 each job is polled once, whatever the limit."""
    gateway = Gateway(kit, [0, 1, 0, 1])
    with pytest.raises(GatherError, match=r"2 of the waits for 4 jobs failed \(WaitTimeout: "):
        gather(gateway.jobs(), limit=1, timeout=0)
    assert [number for number, _ in gateway.poll_times] == [0, 1, 2, 3]


def test_default_timeout_is_the_policys(kit: Kit) -> None:
    """By default each job has the timeout of its client's policy, counted from its own first poll."""
    gateway = Gateway(kit, [math.inf, 150])
    jobs = gateway.jobs(poll=PollPolicy(timeout=100))
    with pytest.raises(GatherError):
        gather(jobs, limit=1)
    assert (jobs[0].state, jobs[1].state) == (JobState.RUNNING, JobState.FAILED)
    assert gateway.clock.now() == 150


def test_job_given_twice_is_polled_once(kit: Kit) -> None:
    """A job that is given twice is listed twice by gather, yielded once by as_completed, and polled as one."""
    gateway = Gateway(kit, [15, 25])
    one, two = gateway.jobs()
    assert gather((one, two, one)) == [one, two, one]
    assert len([at for number, at in gateway.poll_times if number == 0]) == 3
    assert list(as_completed([one, one, two])) == [one, two]


def test_empty_collection_returns_at_once(kit: Kit) -> None:
    """An empty collection is not an error."""
    del kit
    assert gather([]) == []
    assert list(as_completed(())) == []
    assert asyncio.run(gather_async([])) == []


@given(count=st.integers(0, 8), limit=LIMITS)
def test_iterator_is_read_as_jobs_end(kit: Kit, count: int, limit: int) -> None:
    """No more jobs than the limit are pending at the service at any time."""
    gateway = Gateway(kit, [25.0 * number for number in range(count)])
    client = kit.client(gateway, clock=gateway.clock)
    open_jobs: list[Job] = []

    def submit() -> Iterator[Job]:
        for _ in range(count):
            assert sum(not job.state.final for job in open_jobs) < limit
            open_jobs.append(client.text_to_video("a kite"))
            yield open_jobs[-1]

    assert gather(submit(), limit=limit) == open_jobs
    assert len(open_jobs) == count


def test_error_of_the_iterator_loses_no_job(kit: Kit) -> None:
    """An error of the iterator is raised at the end, when the jobs before it are over."""
    gateway = Gateway(kit, [50, 20])

    def submit() -> Iterator[Job]:
        yield from gateway.jobs()
        raise LookupError("no more prompts")

    with pytest.raises(GatherError, match="LookupError: no more prompts") as caught:
        gather(submit())
    assert [type(one) for one in caught.value.exceptions] == [LookupError]
    assert all(job.state.final for job in caught.value.jobs)
    assert caught.value.tokens == tuple(job.to_token() for job in caught.value.jobs)


def test_iterator_is_not_read_after_the_timeout(kit: Kit) -> None:
    """No job is taken from an iterator after the timeout, and the error reports it."""
    gateway = Gateway(kit, [30, 30, 30])
    jobs = iter(gateway.jobs())
    with pytest.raises(GatherError, match="the timeout of 30 s has passed") as caught:
        gather(jobs, limit=1, timeout=30)
    assert [job.id for job in caught.value.jobs] == ["t-0"]
    assert [job.id for job in jobs] == ["t-1", "t-2"]


def test_late_jobs_of_a_collection_are_reported(kit: Kit) -> None:
    """Jobs that were never polled are late too, and are in the error with their tokens."""
    gateway = Gateway(kit, [math.inf] * 3)
    jobs = gateway.jobs()
    with pytest.raises(GatherError) as caught:
        gather(jobs, limit=1, timeout=30)
    assert [one.job for one in caught.value.exceptions if isinstance(one, WaitTimeout)] == jobs
    assert [one.token for one in about_jobs(caught.value)] == [job.to_token() for job in jobs]
    assert {number for number, _ in gateway.poll_times} == {0}


def test_outage_is_tolerated_within_the_policy(kit: Kit) -> None:
    """Failed polls do not end a wait until the outage lasts longer than the policy allows."""
    gateway = Gateway(kit, [100])

    def unreachable(request: httpx.Request) -> httpx.Response:
        if 20 <= gateway.clock.now() < 60:
            raise httpx.ConnectError("no route", request=request)
        return gateway(request)

    client = kit.client(unreachable, clock=gateway.clock)
    assert gather([client.job("t-0")])[0].state is JobState.FAILED
    gateway.clock = clock = SkippingClock(20)
    impatient = kit.client(unreachable, clock=clock, poll=PollPolicy(outage=30))
    with pytest.raises(GatherError) as caught:
        gather([impatient.job("t-0")])
    assert [type(one) for one in caught.value.exceptions] == [ConnectionFailed]


@pytest.mark.parametrize("place", ["sleep", "poll"])
def test_interruption_has_every_open_token(kit: Kit, place: str) -> None:
    """Ctrl-C during a sleep or a poll has the tokens of all open jobs, each once, also of those not yet polled."""

    class Interrupting(SkippingClock):
        def sleep(self, seconds: float) -> None:
            raise KeyboardInterrupt(seconds)

    gateway = Gateway(kit, [0, math.inf, math.inf, math.inf])

    def handler(request: httpx.Request) -> httpx.Response:
        if place == "poll" and len(gateway.poll_times) == 2:
            raise KeyboardInterrupt
        return gateway(request)

    gateway.clock = Interrupting()
    client = kit.client(handler, clock=gateway.clock)
    jobs = [client.job(f"t-{number}") for number in range(4)]
    with pytest.raises(KeyboardInterrupt) as caught:
        gather(jobs, limit=2)
    (note,) = caught.value.__notes__
    assert [job.to_token() in note for job in jobs] == [False, True, True, True]


def test_canceled_task_has_every_open_token(kit: Kit) -> None:
    """A task that is canceled while it gathers has the tokens of the open jobs."""

    async def script() -> None:
        gateway = Gateway(kit, [0, math.inf])

        def handler(request: httpx.Request) -> httpx.Response:
            if len(gateway.poll_times) == 4:
                task.cancel()
            return gateway(request)

        client = kit.async_client(handler, clock=gateway.clock)
        task = asyncio.ensure_future(gather_async([client.job("t-0"), client.job("t-1")]))
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        (note,) = caught.value.__notes__
        assert ("t-0" in note, "t-1" in note) == (False, True)

    asyncio.run(script())


def test_leaving_the_loop_early_keeps_the_jobs(kit: Kit) -> None:
    """After a break nothing more is polled, and the jobs can be waited for again."""
    gateway = Gateway(kit, [0, 100])
    jobs = gateway.jobs()
    completed = as_completed(jobs)
    assert next(completed) is jobs[0]
    completed.close()
    poll_times = len(gateway.poll_times)
    assert jobs[1].state is JobState.UNKNOWN
    assert gather(jobs) == jobs
    assert len(gateway.poll_times) > poll_times


def test_gather_async_returns_given_order(kit: Kit) -> None:
    """gather_async returns every job, ended, in the given order."""

    async def script() -> None:
        gateway = Gateway(kit, [50, 20, 35])
        jobs = gateway.async_jobs()
        assert await gather_async(jobs, limit=2) == jobs
        assert all(job.state.final for job in jobs)

    asyncio.run(script())


def test_slow_poll_delays_no_other_job(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the poll of one job has no response, the others are polled at their own pace, and are yielded."""
    monkeypatch.setattr(module, "_GRACE", 0.0)

    async def script() -> None:
        gateway = Gateway(kit, [0, 25, 35])
        released = asyncio.Event()

        async def handler(request: httpx.Request) -> httpx.Response:
            if json.loads(request.content)["task_id"] == "t-0":
                await released.wait()
            return gateway(request)

        http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
        client = AsyncTomoviee(kit.key, kit.secret, base_url=kit.base, http=http, clock=gateway.clock)
        jobs = [client.job(f"t-{number}") for number in range(3)]
        ended: list[str] = []
        async with asyncio.timeout(30):
            async for job in as_completed_async(jobs):
                ended.append(job.id)
                if len(ended) == 2:
                    released.set()
        assert ended == ["t-1", "t-2", "t-0"]
        assert [number for number, _ in gateway.poll_times].count(1) == 4

    asyncio.run(script())


def test_leaving_the_async_loop_early_ends_every_poll(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a break no poll is left running, and the jobs can be waited for again."""
    monkeypatch.setattr(module, "_GRACE", 0.0)

    async def script() -> None:
        gateway = Gateway(kit, [0, 0])
        released = asyncio.Event()

        async def handler(request: httpx.Request) -> httpx.Response:
            if json.loads(request.content)["task_id"] == "t-1":
                await released.wait()
            return gateway(request)

        http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
        client = AsyncTomoviee(kit.key, kit.secret, base_url=kit.base, http=http, clock=gateway.clock)
        jobs = [client.job("t-0"), client.job("t-1")]
        completed = as_completed_async(jobs)
        assert await anext(completed) is jobs[0]
        await completed.aclose()
        assert len(asyncio.all_tasks()) == 1
        released.set()
        assert await gather_async(jobs) == jobs

    asyncio.run(script())


@pytest.mark.parametrize("limit", [0, -1, True, 1.5, None])
@pytest.mark.parametrize("call", [gather, as_completed, as_completed_async])
def test_invalid_limit_is_refused(call: Any, limit: Any) -> None:
    """An invalid limit is refused before a job is taken or anything is sent."""
    with pytest.raises(InvalidArgument, match="limit"):
        call([], limit=limit)


@pytest.mark.parametrize("timeout", [-1, math.nan, "soon", True])
def test_invalid_timeout_is_refused(timeout: Any) -> None:
    """An invalid timeout is refused before anything is sent."""
    with pytest.raises(InvalidArgument, match="timeout"):
        as_completed([], timeout=timeout)


def test_other_objects_than_jobs_are_refused(kit: Kit) -> None:
    """Anything but handles of the right class is refused with what is allowed, before anything is sent."""
    gateway = Gateway(kit, [0])
    for jobs in (5, "t-0", [*gateway.jobs(), None], gateway.async_jobs()):
        with pytest.raises(InvalidArgument, match=r"jobs=.* an iterable of Job") as caught:
            gather(jobs)  # type: ignore[arg-type]
        assert caught.value.field == "jobs"
    with pytest.raises(InvalidArgument, match="an iterable of AsyncJob"):
        as_completed_async(gateway.jobs())  # type: ignore[arg-type]
    assert gateway.poll_times == []


def test_gather_error_is_pickled_with_tokens(kit: Kit) -> None:
    """A pickled or copied error has no handles, and keeps the tokens and the errors."""
    gateway = Gateway(kit, [math.inf] * 5)
    with pytest.raises(GatherError, match="and 2 more") as caught:
        gather(gateway.jobs(), timeout=10)
    for twin in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):  # noqa: S301 - our own bytes
        assert (twin.jobs, twin.tokens, str(twin)) == ((), caught.value.tokens, str(caught.value))
        assert [type(one) for one in twin.exceptions] == [WaitTimeout] * 5
