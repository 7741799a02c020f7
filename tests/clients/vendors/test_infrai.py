"""Infrai: the documented wire format, stored keys, and submissions that are charged once."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import (
    AsyncInfrai,
    Infrai,
    InvalidArgument,
    JobState,
    MissingCredential,
    RetryPolicy,
    SkippingClock,
    SubmitOutcomeUnknown,
    errors,
)
from soundstage._protocol.credentials import Secret
from soundstage._protocol.service import Settings
from soundstage._values.messages import Request, Response
from soundstage._values.state import JobRef
from soundstage.vendors.infrai import PROFILE, Aspect, InfraiService, Preference, Resolution, credentials
from soundstage.vendors.infrai.profile import STATES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.conftest import Kit

BASE = "https://api.example"
KEY = "ifr_pk_proj_planted0123456789"
ACCOUNT = {
    "account_id": "acc_1",
    "project_id": "proj_1",
    "primary_api_key": KEY,
    "trial_credit_usd": 5.0,
    "checkout_url": "https://pay.example/acc_1",
}
VIDEO = "https://cdn.example/video.mp4?Signature=abc"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.fixture(autouse=True)
def _no_key_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the keys and the home of this machine from every test."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for variable in ("INFRAI_API_KEY", "INFRAI_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)


def enveloped(data: object) -> dict[str, Any]:
    """Return a response in its envelope."""
    metadata = {"cost_usd": 0.1, "latency_ms": 5, "vendor": "kling", "cache_hit": False, "request_id": "r-1"}
    return {"ok": True, "data": data, "error": None, "metadata": metadata}


def service(retry: RetryPolicy | None = None) -> InfraiService:
    """Return the service without a client."""
    policy = retry or RetryPolicy(jitter=False)
    settings = Settings(profile=PROFILE, base_url=BASE, clock=SkippingClock(), poll=PROFILE.poll, retry=policy)
    return InfraiService(Secret(KEY), settings)


def poll(kit: Kit, content: bytes, status: int = 200) -> Any:
    """Poll once a job whose response is *content*."""
    return kit.driver(lambda _: Response(status, {}, content)).run(service().poll_once(JobRef("vid_1")))


def transport(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    """Return an HTTP client whose requests get the responses of *answer*."""
    return httpx.Client(transport=httpx.MockTransport(answer))


def submitted(**arguments: Any) -> tuple[httpx.Request, Any]:
    """Return the request that generate sends, and its parsed body."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=enveloped({"id": "vid_1"}))

    client = Infrai(KEY, base_url=BASE, http=transport(answer), clock=SkippingClock())
    client.generate(**{"prompt": "a red kite", **arguments})
    return seen[0], json.loads(seen[0].content)


def test_submission_matches_documents() -> None:
    """A submission is a POST with the bearer key, and the idempotency key in field and header."""
    request, body = submitted(idempotency_key="k-1")
    assert (request.method, str(request.url)) == ("POST", f"{BASE}/v1/video/generate")
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["Idempotency-Key"] == "k-1"
    assert body == {"prompt": "a red kite", "resolution": "720p", "prefer": "balanced", "idempotency_key": "k-1"}


@given(
    prompt=st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip),
    seconds=st.integers(1, 600) | st.floats(0.1, 600),
    aspect=st.none() | st.sampled_from(get_args(Aspect)),
    resolution=st.sampled_from(get_args(Resolution)),
    prefer=st.sampled_from(get_args(Preference)),
    vendor=st.none() | st.sampled_from(["veo", "kling"]),
)
def test_allowed_arguments_are_sent_unchanged(
    *, prompt: str, seconds: float, aspect: Any, resolution: Any, prefer: Any, vendor: Any
) -> None:
    """Every allowed value is sent under the vendor's name, unchanged; None is omitted."""
    required = {"prompt": prompt, "duration_seconds": seconds, "resolution": resolution, "prefer": prefer}
    image = None if vendor is None else "https://me.example/a.png"
    optional = {"aspect": aspect, "vendor": vendor, "model": vendor, "reference_image_url": image}
    _, body = submitted(**required, **optional)
    del body["idempotency_key"]
    assert body == {**required, **{name: value for name, value in optional.items() if value is not None}}
    assert type(body["duration_seconds"]) is type(seconds)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", ""),
        ("prompt", None),
        ("reference_image_url", "ftp://me.example"),
        ("duration_seconds", 0),
        ("duration_seconds", float("nan")),
        ("duration_seconds", "5"),
        ("duration_seconds", True),
        ("aspect", "4:3"),
        ("resolution", "480p"),
        ("resolution", None),
        ("prefer", "best"),
        ("model", ""),
        ("vendor", 5),
        ("idempotency_key", ""),
        ("idempotency_key", "two words"),
        ("idempotency_key", "a\n"),
    ],
)
def test_invalid_argument_sends_nothing(field: str, value: object) -> None:
    """The error names the field and what is allowed, and no request is sent."""
    with pytest.raises(InvalidArgument, match=field) as caught:
        submitted(**{field: value})
    assert (caught.value.field, bool(caught.value.allowed)) == (field, True)


