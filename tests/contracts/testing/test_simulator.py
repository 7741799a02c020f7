"""The fixture `simulator`: accounts, fates, faults, time, callbacks, and programs with their own clients."""

from __future__ import annotations

import os
import unittest
from importlib import import_module
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from soundstage import JobState, Tomoviee, errors
from soundstage_contracts import VENDORS, SimulatorTestCase, simulate
from soundstage_contracts.declarations.vendor import contract_of
from soundstage_contracts.simulators.control import ControlError
from soundstage_contracts.testing.strict import StrictError
from soundstage_contracts.testing.variables import variables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_contracts import Simulator
    from soundstage_contracts.testing.session import SimulatorSession

FATES = {
    "fails": JobState.FAILED,
    "blocked": JobState.FAILED,
    "blocked_later": JobState.FAILED,
    "times_out": JobState.EXPIRED,
    "canceled": JobState.CANCELED,
    "slow": JobState.SUCCEEDED,
}


@pytest.fixture
def tomoviee(theirs: Simulator) -> Iterator[Tomoviee]:
    """A client of the test's account."""
    with theirs.client("tomoviee") as client:
        yield client


@pytest.mark.parametrize(("fate", "state"), FATES.items())
def test_fate_of_the_next_job(theirs: Simulator, tomoviee: Tomoviee, fate: str, state: JobState) -> None:
    """The next job alone has the fate, and the order knows that it was met."""
    chosen: Any = {fate: True}
    order = theirs.tomoviee.next_job(**chosen)
    assert tomoviee.text_to_video("A fox").wait().state is state
    assert tomoviee.text_to_video("Another fox").wait().state is JobState.SUCCEEDED
    assert order.used == 1


def test_fate_by_operation_text_and_code(theirs: Simulator, tomoviee: Tomoviee) -> None:
    """An order can name the operation by both of its names, a part of the prompt, every job, or a refusal's code."""
    theirs.tomoviee.next_job("text_to_music", fails=True)
    theirs.tomoviee.next_job("tm_text2sfx", fails=True)
    theirs.tomoviee.every_job(contains="bear", never_ends=True)
    assert tomoviee.text_to_video("A fox").wait().state is JobState.SUCCEEDED
    assert tomoviee.text_to_music("Piano", duration=20, qty=1).wait().state is JobState.FAILED
    assert tomoviee.text_to_sound_effect("Steps", duration=5).wait().state is JobState.FAILED
    for _ in range(2):
        with pytest.raises(errors.WaitTimeout):
            tomoviee.text_to_video("A bear").wait(timeout=600)
    theirs.tomoviee.next_job(refused="680422")
    with pytest.raises(errors.SoundstageError, match="680422"):
        tomoviee.text_to_video("A hare")


@pytest.mark.parametrize("fate", [{}, {"fails": True, "slow": True}, {"fail": True}, {"fails": "yes"}])
def test_wrong_fate_is_refused(theirs: Simulator, fate: dict[str, Any]) -> None:
    """No fate, two, one that does not exist and one that is not True are refused, with those that exist."""
    with pytest.raises(TypeError, match=r"fails=True, blocked=True|fails must be True; got 'yes'"):
        theirs.tomoviee.next_job(**fate)


def test_fate_in_the_place_of_an_operation_is_explained(theirs: Simulator) -> None:
    """A fate is a keyword: the message has the intended call."""
    with pytest.raises(TypeError, match=r"got none; write fails=True for 'fails'"):
        theirs.tomoviee.next_job("fails")


def test_fault_ends_with_its_block(theirs: Simulator, tomoviee: Tomoviee) -> None:
    """A number is a status; the fault counts its requests, ends with the block, and one that nothing met is unused."""
    with theirs.tomoviee.fault(503, method="POST", path="task") as fault:
        job = tomoviee.text_to_video("A fox")
        assert fault.used == 0
        with pytest.raises(errors.WaitTimeout):
            job.wait(timeout=60)
        met = fault.used
        assert met > 0
        assert f"<fault kind='status' method='POST' path='task' status=503: met {met} times>" == repr(fault)
    assert job.wait().state is JobState.SUCCEEDED
    assert fault.used == met
    theirs.verify()
    with theirs.tomoviee.fault("reset_after"):
        pass
    with pytest.raises(StrictError, match="unused: the fault 'reset_after'"):
        theirs.verify()
    theirs.verify(allow=("unused",))
    with pytest.raises(ValueError, match="allows leak, double, unused, unresolved; got 'leek'"):
        theirs.verify(allow=("leek",))


