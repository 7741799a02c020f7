"""Contracts of GMI Cloud's refusals beside the shared laws: their members, models, payloads, and content policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from soundstage import JobState, errors
from soundstage_contracts import proves
from soundstage_contracts.laws.scripted_client import ScriptedClient
from soundstage_contracts.vendors.gmicloud import CONTRACT, FACES, SESSION, TEXT_MODEL
from soundstage_contracts.vendors.gmicloud.raw_client import (
    AUTH_TOKENS,
    KEYED,
    PROFILE,
    QUEUE,
    SESSIONS,
    RawClient,
    SessionRawClient,
    assert_refused,
    new_raw_client,
)

if TYPE_CHECKING:
    from soundstage_contracts.simulators.target import Target

both_faces = pytest.mark.parametrize("face", FACES)


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
def test_path_decides_the_member_of_the_message(
    target: Target, method: str, path: str, status: int, body: bytes
) -> None:
    """Under /ie/artifact, /ie/task and /ie/requestqueue the message is in error, elsewhere in message."""
    raw = new_raw_client(target, "key" if path.startswith(KEYED) else "session")
    assert_refused(raw.send(method, path, content=body), status)


@proves("gmicloud:answers.json", side="server")
def test_every_response_is_json(target: Target) -> None:
    """Every response, a refusal among them, has the Content-Type application/json."""
    raw = SessionRawClient(target)
    request = raw.create()
    for path in (f"{QUEUE}/models", f"{QUEUE}/requests/{request}", f"{QUEUE}/requests", PROFILE, "/nowhere"):
        assert raw.send("GET", path).headers["content-type"] == "application/json"


@proves("gmicloud:errors.unknown")
@both_faces
def test_unknown_model_is_not_found(target: Target, face: str) -> None:
    """An unknown model is HTTP 404, with the nearest known name, and a NotFoundError of the client."""
    raw = new_raw_client(target, face)
    assert "did you mean" in assert_refused(raw.submit("Wan-AI_Wan2.1-T2V-14b", {"prompt": "A fox"}), 404)
    assert_refused(raw.submit("nothing", {"prompt": "A fox"}), 404, "errors.unknown")
    assert_refused(raw.send("GET", f"{raw.queue}/models/nothing"), 404, "errors.unknown")
    client = target.client(FACES[face], raw.account)
    with pytest.raises(errors.NotFoundError):
        client.model("nothing")
    with pytest.raises(errors.NotFoundError):
        client.create_request("nothing", {"prompt": "A fox"})


@proves("gmicloud:errors.unknown")
@both_faces
def test_payload_without_a_required_parameter_is_a_bad_request(target: Target, face: str) -> None:
    """A payload without a parameter that its model requires is a BadRequestError that names the parameter."""
    client = target.client(FACES[face], target.new_account())
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
def test_request_without_model_or_payload_is_refused(target: Target, body: Any) -> None:
    """Model and payload are both required, and a payload is an object: else HTTP 400, and nothing is started."""
    raw = RawClient(target)
    assert_refused(raw.post(f"{KEYED}/requests", body), 400)
    assert raw.untouched()


@proves("gmicloud:block", side="server")
@both_faces
def test_refusal_of_blocked_content_names_the_content_policy(target: Target, face: str) -> None:
    """The message that refuses blocked content names the content policy."""
    response = new_raw_client(target, face).submit(TEXT_MODEL, {"prompt": "A fox soundstage:block"})
    assert "content policy" in assert_refused(response, 400, "block")


@proves("gmicloud:apikey.errors", side="client")
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("the request violates the content policy", errors.ContentPolicyError),
        ("Blocked by safety filters", errors.ContentPolicyError),
        ("violates our Policies", errors.ContentPolicyError),
        ("prompt is missing", errors.BadRequestError),
    ],
)
def test_http_400_that_names_content_policy_is_a_content_error(text: str, kind: type[errors.ApiError]) -> None:
    """HTTP 400 whose message names a policy or safety is a ContentPolicyError, any other a BadRequestError."""
    with pytest.raises(errors.ApiError) as refused:
        ScriptedClient(CONTRACT, (400, {"error": text})).client.text_to_video("A fox")
    assert type(refused.value) is kind


@proves("gmicloud:apikey.errors", side="server")
@pytest.mark.parametrize("credential", [None, "", "Bearer", "Bearer ", "Basic a2V5", "Token key"])
def test_models_need_a_key(target: Target, credential: str | None) -> None:
    """The models of the API-key face are refused with HTTP 401 without Bearer and a key."""
    raw = RawClient(target, headers={} if credential is None else {"Authorization": credential})
    for path in ("/models", f"/models/{TEXT_MODEL}"):
        assert_refused(raw.send("GET", KEYED + path), 401, "apikey.errors")


@proves("gmicloud:status.cancel", side="client")
def test_cancel_is_unsupported(target: Target) -> None:
    """No document has a cancel call, so the client refuses to cancel, and the job continues."""
    job = target.client(SESSION, target.new_account()).text_to_video("A fox")
    with pytest.raises(errors.UnsupportedError):
        job.cancel()
    assert job.refresh().state is JobState.QUEUED


@proves("gmicloud:status.cancel", "gmicloud:outcome.other", "gmicloud:status.values", side="client")
@pytest.mark.parametrize(
    ("word", "kind"), [("fail", errors.JobFailed), ("timeout", errors.JobFailed), ("cancel", errors.JobCanceled)]
)
def test_failed_and_canceled_jobs_are_different_errors(target: Target, word: str, kind: type[errors.JobError]) -> None:
    """The result of a job that failed is JobFailed, of one that was canceled JobCanceled, with the service's reason."""
    raw = RawClient(target)
    request = raw.create(f"A fox soundstage:{word}")
    raw.advance(1800)
    reason = raw.read(request)["outcome"]["error"]
    with pytest.raises(kind) as failed:
        target.client(CONTRACT, raw.account).job(request).result()
    assert reason in str(failed.value)
