"""Redaction: secrets that are echoed by a service or a library are shown nowhere."""

from __future__ import annotations

import base64
import io
import json
import logging
import pickle
import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import SkippingClock, SoundstageError, Tomoviee
from soundstage._protocol.credentials import Secret
from soundstage._values.redaction import MASK, Redactor, hide_query

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.clients.conftest import Kit

VISIBLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=30)


def basic(kit: Kit) -> str:
    """Return the value of the Authorization header."""
    return base64.b64encode(f"{kit.key}:{kit.secret}".encode()).decode()


def calls(client: Tomoviee) -> list[Callable[[], object]]:
    """Return every way of calling the service."""
    job = client.job("t-1")
    return [lambda: client.text_to_video("a kite"), job.refresh, lambda: job.wait(timeout=30)]


def shown(error: BaseException) -> str:
    """Return all that a user could see of an error."""
    facts = "".join(f"{name}={value!r}" for name, value in vars(error).items())
    return "".join(traceback.format_exception(error)) + repr(error) + facts + str(pickle.dumps(error))


def echoes(kit: Kit) -> list[Any]:
    """Return ways in which a server may echo a request."""
    loud = f"key {kit.key}, secret {kit.secret}, {basic(kit)}"

    def answer(status: int, body: bytes, **headers: str) -> Any:
        return lambda _: httpx.Response(status, content=body, headers=headers)

    def failure(kind: type[httpx.TransportError]) -> Any:
        def handler(request: httpx.Request) -> httpx.Response:
            raise kind(f"Illegal header value b'{loud}' at {request.url}", request=request)

        return handler

    envelope = json.dumps({"code": 680401, "msg": loud}).encode()
    return [
        answer(200, envelope),
        answer(401, envelope),
        answer(401, loud.encode()),
        answer(503, loud.encode()),
        answer(200, loud.encode(), **{"x-request-id": "r"}),
        answer(307, b"", location=f"https://elsewhere.example/?key={kit.key}"),
        failure(httpx.LocalProtocolError),
        failure(httpx.ConnectError),
        failure(httpx.ReadError),
    ]


@pytest.mark.parametrize("way", range(9))
def test_echoed_secrets_are_masked_everywhere(kit: Kit, caplog: pytest.LogCaptureFixture, way: int) -> None:
    """No error, traceback, pickle, event, log, repr or token shows a secret that was echoed."""
    caplog.set_level(logging.DEBUG)
    recorded: list[object] = []
    client = kit.client(echoes(kit)[way], on_event=recorded.append)
    job = client.job("t-1")
    seen = [repr(client), repr(job), job.to_token()]
    for call in calls(client):
        with pytest.raises(SoundstageError) as caught:
            call()
        seen.append(shown(caught.value))
    seen += [repr(event) for event in recorded]
    seen += [record.getMessage() for record in caplog.records]
    for planted in (kit.key, kit.secret, basic(kit)):
        assert planted not in "".join(seen)


def test_signed_address_is_shown_nowhere(kit: Kit, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """The query of an output's address is in no event, log, error or repr, and in no file beside the video."""
    caplog.set_level(logging.DEBUG)
    recorded: list[object] = []
    script = iter([kit.finished("https://cdn.example/f.mp4?Signature=planted-signature")])

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=next(script)) if request.method == "POST" else httpx.Response(403)

    job = kit.client(handler, on_event=recorded.append).job("t-1").wait()
    with pytest.raises(SoundstageError) as caught:
        job.save(tmp_path)
    seen = [repr(job), repr(job.outputs), repr(job.snapshot), shown(caught.value), *map(repr, recorded)]
    assert "planted-signature" not in "".join([*seen, *(record.getMessage() for record in caplog.records)])


@given(secret=VISIBLE, before=st.text(max_size=9), after=st.text(max_size=9))
def test_every_encoding_of_a_secret_is_masked(secret: str, before: str, after: str) -> None:
    """Plain, JSON-encoded and URL-encoded secrets are masked."""
    redact = Redactor([secret])
    for form in (secret, json.dumps(secret)[1:-1], quote(secret, safe="")):
        if form not in MASK:
            assert form not in redact(before + form + after).replace(MASK, "\0")


@given(text=st.text())
def test_text_without_secrets_is_unchanged(text: str) -> None:
    """A redactor without secrets, or with short ones, changes nothing."""
    assert Redactor(["", "a", "abcde"])(text) == text


@given(value=VISIBLE)
def test_secret_is_never_shown(value: str) -> None:
    """No conversion of a Secret to text reveals it."""
    secret = Secret(value)
    buffer = io.StringIO()
    print(secret, repr(secret), f"{secret}", f"{secret!r:>5}", "%s" % secret, [secret], file=buffer)  # noqa: UP031 - one more way
    if value not in MASK * 9:
        assert value not in buffer.getvalue().replace("Secret", "")
    assert secret.reveal() == value
    with pytest.raises(TypeError, match="pass the credential again"):
        pickle.dumps(secret)


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("https://a.example/p?sig=1", "https://a.example/p?***"),
        ("https://user:pass@a.example:8443/p#f", "https://a.example:8443/p"),
        ("https://a.example", "https://a.example"),
        ("/p?x=1", "/p?***"),
        ("http://[bad", "***"),
    ],
)
def test_address_without_query_and_user(url: str, seen: str) -> None:
    """Scheme, host and path are enough to recognize an address."""
    assert hide_query(url) == seen


def test_redactor_shows_no_secret() -> None:
    """The repr of a redactor shows no secret."""
    assert "planted" not in repr(Redactor(["planted-secret"]))


def test_client_repr_shows_no_secret(kit: Kit) -> None:
    """The repr of a client shows its address and nothing else."""
    client = Tomoviee(kit.key, kit.secret, base_url="https://a.example/tomoviee/", clock=SkippingClock())
    assert repr(client) == "<Tomoviee https://a.example/tomoviee>"
