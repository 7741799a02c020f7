"""Mutations: every vendor has enough of them, each can be applied and undone, and the runner judges them."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from soundstage_contracts import VENDORS
from soundstage_contracts.mutation import runner
from soundstage_contracts.mutation.mutations import Mutation, MutationError, Mutations, load_mutations
from soundstage_contracts.mutation.runner import Verdict, evaluate, main, plant, run

FILES = Path(__file__).parents[1] / "breaks"
LEAST = 10
HEAD = """
from soundstage import CameraMove
from soundstage.vendors import tomoviee
from soundstage_contracts.mutation.mutations import Mutations

MUTATIONS = Mutations("tomoviee and test_the_camera_moves_are_named_as_documented")
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
    """Nothing goes wrong at all."""


@MUTATIONS.in_client
def impossible(patch):
    """Something is replaced that does not exist."""
    patch.setattr(tomoviee, "no_such_thing", None)
'''
)
ALL = [
    pytest.param(path, one.id, id=f"{path.stem}-{one.id}")
    for path in sorted(FILES.glob("*.py"))
    for one in load_mutations(path)
]


def written(folder: Path, text: str) -> Path:
    """Return a file of breaks."""
    path = folder / "some_breaks.py"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_vendor_has_enough_breaks_on_both_sides(vendor: str) -> None:
    """There are at least ten in the simulator and ten in the client, in a file that is called like the vendor."""
    mutations = load_mutations(FILES / f"{vendor}.py")
    assert mutations.vendor == vendor
    for side in ("simulator", "client"):
        assert sum(one.side == side for one in mutations) >= LEAST


@pytest.mark.parametrize(("path", "name"), ALL)
def test_a_break_is_planted_and_taken_out_again(path: Path, name: str) -> None:
    """What it replaces exists, something is replaced, and afterwards everything is as it was."""
    before = load_mutations(path)[name]
    with pytest.MonkeyPatch.context() as patch:
        before.apply(patch)
        assert patch._setattr or patch._setitem
        replaced = [(owner, attribute, getattr(owner, attribute)) for owner, attribute, _ in patch._setattr]
    assert all(getattr(owner, attribute) is not wrong for owner, attribute, wrong in replaced)


def test_breaks_are_named_and_told_apart(tmp_path: Path) -> None:
    """A break is called as its function is, says what goes wrong, and keeps its vendor, side and order."""
    mutations = load_mutations(written(tmp_path, THREE))
    assert [(one.id, one.side) for one in mutations] == [
        ("renamed-move", "client"), ("harmless", "simulator"), ("impossible", "client"),
    ]  # fmt: skip
    assert len(mutations) == 3
    first = mutations["renamed-move"]
    assert isinstance(first, Mutation)
    assert first.about == "A camera move has another name."


def test_a_break_without_words_or_with_a_name_twice_is_refused() -> None:
    """The error names the break and what is needed."""
    mutations = Mutations("tomoviee")

    def quiet(patch: pytest.MonkeyPatch) -> None:
        del patch

    with pytest.raises(MutationError, match="quiet: docstring is missing"):
        mutations.in_client(quiet)
    quiet.__doc__ = "It says something."
    mutations.in_client(quiet)
    with pytest.raises(MutationError, match="quiet: an earlier break has this name"):
        mutations.in_simulator(quiet)
    with pytest.raises(MutationError, match="break must be one of quiet; got 'loud'"):
        mutations["loud"]


def test_a_file_without_breaks_is_refused(tmp_path: Path) -> None:
    """The error names the file and what is missing."""
    with pytest.raises(MutationError, match=r"nowhere\.py must be a Python file"):
        load_mutations(tmp_path / "nowhere.py")
    with pytest.raises(MutationError, match="must define MUTATIONS"):
        load_mutations(written(tmp_path, "x = 1\n"))


@pytest.mark.slow
def test_what_is_caught_is_told_from_what_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A caught break names contract and promise; one that survives or cannot be planted is loud, and the code 1."""
    home = written(tmp_path, THREE)
    verdicts = {one.id if one else "": verdict for one, verdict in evaluate(home)}
    assert {name: verdict.outcome for name, verdict in verdicts.items()} == {
        "": "survived", "renamed-move": "caught", "harmless": "survived", "impossible": "error",
    }  # fmt: skip
    caught = verdicts["renamed-move"]
    assert caught.contract == "test_the_camera_moves_are_named_as_documented"
    assert caught.promise.startswith("There are 46 camera moves")
    assert "assert" in caught.said
    assert "it cannot be planted: AttributeError" in verdicts["impossible"].said
    assert main([str(home), "--only", "harmless"]) == 1
    assert "NOT CAUGHT" in capsys.readouterr().out
    assert main([str(home), "--only", "renamed-move"]) == 0


def test_a_wrong_name_is_refused_before_anything_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is 2, and the error names those there are."""
    assert main([str(written(tmp_path, THREE)), "--only", "nothing"]) == 2
    assert "break must be one of renamed-move, harmless, impossible; got 'nothing'" in capsys.readouterr().err


def test_a_run_that_is_not_over_or_says_nothing_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither counts as caught: the verdict says how the run ended."""
    home = written(tmp_path, THREE)
    monkeypatch.setattr(runner, "SECONDS", 0.01)
    assert run("harmless", home) == Verdict("error", said="not over after 0.01 s")
    monkeypatch.setattr(runner, "SECONDS", 60.0)
    assert run("nothing", home).outcome == "error"
    assert "got 'nothing'" in run("nothing", home).said
    nobodys = written(tmp_path, THREE.replace('Mutations("tomoviee', 'Mutations("nobody'))
    assert "pytest ended with" in run("-", nobodys).said


def test_the_table_shows_long_words_short(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every file of a folder has its table; a run that fails without a break is loud, and long words are cut."""
    seen = []

    def fake(home: Path, _only: object, _jobs: int) -> list[tuple[None, Verdict]]:
        seen.append(home)
        return [(None, Verdict("caught", "test_it", "It holds.", "x" * 500))]

    monkeypatch.setattr(runner, "evaluate", fake)
    monkeypatch.setenv("COLUMNS", "200")
    assert main([str(FILES)]) == 1
    printed = capsys.readouterr().out
    assert seen == sorted(FILES.glob("*.py"))
    assert "FAILS WITHOUT A BREAK" in printed
    assert printed.count("x") < 200 * len(seen)


def test_planting_needs_a_break_that_exists(tmp_path: Path) -> None:
    """A name that no break has is refused before pytest starts."""
    with pytest.raises(MutationError, match="got 'nothing'"):
        plant(written(tmp_path, THREE), "nothing")


def test_the_tool_runs_as_a_program() -> None:
    """`python -m soundstage_contracts.mutation.runner` is what its runs are started as."""
    assert importlib.import_module(runner._PROGRAM).main is main
