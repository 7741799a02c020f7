"""Contracts about how the client reads Infrai's responses, in both generations of the API."""

from __future__ import annotations

from typing import Any

import pytest

from soundstage import JobState, RetryPolicy, errors
from soundstage_contracts import proves
from soundstage_contracts.laws.scripted_client import ScriptedClient
from soundstage_contracts.vendors import infrai as vendor
from soundstage_contracts.vendors.infrai import CONTRACT
from soundstage_contracts.vendors.infrai.raw_client import CANCEL, GENERATE, STATUS

VIDEO = "https://results.test/0.mp4"
NEWER, OLDER = STATUS["status"], STATUS["jobs"]
NOT_FOUND = (404, {"ok": False, "data": None, "error": {"code": "NOT_FOUND", "message": "no"}, "metadata": {}})


def wrapped(**data: Any) -> dict[str, Any]:
    """Return *data* in the envelope."""
    return {"ok": True, "data": data, "error": None, "metadata": {"cost_usd": 0.25, "vendor": "kling"}}


def bare(**data: Any) -> dict[str, Any]:
    """Return *data* without an envelope, as the older SDK returned it."""
    return {**data, "_metadata": {"cost_usd": 0.25, "vendor": "kling"}}


ENVELOPES = pytest.mark.parametrize("envelope", [wrapped, bare])


@proves("infrai:job.id", "infrai:job.shape", "infrai:envelope", side="client")
@ENVELOPES
@pytest.mark.parametrize("name", ["job_id", "id"])
def test_id_is_read_under_both_names(envelope: Any, name: str) -> None:
    """A job's id is read from job_id or id, with or without an envelope, and its cost from cost_usd."""
    job = ScriptedClient(CONTRACT, envelope(**{name: "vid_1"})).client.generate("A fox")
    assert (job.id, job.state, job.cost) == ("vid_1", JobState.QUEUED, 0.25)


@proves("infrai:job.shape", side="client")
def test_documented_word_wins_over_an_unknown_one() -> None:
    """Where state and status differ, the documented word decides."""
    job = (
        ScriptedClient(CONTRACT, wrapped(id="vid_1", state="rendering", status="running")).client.job("vid_1").refresh()
    )
    assert job.state is JobState.RUNNING


@proves("infrai:job.shape", "infrai:job.states", side="client")
@pytest.mark.parametrize("name", ["state", "status"])
@pytest.mark.parametrize("word", ["running", "a-new-word"])
def test_state_alone_describes_a_job(name: str, word: str) -> None:
    """A poll that contains a state and no id is read, and a word that no document has is kept."""
    job = ScriptedClient(CONTRACT, wrapped(**{name: word})).client.job("vid_1").refresh()
    assert job.state_raw == word
    assert not job.state.final


@proves("infrai:job.outputs", side="client")
def test_video_comes_before_its_thumbnail() -> None:
    """The first output is the video, the second its thumbnail."""
    job = ScriptedClient(
        CONTRACT, wrapped(id="vid_1", state="succeeded", thumbnail_url=f"{VIDEO}.png", video_url=VIDEO)
    ).client.job("vid_1")
    assert [(output.kind, output.url) for output in job.result()] == [("video", VIDEO), ("image", f"{VIDEO}.png")]


@proves("infrai:job.error", side="client")
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("blocked by the content policy", "blocked by the content policy"),
        ({"code": "CONTENT_POLICY", "message": "blocked"}, "blocked"),
        ({"code": "CONTENT_POLICY"}, "CONTENT_POLICY"),
    ],
)
def test_failure_reason_is_read_as_text_or_object(error: Any, reason: str) -> None:
    """The reason is read in both forms; a reason that names the content policy is ContentFiltered."""
    job = ScriptedClient(CONTRACT, wrapped(id="vid_1", state="failed", error=error)).client.job("vid_1").refresh()
    with pytest.raises(errors.ContentFiltered, match=reason):
        job.result()
    other = (
        ScriptedClient(CONTRACT, bare(id="vid_1", state="failed", error="out of memory")).client.job("vid_1").refresh()
    )
    assert type(other.error) is errors.JobFailed


@proves("infrai:status.route", side="client")
def test_poll_falls_back_to_the_older_route() -> None:
    """A job that the newer route does not know is polled at the older route, now and later."""
    scripted = ScriptedClient(CONTRACT, NOT_FOUND, wrapped(job_id="vid_1", state="queued"))
    scripted.client.job("vid_1").refresh().refresh()
    assert scripted.paths() == [NEWER.format("vid_1"), OLDER.format("vid_1"), OLDER.format("vid_1")]


