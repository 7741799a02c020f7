"""GMI Cloud: the documented wire format, a login that renews itself, and requests that are never sent."""

from __future__ import annotations

import asyncio
import json
import threading
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import (
    AsyncGMICloud,
    GMICloud,
    InvalidArgument,
    MissingCredential,
    RetryPolicy,
    SkippingClock,
    SpendLimit,
    errors,
)
from soundstage.vendors.gmicloud import PROFILE, TEXT_MODEL
from soundstage.vendors.gmicloud.access import KeyAccess, LoginAccess, find_access
from soundstage.vendors.gmicloud.login import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BASE = "https://service.example"
PASSWORD = "planted-password-0123456789"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
PRICED = {"model": "m", "price_info": {"price": 8, "pricing_type": "per_second", "unit": "cent"}}


class Service:
    """A service that responds as documented; *odd* may respond first.

    Attributes:
        requests: Every method and path.
        valid: The accepted access tokens.
    """

    def __init__(self, odd: Callable[[httpx.Request], httpx.Response | None] = lambda _: None) -> None:
        self.requests: list[str] = []
        self.sent: list[httpx.Request] = []
        self.valid: set[str] = set()
        self._odd = odd
        self._given = 0
        self._lock = threading.Lock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Return the response to a request."""
        with self._lock:
            self.sent.append(request)
            self.requests.append(f"{request.method} {request.url.path}")
            return self._odd(request) or self._answer(request)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/me/auth-tokens":
            return httpx.Response(200, json={"authToken": "auth-token-0", "is2FARequired": False})
        if request.url.path == "/me/sessions":
            self._given += 1
            self.valid = {f"access-token-{self._given}"}
            tokens = {"accessToken": f"access-token-{self._given}", "refreshToken": f"refresh-token-{self._given}"}
            return httpx.Response(200, json=tokens)
        token = request.headers["authorization"].removeprefix("Bearer ")
        if "apikey" not in request.url.path and token not in self.valid:
            return httpx.Response(401, json={"error": f"no such token: {token}"})
        if request.method == "POST":
            return httpx.Response(200, json={"request_id": "r-1", "status": "queued"})
        if request.url.path.endswith("/models"):
            return httpx.Response(200, json={"models": [PRICED]})
        body = PRICED if "/models" in request.url.path else {"request_id": "r-1", "status": "processing"}
        return httpx.Response(200, json=body)


def client(service: Service, **options: Any) -> GMICloud:
    """Return a sync client that logs in at *service*."""
    http = httpx.Client(transport=httpx.MockTransport(service))
    given = {"base_url": BASE, "http": http, "clock": SkippingClock(), "retry": RetryPolicy(jitter=False), **options}
    return GMICloud(**given) if "api_key" in given else GMICloud("fox@example.test", PASSWORD, **given)


def async_client(service: Service, **options: Any) -> AsyncGMICloud:
    """Return an async client that logs in at *service*."""
    http = httpx.AsyncClient(transport=httpx.MockTransport(service))
    given = {"base_url": BASE, "http": http, "clock": SkippingClock(), "retry": RetryPolicy(jitter=False), **options}
    return AsyncGMICloud("fox@example.test", PASSWORD, **given)


# Credentials.


@pytest.mark.parametrize(
    ("given", "environ", "kind"),
    [
        ({"api_key": "key"}, {}, KeyAccess),
        ({}, {"GMI_API_KEY": "key"}, KeyAccess),
        ({"api_key": "key"}, {"GMI_CLOUD_EMAIL": "a", "GMI_CLOUD_PASSWORD": "b"}, KeyAccess),
        ({"email": "a", "password": "b"}, {"GMI_API_KEY": "key"}, LoginAccess),
        ({"email": "a"}, {"GMI_CLOUD_PASSWORD": "b"}, LoginAccess),
        ({}, {"GMI_CLOUD_EMAIL": "a", "GMI_CLOUD_PASSWORD": "b", "GMI_API_KEY": "key"}, LoginAccess),
        ({"otp": "123456"}, {"GMI_CLOUD_EMAIL": "a", "GMI_CLOUD_PASSWORD": "b"}, LoginAccess),
    ],
)
def test_arguments_precede_environment(given: dict[str, Any], environ: dict[str, str], kind: type) -> None:
    """An argument selects the face; without one, a login in the environment precedes a key."""
    names = ("email", "password", "otp", "api_key", "organization_id")
    access = find_access(*(given.get(name) for name in names), environ=environ)
    assert type(access) is kind
    if isinstance(access, LoginAccess):
        assert (access.email, access.password.reveal()) == ("a", "b")
    assert not any(secret in repr(access) for secret in ("'b'", "'key'"))


@pytest.mark.parametrize(
    ("environ", "variable"),
    [
        ({}, "GMI_API_KEY"),
        ({"GMI_CLOUD_EMAIL": "a"}, "GMI_CLOUD_PASSWORD"),
        ({"GMI_CLOUD_PASSWORD": "a"}, "GMI_CLOUD_EMAIL"),
    ],
)
def test_missing_credential_is_named(environ: dict[str, str], variable: str) -> None:
    """The error names the missing variable."""
    with pytest.raises(MissingCredential, match=variable):
        find_access(None, None, None, None, None, environ=environ)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"api_key": "key", "email": "a"}, "api_key"),
        ({"api_key": "key", "otp": "123456"}, "api_key"),
        ({"api_key": "key\n"}, "api_key"),
        ({"api_key": "key", "organization_id": "two words"}, "organization_id"),
        ({"api_key": "key", "organization_id": "ü"}, "organization_id"),
        ({"api_key": "key", "organization_id": ""}, "organization_id"),
        ({"email": "a", "password": "b", "organization_id": "o"}, "organization_id"),
        ({"email": " ", "password": "b"}, "email"),
        ({"email": "a", "password": "\ud800"}, "password"),
        ({"email": "a", "password": "b", "otp": " "}, "otp"),
        ({"email": "a", "password": "b", "otp": 123456}, "otp"),
        ({"email": "a", "password": "b", "spend_limit": 5}, "spend_limit"),
    ],
)
def test_invalid_credential_is_named_and_masked(options: dict[str, Any], field: str) -> None:
    """The error names the argument and does not show the secret."""
    with pytest.raises(InvalidArgument, match=field) as refused:
        GMICloud(**options)
    assert refused.value.field == field
    assert not any(secret in str(refused.value) for secret in ("key\\n", "\ud800"))


def test_otp_must_not_be_coroutine_function() -> None:
    """A coroutine function as otp is refused at once, because it would never be awaited."""

    async def ask() -> str:
        return "123456"

    with pytest.raises(InvalidArgument, match="otp"):
        GMICloud("a", "b", otp=ask)  # type: ignore[arg-type] # the mistake


def test_password_may_have_any_characters() -> None:
    """A password may have spaces and any script, because it is sent in a body."""
    service = Service()
    http = httpx.Client(transport=httpx.MockTransport(service))
    GMICloud("fox", "пароль mit Leerzeichen 🦊", base_url=BASE, http=http).models()
    assert json.loads(service.sent[0].content)["password"] == "пароль mit Leerzeichen 🦊"


# The login session.


def test_login_happens_once() -> None:
    """The first call logs in, and later calls reuse its tokens."""
    service = Service()
    ours = client(service)
    assert service.requests == []
    job = ours.text_to_video("a kite")
    job.refresh()
    assert service.requests == [
        "POST /me/auth-tokens",
        "POST /me/sessions",
        "POST /ie/requestqueue/requests",
        "GET /ie/requestqueue/requests/r-1",
    ]


@pytest.mark.parametrize("refusal", [400, 401, 403, 404])
def test_refused_refresh_logs_in_again(refusal: int) -> None:
    """After any refusal of the refresh token the client logs in again, once."""

    def odd(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(refusal, json={"message": "gone"}) if request.method == "PATCH" else None

    service = Service(odd)
    ours = client(service)
    job = ours.job("r-1").refresh()
    service.valid.clear()
    job.refresh()
    assert service.requests[3:] == [
        "GET /ie/requestqueue/requests/r-1",
        "PATCH /me/sessions",
        "POST /me/auth-tokens",
        "POST /me/sessions",
        "GET /ie/requestqueue/requests/r-1",
    ]


def test_lost_refresh_is_retried() -> None:
    """A dropped connection repeats the refresh and sends no password."""
    lost = [httpx.ReadError("reset"), httpx.ConnectError("refused")]

    def odd(request: httpx.Request) -> httpx.Response | None:
        if request.method == "PATCH" and lost:
            raise lost.pop()
        return None

    service = Service(odd)
    job = client(service).job("r-1").refresh()
    service.valid.clear()
    job.refresh()
    assert service.requests.count("PATCH /me/sessions") == 3
    assert service.requests.count("POST /me/auth-tokens") == 1


def test_failed_login_starts_no_job() -> None:
    """An outage before the submission is ConnectionFailed, not an unknown outcome."""

    def odd(request: httpx.Request) -> httpx.Response | None:
        raise httpx.ReadTimeout("slow", request=request)

    service = Service(odd)
    with pytest.raises(errors.ConnectionFailed):
        client(service, retry=RetryPolicy(attempts=2, jitter=False)).text_to_video("a kite")
    assert service.requests == ["POST /me/auth-tokens"] * 2


def test_concurrent_calls_share_failed_login() -> None:
    """Concurrent calls share one refused login; a later call tries again."""
    wrong = True

    def odd(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(401, json={"message": "no"}) if wrong and request.url.path.startswith("/me/") else None

    service = Service(odd)

    async def story() -> list[object]:
        nonlocal wrong
        ours = async_client(service)
        ends: list[object] = await asyncio.gather(*(ours.models() for _ in range(5)), return_exceptions=True)
        wrong = False
        await ours.models()
        return ends

    ends = asyncio.run(story())
    assert [type(end) for end in ends] == [errors.AuthenticationError] * 5
    assert len({id(end) for end in ends}) == 5
    assert service.requests.count("POST /me/auth-tokens") == 2


@given(answer=JSON)
def test_any_login_response_is_session_or_api_error(answer: Any) -> None:
    """Any JSON in place of an authToken or a session gives a session or an ApiError."""
    for path in ("/me/auth-tokens", "/me/sessions"):

        def odd(request: httpx.Request, path: str = path) -> httpx.Response | None:
            content = json.dumps(answer).encode()
            headers = {"Content-Type": "application/json"}
            return httpx.Response(200, content=content, headers=headers) if request.url.path == path else None

        with pytest.raises(errors.ApiError):
            client(Service(odd)).models()


@pytest.mark.parametrize("token", ["", "a\nb", "ü", None, 5, "\x00"])
def test_token_must_fit_in_header(token: Any) -> None:
    """A token that a header cannot carry is an UnreadableAnswerError."""

    def odd(request: httpx.Request) -> httpx.Response | None:
        if request.url.path != "/me/sessions":
            return None
        return httpx.Response(200, json={"accessToken": token, "refreshToken": "x"})

    with pytest.raises(errors.UnreadableAnswerError, match="accessToken"):
        client(Service(odd)).models()


def test_echoed_secrets_are_masked() -> None:
    """Errors mask the password and all recent tokens that a response echoes."""

    def odd(request: httpx.Request) -> httpx.Response | None:
        if "requests" not in request.url.path:
            return None
        return httpx.Response(418, json={"error": f"{PASSWORD} access-token-1 refresh-token-1 auth-token-0"})

    with pytest.raises(errors.ApiError) as echoed:
        client(Service(odd)).text_to_video("a kite")
    shown = f"{echoed.value!r} {echoed.value} {echoed.value.body}"
    assert "***" in shown
    assert not any(secret in shown for secret in (PASSWORD, "access-token", "refresh-token", "auth-token"))
    assert "token" not in repr(Tokens("access-token-1", "refresh-token-1"))


# Requests.


def test_local_image_is_sent_as_data_url(tmp_path: Path) -> None:
    """A path or bytes are sent in base64 with their type; addresses are sent unchanged."""
    (tmp_path / "fox.png").write_bytes(PNG)
    service = Service()
    ours = client(service, api_key="key")
    addresses = ["https://a.example/x.png", "data:image/png;base64,AA=="]
    images: list[Any] = [tmp_path / "fox.png", str(tmp_path / "fox.png"), PNG, *addresses]
    for image in images:
        ours.image_to_video("a kite", image)
    images = [json.loads(request.content)["payload"]["image"] for request in service.sent]
    assert images[0] == images[1] == images[2] != ""
    assert images[0].startswith("data:image/png;base64,iVBORw0KGgo")
    assert images[3:] == addresses


@pytest.mark.parametrize("image", ["", b"", b"no image", "/nowhere/fox.png", 5, None])
def test_invalid_image_sends_nothing(image: Any) -> None:
    """An invalid image is an InvalidArgument, before any login."""
    service = Service()
    with pytest.raises(InvalidArgument, match="image"):
        client(service).image_to_video("a kite", image)
    assert service.requests == []


@pytest.mark.parametrize(
    ("method", "arguments", "field"),
    [
        ("text_to_video", {"prompt": "x", "cfg_scale": -0.1}, "cfg_scale"),
        ("text_to_video", {"prompt": "x", "cfg_scale": True}, "cfg_scale"),
        ("text_to_video", {"prompt": "x", "video_length": 2.5}, "video_length"),
        ("text_to_video", {"prompt": "x", "negative_prompt": 5}, "negative_prompt"),
        ("text_to_video", {"prompt": "x", "seed": -1}, "seed"),
        ("image_to_video", {"prompt": "x", "image": PNG, "duration": 0}, "duration"),
        ("create_request", {"model": "m", "payload": {1: "x"}}, "payload"),
        ("create_request", {"model": "m", "payload": [("prompt", "x")]}, "payload"),
        ("create_request", {"model": None, "payload": {"prompt": "x"}}, "model"),
    ],
)
def test_invalid_argument_sends_nothing(method: str, arguments: dict[str, Any], field: str) -> None:
    """The error names the field, and no request is sent."""
    service = Service()
    with pytest.raises(InvalidArgument) as refused:
        getattr(client(service), method)(**arguments)
    assert refused.value.field == field
    assert service.requests == []


def test_payload_of_caller_is_not_changed() -> None:
    """The caller's dictionary is not changed."""
    payload = {"prompt": "x"}
    client(Service()).create_request("m", payload)
    assert payload == {"prompt": "x"}


