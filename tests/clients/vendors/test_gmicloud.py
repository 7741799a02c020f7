"""GMI Cloud: the wire as its documents have it, a login that keeps itself, and what is not sent at all."""

from __future__ import annotations

import asyncio
import json
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import AsyncGMICloud, GMICloud, InvalidArgument, MissingCredential, RetryPolicy, SkippingClock, errors
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
    """Answers as the documents have it; *odd* answers what it likes first.

    Attributes:
        asked: Every method and path.
        valid: The access tokens that are taken.
    """

    def __init__(self, odd: Callable[[httpx.Request], httpx.Response | None] = lambda _: None) -> None:
        self.asked: list[str] = []
        self.sent: list[httpx.Request] = []
        self.valid: set[str] = set()
        self._odd = odd
        self._given = 0
        self._lock = threading.Lock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        with self._lock:
            self.sent.append(request)
            self.asked.append(f"{request.method} {request.url.path}")
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
    """A blocking client that logs in with *service*."""
    http = httpx.Client(transport=httpx.MockTransport(service))
    given = {"base_url": BASE, "http": http, "clock": SkippingClock(), "retry": RetryPolicy(jitter=False), **options}
    return GMICloud(**given) if "api_key" in given else GMICloud("fox@example.test", PASSWORD, **given)


def async_client(service: Service, **options: Any) -> AsyncGMICloud:
    """An awaiting client that logs in with *service*."""
    http = httpx.AsyncClient(transport=httpx.MockTransport(service))
    given = {"base_url": BASE, "http": http, "clock": SkippingClock(), "retry": RetryPolicy(jitter=False), **options}
    return AsyncGMICloud("fox@example.test", PASSWORD, **given)


# Who is let in.


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
def test_what_is_given_comes_before_the_environment(given: dict[str, Any], environ: dict[str, str], kind: type) -> None:
    """An argument decides the face; without one, a login in the environment comes before a key."""
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
def test_what_is_missing_is_named(environ: dict[str, str], variable: str) -> None:
    """The error names the variable that would have helped."""
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
        ({"email": "a", "password": "b", "max_spend": -1}, "max_spend"),
    ],
)
def test_a_bad_credential_is_refused_by_name_and_not_shown(options: dict[str, Any], field: str) -> None:
    """The error names the argument, and shows nothing of a secret."""
    with pytest.raises(InvalidArgument, match=field) as refused:
        GMICloud(**options)
    assert refused.value.field == field
    assert not any(secret in str(refused.value) for secret in ("key\\n", "\ud800"))


def test_a_coroutine_function_asks_for_no_code() -> None:
    """Nobody would await what asks for a code: it is refused at once."""

    async def ask() -> str:
        return "123456"

    with pytest.raises(InvalidArgument, match="otp"):
        GMICloud("a", "b", otp=ask)  # type: ignore[arg-type] # the mistake


def test_any_password_will_do() -> None:
    """A password may hold spaces and any script, since it travels in a body."""
    service = Service()
    http = httpx.Client(transport=httpx.MockTransport(service))
    GMICloud("fox", "пароль mit Leerzeichen 🦊", base_url=BASE, http=http).models()
    assert json.loads(service.sent[0].content)["password"] == "пароль mit Leerzeichen 🦊"


# A login that keeps itself.


def test_a_login_happens_once() -> None:
    """The first call logs in, and the next ones go on with what it gave."""
    service = Service()
    ours = client(service)
    assert service.asked == []
    job = ours.text_to_video("a kite")
    job.refresh()
    assert service.asked == [
        "POST /me/auth-tokens",
        "POST /me/sessions",
        "POST /ie/requestqueue/requests",
        "GET /ie/requestqueue/requests/r-1",
    ]


