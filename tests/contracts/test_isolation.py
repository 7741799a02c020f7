"""Tests that use the fixtures are isolated: from each other, from mocks of the network, and from chance."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from soundstage_contracts.simulators.target import FIRST_TIME
from soundstage_contracts.testing.session import SimulatorSession
from soundstage_server import Clock, Server, World
from tests.contracts.test_plugin import session

if TYPE_CHECKING:
    from pathlib import Path

SETTING = """
def set_everything(simulator, whole):
    control = simulator.control
    which = {"account": None} if whole else {}
    control.fault("status", status=500, vendor="tomoviee", **which)
    control.order("fail", vendor="tomoviee", **which)
    control.dialects(**which, tomoviee__errors="http")
    control.limit(simulator.tomoviee.name, per_minute=1)
    control.set_balance("tomoviee", simulator.tomoviee.name, 0)
    control.advance(3600)


def check_nothing(simulator, client):
    assert client.text_to_video("A fox").wait().state.value == "succeeded"
    assert simulator.tomoviee.money.available == 990
    assert simulator.control.dialects()["tomoviee.errors"] == "envelope"
    assert simulator.tomoviee.clock.timestamp() < started[0] + 3600


started = []


def test_1_what_is_set_for_the_tests_accounts(simulator):
    started.append(simulator.control.now())
    set_everything(simulator, whole=False)


def test_2_is_gone_in_the_next(simulator, tomoviee):
    check_nothing(simulator, tomoviee)


def test_3_what_is_set_for_everybody(simulator):
    set_everything(simulator, whole=True)


def test_4_is_gone_as_well(simulator, tomoviee):
    check_nothing(simulator, tomoviee)
"""
MOCKED = """
import asyncio

import httpx
import pytest
import respx


@pytest.mark.parametrize("using", ["httpcore", "httpx"])
def test_another_service_is_mocked(tomoviee, async_tomoviee, tmp_path, using):
    with respx.mock(using=using) as mock:
        mock.get("https://weather.example/").respond(json={"rain": True})
        assert httpx.get("https://weather.example/").json() == {"rain": True}
        assert tomoviee.text_to_video("A fox").save(tmp_path)

        async def generate():
            return await (await async_tomoviee.text_to_video("A second fox"))

        assert asyncio.run(generate()).state.value == "succeeded"


def test_the_transport_of_httpx_is_replaced(tomoviee, monkeypatch):
    def refuse(*_):
        raise AssertionError("the network is mocked")

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", refuse)
    tomoviee.text_to_video("A fox").wait()
"""
DRAWING = """
import hashlib
import json
import os
from pathlib import Path

import pytest

from soundstage_contracts.declarations.vendor import contract_of


@pytest.mark.parametrize("number", range(3))
def test_draws(simulator, tomoviee, infrai, request, tmp_path, number):
    drawn = []
    for job in (tomoviee.text_to_video("A fox"), tomoviee.text_to_video("Another fox")):
        (path,) = job.save(tmp_path)
        drawn.append([job.id, path.name, hashlib.sha256(path.read_bytes()).hexdigest()])
    for job in simulator.tomoviee.jobs:
        drawn.append([round(change - job.created, 3) for change in job.changes])
    Path(os.environ["DRAWN"], f"{number}.json").write_text(json.dumps([simulator.credential, drawn]))
"""
REVERSE = tuple(f"test_theirs.py::test_draws[{number}]" for number in (2, 1, 0))
FRESH = """
import pytest

from soundstage import errors
from soundstage_contracts import VENDORS


@pytest.mark.parametrize("vendor", VENDORS)
def test_nothing_was_requested(simulator, vendor):
    account = simulator.account(vendor)
    assert account.requests == account.jobs == []
    assert (account.money.spent, account.money.reserved, account.money.entries) == (0, 0, ())
    assert account.clock.timestamp() == pytest.approx(simulator.clock.timestamp(), abs=60)
    assert simulator.accounts()[0]["vendor"] == vendor


def test_credits_run_out_at_once(simulator, tomoviee):
    simulator.tomoviee.balance = 0
    with pytest.raises(errors.InsufficientCreditsError):
        tomoviee.text_to_video("A fox")


def test_limits_and_faults_of_the_account(simulator, tomoviee):
    simulator.tomoviee.fault("status", status=503, method="GET", times=1)
    assert tomoviee.text_to_video("A fox").wait().state.value == "succeeded"
    simulator.tomoviee.limit(at_once=1)
    assert simulator.control.limit(simulator.tomoviee.name)["at_once"] == 1


