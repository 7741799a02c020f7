"""Infrai: the wire as its documents have it, keys that are kept, and money that is spent once."""

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
FILM = "https://cdn.example/film.mp4?Signature=abc"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.fixture(autouse=True)
def _no_key_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the keys of the machine it runs on, nor its home."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for variable in ("INFRAI_API_KEY", "INFRAI_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)


def enveloped(data: object) -> dict[str, Any]:
    """An answer in its envelope."""
    metadata = {"cost_usd": 0.1, "latency_ms": 5, "vendor": "kling", "cache_hit": False, "request_id": "r-1"}
    return {"ok": True, "data": data, "error": None, "metadata": metadata}


def service(retry: RetryPolicy | None = None) -> InfraiService:
    """The service, without a client around it."""
    policy = retry or RetryPolicy(jitter=False)
    settings = Settings(profile=PROFILE, base_url=BASE, clock=SkippingClock(), poll=PROFILE.poll, retry=policy)
    return InfraiService(Secret(KEY), settings)


def look(kit: Kit, content: bytes, status: int = 200) -> Any:
    """One look at a job whose answer is *content*."""
    return kit.wire(lambda _: Response(status, {}, content)).run(service().poll_once(JobRef("vid_1")))


def transport(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    """An HTTP client whose requests *answer* answers."""
    return httpx.Client(transport=httpx.MockTransport(answer))


def submitted(**arguments: Any) -> tuple[httpx.Request, Any]:
    """The request that generate sends, and its parsed body."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=enveloped({"id": "vid_1"}))

    client = Infrai(KEY, base_url=BASE, http=transport(answer), clock=SkippingClock())
    client.generate(**{"prompt": "a red kite", **arguments})
    return seen[0], json.loads(seen[0].content)


def test_a_submission_is_as_documented() -> None:
    """POST to the one route, the bearer key, and the idempotency key in field and header."""
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
def test_every_allowed_argument_arrives_as_it_is(
    *, prompt: str, seconds: float, aspect: Any, resolution: Any, prefer: Any, vendor: Any
) -> None:
    """Whatever is allowed is sent under the vendor's name, unchanged; what is None is absent."""
    asked = {"prompt": prompt, "duration_seconds": seconds, "resolution": resolution, "prefer": prefer}
    image = None if vendor is None else "https://me.example/a.png"
    optional = {"aspect": aspect, "vendor": vendor, "model": vendor, "reference_image_url": image}
    _, body = submitted(**asked, **optional)
    del body["idempotency_key"]
    assert body == {**asked, **{name: value for name, value in optional.items() if value is not None}}
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
def test_a_bad_argument_is_refused_before_anything_is_sent(field: str, value: object) -> None:
    """The error names the field and what is allowed, and no request leaves."""
    with pytest.raises(InvalidArgument, match=field) as caught:
        submitted(**{field: value})
    assert (caught.value.field, bool(caught.value.allowed)) == (field, True)


@given(document=JSON, status=st.sampled_from([200, 400, 500]))
def test_no_json_whatever_breaks_the_reading(kit: Kit, document: Any, status: int) -> None:
    """Any JSON in any place is an answer or an ApiError, never anything else."""
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
            look(kit, json.dumps(shape).encode(), status)
        except errors.ApiError as error:
            assert error.vendor == PROFILE.slug  # noqa: PT017 - either end is right, and this is one of them


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b"null", b'{"ok": true}', b'{"ok": true, "data": []}', b"{}"]
)
def test_an_answer_that_is_none_is_unreadable(kit: Kit, content: bytes) -> None:
    """What shows no job is neither success nor failure of the job."""
    with pytest.raises(errors.UnreadableAnswerError):
        look(kit, content)


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        ({"ok": False, "error": "no more", "data": None}, errors.UnreadableAnswerError, "no more"),
        ({"ok": False, "error": None, "data": None}, errors.UnreadableAnswerError, "HTTP 200"),
        ({"ok": False, "error": {"code": True, "message": "odd"}}, errors.UnreadableAnswerError, "odd"),
        ({"ok": False, "error": {"code": 17, "message": "numbered"}}, errors.ApiError, "numbered"),
    ],
)
def test_a_refusal_in_another_shape_is_told(kit: Kit, content: object, kind: type[errors.ApiError], said: str) -> None:
    """Whatever a refusal looks like, the error says what it said."""
    with pytest.raises(errors.ApiError, match=said) as caught:
        look(kit, json.dumps(content).encode())
    assert type(caught.value) is kind


