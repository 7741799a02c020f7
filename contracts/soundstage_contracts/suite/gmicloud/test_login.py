"""Contracts of GMI Cloud's logins: tokens, second factors, expiry, and the client's logins and refreshes."""

from __future__ import annotations

import json
import logging
from base64 import urlsafe_b64decode
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from soundstage import InvalidArgument, JobState, MissingCredential, errors
from soundstage_contracts import proves
from soundstage_contracts.laws.scripted_client import ScriptedClient
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.vendors.gmicloud import CLIENT_ID, CODE, CONTRACT, PASSWORD, SESSION, TEXT_MODEL
from soundstage_contracts.vendors.gmicloud.raw_client import (
    AUTH_TOKENS,
    KEYED,
    PROFILE,
    QUEUE,
    SESSIONS,
    RawClient,
    SessionRawClient,
    assert_refused,
)

if TYPE_CHECKING:
    from soundstage_contracts.simulators.target import Target

HOUR = 3600.0
DAY = 24 * HOUR
LOGIN_REQUESTS = 40
"""More requests than the logins of one contract send."""


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a JWT."""
    head, payload, signature = token.split(".")
    assert json.loads(_decoded(head))["typ"] == "JWT"
    assert signature
    claims: dict[str, Any] = json.loads(_decoded(payload))
    return claims


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def before_login(target: Target, account: str | None = None) -> SessionRawClient:
    """Return a raw client of the session face that has not logged in."""
    return SessionRawClient(target, account, headers=CLIENT_ID)


def requests_of(target: Target, account: str) -> list[str]:
    """Return the method of each request of an account, and its path below the base address."""
    journal = target.control.requests(account_name("gmicloud", account))
    return [f"{entry['method']} {entry['path'].rpartition('/api/v1')[2]}" for entry in journal]


@proves("gmicloud:login.tokens", "gmicloud:login.session", "gmicloud:headers", side="server")
def test_login_returns_two_tokens(target: Target) -> None:
    """E-mail and password return an authToken, which returns two JWTs: one has the user's id, the other its expiry."""
    raw = before_login(target)
    first = raw.start_login().json()
    assert set(first) == {"authToken", "is2FARequired"}
    assert first["is2FARequired"] is False
    tokens = raw.finish_login(first["authToken"]).json()
    assert set(tokens) == {"accessToken", "refreshToken"}
    assert claims_of(tokens["accessToken"])["userId"]
    assert claims_of(tokens["refreshToken"])["exp"] == int(target.control.now(raw.name)) + 30 * DAY
    raw.use_tokens(tokens)
    assert raw.get(f"{QUEUE}/models")["models"]


@proves("gmicloud:login.tokens", "gmicloud:login.session", "gmicloud:headers", side="client")
def test_client_logs_in_at_its_first_request(target: Target) -> None:
    """A new client sends nothing; its first call logs in as documented, and later calls do not log in again."""
    sent: list[httpx.Request] = []
    account = target.new_account()
    client = target.client(SESSION, account, http=target.http(event_hooks={"request": [sent.append]}))
    assert sent == []
    client.models()
    client.model(TEXT_MODEL)
    paths = [request.url.path.partition("/api/v1")[2] for request in sent]
    assert paths == [AUTH_TOKENS, SESSIONS, f"{QUEUE}/models", f"{QUEUE}/models/{TEXT_MODEL}"]
    assert json.loads(sent[0].content) == {"email": account, "password": PASSWORD}
    body = json.loads(sent[1].content)
    assert (body["type"], body["otpCode"], bool(body["authToken"])) == ("native", None, True)
    assert {request.headers["ce-clientid"] for request in sent} == {"gmisdk"}
    assert [("authorization" in request.headers) for request in sent] == [False, False, True, True]


@proves("gmicloud:login.refused", side="server")
@pytest.mark.parametrize("member", ["email", "password"])
@pytest.mark.parametrize("value", [None, "", 5, ["x"]])
def test_login_without_email_or_password_is_refused(target: Target, member: str, value: Any) -> None:
    """An e-mail or password that is missing or no text is HTTP 400, and the message names it."""
    assert member in assert_refused(before_login(target).start_login(**{member: value}), 400)


@proves("gmicloud:login.refused")
def test_wrong_password_is_refused(target: Target) -> None:
    """An account's password is that of its first login; another is an AuthenticationError after one request."""
    raw = SessionRawClient(target)
    assert_refused(raw.start_login(password="another"), 401, "login.refused")  # noqa: S106 - no real password
    sent: list[httpx.Request] = []
    http = target.http(event_hooks={"request": [sent.append]})
    client = SESSION.client(raw.account, "another", base_url=target.client_url("gmicloud"), http=http)
    with pytest.raises(errors.AuthenticationError) as refused:
        client.models()
    assert (refused.value.vendor, refused.value.status) == ("gmicloud", 401)
    assert "wrong e-mail or password" in str(refused.value)
    assert len(sent) == 1


