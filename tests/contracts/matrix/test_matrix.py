"""The failure matrix: its quick part for every vendor, and mistakes of a client that it must notice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from soundstage._io import deadline
from soundstage._io.partial_file import PartialFile
from soundstage._protocol import responses
from soundstage._protocol.service import Service
from soundstage._protocol.submission import Submission
from soundstage_contracts import VENDORS
from soundstage_contracts.matrix import __main__ as command
from soundstage_contracts.matrix.cells import Cell, cells, in_part, is_quick
from soundstage_contracts.matrix.faults import FAULTS, POINTS, points, response
from soundstage_contracts.matrix.run import run

if TYPE_CHECKING:
    from pathlib import Path


def cell(name: str, vendor: str = "tomoviee") -> Cell:
    """Return the cell whose name ends with *name*."""
    (found,) = [one for one in cells(vendor) if str(one).endswith(f"text_to_video {name}")]
    return found


@pytest.mark.parametrize("vendor", VENDORS)
def test_quick_part_keeps_every_law(vendor: str) -> None:
    """In the cells of the quick part both clients keep every law; `nox -s matrix` tries all of them."""
    result = run(filter(is_quick, cells(vendor)))
    assert result.failures == []
    assert result.total.tried == result.total.passed > 0


def test_cells_have_names_of_their_own() -> None:
    """A name stands for one cell, so that a part and a failure can be repeated."""
    names = [str(one) for vendor in VENDORS for one in cells(vendor)]
    assert len(names) == len(set(names))


def test_parts_are_all_cells_once() -> None:
    """Every cell is in one of the parts, and the quick cells are spread over them."""
    every = list(cells("infrai"))
    parts = [[one for one in every if in_part(one, number, 4)] for number in range(1, 5)]
    assert sum(map(len, parts)) == len(every)
    assert all(0.2 < len(part) / len(every) < 0.3 for part in parts)


def test_points_cut_a_response_everywhere() -> None:
    """The points are boundaries in order, the first before and the last after everything."""
    raw = response(200, b"text/plain", b"abcdef")
    assert tuple(points(raw)) == POINTS
    places = list(points(raw).values())
    assert places == sorted(places)
    assert (places[0], places[-1]) == (0, len(raw))
    assert raw[: points(raw)["head"]].endswith(b"\r\n\r\n")


def test_undone_fault_arrives_without_the_service() -> None:
    """A fault after which no work was done needs no true response."""
    for fault in FAULTS:
        if not fault.done:
            fault.damage(b"")


def _resends(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Submission, "_may_resend", lambda _self, _error: True)


def _believes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("soundstage._protocol.service.Service.is_refusal", lambda _self, _error: True)


def _endless(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(deadline.Deadline, "limit", lambda _self, timeout: timeout)


def _impatient(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(responses, "is_transient", lambda _error: False)


def _tokenless(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Service, "poll_once", lambda self, ref, timeout=None: self.poll(ref, timeout))


def _careless(patch: pytest.MonkeyPatch) -> None:
    right = PartialFile.commit

    def commit(self: PartialFile, target: Path | None = None) -> None:
        right(self, target)
        path = target or self.target
        path.write_bytes(path.read_bytes()[:-1] if path.parent.name == "saved" else path.read_bytes())

    patch.setattr(PartialFile, "commit", commit)


@pytest.mark.parametrize(
    ("mistake", "name", "law"),
    [
        (_resends, "submit: cut at head, once", "one_charge"),
        (_believes, "submit: status 503 code, done, once", "nothing_is_lost"),
        (_endless, "submit: drip from start, once", "time_kept"),
        (_impatient, "wait: reset at middle, once", "outage_survived"),
        (_tokenless, "refresh: hang at start, always", "nothing_is_lost"),
        (_careless, "save: late by 40 s, once", "files_whole"),
    ],
)
def test_mistake_of_a_client_breaks_its_law(monkeypatch: pytest.MonkeyPatch, mistake: Any, name: str, law: str) -> None:
    """A client that makes the mistake fails in the cell, under the name of the law, and the true one passes there."""
    assert run([cell(name)]).failures == []
    mistake(monkeypatch)
    failures = run([cell(name)]).failures
    assert [one for one in failures if f": {law}: " in one], failures


def test_command_counts_and_reports(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command prints a line for each broken law and the counts, writes the table, and fails if a law is broken."""
    words = ["--vendor", "tomoviee", "--cell", "text_to_video submit: cut at head, once", "--table"]
    assert command.main([*words, str(tmp_path / "table.md")]) == 0
    assert "| tomoviee | submit | 2 | 2 |" in (tmp_path / "table.md").read_text()
    _resends(monkeypatch)
    assert command.main([*words, str(tmp_path / "table.md")]) == 1
    printed = capsys.readouterr().out
    assert "cut at head, once, blocking: one_charge: 2 jobs were started by one call\n" in printed
    assert "| all | all | 2 | 0 |" in printed


@pytest.mark.parametrize("part", ["0/4", "5/4", "1", "a/b"])
def test_part_that_does_not_exist_is_refused(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A part is I/N with I from 1 to N."""
    with pytest.raises(SystemExit):
        command.main(["--part", part])
    assert "allowed: I/N" in capsys.readouterr().err