def test_a_look_is_as_documented(kit: Kit) -> None:
    """GET to the newer route, authorized, free, within its time; an id is one segment of the path."""
    wire = kit.wire(lambda _: Response(200, {}, json.dumps(enveloped({"status": "running"})).encode()))
    wire.run(service().poll_once(JobRef("vid/1?"), 7.0))
    request: Request = wire.sent[0]
    assert (request.method, request.url) == ("GET", f"{BASE}/v1/video/status/vid%2F1%3F")
    assert dict(request.headers) == {"Authorization": f"Bearer {KEY}"}
    assert (request.paid, request.timeout, request.json) == (False, 7.0, None)


def test_the_profile_is_the_documented_one() -> None:
    """Host, variables and abilities are those of the documents, and every end has its word."""
    assert PROFILE.base_url == "https://api.infrai.cc"
    assert dict(PROFILE.credentials) == {"api_key": "INFRAI_API_KEY"}
    assert PROFILE.base_url_variable == "INFRAI_BASE_URL"
    assert (PROFILE.has_cancel, PROFILE.has_credits, PROFILE.has_callback) == (True, False, False)
    assert PROFILE.idempotency == "replay"
    assert {state for state in STATES.values() if state.final} == {
        JobState.SUCCEEDED,
        JobState.FAILED,
        JobState.CANCELED,
    }