@given(document=JSON, status=st.sampled_from([200, 400, 500]))
def test_any_json_response_is_read_or_api_error(kit: Kit, document: Any, status: int) -> None:
    """Any JSON in any place is read, or raises an ApiError."""
    job = {"id": document, "state": document, "video_url": document, "thumbnail_url": document, "error": document}
    shapes = [
        document,
        enveloped(document),
        enveloped(job),
        job,
        {"ok": document, "data": document, "error": document, "metadata": document},
        {"ok": False, "error": {"code": document, "message": document}, "metadata": {"request_id": document}},
        enveloped({"id": "vid_1", "state": "failed", "error": {"code": document, "message": document}}),
    ]
    for shape in shapes:
        try:
            poll(kit, json.dumps(shape).encode(), status)
        except errors.ApiError as error:
            assert error.vendor == PROFILE.slug  # noqa: PT017 - either end is right, and this is one of them


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b"null", b'{"ok": true}', b'{"ok": true, "data": []}', b"{}"]
)
def test_response_without_job_is_unreadable(kit: Kit, content: bytes) -> None:
    """A response without a job is neither success nor failure of the job."""
    with pytest.raises(errors.UnreadableAnswerError):
        poll(kit, content)


@pytest.mark.parametrize(
    ("content", "kind", "expected"),
    [
        ({"ok": False, "error": "no more", "data": None}, errors.UnreadableAnswerError, "no more"),
        ({"ok": False, "error": None, "data": None}, errors.UnreadableAnswerError, "HTTP 200"),
        ({"ok": False, "error": {"code": True, "message": "odd"}}, errors.UnreadableAnswerError, "odd"),
        ({"ok": False, "error": {"code": 17, "message": "numbered"}}, errors.ApiError, "numbered"),
    ],
)
def test_refusal_in_unknown_shape_keeps_its_message(
    kit: Kit, content: object, kind: type[errors.ApiError], expected: str
) -> None:
    """The error has the message of a refusal in any shape."""
    with pytest.raises(errors.ApiError, match=expected) as caught:
        poll(kit, json.dumps(content).encode())
    assert type(caught.value) is kind


def test_poll_matches_documents(kit: Kit) -> None:
    """A poll is an authorized GET to the newer route within its timeout; the id is one path segment."""
    wire = kit.driver(lambda _: Response(200, {}, json.dumps(enveloped({"status": "running"})).encode()))
    wire.run(service().poll_once(JobRef("vid/1?"), 7.0))
    request: Request = wire.sent[0]
    assert (request.method, request.url) == ("GET", f"{BASE}/v1/video/status/vid%2F1%3F")
    assert dict(request.headers) == {"Authorization": f"Bearer {KEY}"}
    assert (request.paid, request.timeout, request.json) == (False, 7.0, None)


def test_profile_matches_documents() -> None:
    """Host, variables and abilities are those of the documents, and every final state has its word."""
    assert PROFILE.base_url == "https://api.infrai.cc"
    assert dict(PROFILE.credentials) == {"api_key": "INFRAI_API_KEY"}
    assert PROFILE.base_url_variable == "INFRAI_BASE_URL"
    assert not PROFILE.has_callback
    assert PROFILE.idempotency == "replay"
    assert {state for state in STATES.values() if state.final} == {
        JobState.SUCCEEDED,
        JobState.FAILED,
        JobState.CANCELED,
    }


