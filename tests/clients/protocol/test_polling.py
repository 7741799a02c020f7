"""Waits: bounded by the clock, deaf to short outages, never losing a job."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import ConnectionFailed, InvalidArgument, PollPolicy, SoundstageError, WaitTimeout, errors
from soundstage._protocol.polling import _FINAL_POLL, Poller
from soundstage._values.messages import Interrupted, NotSent, Request, Response
from soundstage._values.state import JobRef

if TYPE_CHECKING:
    from tests.clients.conftest import Kit, ScriptedWire

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


def exhaust(wire: ScriptedWire, poller: Poller) -> None:
    """Look until the poller has enough."""
    for _ in range(100_000):
        wire.run(poller.next())


@given(
    names=st.lists(st.sampled_from(sorted(REACTIONS)), min_size=1, max_size=40),
    policy=POLICIES,
    timeout=st.floats(0, 2000),
)
def test_a_wait_never_exceeds_its_time(kit: Kit, names: list[str], policy: PollPolicy, timeout: float) -> None:
    """Whatever the service does, a wait ends within its time; a look may take what is left, the last one a second."""
    count = 0

    def react(request: Request) -> Response | Exception:
        nonlocal count
        left = timeout - wire.clock.now()
        assert request.timeout is None or request.timeout <= (left + 1e-6 if left > 1e-6 else _FINAL_POLL)
        count += 1
        return REACTIONS[names[count % len(names)]]

    wire = kit.wire(react)
    poller = Poller(kit.service(wire.clock, poll=policy), REF, timeout)
    with pytest.raises(SoundstageError) as caught:
        exhaust(wire, poller)
    assert wire.clock.now() <= timeout * (1 + 1e-12)
    assert caught.value.token
    if isinstance(caught.value, WaitTimeout):
        assert wire.clock.now() == pytest.approx(timeout)


def test_the_last_pause_is_cut(kit: Kit) -> None:
    """A wait of one second with looks every ten takes one second, and looks at its beginning and at its end."""
    wire = kit.wire(lambda _: REACTIONS["running"])
    poller = Poller(kit.service(wire.clock), REF, 1)
    for _ in range(2):
        wire.run(poller.next())
    with pytest.raises(WaitTimeout, match="t-1 is not over after 1 s"):
        wire.run(poller.next())
    assert wire.pauses == [1]
    assert [request.timeout for request in wire.sent] == [1, _FINAL_POLL]


@given(ends_at=st.floats(0, 100), timeout=st.floats(0, 100))
def test_a_job_that_ends_within_the_time_is_never_reported_as_late(kit: Kit, ends_at: float, timeout: float) -> None:
    """A wait times out if and only if the job is not over at the deadline, whenever its looks would have been."""
    wire = kit.wire(lambda _: Response(200, {}, kit.task(4 if wire.clock.now() >= ends_at else 2)))
    poller = Poller(kit.service(wire.clock), REF, timeout)
    deadline = wire.clock.now() + timeout

    def wait() -> None:
        for _ in range(100):
            if wire.run(poller.next()).state.final:
                return

    if ends_at <= deadline:
        wait()
    else:
        with pytest.raises(WaitTimeout):
            wait()


def test_a_deadline_within_a_pause_the_service_asks_for_has_no_look(kit: Kit) -> None:
    """A service that asks for more patience than there is time is not asked again before that."""
    wire = kit.wire(lambda _: REACTIONS["503"])
    with pytest.raises(WaitTimeout):
        wire.run(Poller(kit.service(wire.clock), REF, 30).next())
    assert (len(wire.sent), wire.pauses) == (1, [30])


def test_a_look_that_outlasts_the_time_is_the_last(kit: Kit) -> None:
    """When a look itself takes all the time that was left, the wait ends without another."""

    def react(_: Request) -> Response:
        wire.clock.sleep(6)
        return Response(200, {}, kit.task(2))

    wire = kit.wire(react)
    poller = Poller(kit.service(wire.clock), REF, 5)
    wire.run(poller.next())
    with pytest.raises(WaitTimeout):
        wire.run(poller.next())
    assert (len(wire.sent), wire.pauses) == (1, [])


def test_a_look_takes_no_longer_than_what_is_left(kit: Kit) -> None:
    """Each look is given the time that is left; without a bound it has the client's own patience."""
    wire = kit.wire(lambda _: REACTIONS["running"])
    bounded = Poller(kit.service(wire.clock), REF, 25)
    endless = Poller(kit.service(wire.clock), REF, math.inf)
    for poller in (bounded, bounded, bounded, endless):
        wire.run(poller.next())
    assert [request.timeout for request in wire.sent] == [25, 15, 5, None]


