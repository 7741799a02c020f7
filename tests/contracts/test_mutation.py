"""Mutations: every vendor has enough of them, each can be applied and undone, and the runner judges them."""

from __future__ import annotations

import importlib
import json
import time
from pathlib import Path

import pytest

from soundstage_contracts import VENDORS
from soundstage_contracts.mutation import results as results_file
from soundstage_contracts.mutation import runner
from soundstage_contracts.mutation.mutations import Listed, Mutation, MutationError, Mutations, load_mutations
from soundstage_contracts.mutation.results import Results, fingerprints
from soundstage_contracts.mutation.runner import Row, evaluate, in_process, main, plan_runs, take_part
from soundstage_contracts.mutation.worker import NO_MUTATION, Verdict, run_mutation

FILES = Path(__file__).parents[1] / "breaks"
LEAST = 10
HEAD = """
from soundstage import CameraMove, errors
from soundstage.vendors import tomoviee
from soundstage_contracts.mutation.mutations import Mutations

MUTATIONS = Mutations("tomoviee and test_camera_moves_have_the_documented_names")
"""
THREE = (
    HEAD
    + '''

@MUTATIONS.in_client
def renamed_move(patch):
    """A camera move has another name."""
    patch.setattr(CameraMove.ORBIT, "_name_", "CIRCLE")


@MUTATIONS.in_simulator
def harmless(patch):
    """Nothing is changed."""


@MUTATIONS.in_client
def impossible(patch):
    """An attribute that does not exist is replaced."""
    patch.setattr(tomoviee, "no_such_thing", None)
'''
)
RAISING = (
    HEAD
    + '''

def refuse(*_):
    raise errors.ServerError("a refusal on purpose")


def fail(*_):
    raise KeyError("a mistake")



@MUTATIONS.in_client
def refuses(patch):
    """The client raises an error of its own."""
    patch.setattr(CameraMove, "name", property(refuse), raising=False)


@MUTATIONS.in_client
def mistaken(patch):
    """The mutation itself is defective."""
    patch.setattr(CameraMove, "name", property(fail), raising=False)
'''
)
LOADED = {path.stem: load_mutations(path) for path in sorted(FILES.glob("*.py"))}
ALL = [
    pytest.param(mutation, id=f"{vendor}-{mutation.id}")
    for vendor, mutations in LOADED.items()
    for mutation in mutations
]


def written(folder: Path, text: str) -> Path:
    """Return a file of mutations."""
    path = folder / "some_mutations.py"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_vendor_has_enough_mutations_on_both_sides(vendor: str) -> None:
    """There are at least ten in the simulator and ten in the client, in a file named after the vendor."""
    mutations = LOADED[vendor]
    assert mutations.vendor == vendor
    for side in ("simulator", "client"):
        assert sum(each.side == side for each in mutations) >= LEAST


@pytest.mark.parametrize("mutation", ALL)
def test_mutation_is_applied_and_undone(mutation: Mutation) -> None:
    """What it replaces exists, something is replaced, and afterwards everything is as before."""
    with pytest.MonkeyPatch.context() as patch:
        mutation.apply(patch)
        assert patch._setattr or patch._setitem
        replaced = [(owner, attribute, getattr(owner, attribute)) for owner, attribute, _ in patch._setattr]
    assert all(getattr(owner, attribute) is not wrong for owner, attribute, wrong in replaced)


def test_mutation_is_named_after_its_function(tmp_path: Path) -> None:
    """A mutation keeps its vendor, side and order; its docstring describes the mistake."""
    mutations = load_mutations(written(tmp_path, THREE))
    assert [(each.id, each.side) for each in mutations] == [
        ("renamed-move", "client"), ("harmless", "simulator"), ("impossible", "client"),
    ]  # fmt: skip
    assert len(mutations) == 3
    first = mutations["renamed-move"]
    assert isinstance(first, Mutation)
    assert first.about == "A camera move has another name."


def test_mutation_without_docstring_or_with_a_used_name_is_refused() -> None:
    """The error names the mutation and what is needed."""
    mutations = Mutations("tomoviee")

    def quiet(patch: pytest.MonkeyPatch) -> None:
        del patch

    with pytest.raises(MutationError, match="quiet: docstring is missing"):
        mutations.in_client(quiet)
    quiet.__doc__ = "It has a docstring."
    mutations.in_client(quiet)
    with pytest.raises(MutationError, match="quiet: an earlier mutation has this name"):
        mutations.in_simulator(quiet)
    with pytest.raises(MutationError, match="mutation must be one of quiet; got 'loud'"):
        mutations["loud"]


