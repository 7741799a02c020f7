"""GMI Cloud's refusals: each error of a login, of a face and of a request, by status, field and fact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_server import World
    from tests.mock_server.conftest import Caller, Kit, Reply

ROOT = "/api/v1"
QUEUE = f"{ROOT}/ie/requestqueue"
KEYED = f"{QUEUE}/apikey"
CREDENTIALS = {"email": "2fa-fox", "password": "secret"}


@pytest.fixture
def world(kit: Kit) -> Iterator[World]:
    """A world whose time only moves when the test moves it."""
    with kit.world() as world:
        yield world


@pytest.fixture
def caller(kit: Kit, world: World) -> Caller:
    """A caller with a key."""
    return kit.caller(world, "gmicloud")


def error_text(reply: Reply, status: int, fact: str) -> str:
    """Check a refusal and return its text."""
    assert (reply.status, reply.headers["x-soundstage-fact"]) == (status, f"gmicloud:{fact}")
    (text,) = reply.json().values()
    return str(text)


def start_login(caller: Caller, **credentials: str) -> str:
    """Start a login and return its authToken."""
    body = {**CREDENTIALS, **credentials}
    token = caller.send("POST", f"{ROOT}/me/auth-tokens", body, headers={}).json()["authToken"]
    return str(token)


def finish_login(caller: Caller, token: str, code: str | None) -> Reply:
    """Finish a login."""
    body = {"type": "native", "authToken": token, "otpCode": code}
    return caller.send("POST", f"{ROOT}/me/sessions", body, headers={})


def test_every_step_of_a_login_names_its_error(caller: Caller, world: World) -> None:
    """A code that is missing, wrong, or wrong for the third time; a token that is invalid or expired."""
    token = start_login(caller)
    assert "second factor" in error_text(finish_login(caller, token, None), 401, "login.refused")
    assert "wrong code" in error_text(finish_login(caller, token, "1"), 401, "login.refused")
    assert "wrong code" in error_text(finish_login(caller, token, "2"), 401, "login.refused")
    assert "third wrong code" in error_text(finish_login(caller, token, "3"), 401, "login.refused")
    assert "three wrong codes" in error_text(finish_login(caller, token, "123456"), 401, "login.refused")
    assert "a token of kind auth" in error_text(finish_login(caller, "a-word", None), 401, "login.refused")
    old = start_login(caller)
    world.advance(601)
    assert "has expired" in error_text(finish_login(caller, old, "123456"), 401, "login.refused")
    assert finish_login(caller, start_login(caller), "123456").status == 200


def test_wrong_passwords_and_refused_words_differ(caller: Caller) -> None:
    """A wrong password and an e-mail address that orders a refusal have different errors."""
    start_login(caller)
    for body, text in (
        ({**CREDENTIALS, "password": "another"}, "wrong e-mail or password"),
        ({**CREDENTIALS, "email": "expired-fox"}, "the credential is expired"),
    ):
        reply = caller.send("POST", f"{ROOT}/me/auth-tokens", body, headers={})
        assert text in error_text(reply, 401, "login.refused")


def test_expired_and_misused_tokens_name_their_error(caller: Caller, world: World) -> None:
    """Expired access and refresh tokens, and one used as the other, each have their own error."""
    tokens = finish_login(caller, start_login(caller), "123456").json()
    access = {"Authorization": f"Bearer {tokens['accessToken']}"}
    wrong = {"Authorization": f"Bearer {tokens['refreshToken']}"}
    assert "a token of kind refresh" in error_text(
        caller.send("GET", f"{QUEUE}/models", headers=wrong), 401, "auth.expired"
    )
    fresh = caller.send("PATCH", f"{ROOT}/me/sessions", {"refreshToken": tokens["refreshToken"]}, headers={})
    assert (fresh.status, sorted(fresh.json())) == (200, ["accessToken", "refreshToken"])
    world.advance(24 * 3600 + 1)
    assert "it has expired" in error_text(caller.send("GET", f"{QUEUE}/models", headers=access), 401, "auth.expired")
    world.advance(30 * 24 * 3600)
    late = caller.send("PATCH", f"{ROOT}/me/sessions", {"refreshToken": tokens["refreshToken"]}, headers={})
    assert "has expired" in error_text(late, 401, "login.refused")


def test_each_face_refuses_the_others_credential(caller: Caller) -> None:
    """The API-key face refuses a token; the session face refuses a key or nothing."""
    tokens = finish_login(caller, start_login(caller), "123456").json()
    access = {"Authorization": f"Bearer {tokens['accessToken']}"}
    assert "takes an API key" in error_text(caller.send("GET", f"{KEYED}/models", headers=access), 401, "faces.apart")
    assert "not issued by a login" in error_text(caller.send("GET", f"{QUEUE}/models"), 401, "auth.expired")
    assert "no access token" in error_text(caller.send("GET", f"{QUEUE}/models", headers={}), 401, "auth.expired")
    assert "must be Bearer" in error_text(caller.send("GET", f"{KEYED}/models", headers={}), 401, "apikey.errors")


@pytest.mark.parametrize(
    ("name", "text"), [("wan-ai_wan2.1-t2v-14b", "did you mean Wan-AI_Wan2.1-T2V-1"), ("zzz", "which is not one of")]
)
def test_unknown_models_get_a_suggestion(caller: Caller, name: str, text: str) -> None:
    """Case counts: a near miss gets a suggestion, anything else the list of models."""
    assert text in error_text(caller.send("GET", f"{KEYED}/models/{name}"), 404, "errors.unknown")
    assert text in error_text(caller.create(model=name), 404, "errors.unknown")


def test_unknown_requests_are_not_found(caller: Caller) -> None:
    """An unknown id is refused with 404."""
    assert error_text(caller.send("GET", f"{KEYED}/requests/nothing"), 404, "errors.unknown") == "request not found"


def test_both_faces_describe_models_equally(caller: Caller) -> None:
    """The description of a model is the same on both faces."""
    tokens = finish_login(caller, start_login(caller), "123456").json()
    access = {"Authorization": f"Bearer {tokens['accessToken']}"}
    for name in caller.send("GET", f"{KEYED}/models").json()["model_ids"]:
        keyed: Any = caller.send("GET", f"{KEYED}/models/{name}").json()
        assert caller.send("GET", f"{QUEUE}/models/{name}", headers=access).json() == keyed
