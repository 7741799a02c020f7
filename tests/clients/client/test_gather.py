"""Many jobs at once: every one is waited for at its own pace, none is lost, and time is spent once."""

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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.clients.conftest import Kit

POLL = 10.0
LIMITS = st.integers(1, 8)
ENDS = st.lists(st.floats(0, 120), max_size=8)


class Gateway:
    """Answers polls: job t-<n> ends at the n-th of *ends*, on *clock*; a job in *broken* is refused to be told of."""

    def __init__(self, kit: Kit, ends: Sequence[float], broken: Sequence[int] = ()) -> None:
        self.kit = kit
        self.clock = SkippingClock()
        self.ends = ends
        self.broken = broken
        self.looks: list[tuple[int, float]] = []
        self.submitted = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        if not request.url.path.endswith("/pub/task"):
            self.submitted += 1
            return httpx.Response(200, content=self.kit.created(f"t-{self.submitted - 1}"))
        number = int(json.loads(request.content)["task_id"].removeprefix("t-"))
        now = self.clock.now()
        self.looks.append((number, now))
        if number in self.broken:
            return httpx.Response(401)
        over = now >= self.ends[number]
        return httpx.Response(200, content=self.kit.task(4 if over else 2))

    def jobs(self, **options: Any) -> list[Job]:
        """A blocking handle of every job."""
        client = self.kit.client(self, clock=self.clock, **options)
        return [client.job(f"t-{number}") for number in range(len(self.ends))]

    def async_jobs(self, **options: Any) -> list[AsyncJob]:
        """An awaiting handle of every job."""
        client = self.kit.async_client(self, clock=self.clock, **options)
        return [client.job(f"t-{number}") for number in range(len(self.ends))]

    def most_at_once(self) -> int:
        """How many jobs were waited for at the same time."""
        spans = [[at for seen, at in self.looks if seen == number] for number in {number for number, _ in self.looks}]
        return max((sum(span[0] < at < span[-1] for span in spans) for _, at in self.looks), default=0)


def trouble_of(call: Callable[[], object]) -> GatherError:
    """The error that a call ends in; one that tells of nothing if it does not."""
    try:
        call()
    except GatherError as error:
        return error
    return GatherError()


def about_jobs(error: GatherError) -> list[errors.SoundstageError]:
    """What went wrong, all of it being errors of this library."""
    found = [one for one in error.exceptions if isinstance(one, errors.SoundstageError)]
    assert len(found) == len(error.exceptions)
    return found


@given(ends=ENDS, limit=LIMITS)
def test_all_jobs_are_over_and_in_the_order_given(kit: Kit, ends: list[float], limit: int) -> None:
    """Whatever ends when, gather gives every job, over, in the order given, and waits for no more than it may."""
    gateway = Gateway(kit, ends)
    jobs = gateway.jobs()
    assert gather(jobs, limit=limit) == jobs
    assert all(job.state.final for job in jobs)
    assert gateway.most_at_once() <= limit


@given(ends=ENDS, limit=LIMITS)
def test_each_job_is_given_once_when_it_is_over(kit: Kit, ends: list[float], limit: int) -> None:
    """as_completed gives every job once, over, and never later than the look that found it so."""
    gateway = Gateway(kit, ends)
    jobs = gateway.jobs()
    seen: list[tuple[str, float]] = []
    for job in as_completed(jobs, limit=limit):
        assert job.state.final
        seen.append((job.id, gateway.clock.now()))
    last_looks = {f"t-{number}": at for number, at in gateway.looks}
    assert dict(seen) == last_looks
    assert len(seen) == len(jobs)


@given(ends=st.lists(st.floats(0, 120), min_size=1, max_size=8))
def test_many_jobs_take_no_longer_than_the_longest(kit: Kit, ends: list[float]) -> None:
    """With room for all, time is spent once, and each job is looked at as if it were alone."""
    together = Gateway(kit, ends)
    gather(together.jobs(), limit=len(ends))
    longest = 0.0
    for number in range(len(ends)):
        alone = Gateway(kit, ends)
        alone.jobs()[number].wait()
        assert [at for seen, at in together.looks if seen == number] == pytest.approx([at for _, at in alone.looks])
        longest = max(longest, alone.clock.now())
    assert together.clock.now() == pytest.approx(longest)