@pytest.mark.parametrize("refusal", [400, 401, 403, 404])
def test_a_refused_refresh_is_a_new_login(refusal: int) -> None:
    """However a refresh token is refused, e-mail and password are sent again, once."""

    def odd(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(refusal, json={"message": "gone"}) if request.method == "PATCH" else None

    service = Service(odd)
    ours = client(service)
    job = ours.job("r-1").refresh()
    service.valid.clear()
    job.refresh()
    assert service.asked[3:] == [
        "GET /ie/requestqueue/requests/r-1",
        "PATCH /me/sessions",
        "POST /me/auth-tokens",
        "POST /me/sessions",
        "GET /ie/requestqueue/requests/r-1",
    ]


def test_a_refresh_that_is_lost_is_tried_again() -> None:
    """A session is not given up for a dropped connection: the refresh is sent again, and no password is."""
    lost = [httpx.ReadError("reset"), httpx.ConnectError("refused")]

    def odd(request: httpx.Request) -> httpx.Response | None:
        if request.method == "PATCH" and lost:
            raise lost.pop()
        return None

    service = Service(odd)
    job = client(service).job("r-1").refresh()
    service.valid.clear()
    job.refresh()
    assert service.asked.count("PATCH /me/sessions") == 3
    assert service.asked.count("POST /me/auth-tokens") == 1


def test_a_login_that_cannot_be_reached_pays_nothing() -> None:
    """Trouble before the submission is ConnectionFailed, not an outcome that is unknown."""

    def odd(request: httpx.Request) -> httpx.Response | None:
        raise httpx.ReadTimeout("slow", request=request)

    service = Service(odd)
    with pytest.raises(errors.ConnectionFailed):
        client(service, retry=RetryPolicy(attempts=2, jitter=False)).text_to_video("a kite")
    assert service.asked == ["POST /me/auth-tokens"] * 2


def test_whoever_waits_shares_the_failure_of_a_login() -> None:
    """Tasks that begin at once meet one refused login, all of them; who comes later tries for itself."""
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
    assert service.asked.count("POST /me/auth-tokens") == 2


@given(answer=JSON)
def test_no_answer_whatever_breaks_a_login(answer: Any) -> None:
    """Any JSON in the place of an authToken or a session is an ApiError or a session, never anything else."""
    for path in ("/me/auth-tokens", "/me/sessions"):

        def odd(request: httpx.Request, path: str = path) -> httpx.Response | None:
            content = json.dumps(answer).encode()
            headers = {"Content-Type": "application/json"}
            return httpx.Response(200, content=content, headers=headers) if request.url.path == path else None

        with pytest.raises(errors.ApiError):
            client(Service(odd)).models()


@pytest.mark.parametrize("token", ["", "a\nb", "ü", None, 5, "\x00"])
def test_a_token_that_no_header_can_carry_is_unreadable(token: Any) -> None:
    """An answer with such a token is an UnreadableAnswerError."""

    def odd(request: httpx.Request) -> httpx.Response | None:
        if request.url.path != "/me/sessions":
            return None
        return httpx.Response(200, json={"accessToken": token, "refreshToken": "x"})

    with pytest.raises(errors.UnreadableAnswerError, match="accessToken"):
        client(Service(odd)).models()


def test_what_an_answer_echoes_is_masked() -> None:
    """Password and tokens are masked in errors about answers that echo them, the newest and the ones before."""

    def odd(request: httpx.Request) -> httpx.Response | None:
        if "requests" not in request.url.path:
            return None
        return httpx.Response(418, json={"error": f"{PASSWORD} access-token-1 refresh-token-1 auth-token-0"})

    with pytest.raises(errors.ApiError) as echoed:
        client(Service(odd)).text_to_video("a kite")
    told = f"{echoed.value!r} {echoed.value} {echoed.value.body}"
    assert "***" in told
    assert not any(secret in told for secret in (PASSWORD, "access-token", "refresh-token", "auth-token"))
    assert "token" not in repr(Tokens("access-token-1", "refresh-token-1"))


# What is sent.


def test_an_image_of_our_own_becomes_a_data_address(tmp_path: Path) -> None:
    """A path or bytes travel in base64 with their type; an address and a data address go as they are."""
    (tmp_path / "fox.png").write_bytes(PNG)
    service = Service()
    ours = client(service, api_key="key")
    addresses = ["https://a.example/x.png", "data:image/png;base64,AA=="]
    images: list[Any] = [tmp_path / "fox.png", str(tmp_path / "fox.png"), PNG, *addresses]
    for image in images:
        ours.image_to_video("a kite", image)
    heard = [json.loads(request.content)["payload"]["image"] for request in service.sent]
    assert heard[0] == heard[1] == heard[2] != ""
    assert heard[0].startswith("data:image/png;base64,iVBORw0KGgo")
    assert heard[3:] == addresses


@pytest.mark.parametrize("image", ["", b"", b"no image", "/nowhere/fox.png", 5, None])
def test_a_bad_image_is_refused_before_anything_is_sent(image: Any) -> None:
    """What is no image and no address is an InvalidArgument; nobody even logs in."""
    service = Service()
    with pytest.raises(InvalidArgument, match="image"):
        client(service).image_to_video("a kite", image)
    assert service.asked == []


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
def test_a_bad_argument_is_refused_before_anything_is_sent(method: str, arguments: dict[str, Any], field: str) -> None:
    """The error names the field, and no request leaves."""
    service = Service()
    with pytest.raises(InvalidArgument) as refused:
        getattr(client(service), method)(**arguments)
    assert refused.value.field == field
    assert service.asked == []


def test_a_payload_is_not_shared_with_the_caller() -> None:
    """The caller's dictionary is left as it is."""
    payload = {"prompt": "x"}
    client(Service()).create_request("m", payload)
    assert payload == {"prompt": "x"}


def test_a_limit_asks_for_a_price_once() -> None:
    """With max_spend a model's price is asked for before its first submission, and not again."""
    service = Service()
    ours = client(service, api_key="key", max_spend=1.0)
    for _ in range(2):
        ours.create_request("m", {"duration": 5})
    with pytest.raises(errors.SpendLimitReached):
        ours.create_request("m", {"duration": 5})
    assert service.asked.count("GET /ie/requestqueue/apikey/models/m") == 1
    assert service.asked.count("POST /ie/requestqueue/apikey/requests") == 2
    assert ours.spent == pytest.approx(0.8)


@given(document=JSON)
def test_no_json_whatever_breaks_the_reading(document: Any) -> None:
    """Any JSON in any place is an answer or an error of ours, never anything else."""
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
            partial(ours.estimate, "m", {"prompt": "x"}),
            partial(ours.requests, "m"),
            partial(ours.text_to_video, "a kite"),
        ):
            try:
                call()
            except errors.SoundstageError as error:
                assert error.vendor == PROFILE.slug  # noqa: PT017 - either end is right, and this is one of them


def test_the_profile_is_the_documented_one() -> None:
    """Host, variables, model and abilities are those of the documents."""
    assert PROFILE.base_url == "https://console.gmicloud.ai/api/v1"
    assert PROFILE.base_url_variable == "GMI_CLOUD_BASE_URL"
    assert dict(PROFILE.credentials) == {
        "email": "GMI_CLOUD_EMAIL",
        "password": "GMI_CLOUD_PASSWORD",
        "api_key": "GMI_API_KEY",
    }
    assert TEXT_MODEL == "Wan-AI_Wan2.1-T2V-14B"
    assert (PROFILE.has_cancel, PROFILE.has_credits, PROFILE.has_callback) == (False, False, False)
    assert [PROFILE.poll.delay(look) for look in (1, 2, 9)] == [5.0, 6.25, 10.0]
