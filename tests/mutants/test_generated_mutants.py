"""Generated mutants: which changes are made, that their names are stable, how they are applied, and the verdicts."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import pytest

import soundstage.vendors
from tools.mutants import execution, processes, screening, server
from tools.mutants.child import CannotApplyError, change_function, import_changed
from tools.mutants.generation import FOLDERS, mutants_of, sample
from tools.mutants.runner import VendorRun
from tools.mutants.server import Verdict
from tools.mutants.survivors import Survivors
from tools.mutants.table import Row, column_of
from tools.mutants.verdicts import Verdicts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tools.mutants.generation import Mutant

VENDOR = "sampled"
MODULE = '''"""A vendor's module."""

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    Unseen = 5

__all__ = ["LIMITS", "allowed"]

Word = Literal["short", "long"]
LIMITS = {"least": 3, "fact": "limits.least"}


def allowed(value):
    """Whether the value is allowed."""
    if value < LIMITS["least"]:
        raise ValueError("the value is too small")
    return value != 7


def down(value):
    while value > 0:
        value -= 1
    return value


def unused(value):
    return value + 1
'''
CONTRACTS = """
import pytest
from soundstage.vendors.sampled import table


def test_allowed():
    assert table.allowed(8)
    assert not table.allowed(7)
    with pytest.raises(ValueError, match="small"):
        table.allowed(2)


def test_down():
    assert table.down(3) == 0
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[Mutant]]:
    """Return a function that writes the vendor's only module and returns its mutants."""
    folder = tmp_path / "soundstage" / "vendors"
    (folder / VENDOR).mkdir(parents=True)
    monkeypatch.setattr(soundstage.vendors, "__path__", [*soundstage.vendors.__path__, str(folder)])
    monkeypatch.setitem(FOLDERS, "client", folder)

    def write_module(text: str) -> list[Mutant]:
        (folder / VENDOR / "table.py").write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        return mutants_of(VENDOR, "client", frozenset({"limits.least"}))

    return write_module


@pytest.fixture
def forget() -> Iterator[None]:
    """Remove the sampled vendor from the imported modules at the end."""
    finders = list(sys.meta_path)
    yield
    sys.meta_path[:] = finders
    for name in [name for name in sys.modules if f".{VENDOR}" in name]:
        del sys.modules[name]


def changes(mutants: list[Mutant]) -> set[str]:
    """Return the changed lines of *mutants*."""
    return {mutant.after for mutant in mutants}


def test_every_kind_of_visible_code_is_changed(write: Callable[[str], list[Mutant]]) -> None:
    """Tables and functions are mutated: numbers, wire names, comparisons."""
    found = changes(write(MODULE))
    assert 'LIMITS = {"least": 4, "fact": "limits.least"}' in found
    assert 'LIMITS = {"LEAST": 3, "fact": "limits.least"}' in found
    assert "return value == 7" in found
    assert 'if value <= LIMITS["least"]:' in found


def test_nothing_is_changed_that_no_contract_can_see(write: Callable[[str], list[Mutant]]) -> None:
    """Types, exports, docstrings, texts for people and citations of facts stay as they are."""
    mutants = write(MODULE)
    assert not [mutant for mutant in mutants if mutant.scope in {"Word", "__all__", "Unseen"}]
    text = "\n".join(mutant.after for mutant in mutants)
    for unseen in ("XXlimits.least", "XXthe value", "XXA vendor", "XXshort"):
        assert unseen not in text


def test_name_of_a_mutant_does_not_depend_on_lines(write: Callable[[str], list[Mutant]]) -> None:
    """A line that is added above changes no name, and the same sample is drawn."""
    before = write(MODULE)
    after = write(MODULE.replace("LIMITS =", "\n\nOTHER = None\nLIMITS =", 1))
    assert len({mutant.id for mutant in before}) == len(before)
    assert {mutant.id for mutant in before} <= {mutant.id for mutant in after}
    assert [mutant.id for mutant in sample(before, 4)] == [mutant.id for mutant in sample(write(MODULE), 4)]


@pytest.mark.usefixtures("forget")
def test_change_of_a_function_reaches_the_imported_module(write: Callable[[str], list[Mutant]]) -> None:
    """A function that is imported already gets the changed code."""
    (mutant,) = [each for each in write(MODULE) if each.after == "return value == 7"]
    module = importlib.import_module(f"soundstage.vendors.{VENDOR}.table")
    allowed = module.allowed
    change_function(mutant)
    assert not allowed(8)


@pytest.mark.usefixtures("forget")
def test_change_of_a_table_is_there_at_import(write: Callable[[str], list[Mutant]]) -> None:
    """A table is changed when its module is imported, and never afterwards."""
    (mutant,) = [each for each in write(MODULE) if each.after.startswith('LIMITS = {"least": 4')]
    assert mutant.function is None
    import_changed([mutant])
    assert importlib.import_module(f"soundstage.vendors.{VENDOR}.table").LIMITS["least"] == 4
    with pytest.raises(CannotApplyError):
        import_changed([mutant])
    with pytest.raises(CannotApplyError):
        change_function(mutant)


@pytest.mark.slow  # it waits for limits of processor time, which a slow machine needs to be generous
def test_verdicts_are_those_of_the_contracts(
    write: Callable[[str], list[Mutant]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants are killed, survive, hang, or are never executed; a later run repeats only what changed."""
    contracts, results = tmp_path / "test_contracts.py", tmp_path / "results.jsonl"
    contracts.write_text(CONTRACTS, encoding="utf-8")
    for module in (execution, server):
        monkeypatch.setattr(module, "contracts_of", lambda _: ("--rootdir", str(tmp_path), str(contracts)))
    monkeypatch.setattr(screening, "_LIMIT", 5.0)
    monkeypatch.setattr(server, "_LEAST", 5.0)
    monkeypatch.setattr(server, "_SLOWER", 0.0)
    wanted = {
        "return value == 7": "killed",
        'LIMITS = {"least": 4, "fact": "limits.least"}': "survived",
        'LIMITS = {"LEAST": 3, "fact": "limits.least"}': "killed",
        "value += 1": "hung",
        "return value - 1": "survived",
    }
    chosen = [mutant for mutant in write(MODULE) if mutant.after in wanted]
    measured = processes.call(execution.measure, VENDOR, "first")
    assert measured.failure == ""
    for fingerprint, lines in (("first", 6), ("first", 6), ("second", 13)):
        run = VendorRun(VENDOR, fingerprint, Verdicts(results), 2, 2.0, Survivors())
        found = {mutant.after: verdict.outcome for mutant, verdict in run.verdicts_of(chosen, measured)}
        assert found == wanted
        assert results.read_text(encoding="utf-8").count("\n") == lines


def test_failing_contracts_prove_nothing(
    write: Callable[[str], list[Mutant]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a contract fails without a mutant, it is named."""
    write(MODULE.replace("value != 7", "value == 7"))
    contracts = tmp_path / "test_contracts.py"
    contracts.write_text(CONTRACTS, encoding="utf-8")
    monkeypatch.setattr(execution, "contracts_of", lambda _: ("--rootdir", str(tmp_path), str(contracts)))
    assert "test_allowed" in processes.call(execution.measure, VENDOR, "first").failure


def test_error_of_a_process_is_raised_here() -> None:
    """What fails in a process of its own is an error with its text."""
    with pytest.raises(processes.ProcessError, match="invalid literal"):
        processes.call(int, "x")


@pytest.mark.parametrize(
    ("outcome", "column"), [("killed", "killed"), ("survived", "UNLISTED"), ("hung", "HUNG"), ("broken", "broken")]
)
def test_table_counts_each_verdict_once(
    write: Callable[[str], list[Mutant]], outcome: server.Outcome, column: str
) -> None:
    """A survivor is listed with its kind or stands out; a hang has its own column."""
    mutant = write(MODULE)[0]
    row = Row(VENDOR, mutant, Verdict(outcome))
    key = (mutant.vendor, mutant.side, mutant.file, mutant.scope, mutant.before, mutant.after)
    assert column_of(row, Survivors()) == column
    listed = column_of(row, Survivors({key: "equivalent"}))
    assert listed == ("equivalent" if outcome == "survived" else column)