@pytest.mark.parametrize("call", ["account", "client", "async_client"])
def test_unknown_vendor_is_refused_by_name(simulator, call):
    with pytest.raises(ValueError, match="vendor must be one of tomoviee, .*; got 'unknown'"):
        getattr(simulator, call)("unknown")
"""


def test_what_a_test_sets_ends_with_it(tmp_path: Path) -> None:
    """Faults, orders, dialects, limits, balances and time, for an account or for all, do not reach the next test."""
    code, printed = session(tmp_path, SETTING)
    assert code == 0, printed


def test_running_simulator_is_left_as_it_was(tmp_path: Path) -> None:
    """After a run against a running simulator, it has no account, order, fault or dialect of the run."""
    with World(clock="auto", media="small") as world, Server(world) as server:
        code, printed = session(tmp_path, SETTING, "--soundstage-target", server.url)
        assert code == 0, printed
        assert not list(world.accounts())
        assert not list(world.scenarios)
        assert not world.faults.active
        assert world.dialects.reading("tomoviee.errors") == "envelope"
        assert f"soundstage: target {server.url}, effort quick, seed " in printed


def test_account_exists_before_its_first_request(tmp_path: Path) -> None:
    """A test can read and set its account with any vendor before it has sent anything."""
    code, printed = session(tmp_path, FRESH)
    assert code == 0, printed


def test_other_services_can_be_mocked(tmp_path: Path) -> None:
    """A mock of httpx or httpcore for the whole process does not reach the clients of the fixtures."""
    code, printed = session(tmp_path, MOCKED)
    assert code == 0, printed


def drawn(folder: Path, seed: int, *options: str) -> list[object]:
    """Return what the tests of a session with *seed* have drawn."""
    results = folder / "drawn"
    results.mkdir(exist_ok=True)
    code, printed = session(folder, DRAWING, "--soundstage-seed", str(seed), *options)
    assert code == 0, printed
    return [json.loads(path.read_text()) for path in sorted(results.iterdir())]


def test_seed_repeats_ids_times_and_media(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal seeds draw equal values in any order, and other seeds others."""
    monkeypatch.setenv("DRAWN", str(tmp_path / "drawn"))
    first = drawn(tmp_path, 7)
    assert len({json.dumps(each) for each in first}) == 3
    assert drawn(tmp_path, 7, *REVERSE) == first
    other = drawn(tmp_path, 8)
    assert all(one != another for one, another in zip(first, other, strict=True))


@pytest.mark.slow
def test_seed_repeats_in_workers_and_on_a_running_simulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal seeds draw equal values in one process, in workers, and on a running simulator, twice."""
    monkeypatch.setenv("DRAWN", str(tmp_path / "drawn"))
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    first = drawn(tmp_path, 7)
    monkeypatch.setenv("PYTHONHASHSEED", "2")
    assert drawn(tmp_path, 7, "-n", "2") == first
    clock = Clock("auto")
    clock.restore("auto", 1.0, FIRST_TIME)
    with World(clock=clock, media="small", seed=7) as world, Server(world) as server:
        for order in ((), REVERSE):
            assert drawn(tmp_path, 7, "--soundstage-target", server.url, *order) == first


def test_credentials_differ_between_workers_that_run_the_same_tests() -> None:
    """Tests of one name have a credential each: in workers that share a simulator, and while another is open."""
    with SimulatorSession() as session, SimulatorSession(session.url, worker="gw1") as other:
        with session.for_test("one") as first, session.for_test("one") as second, other.for_test("one") as third:
            assert len({first.credential, second.credential, third.credential}) == 3
            before = first.credential
        with session.for_test("one") as again:
            assert again.credential == before


def test_contracts_are_found_under_other_names_of_test_files(tmp_path: Path) -> None:
    """A project's own python_files and python_functions do not hide the contracts."""
    (tmp_path / "pytest.ini").write_text("[pytest]\npython_files = check_*.py\npython_functions = check_*\n")
    options = ("--co", "-q", "--pyargs", "soundstage_contracts.suite.edrawmax.test_diagrams")
    code, printed = session(tmp_path, "", *options)
    assert code == 0, printed
    assert printed.count("::test_") > 10
    code, everything = session(
        tmp_path, "", "--co", "-q", "--pyargs", "soundstage_contracts", "--soundstage-vendor", "edrawmax"
    )
    assert code == 0, everything
    assert "suite/edrawmax/test_diagrams.py::test_" in everything