def test_every_client_keeps_its_own_pace_and_clock(kit: Kit) -> None:
    """Jobs of several clients are looked at by the policy and the clock of each."""
    quick, slow = Gateway(kit, [30, 30]), Gateway(kit, [100])
    jobs = [*quick.jobs(poll=PollPolicy(first=5)), *slow.jobs(poll=PollPolicy(first=50))]
    assert gather(iter(jobs)) == jobs
    assert [at for _, at in slow.looks] == [0, 50, 100]
    assert [at for number, at in quick.looks if number] == [0, 5, 10, 15, 20, 25, 30]


@given(
    ends=ENDS,
    broken=st.sets(st.integers(0, 7)),
    limit=LIMITS,
    timeout=st.none() | st.floats(0, 150),
)
def test_both_kinds_do_the_same(
    kit: Kit, ends: list[float], broken: set[int], limit: int, timeout: float | None
) -> None:
    """The same jobs have the same looks at the same times, and end in the same order or the same error."""
    one, other = (Gateway(kit, ends, sorted(broken)) for _ in range(2))

    given_by_one, given_by_other = list[str](), list[str]()

    def blocking() -> None:
        for job in as_completed(one.jobs(), limit=limit, timeout=timeout):
            given_by_one.append(job.id)

    async def awaiting() -> None:
        async for job in as_completed_async(other.async_jobs(), limit=limit, timeout=timeout):
            given_by_other.append(job.id)

    first, second = trouble_of(blocking), trouble_of(lambda: asyncio.run(awaiting()))
    assert (str(first), first.tokens) == (str(second), second.tokens)
    assert (given_by_one, one.looks) == (given_by_other, other.looks)


@given(ends=st.lists(st.floats(0, 120), min_size=1, max_size=8), broken=st.sets(st.integers(0, 7)), limit=LIMITS)
def test_a_failing_look_loses_no_other_job(kit: Kit, ends: list[float], broken: set[int], limit: int) -> None:
    """Every other job is waited for to its end; then the error carries every job, every token and every trouble."""
    gateway = Gateway(kit, ends, sorted(broken))
    jobs = gateway.jobs()
    failing = [job for number, job in enumerate(jobs) if number in broken]
    error = trouble_of(lambda: gather(jobs, limit=limit))
    assert [job for job in jobs if not job.state.final] == failing
    assert sorted(str(one.token) for one in about_jobs(error)) == sorted(job.to_token() for job in failing)
    if failing:
        assert (error.jobs, error.tokens) == (tuple(jobs), tuple(job.to_token() for job in jobs))
        assert error.__cause__ is error.exceptions[0]


@given(ends=ENDS, limit=LIMITS, timeout=st.floats(0, 150))
def test_the_time_of_all_is_kept(kit: Kit, ends: list[float], limit: int, timeout: float) -> None:
    """It never takes longer than it may; a job that is not over by then is told of, and no other is."""
    gateway = Gateway(kit, ends)
    jobs = gateway.jobs()
    error = trouble_of(lambda: gather(jobs, limit=limit, timeout=timeout))
    late = [one.job for one in error.exceptions if isinstance(one, WaitTimeout)]
    assert len(late) == len(error.exceptions)
    assert sorted(map(id, late)) == sorted(id(job) for job in jobs if not job.state.final)
    assert gateway.clock.now() <= timeout * (1 + 1e-12)


def test_no_time_looks_at_every_job_once(kit: Kit) -> None:
    """With a time-out of nothing each job is looked at once, however few may go on at a time."""
    gateway = Gateway(kit, [0, 1, 0, 1])
    with pytest.raises(GatherError, match=r"2 of the waits for 4 jobs failed \(WaitTimeout: "):
        gather(gateway.jobs(), limit=1, timeout=0)
    assert [number for number, _ in gateway.looks] == [0, 1, 2, 3]