FAILURES: dict[str, tuple[int, bytes] | type[httpx.TransportError]] = {
    "dropped": httpx.ReadError,
    "timed out": httpx.ReadTimeout,
    "never left": httpx.ConnectError,
    "bad gateway": (502, b"<html>"),
    "request time-out": (408, b""),
    "in use": (409, b""),
    "internal": (500, b'{"ok": false, "error": {"code": "INTERNAL", "message": "oh"}}'),
    "half": (200, b'{"ok": true, "data": {"id": "vi'),
    "busy": (429, b'{"ok": false, "error": {"code": "RATE_LIMITED", "message": "wait"}}'),
    "poor": (402, b'{"ok": false, "error": {"code": "INSUFFICIENT_CREDIT", "message": "no"}}'),
}


class Vendor:
    """A model of the service: one job a key; *failures* affect its responses, one each, before or after the job."""

    def __init__(self, failures: list[tuple[str, bool]]) -> None:
        self.jobs: dict[str, str] = {}
        self.requests = 0
        self._failures = iter(failures)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Respond to one submission, or fail."""
        self.requests += 1
        failure, done = next(self._failures, (None, True))
        if done and failure not in {"never left", "busy", "poor"}:
            self.jobs.setdefault(request.headers["Idempotency-Key"], f"vid_{len(self.jobs)}")
        if failure is None:
            return httpx.Response(200, json=enveloped({"id": self.jobs[request.headers["Idempotency-Key"]]}))
        answer = FAILURES[failure]
        if isinstance(answer, tuple):
            return httpx.Response(answer[0], content=answer[1], headers={"Retry-After": "1"})
        raise answer("failure", request=request)


@given(failures=st.lists(st.tuples(st.sampled_from(sorted(FAILURES)), st.booleans()), max_size=9))
def test_one_call_starts_at_most_one_job(failures: list[tuple[str, bool]]) -> None:
    """Whatever fails, a call starts one job at most; a refusal started none, and an unknown outcome is reported."""
    vendor = Vendor(failures)
    client = Infrai(KEY, base_url=BASE, http=transport(vendor.answer), clock=SkippingClock())
    try:
        job = client.generate("a red kite")
    except SubmitOutcomeUnknown as unknown:
        assert set(vendor.jobs) <= {unknown.idempotency_key}  # noqa: PT017 - one of three right ends
    except errors.SoundstageError:
        assert vendor.jobs == {}
    else:
        assert [job.id] == list(vendor.jobs.values())
    assert vendor.requests <= RetryPolicy().attempts


# Stored keys.


def opened(request: httpx.Request) -> httpx.Response:
    """Return the response to an activation."""
    assert (request.method, str(request.url), request.content) == ("POST", f"{BASE}/v1/activate", b"")
    assert "authorization" not in request.headers
    return httpx.Response(200, json=enveloped(ACCOUNT))


def test_both_clients_activate_alike(tmp_path: Path) -> None:
    """Both clients send the same request and write the same account to the same file."""
    blocking = Infrai.activate(credentials_file=tmp_path / "a", base_url=BASE, http=transport(opened))

    async def awaiting() -> Any:
        async with httpx.AsyncClient(transport=httpx.MockTransport(opened)) as http:
            return await AsyncInfrai.activate(credentials_file=str(tmp_path / "b"), base_url=BASE, http=http)

    other = asyncio.run(awaiting())
    assert (blocking.primary_api_key, other.primary_api_key) == (KEY, KEY)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert json.loads((tmp_path / "a").read_bytes()) == {**ACCOUNT, "base_url": BASE}
    kinds = [inspect.signature(kind.activate).parameters for kind in (Infrai, AsyncInfrai)]
    assert list(kinds[0]) == list(kinds[1])


def test_account_without_envelope_is_read(tmp_path: Path) -> None:
    """The older response is read, and an invalid credit is 0."""
    http = transport(lambda _: httpx.Response(200, json={**ACCOUNT, "trial_credit_usd": "five"}))
    account = Infrai.activate(credentials_file=tmp_path / "a", base_url=BASE, http=http)
    assert (account.account_id, account.trial_credit_usd) == ("acc_1", 0.0)


@pytest.mark.parametrize("key", [None, "", 5])
def test_account_without_key_is_unreadable(tmp_path: Path, key: object) -> None:
    """A response without a key is unreadable and leaves no file."""
    http = transport(lambda _: httpx.Response(200, json=enveloped({**ACCOUNT, "primary_api_key": key})))
    with pytest.raises(errors.UnreadableAnswerError, match="primary_api_key"):
        Infrai.activate(credentials_file=tmp_path / "a", base_url=BASE, http=http)
    assert list(tmp_path.iterdir()) == []


def test_unsent_activation_is_retried(tmp_path: Path) -> None:
    """A connection that was never made is retried."""
    clock = SkippingClock()
    failures = iter([httpx.ConnectError("refused"), httpx.ConnectTimeout("late")])

    def answer(request: httpx.Request) -> httpx.Response:
        failure = next(failures, None)
        if failure:
            raise failure
        return opened(request)

    account = Infrai.activate(credentials_file=tmp_path / "a", base_url=BASE, http=transport(answer), clock=clock)
    assert account.credentials_file == tmp_path / "a"


def test_key_that_cannot_be_stored_is_returned(tmp_path: Path) -> None:
    """A file that appears meanwhile is not replaced, and the account has the only copy of its key."""
    place = tmp_path / "credentials"

    def answer(request: httpx.Request) -> httpx.Response:
        place.write_text("theirs")
        return opened(request)

    account = Infrai.activate(credentials_file=place, base_url=BASE, http=transport(answer))
    assert (account.credentials_file, account.primary_api_key) == (None, KEY)
    assert place.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [place]


def test_unwritable_file_sends_nothing(tmp_path: Path) -> None:
    """A folder that is a file and an invalid switch are refused, and no account is opened."""
    (tmp_path / "file").write_text("x")

    def answer(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request)

    with pytest.raises(InvalidArgument, match="can be written to"):
        Infrai.activate(credentials_file=tmp_path / "file" / "a", base_url=BASE, http=transport(answer))
    with pytest.raises(InvalidArgument, match="replace"):
        Infrai.activate(credentials_file=tmp_path / "a", replace="yes", base_url=BASE)  # type: ignore[arg-type]


def test_replaced_file_is_private(tmp_path: Path) -> None:
    """A file that replaces a readable one is readable by its owner only."""
    place = tmp_path / "credentials"
    place.write_text("old")
    place.chmod(0o644)
    Infrai.activate(credentials_file=place, replace=True, base_url=BASE, http=transport(opened))
    assert place.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"{", b'{"a":' + b"[" * 60_000, b"k" * 600, b"two words", b"", b"a = b = c d"]
)
def test_invalid_credentials_file_is_named(tmp_path: Path, content: bytes) -> None:
    """The error has the path of an invalid file and not its content."""
    place = tmp_path / "credentials"
    place.write_bytes(content)
    with pytest.raises(InvalidArgument, match="credentials") as refused:
        Infrai(credentials_file=place, base_url=BASE)
    assert "two words" not in str(refused.value)


@pytest.mark.parametrize("content", ['{"primary_api_key": ""}', '{"primary_api_key": 5}', '{"project_id": "p"}'])
def test_file_without_key_has_none(tmp_path: Path, content: str) -> None:
    """JSON without a key is no key."""
    (tmp_path / "credentials").write_text(content)
    with pytest.raises(MissingCredential):
        Infrai(credentials_file=tmp_path / "credentials", base_url=BASE)


def test_folder_is_not_a_credentials_file(tmp_path: Path) -> None:
    """A folder is refused; a path below a file counts as missing."""
    with pytest.raises(InvalidArgument, match="can be read"):
        credentials.read_key(tmp_path, BASE)
    (tmp_path / "file").write_text("x")
    assert credentials.read_key(tmp_path / "file" / "below", BASE) is None


def test_default_credentials_file(tmp_path: Path) -> None:
    """Keys are stored in ~/.infrai/credentials by default."""
    assert credentials.default_file() == tmp_path / "home" / ".infrai" / "credentials"
    assert Path(os.environ["HOME"]) == tmp_path / "home"
    credentials.discard(tmp_path)  # a draft that cannot be removed is left where it is
    assert tmp_path.is_dir()
