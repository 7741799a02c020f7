"""The pytest plugin: a simulator for every test run, one account a test, and what it would all have cost.

Fixtures: `understudy` (the simulator), and for each vendor a ready client, such as `tomoviee` and `async_tomoviee`.
Options: ``--understudy-target`` says where the contracts of ``pytest --pyargs understudy_contracts`` run, and
``--understudy-effort`` how hard they look.

Importing it imports nothing but pytest: whoever does not use the fixtures does not pay for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from understudy_contracts._registry import VENDORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from understudy_contracts._stage import Stage, Understudy

_BILL: Final = pytest.StashKey[Any]()
_REPORT: Final = "understudy"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the options of the contracts."""
    group = parser.getgroup("understudy", "simulated generative-media services")
    group.addoption(
        "--understudy-target",
        default="in-process",
        metavar="WHERE",
        help="where the contracts and fixtures find a simulator: 'in-process' (the default), or the address of one "
        "that runs, such as http://127.0.0.1:8080",
    )
    group.addoption(
        "--understudy-effort",
        default="quick",
        choices=("quick", "thorough"),
        help="how hard Hypothesis looks in the contracts: 'quick' (the default), or 'thorough', 16 times as hard",
    )


@pytest.fixture(scope="session")
def understudy_stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Run one simulator for the whole session, on a free port, unless ``--understudy-target`` names one."""
    from understudy_contracts._stage import Stage

    with Stage(request.config.getoption("understudy_target")) as stage:
        yield stage
        request.config.stash[_BILL] = stage.bill()


@pytest.fixture
def understudy(understudy_stage: Stage, request: pytest.FixtureRequest) -> Understudy:
    """Give the test a simulator of its own: accounts that nobody else uses, and time that skips."""
    return understudy_stage.for_test(request.node.nodeid)


def _client_fixture(vendor: str) -> Callable[..., Any]:
    def ready(understudy: Understudy) -> Iterator[Any]:
        with understudy.client(vendor) as client:
            yield client

    return pytest.fixture(name=vendor)(ready)


def _async_client_fixture(vendor: str) -> Callable[..., Any]:
    def ready(understudy: Understudy) -> Any:
        return understudy.async_client(vendor)

    return pytest.fixture(name=f"async_{vendor}")(ready)


for _vendor in VENDORS:
    globals()[f"_{_vendor}_fixture"] = _client_fixture(_vendor)
    globals()[f"_async_{_vendor}_fixture"] = _async_client_fixture(_vendor)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand a worker's bill to whoever started it."""
    bill = session.config.stash.get(_BILL, None)
    output = getattr(session.config, "workeroutput", None)
    if bill is not None and output is not None:
        output[_REPORT] = bill.to_json()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add a worker's bill to the whole."""
    from understudy_contracts._stage import Bill

    sent = getattr(node, "workeroutput", {}).get(_REPORT)
    if sent is not None:
        stash = node.config.stash
        stash[_BILL] = stash.get(_BILL, Bill()) + Bill.from_json(sent)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what the run would have cost, what was submitted twice, and what left the machine."""
    bill = config.stash.get(_BILL, None)
    if bill is not None:
        terminalreporter.section("understudy")
        for line in bill.lines():
            terminalreporter.write_line(line)
