"""Polling: limited by the clock, tolerant of short outages, never losing a job."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import ConnectionFailed, InvalidArgument, PollPolicy, SoundstageError, WaitTimeout, errors
from soundstage._protocol.polling import _FINAL_POLL, _LONGEST_RETRY_AFTER, Poller
from soundstage._values.messages import Interrupted, NotSent, Request, Response
from soundstage._values.state import JobRef

if TYPE_CHECKING:
    from tests.clients.conftest import Kit, ScriptedDriver

REF = JobRef("t-1", "text_to_video")
REACTIONS: dict[str, Response | Exception] = {
    "queued": Response(200, {}, b'{"code": 0, "data": {"status": 1}}'),
    "running": Response(200, {}, b'{"code": 0, "data": {"status": 2}}'),
    "unheard word": Response(200, {}, b'{"code": 0, "data": {"status": 77}}'),
    "coded": Response(200, {}, b'{"code": 680001, "data": {"status": 2}}'),
    "dropped": Interrupted("ReadError"),
    "unreachable": NotSent("ConnectError"),
    "html": Response(200, {}, b"<html>"),
    "503": Response(503, {"retry-after": "40"}, b""),
    "429": Response(429, {}, b'{"code": 680429, "msg": "slow"}'),
}
POLICIES = st.builds(
    lambda first, factor, stretch, outage: PollPolicy(first, factor, first + stretch, outage=outage),
    st.floats(1, 100),
    st.floats(1, 3),
    st.floats(0, 100),
    st.floats(0, 1000),
)


def exhaust(driver: ScriptedDriver, poller: Poller) -> None:
    """Poll until the poller raises or the job ends."""
    for _ in range(100_000):
        driver.run(poller.next())


@given(
    names=st.lists(st.sampled_from(sorted(REACTIONS)), min_size=1, max_size=40),
    policy=POLICIES,
    timeout=st.floats(0, 2000),
)
def test_wait_never_exceeds_its_timeout(kit: Kit, names: list[str], policy: PollPolicy, timeout: float) -> None:
    """A wait ends within its timeout; a poll may take what remains, and the last one a second."""
    count = 0

    def react(request: Request) -> Response | Exception:
        nonlocal count
        left = timeout - driver.clock.now()
        assert request.timeout is None or request.timeout <= (left + 1e-6 if left > 1e-6 else _FINAL_POLL)
        count += 1
        return REACTIONS[names[count % len(names)]]

    driver = kit.driver(react)
    poller = Poller(kit.service(driver.clock, poll=policy), REF, timeout)
    with pytest.raises(SoundstageError) as caught:
        exhaust(driver, poller)
    assert driver.clock.now() <= timeout * (1 + 1e-12)
    assert caught.value.token
    if isinstance(caught.value, WaitTimeout):
        assert driver.clock.now() == pytest.approx(timeout)


def test_last_pause_is_shortened(kit: Kit) -> None:
    """A wait of one second with a poll every ten takes one second, and polls at its start and at its end."""
    driver = kit.driver(lambda _: REACTIONS["running"])
    poller = Poller(kit.service(driver.clock), REF, 1)
    for _ in range(2):
        driver.run(poller.next())
    with pytest.raises(WaitTimeout, match="t-1 is not over after 1 s"):
        driver.run(poller.next())
    assert driver.pauses == [1]
    assert [request.timeout for request in driver.sent] == [1, _FINAL_POLL]


@given(ends_at=st.floats(0, 100), timeout=st.floats(0, 100))
def test_job_that_ends_in_time_is_not_late(kit: Kit, ends_at: float, timeout: float) -> None:
    """A wait times out if and only if the job is not over at the deadline, whatever the schedule."""
    driver = kit.driver(lambda _: Response(200, {}, kit.task(4 if driver.clock.now() >= ends_at else 2)))
    poller = Poller(kit.service(driver.clock), REF, timeout)
    deadline = driver.clock.now() + timeout

    def wait() -> None:
        for _ in range(100):
            if driver.run(poller.next()).state.final:
                return

    if ends_at <= deadline:
        wait()
    else:
        with pytest.raises(WaitTimeout):
            wait()


def test_last_poll_is_sent_at_the_deadline_despite_retry_after(kit: Kit) -> None:
    """A Retry-After beyond the deadline does not prevent the last poll, which may find that the job is over."""
    driver = kit.answering(REACTIONS["503"], Response(200, {}, kit.task(4)))
    assert driver.run(Poller(kit.service(driver.clock), REF, 30).next()).state.final
    assert (len(driver.sent), driver.pauses) == (2, [30])


def test_retry_after_is_capped(kit: Kit) -> None:
    """A Retry-After of hours, in milliseconds perhaps, does not let a wait sleep through the end of the job."""
    driver = kit.answering(Response(429, {"retry-after": "30000"}, b""), Response(200, {}, kit.task(4)))
    assert driver.run(Poller(kit.service(driver.clock), REF, None).next()).state.final
    assert driver.pauses == [_LONGEST_RETRY_AFTER]


@pytest.mark.parametrize(
    "doubtful",
    [
        Response(404, {}, b'{"code": 680404, "msg": "no such task"}'),
        Response(404, {}, b""),
        Response(403, {}, b"<html>a gateway's page</html>"),
        Response(302, {"location": "https://x.example"}, b""),
        Response(200, {}, b'{"code": -1, "msg": "upstream", "data": null}'),
    ],
)
def test_doubtful_refusal_is_final_only_after_the_grace(kit: Kit, doubtful: Response) -> None:
    """What is not found, sent by a gateway or of undocumented code is polled again until the grace is over."""
    passing = kit.answering(doubtful, doubtful, Response(200, {}, kit.task(4)))
    assert passing.run(Poller(kit.service(passing.clock), REF, None).next()).state.final
    lasting = kit.answering(doubtful)
    with pytest.raises(errors.ApiError) as caught:
        lasting.run(Poller(kit.service(lasting.clock), REF, None).next())
    assert caught.value.token
    assert lasting.pauses == [10, 10, 10]


@pytest.mark.parametrize("timeout", [0, 15])
def test_job_that_does_not_exist_is_not_a_time_out(kit: Kit, timeout: float) -> None:
    """A wait that ends within the grace raises the refusal, and does not claim that the job continues."""
    driver = kit.answering(Response(404, {}, b'{"code": 680404, "msg": "no such task"}'))
    with pytest.raises(errors.NotFoundError):
        driver.run(Poller(kit.service(driver.clock), REF, timeout).next())


def test_success_without_output_is_final_only_after_the_grace(kit: Kit) -> None:
    """A success without output is polled again: some services report the address a moment later."""
    bare, complete = Response(200, {}, kit.task(3, result="")), Response(200, {}, kit.finished("https://a.example/v"))
    driver = kit.answering(bare, bare, complete)
    assert driver.run(Poller(kit.service(driver.clock), REF, None).next()).media
    lasting = kit.answering(bare)
    assert lasting.run(Poller(kit.service(lasting.clock), REF, None).next()).failure is errors.NoOutput
    assert lasting.pauses == [10, 10, 10]
    at_once = kit.answering(bare)
    assert at_once.run(Poller(kit.service(at_once.clock), REF, 0).next()).failure is errors.NoOutput


def test_time_out_names_an_unknown_state_and_the_last_error(kit: Kit) -> None:
    """A wait that times out shows the state that the library does not know, or why the last poll failed."""
    for reaction, shown in ((REACTIONS["unheard word"], "state 77"), (REACTIONS["dropped"], "ReadError")):
        driver = kit.answering(reaction)
        poller = Poller(kit.service(driver.clock), REF, 20)
        with pytest.raises(WaitTimeout, match=shown):
            exhaust(driver, poller)


def test_response_about_another_job_is_not_believed(kit: Kit) -> None:
    """A response that names another job is polled again, and its output is never taken."""
    other = Response(200, {}, kit.finished("https://a.example/v").replace(b'"status"', b'"task_id": "t-2", "status"'))
    own = Response(200, {}, kit.finished("https://a.example/w").replace(b'"status"', b'"task_id": "t-1", "status"'))
    driver = kit.answering(other, own)
    snapshot = driver.run(Poller(kit.service(driver.clock), REF, None).next())
    assert [media.url for media in snapshot.media] == ["https://a.example/w"]
    with pytest.raises(errors.UnreadableAnswerError, match="another job: t-2"):
        kit.answering(other).run(kit.service().poll_once(REF))


def test_poll_that_exceeds_the_timeout_is_the_last(kit: Kit) -> None:
    """When a poll itself takes all the remaining time, the wait ends without another."""

    def react(_: Request) -> Response:
        driver.clock.sleep(6)
        return Response(200, {}, kit.task(2))

    driver = kit.driver(react)
    poller = Poller(kit.service(driver.clock), REF, 5)
    driver.run(poller.next())
    with pytest.raises(WaitTimeout):
        driver.run(poller.next())
    assert (len(driver.sent), driver.pauses) == (1, [])


def test_poll_timeout_is_the_remaining_time(kit: Kit) -> None:
    """Each poll may take the remaining time; without a timeout it has the client's own limit."""
    driver = kit.driver(lambda _: REACTIONS["running"])
    bounded = Poller(kit.service(driver.clock), REF, 25)
    endless = Poller(kit.service(driver.clock), REF, math.inf)
    for poller in (bounded, bounded, bounded, endless):
        driver.run(poller.next())
    assert [request.timeout for request in driver.sent] == [25, 15, 5, None]


