"""Edits: mutations as data, which change a source file while its module is imported, and what they have shown."""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from soundstage_contracts import VENDORS, FactError, load_facts
from soundstage_contracts.facts import shown
from soundstage_contracts.facts.proves import Contract
from soundstage_contracts.facts.shown import Shown, digest_of, load_shown, shown_sides, sides_to_show
from soundstage_contracts.mutation import recording, runner
from soundstage_contracts.mutation.edits import Edit, all_mutations, find_mutation, load_edits
from soundstage_contracts.mutation.mutations import Listed, MutationError
from soundstage_contracts.mutation.runner import in_process, main
from soundstage_contracts.mutation.worker import run_mutation

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = Path(__file__).parents[1] / "breaks"
EDITS = [
    pytest.param(edit.apply, id=f"{vendor}-{edit.id}")
    for vendor in VENDORS
    for edit in load_edits(FILES / f"{vendor}.py")
]
PROFILE = "clients/soundstage/vendors/tomoviee/profile.py"
ROW = f"""
[[mutation]]
id = "another-host"
about = "The client calls another host."
shows = ["gateway.hosts"]
file = "{PROFILE}"
old = "https://openapi.wondershare.cc"
new = "https://api.wondershare.cc"
"""


def written(folder: Path, edits: str) -> Path:
    """Return a vendor's file of mutations, without any, with *edits* beside it."""
    path = folder / "tomoviee.py"
    path.write_text(
        "from soundstage_contracts.mutation.mutations import Mutations\n\nMUTATIONS = Mutations('tomoviee')\n",
        encoding="utf-8",
    )
    path.with_suffix(".toml").write_text(edits, encoding="utf-8")
    return path


@pytest.mark.parametrize("edit", EDITS)
def test_text_of_each_edit_occurs_once_and_its_replacement_is_python(edit: Edit) -> None:
    """An edit whose text was changed by other work fails here, and not in the run that takes half an hour."""
    compile(edit.changed_text(), edit.file, "exec")
    assert edit.old != edit.new


def test_edit_is_a_mutation_of_the_side_of_its_file(tmp_path: Path) -> None:
    """A file of the client or of the simulator decides the side; vendor, facts and sentence are as written."""
    home = written(tmp_path, ROW + ROW.replace("another-host", "b").replace("clients/", "mock_server/"))
    edit, other = all_mutations(home)
    assert (edit.id, edit.vendor, edit.side, edit.bound) == ("another-host", "tomoviee", "client", "client")
    assert (other.side, other.bound) == ("simulator", "server")
    assert edit.shows == ("gateway.hosts",)
    assert edit.about == "The client calls another host."
    assert find_mutation(home, "another-host") == edit
    assert not list(load_edits(tmp_path / "nothing.py"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('id = "another-host"', 'name = "another-host"', "its keys are about, file, name"),
        ("clients/soundstage", "contracts/soundstage", "file is 'contracts/.*; allowed: a file of clients or mock"),
        (
            "clients/soundstage",
            "soundstage_acme",
            "file is 'soundstage_acme/.*, side None; allowed: .* with side",
        ),
        (
            "about =",
            'side = "simulator"\nabout =',
            "file is 'clients/.*, side 'simulator'; allowed: a file",
        ),
        ("about =", "about", "not TOML"),
        ("[[mutation]]", f"{ROW}[[mutation]]", "an earlier mutation has this name"),
    ],
)
def test_defective_file_of_edits_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    """The error names the file or the edit, and what is allowed."""
    with pytest.raises(MutationError, match=message):
        load_edits(written(tmp_path, ROW.replace(old, new)))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (Edit(PROFILE, "no such text", ""), "must occur exactly once; it occurs 0 times: 'no such text'"),
        (Edit(PROFILE, "\n", ""), r"must occur exactly once; it occurs \d+ times"),
        (Edit("clients/soundstage/nothing.py", "a", ""), "it occurs 0 times"),
        (Edit("clients/no_such_package/nothing.py", "a", ""), "allowed: a file of an installed package"),
    ],
)
def test_edit_that_cannot_be_applied_is_refused(edit: Edit, message: str) -> None:
    """The error names the file and the text."""
    with pytest.raises(MutationError, match=message):
        edit.changed_text()


