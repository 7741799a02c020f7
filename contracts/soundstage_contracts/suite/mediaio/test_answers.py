"""The contracts of how the client reads what Media.io answers, in every documented shape, whoever answers."""

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


def said(data: Any, code: int = 0, msg: str = "") -> dict[str, Any]:
    """Return an envelope."""
    return {"code": code, "msg": msg, "data": data, "trace_id": TRACE}


def polled(status: Any, **fields: Any) -> dict[str, Any]:
    """Return what the API says of a task that is at *status*."""
    return said({"task_id": "a", "status": status, **fields})


@proves("mediaio:result.shape", side="client")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("status", ["completed", "succeeded"])
def test_the_client_reads_every_shape_of_a_result(shape: str, status: str) -> None:
    """An array, an object and a bare list: every address is an output, once, in order; no path of the vendor's is."""
    scripted = ScriptedClient(CONTRACT, said({"task_id": "a"}), polled(status, result=SHAPES[shape]))
    job = scripted.client.wan_2_5_text_to_video("A fox").wait()
    assert [(output.url, output.kind) for output in job.outputs] == [(url, "video") for url in URLS]


@proves("mediaio:credits.route", side="client")
@pytest.mark.parametrize("data", [{}, None, {"credits": "12"}, {"credits": True}, {"credits": None}, []])
def test_a_balance_that_is_no_integer_is_not_made_up(data: Any) -> None:
    """An answer without data.credits is unreadable, however often it is asked for."""
    with pytest.raises(errors.UnreadableAnswerError):
        ScriptedClient(CONTRACT, said(data)).client.credits()


@proves("mediaio:envelope", "mediaio:ids", side="client")
@pytest.mark.parametrize("code", [1, 490001, 500, -1])
def test_any_other_code_is_a_refusal_that_names_its_trace(code: int) -> None:
    """A non-zero code with empty data refuses: one request, the vendor's words and code, and the trace to ask about."""
    scripted = ScriptedClient(CONTRACT, said({}, code, "no such luck"))
    with pytest.raises(errors.ApiError, match="no such luck") as refused:
        scripted.client.imagen_4("A fox")
    assert (refused.value.code, refused.value.request_id, refused.value.vendor) == (code, TRACE, "mediaio")
    assert len(scripted.sent) == 1
