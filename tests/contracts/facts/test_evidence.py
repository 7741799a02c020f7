"""Evidence: the last result of each fact, merged into a file whose diffs are one line a fact."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_cli.main import main
from soundstage_contracts import load_facts
from soundstage_contracts.facts.evidence import FILE, EvidenceError, Observation, merge, read_evidence, results

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2026, 11, 25)
FACTS = sorted(load_facts("tomoviee"))


def record(*facts: str, outcome: str = "passed", service: str = "") -> dict[str, Any]:
    """What came of one contract."""
    return {"facts": list(facts), "outcome": outcome, "service": service}


@given(st.lists(st.sampled_from(["passed", "failed", "unchecked"])))
def test_a_fact_passes_only_if_all_that_looked_at_it_passed(outcomes: list[str]) -> None:
    """One failure fails the fact, in any order; an unchecked contract changes nothing."""
    found = results(record("v:a", outcome=outcome) for outcome in outcomes)
    looked = [outcome for outcome in outcomes if outcome != "unchecked"]
    expected = {("v:a", "simulation"): "failed" if "failed" in looked else "passed"} if looked else {}
    assert found == expected


def test_a_run_is_merged_into_what_stood_there(tmp_path: Path) -> None:
    """Facts that a run did not test stay; the others are replaced; live and simulation are separate."""
    path = tmp_path / "deep" / FILE
    assert merge(path, [record("v:a", "v:b"), record("v:b", outcome="failed")], "in-process", DAY) == 2
    later = DAY + timedelta(days=3)
    assert merge(path, [record("v:b"), record("v:a", service="https://v.test")], "live", later) == 2
    assert merge(path, [record("v:c", outcome="unchecked")], "in-process", later) == 0
    assert read_evidence(path) == {
        "v:a": {"simulation": Observation("passed", DAY), "live": Observation("passed", later)},
        "v:b": {"simulation": Observation("failed", DAY)},
    }


def test_a_fact_is_a_line_and_the_order_is_stable(tmp_path: Path) -> None:
    """The same results give the same bytes in any order, and one change is one line of a diff."""
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    merge(first, [record(fact) for fact in FACTS], "in-process", DAY)
    merge(second, [record(fact) for fact in reversed(FACTS)], "in-process", DAY)
    assert first.read_bytes() == second.read_bytes()
    merge(second, [record(FACTS[3], outcome="failed")], "in-process", DAY)
    lines = zip(first.read_text().splitlines(), second.read_text().splitlines(), strict=True)
    assert sum(one != other for one, other in lines) == 1
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not evidence"),
        ("[]", "not evidence"),
        ('{"version": 2, "facts": {}}', "version is 2; allowed: 1"),
        ('{"version": 1, "facts": {"v:a": {"live": "perhaps"}}}', "v:a has live: 'perhaps'; allowed:"),
        ('{"version": 1, "facts": {"v:a": {"dead": "passed 2026-11-25"}}}', "v:a has dead: "),
    ],
)
def test_invalid_evidence_file_is_named_and_left_unchanged(tmp_path: Path, text: str, message: str) -> None:
    """The error names the file and what is allowed, and nothing is written over it."""
    path = tmp_path / FILE
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EvidenceError, match=message) as refused:
        merge(path, [record("v:a")], "in-process")
    assert str(path) in str(refused.value)
    assert path.read_text(encoding="utf-8") == text


def test_what_was_seen_long_ago_is_stale() -> None:
    """A day counts from the day after the bound."""
    seen = Observation("passed", DAY)
    assert not seen.stale(90, DAY + timedelta(days=90))
    assert seen.stale(90, DAY + timedelta(days=91))


def test_facts_shows_what_was_seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Evidence that lies here is found: proven in simulation, seen live on a day, stale, failed or unchecked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    merge(tmp_path / FILE, [record("tomoviee:create.route"), record("tomoviee:auth.rejected", outcome="failed")], "x")
    merge(tmp_path / FILE, [record("tomoviee:create.route", service="https://x.test")], "live", date(2020, 1, 1))
    assert main(["facts", "tomoviee:create.route"]) == 0
    shown = capsys.readouterr().out
    assert "in simulation   passed 20" in shown
    assert "live            stale 2020-01-01" in shown
    assert main(["facts", "tomoviee:create.route", "--stale-days", "36500"]) == 0
    assert "live            passed 2020-01-01" in capsys.readouterr().out
    assert main(["facts", "tomoviee"]) == 0
    listed = capsys.readouterr().out
    assert "failed 20" in listed
    assert "unchecked" in listed
    assert main(["facts"]) == 0
    assert "1 failed, " in capsys.readouterr().out
    assert main(["facts", "tomoviee:create.route", "--json"]) == 0
    (shown,) = json.loads(capsys.readouterr().out)
    assert shown["evidence"]["live"] == {"result": "passed", "date": "2020-01-01"}


def test_evidence_that_is_named_must_be_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong name, a wrong file and a wrong number are usage errors."""
    assert main(["facts", "--evidence", str(tmp_path / "none.json")]) == 2
    assert "allowed: a file written by pytest --soundstage-evidence" in capsys.readouterr().err
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    assert main(["facts", "--evidence", str(tmp_path / "bad.json")]) == 2
    assert "not evidence" in capsys.readouterr().err
    assert main(["facts", "--stale-days", "soon"]) == 2
    assert "--stale-days is 'soon'; allowed: a whole number" in capsys.readouterr().err