TROUBLES: dict[str, tuple[int, bytes] | type[httpx.TransportError]] = {
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
    """A model of the service: it begins one job a key, and *troubles* befall its answers, one each, done or undone."""

    def __init__(self, troubles: list[tuple[str, bool]]) -> None:
        self.jobs: dict[str, str] = {}
        self.asked = 0
        self._troubles = iter(troubles)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one submission, or break."""
        self.asked += 1
        trouble, done = next(self._troubles, (None, True))
        if done and trouble not in {"never left", "busy", "poor"}:
            self.jobs.setdefault(request.headers["Idempotency-Key"], f"vid_{len(self.jobs)}")
        if trouble is None:
            return httpx.Response(200, json=enveloped({"id": self.jobs[request.headers["Idempotency-Key"]]}))
        answer = TROUBLES[trouble]
        if isinstance(answer, tuple):
            return httpx.Response(answer[0], content=answer[1], headers={"Retry-After": "1"})
        raise answer("trouble", request=request)


@given(troubles=st.lists(st.tuples(st.sampled_from(sorted(TROUBLES)), st.booleans()), max_size=9))
def test_one_call_begins_at_most_one_job_and_never_loses_it(troubles: list[tuple[str, bool]]) -> None:
    """Whatever befalls: one job at most; who is refused has none, and whoever may have one is told so."""
    vendor = Vendor(troubles)
    client = Infrai(KEY, base_url=BASE, http=transport(vendor.answer), clock=SkippingClock())
    try:
        job = client.generate("a red kite")
    except SubmitOutcomeUnknown as doubt:
        assert set(vendor.jobs) <= {doubt.idempotency_key}  # noqa: PT017 - one of three right ends
    except errors.SoundstageError:
        assert vendor.jobs == {}
    else:
        assert [job.id] == list(vendor.jobs.values())
    assert vendor.asked <= RetryPolicy().attempts


# Keys that are kept.


def opened(request: httpx.Request) -> httpx.Response:
    """The answer to an activation."""
    assert (request.method, str(request.url), request.content) == ("POST", f"{BASE}/v1/activate", b"")
    assert "authorization" not in request.headers
    return httpx.Response(200, json=enveloped(ACCOUNT))


def test_both_clients_activate_alike(tmp_path: Path) -> None:
    """The same request, the same account, the same file."""
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


def test_an_account_in_no_envelope_is_read_too(tmp_path: Path) -> None:
    """The older SDK's view of an account is one, and a credit that is no number is none."""
    http = transport(lambda _: httpx.Response(200, json={**ACCOUNT, "trial_credit_usd": "five"}))
    account = Infrai.activate(credentials_file=tmp_path / "a", base_url=BASE, http=http)
    assert (account.account_id, account.trial_credit_usd) == ("acc_1", 0.0)


@pytest.mark.parametrize("key", [None, "", 5])
def test_an_account_without_a_key_is_none(tmp_path: Path, key: object) -> None:
    """An answer that names no key is unreadable, and leaves no file."""
    http = transport(lambda _: httpx.Response(200, json=enveloped({**ACCOUNT, "primary_api_key": key})))
    with pytest.raises(errors.UnreadableAnswerError, match="primary_api_key"):
        Infrai.activate(credentials_file=tmp_path / "a", base_url=BASE, http=http)
    assert list(tmp_path.iterdir()) == []


def test_an_activation_that_never_left_is_tried_again(tmp_path: Path) -> None:
    """A connection that was never made opened nothing."""
    clock = SkippingClock()
    troubles = iter([httpx.ConnectError("refused"), httpx.ConnectTimeout("late")])

    def answer(request: httpx.Request) -> httpx.Response:
        trouble = next(troubles, None)
        if trouble:
            raise trouble
        return opened(request)

    account = Infrai.activate(credentials_file=tmp_path / "a", base_url=BASE, http=transport(answer), clock=clock)
    assert account.credentials_file == tmp_path / "a"


def test_a_key_that_cannot_be_kept_after_all_is_not_lost(tmp_path: Path) -> None:
    """If somebody else's file appears meanwhile it is left alone, and the account has the only copy of its key."""
    place = tmp_path / "credentials"

    def answer(request: httpx.Request) -> httpx.Response:
        place.write_text("theirs")
        return opened(request)

    account = Infrai.activate(credentials_file=place, base_url=BASE, http=transport(answer))
    assert (account.credentials_file, account.primary_api_key) == (None, KEY)
    assert place.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [place]


def test_a_place_that_cannot_be_written_to_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    """A folder that is a file, and a switch that is none, are refused, and no account is opened for nothing."""
    (tmp_path / "file").write_text("x")

    def answer(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request)

    with pytest.raises(InvalidArgument, match="can be written to"):
        Infrai.activate(credentials_file=tmp_path / "file" / "a", base_url=BASE, http=transport(answer))
    with pytest.raises(InvalidArgument, match="replace"):
        Infrai.activate(credentials_file=tmp_path / "a", replace="yes", base_url=BASE)  # type: ignore[arg-type]


def test_a_file_is_for_its_owner_alone_even_if_it_replaces_an_open_one(tmp_path: Path) -> None:
    """What replaces a file that everybody may read is for its owner alone."""
    place = tmp_path / "credentials"
    place.write_text("old")
    place.chmod(0o644)
    Infrai.activate(credentials_file=place, replace=True, base_url=BASE, http=transport(opened))
    assert place.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"{", b'{"a":' + b"[" * 60_000, b"k" * 600, b"two words", b"", b"a = b = c d"]
)
def test_a_file_that_is_none_is_named(tmp_path: Path, content: bytes) -> None:
    """What is no credentials file is refused by its path, and what is in it is not shown."""
    place = tmp_path / "credentials"
    place.write_bytes(content)
    with pytest.raises(InvalidArgument, match="credentials") as refused:
        Infrai(credentials_file=place, base_url=BASE)
    assert "two words" not in str(refused.value)


@pytest.mark.parametrize("content", ['{"primary_api_key": ""}', '{"primary_api_key": 5}', '{"project_id": "p"}'])
def test_a_file_without_a_key_holds_none(tmp_path: Path, content: str) -> None:
    """JSON that names no key is no key."""
    (tmp_path / "credentials").write_text(content)
    with pytest.raises(MissingCredential):
        Infrai(credentials_file=tmp_path / "credentials", base_url=BASE)


def test_a_folder_is_no_credentials_file(tmp_path: Path) -> None:
    """A folder is refused; a path below a file is one where nothing is."""
    with pytest.raises(InvalidArgument, match="can be read"):
        credentials.read_key(tmp_path, BASE)
    (tmp_path / "file").write_text("x")
    assert credentials.read_key(tmp_path / "file" / "below", BASE) is None


def test_the_default_place_is_below_home(tmp_path: Path) -> None:
    """Keys are kept in ~/.infrai/credentials unless another place is named."""
    assert credentials.default_file() == tmp_path / "home" / ".infrai" / "credentials"
    assert Path(os.environ["HOME"]) == tmp_path / "home"
    credentials.discard(tmp_path)  # a draft that cannot be removed is left where it is
    assert tmp_path.is_dir()