def test_balance_and_limits_before_the_first_request(theirs: Simulator, tomoviee: Tomoviee) -> None:
    """Both can be set and read at once; a limit that is left out stays, and None removes one."""
    theirs.tomoviee.balance = 25
    assert (theirs.tomoviee.balance, theirs.tomoviee.spent) == (25, 0)
    theirs.tomoviee.limit(at_once=1, per_minute=100)
    tomoviee.text_to_video("A fox")
    with pytest.raises(errors.SoundstageError):
        tomoviee.text_to_video("Another fox")
    theirs.tomoviee.limit(at_once=None)
    tomoviee.text_to_video("A third fox")
    with pytest.raises(errors.InsufficientCreditsError):
        tomoviee.text_to_video("A fourth fox")
    assert theirs.control.limit(theirs.tomoviee.name) == {"at_once": None, "per_minute": 100}
    with pytest.raises(ControlError, match="greater than or equal to 0"):
        theirs.tomoviee.balance = -1


def test_clock_moves_one_account_or_all(theirs: Simulator) -> None:
    """Units add up; an account that is opened later has the time of the others, and time moves forward only."""
    first = theirs.clock.now()
    assert (theirs.clock.advance(30, minutes=4, hours=1) - first).total_seconds() == 3870
    assert theirs.infrai.clock.timestamp() == theirs.clock.timestamp()
    theirs.tomoviee.clock.advance(days=1)
    assert theirs.tomoviee.clock.timestamp() - theirs.infrai.clock.timestamp() == 86_400
    assert repr(theirs.infrai.clock) == f"<SimulatedClock at {theirs.clock.now():%Y-%m-%d %H:%M:%S} UTC>"
    with pytest.raises(ValueError, match="forward by more than 0 seconds; got -60"):
        theirs.clock.advance(minutes=-1)


def test_callbacks_are_received(theirs: Simulator, tomoviee: Tomoviee) -> None:
    """The test's own receiver has every body; what was sent elsewhere is known as well."""
    theirs.callbacks.assert_none()
    jobs = [tomoviee.text_to_video(f"Fox {number}", callback=theirs.callbacks.url) for number in range(2)]
    received = theirs.callbacks.received(2)
    assert {each["task_id"] for each in received} == {job.id for job in jobs}
    assert theirs.callbacks.received(2) == received
    with theirs.tomoviee.callbacks.receiver(503, 200) as refusing:
        tomoviee.text_to_video("A hare", callback=refusing.url)
        statuses = [attempt["status"] for attempt in theirs.tomoviee.callbacks.sent(4)]
    assert sorted(statuses) == [200, 200, 200, 503]
    assert repr(theirs.callbacks) == f"<Callbacks: 2 received at {theirs.callbacks.url}>"
    with pytest.raises(AssertionError, match=r"expected no callback; received 2\n  sent to http://127.0.0.1:.*: 200"):
        theirs.callbacks.assert_none()


def test_missing_callback_is_explained(theirs: Simulator) -> None:
    """The error names the receiver, and why there is nothing."""
    with pytest.raises(AssertionError, match=r"expected 1 callbacks at http://127.*; received 0\n  no job has named"):
        theirs.callbacks.received(timeout=0)
    assert theirs.callbacks.received(0) == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_environment_is_enough_for_a_program(theirs: Simulator, monkeypatch: pytest.MonkeyPatch, vendor: str) -> None:
    """A program that reads the variables of `soundstage env` has the test's account; both names find what it sent."""
    account = theirs.account(vendor)
    assert account.env(monkeypatch).items() <= os.environ.items()
    assert account.env().items() <= theirs.env().items()
    call = import_module(f"soundstage_contracts.vendors.{vendor}").DEMO[0]
    with contract_of(vendor).client() as client:
        getattr(client, call.method)(**call.arguments)
    sent = account.requests.assert_one(call.method)
    assert sent in theirs.requests
    if account.jobs:  # a diagram is no job
        job = account.jobs.assert_one(call.method)
        assert job.method == call.method
        assert job in theirs.jobs
        account.requests.assert_one(job.operation)