def test_zero_timeout_polls_once(kit: Kit) -> None:
    """A wait with timeout=0 polls once, without a pause."""
    driver = kit.driver(lambda _: REACTIONS["running"])
    poller = Poller(kit.service(driver.clock), REF, 0)
    driver.run(poller.next())
    with pytest.raises(WaitTimeout):
        driver.run(poller.next())
    assert (len(driver.sent), driver.pauses) == (1, [])


@given(
    failures=st.lists(st.sampled_from(["dropped", "unreachable", "html", "503", "429"]), max_size=8),
    outage=st.floats(500, 1000),
)
def test_short_outage_does_not_end_a_wait(kit: Kit, failures: list[str], outage: float) -> None:
    """Errors that pass in time are not raised."""
    script = iter([*failures, "running"])
    driver = kit.driver(lambda _: REACTIONS[next(script)])
    poller = Poller(kit.service(driver.clock, poll=PollPolicy(outage=outage)), REF, math.inf)
    assert driver.run(poller.next()).state_raw == 2


def test_long_outage_ends_a_wait_with_the_token(kit: Kit) -> None:
    """When every poll fails for longer than the policy allows, the error has the job's token."""
    driver = kit.driver(lambda _: REACTIONS["unreachable"])
    service = kit.service(driver.clock, poll=PollPolicy(outage=60))
    with pytest.raises(ConnectionFailed) as caught:
        driver.run(Poller(service, REF, None).next())
    assert driver.clock.now() == 60
    assert caught.value.token == service.token(REF)


