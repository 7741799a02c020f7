"""Run one vendor's contracts in this process with one mutation, until the first contract fails.

Of a mutation that violates facts, only the contracts that prove these facts run, until each fact has one that fails.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import pytest

import soundstage_vendors
from soundstage_contracts.mutation.edits import find_mutation
from soundstage_contracts.mutation.mutations import Mutation, load_mutations
from soundstage_contracts.options import EFFORT

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

NO_MUTATION: Final = "-"
"""The name of the baseline: a run without a mutation."""

_LIBRARIES: Final = ("soundstage", "soundstage_server")
# Without the plugins that leave a folder behind, shuffle the contracts, or divide them among processes.
_ISOLATED: Final = ("-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist")
_OPTIONS: Final = ("-q", "--tb=line", "--soundstage-seed=0", *_ISOLATED)

Outcome = Literal["caught", "survived", "error", "hung"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one run.

    Attributes:
        outcome: ``caught`` by a contract, ``survived`` all contracts, ``error`` in the mutation or the run itself, or
            ``hung``: not over in time.
        contract: The contract that failed.
        promise: Its promise.
        message: Its message, or what went wrong.
        durations: Seconds of each contract; measured in the baseline, where all of them run.
        shown: Fact to the contract that proves it and failed; of a caught mutation, every fact that it violates.
    """

    outcome: Outcome
    contract: str = ""
    promise: str = ""
    message: str = ""
    durations: Mapping[str, float] = field(default_factory=dict)
    shown: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known before a run and makes it shorter; nothing of it changes the verdict.

    Attributes:
        durations: Seconds of each contract in the baseline.
        first: The contract that caught the mutation in an earlier run.
    """

    durations: Mapping[str, float] = field(default_factory=dict)
    first: str = ""


class MutationPlugin:
    """A pytest plugin that applies a mutation before any contract is imported, and keeps the first failure."""

    def __init__(self, mutation: Mutation | None, home: Path, hints: Hints) -> None:
        self._mutation = mutation
        self._home = home
        self._hints = hints
        self._patch = pytest.MonkeyPatch()
        self._promises: dict[str, str] = {}
        self._own_error = False
        self._names: dict[str, str] = {}
        self._proofs: dict[str, tuple[str, ...]] = {}
        self._session: pytest.Session | None = None
        self.shown: dict[str, str] = {}
        self.durations: dict[str, float] = {}
        self.failure: Verdict | None = None

    def pytest_configure(self) -> None:
        """Apply the mutation, and choose the Hypothesis profile of mutation runs."""
        EFFORT.set("mutation")
        # Before collection: a name that a module has imported is no longer reached by a patch of the original.
        try:
            if self._mutation is not None:
                self._mutation.apply(self._patch)
        except Exception as error:
            message = f"the mutation cannot be applied: {type(error).__name__}: {error}"
            self.failure = Verdict("error", message=message)
            raise pytest.UsageError(message) from error

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Run the likeliest and the fastest contracts first: the run ends at the first failure."""
        if self._mutation is None:
            return
        sides = _sides_by_contract()
        wanted = self._mutation.bound
        if self._mutation.shows:
            self._proofs = _facts_by_contract(self._mutation)
            items[:] = [item for item in items if _contract_name(item) in self._proofs]

        named_after = self._mutation.id

        def rank(item: pytest.Item) -> tuple[bool, bool, bool, float]:
            proven = sides.get(_contract_name(item), frozenset())
            duration = self._hints.durations.get(item.nodeid, 0.0)
            # False sorts before True; a contract without a known duration counts as fast.
            return item.name != self._hints.first, not _is_named(item, named_after), wanted not in proven, duration

        items.sort(key=rank)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note the name and the promise of each contract."""
        self._session = session
        for item in session.items:
            self._names[item.nodeid] = _contract_name(item)
            document = getattr(getattr(item, "function", None), "__doc__", None) or ""
            self._promises[item.nodeid] = document.strip().partition("\n")[0]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note whether an exception comes from the mutation's own code by mistake.

        A mutation may raise an error of the client or of the simulator on purpose, which a contract then meets; any
        other exception from its file is a defect of the mutation and proves nothing about the contracts.
        """
        report = yield
        if call.excinfo is not None and self.failure is None:
            ours = type(call.excinfo.value).__module__.partition(".")[0] in _LIBRARIES
            self._own_error = not ours and Path(call.excinfo.traceback[-1].path) == self._home
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the first failure, and how long each contract takes."""
        self.durations[report.nodeid] = self.durations.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self._show(self._names.get(report.nodeid, ""))
        # A teardown that fails after its test must not take the place of the first failure.
        if not report.failed or self.failure is not None:
            return
        crash = getattr(report.longrepr, "reprcrash", None)
        message = crash.message.partition("\n")[0] if crash is not None else str(report.longrepr)
        name = report.nodeid.rpartition("::")[2]
        outcome: Outcome = "error" if self._own_error else "caught"
        self.failure = Verdict(outcome, name, self._promises.get(report.nodeid, ""), message)

    def _show(self, contract: str) -> None:
        """Note which facts a failed contract proves, and end the run when each fact has one."""
        for fact in self._proofs.get(contract, ()):
            self.shown.setdefault(fact, contract)
        if self._session is not None and self._mutation is not None and not self.missing:
            self._session.shouldstop = "a contract has failed for each fact"

    @property
    def missing(self) -> list[str]:
        """The facts of the mutation that no failed contract proves."""
        return [fact for fact in self._mutation.shows if fact not in self.shown] if self._mutation else []

    def pytest_unconfigure(self) -> None:
        """Undo the mutation."""
        self._patch.undo()


def run_mutation(home: Path, name: str, hints: Hints | None = None) -> Verdict:
    """Run the vendor's contracts in this process with the mutation *name* of the file *home*.

    Args:
        home: The file of mutations.
        name: The mutation's id, or `NO_MUTATION` for the baseline.
        hints: What makes the run shorter.

    Raises:
        MutationError: There is no such mutation.
    """
    mutation = None if name == NO_MUTATION else find_mutation(home, name)
    vendor = load_mutations(home).vendor if mutation is None else mutation.vendor
    plugin = MutationPlugin(mutation, home, hints or Hints())
    code = pytest.main([*_OPTIONS, *_selection(vendor, mutation)], plugins=[plugin])
    if plugin.failure is not None and plugin.failure.outcome == "caught" and plugin.missing:
        return Verdict("survived", message=f"no failed contract proves {', '.join(plugin.missing)}", shown=plugin.shown)
    if plugin.failure is not None:
        return replace(plugin.failure, shown=plugin.shown)
    if code == pytest.ExitCode.OK:
        return Verdict("survived", durations=plugin.durations if mutation is None else {})
    if code == pytest.ExitCode.NO_TESTS_COLLECTED and mutation is not None and mutation.shows:
        return Verdict("error", message=f"no contract proves {', '.join(mutation.shows)} on the {mutation.bound} side")
    return Verdict("error", message=f"pytest ended with {code!r}")


def _selection(vendor: str, mutation: Mutation | None) -> Iterator[str]:
    """Return pytest's arguments that select the contracts of a run."""
    if vendor in soundstage_vendors.slugs():
        yield from ("--soundstage-vendor", vendor)
    if mutation is not None and mutation.shows:
        # Not only the contract that fails first: each fact needs one of its own.
        yield from ("--maxfail", "0", "--pyargs", str(soundstage_vendors.find(vendor).suite))
    else:
        yield from ("-x", "--pyargs", "soundstage_contracts", "-k", vendor)


