"""The contracts of how GMI Cloud refuses, how its requests fail, and what the client calls that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from soundstage import JobState, errors
from soundstage_contracts import proves
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.vendors.gmicloud import CONTRACT, FACES, SESSION, TEXT_MODEL
from soundstage_contracts.vendors.gmicloud.raw_client import (
    AUTH_TOKENS,
    KEYED,
    PROFILE,
    QUEUE,
    SESSIONS,
    RawClient,
    assert_refused,
)

if TYPE_CHECKING:
    from soundstage_contracts.simulators.target import Target

FILM = {"model": TEXT_MODEL, "payload": {"prompt": "A fox"}}
both_faces = pytest.mark.parametrize("face", FACES)


def wire_of(target: Target, face: str, account: str | None = None) -> RawClient:
    """Speak as a new account on *face*."""
    return RawClient(target, account) if face == "key" else RawClient.logged_in(target, account)


@proves("gmicloud:apikey.errors", "gmicloud:errors.body", side="client")
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("400", errors.BadRequestError),
        ("402", errors.InsufficientCreditsError),
        ("403", errors.PermissionDeniedError),
        ("404", errors.NotFoundError),
        ("429", errors.RateLimitError),
    ],
)
@both_faces
def test_the_client_calls_every_refusal_by_its_name(
    target: Target, face: str, code: str, kind: type[errors.ApiError]
) -> None:
    """A refused creation is a typed error in the service's own words: one POST, nothing made, nothing charged."""
    account = target.new_account()
    name = account_name("gmicloud", account)
    client = target.client(FACES[face], account)
    with pytest.raises(errors.NotFoundError):
        client.job("nothing").refresh()
    target.control.order("refuse", code=code, vendor="gmicloud", account=name, times=1)
    with pytest.raises(errors.ApiError, match="ordered by a scenario") as refused:
        client.text_to_video("A fox")
    assert type(refused.value) is kind
    assert refused.value.status == int(code)
    creates = [entry for entry in target.control.requests(name) if entry["method"] == "POST"]
    assert len([entry for entry in creates if entry["path"].endswith("/requests")]) == 1
    assert target.control.tasks(name) == []
    assert target.control.money("gmicloud", name).entries == ()


@proves("gmicloud:apikey.errors", side="client")
@pytest.mark.parametrize("code", ["500", "503"])
def test_a_server_error_leaves_the_outcome_of_a_submission_unknown(target: Target, code: str) -> None:
    """5xx says nothing about what was begun: it is SubmitOutcomeUnknown, with the answer, and one POST."""
    account = target.new_account()
    name = account_name("gmicloud", account)
    target.control.order("refuse", code=code, vendor="gmicloud", account=name, times=1)
    with pytest.raises(errors.SubmitOutcomeUnknown) as unknown:
        target.client(CONTRACT, account).text_to_video("A fox")
    assert unknown.value.status == int(code)
    assert len(target.control.requests(name)) == 1


@proves("gmicloud:apikey.errors", "gmicloud:errors.body", "gmicloud:answers.json", side="server")
@pytest.mark.parametrize("code", ["400", "401", "402", "403", "404", "429", "500", "503"])
@both_faces
def test_a_refusal_has_its_http_status_and_its_text(target: Target, face: str, code: str) -> None:
    """The HTTP status says what it is, and the text stands in the field error, as JSON."""
    raw = wire_of(target, face)
    raw.create()
    target.control.order("refuse", code=code, vendor="gmicloud", account=raw.name, times=1)
    assert_refused(raw.submit(TEXT_MODEL, {"prompt": "A fox"}), int(code))


