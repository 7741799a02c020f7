"""The contracts of how the client reads what Infrai answers, in either generation, whoever answers in its place."""

from __future__ import annotations

from typing import Any

import pytest

from soundstage import JobState, RetryPolicy, errors
from soundstage_contracts import proves
from soundstage_contracts.laws.scripted_client import ScriptedClient
from soundstage_contracts.vendors import infrai as vendor
from soundstage_contracts.vendors.infrai import CONTRACT
from soundstage_contracts.vendors.infrai.raw_client import CANCEL, GENERATE, STATUS

FILM = "https://results.test/0.mp4"
NEWER, OLDER = STATUS["status"], STATUS["jobs"]
NOT_FOUND = (404, {"ok": False, "data": None, "error": {"code": "NOT_FOUND", "message": "no"}, "metadata": {}})


def wrapped(**data: Any) -> dict[str, Any]:
    """Return *data* in the envelope."""
    return {"ok": True, "data": data, "error": None, "metadata": {"cost_usd": 0.25, "vendor": "kling"}}


def bare(**data: Any) -> dict[str, Any]:
    """Return *data* as the older SDK showed it."""
    return {**data, "_metadata": {"cost_usd": 0.25, "vendor": "kling"}}


ENVELOPES = pytest.mark.parametrize("envelope", [wrapped, bare])


@proves("infrai:job.id", "infrai:job.shape", "infrai:envelope", side="client")
@ENVELOPES
@pytest.mark.parametrize("name", ["job_id", "id"])
def test_an_id_is_read_under_both_names(envelope: Any, name: str) -> None:
    """A job's id stands under job_id or id, in the envelope or without one; cost_usd is what the job costs."""
    job = ScriptedClient(CONTRACT, envelope(**{name: "vid_1"})).client.generate("A fox")
    assert (job.id, job.state, job.cost) == ("vid_1", JobState.QUEUED, 0.25)


@proves("infrai:job.shape", side="client")
def test_a_known_word_counts_whatever_the_other_name_says() -> None:
    """Where the two names differ, the one whose word is known decides."""
    job = (
        ScriptedClient(CONTRACT, wrapped(id="vid_1", state="rendering", status="running")).client.job("vid_1").refresh()
    )
    assert job.state is JobState.RUNNING


@proves("infrai:job.outputs", side="client")
def test_a_film_comes_before_its_thumbnail() -> None:
    """The first output is the film, the second its thumbnail."""
    job = ScriptedClient(
        CONTRACT, wrapped(id="vid_1", state="succeeded", thumbnail_url=f"{FILM}.png", video_url=FILM)
    ).client.job("vid_1")
    assert [(output.kind, output.url) for output in job.result()] == [("video", FILM), ("image", f"{FILM}.png")]


@proves("infrai:job.error", side="client")
@pytest.mark.parametrize(
    "error",
    ["blocked by the content policy", {"code": "CONTENT_POLICY", "message": "blocked"}, {"code": "CONTENT_POLICY"}],
)
def test_an_error_is_a_text_or_an_object(error: Any) -> None:
    """Why a job failed is read in both forms, and what the content policy blocked is ContentFiltered."""
    job = ScriptedClient(CONTRACT, wrapped(id="vid_1", state="failed", error=error)).client.job("vid_1").refresh()
    with pytest.raises(errors.ContentFiltered, match=r"blocked|CONTENT_POLICY"):
        job.result()
    other = (
        ScriptedClient(CONTRACT, bare(id="vid_1", state="failed", error="out of memory")).client.job("vid_1").refresh()
    )
    assert type(other.error) is errors.JobFailed


@proves("infrai:status.route", side="client")
def test_a_job_is_found_where_either_generation_shows_it() -> None:
    """A job that the newer route does not know is asked for at the older one, which is then the one that is asked."""
    scripted = ScriptedClient(CONTRACT, NOT_FOUND, wrapped(job_id="vid_1", state="queued"))
    scripted.client.job("vid_1").refresh().refresh()
    assert scripted.paths() == [NEWER.format("vid_1"), OLDER.format("vid_1"), OLDER.format("vid_1")]


@proves("infrai:status.route", side="client")
def test_a_job_of_the_older_generation_is_asked_for_there_first() -> None:
    """An answer that has job_id alone is the older generation's."""
    scripted = ScriptedClient(CONTRACT, bare(job_id="vid_1", state="queued"))
    scripted.client.generate("A fox").refresh()
    assert scripted.paths() == [GENERATE, OLDER.format("vid_1")]


@proves("infrai:status.route", "infrai:errors.envelope", side="client")
def test_a_job_that_neither_knows_is_unknown() -> None:
    """Only when both generations say so is it NotFoundError; once one has shown a job, it is asked alone."""
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
def test_a_cancel_is_believed_when_the_job_says_so(envelope: Any, stopped: bool, word: str) -> None:  # noqa: FBT001
    """Whatever a cancel answers, the job is looked at: it is what it says that it is."""
    scripted = ScriptedClient(CONTRACT, envelope(ok=stopped), envelope(id="vid_1", state=word, video_url=FILM))
    job = scripted.client.job("vid_1").cancel()
    assert job.state is vendor.STATE_WORDS[word]
    assert scripted.paths() == [CANCEL["status"].format("vid_1"), NEWER.format("vid_1")]