def test_a_wait_without_a_timeout_has_its_clients_own(kit: Kit) -> None:
    """By default each job has the time of its client's policy, counted from its own first look."""
    gateway = Gateway(kit, [math.inf, 150])
    jobs = gateway.jobs(poll=PollPolicy(timeout=100))
    with pytest.raises(GatherError):
        gather(jobs, limit=1)
    assert (jobs[0].state, jobs[1].state) == (JobState.RUNNING, JobState.FAILED)
    assert gateway.clock.now() == 150


def test_a_job_given_twice_is_waited_for_once(kit: Kit) -> None:
    """A job has both its places in gather, one in as_completed, and the service is asked no more often."""
    gateway = Gateway(kit, [15, 25])
    one, two = gateway.jobs()
    assert gather((one, two, one)) == [one, two, one]
    assert len([at for number, at in gateway.looks if number == 0]) == 3
    assert list(as_completed([one, one, two])) == [one, two]


def test_nothing_given_is_nothing_to_wait_for(kit: Kit) -> None:
    """An empty collection is no error, of either kind."""
    del kit
    assert gather([]) == []
    assert list(as_completed(())) == []
    assert asyncio.run(gather_async([])) == []


@given(count=st.integers(0, 8), limit=LIMITS)
def test_an_iterator_that_submits_is_asked_as_jobs_end(kit: Kit, count: int, limit: int) -> None:
    """No more than the limit are ever going on at the service."""
    gateway = Gateway(kit, [25.0 * number for number in range(count)])
    client = kit.client(gateway, clock=gateway.clock)
    going: list[Job] = []

    def submit() -> Iterator[Job]:
        for _ in range(count):
            assert sum(not job.state.final for job in going) < limit
            going.append(client.text_to_video("a kite"))
            yield going[-1]

    assert gather(submit(), limit=limit) == going
    assert len(going) == count


def test_a_submission_that_fails_loses_no_job_before_it(kit: Kit) -> None:
    """Whatever the iterator raises is told at the end, when the jobs that it gave are over."""
    gateway = Gateway(kit, [50, 20])

    def submit() -> Iterator[Job]:
        yield from gateway.jobs()
        raise LookupError("no more prompts")

    with pytest.raises(GatherError, match="LookupError: no more prompts") as caught:
        gather(submit())
    assert [type(one) for one in caught.value.exceptions] == [LookupError]
    assert all(job.state.final for job in caught.value.jobs)
    assert caught.value.tokens == tuple(job.to_token() for job in caught.value.jobs)


def test_nothing_is_submitted_once_the_time_is_over(kit: Kit) -> None:
    """An iterator is asked for no job that could only be late, and the error says that it was left."""
    gateway = Gateway(kit, [30, 30, 30])
    jobs = iter(gateway.jobs())
    with pytest.raises(GatherError, match="the timeout of 30 s has passed") as caught:
        gather(jobs, limit=1, timeout=30)
    assert [job.id for job in caught.value.jobs] == ["t-0"]
    assert [job.id for job in jobs] == ["t-1", "t-2"]


def test_a_collection_is_told_of_whole(kit: Kit) -> None:
    """Jobs whose turn never came are late too, and carried with their tokens."""
    gateway = Gateway(kit, [math.inf] * 3)
    jobs = gateway.jobs()
    with pytest.raises(GatherError) as caught:
        gather(jobs, limit=1, timeout=30)
    assert [one.job for one in caught.value.exceptions if isinstance(one, WaitTimeout)] == jobs
    assert [one.token for one in about_jobs(caught.value)] == [job.to_token() for job in jobs]
    assert {number for number, _ in gateway.looks} == {0}


def test_an_outage_is_borne_as_in_any_wait(kit: Kit) -> None:
    """A look without connection ends nothing, until it lasts for longer than the policy bears."""
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