@proves(
    "gmicloud:errors.body", "gmicloud:route.unknown", "gmicloud:request.body", "gmicloud:answers.json", side="server"
)
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"{QUEUE}/nothing", 404),
        ("DELETE", f"{QUEUE}/models", 405),
        ("GET", "/me/nothing", 404),
        ("DELETE", PROFILE, 405),
        ("POST", AUTH_TOKENS, 400),
        ("POST", SESSIONS, 400),
        ("PATCH", SESSIONS, 400),
        ("POST", f"{QUEUE}/requests", 400),
        ("POST", f"{KEYED}/requests", 400),
        ("GET", "/ie/artifact/nothing", 404),
        ("GET", "/ie/task/nothing", 404),
    ],
)
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff"])
def test_the_path_says_which_field_the_text_is_in(
    target: Target, method: str, path: str, status: int, body: bytes
) -> None:
    """Under /ie/artifact, /ie/task and /ie/requestqueue it is error, elsewhere message."""
    raw = RawClient(target) if path.startswith(KEYED) else RawClient.logged_in(target)
    assert_refused(raw.send(method, path, content=body), status)


@proves("gmicloud:answers.json", side="server")
def test_every_answer_is_json(target: Target) -> None:
    """Whatever is asked and whatever is answered, it is application/json."""
    raw = RawClient.logged_in(target)
    request = raw.create()
    for path in (f"{QUEUE}/models", f"{QUEUE}/requests/{request}", f"{QUEUE}/requests", PROFILE, "/nowhere"):
        assert raw.send("GET", path).headers["content-type"] == "application/json"


@proves("gmicloud:errors.unknown")
@both_faces
def test_what_does_not_exist_is_not_found(target: Target, face: str) -> None:
    """An unknown model or request, or somebody else's request, is HTTP 404; the client says NotFoundError."""
    raw, other = wire_of(target, face), wire_of(target, face)
    other.create()
    assert "did you mean" in assert_refused(raw.submit("Wan-AI_Wan2.1-T2V-14b", {"prompt": "A fox"}), 404)
    assert_refused(raw.submit("nothing", {"prompt": "A fox"}), 404, "errors.unknown")
    assert_refused(raw.send("GET", f"{raw.queue}/models/nothing"), 404, "errors.unknown")
    client = target.client(FACES[face], raw.account)
    for name in ("nothing", other.create()):
        assert_refused(raw.send("GET", f"{raw.queue}/requests/{name}"), 404, "errors.unknown")
        with pytest.raises(errors.NotFoundError):
            client.job(name).refresh()
    with pytest.raises(errors.NotFoundError):
        client.model("nothing")
    with pytest.raises(errors.NotFoundError):
        client.create_request("nothing", {"prompt": "A fox"})
    with pytest.raises(errors.BadRequestError, match="prompt"):
        client.create_request(TEXT_MODEL, {"lens": "wide"})


@proves("gmicloud:errors.unknown", "gmicloud:requests.create", side="server")
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"model": TEXT_MODEL},
        {"payload": {"prompt": "x"}},
        {"model": "", "payload": {"prompt": "x"}},
        {"model": 5, "payload": {"prompt": "x"}},
        {"model": TEXT_MODEL, "payload": "prompt"},
        {"model": TEXT_MODEL, "payload": []},
        {"model": TEXT_MODEL, "payload": {}},
    ],
)
def test_a_request_without_its_parts_is_refused(target: Target, body: Any) -> None:
    """Model and payload are both needed, and a payload is an object: HTTP 400, and nothing is made."""
    raw = RawClient(target)
    assert_refused(raw.post(f"{KEYED}/requests", body), 400)
    assert target.control.tasks(raw.name) == []


@proves("gmicloud:block", side="server")
@both_faces
def test_blocked_content_is_refused_at_once(target: Target, face: str) -> None:
    """It is HTTP 400 with a text that names the content policy; nothing is made and nothing charged."""
    raw = wire_of(target, face)
    said = assert_refused(raw.submit(TEXT_MODEL, {"prompt": "A fox soundstage:block"}), 400, "block")
    assert "content policy" in said
    assert target.control.tasks(raw.name) == []
    assert target.control.money("gmicloud", raw.name).entries == ()


