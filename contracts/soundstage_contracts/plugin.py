"""The pytest plugin: a simulator for every test run, one account a test, and what it would all have cost.

Fixtures: `soundstage` (the simulator), and for each vendor a ready client, such as `tomoviee` and `async_tomoviee`.
Options aim and bound the contracts of ``pytest --pyargs soundstage_contracts``; `docs/contracts.md` tells of them.

Importing it imports nothing but pytest: whoever does not use the fixtures does not pay for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from soundstage_contracts.options import EFFORTS, IN_PROCESS, LIVE, OptionError, read_options
from soundstage_contracts.outcomes import unchecked
from soundstage_contracts.registry import VENDORS
from soundstage_contracts.report.observer import RUN_OPTIONS, Observer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from soundstage_contracts.simulators.session import SimulatorSession, Soundstage

_USAGE: Final = pytest.StashKey[Any]()
_REPORT: Final = "soundstage"
_SEED: Final = "soundstage_seed"
_OPTIONS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    (
        "target",
        {
            "default": IN_PROCESS,
            "metavar": "WHERE",
            "help": f"what the contracts and fixtures talk to: {IN_PROCESS!r} (the default) is a simulator in this "
            f"process, an address such as http://127.0.0.1:8080 one that runs there, {LIVE!r} the services themselves",
        },
    ),
    (
        "vendor",
        {
            "action": "append",
            "default": [],
            "metavar": "VENDOR",
            "help": "collect the contracts of this vendor alone; repeatable",
        },
    ),
    (
        "effort",
        {
            "default": None,
            "choices": EFFORTS,
            "help": "how hard Hypothesis looks in the contracts: 'quick' (the default), 'thorough', 16 times as hard, "
            "or 'live', a glance (the default with a live target)",
        },
    ),
    (
        "seed",
        {
            "default": None,
            "metavar": "N",
            "help": "where Hypothesis and the simulator begin; printed, or drawn if not given",
        },
    ),
    (
        "budget",
        {
            "action": "append",
            "default": [],
            "metavar": "VENDOR=AMOUNT",
            "help": "what a live run may cost, in the vendor's own unit, or VENDOR=unknown-ok:N for N jobs whose price "
            "nobody documents; repeatable; without it, free calls only",
        },
    ),
    (
        "input",
        {
            "action": "append",
            "default": [],
            "metavar": "NAME=VALUE",
            "help": "a real input for a live run, such as image=https://...; repeatable",
        },
    ),
    ("dry-run", {"action": "store_true", "help": "with a live target: print the plan and its price, and send nothing"}),
    ("record", {"default": None, "metavar": "FOLDER", "help": "write what a live run said there, without secrets"}),
    (
        "evidence",
        {
            "default": None,
            "metavar": "FILE",
            "help": "merge each fact's last result, target and date into this JSON file",
        },
    ),
    ("report", {"default": None, "metavar": "FILE", "help": "write a page of vendors by contracts there, as HTML"}),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the options of the contracts."""
    group = parser.getgroup("soundstage", "simulated generative-media services, and the contracts about them")
    for name, option in _OPTIONS:
        group.addoption(f"--soundstage-{name}", **option)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Read the options, and refuse a bad one before anything is collected.

    Raises:
        UsageError: An option's value is not allowed.
    """
    drawn = getattr(config, "workerinput", {}).get(_SEED)
    try:
        options = read_options(config.option, drawn)
    except OptionError as error:
        raise pytest.UsageError(str(error)) from None
    if options.live and getattr(config.option, "numprocesses", None):
        raise pytest.UsageError(f"-n is given; allowed with a {LIVE} target: one process, which keeps the budgets")
    config.stash[RUN_OPTIONS] = options
    observer = Observer(config, options)
    if (options.seeded or observer.asked) and getattr(config.option, "hypothesis_seed", "") is None:
        config.option.hypothesis_seed = str(options.seed)
    config.pluginmanager.register(observer, "soundstage-observer")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give a worker the seed of the run."""
    node.workerinput[_SEED] = node.config.stash[RUN_OPTIONS].seed


@pytest.fixture(scope="session")
def soundstage_session(request: pytest.FixtureRequest) -> Iterator[SimulatorSession]:
    """Run one simulator for the whole session, on a free port, unless ``--soundstage-target`` names one."""
    from soundstage_contracts.simulators.session import SimulatorSession

    options = request.config.stash[RUN_OPTIONS]
    if options.live:
        unchecked("needs a simulator, and the target is live")
    with SimulatorSession(options.target, seed=options.seed if options.seeded else 0) as session:
        yield session
        request.config.stash[_USAGE] = session.usage()


@pytest.fixture
def soundstage(soundstage_session: SimulatorSession, request: pytest.FixtureRequest) -> Soundstage:
    """Give the test a simulator of its own: accounts that nobody else uses, and time that skips."""
    return soundstage_session.for_test(request.node.nodeid)


def _client_fixture(vendor: str) -> Callable[..., Any]:
    def ready(soundstage: Soundstage) -> Iterator[Any]:
        with soundstage.client(vendor) as client:
            yield client

    return pytest.fixture(name=vendor)(ready)


def _async_client_fixture(vendor: str) -> Callable[..., Any]:
    def ready(soundstage: Soundstage) -> Any:
        return soundstage.async_client(vendor)

    return pytest.fixture(name=f"async_{vendor}")(ready)


for _vendor in VENDORS:
    globals()[f"_{_vendor}_fixture"] = _client_fixture(_vendor)
    globals()[f"_async_{_vendor}_fixture"] = _async_client_fixture(_vendor)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send a worker's usage summary to the process that started it."""
    usage = session.config.stash.get(_USAGE, None)
    output = getattr(session.config, "workeroutput", None)
    if usage is not None and output is not None:
        output[_REPORT] = usage.to_json()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add a worker's usage summary to the total."""
    from soundstage_contracts.simulators.session import UsageSummary

    sent = getattr(node, "workeroutput", {}).get(_REPORT)
    if sent is not None:
        stash = node.config.stash
        stash[_USAGE] = stash.get(_USAGE, UsageSummary()) + UsageSummary.from_json(sent)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what the run would have cost, what was submitted twice, and what left the machine."""
    usage = config.stash.get(_USAGE, None)
    if usage is not None:
        terminalreporter.section("soundstage")
        for line in usage.lines():
            terminalreporter.write_line(line)