@pytest.mark.parametrize("place", ["sleep", "look"])
def test_an_interruption_leaves_every_token(kit: Kit, place: str) -> None:
    """Ctrl-C, while sleeping or asking, names all jobs that go on, those whose turn has not come too, and once."""

    class Interrupting(SkippingClock):
        def sleep(self, seconds: float) -> None:
            raise KeyboardInterrupt(seconds)

    gateway = Gateway(kit, [0, math.inf, math.inf, math.inf])

    def handler(request: httpx.Request) -> httpx.Response:
        if place == "look" and len(gateway.looks) == 2:
            raise KeyboardInterrupt
        return gateway(request)

    gateway.clock = Interrupting()
    client = kit.client(handler, clock=gateway.clock)
    jobs = [client.job(f"t-{number}") for number in range(4)]
    with pytest.raises(KeyboardInterrupt) as caught:
        gather(jobs, limit=2)
    (note,) = caught.value.__notes__
    assert [job.to_token() in note for job in jobs] == [False, True, True, True]


def test_a_cancelled_task_leaves_every_token(kit: Kit) -> None:
    """A task that is cancelled while it gathers carries the tokens of the jobs that go on."""

    async def story() -> None:
        gateway = Gateway(kit, [0, math.inf])

        def handler(request: httpx.Request) -> httpx.Response:
            if len(gateway.looks) == 4:
                task.cancel()
            return gateway(request)

        client = kit.async_client(handler, clock=gateway.clock)
        task = asyncio.ensure_future(gather_async([client.job("t-0"), client.job("t-1")]))
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        (note,) = caught.value.__notes__
        assert ("t-0" in note, "t-1" in note) == (False, True)

    asyncio.run(story())


def test_whoever_stops_asking_leaves_the_rest_as_it_is(kit: Kit) -> None:
    """A loop that is left looks no more, and the jobs can be waited for again."""
    gateway = Gateway(kit, [0, 100])
    jobs = gateway.jobs()
    completed = as_completed(jobs)
    assert next(completed) is jobs[0]
    completed.close()
    looks = len(gateway.looks)
    assert jobs[1].state is JobState.UNKNOWN
    assert gather(jobs) == jobs
    assert len(gateway.looks) > looks


def test_async_jobs_are_gathered_in_order(kit: Kit) -> None:
    """gather_async gives every job, over, in the order given."""

    async def story() -> None:
        gateway = Gateway(kit, [50, 20, 35])
        jobs = gateway.async_jobs()
        assert await gather_async(jobs, limit=2) == jobs
        assert all(job.state.final for job in jobs)

    asyncio.run(story())


@pytest.mark.parametrize("limit", [0, -1, True, 1.5, None])
@pytest.mark.parametrize("call", [gather, as_completed, as_completed_async])
def test_a_limit_that_is_none_is_refused(call: Any, limit: Any) -> None:
    """A bad limit is refused at the call, before anything is taken or sent."""
    with pytest.raises(InvalidArgument, match="limit"):
        call([], limit=limit)


@pytest.mark.parametrize("timeout", [-1, math.nan, "soon", True])
def test_a_time_that_is_none_is_refused(timeout: Any) -> None:
    """A time-out that is no time is refused at the call."""
    with pytest.raises(InvalidArgument, match="timeout"):
        as_completed([], timeout=timeout)


def test_what_is_no_job_is_refused_before_anything_is_sent(kit: Kit) -> None:
    """Anything but handles of the right kind is refused with what is allowed."""
    gateway = Gateway(kit, [0])
    for jobs in (5, "t-0", [*gateway.jobs(), None], gateway.async_jobs()):
        with pytest.raises(InvalidArgument, match=r"jobs=.* an iterable of Job") as caught:
            gather(jobs)  # type: ignore[arg-type]
        assert caught.value.field == "jobs"
    with pytest.raises(InvalidArgument, match="an iterable of AsyncJob"):
        as_completed_async(gateway.jobs())  # type: ignore[arg-type]
    assert gateway.looks == []


def test_the_error_crosses_processes_with_its_tokens(kit: Kit) -> None:
    """What is pickled or copied leaves the live handles behind and keeps the tokens and the troubles."""
    gateway = Gateway(kit, [math.inf] * 5)
    with pytest.raises(GatherError, match="and 2 more") as caught:
        gather(gateway.jobs(), timeout=10)
    for twin in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):  # noqa: S301 - our own bytes
        assert (twin.jobs, twin.tokens, str(twin)) == ((), caught.value.tokens, str(caught.value))
        assert [type(one) for one in twin.exceptions] == [WaitTimeout] * 5
