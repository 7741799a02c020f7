"""`soundstage vendors`: all vendors with their computed quality, one with its criteria, and recorded programs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from soundstage_cli.main import main
from soundstage_contracts.facts import record
from soundstage_vendors.own import VENDORS

if TYPE_CHECKING:
    from pathlib import Path


def test_all_vendors_are_listed_in_order(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line has slug, title, level, origin, and what the next level requires."""
    monkeypatch.delenv("COLUMNS", raising=False)  # a width would fold the last column
    assert main(["vendors"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(VENDORS)
    assert all("Soundstage" in line and " needs " in line for line in lines)


def test_one_vendor_is_shown_with_every_criterion(capsys: pytest.CaptureFixture[str]) -> None:
    """The table of one vendor has a row for each criterion."""
    assert main(["vendors", "infrai"]) == 0
    text = capsys.readouterr().out
    for criterion in ("client and simulator", "transcripts", "planted mistakes caught", "live evidence"):
        assert criterion in text


def test_json_has_the_same_criteria(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs read the level and every criterion."""
    assert main(["vendors", "infrai", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["vendor"], found["title"], found["from"]) == ("infrai", "Infrai", "Soundstage")
    assert {one["level"] for one in found["criteria"]} == {"bronze", "silver", "gold", "platinum"}


@pytest.mark.parametrize(("level", "code"), [("bronze", 0), ("silver", 0), ("platinum", 1)])
def test_check_fails_below_a_level(level: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """A vendor's CI can require a level."""
    assert main(["vendors", "infrai", "--check", level]) == code
    assert "Infrai" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["infra"], "VENDOR is 'infra'; allowed: tomoviee, .*; did you mean 'infrai'"),
        (["infrai", "--record", "sdk 1"], "--report is missing; allowed: soundstage vendors VENDOR --record NAME"),
        (["--record", "sdk 1", "--report", "x"], "VENDOR is missing"),
        (["infrai", "--evidence", "nowhere.json"], "--evidence is 'nowhere.json'; allowed: a file written by"),
    ],
)
def test_wrong_words_are_refused(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the option, the value and what is allowed."""
    assert main(["vendors", *words]) == 2
    assert re.search(message, capsys.readouterr().err)


def test_a_program_is_recorded_from_its_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A clean report is recorded with the day; another one is refused with the reason."""
    monkeypatch.setattr(record, "_path", lambda _vendor: tmp_path / "infrai_record.json")
    report = {"exit_code": 0, "finished": {"infrai": 1}, "double_submissions": [], "unresolved": []}
    path = tmp_path / "run.json"
    path.write_text(json.dumps(report), encoding="utf-8")
    assert main(["vendors", "infrai", "--record", "sdk 1", "--report", str(path)]) == 0
    assert list(record.load_record("infrai").programs) == ["sdk 1"]
    path.write_text(json.dumps({**report, "exit_code": 1}), encoding="utf-8")
    assert main(["vendors", "infrai", "--record", "sdk 2", "--report", str(path)]) == 1
    assert "the program ended with 1; nothing was recorded" in capsys.readouterr().err