@proves("infrai:cancel.route", side="client")
def test_a_cancel_finds_the_older_route_too() -> None:
    """A job that the newer route cannot cancel is cancelled at the older one, and looked at there."""
    scripted = ScriptedClient(CONTRACT, NOT_FOUND, bare(ok=True), bare(job_id="vid_1", state="cancelled"))
    assert scripted.client.job("vid_1").cancel().state is JobState.CANCELED
    assert scripted.paths()[1:] == [CANCEL["jobs"].format("vid_1"), OLDER.format("vid_1")]


@proves("infrai:envelope", "infrai:errors.server", side="client")
@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        None,
        {"ok": True},
        {"ok": True, "data": None, "error": None},
        wrapped(),
        wrapped(job_id=5),
        bare(state="x"),
    ],
)
def test_an_answer_without_a_job_is_asked_for_again(answer: Any) -> None:
    """A creation that names no job says nothing: the same key goes again, and then the outcome is unknown."""
    scripted = ScriptedClient(CONTRACT, answer, wrapped(job_id="vid_1"))
    assert scripted.client.generate("A fox").id == "vid_1"
    assert len({request.content for request in scripted.sent}) == 1
    lost = ScriptedClient(CONTRACT, answer)
    with pytest.raises(errors.SubmitOutcomeUnknown) as doubt:
        lost.client.generate("A fox", idempotency_key="k")
    assert (len(lost.sent), doubt.value.idempotency_key) == (5, "k")


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
        (200, "SOMETHING_NEW", errors.ApiError),
    ],
)
def test_the_code_decides_first_and_the_status_second(status: int, code: str, kind: type[errors.ApiError]) -> None:
    """A refusal is what its code says, else its HTTP status; it carries code, message and request id; sent once."""
    error = {"code": code, "message": "said so", "hint": "try"}
    scripted = ScriptedClient(
        CONTRACT, (status, {"ok": False, "data": None, "error": error, "metadata": {"request_id": "r-1"}})
    )
    with pytest.raises(errors.ApiError) as refused:
        scripted.client.generate("A fox")
    assert type(refused.value) is kind
    assert (refused.value.code, refused.value.message, refused.value.request_id) == (code, "said so", "r-1")
    assert (refused.value.status, len(scripted.sent)) == (status, 1)


@proves("infrai:errors.server", side="client")
@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize("code", ["INTERNAL", "SOMETHING_NEW", None])
def test_a_server_error_leaves_the_outcome_open(status: int, code: str | None) -> None:
    """After a 5xx, whatever its code, the same key is sent again, and the job that it began is the answer."""
    broken = (status, {"ok": False, "data": None, "error": {"code": code, "message": "oh"}, "metadata": {}})
    scripted = ScriptedClient(CONTRACT, broken, broken, wrapped(job_id="vid_1"))
    assert scripted.client.generate("A fox").id == "vid_1"
    assert len({request.headers["Idempotency-Key"] for request in scripted.sent}) == 1
    with pytest.raises(errors.SubmitOutcomeUnknown) as doubt:
        ScriptedClient(CONTRACT, broken, retry=RetryPolicy(attempts=1)).client.generate("A fox")
    assert (doubt.value.code, doubt.value.status) == (code, status)


@proves("infrai:errors.envelope", side="client")
@pytest.mark.parametrize("what", ["generate", "refresh"])
def test_the_client_waits_as_long_as_it_is_asked_to(what: str) -> None:
    """A 429 with Retry-After is sent again, no sooner than it asks."""
    scripted = ScriptedClient(CONTRACT, busy(30), wrapped(job_id="vid_1", id="vid_1", state="queued"))
    began = scripted.clock.now()
    job = scripted.client.generate("A fox") if what == "generate" else scripted.client.job("vid_1").refresh()
    assert (job.id, len(scripted.sent)) == ("vid_1", 2)
    assert scripted.clock.now() - began >= 30


@proves("infrai:errors.envelope", side="client")
def test_a_wait_that_is_too_long_is_told_at_once() -> None:
    """A 429 that asks for more than the retry policy allows is a RateLimitError with the wait in it."""
    scripted = ScriptedClient(CONTRACT, busy(3600))
    with pytest.raises(errors.RateLimitError) as refused:
        scripted.client.generate("A fox")
    assert (refused.value.retry_after, len(scripted.sent)) == (3600, 1)


def busy(wait: int) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Return a refusal that asks to wait so many seconds."""
    error = {"code": "RATE_LIMITED", "message": "slowly"}
    return 429, {"ok": False, "data": None, "error": error, "metadata": {}}, {"Retry-After": str(wait)}
