"""The pytest plugin: a simulator for every test run, one account for each test, and a summary of what it would cost.

Fixtures for everybody's tests: `simulator`, and for each vendor a ready client, such as `tomoviee` and
`async_tomoviee`. Fixtures for contracts: `target` and `full_target`. The options are those of
``pytest --pyargs soundstage_contracts``; see `docs/contracts.md`.

Importing the plugin imports nothing but pytest and modules of this package that need no extra: it is loaded in every
session of an environment, also where the client alone is installed.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import pytest

import soundstage_vendors
from soundstage_contracts.extras import MissingExtraError, needs_extra
from soundstage_contracts.options import EFFORT, EFFORTS, IN_PROCESS, LIVE, OptionError, read_options
from soundstage_contracts.outcomes import unchecked
from soundstage_contracts.report.observer import CONTRACT_MARK, RUN_OPTIONS, Observer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from soundstage_contracts.simulators.target import Target
    from soundstage_contracts.testing.session import SimulatorSession
    from soundstage_contracts.testing.simulator import Simulator

pytest_plugins = ("soundstage_contracts.real_hosts",)

STRICT: Final = "soundstage_strict"
"""The ini option that makes every run strict."""
ALLOW_MARK: Final = "soundstage_allow"
"""The pytest mark that names what a strict run allows a test: ``leak``, ``double``, ``unused``, ``unresolved``."""

_EXTRA: Final = "all"
_USAGE: Final = pytest.StashKey[Any]()
_SIMULATOR: Final = pytest.StashKey["Simulator"]()
_REPORT: Final = "soundstage"
_SEED: Final = "soundstage_seed"
_LAYOUT: Final = "soundstage_worker"
_WORKER: Final = pytest.StashKey[str]()
_OPTIONS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    (
        "target",
        {
            "default": IN_PROCESS,
            "metavar": "WHERE",
            "help": f"what contracts and fixtures connect to: {IN_PROCESS!r} (default) is a simulator in this process, "
            f"an address such as http://127.0.0.1:8080 a running simulator, {LIVE!r} the services themselves",
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
            "help": "how many examples Hypothesis tries in the contracts: 'quick' (default), 'thorough' (16 times as "
            "many), or 'live' (a few; the default with a live target)",
        },
    ),
    (
        "seed",
        {
            "default": None,
            "metavar": "N",
            "help": "the seed of Hypothesis and of the simulator; drawn if not given, and printed",
        },
    ),
    (
        "budget",
        {
            "action": "append",
            "default": [],
            "metavar": "VENDOR=AMOUNT",
            "help": "what a live run may cost, in the vendor's own unit, or VENDOR=unknown-ok:N for N jobs of an "
            "undocumented price; repeatable; without it, only free calls are made",
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
    (
        "dry-run",
        {"action": "store_true", "help": "with a live target: print the plan and its price, and send nothing"},
    ),
    (
        "record",
        {"default": None, "metavar": "FOLDER", "help": "write the exchanges of a live run there, without secrets"},
    ),
    (
        "strict",
        {
            "action": "store_true",
            "help": "fail a test that leaves something behind: a connection to another machine, a double submission, "
            "an order or a fault that nothing met, a paid job that the program does not know of; also the ini option "
            "soundstage_strict",
        },
    ),
    (
        "evidence",
        {
            "default": None,
            "metavar": "FILE",
            "help": "merge each fact's last result, target and date into this JSON file",
        },
    ),
    (
        "report",
        {"default": None, "metavar": "FILE", "help": "write a table of vendors and contracts there, as HTML"},
    ),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the contracts."""
    group = parser.getgroup("soundstage", "simulated generative-media services, and contracts about them")
    for name, option in _OPTIONS:
        group.addoption(f"--soundstage-{name}", **option)
    parser.addini(STRICT, "fail tests as --soundstage-strict does (true or false)", type="bool", default=False)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Read the options, and refuse a bad one before anything is collected.

    Raises:
        UsageError: An option's value is not allowed, or the contracts need an extra that is not installed.
    """
    sent = getattr(config, "workerinput", {})
    seed = sent.get(_SEED)
    config.stash[_WORKER] = sent.get(_LAYOUT, "")
    try:
        options = read_options(config.option, seed)
    except OptionError as error:
        raise pytest.UsageError(str(error)) from None
    if options.live and getattr(config.option, "numprocesses", None):
        raise pytest.UsageError(f"-n is given; allowed with a {LIVE} target: one process, which keeps the budgets")
    config.addinivalue_line("markers", f"{CONTRACT_MARK}: a contract outside of soundstage_contracts")
    config.addinivalue_line(
        "markers", f"{ALLOW_MARK}(*kinds): what a strict run allows: leak, double, unused, unresolved"
    )
    config.stash[RUN_OPTIONS] = options
    EFFORT.set(options.effort)
    observer = Observer(config, options)
    if observer.suites.requested:
        _require_suite()
        observer.add_suites()
    if (options.seeded or observer.suites.requested) and getattr(config.option, "hypothesis_seed", "") is None:
        config.option.hypothesis_seed = str(options.seed)
    config.pluginmanager.register(observer, "soundstage-observer")
    # Not when this module is imported: installed vendors may change between two sessions of one process.
    config.pluginmanager.register(_vendor_fixtures(), "soundstage-vendors")


def _require_suite() -> None:
    """Refuse to collect the contracts where their requirements are missing."""
    try:
        with needs_extra(_EXTRA, "the suite soundstage_contracts"):
            import hypothesis
            import respx

            del hypothesis, respx
    except MissingExtraError as error:
        raise pytest.UsageError(str(error)) from None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Send the seed of the run to a worker, and its name if every worker runs the same tests."""
    node.workerinput[_SEED] = node.config.stash[RUN_OPTIONS].seed
    node.workerinput[_LAYOUT] = node.gateway.id if node.config.getoption("dist", "no") == "each" else ""


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """Connect to the simulator that the contracts of this run test; they are unchecked where the target is live."""
    with needs_extra(_EXTRA, "the fixture 'target'"):
        from soundstage_contracts.simulators.target import Target

        options = request.config.stash[RUN_OPTIONS]
        if options.live:
            unchecked("needs a simulator, whose scenarios can be set; a live service has none")
        opened = Target(options.target, seed=options.seed)
    with opened:
        yield opened