def _contract_name(item: pytest.Item) -> str:
    from soundstage_contracts.facts.proves import name_of

    function = getattr(item, "function", None)
    return "" if function is None else name_of(function)


def _is_named(item: pytest.Item, mutation: str) -> bool:
    """Return whether the case of a contract is part of the mutation's name, as in ``imagen-4-ratio-sent``."""
    case = getattr(item, "callspec", None)
    return case is not None and bool(case.id) and case.id.replace("_", "-") in mutation


def _sides_by_contract() -> dict[str, frozenset[str]]:
    """Return the sides that each contract proves."""
    from soundstage_contracts.facts.proves import recorded

    sides: dict[str, frozenset[str]] = {}
    for contracts in recorded().values():
        for contract in contracts:
            sides[contract.name] = sides.get(contract.name, frozenset()) | contract.sides
    return sides


def _facts_by_contract(mutation: Mutation) -> dict[str, tuple[str, ...]]:
    """Return the facts of *mutation* that each contract proves on the mutation's side."""
    from soundstage_contracts.facts.proves import recorded

    facts: dict[str, tuple[str, ...]] = {}
    for fact in mutation.shows:
        for contract in recorded().get(f"{mutation.vendor}:{fact}", ()):
            if mutation.bound in contract.sides:
                facts[contract.name] = (*facts.get(contract.name, ()), fact)
    return facts