def test_module_is_imported_from_the_changed_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the edit is applied, an import gives the mistake; afterwards, and in the file, nothing is changed."""
    name = "soundstage.vendors.tomoviee.profile"
    edit = Edit(PROFILE, "https://openapi.wondershare.cc", "https://api.wondershare.cc")
    right = __import__(name, fromlist=["PROFILE"])
    with monkeypatch.context() as patch:
        with pytest.raises(MutationError, match="must not be imported before"):
            edit(patch)
        patch.delitem(sys.modules, name)
        edit(patch)
        assert __import__(name, fromlist=["PROFILE"]).PROFILE.base_url == "https://api.wondershare.cc"
    monkeypatch.setattr(sys.modules["soundstage.vendors.tomoviee"], "profile", right)
    assert sys.modules[name] is right
    assert "https://api." not in edit.path.read_text(encoding="utf-8")


@pytest.mark.slow
def test_mutation_shows_a_fact_only_by_a_contract_of_that_fact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only contracts that prove the fact run; a mutation that they do not notice has survived, whatever others do."""
    # A forked process would inherit what this one has imported.
    monkeypatch.setattr(runner, "_CONTEXT", multiprocessing.get_context("spawn"))
    text = ROW + ROW.replace("another-host", "unnoticed").replace("gateway.hosts", "camera.index")
    home = written(
        tmp_path, text + ROW.replace("another-host", "unproven").replace("gateway.hosts", "generation.times")
    )
    verdict = in_process(run_mutation, home, "another-host")
    assert verdict.outcome == "caught"
    assert list(verdict.shown) == ["gateway.hosts"]
    assert verdict.shown["gateway.hosts"].endswith("tomoviee.test_laws:test_client_uses_the_documented_address")
    assert in_process(run_mutation, home, "unnoticed").outcome == "survived"
    assert (
        "no contract proves generation.times on the client side" in in_process(run_mutation, home, "unproven").message
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that a run records to, instead of that of the fact files."""
    load_shown.cache_clear()
    for module in (shown, recording):
        monkeypatch.setattr(module, "shown_path", lambda vendor: tmp_path / f"{vendor}_shown.json")
    yield tmp_path
    load_shown.cache_clear()


def test_record_replaces_what_was_run_and_drops_what_is_gone(folder: Path) -> None:
    """Rows of mutations that were not run stay; those of other facts, of unknown and of surviving mutations go."""
    one = Listed("one", "client", "?", ("auth.headers", "auth.rejected"), "1")
    two = Listed("two", "simulator", "?", ("auth.headers",), "2")
    recording.record("tomoviee", [one, two], {"one": {"auth.headers": "a:b"}, "two": {"auth.headers": "c:d"}})
    fact = load_facts("tomoviee").find("tomoviee:auth.headers")
    first = Shown("auth.headers", "client", "one", "a:b", digest_of(fact, "1"))
    second = Shown("auth.headers", "server", "two", "c:d", digest_of(fact, "2"))
    assert load_shown("tomoviee") == (first, second)
    recording.record("tomoviee", [one, two], {"two": {}})
    assert load_shown("tomoviee") == (first,)
    recording.record("tomoviee", [two], {})
    assert load_shown("tomoviee") == ()
    with pytest.raises(MutationError, match="one: no fact is called 'tomoviee:nothing'"):
        recording.record("tomoviee", [one], {"one": {"nothing": "a:b"}})
    (folder / "tomoviee_shown.json").write_text('[{"fact": 1}]', encoding="utf-8")
    load_shown.cache_clear()
    with pytest.raises(FactError, match=r"tomoviee_shown\.json is no list of shown facts"):
        load_shown("tomoviee")
    assert load_shown("veo") == ()


def test_runner_records_what_it_was_asked_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --record the file of the vendor is written."""
    home = written(folder, ROW)
    monkeypatch.setattr("soundstage_contracts.mutation.runner.evaluate", lambda *_: [])
    assert main([str(home), "--record"]) == 0
    assert (folder / "tomoviee_shown.json").read_text(encoding="utf-8") == "[\n\n]\n"


def test_fact_is_shown_while_the_contract_proves_it() -> None:
    """A row of a contract that no longer proves the fact on that side shows nothing."""
    fact = load_facts("tomoviee").find("tomoviee:auth.headers")
    row = Shown("auth.headers", "client", "one", "a:b", "1")
    assert shown_sides(fact, [Contract("a:b", "?", frozenset({"client"}))], [row]) == {"client": row}
    assert shown_sides(fact, [Contract("a:b", "?", frozenset({"server"}))], [row]) == {}
    assert shown_sides(fact, [Contract("a:c", "?", frozenset({"client"}))], [row]) == {}
    assert sides_to_show(fact) == {"client", "server"}