def test_file_without_mutations_is_refused(tmp_path: Path) -> None:
    """The error names the file and what is missing."""
    with pytest.raises(MutationError, match=r"nowhere\.py must be a Python file"):
        load_mutations(tmp_path / "nowhere.py")
    with pytest.raises(MutationError, match="must define MUTATIONS"):
        load_mutations(written(tmp_path, "x = 1\n"))
    with pytest.raises(MutationError, match="must define MUTATIONS"):
        plan_runs([written(tmp_path, "x = 1\n")])
    with pytest.raises(MutationError, match="ZeroDivisionError"):
        plan_runs([written(tmp_path, "1 / 0\n")])


@pytest.mark.slow
def test_runner_reports_caught_surviving_and_broken_mutations(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A caught mutation names contract and promise; one that survives or cannot be applied makes the exit code 1."""
    home, kept = written(tmp_path, THREE), tmp_path / "results.json"
    (listed,) = plan_runs([home]).values()
    rows = {row.mutation.id if row.mutation else "": row for row in evaluate(home, listed, results=Results(kept))}
    assert {name: row.verdict.outcome for name, row in rows.items()} == {
        "": "survived", "renamed-move": "caught", "harmless": "survived", "impossible": "error",
    }  # fmt: skip
    caught = rows["renamed-move"].verdict
    assert caught.contract == "test_camera_moves_have_the_documented_names"
    assert caught.promise.startswith("The 46 camera moves have")
    assert "assert" in caught.message
    assert "the mutation cannot be applied: AttributeError" in rows["impossible"].verdict.message
    again = {row.mutation.id if row.mutation else "": row for row in evaluate(home, listed, results=Results(kept))}
    assert {name: row.seconds is None for name, row in again.items()} == {
        "": True, "renamed-move": True, "harmless": False, "impossible": False,
    }  # fmt: skip
    assert main([str(home), "--only", "harmless"]) == 1
    assert "NOT CAUGHT" in capsys.readouterr().out
    assert main([str(home), "--only", "renamed-move"]) == 0


@pytest.mark.slow
def test_error_that_a_mutation_raises_on_purpose_is_caught_and_its_own_defect_is_not(tmp_path: Path) -> None:
    """The client's own error from a mutation is the mistake that a contract meets; a KeyError is a broken run."""
    home = written(tmp_path, RAISING)
    assert in_process(run_mutation, home, "refuses").outcome == "caught"
    assert in_process(run_mutation, home, "mistaken").outcome == "error"


def test_unknown_name_is_refused_before_anything_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is 2, and the error lists the known names."""
    assert main([str(written(tmp_path, THREE)), "--only", "nothing"]) == 2
    assert "mutation must be one of harmless, impossible, renamed-move; got 'nothing'" in capsys.readouterr().err


@pytest.mark.parametrize("part", ["0/2", "3/2", "1", "x/2", "1/"])
def test_wrong_part_is_refused(part: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error shows the value and what is allowed."""
    assert main([str(written(tmp_path, THREE)), "--part", part]) == 2
    assert f"--part is {part!r}; allowed: N/COUNT, such as 1/4" in capsys.readouterr().err


def test_parts_cover_the_plan_once() -> None:
    """Together the parts hold every mutation once, in order, and their sizes differ by one at most."""
    plan = {Path(name): [Listed(f"{name}{number}", "client", "?") for number in range(7)] for name in "ab"}
    for count in (1, 3, 5, 20):
        parts = [take_part(plan, number, count) for number in range(1, count + 1)]
        chosen = [each for part in parts for listed in part.values() for each in listed]
        assert chosen == [each for listed in plan.values() for each in listed]
        sizes = [sum(map(len, part.values())) for part in parts]
        assert max(sizes) - min(sizes) <= 1


def test_run_that_hangs_or_dies_has_a_verdict_of_its_own() -> None:
    """Neither counts as caught: the verdict states how the run ended."""
    assert in_process(time.sleep, 60, seconds=0.2) == Verdict("hung", message="over 0.2 s")
    assert in_process(_exit) == Verdict("error", message="the process ended with 7")
    assert in_process(_raise) == Verdict("error", message="ZeroDivisionError: division by zero")


def _leave_file_and_sleep(seconds: float) -> str:
    Path("left").touch()
    time.sleep(seconds)
    return str(Path.cwd())


@pytest.mark.parametrize("seconds", [0.0, 60.0], ids=["ended", "hung"])
def test_run_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Neither one that ended by itself nor one that was killed."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = in_process(_leave_file_and_sleep, seconds, seconds=0.5 if seconds else 60.0)
    assert isinstance(result, Verdict) == bool(seconds)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", [pytest.ExitCode.NO_TESTS_COLLECTED, pytest.ExitCode.USAGE_ERROR])
def test_run_in_which_pytest_runs_no_contract_is_broken(
    code: pytest.ExitCode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A baseline without a contract, as that of an unknown vendor, has not survived: the verdict shows pytest's end."""
    monkeypatch.setattr(pytest, "main", lambda *_, **__: code)
    verdict = run_mutation(written(tmp_path, THREE), NO_MUTATION)
    assert verdict == Verdict("error", message=f"pytest ended with {code!r}")


def _exit() -> None:
    import os

    os._exit(7)


def _raise() -> None:
    raise ZeroDivisionError("division by zero")


def test_failing_baseline_ends_the_vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be concluded from contracts that fail by themselves: no mutation is run."""
    home = written(tmp_path, THREE)
    failing = Row(None, Verdict("caught", "test_it", "It works.", "x"), 1.0)
    monkeypatch.setattr(runner, "_baseline", lambda *_: failing)
    assert list(evaluate(home, [Listed("harmless", "client", "?")])) == [failing]


def test_table_shortens_long_messages(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every file of a folder has its table; a failing baseline is named, and long messages are cut."""
    seen = []

    def fake(home: Path, *_: object) -> list[Row]:
        seen.append(home)
        return [Row(None, Verdict("caught", "test_it", "It works.", "x" * 500), 1.0)]

    monkeypatch.setattr(runner, "evaluate", fake)
    monkeypatch.setattr(runner, "list_mutations", lambda _: [Listed("harmless", "client", "?")])
    monkeypatch.setenv("COLUMNS", "200")
    assert main([str(FILES)]) == 1
    printed = capsys.readouterr().out
    assert seen == sorted(FILES.glob("*.py"))
    assert "tomoviee baseline: BASELINE FAILS" in printed
    assert printed.count("x") < 200 * len(seen)


def test_results_are_kept_while_nothing_has_changed(tmp_path: Path) -> None:
    """A caught mutation is skipped while its fingerprint is the same; other verdicts are never reused."""
    path = tmp_path / "results.json"
    results = Results(path)
    results.keep("tomoviee/a", "1", Verdict("caught", "test_it"))
    results.keep("tomoviee/b", "1", Verdict("survived"))
    results.keep(f"tomoviee/{NO_MUTATION}", "1", Verdict("survived", durations={"test_it": 1.5}))
    again = Results(path)
    assert again.reusable("tomoviee/a", "1") == Verdict("caught", "test_it")
    assert again.reusable("tomoviee/a", "2") is None
    assert again.last_contract("tomoviee/a") == "test_it"
    assert again.reusable("tomoviee/b", "1") is None
    baseline = again.reusable(f"tomoviee/{NO_MUTATION}", "1")
    assert baseline is not None
    assert baseline.durations == {"test_it": 1.5}
    assert again.reusable("tomoviee/c", "1") is None


@pytest.mark.parametrize("text", ["", "[]", '{"version": 2, "verdicts": {}}', '{"version": 1}'])
def test_file_that_is_no_results_file_is_refused(tmp_path: Path, text: str) -> None:
    """The error names the file."""
    path = tmp_path / "results.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MutationError, match=r"results\.json"):
        Results(path)


def test_fingerprint_changes_with_the_mutation_and_with_the_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mutation's fingerprint depends on its own source, on the file's shared code, and on the vendor's sources."""
    source = tmp_path / "source.py"
    source.write_text("x = 1\n", encoding="utf-8")
    monkeypatch.setattr(results_file, "_sources", lambda _: [source])
    ids = ["renamed-move", "harmless"]
    first = fingerprints(written(tmp_path, THREE), ids)
    assert fingerprints(written(tmp_path, THREE + "\n# a comment\n"), ids) == first
    other = fingerprints(written(tmp_path, THREE.replace("CIRCLE", "RING")), ids)
    assert [other[id_] == first[id_] for id_ in ids] == [False, True]
    shared = fingerprints(written(tmp_path, THREE + "\nX = 1\n"), ids)
    assert [shared[id_] == first[id_] for id_ in ids] == [False, False]
    assert shared[NO_MUTATION] == first[NO_MUTATION]
    source.write_text("x = 2\n", encoding="utf-8")
    changed = fingerprints(written(tmp_path, THREE), ids)
    assert not set(changed.values()) & set(first.values())


def test_sources_leave_out_the_other_vendors() -> None:
    """What another vendor's row contains does not matter; shared modules and the vendor's own do."""
    names = {"/".join(path.parts[-2:]) for path in results_file._sources("veo")}
    assert {"facts/veo.toml", "errors/base.py", "facts/loader.py"} <= names
    assert "facts/tomoviee.toml" not in names


def test_run_needs_a_mutation_that_exists(tmp_path: Path) -> None:
    """An unknown name is refused before pytest starts."""
    with pytest.raises(MutationError, match="got 'nothing'"):
        run_mutation(written(tmp_path, THREE), "nothing")


def test_runner_is_a_program() -> None:
    """`python -m soundstage_contracts.mutation.runner` is the module that the session `breaks` starts."""
    assert importlib.import_module(runner._PROGRAM).main is main
    assert json.dumps(runner._LABELS)