def test_address_may_contain_the_placeholder() -> None:
    """A simulator on a host with the project's name, such as a container's, keeps its address."""
    found = variables(("infrai",), "key-1", "http://soundstage:8080")
    assert found == {"INFRAI_BASE_URL": "http://soundstage:8080/infrai", "INFRAI_API_KEY": "key-1"}


def test_every_operation_of_the_simulator_has_a_method(session: SimulatorSession) -> None:
    """The wire names that vendors declare are exactly the operations that their simulators know."""
    world = session.connection.world
    assert world is not None
    for vendor in VENDORS:
        contract = contract_of(vendor)
        declared = [contract.wire_names.get(method, (method,)) for method in contract.operations]
        assert sorted(name for names in declared for name in names) == sorted(world.services[vendor].operations)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("infrei", "no vendor 'infrei', did you mean 'infrai'\\? The vendors are tomoviee, "),
        ("next_job", "'next_job' belongs to the account with a vendor: simulator.tomoviee.next_job"),
        ("_private", "no vendor '_private'"),
    ],
)
def test_wrong_name_is_refused(theirs: Simulator, name: str, message: str) -> None:
    """A vendor that does not exist, and what belongs to an account, are refused when they are read or set."""
    with pytest.raises(AttributeError, match=message):
        getattr(theirs, name)
    with pytest.raises(AttributeError):
        setattr(theirs, name, 5)
    with pytest.raises(AttributeError):
        theirs.tomoviee.balanc = 5  # type: ignore[attr-defined]  # the mistake
    assert {*VENDORS, "clock"} <= {*dir(theirs)}


def test_reprs_show_the_state(theirs: Simulator, tomoviee: Tomoviee) -> None:
    """They name the test, the vendor, money, jobs and requests."""
    assert repr(theirs).endswith("test_reprs_show_the_state: 0 jobs, 0 requests>")
    job = tomoviee.text_to_video("A fox")
    assert repr(theirs.tomoviee) == f"<VendorAccount tomoviee {theirs.credential}: 990 credits, 1 jobs, 1 requests>"
    assert repr(theirs.tomoviee.jobs[0]) == f"<tomoviee tm_text2video_b {job.id}: state 1, not ended, fate succeed>"
    assert repr(theirs.tomoviee.next_job(fails=True)) == "<order then='fail': met 0 times>"
    assert repr(theirs.callbacks) == "<Callbacks: 0 received, no receiver yet>"


def test_same_object_without_pytest() -> None:
    """`simulate` gives a script the simulator, and `SimulatorTestCase` a test of unittest, with accounts of its own."""
    names: list[str] = []

    class Case(SimulatorTestCase):
        def test_one(self) -> None:
            names.append(self.simulator.tomoviee.name)

        def test_two(self) -> None:
            names.append(self.simulator.tomoviee.name)
            assert httpx.get(f"{self.simulator.url}/_soundstage/health").status_code == 200

    result = unittest.TestResult()
    unittest.TestLoader().loadTestsFromTestCase(Case).run(result)
    assert (result.testsRun, result.errors, result.failures) == (2, [], [])
    with simulate(test="script") as simulator, simulator.client("tomoviee") as client:
        assert client.text_to_video("A fox").wait().state is JobState.SUCCEEDED
        names.append(simulator.jobs.assert_one("text_to_video").id)
    assert len(set(names)) == 3


def test_values_of_other_types_are_refused_by_name(theirs: Simulator) -> None:
    """A text is neither a balance nor a time: the error has the name, the value and what is allowed."""
    with pytest.raises(TypeError, match=r"seconds is '1h'; allowed: a number, such as advance\(minutes=5\)"):
        theirs.clock.advance("1h")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="balance is '0'; allowed: a number of the vendor's unit, from 0"):
        theirs.tomoviee.balance = "0"  # type: ignore[assignment]


def test_method_of_a_fault_has_any_case(theirs: Simulator, tomoviee: Tomoviee) -> None:
    """A fault for `post` applies to POST."""
    fault = theirs.tomoviee.fault("status", status=429, method="post", times=1)
    with pytest.raises(errors.RateLimitError):
        tomoviee.text_to_video("A fox")
    assert fault.used == 1
