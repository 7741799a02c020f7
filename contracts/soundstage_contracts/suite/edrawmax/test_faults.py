"""The contracts of what comes of EdrawMax's answers and files when the line breaks, as a simulator breaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from soundstage import SkippingClock, errors
from soundstage_contracts import proves
from soundstage_contracts.vendors.edrawmax import CONTRACT, reading
from soundstage_contracts.vendors.edrawmax.raw_client import ROUTE, RawClient

if TYPE_CHECKING:
    from pathlib import Path

    from soundstage_contracts.simulators.target import Target


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Speak as a new user."""
    return RawClient(target)


def client_of(raw: RawClient, clock: SkippingClock | None = None) -> Any:
    """Return a client of the same user."""
    return raw.target.client(CONTRACT, raw.account, clock=clock or SkippingClock())


def break_line(raw: RawClient, path: str, **fault: Any) -> None:
    """Let something go wrong between this user and *path*."""
    raw.target.control.fault(**fault, vendor="edrawmax", account=raw.name, path=path)


@proves("edrawmax:error.retry_wait", side="client")
@pytest.mark.parametrize(
    ("kind", "drawn"), [("reset_before", 1), ("reset_during", 2), ("reset_after", 2), ("truncate", 2)]
)
def test_an_answer_that_is_lost_is_asked_for_once_more(raw: RawClient, kind: str, drawn: int) -> None:
    """The line breaks once before, while or after the diagram is drawn: the client asks once more, and has it."""
    raw.draw("gantt")
    clock = SkippingClock()
    break_line(raw, ROUTE, kind=kind, times=1)
    assert client_of(raw, clock).mindmap("A fox: den, tail").source_code
    assert len(raw.target.control.tasks(raw.name)) == 1 + drawn
    assert clock.now() == 3.0
    break_line(raw, ROUTE, kind=kind, times=2)
    with pytest.raises(errors.ConnectionFailed):
        client_of(raw).mindmap("A fox: den, tail")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "malformed"}, errors.UnreadableAnswerError),
        ({"kind": "status", "status": 502}, errors.ServerError),
        ({"kind": "status", "status": 503}, errors.ServerError),
        ({"kind": "status", "status": 429}, errors.RateLimitError),
        ({"kind": "status", "status": 409}, errors.ConflictError),
    ],
    ids=lambda fault: str(fault.get("status", fault["kind"])) if isinstance(fault, dict) else "",
)
def test_an_answer_that_nobody_documents_is_told_at_once(
    raw: RawClient, fault: dict[str, Any], kind: type[Exception]
) -> None:
    """An answer that is no envelope is an ApiError by its status, is asked for once, and is never in doubt."""
    raw.draw("gantt")
    break_line(raw, ROUTE, **fault, times=1)
    with pytest.raises(errors.ApiError) as told:
        client_of(raw).mindmap("A fox")
    assert type(told.value) is kind
    sent = [entry for entry in raw.target.control.requests(raw.name) if ROUTE in entry["path"]]
    assert len(sent) <= 2


@proves("edrawmax:download.files", side="client")
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "truncate"},
        {"kind": "reset_before"},
        {"kind": "reset_during"},
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 429, "retry_after": 5},
    ],
    ids=lambda fault: str(fault.get("status", fault["kind"])),
)
def test_saving_outlives_trouble_that_passes(raw: RawClient, tmp_path: Path, fault: dict[str, Any]) -> None:
    """Both files arrive whole although their transfers break, and nothing is drawn again."""
    diagram = client_of(raw).flowchart("Tea: boil water, pour")
    whole = [path.read_bytes() for path in diagram.save(tmp_path / "whole")]
    break_line(raw, "_files", **fault, times=2)
    saved = diagram.save(tmp_path / "broken")
    assert [path.read_bytes() for path in saved] == whole
    assert (saved.problems, len(list((tmp_path / "broken").iterdir()))) == ((), 2)
    assert len(raw.target.control.tasks(raw.name)) == 1


@proves("edrawmax:download.files", side="client")
@pytest.mark.parametrize("kind", ["truncate", "expired", "redirect"])
@pytest.mark.parametrize(("name", "kept"), [("thumb.png", ".svg"), ("main.svg", ".png")])
def test_a_file_that_cannot_be_had_leaves_the_other(
    raw: RawClient, tmp_path: Path, kind: str, name: str, kept: str
) -> None:
    """What never passes for one file is told, and the other stands there whole, alone and under its own name."""
    diagram = client_of(raw).flowchart("Tea: boil water, pour")
    break_line(raw, name, kind=kind)
    (saved,) = files = diagram.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [saved.name]
    assert saved.suffix == kept
    (problem,) = files.problems
    assert isinstance(problem, errors.DownloadError)
    if kept == ".svg":
        assert reading.drawing(saved.read_bytes()).words
