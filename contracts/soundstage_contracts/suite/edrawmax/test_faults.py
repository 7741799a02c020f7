"""The contracts of EdrawMax's client under injected connection faults: lost responses and broken downloads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from soundstage import RetryScheduled, SkippingClock, errors
from soundstage_contracts import proves
from soundstage_contracts.vendors.edrawmax import CONTRACT, reading
from soundstage_contracts.vendors.edrawmax.raw_client import ROUTE, RawClient

if TYPE_CHECKING:
    from pathlib import Path

    from soundstage_contracts.simulators.target import Target


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Return a raw client with a new user."""
    return RawClient(target)


def client_of(raw: RawClient, clock: SkippingClock | None = None) -> Any:
    """Return a client of the same user."""
    return raw.target.client(CONTRACT, raw.account, clock=clock or SkippingClock())


def inject_fault(raw: RawClient, path: str, **fault: Any) -> None:
    """Inject a fault into this user's requests to *path*."""
    raw.target.control.fault(**fault, vendor="edrawmax", account=raw.name, path=path)


@proves("edrawmax:error.retry_wait", side="client")
@pytest.mark.parametrize(
    ("kind", "drawn"), [("reset_before", 1), ("reset_during", 2), ("reset_after", 2), ("truncate", 2)]
)
def test_request_with_a_lost_response_is_sent_once_more(raw: RawClient, kind: str, drawn: int) -> None:
    """If the connection breaks before, while or after the diagram is drawn, the client sends the request once more."""
    raw.draw("gantt")
    clock = SkippingClock()
    inject_fault(raw, ROUTE, kind=kind, times=1)
    events: list[object] = []
    client = raw.target.client(CONTRACT, raw.account, clock=clock, on_event=events.append)
    assert client.mindmap("A fox: den, tail").source_code
    (retry,) = [event for event in events if isinstance(event, RetryScheduled)]
    assert retry.seconds == 3.0
    assert "no response from" in retry.reason
    assert len(raw.target.control.tasks(raw.name)) == 1 + drawn
    assert clock.now() == 3.0
    inject_fault(raw, ROUTE, kind=kind, times=2)
    with pytest.raises(errors.ConnectionFailed) as failed:
        client_of(raw).mindmap("A fox: den, tail")
    assert "None" not in str(failed.value)


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
def test_undocumented_response_is_an_error_at_once(
    raw: RawClient, fault: dict[str, Any], kind: type[Exception]
) -> None:
    """A response without an envelope is an ApiError by its status; the request is not in doubt and not repeated."""
    raw.draw("gantt")
    inject_fault(raw, ROUTE, **fault, times=1)
    with pytest.raises(errors.ApiError) as failed:
        client_of(raw).mindmap("A fox")
    assert type(failed.value) is kind
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
def test_saving_survives_transient_faults(raw: RawClient, tmp_path: Path, fault: dict[str, Any]) -> None:
    """Both files are complete although their transfers break, and no diagram is drawn again."""
    diagram = client_of(raw).flowchart("Tea: boil water, pour")
    whole = [path.read_bytes() for path in diagram.save(tmp_path / "whole")]
    inject_fault(raw, "_files", **fault, times=2)
    saved = diagram.save(tmp_path / "broken")
    assert [path.read_bytes() for path in saved] == whole
    assert (saved.problems, len(list((tmp_path / "broken").iterdir()))) == ((), 2)
    assert len(raw.target.control.tasks(raw.name)) == 1


@proves("edrawmax:download.files", side="client")
@pytest.mark.parametrize("kind", ["truncate", "expired", "redirect"])
@pytest.mark.parametrize(("name", "kept"), [("thumb.png", ".svg"), ("main.svg", ".png")])
def test_lasting_fault_of_one_file_keeps_the_other(
    raw: RawClient, tmp_path: Path, kind: str, name: str, kept: str
) -> None:
    """A lasting fault of one file is listed as a problem; the other file is complete, under its own name."""
    diagram = client_of(raw).flowchart("Tea: boil water, pour")
    inject_fault(raw, name, kind=kind)
    (saved,) = files = diagram.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [saved.name]
    assert saved.suffix == kept
    (problem,) = files.problems
    assert isinstance(problem, errors.DownloadError)
    if kept == ".svg":
        assert reading.drawing(saved.read_bytes()).words
