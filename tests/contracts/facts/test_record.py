"""The record of runs: written by clean runs alone, complete after each, and refused if it is anything else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from soundstage_contracts.facts import record
from soundstage_contracts.facts.record import MatrixRun, Record, RecordError

if TYPE_CHECKING:
    from pathlib import Path

DAY = "2026-11-29"
CLEAN = {"exit_code": 0, "finished": {"veo": 1}, "double_submissions": [], "unresolved": [], "refused": {}}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the record of every vendor in a folder of the test."""
    path = tmp_path / "veo_record.json"
    monkeypatch.setattr(record, "_path", lambda _vendor: path)
    return path


def report(folder: Path, **changed: Any) -> Path:
    """Write a report of `soundstage run`, clean but for *changed*."""
    path = folder / "run.json"
    path.write_text(json.dumps({**CLEAN, **changed}), encoding="utf-8")
    return path


def test_nothing_recorded_is_an_empty_record(place: Path) -> None:
    """A vendor without a file has no programs and no matrix."""
    assert not place.exists()
    assert record.load_record("veo") == Record()


def test_programs_and_matrix_are_kept_side_by_side(place: Path) -> None:
    """Each run replaces its own entry and keeps the others."""
    run = MatrixRun(10, 9, DAY)
    record.record_program("veo", "sdk 1", report(place.parent), DAY)
    record.record_matrix("veo", run)
    record.record_program("veo", "sdk 2", report(place.parent), DAY)
    record.record_program("veo", "sdk 1", report(place.parent), "2026-11-30")
    assert record.load_record("veo") == Record({"sdk 1": "2026-11-30", "sdk 2": DAY}, run)


def test_requests_to_other_hosts_do_not_spoil_a_run(place: Path) -> None:
    """A program may ask for something else, such as a price list, which `soundstage run` refuses."""
    record.record_program("veo", "sdk 1", report(place.parent, refused={"example.com:443": 1}), DAY)
    assert list(record.load_record("veo").programs) == ["sdk 1"]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"exit_code": 3}, "the program ended with 3"),
        ({"double_submissions": ["veo a and b"]}, "submitted a job twice: veo a and b"),
        ({"unresolved": ["veo a"]}, "did not see the end of a job: veo a"),
        ({"finished": {"infrai": 2}}, "no job of veo has succeeded; the report has infrai"),
        ({"finished": {}}, "no job of veo has succeeded; the report has none"),
    ],
)
def test_a_run_that_is_not_clean_is_refused(place: Path, changed: dict[str, Any], problem: str) -> None:
    """A program that failed, paid twice, lost a job or used another vendor proves nothing; nothing is written."""
    with pytest.raises(RecordError, match=f"run.json: .*{problem}; nothing was recorded"):
        record.record_program("veo", "sdk 1", report(place.parent, **changed), DAY)
    assert not place.exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"exit_code": 0}'])
def test_a_file_that_is_no_report_is_refused(place: Path, text: str) -> None:
    """The message names the file."""
    path = place.parent / "other.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecordError, match=r"other\.json: not a report of soundstage run"):
        record.record_program("veo", "sdk 1", path, DAY)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"programs": {"a": "soon"}, "matrix": null}', '{"programs": {}, "matrix": {"tried": 1}}']
)
def test_a_file_that_is_no_record_is_refused_and_kept(place: Path, text: str) -> None:
    """Neither reading nor recording replaces a file that runs did not write."""
    place.write_text(text, encoding="utf-8")
    with pytest.raises(RecordError, match=r"veo_record\.json: not a record of runs"):
        record.load_record("veo")
    with pytest.raises(RecordError, match=r"veo_record\.json"):
        record.record_matrix("veo", MatrixRun(1, 1, DAY))
    assert place.read_text(encoding="utf-8") == text


def test_a_broken_vendor_is_named() -> None:
    """The record of a vendor that does not exist is refused by name."""
    with pytest.raises(RecordError, match="no vendor is called 'vei'; did you mean 'veo'"):
        record.load_record("vei")