@proves("gmicloud:login.refused", side="client")
@pytest.mark.parametrize("word", ["invalid-", "expired-"])
def test_rejected_login_or_key_is_an_authentication_error(target: Target, word: str) -> None:
    """A login or a key that is rejected is an AuthenticationError with HTTP 401."""
    for contract in (SESSION, CONTRACT):
        with pytest.raises(errors.AuthenticationError) as refused:
            target.client(contract, target.new_account(word)).text_to_video("A fox")
        assert refused.value.status == 401


@proves("gmicloud:login.two_factor", "gmicloud:login.two_factor_on", "gmicloud:login.refused", side="server")
def test_second_factor_has_three_tries(target: Target) -> None:
    """An account with a second factor needs its code; a third wrong one ends the authToken, and a new login starts."""
    raw = before_login(target, target.new_account("2fa-"))
    first = raw.start_login().json()
    assert first["is2FARequired"] is True
    assert_refused(raw.finish_login(first["authToken"]), 401, "login.refused")
    for _ in range(3):
        assert_refused(raw.finish_login(first["authToken"], "000000"), 401, "login.refused")
    assert_refused(raw.finish_login(first["authToken"], CODE), 401, "login.refused")
    again = raw.start_login().json()["authToken"]
    assert_refused(raw.finish_login(again, "000000"), 401, "login.refused")
    assert raw.finish_login(again, CODE).status_code == 200


@proves("gmicloud:login.two_factor", "gmicloud:login.refused", side="client")
@pytest.mark.parametrize(("codes", "tries"), [(["123456"], 1), (["1", " 123456\n"], 2), (["1", "2", "123456"], 3)])
def test_client_calls_otp_up_to_three_times(target: Target, codes: list[str], tries: int) -> None:
    """The otp function is called again after a wrong code, at most three times."""
    account, left = target.new_account("2fa-"), list(codes)
    target.client(SESSION, account, otp=lambda: left.pop(0)).models()
    assert requests_of(target, account).count(f"POST {SESSIONS}") == tries
    assert left == []


@proves("gmicloud:login.two_factor", side="client")
def test_wrong_codes_end_a_login(target: Target) -> None:
    """Three wrong codes of a function, or one that is a text, are an AuthenticationError; a missing one is refused."""
    account = target.new_account("2fa-")
    calls: list[str] = []
    sent: list[httpx.Request] = []

    def guess() -> str:
        calls.append("guess")
        return calls[-1]

    def count(request: httpx.Request) -> None:
        # A login that never gives up would run for ever.
        sent.append(request)
        assert len(sent) < LOGIN_REQUESTS, "the login does not end"

    for otp, tries in ((guess, 3), ("000000", 1)):
        before = len(requests_of(target, account)) if calls else 0
        with pytest.raises(errors.AuthenticationError):
            target.client(SESSION, account, otp=otp, http=target.http(event_hooks={"request": [count]})).models()
        assert requests_of(target, account)[before:].count(f"POST {SESSIONS}") == tries
    assert len(calls) == 3
    with pytest.raises(MissingCredential, match="otp="):
        target.client(SESSION, account).models()
    with pytest.raises(InvalidArgument) as refused:
        target.client(SESSION, account, otp=lambda: " ").models()
    assert refused.value.field == "otp"


@proves("gmicloud:login.lifetimes", "gmicloud:auth.expired", "gmicloud:login.refresh", side="server")
def test_tokens_expire_on_the_accounts_clock(target: Target) -> None:
    """An access token is valid for 24 hours and a refresh token for 30 days; each refresh returns new tokens."""
    raw = SessionRawClient(target)
    raw.advance(DAY - 60)
    raw.get(PROFILE)
    raw.advance(120)
    assert_refused(raw.send("GET", PROFILE), 401, "auth.expired")
    old = raw.tokens
    fresh = raw.refresh_tokens(old["refreshToken"]).json()
    assert not set(fresh.values()) & set(old.values())
    raw.use_tokens(fresh)
    raw.get(PROFILE)
    raw.advance(30 * DAY - 60)
    raw.use_tokens(raw.refresh_tokens(fresh["refreshToken"]).json())
    raw.advance(120)
    assert_refused(raw.refresh_tokens(fresh["refreshToken"]), 401, "login.refused")
    raw.get(PROFILE)