@proves("infrai:status.route", side="client")
def test_job_of_the_older_generation_is_polled_there() -> None:
    """After a response with job_id alone the older route is polled first."""
    scripted = ScriptedClient(CONTRACT, bare(job_id="vid_1", state="queued"))
    scripted.client.generate("A fox").refresh()
    assert scripted.paths() == [GENERATE, OLDER.format("vid_1")]


@proves("infrai:status.route", "infrai:errors.envelope", side="client")
def test_job_unknown_to_both_routes_is_not_found() -> None:
    """NotFoundError needs both routes, or the one route that has shown the job before."""
    scripted = ScriptedClient(CONTRACT, NOT_FOUND)
    with pytest.raises(errors.NotFoundError):
        scripted.client.job("vid_1").refresh()
    assert scripted.paths() == [NEWER.format("vid_1"), OLDER.format("vid_1")]
    seen = ScriptedClient(CONTRACT, wrapped(id="vid_1", status="queued"), NOT_FOUND)
    job = seen.client.job("vid_1").refresh()
    with pytest.raises(errors.NotFoundError):
        job.refresh()
    assert seen.paths() == [NEWER.format("vid_1")] * 2


@proves("infrai:cancel.route", "infrai:cancel.final", "infrai:envelope", side="client")
@ENVELOPES
@pytest.mark.parametrize(("stopped", "word"), [(True, "cancelled"), (False, "succeeded"), (True, "running")])
def test_cancel_result_is_the_state_of_the_job(envelope: Any, stopped: bool, word: str) -> None:  # noqa: FBT001
    """Whatever the cancel route returns, the job is polled, and its state is the result."""
    scripted = ScriptedClient(CONTRACT, envelope(ok=stopped), envelope(id="vid_1", state=word, video_url=VIDEO))
    job = scripted.client.job("vid_1").cancel()
    assert job.state is vendor.STATE_WORDS[word]
    assert scripted.paths() == [CANCEL["status"].format("vid_1"), NEWER.format("vid_1")]


@proves("infrai:cancel.route", side="client")
def test_cancel_falls_back_to_the_older_route() -> None:
    """A job that the newer route cannot cancel is canceled and polled at the older routes."""
    scripted = ScriptedClient(CONTRACT, NOT_FOUND, bare(ok=True), bare(job_id="vid_1", state="cancelled"))
    assert scripted.client.job("vid_1").cancel().state is JobState.CANCELED
    assert scripted.paths()[1:] == [CANCEL["jobs"].format("vid_1"), OLDER.format("vid_1")]


@proves("infrai:envelope", "infrai:errors.server", side="client")
@pytest.mark.parametrize(
    "response",
    [
        {},
        [],
        None,
        {"ok": True},
        {"ok": True, "data": None, "error": None},
        wrapped(),
        wrapped(job_id=True),
        bare(state="x"),
        {"ok": False, "data": None, "error": {"code": "SOMETHING_NEW", "message": "the reason"}, "metadata": {}},
    ],
)
def test_response_without_a_job_is_retried_with_the_same_key(response: Any) -> None:
    """A creation whose response names no job is sent again with its key, five times at most."""
    scripted = ScriptedClient(CONTRACT, response, wrapped(job_id="vid_1"))
    assert scripted.client.generate("A fox").id == "vid_1"
    assert len({request.content for request in scripted.sent}) == 1
    lost = ScriptedClient(CONTRACT, response)
    with pytest.raises(errors.SubmitOutcomeUnknown) as doubt:
        lost.client.generate("A fox", idempotency_key="k")
    assert (len(lost.sent), doubt.value.idempotency_key) == (5, "k")


@proves("infrai:errors.other_codes", side="client")
def test_undocumented_code_with_a_success_status_proves_nothing() -> None:
    """An undocumented code with HTTP 200 leaves the outcome unknown: the same key is sent again."""
    refusal = {"ok": False, "data": None, "error": {"code": "SOMETHING_NEW", "message": "the reason"}, "metadata": {}}
    scripted = ScriptedClient(CONTRACT, (200, refusal), wrapped(job_id="vid_1"))
    assert scripted.client.generate("A fox").id == "vid_1"
    assert len({request.content for request in scripted.sent}) == 1