@pytest.fixture(scope="session")
def full_target(target: Target, request: pytest.FixtureRequest) -> Iterator[Target]:
    """Connect to a simulator that renders media in full size; in-process, that is a second one beside `target`."""
    if target.where != IN_PROCESS:
        yield target
        return
    with type(target)(media="full", seed=request.config.stash[RUN_OPTIONS].seed) as opened:
        yield opened


@pytest.fixture(scope="session")
def simulator_session(request: pytest.FixtureRequest) -> Iterator[SimulatorSession]:
    """Run one simulator for the whole session, on a free port, unless ``--soundstage-target`` names one."""
    with needs_extra(_EXTRA, "the fixture 'simulator'"):
        from soundstage_contracts.testing.session import SimulatorSession

        options = request.config.stash[RUN_OPTIONS]
        if options.live:
            unchecked("needs a simulator, and the target is live")
        # Runs that share a simulator must not meet in one account, so their credentials need a seed that was drawn.
        seed = options.seed if options.seeded or options.target != IN_PROCESS else 0
        opened = SimulatorSession(options.target, seed=seed, worker=request.config.stash[_WORKER])
    with opened as session:
        yield session
        request.config.stash[_USAGE] = session.usage()


@pytest.fixture
def simulator(simulator_session: SimulatorSession, request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """Simulate the vendors for the test: accounts of its own, orders, faults, a clock; what it sets ends with it."""
    with simulator_session.for_test(request.node.nodeid) as opened:
        request.node.stash[_SIMULATOR] = opened
        yield opened
        del request.node.stash[_SIMULATOR]


def _client_fixture(vendor: str) -> Callable[..., Any]:
    def ready(simulator: Simulator) -> Iterator[Any]:
        with needs_extra(_EXTRA, f"the fixture {vendor!r}"):
            opened = simulator.client(vendor)
        with opened as client:
            yield client

    ready.__doc__ = f"Give the test a client of {vendor} for its account in the simulator; its waits take no time."
    return pytest.fixture(name=vendor)(ready)


def _async_client_fixture(vendor: str) -> Callable[..., Any]:
    def ready(simulator: Simulator) -> Any:
        with needs_extra(_EXTRA, f"the fixture 'async_{vendor}'"):
            return simulator.async_client(vendor)

    ready.__doc__ = f"Give the test an async client of {vendor}, for asyncio and trio; its waits take no time."
    return pytest.fixture(name=f"async_{vendor}")(ready)


def _vendor_fixtures() -> ModuleType:
    """Return a module with the fixtures of every vendor that is declared; one of a broken vendor fails with why."""
    fixtures = ModuleType("soundstage_contracts.vendor_fixtures")
    for vendor in (*soundstage_vendors.slugs(), *soundstage_vendors.left_out()):
        setattr(fixtures, f"{vendor}_fixture", _client_fixture(vendor))
        setattr(fixtures, f"async_{vendor}_fixture", _async_client_fixture(vendor))
    return fixtures


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that has passed and left something behind, if the run is strict."""
    result = yield
    opened = item.stash.get(_SIMULATOR, None)
    if opened is not None and (item.config.stash[RUN_OPTIONS].strict or item.config.getini(STRICT)):
        from soundstage_contracts.testing.strict import StrictError

        try:
            opened.verify(allow=tuple(kind for mark in item.iter_markers(ALLOW_MARK) for kind in mark.args))
        except (StrictError, ValueError) as error:
            # Not raised here, so that the report has the text alone.
            problem = str(error)
        else:
            return result
        pytest.fail(problem, pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the last exchanges of a failed test with the simulator."""
    report = yield
    opened = item.stash.get(_SIMULATOR, None)
    if opened is not None and report.failed and call.when == "call":
        from soundstage_contracts.testing.failures import describe_failure

        if text := describe_failure(opened):
            report.sections.append(("soundstage: the last requests", text))
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send a worker's usage summary to the process that started it."""
    usage = session.config.stash.get(_USAGE, None)
    output = getattr(session.config, "workeroutput", None)
    if usage is not None and output is not None:
        output[_REPORT] = usage.to_json()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add a worker's usage summary to the total."""
    sent = getattr(node, "workeroutput", {}).get(_REPORT)
    if sent is not None:
        from soundstage_contracts.testing.usage import UsageSummary

        stash = node.config.stash
        stash[_USAGE] = stash.get(_USAGE, UsageSummary()) + UsageSummary.from_json(sent)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print what the run would have cost, double submissions, and connections to other machines."""
    usage = config.stash.get(_USAGE, None)
    if usage is not None:
        terminalreporter.section("soundstage")
        for line in usage.lines():
            terminalreporter.write_line(line)
