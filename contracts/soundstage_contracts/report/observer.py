"""Observes a run of the contracts: which are collected, what each proves, its exchanges, and the files to write.

It acts on contracts only; in other sessions it does nothing and costs nothing.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any, Final

import pytest

from soundstage_contracts.options import IN_PROCESS, RunOptions
from soundstage_contracts.outcomes import Unchecked
from soundstage_contracts.registry import complete_vendors, incomplete_vendors
from soundstage_contracts.report.suites import SUITE, Suites
from soundstage_vendors import slugs

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from pathlib import Path

    from soundstage_contracts.declarations.live import LiveCall
    from soundstage_contracts.simulators.recorder import ExchangeRecorder


CONTRACT_MARK: Final = "soundstage_contract"
"""The pytest mark that makes a test outside of the suite a contract."""

RUN_OPTIONS: Final = pytest.StashKey[RunOptions]()
"""The options of the run."""
LIVE_RUN: Final = pytest.StashKey[Any]()
"""The live run, once it is planned."""
SUITES: Final = pytest.StashKey[Suites]()
"""Where the contracts of the run are."""
RECORDED_CALL: Final = pytest.StashKey[Any]()
"""The live call that a contract made."""

_SUITE_FILES: Final = "test_*.py"
_SHOWN: Final = 12
"""Exchanges in a failure message."""
_KEPT: Final = 4
"""Exchanges in the report of a contract that passed."""


class SuiteModule(pytest.Module):
    """A module of the suite, whose functions are collected whatever ``python_functions`` of the project is."""

    def funcnamefilter(self, name: str) -> bool:
        """Return whether *name* is that of a contract."""
        return name.startswith("test_")


class Observer:
    """Observes one run.

    Args:
        config: The run's configuration.
        options: Its options.

    Attributes:
        suites: Where its contracts are.
        records: The result of each contract, as plain data, in the order in which they ended.
    """

    def __init__(self, config: pytest.Config, options: RunOptions) -> None:
        self._config = config
        self._options = options
        self._recorder: ExchangeRecorder | None = None
        self._facts: dict[str, list[str]] = {}
        # As typed, and as pytest has resolved them: the `testpaths` of a project may name the contracts, too.
        self.suites = config.stash[SUITES] = Suites([*config.invocation_params.args, *config.args])
        self.records: list[dict[str, Any]] = []

    def add_suites(self) -> None:
        """Collect the suites of vendors from outside, too, where the command line names all contracts."""
        if self.suites.everything:
            wanted = filter(self._options.wants, complete_vendors())
            self._config.args += [path for path in self.suites.folders(wanted) if path not in self._config.args]

    def pytest_report_header(self) -> list[str]:
        """Print the options of the run, and the vendors whose contracts cannot run yet."""
        options = self._options
        if not self.suites.requested and options.target == IN_PROCESS:
            return []
        first = f"soundstage: target {options.target}, effort {options.effort}, seed {options.seed}"
        incomplete = incomplete_vendors().values() if self.suites.requested else ()
        return [first, *(f"soundstage: {text}" for text in incomplete)]

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave out the folders of vendors that were not requested, or whose row of files is incomplete."""
        if collection_path.parent != SUITE:
            return None
        vendor = self.suites.vendor_of(collection_path)
        if vendor is None or (self._options.wants(vendor) and vendor in complete_vendors()):
            return None
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
        """Collect the modules of the suite also where the project's own test files have other names."""
        collected = yield
        if not collected and self.suites.has(file_path) and fnmatch(file_path.name, _SUITE_FILES):
            return [SuiteModule.from_parent(parent, path=file_path)]
        return collected

    def pytest_pycollect_makemodule(self, module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
        """Collect the modules of the suite by the names of the suite."""
        return SuiteModule.from_parent(parent, path=module_path) if self.suites.has(module_path) else None

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Import the modules of the suite under the contracts' Hypothesis profile."""
        # Settings in a decorator are completed from the profile at import, of other tests at run time: the profile
        # must be active at both.
        with _contract_profile(ours=self.suites.has(collector.path)):
            return (yield)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Deselect other vendors' contracts, and move live calls to the end, in the order of their tiers."""
        unwanted = []
        if self._options.vendors:
            ours = ((item, vendor_of(item)) for item in items if _is_contract(item))
            unwanted = [item for item, vendor in ours if vendor is not None and not self._options.wants(vendor)]
        if unwanted:
            config.hook.pytest_deselected(items=unwanted)
        left_out = set(unwanted)
        kept = [item for item in items if item not in left_out]
        live = [item for item in kept if _call_of(item) is not None]
        # Free calls before paid ones: when one fails, the vendor's further calls are skipped.
        items[:] = [item for item in kept if _call_of(item) is None] + sorted(live, key=_tier_of)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Print the plan of a live run before anything is sent."""
        vendors = list(dict.fromkeys(str(vendor_of(item)) for item in session.items if _call_of(item) is not None))
        if not self._options.live or not vendors:
            return
        from soundstage_contracts.live.run import LiveRun
        from soundstage_contracts.report.text import plan_lines

        run = self._config.stash[LIVE_RUN] = LiveRun(self._options)
        lines = plan_lines(run.plan_calls(vendors))
        if self._options.dry_run:
            lines += [f"needed for a real run: {text}" for text in run.missing_credentials(vendors)]
            run.close("a dry run sends nothing")
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal.section("soundstage: the plan of the live run")
            for line in lines:
                terminal.write_line(line)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Record the exchanges of each contract."""
        if not _is_contract(item):
            return (yield)
        from soundstage_contracts.simulators.recorder import (
            RUNNING_TEST,
            ExchangeRecorder,
            start_recording,
            stop_recording,
        )

        self._recorder = ExchangeRecorder()
        mark = start_recording(self._recorder)
        running = RUNNING_TEST.set(f"{_module_of(item)}::{item.name}")
        try:
            with _contract_profile(ours=True):
                return (yield)
        finally:
            RUNNING_TEST.reset(running)
            stop_recording(mark)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach the result of a contract to its report, and to a failure the exchanges that led to it."""
        report = yield
        if call.excinfo is not None and isinstance(call.excinfo.value, Unchecked):
            vars(report)["soundstage_unchecked"] = str(call.excinfo.value)
        # One record for each contract: of its call, and of a setup or teardown only where it did not pass.
        if _is_contract(item) and (report.when == "call" or not report.passed):
            record = self._record(item, report)
            vars(report)["soundstage"] = record  # plain data, which travels with the report between processes
            if report.failed:
                from soundstage_contracts.report.text import failure_text

                report.sections.append(("soundstage: what happened", failure_text(record, self._options.seed)))
        return report

    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        """Show an unchecked contract as such: neither passed nor skipped."""
        if getattr(report, "soundstage_unchecked", None) is None:
            return None
        return "unchecked", "u", ("UNCHECKED", {"yellow": True})

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Collect the result of each contract, in whichever process it ran."""
        record = getattr(report, "soundstage", None)
        if record is not None:
            self.records.append(record)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print what was unchecked and where a service differs, and write the requested files."""
        reports = terminalreporter.stats.get("unchecked", [])
        if reasons := Counter(report.soundstage_unchecked for report in reports):
            terminalreporter.section("soundstage: unchecked")
            for reason, count in reasons.most_common():
                terminalreporter.write_line(f"{count} x {reason}", yellow=True)
        if lines := self._differences():
            terminalreporter.section("soundstage: the services and the simulator")
            for line in lines:
                terminalreporter.write_line(line)
        for line in self._write():
            terminalreporter.write_line(line)

    def _differences(self) -> list[str]:
        """Return how the services differ from the simulator; nothing where no contract has run."""
        if not self.records:
            return []
        from soundstage_contracts.report.text import difference_lines

        return list(difference_lines(self.records))

    def _write(self) -> Iterable[str]:
        options = self._options
        if options.evidence is not None:
            from soundstage_contracts.facts.evidence import merge

            yield f"evidence of {merge(options.evidence, self.records, options.target)} facts: {options.evidence}"
        if options.report is not None:
            from soundstage_contracts.report.page import write_report

            yield f"report: {write_report(options.report, self.records, options)}"

    def _record(self, item: pytest.Item, report: pytest.TestReport) -> dict[str, Any]:
        function = getattr(item, "function", None)
        document = (getattr(function, "__doc__", None) or "").strip().partition("\n")[0]
        rest = item.nodeid.partition("::")[2]
        call, recorded = _call_of(item), item.stash.get(RECORDED_CALL, None)
        vendor = vendor_of(item)
        facts = [] if function is None else self._facts_of(function)
        if call is not None:
            facts = [f"{vendor}:{fact}" for fact in call.facts]
        exchanges: list[dict[str, Any]] = []
        # Redaction copies every body, which is wasted where neither a failure nor a report shows the exchanges.
        if report.failed or self._options.report is not None:
            exchanges = self._last_exchanges(report) if recorded is None else recorded.redacted_exchanges()
        return {
            "id": f"{_module_of(item)}::{rest}",
            "module": item.path.stem,
            "name": getattr(item, "originalname", item.name),
            "case": rest.partition("[")[2].removesuffix("]"),
            "vendor": vendor,
            "promise": document,
            "facts": facts,
            "outcome": _outcome(report),
            "reason": _reason(report),
            "exchanges": exchanges,
            "differences": [[each.severity, str(each)] for each in recorded.differences] if recorded else [],
            "service": recorded.base_url if recorded is not None and recorded.compared else "",
        }

    def _last_exchanges(self, report: pytest.TestReport) -> list[dict[str, Any]]:
        """Return the last exchanges: more for a failure message than for the report of a contract that passed."""
        from soundstage_contracts.simulators.recorder import Redaction

        redaction, count = Redaction(), _SHOWN if report.failed else _KEPT
        kept = [] if self._recorder is None else list(self._recorder.exchanges)
        return [redaction.exchange(each) for each in kept[-count:]]

    def _facts_of(self, contract: Callable[..., Any]) -> list[str]:
        from soundstage_contracts.facts.proves import name_of, recorded

        if not self._facts:
            for key, contracts in recorded().items():
                for each in contracts:
                    self._facts.setdefault(each.name, []).append(key)
        return self._facts.get(name_of(contract), [])


@contextmanager
def _contract_profile(*, ours: bool) -> Iterator[None]:
    """Activate the contracts' Hypothesis profile inside the block, if the block is *ours*."""
    if not ours:
        yield
        return
    from soundstage_contracts.effort import effort_profile

    with effort_profile():
        yield


def _module_of(item: pytest.Item) -> str:
    """Return the dotted name of the suite's module that *item* is in, or the path of a module elsewhere."""
    return item.config.stash[SUITES].module_of(item.path, otherwise=item.nodeid.partition("::")[0])


def vendor_of(item: pytest.Item) -> str | None:
    """Return the vendor of a contract, by its folder or its parameters; None for a contract of all vendors."""
    own = item.config.stash[SUITES].vendor_of(item.path.parent)
    if own is not None:
        return own
    given = getattr(item, "callspec", None)
    for value in given.params.values() if given is not None else ():
        for slug in (value, getattr(value, "vendor", None), getattr(value, "slug", None)):
            if isinstance(slug, str) and slug in slugs():
                return slug
    return None


def _is_contract(item: pytest.Item) -> bool:
    return item.config.stash[SUITES].has(item.path) or item.get_closest_marker(CONTRACT_MARK) is not None


def _call_of(item: pytest.Item) -> LiveCall | None:
    given = getattr(item, "callspec", None)
    call = None if given is None or not _is_contract(item) else given.params.get("call")
    if call is None:
        return None
    from soundstage_contracts.declarations.live import LiveCall

    return call if isinstance(call, LiveCall) else None


def _tier_of(item: pytest.Item) -> tuple[int, int]:
    from soundstage_contracts.declarations.live import TIERS

    call = _call_of(item)
    return slugs().index(str(vendor_of(item))), TIERS.index(call.tier) if call is not None else 0


def _outcome(report: Any) -> str:
    if report.skipped:
        return "unchecked"
    return "failed" if report.failed else "passed"


def _reason(report: Any) -> str:
    if report.passed:
        return ""
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash is not None else report.longrepr)
