"""Contracts about how the client reads Media.io's responses, beyond the shared laws."""

from __future__ import annotations

from typing import Any, Final

import pytest

from soundstage import errors
from soundstage_contracts import proves
from soundstage_contracts.laws.scripted_client import ScriptedClient
from soundstage_contracts.vendors.mediaio import CONTRACT

TRACE: Final = "6f1ed002ab5595859014ebf0951522d9"
URLS: Final = ["https://results.test/0.mp4?Signature=x", "https://results.test/1.mp4?Signature=y"]
SHAPES: Final[dict[str, Any]] = {
    "array": [{"val": f"aigc/{n}.mp4", "preview": url, "status": "completed"} for n, url in enumerate(URLS)],
    "object": {"val": "aigc/0.mp4", "preview": URLS},
    "object of unknown names": {"videos": URLS, "count": 2, "model": "v1", "note": None},
    "object of objects": {"first": {"preview": URLS[0]}, "second": {"url": URLS[1]}},
    "bare list": URLS,
    "list of lists": [URLS[:1], URLS[1:]],
    "repeated": [*URLS, *URLS],
}


def envelope(data: Any, code: int = 0, msg: str = "") -> dict[str, Any]:
    """Return an envelope."""
    return {"code": code, "msg": msg, "data": data, "trace_id": TRACE}


def polled(status: Any, **fields: Any) -> dict[str, Any]:
    """Return the response to a poll of a task with *status*."""
    return envelope({"task_id": "a", "status": status, **fields})


@proves("mediaio:result.shape", side="client")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("status", ["completed", "succeeded"])
def test_every_form_of_a_result_is_read(shape: str, status: str) -> None:
    """Each URL is an output, once and in order, in every form of a result; the vendor's storage paths are none."""
    scripted = ScriptedClient(CONTRACT, envelope({"task_id": "a"}), polled(status, result=SHAPES[shape]))
    job = scripted.client.wan_2_5_text_to_video("A fox").wait()
    assert [(output.url, output.kind) for output in job.outputs] == [(url, "video") for url in URLS]


@proves("mediaio:credits.route", side="client")
@pytest.mark.parametrize("data", [{}, None, {"credits": "many"}, {"credits": True}, {"credits": None}, []])
def test_invalid_balance_is_unreadable(data: Any) -> None:
    """A response without an integer in data.credits is an UnreadableAnswerError."""
    with pytest.raises(errors.UnreadableAnswerError):
        ScriptedClient(CONTRACT, envelope(data)).client.credits()


@proves("mediaio:envelope", "mediaio:ids", side="client")
@pytest.mark.parametrize("code", [1, 490001, 500, -1])
def test_undocumented_code_is_an_unknown_outcome_with_its_trace(code: int) -> None:
    """An undocumented code with HTTP 200 proves nothing: the error has its message, code and trace id."""
    scripted = ScriptedClient(CONTRACT, envelope({}, code, "no such luck"))
    with pytest.raises(errors.SubmitOutcomeUnknown, match="no such luck") as refused:
        scripted.client.imagen_4("A fox")
    assert (refused.value.code, refused.value.request_id, refused.value.vendor) == (code, TRACE, "mediaio")
    assert len(scripted.sent) == 1