def test_no_time_at_all_looks_once(kit: Kit) -> None:
    """A wait of nothing asks once, without a pause."""
    wire = kit.wire(lambda _: REACTIONS["running"])
    poller = Poller(kit.service(wire.clock), REF, 0)
    wire.run(poller.next())
    with pytest.raises(WaitTimeout):
        wire.run(poller.next())
    assert (len(wire.sent), wire.pauses) == (1, [])


@given(
    failures=st.lists(st.sampled_from(["dropped", "unreachable", "html", "503", "429"]), max_size=8),
    outage=st.floats(500, 1000),
)
def test_an_outage_shorter_than_the_bound_ends_no_wait(kit: Kit, failures: list[str], outage: float) -> None:
    """Trouble that passes in time is not even noticed by who waits."""
    story = iter([*failures, "running"])
    wire = kit.wire(lambda _: REACTIONS[next(story)])
    poller = Poller(kit.service(wire.clock, poll=PollPolicy(outage=outage)), REF, math.inf)
    assert wire.run(poller.next()).state_raw == 2


def test_an_outage_longer_than_the_bound_ends_the_wait_with_the_token(kit: Kit) -> None:
    """When nothing answers for longer than the bound, the error carries the token of the job that goes on."""
    wire = kit.wire(lambda _: REACTIONS["unreachable"])
    service = kit.service(wire.clock, poll=PollPolicy(outage=60))
    with pytest.raises(ConnectionFailed) as caught:
        wire.run(Poller(service, REF, None).next())
    assert wire.clock.now() == 60
    assert caught.value.token == service.token(REF)


def test_outages_are_counted_from_the_last_good_answer(kit: Kit) -> None:
    """Two outages with an answer between them are two short ones."""
    story = iter(["dropped", "dropped", "dropped", "running", "dropped", "dropped", "dropped", "running"])
    wire = kit.wire(lambda _: REACTIONS[next(story)])
    poller = Poller(kit.service(wire.clock, poll=PollPolicy(outage=35)), REF, None)
    assert [wire.run(poller.next()).state_raw for _ in range(2)] == [2, 2]


def test_the_wait_a_service_asks_for_is_kept(kit: Kit) -> None:
    """A look that is refused with Retry-After is followed by no shorter pause."""
    story = iter(["503", "running", "running"])
    wire = kit.wire(lambda _: REACTIONS[next(story)])
    poller = Poller(kit.service(wire.clock), REF, None)
    wire.run(poller.next())
    wire.run(poller.next())
    assert wire.pauses == [40, 10]


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (Response(401, {}, b""), errors.AuthenticationError),
        (Response(200, {}, b'{"code": 680404, "msg": "no such task", "data": null}'), errors.NotFoundError),
        (Response(302, {"location": "https://x.example"}, b""), errors.UnreadableAnswerError),
    ],
)
def test_trouble_that_will_not_pass_ends_the_wait_at_once(
    kit: Kit, response: Response, kind: type[SoundstageError]
) -> None:
    """A refusal that time does not heal is raised at the first look, with the job's token."""
    wire = kit.wire(lambda _: response)
    with pytest.raises(kind) as caught:
        wire.run(Poller(kit.service(wire.clock), REF, None).next())
    assert caught.value.token
    assert wire.pauses == []


@pytest.mark.parametrize("timeout", [-1, math.nan, "soon", True])
def test_a_time_that_is_none_is_refused(kit: Kit, timeout: float) -> None:
    """A time-out that is no time is refused before anything is sent."""
    with pytest.raises(InvalidArgument, match="timeout"):
        Poller(kit.service(), REF, timeout)