@proves("gmicloud:login.lifetimes", "gmicloud:login.refused", side="server")
def test_auth_token_expires_after_ten_minutes(target: Target) -> None:
    """An authToken that is older than ten minutes is refused."""
    raw = before_login(target)
    token = raw.start_login().json()["authToken"]
    raw.finish_login(token)
    raw.advance(601)
    assert_refused(raw.finish_login(token), 401, "login.refused")


@proves("gmicloud:auth.expired", "gmicloud:login.refused", side="server")
@pytest.mark.parametrize("kind", ["nothing", "a word", "changed", "refresh", "cut"])
def test_invalid_token_is_refused(target: Target, kind: str) -> None:
    """Requests take only an access token that was issued and not changed, and a refresh only a refresh token."""
    raw = SessionRawClient(target)
    access, refresh = raw.tokens["accessToken"], raw.tokens["refreshToken"]
    changed = access[:-3] + ("aaa" if access[-3:] != "aaa" else "bbb")
    tokens = {
        "nothing": "",
        "a word": "a-word",
        "changed": changed,
        "refresh": refresh,
        "cut": access[: len(access) // 2],
    }
    raw.http.headers["Authorization"] = f"Bearer {tokens[kind]}"
    for path in (PROFILE, f"{QUEUE}/models"):
        assert_refused(raw.send("GET", path), 401, "auth.expired")
    assert_refused(raw.submit(TEXT_MODEL, {"prompt": "A fox"}), 401, "auth.expired")
    assert_refused(raw.refresh_tokens(access), 401, "login.refused")
    assert_refused(raw.finish_login(refresh), 401, "login.refused")


@proves("gmicloud:faces.apart", side="server")
def test_credential_is_valid_on_its_own_face_only(target: Target) -> None:
    """A key is refused on the session face, an access token on the API-key face, and no job is started."""
    key, session = RawClient(target), SessionRawClient(target)
    assert_refused(key.send("GET", f"{QUEUE}/models"), 401)
    assert_refused(session.send("GET", f"{KEYED}/models"), 401, "faces.apart")
    for raw, queue in ((key, QUEUE), (session, KEYED)):
        body = {"model": TEXT_MODEL, "payload": {"prompt": "A fox"}}
        assert_refused(raw.post(f"{queue}/requests", body), 401)
    assert target.control.tasks(session.name) == []


@proves("gmicloud:login.profile")
def test_profile_is_that_of_the_logged_in_user(target: Target) -> None:
    """A profile has the user and the organization, whose id every request has; the client reads both."""
    raw = SessionRawClient(target)
    body = raw.get(PROFILE)
    assert body["user"]["email"] == raw.account
    assert body["user"]["id"] == claims_of(raw.tokens["accessToken"])["userId"]
    assert raw.read(raw.create())["org_id"] == body["organization"]["id"]
    profile = target.client(SESSION, raw.account).profile()
    assert (profile.user_id, profile.email) == (body["user"]["id"], raw.account)
    assert profile.organization_id == body["organization"]["id"]
    with pytest.raises(errors.UnsupportedError):
        target.client(CONTRACT, target.new_account()).profile()


@proves("gmicloud:login.refresh", "gmicloud:auth.expired", "gmicloud:login.lifetimes", side="client")
def test_client_refreshes_once_and_repeats_the_request(target: Target) -> None:
    """With an expired token a poll and a submission are each repeated after one refresh, and one job is started."""
    account = target.new_account()
    name = account_name("gmicloud", account)
    client = target.client(SESSION, account)
    job = client.text_to_video("A fox")
    target.control.advance(25 * HOUR, name)
    assert job.refresh().state is JobState.SUCCEEDED
    read = f"GET {QUEUE}/requests/{job.id}"
    assert requests_of(target, account)[-2:] == [f"PATCH {SESSIONS}", read]
    target.control.advance(25 * HOUR, name)
    client.text_to_video("A hare")
    assert requests_of(target, account)[-2:] == [f"PATCH {SESSIONS}", f"POST {QUEUE}/requests"]
    assert len(target.control.tasks(name)) == 2
    assert requests_of(target, account).count(f"POST {AUTH_TOKENS}") == 1


@proves("gmicloud:login.refresh", "gmicloud:login.lifetimes", side="client")
def test_client_logs_in_again_when_the_refresh_token_has_expired(target: Target) -> None:
    """After 31 days the refresh is refused, and the client logs in again."""
    account = target.new_account()
    client = target.client(SESSION, account)
    job = client.text_to_video("A fox")
    target.control.advance(31 * DAY, account_name("gmicloud", account))
    assert job.refresh().state is JobState.SUCCEEDED
    assert requests_of(target, account)[-3:] == [
        f"POST {AUTH_TOKENS}",
        f"POST {SESSIONS}",
        f"GET {QUEUE}/requests/{job.id}",
    ]


@proves("gmicloud:login.session", "gmicloud:login.refresh", side="client")
def test_threads_share_one_login_and_one_refresh(target: Target) -> None:
    """Threads that start together make one login, and one refresh when the token has expired."""
    account = target.new_account()
    client = target.client(SESSION, account)
    with ThreadPoolExecutor(6) as pool:
        jobs = list(pool.map(client.text_to_video, [f"Fox {number}" for number in range(6)]))
        target.control.advance(25 * HOUR, account_name("gmicloud", account))
        assert {job.state for job in pool.map(lambda job: job.refresh(), jobs)} == {JobState.SUCCEEDED}
    calls = requests_of(target, account)
    assert (calls.count(f"POST {AUTH_TOKENS}"), calls.count(f"PATCH {SESSIONS}")) == (1, 1)


@proves("gmicloud:login.session", "gmicloud:login.refresh", side="client")
def test_tasks_share_one_login_and_one_refresh(target: Target) -> None:
    """Tasks of the async client that start together make one login and one refresh."""
    account = target.new_account()

    async def start_and_refresh() -> set[JobState]:
        async with target.async_http() as http:
            client = target.async_client(SESSION, account, http=http)
            jobs: list[Any] = []

            async def start(number: int) -> None:
                jobs.append(await client.text_to_video(f"Fox {number}"))

            async with anyio.create_task_group() as group:
                for number in range(6):
                    group.start_soon(start, number)
            target.control.advance(25 * HOUR, account_name("gmicloud", account))
            async with anyio.create_task_group() as group:
                for job in jobs:
                    group.start_soon(job.refresh)
            return {job.state for job in jobs}

    assert anyio.run(start_and_refresh) == {JobState.SUCCEEDED}
    calls = requests_of(target, account)
    assert (calls.count(f"POST {AUTH_TOKENS}"), calls.count(f"PATCH {SESSIONS}")) == (1, 1)


@pytest.mark.parametrize(
    "answer",
    [
        {"accessToken": "token-of-a-person", "refreshToken": 5},
        {"refreshToken": "token-of-a-person"},
        {"authToken": "token-of-a-person", "accessToken": "token-with-a-\n"},
    ],
    ids=["access", "refresh", "auth"],
)
def test_token_of_an_incomplete_login_is_masked(answer: dict[str, Any]) -> None:
    """The error about a login's unreadable response quotes it without the tokens that it has."""
    tokens = {"authToken": "token-of-a-login", "is2FARequired": False}
    client = ScriptedClient(SESSION, tokens, answer)
    with pytest.raises(errors.UnreadableAnswerError) as raised:
        client.client.models()
    assert raised.value.body is not None
    assert "Token" in raised.value.body
    assert "token-of" not in f"{raised.value.body} {raised.value}"


@pytest.mark.parametrize("contract", [SESSION, CONTRACT], ids=["session", "key"])
def test_secrets_of_a_login_are_not_shown(target: Target, contract: Any, caplog: pytest.LogCaptureFixture) -> None:
    """No journal, log, event, repr or job token contains a password, a code or a token."""
    caplog.set_level(logging.DEBUG)
    responses: list[httpx.Response] = []
    events: list[Any] = []
    account = target.new_account("2fa-")
    # A hook is called before the body is read, and only what it reads itself stays readable afterwards.
    http = target.http(event_hooks={"response": [httpx.Response.read, responses.append]})
    options = {"otp": "123456"} if contract is SESSION else {}
    client = target.client(contract, account, http=http, on_event=events.append, **options)
    job = client.text_to_video("A fox")
    target.control.advance(25 * HOUR, account_name("gmicloud", account))
    job.refresh()
    tokens = {
        token
        for response in responses
        for name, token in response.json().items()
        if name in ("authToken", "accessToken", "refreshToken")
    }
    assert len(tokens) == (5 if contract is SESSION else 0)
    secrets = {PASSWORD, '"123456"', *tokens} | ({account} if contract is CONTRACT else set())
    shown = [repr(client), repr(job), job.to_token(), *map(repr, events), caplog.text]
    shown.append(str(target.control.requests(account_name("gmicloud", account))))
    assert not [secret for secret in secrets if any(secret in text for text in shown)]
