"""How GMI Cloud refuses: each mistake of a login, of a face and of a request, by status, field and fact."""

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
    """A world whose time stands still."""
    with kit.world() as world:
        yield world


@pytest.fixture
def caller(kit: Kit, world: World) -> Caller:
    """Somebody with a key."""
    return kit.caller(world, "gmicloud")


def said(reply: Reply, status: int, fact: str) -> str:
    """Check a refusal, and return its text."""
    assert (reply.status, reply.headers["x-soundstage-fact"]) == (status, f"gmicloud:{fact}")
    (text,) = reply.json().values()
    return str(text)


def begun(caller: Caller, **credentials: str) -> str:
    """Begin a login and return its authToken."""
    body = {**CREDENTIALS, **credentials}
    token = caller.send("POST", f"{ROOT}/me/auth-tokens", body, headers={}).json()["authToken"]
    return str(token)


def ended(caller: Caller, token: str, code: str | None) -> Reply:
    """End a login."""
    body = {"type": "native", "authToken": token, "otpCode": code}
    return caller.send("POST", f"{ROOT}/me/sessions", body, headers={})


def test_every_step_of_a_login_says_what_is_wrong(caller: Caller, world: World) -> None:
    """A code that is needed, wrong, or wrong for the third time; a token that is none, or too old."""
    token = begun(caller)
    assert "second factor" in said(ended(caller, token, None), 401, "login.refused")
    assert "wrong code" in said(ended(caller, token, "1"), 401, "login.refused")
    assert "wrong code" in said(ended(caller, token, "2"), 401, "login.refused")
    assert "third wrong code" in said(ended(caller, token, "3"), 401, "login.refused")
    assert "three wrong codes" in said(ended(caller, token, "123456"), 401, "login.refused")
    assert "a token of kind auth" in said(ended(caller, "a-word", None), 401, "login.refused")
    old = begun(caller)
    world.advance(601)
    assert "has expired" in said(ended(caller, old, "123456"), 401, "login.refused")
    assert ended(caller, begun(caller), "123456").status == 200


def test_another_password_and_a_refused_word_are_told_apart(caller: Caller) -> None:
    """A wrong password is a wrong password, and an e-mail that says so is refused for what it says."""
    begun(caller)
    for body, text in (
        ({**CREDENTIALS, "password": "another"}, "wrong e-mail or password"),
        ({**CREDENTIALS, "email": "expired-fox"}, "the credential is expired"),
    ):
        reply = caller.send("POST", f"{ROOT}/me/auth-tokens", body, headers={})
        assert text in said(reply, 401, "login.refused")


def test_a_session_that_has_ended_says_so(caller: Caller, world: World) -> None:
    """An access token and a refresh token that have expired, and one in the other's place, each say what they are."""
    tokens = ended(caller, begun(caller), "123456").json()
    access = {"Authorization": f"Bearer {tokens['accessToken']}"}
    wrong = {"Authorization": f"Bearer {tokens['refreshToken']}"}
    assert "a token of kind refresh" in said(caller.send("GET", f"{QUEUE}/models", headers=wrong), 401, "auth.expired")
    fresh = caller.send("PATCH", f"{ROOT}/me/sessions", {"refreshToken": tokens["refreshToken"]}, headers={})
    assert (fresh.status, sorted(fresh.json())) == (200, ["accessToken", "refreshToken"])
    world.advance(24 * 3600 + 1)
    assert "it has expired" in said(caller.send("GET", f"{QUEUE}/models", headers=access), 401, "auth.expired")
    world.advance(30 * 24 * 3600)
    late = caller.send("PATCH", f"{ROOT}/me/sessions", {"refreshToken": tokens["refreshToken"]}, headers={})
    assert "has expired" in said(late, 401, "login.refused")


def test_each_face_refuses_the_others_credential(caller: Caller) -> None:
    """A token on the API-key face, a key or nothing on the session face."""
    tokens = ended(caller, begun(caller), "123456").json()
    access = {"Authorization": f"Bearer {tokens['accessToken']}"}
    assert "takes an API key" in said(caller.send("GET", f"{KEYED}/models", headers=access), 401, "faces.apart")
    assert "not issued by a login" in said(caller.send("GET", f"{QUEUE}/models"), 401, "auth.expired")
    assert "no access token" in said(caller.send("GET", f"{QUEUE}/models", headers={}), 401, "auth.expired")
    assert "must be Bearer" in said(caller.send("GET", f"{KEYED}/models", headers={}), 401, "apikey.errors")


@pytest.mark.parametrize(
    ("name", "text"), [("wan-ai_wan2.1-t2v-14b", "did you mean Wan-AI_Wan2.1-T2V-1"), ("zzz", "which is not one of")]
)
def test_a_model_that_does_not_exist_is_named(caller: Caller, name: str, text: str) -> None:
    """Case counts: a near miss says which model may be meant, anything else which ones there are."""
    assert text in said(caller.send("GET", f"{KEYED}/models/{name}"), 404, "errors.unknown")
    assert text in said(caller.create(model=name), 404, "errors.unknown")


def test_a_request_of_nobody_is_not_found(caller: Caller) -> None:
    """An id that does not exist says so."""
    assert said(caller.send("GET", f"{KEYED}/requests/nothing"), 404, "errors.unknown") == "request not found"


def test_a_model_is_described_alike_on_both_faces(caller: Caller) -> None:
    """What one face says of a model, the other one does."""
    tokens = ended(caller, begun(caller), "123456").json()
    access = {"Authorization": f"Bearer {tokens['accessToken']}"}
    for name in caller.send("GET", f"{KEYED}/models").json()["model_ids"]:
        keyed: Any = caller.send("GET", f"{KEYED}/models/{name}").json()
        assert caller.send("GET", f"{QUEUE}/models/{name}", headers=access).json() == keyed
