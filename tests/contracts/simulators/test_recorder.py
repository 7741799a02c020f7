"""Exchanges: a witness keeps what a contract said, and nobody is shown a secret."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage_contracts.simulators.recorder import MASK, Redaction, Witness, forget, keep, note, watched

SECRET = "sk-0123456789"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def answer(request: httpx.Request) -> httpx.Response:
    """Answer with what was asked."""
    return httpx.Response(200, json={"path": request.url.path})


def test_a_witness_sees_what_a_client_says_and_hears() -> None:
    """Blocking and awaiting clients alike; hooks that were there before go on, and the control API is nobody's talk."""
    witness, heard = Witness(), list[httpx.Request]()
    mark = keep(witness)
    try:
        options: dict[str, Any] = {"transport": httpx.MockTransport(answer), "base_url": "http://a.test"}
        with httpx.Client(**watched({**options, "event_hooks": {"request": [heard.append]}})) as client:
            client.get("/one")
            client.get("/_soundstage/clock")

        async def ask() -> None:
            async with httpx.AsyncClient(**watched(options, awaiting=True)) as awaiting:
                await awaiting.get("/two")

        asyncio.run(ask())
        note(httpx.Request("GET", "http://a.test/three"))
        note(httpx.Request("GET", "http://a.test/four"), httpx.Response(404))
    finally:
        forget(mark)
    note(httpx.Request("GET", "http://a.test/unseen"))
    seen = [(each.request.url.path, each.response and each.response.status_code) for each in witness.exchanges]
    assert seen == [("/one", 200), ("/two", 200), ("/three", None), ("/four", 404)]
    assert [request.url.path for request in heard] == ["/one", "/_soundstage/clock"]


def test_a_witness_keeps_the_last_example_only() -> None:
    """Under Hypothesis, what is kept is what the example that failed has said."""
    witness = Witness()
    mark = keep(witness)

    @settings(database=None, derandomize=True)
    @given(number=st.integers(0, 1000))
    def law(number: int) -> None:
        for count in range(3):
            note(httpx.Request("GET", f"http://a.test/{number}/{count}"))
        assert number < 10

    try:
        with pytest.raises(AssertionError):
            law()
    finally:
        forget(mark)
    assert [each.request.url.path for each in witness.exchanges] == ["/10/0", "/10/1", "/10/2"]


def test_a_witness_forgets_what_is_too_long_ago() -> None:
    """It keeps the last few, and calls them what they were for."""
    witness = Witness(2)
    for number in range(5):
        witness.asked(httpx.Request("GET", f"http://a.test/{number}"))
    witness.call_it("made")
    witness.call_it("looked at")
    assert [(each.request.url.path, each.phase) for each in witness.exchanges] == [("/3", "made"), ("/4", "made")]


@given(value=JSON)
def test_redaction_keeps_the_shape(value: Any) -> None:
    """Only texts change, and they stay texts."""

    def shape(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: shape(item) for name, item in part.items()}
        return [shape(item) for item in part] if isinstance(part, list) else type(part)

    assert shape(Redaction((SECRET,)).json(value)) == shape(value)


def test_no_secret_is_shown() -> None:
    """Known secrets wherever they stand, what is called one, header values, and the signatures of addresses."""
    body = {
        "note": f"you sent {SECRET}",
        "accessToken": "eyJhbGciOi",
        "url": "https://files.test/a.mp4?Signature=abcdef&Expires=1",
        "result": json.dumps({"path": ["https://files.test/b.mp4?sig=abcdef"]}),
        "total_tokens": 12,
        "password": "",
    }
    witness = Witness()
    request = httpx.Request("POST", f"https://a.test/x?key={SECRET}", headers={"X-API-KEY": "other-secret"}, json=body)
    witness.asked(request)
    witness.answered(httpx.Response(200, json=body, headers={"Set-Cookie": "session=abcdef"}, request=request))
    shown = Redaction((SECRET,)).exchange(witness.exchanges[0])
    text = json.dumps(shown)
    for secret in (SECRET, "eyJhbGciOi", "abcdef", "other-secret"):
        assert secret not in text
    assert shown["url"] == f"https://a.test/x?{MASK}"
    assert shown["headers"]["content-type"] == "application/json"
    assert shown["answer"]["total_tokens"] == 12
    assert shown["answer"]["password"] == ""


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
    witness = Witness()
    request = response.request = httpx.Request("GET", "https://a.test/")
    witness.asked(request)
    witness.answered(response)
    assert Redaction().exchange(witness.exchanges[0])["answer"] == shown


def test_what_is_long_is_cut() -> None:
    """A picture in a text does not make a page of a megabyte; whoever asks for everything gets it."""
    witness, picture = Witness(), "A" * 5000
    witness.asked(httpx.Request("POST", "https://a.test/", json={"images": [picture] * 150}))
    images = Redaction().exchange(witness.exchanges[0])["body"]["images"]
    assert images == ["A" * 200 + "... (5000 characters)"] * 100
    assert Redaction().exchange(witness.exchanges[0], None)["body"]["images"] == [picture] * 150


def test_no_answer_is_told_as_that() -> None:
    """A request that broke off has no status."""
    witness = Witness()
    witness.asked(httpx.Request("GET", "https://a.test/"))
    assert Redaction().exchange(witness.exchanges[0])["status"] is None