def test_spend_limit_reads_price_once() -> None:
    """With a spend limit a model's price is read before its first submission only."""
    service = Service()
    ours = client(service, api_key="key", spend_limit=SpendLimit(total=1))
    for _ in range(2):
        ours.create_request("m", {"duration": 5})
    with pytest.raises(errors.SpendLimitExceeded):
        ours.create_request("m", {"duration": 5})
    assert service.requests.count("GET /ie/requestqueue/apikey/models/m") == 1
    assert service.requests.count("POST /ie/requestqueue/apikey/requests") == 2
    assert ours.spent().total == Decimal("0.8")


@given(document=JSON)
def test_any_json_response_is_read_or_library_error(document: Any) -> None:
    """Any JSON in any place is read, or raises an error of this library."""
    shapes = (
        document,
        {"request_id": "r", "status": document, "outcome": document},
        {"request_id": "r", "status": "success", "outcome": {"media_urls": document, "video_url": document}},
        {"models": document, "requests": document, "model_ids": document},
        {"models": [document], "requests": [{"request_id": "r", "status": document, "created_at": document}]},
        {"model": document, "parameters": [document, {"key": "k", "min": document}], "price_info": document},
    )
    for shape in shapes:
        content = json.dumps(shape).encode()

        def odd(request: httpx.Request, content: bytes = content) -> httpx.Response | None:
            headers = {"Content-Type": "application/json"}
            return httpx.Response(200, content=content, headers=headers) if "/ie/" in request.url.path else None

        ours = client(Service(odd))
        for call in (
            ours.job("r").refresh,
            ours.models,
            partial(ours.model, "m"),
            partial(ours.estimate, "create_request", "m", {"prompt": "x"}),
            partial(ours.requests, "m"),
            partial(ours.text_to_video, "a kite"),
        ):
            try:
                call()
            except errors.SoundstageError as error:
                assert error.vendor == PROFILE.slug  # noqa: PT017 - either end is right, and this is one of them


def test_profile_matches_documents() -> None:
    """Host, variables, models and abilities are those of the documents."""
    assert PROFILE.base_url == "https://console.gmicloud.ai/api/v1"
    assert PROFILE.base_url_variable == "GMI_CLOUD_BASE_URL"
    assert dict(PROFILE.credentials) == {
        "email": "GMI_CLOUD_EMAIL",
        "password": "GMI_CLOUD_PASSWORD",
        "api_key": "GMI_API_KEY",
    }
    assert TEXT_MODEL == "Wan-AI_Wan2.1-T2V-14B"
    assert not PROFILE.has_callback
    assert [PROFILE.poll.delay(poll) for poll in (1, 2, 9)] == [5.0, 6.25, 10.0]