@proves("gmicloud:apikey.errors", side="client")
@pytest.mark.parametrize(
    "said", ["the request violates the content policy", "Blocked by safety filters", "violates our Policies"]
)
def test_the_client_tells_a_content_policy_from_a_bad_payload(said: str) -> None:
    """HTTP 400 in words of policy or safety is a ContentPolicyError, any other a BadRequestError."""
    for text, kind in ((said, errors.ContentPolicyError), ("prompt is missing", errors.BadRequestError)):
        answer = httpx.Response(400, json={"error": text})
        http = httpx.Client(transport=httpx.MockTransport(lambda _, answer=answer: answer))
        client = CONTRACT.client(api_key="key", http=http, base_url="https://service.test")
        with pytest.raises(errors.ApiError) as refused:
            client.text_to_video("A fox")
        assert type(refused.value) is kind


@proves("gmicloud:charge", side="server")
@both_faces
def test_who_cannot_pay_is_refused(target: Target, face: str) -> None:
    """An account without money is HTTP 402, which the client calls by its name; nothing is made."""
    raw = wire_of(target, face, target.new_account("broke-"))
    assert_refused(raw.submit(TEXT_MODEL, {"prompt": "A fox"}), 402, "charge")
    with pytest.raises(errors.InsufficientCreditsError):
        target.client(FACES[face], raw.account).text_to_video("A fox")
    assert target.control.tasks(raw.name) == []


@proves("gmicloud:apikey.errors", side="server")
def test_who_is_limited_waits(target: Target) -> None:
    """An account that may have one request at a time gets HTTP 429, and may go on once the first is over."""
    raw = RawClient(target, target.new_account("limited-"))
    request = raw.create()
    assert_refused(raw.submit(TEXT_MODEL, {"prompt": "A hare"}), 429)
    with pytest.raises(errors.RateLimitError):
        target.client(CONTRACT, raw.account).text_to_video("A hare")
    raw.finish(request)
    raw.create()


@proves("gmicloud:apikey.errors", side="server")
@pytest.mark.parametrize("credential", [None, "", "Bearer", "Bearer ", "Basic a2V5", "Token key"])
def test_a_call_without_a_key_is_refused(target: Target, credential: str | None) -> None:
    """Without Bearer and a key, HTTP 401 on every route of the API-key face."""
    raw = RawClient(target)
    raw.headers = {} if credential is None else {"Authorization": credential}
    for method, path in (("GET", "/models"), ("GET", f"/models/{TEXT_MODEL}"), ("GET", "/requests/x")):
        assert_refused(raw.send(method, KEYED + path), 401, "apikey.errors")
    assert_refused(raw.post(f"{KEYED}/requests", FILM), 401, "apikey.errors")


@proves("gmicloud:status.cancel", side="client")
def test_the_client_says_that_there_is_no_cancel(target: Target) -> None:
    """Cancelling is refused by the client, since no document has such a call; the job goes on."""
    job = target.client(SESSION, target.new_account()).text_to_video("A fox")
    with pytest.raises(errors.UnsupportedError):
        job.cancel()
    assert job.refresh().state is JobState.QUEUED


@proves("gmicloud:status.cancel", "gmicloud:outcome.other", "gmicloud:status.values")
@pytest.mark.parametrize(
    ("word", "status", "kind"),
    [
        ("fail", "failed", errors.JobFailed),
        ("timeout", "failed", errors.JobFailed),
        ("cancel", "cancelled", errors.JobCanceled),
    ],
)
def test_what_does_not_succeed_says_why(target: Target, word: str, status: str, kind: type[errors.JobError]) -> None:
    """The outcome has the reason and no film; it stays; the client's job ends so, in the service's words."""
    raw = RawClient(target)
    request = raw.create(f"A fox soundstage:{word}")
    raw.advance(1800)
    first, second = raw.read(request), raw.finish(request)
    assert first["status"] == second["status"] == status
    assert set(first["outcome"]) == {"error"}
    assert first["outcome"] == second["outcome"]
    with pytest.raises(kind) as failed:
        target.client(CONTRACT, raw.account).job(request).result()
    assert first["outcome"]["error"] in str(failed.value)
