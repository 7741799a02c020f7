"""The laws of the failure matrix: each fails for an outcome that breaks it, and passes for a good one."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from soundstage import ConnectionFailed, JobCanceled, JobState, RateLimitError, SubmitOutcomeUnknown
from soundstage_contracts.matrix.cells import Cell, cells
from soundstage_contracts.matrix.laws import LAWS, both_alike, broken_laws
from soundstage_contracts.matrix.play import Outcome

JOB = SimpleNamespace(id="job-1", state=JobState.SUCCEEDED)
UNKNOWN = SubmitOutcomeUnknown("lost", vendor="cloudsway", operation="text_to_video", request_hash="0")
GOOD = {
    "submit": Outcome(value=JOB, job_id="job-1", jobs=["job-1"], account="account-1"),
    "refresh": Outcome(error=ConnectionFailed("gone", vendor="cloudsway", token="t"), token="t", account="account-1"),
    "wait": Outcome(value=JOB, token="t", account="account-1"),
    "save": Outcome(value=["a"], token="t", files={"a": b"video"}, wanted=[b"video"], account="account-1"),
}


def cell(call: str) -> Cell:
    """Return a cell of *call* whose first exchange has a fault."""
    ending = f"text_to_video {call}: cut at middle, once"
    return next(one for one in cells("cloudsway") if str(one).endswith(ending))


def broken(call: str, **changes: Any) -> set[str]:
    """Return the names of the laws that the good outcome of *call* breaks with *changes*."""
    return {one.partition(":")[0] for one in broken_laws(cell(call), replace(GOOD[call], **changes))}


@pytest.mark.parametrize("call", GOOD)
def test_good_outcome_breaks_no_law(call: str) -> None:
    """What a client should do in the cell passes."""
    assert broken_laws(cell(call), GOOD[call]) == []
    assert both_alike(cell(call), GOOD[call], GOOD[call]) == []


@pytest.mark.parametrize(
    ("call", "changes", "law"),
    [
        ("submit", {"jobs": ["job-1", "job-2"]}, "one_charge"),
        ("submit", {"jobs": []}, "nothing_is_lost"),
        ("submit", {"error": RateLimitError("no", vendor="cloudsway")}, "nothing_is_lost"),
        ("submit", {"error": UNKNOWN, "found": None}, "nothing_is_lost"),
        ("submit", {"error": SubmitOutcomeUnknown("lost", vendor="cloudsway")}, "nothing_is_lost"),
        ("refresh", {"error": ConnectionFailed("gone", vendor="cloudsway")}, "nothing_is_lost"),
        ("refresh", {"error": OSError("reset")}, "error_tree"),
        ("refresh", {"error": ConnectionFailed("gone", token="t")}, "error_tree"),
        ("refresh", {"seconds": 200.0}, "time_kept"),
        ("wait", {"error": ConnectionFailed("gone", vendor="cloudsway", token="t")}, "outage_survived"),
        ("wait", {"value": SimpleNamespace(state=JobState.FAILED)}, "outage_survived"),
        ("wait", {"error": JobCanceled("no", vendor="cloudsway", token="t")}, "wait_ends_with_its_token"),
        ("save", {"files": {"a": b"vide"}}, "files_whole"),
        ("save", {"files": {}}, "files_whole"),
        ("submit", {"texts": ["the key is account-1"]}, "secrets_hidden"),
        ("submit", {"left_open": 1}, "nothing_left"),
        ("submit", {"threads": ["worker"]}, "nothing_left"),
    ],
)
def test_bad_outcome_breaks_its_law(call: str, changes: dict[str, Any], law: str) -> None:
    """Each way of being wrong is found, under the name of its law."""
    assert law in broken(call, **changes)
    assert law in {one.__name__ for one in LAWS}


def test_clients_that_end_differently_are_found() -> None:
    """Another kind of end, of request count or of time is a difference between the clients."""
    good = GOOD["submit"]
    for changed in (replace(good, error=UNKNOWN, value=None), replace(good, exchanges=2), replace(good, seconds=1.0)):
        assert both_alike(cell("submit"), good, changed)[0].startswith("both_alike: ")
