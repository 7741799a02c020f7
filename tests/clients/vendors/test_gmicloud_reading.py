"""GMI Cloud: one-time codes, models and prices, and requests in a list."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import httpx
import pytest

from soundstage import GMICloud, InvalidArgument, JobState, MissingCredential, SkippingClock, errors
from soundstage.vendors.gmicloud.models import Model, Parameter, Price, read_model, read_profile

BASE = "https://service.example"
CENTS = Price(8, "per_second", "cent")


def client(answers: dict[str, Any], sent: list[httpx.Request] | None = None, **options: Any) -> GMICloud:
    """Return a client to which each path has its own response: JSON, or a status and JSON."""

    def handler(request: httpx.Request) -> httpx.Response:
        if sent is not None:
            sent.append(request)
        answer = answers[request.url.path]
        status, body = answer(request) if callable(answer) else (200, answer)
        return httpx.Response(status, json=body)

    http = httpx.Client(transport=httpx.MockTransport(handler))
    return GMICloud(**{"base_url": BASE, "http": http, "clock": SkippingClock(), **options})


def guarded(sent: list[httpx.Request], otp: Any) -> GMICloud:
    """Return a client of an account with a second factor, whose code is 123456."""

    def session(request: httpx.Request) -> tuple[int, Any]:
        right = json.loads(request.content)["otpCode"] == "123456"
        return (200, {"accessToken": "access-1", "refreshToken": "refresh-1"}) if right else (401, {"message": "wrong"})

    answers = {
        "/me/auth-tokens": {"authToken": "auth-1", "is2FARequired": True},
        "/me/sessions": session,
        "/ie/requestqueue/models": {"models": []},
    }
    return client(answers, sent, email="fox", password="secret", otp=otp)


@pytest.mark.parametrize(("codes", "calls"), [(["123456"], 1), (["1", "123456 "], 2), (["1", "2", "123456"], 3)])
def test_otp_callable_is_called_until_code_is_right(codes: list[str], calls: int) -> None:
    """The callable is called up to three times; blanks around the code are ignored."""
    sent: list[httpx.Request] = []
    assert guarded(sent, lambda: codes.pop(0)).models() == []
    assert [request.url.path for request in sent].count("/me/sessions") == calls


@pytest.mark.parametrize(("otp", "tries"), [("000000", 1), (lambda: "000000", 3)])
def test_wrong_otp_is_authentication_error(otp: Any, tries: int) -> None:
    """A fixed code is sent once and a callable is called three times."""
    sent: list[httpx.Request] = []
    with pytest.raises(errors.AuthenticationError, match="wrong"):
        guarded(sent, otp).models()
    assert [request.url.path for request in sent].count("/me/sessions") == tries


def test_missing_otp_is_named() -> None:
    """Without otp the error names it; a return value that is not a code is refused before it is sent."""
    sent: list[httpx.Request] = []
    with pytest.raises(MissingCredential, match="otp="):
        guarded(sent, None).models()
    for answer in ("", " ", None, 5):
        with pytest.raises(InvalidArgument, match="otp"):
            guarded(sent, lambda answer=answer: answer).models()
    assert "/me/sessions" not in [request.url.path for request in sent]


@pytest.mark.parametrize(
    ("price", "payload", "dollars"),
    [
        (CENTS, {"video_length": 5}, "0.4"),
        (CENTS, {"duration": 2.5, "video_length": None}, "0.2"),
        (CENTS, {"video_length": "long"}, "0.24"),
        (CENTS, {"video_length": True}, "0.24"),
        (Price(1, "Per Second", "USD"), {"duration": 4}, "4.0"),
        (Price(50, "per_request", "cents"), {}, "0.5"),
        (Price(0, "per_second", "cent"), {"duration": 4}, "0.0"),
    ],
)
def test_estimate_is_in_dollars(price: Price, payload: dict[str, Any], dollars: str) -> None:
    """Cents or dollars, by the second or by the request; an invalid duration falls back to the model's default."""
    model = Model("m", parameters=(Parameter("duration", default=3),), price=price)
    assert model.estimate(payload) == Decimal(dollars)


