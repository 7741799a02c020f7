"""The simulator session: each test's view of it, and the usage summary."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import JobState
from soundstage_contracts.declarations.vendor import contract_of
from soundstage_contracts.simulators.control import ControlError
from soundstage_contracts.simulators.target import TargetError
from soundstage_contracts.testing.outside import is_local_host
from soundstage_contracts.testing.session import SimulatorSession
from soundstage_contracts.testing.usage import UsageSummary

if TYPE_CHECKING:
    from soundstage_contracts.testing.simulator import Simulator

NAMES = st.text("abcdef.:0123456789", min_size=1, max_size=12)
SUMMARIES = st.builds(
    UsageSummary,
    st.dictionaries(NAMES, st.integers(1, 1000)).map(Counter),
    st.lists(NAMES),
    st.dictionaries(NAMES, st.integers(1, 9)).map(Counter),
)


@given(first=SUMMARIES, second=SUMMARIES)
def test_usage_summary_is_serialized_and_added(first: UsageSummary, second: UsageSummary) -> None:
    """A worker's summary survives its JSON form, and the sum of two has everything of both."""
    assert UsageSummary.from_json(first.to_json()) == first
    both = first + second
    assert sum(both.spent.values()) == sum(first.spent.values()) + sum(second.spent.values())
    assert sorted(both.double_submissions) == sorted(first.double_submissions + second.double_submissions)
    assert both.external_connections == first.external_connections + second.external_connections


@given(usage=SUMMARIES)
def test_a_bill_names_everything_on_it(usage: UsageSummary) -> None:
    """Every unit, every double submission and every address is in the lines."""
    text = "\n".join(usage.lines())
    assert all(name in text for name in (*usage.spent, *usage.double_submissions, *usage.external_connections))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "localhost", "::1%lo", "::"])
def test_this_machine_is_not_left(host: str) -> None:
    """Every name and form of a loopback address stays here."""
    assert is_local_host(host)


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "127.example.test", "localhost.test"])
def test_any_other_address_leaves_the_machine(host: str) -> None:
    """Other machines are other machines, also those whose names begin like this one's."""
    assert not is_local_host(host)


def test_a_client_of_a_test_waits_for_nothing(theirs: Simulator) -> None:
    """A job ends at once, its price is spent, and the test can read its task and its requests."""
    with theirs.client("tomoviee") as client:
        assert client.text_to_video("A fox").wait().state is JobState.SUCCEEDED
    assert theirs.tomoviee.money.spent == 10
    assert [job.final for job in theirs.tomoviee.jobs] == [True]
    assert len(theirs.tomoviee.requests) >= 2


def test_an_awaiting_client_of_a_test_does_the_same(theirs: Simulator) -> None:
    """The async client's job ends at once, too, and leaves no open connection."""

    async def generate() -> JobState:
        async with theirs.async_client("tomoviee") as client:
            state: JobState = (await (await client.text_to_video("A fox"))).state
            return state

    assert asyncio.run(generate()) is JobState.SUCCEEDED


def test_a_test_orders_what_happens_to_it_alone(theirs: Simulator, session: SimulatorSession) -> None:
    """An order applies to the test's own account: another account's job succeeds."""
    theirs.tomoviee.order("fail", times=1)
    with theirs.client("tomoviee") as mine, session.for_test("another").client("tomoviee") as yours:
        assert yours.text_to_video("A fox").wait().state is JobState.SUCCEEDED
        assert mine.text_to_video("A fox").wait().state is JobState.FAILED
        assert mine.text_to_video("A fox").wait().state is JobState.SUCCEEDED


def test_a_test_moves_time(theirs: Simulator) -> None:
    """Time moves for the test's account, or for everybody."""
    with theirs.client("tomoviee") as client:
        job = client.text_to_video("A fox")
        theirs.tomoviee.clock.advance(600)
        assert job.refresh().state is JobState.SUCCEEDED
    before = theirs.control.now()
    theirs.clock.advance(60)
    assert theirs.control.now() == pytest.approx(before + 60)