@proves("infrai:errors.envelope", side="client")
@pytest.mark.parametrize(
    ("status", "error", "kind", "code"),
    [
        (200, {"code": "NEW_CODE", "message": "the lens is dirty"}, errors.ApiError, "NEW_CODE"),
        (400, {"code": "NEW_CODE", "message": "the lens is dirty"}, errors.BadRequestError, "NEW_CODE"),
        (404, "the lens is dirty", errors.NotFoundError, None),
        (403, {"code": True, "message": "the lens is dirty"}, errors.PermissionDeniedError, None),
    ],
)
def test_undocumented_refusal_of_a_poll_is_read(
    status: int, error: Any, kind: type[errors.ApiError], code: str | None
) -> None:
    """An unknown code, or an error that is a text, is an error with its message, by the HTTP status if it is one."""
    body = {"ok": False, "data": None, "error": error, "metadata": {"request_id": "request-1"}}
    client = ScriptedClient(CONTRACT, (status, body), retry=RetryPolicy(attempts=1))
    with pytest.raises(errors.ApiError) as raised:
        client.client.job("vid_1").refresh()
    found = raised.value
    assert (type(found), found.code, found.request_id) == (kind, code, "request-1")
    assert found.message == "the lens is dirty"


@proves("infrai:errors.envelope", "infrai:errors.other_codes", "infrai:envelope", side="client")
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (402, "INSUFFICIENT_CREDIT", errors.InsufficientCreditsError),
        (200, "INSUFFICIENT_CREDIT", errors.InsufficientCreditsError),
        (400, "INVALID_REQUEST", errors.BadRequestError),
        (401, "UNAUTHORIZED", errors.AuthenticationError),
        (404, "NOT_FOUND", errors.NotFoundError),
        (409, "IDEMPOTENCY_CONFLICT", errors.ConflictError),
        (429, "RATE_LIMITED", errors.RateLimitError),
        (500, "INVALID_REQUEST", errors.BadRequestError),
        (403, "SOMETHING_NEW", errors.PermissionDeniedError),
        (422, "SOMETHING_NEW", errors.BadRequestError),
    ],
)
def test_code_decides_before_the_http_status(status: int, code: str, kind: type[errors.ApiError]) -> None:
    """A refusal is classified by its code, else by its status; it has code, message and request id, without a retry."""
    error = {"code": code, "message": "the reason", "hint": "try"}
    scripted = ScriptedClient(
        CONTRACT, (status, {"ok": False, "data": None, "error": error, "metadata": {"request_id": "r-1"}})
    )
    with pytest.raises(errors.ApiError) as refused:
        scripted.client.generate("A fox")
    assert type(refused.value) is kind
    assert (refused.value.code, refused.value.message, refused.value.request_id) == (code, "the reason", "r-1")
    assert (refused.value.status, len(scripted.sent)) == (status, 1)


@proves("infrai:errors.server", side="client")
@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize("code", ["INTERNAL", "SOMETHING_NEW", None])
def test_server_error_leaves_the_outcome_unknown(status: int, code: str | None) -> None:
    """After a 5xx the same key is sent again, whatever the code, and returns the job that it started."""
    broken = (status, {"ok": False, "data": None, "error": {"code": code, "message": "oh"}, "metadata": {}})
    scripted = ScriptedClient(CONTRACT, broken, broken, wrapped(job_id="vid_1"))
    assert scripted.client.generate("A fox").id == "vid_1"
    assert len({request.headers["Idempotency-Key"] for request in scripted.sent}) == 1
    with pytest.raises(errors.SubmitOutcomeUnknown) as doubt:
        ScriptedClient(CONTRACT, broken, retry=RetryPolicy(attempts=1)).client.generate("A fox")
    assert (doubt.value.code, doubt.value.status) == (code, status)


@proves("infrai:errors.envelope", side="client")
@pytest.mark.parametrize("what", ["generate", "refresh"])
def test_client_waits_for_retry_after(what: str) -> None:
    """A request that is refused with 429 is sent again not before Retry-After has passed."""
    scripted = ScriptedClient(CONTRACT, rate_limited(30), wrapped(job_id="vid_1", id="vid_1", state="queued"))
    start = scripted.clock.now()
    job = scripted.client.generate("A fox") if what == "generate" else scripted.client.job("vid_1").refresh()
    assert (job.id, len(scripted.sent)) == ("vid_1", 2)
    assert scripted.clock.now() - start >= 30


@proves("infrai:errors.envelope", side="client")
def test_retry_after_beyond_the_policy_is_an_error() -> None:
    """A Retry-After beyond the retry policy is a RateLimitError at once, which has the wait."""
    scripted = ScriptedClient(CONTRACT, rate_limited(3600))
    with pytest.raises(errors.RateLimitError) as refused:
        scripted.client.generate("A fox")
    assert (refused.value.retry_after, len(scripted.sent)) == (3600, 1)


def rate_limited(wait: int) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Return a 429 response with Retry-After."""
    error = {"code": "RATE_LIMITED", "message": "slowly"}
    return 429, {"ok": False, "data": None, "error": error, "metadata": {}}, {"Retry-After": str(wait)}
