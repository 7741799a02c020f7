"""Recording of exchanges: a recorder keeps those of a contract, and secrets are masked."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage_contracts.simulators.recorder import (
    MASK,
    ExchangeRecorder,
    Redaction,
    record_exchange,
    start_recording,
    stop_recording,
    with_recording,
)

SECRET = "sk-0123456789"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def answer(request: httpx.Request) -> httpx.Response:
    """Echo the request."""
    return httpx.Response(200, json={"path": request.url.path})


def test_recorder_keeps_requests_and_responses() -> None:
    """Sync and async clients are recorded, earlier hooks still run, and control requests are left out."""
    recorder, hooked = ExchangeRecorder(), list[httpx.Request]()
    mark = start_recording(recorder)
    try:
        options: dict[str, Any] = {"transport": httpx.MockTransport(answer), "base_url": "http://a.test"}
        with httpx.Client(**with_recording({**options, "event_hooks": {"request": [hooked.append]}})) as client:
            client.get("/one")
            client.get("/_soundstage/clock")

        async def ask() -> None:
            async with httpx.AsyncClient(**with_recording(options, awaiting=True)) as awaiting:
                await awaiting.get("/two")

        asyncio.run(ask())
        record_exchange(httpx.Request("GET", "http://a.test/three"))
        record_exchange(httpx.Request("GET", "http://a.test/four"), httpx.Response(404))
    finally:
        stop_recording(mark)
    record_exchange(httpx.Request("GET", "http://a.test/unseen"))
    seen = [(each.request.url.path, each.response and each.response.status_code) for each in recorder.exchanges]
    assert seen == [("/one", 200), ("/two", 200), ("/three", None), ("/four", 404)]
    assert [request.url.path for request in hooked] == ["/one", "/_soundstage/clock"]


def test_recorder_keeps_the_last_example_only() -> None:
    """Under Hypothesis, the exchanges of the failing example are kept."""
    recorder = ExchangeRecorder()
    mark = start_recording(recorder)

    @settings(database=None, derandomize=True)
    @given(number=st.integers(0, 1000))
    def law(number: int) -> None:
        for count in range(3):
            record_exchange(httpx.Request("GET", f"http://a.test/{number}/{count}"))
        assert number < 10

    try:
        with pytest.raises(AssertionError):
            law()
    finally:
        stop_recording(mark)
    assert [each.request.url.path for each in recorder.exchanges] == ["/10/0", "/10/1", "/10/2"]


def test_recorder_keeps_the_newest_exchanges() -> None:
    """It keeps the last few, and calls them what they were for."""
    recorder = ExchangeRecorder(2)
    for number in range(5):
        recorder.record_request(httpx.Request("GET", f"http://a.test/{number}"))
    recorder.label("made")
    recorder.label("polled")
    assert [(each.request.url.path, each.phase) for each in recorder.exchanges] == [("/3", "made"), ("/4", "made")]


@given(value=JSON)
def test_redaction_keeps_the_shape(value: Any) -> None:
    """Only texts change, and they stay texts."""

    def shape(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: shape(item) for name, item in part.items()}
        return [shape(item) for item in part] if isinstance(part, list) else type(part)

    assert shape(Redaction((SECRET,)).json(value)) == shape(value)


def test_no_secret_is_shown() -> None:
    """Known secrets are masked everywhere, and so are members named like secrets, header values and URL queries."""
    body = {
        "note": f"you sent {SECRET}",
        "accessToken": "eyJhbGciOi",
        "url": "https://files.test/a.mp4?Signature=abcdef&Expires=1",
        "result": json.dumps({"path": ["https://files.test/b.mp4?sig=abcdef"]}),
        "total_tokens": 12,
        "password": "",
    }
    recorder = ExchangeRecorder()
    request = httpx.Request("POST", f"https://a.test/x?key={SECRET}", headers={"X-API-KEY": "other-secret"}, json=body)
    recorder.record_request(request)
    recorder.record_response(httpx.Response(200, json=body, headers={"Set-Cookie": "session=abcdef"}, request=request))
    shown = Redaction((SECRET,)).exchange(recorder.exchanges[0])
    text = json.dumps(shown)
    for secret in (SECRET, "eyJhbGciOi", "abcdef", "other-secret"):
        assert secret not in text
    assert shown["url"] == f"https://a.test/x?{MASK}"
    assert shown["headers"]["content-type"] == "application/json"
    assert shown["response"]["total_tokens"] == 12
    assert shown["response"]["password"] == ""


def test_a_short_word_is_no_secret() -> None:
    """A user id of one digit does not blot out every number."""
    assert Redaction(("0",)).text("10 of 20") == "10 of 20"


@pytest.mark.parametrize(
    ("response", "shown"),
    [
        (httpx.Response(200, content=b"\0" * 9, headers={"content-type": "video/mp4"}), "(video/mp4, 9 bytes)"),
        (httpx.Response(200, content=b"\0" * 9), "(no content type, 9 bytes)"),
        (httpx.Response(200, text="x" * 5000), "x" * 2000),
        (httpx.Response(204), None),
        (
            httpx.Response(200, stream=httpx.ByteStream(b"12"), headers={"content-type": "video/mp4"}),
            "(video/mp4, streamed)",
        ),
    ],
)
def test_what_is_no_json_is_described(response: httpx.Response, shown: str | None) -> None:
    """Media by kind and size, text cut, nothing as nothing, and a stream as one."""
    recorder = ExchangeRecorder()
    request = response.request = httpx.Request("GET", "https://a.test/")
    recorder.record_request(request)
    recorder.record_response(response)
    assert Redaction().exchange(recorder.exchanges[0])["response"] == shown


def test_what_is_long_is_cut() -> None:
    """A long text is cut, unless everything is requested."""
    recorder, image = ExchangeRecorder(), "A" * 5000
    recorder.record_request(httpx.Request("POST", "https://a.test/", json={"images": [image] * 150}))
    images = Redaction().exchange(recorder.exchanges[0])["body"]["images"]
    assert images == ["A" * 200 + "... (5000 characters)"] * 100
    assert Redaction().exchange(recorder.exchanges[0], None)["body"]["images"] == [image] * 150


def test_request_without_response_has_no_status() -> None:
    """The exchange of a request that broke off has the status None."""
    recorder = ExchangeRecorder()
    recorder.record_request(httpx.Request("GET", "https://a.test/"))
    assert Redaction().exchange(recorder.exchanges[0])["status"] is None