@pytest.mark.parametrize(
    "model",
    [
        Model("m"),
        Model("m", price=Price(-1, "per_second", "cent")),
        Model("m", price=Price(8, "per_token", "cent")),
        Model("m", price=Price(8, "per_second", "shells")),
        Model("m", price=CENTS),
        Model("m", price=CENTS, parameters=(Parameter("duration", default="long"),)),
    ],
)
def test_unknown_price_has_no_estimate(model: Model) -> None:
    """Without a price, a known unit or a duration there is no estimate."""
    with pytest.raises(errors.UnsupportedError, match="is unknown"):
        model.estimate({"prompt": "x"})


def test_model_is_read_in_both_dialects() -> None:
    """A parameter's name is under key or name; missing values stay missing."""
    model = read_model(
        {
            "model": "m",
            "parameters": [
                {"key": "a", "type": "numeric", "min": 1, "max": 2, "step": 0.5, "value": 1.5},
                {"name": "b", "type": "text", "required": True, "value": ""},
                {"key": "c", "type": "boolean", "value": False},
                {"type": "text"},
                "nothing",
            ],
            "price_info": {"price": 0.08, "unit": "USD"},
        }
    )
    assert [parameter.key for parameter in model.parameters] == ["a", "b", "c"]
    first, second, third = model.parameters
    assert (first.least, first.most, first.step, first.default, first.required) == (1.0, 2.0, 0.5, 1.5, None)
    assert (second.required, second.default, second.least) == (True, None, None)
    assert third.default is False
    assert model.price is None
    assert read_profile({"user": None}).organization_id == ""


def test_lists_and_profile_are_read() -> None:
    """Requests of a list are records with their videos, null is an empty list; a key has neither."""
    video = "https://storage.example/0.mp4?Signature=s"
    listed = {
        "requests": [
            {"request_id": "r-1", "model": "m", "status": "success", "outcome": {"video_url": video}, "created_at": 7},
            {"request_id": "r-2", "model": "m", "status": "success", "outcome": None},
            {"status": "queued"},
        ]
    }
    tokens = {"authToken": "a", "is2FARequired": False, "accessToken": "b", "refreshToken": "c"}
    answers: dict[str, Any] = {
        "/me/auth-tokens": tokens,
        "/me/sessions": tokens,
        "/me/profile": {"user": {"id": "u-1", "email": "fox"}, "organization": {"id": "o-1"}},
        "/ie/requestqueue/requests": listed,
        "/ie/requestqueue/models": {"models": None},
    }
    ours = client(answers, email="fox", password="secret")
    first, second = ours.requests("m")
    assert (first.id, first.state, first.created_at, first.media[0].url) == ("r-1", JobState.SUCCEEDED, 7, video)
    assert (second.state, second.created_at, second.media) == (JobState.FAILED, None, ())
    assert "Signature=s" not in repr(first)
    assert ours.models() == []
    assert (ours.profile().user_id, ours.profile().organization_id) == ("u-1", "o-1")
    assert "fox" not in repr(ours.profile()).replace("raw", "")
    key = client(answers, api_key="key")
    for refused in (key.profile, lambda: key.requests("m")):
        with pytest.raises(errors.UnsupportedError):
            refused()


def test_key_lists_model_ids() -> None:
    """With a key the list has ids, and other items are ignored."""
    ours = client({"/ie/requestqueue/apikey/models": {"model_ids": ["m", 5, None]}}, api_key="key")
    assert ours.models() == [Model("m")]


def test_final_submission_without_outcome_is_polled() -> None:
    """A final state without an outcome is not final yet; with its video it is."""
    path = "/ie/requestqueue/apikey/requests"
    final: dict[str, Any] = {"request_id": "r-1", "status": "success"}
    assert client({path: final}, api_key="key").text_to_video("a kite").state is JobState.RUNNING
    finished = {**final, "outcome": {"audio_url": "https://storage.example/0"}}
    job = client({path: finished}, api_key="key").text_to_video("a kite")
    assert [(output.kind, job.state) for output in job.outputs] == [("audio", JobState.SUCCEEDED)]