def test_orders_of_a_test_are_cleared_alone(theirs: Simulator, session: SimulatorSession) -> None:
    """Clearing orders, and a reset, leave what other tests have set; a reset account can be used again."""
    with session.for_test("another") as another:
        kept = another.tomoviee.order("fail")
        fault = another.tomoviee.fault("reset_before")
        theirs.control.fault("reset_before", vendor="infrai")
        theirs.control.order("cancel", vendor="tomoviee")
        theirs.control.order("slow", account=None)
        theirs.control.clear_orders()
        assert [order["id"] for order in session.control._request("GET", "/scenarios")] == [kept.id]
        theirs.tomoviee.balance = 3
        theirs.control.reset()
        assert theirs.tomoviee.money.available == 1000
        assert [each["id"] for each in session.control._request("GET", "/scenarios/faults")] == [fault.id]
    assert session.control._request("GET", "/scenarios") == []


def test_callback_fault_belongs_to_its_test(theirs: Simulator, session: SimulatorSession) -> None:
    """It has the callbacks of the test's account alone, is unused until one has it, and ends with the test."""
    with session.for_test("another") as another:
        another.tomoviee.fault("callback_lost")
        fault = theirs.tomoviee.fault("callback_tampered")
        (unused,) = theirs.control.unused_faults()
        assert (unused["id"], unused["account"]) == (fault.id, theirs.tomoviee.name)
        with theirs.client("tomoviee") as client:
            job = client.text_to_video("A fox soundstage:fail", callback="http://127.0.0.1:9/order-7")
            assert job.wait().state is JobState.FAILED
            with pytest.raises(ControlError, match="sends callbacks"):
                theirs.veo.fault("callback_lost")
    assert [one["id"] for one in session.control._request("GET", "/scenarios/faults")] == [fault.id]
    theirs.close()
    assert session.control._request("GET", "/scenarios/faults") == []


def test_a_credential_may_be_chosen(theirs: Simulator) -> None:
    """A test may use a given credential; each credential has its own account."""
    with theirs.client("tomoviee", "broke-fox") as client, pytest.raises(Exception, match="credits"):
        client.text_to_video("A fox")
    assert theirs.account("tomoviee", "broke-fox").name != theirs.tomoviee.name
    assert theirs.tomoviee.base_url == f"{theirs.url}/tomoviee"


def test_a_stage_that_is_over_watches_no_longer() -> None:
    """Connections are counted while the stage is open, and not before or after."""
    with SimulatorSession() as session:
        sys.audit("socket.connect", None, ("192.0.2.7", 443))
        sys.audit("socket.bind", None, ("192.0.2.7", 443))
        assert session.usage().external_connections == {"192.0.2.7:443": 1}
    sys.audit("socket.connect", None, ("192.0.2.7", 443))
    assert session.outside.count() == {"192.0.2.7:443": 1}


def test_usage_has_the_spending_of_other_credentials() -> None:
    """A program that does not use its test's credential is in the summary as well, after the test, too."""
    with SimulatorSession() as session:
        with session.for_test("one"), httpx.Client(base_url=f"{session.url}/infrai") as own:
            headers = {"Authorization": "Bearer read-at-import"}
            own.post("/v1/video/generate", json={"prompt": "A fox"}, headers=headers).raise_for_status()
            during = session.usage()
        assert during.spent["USD"] > 0
        assert session.usage().spent == during.spent


def test_what_is_no_internet_address_is_no_departure() -> None:
    """A path of a local socket, an address without a port, and other events are not counted."""
    with SimulatorSession() as session:
        for address in ("/run/socket", ("192.0.2.7",), b"x", ("127.0.0.1", 80)):
            session.outside.watch("socket.connect", (None, address))
        session.outside.watch("socket.bind", (None, ("192.0.2.7", 443)))
        assert session.usage().external_connections == {}
        session.outside.watch("socket.connect", (None, ("192.0.2.7", 443)))
        assert session.usage().external_connections == {"192.0.2.7:443": 1}


@pytest.mark.parametrize("where", ["http://127.0.0.1:9", "nonsense", "ftp://127.0.0.1"])
def test_no_stage_without_a_simulator(where: str) -> None:
    """An address where no simulator is, is named in the error."""
    with pytest.raises(TargetError, match=where):
        SimulatorSession(where)


def test_an_unknown_vendor_is_refused_by_name() -> None:
    """The error names the value and the vendors there are."""
    with pytest.raises(ValueError, match=r"vendor must be one of .*tomoviee.*; got 'unknown'"):
        contract_of("unknown")