def test_outage_is_counted_from_its_first_failure(kit: Kit) -> None:
    """Two outages with a good response between them are two short ones."""
    script = iter(["dropped", "dropped", "dropped", "running", "dropped", "dropped", "dropped", "running"])
    driver = kit.driver(lambda _: REACTIONS[next(script)])
    poller = Poller(kit.service(driver.clock, poll=PollPolicy(outage=35)), REF, None)
    assert [driver.run(poller.next()).state_raw for _ in range(2)] == [2, 2]


def test_retry_after_is_honored(kit: Kit) -> None:
    """A poll that is refused with Retry-After is followed by no shorter pause."""
    script = iter(["503", "running", "running"])
    driver = kit.driver(lambda _: REACTIONS[next(script)])
    poller = Poller(kit.service(driver.clock), REF, None)
    driver.run(poller.next())
    driver.run(poller.next())
    assert driver.pauses == [40, 10]


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (Response(401, {}, b""), errors.AuthenticationError),
        (Response(200, {}, b'{"code": 680402, "msg": "no credits", "data": null}'), errors.InsufficientCreditsError),
    ],
)
def test_permanent_error_ends_the_wait_at_once(kit: Kit, response: Response, kind: type[SoundstageError]) -> None:
    """A refusal that will not pass is raised at the first poll, with the job's token."""
    driver = kit.driver(lambda _: response)
    with pytest.raises(kind) as caught:
        driver.run(Poller(kit.service(driver.clock), REF, None).next())
    assert caught.value.token
    assert driver.pauses == []


@pytest.mark.parametrize("timeout", [-1, math.nan, "soon", True])
def test_invalid_timeout_is_refused(kit: Kit, timeout: float) -> None:
    """An invalid timeout is refused before anything is sent."""
    with pytest.raises(InvalidArgument, match="timeout"):
        Poller(kit.service(), REF, timeout)
