"""What GMI Cloud declares to the shared laws: one set of terms for each face."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from soundstage import errors
from soundstage_contracts import strategies
from soundstage_contracts.laws.declarations import BadCredential, Operation, Refusal, ResponseFormat
from soundstage_contracts.laws.terms import Terms
from soundstage_contracts.vendors.gmicloud import (
    CONTRACT,
    SESSION,
    STATUS_WORDS,
    GMICloudMachine,
    GMICloudSessionMachine,
)
from soundstage_contracts.vendors.gmicloud.access import CLIENT_ID, answer_login
from soundstage_contracts.vendors.gmicloud.arguments import (
    DOT,
    IMAGE_MODELS,
    TEXT_MODEL,
    TEXT_MODELS,
    broken_payloads,
    image_payload,
    text_payload,
)
from soundstage_contracts.vendors.gmicloud.raw_client import RawClient, SessionRawClient

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstage_contracts.laws.declarations import Body, BrokenBody


def _refusal(status: int, error: type[errors.SoundstageError], fact: str | None = None, attempts: int = 1) -> Refusal:
    """Return a refusal; GMI Cloud's have an HTTP status and no code (errors.body)."""
    return Refusal(code=status, status=status, error=error, fact=fact, attempts=attempts, has_code=False)


INVALID: Final = _refusal(400, errors.BadRequestError)
BLOCKED: Final = _refusal(400, errors.ContentPolicyError, "block")
UNAUTHENTICATED: Final = _refusal(401, errors.AuthenticationError)
REFUSED_AGAIN: Final = _refusal(401, errors.AuthenticationError, attempts=2)
"""The same where the client refreshes its token and repeats the request once (auth.expired)."""
WRONG_KEY: Final = _refusal(401, errors.AuthenticationError, "apikey.errors")
WRONG_TOKEN: Final = _refusal(401, errors.AuthenticationError, "auth.expired")
NO_CREDIT: Final = _refusal(402, errors.InsufficientCreditsError, "charge")
FORBIDDEN: Final = _refusal(403, errors.PermissionDeniedError)
NOT_FOUND: Final = _refusal(404, errors.NotFoundError, "errors.unknown")
TOO_MANY: Final = _refusal(429, errors.RateLimitError, "apikey.errors")
INTERNAL: Final = _refusal(500, errors.SubmitOutcomeUnknown)
UNAVAILABLE: Final = _refusal(503, errors.SubmitOutcomeUnknown)

NO_VIDEO: Final[tuple[Any, ...]] = (
    None, {}, [], "done", {"media_urls": []}, {"video_url": ""}, {"media_urls": [5]},
)  # fmt: skip
"""Outcomes of a request that succeeded that name no video."""


def _operation(
    method: str, route: str, models: Sequence[str], payloads: st.SearchStrategy[Body], seconds: str, **required: str
) -> Operation:
    model = models[0]
    broken = broken_payloads(model).map(lambda case: _with_model(model, case))
    return Operation(
        method=method,
        route=route,
        required={"model": model, "prompt": "A fox", **required},
        bodies=st.builds(lambda name, payload: {"model": name, **payload}, st.sampled_from(models), payloads),
        broken=broken,
        broken_for_client=broken.filter(_client_refuses),
        defaults={seconds: 5},
        sent_defaults=(),
        filled={"model": model},
        seconds=(40, 240),
    )


def _with_model(model: str, case: BrokenBody) -> BrokenBody:
    name, payload = case
    return name, {"model": model, **payload}


def _client_refuses(case: BrokenBody) -> bool:
    """Return whether the client refuses a broken value itself.

    The upper ends of ranges are left to the model, which declares them; the content of a data URL to the service.
    """
    name, body = case
    value, most = body[name], {"video_length": 10, "duration": 10, "seed": 2_147_483_647}.get(name)
    if most is not None and type(value) is int:
        return value <= most
    return not (isinstance(value, str) and value.startswith("data:"))


def _created(request: Any, status: str = "queued", **more: Any) -> dict[str, Any]:
    times = dict.fromkeys(("created_at", "queued_at", "updated_at"), 1_753_427_199)
    return {"request_id": request, "model": TEXT_MODEL, "status": status, **times, **more}


def _format(shape: str) -> ResponseFormat:
    """Return a format: the older or the newer shape of an outcome, or both at once (outcome.shape)."""

    def outcome(urls: tuple[str, ...]) -> dict[str, Any]:
        old = {"video_url": urls[0], "thumbnail_image_url": "https://storage.test/0.png"}
        new = {"media_urls": [{"id": str(number), "url": url} for number, url in enumerate(urls)]}
        return {**(old if shape != "new" else {}), **(new if shape != "old" else {})}

    def polled(request: str, word: Any, urls: tuple[str, ...] = (), reason: str = "") -> dict[str, Any]:
        shown = outcome(urls) if urls else {"error": reason} if reason else None
        return _created(request, word, outcome=shown)

    return ResponseFormat(
        name=shape,
        created=_created,
        polled=polled,
        states=STATUS_WORDS,
        unknown=("resting", ""),
        without_id=[{}, _created(None), _created(""), _created(True), [], "r-1"],
        without_output=[_created("a", "success", outcome=made) for made in NO_VIDEO],
        ids=strategies.texts(least=1, most=40).filter(lambda text: bool(text.strip()) and text not in {".", ".."}),
    )


OPERATIONS: Final = (
    _operation("text_to_video", "T2V", TEXT_MODELS, text_payload(), "video_length"),
    _operation("image_to_video", "", IMAGE_MODELS, image_payload(), "duration", image=DOT),
)
FACTS: Final = {
    "test_valid_body_is_accepted": ["requests.create", "accepted.status", "requests.payload"],
    "test_broken_body_is_refused_by_name_and_costs_nothing": [
        "requests.payload", "requests.ranges", "errors.unknown",
    ],
    "test_body_that_is_no_object_is_refused": ["request.body", "errors.body"],
    "test_unknown_member_is_ignored": ["requests.payload"],
    "test_client_refuses_broken_arguments_before_sending": ["client.validation"],
    "test_arguments_arrive_as_documented": [
        "requests.payload", "requests.create", "inputs.image", "models.known",
    ],
    "test_required_arguments_alone_send_the_documented_defaults": ["requests.payload", "models.known"],
    "test_required_members_alone_make_what_the_defaults_make": ["requests.ranges"],
    "test_account_without_credit_is_refused": ["charge"],
    "test_one_job_too_many_is_refused_until_the_first_ends": ["apikey.errors"],
    "test_unknown_job_is_not_found": ["errors.unknown"],
    "test_job_of_another_account_is_not_found": ["errors.unknown"],
    "test_every_refusal_has_the_documented_form": ["apikey.errors", "errors.body", "answers.json"],
    "test_every_refusal_has_its_client_error": ["apikey.errors", "errors.body"],
    "test_every_state_word_is_read": ["status.values", "requests.detail", "outcome.shape", "outcome.other"],
    "test_unknown_state_keeps_polling": ["status.values"],
    "test_default_pace_is_the_documented_one": ["polling.interval"],
    "test_stale_response_changes_nothing_back": ["status.values"],
    "test_first_contrary_response_is_no_verdict": ["poll.grace"],
    "test_response_about_another_job_is_not_read": ["poll.names_job"],
    "test_success_without_output_is_a_failure": ["outcome.shape"],
    "test_job_id_is_passed_through_unchanged": ["requests.create", "requests.detail"],
    "test_creation_without_an_id_is_no_job": ["requests.create"],
    "test_job_is_queued_then_running_then_succeeded": ["status.values", "requests.detail", "outcome.other"],
    "test_job_takes_the_documented_time": ["times.generation"],
    "test_failed_job_has_a_reason_and_no_output": ["status.cancel", "status.values", "outcome.other"],
    "test_failed_job_costs_nothing": ["charge"],
    "test_client_saves_every_output": ["requests.detail", "status.values", "outcome.shape"],
    "test_price_is_reserved_and_charged_on_success": ["charge"],
    "test_blocked_content_is_a_content_error": ["block"],
}  # fmt: skip
LEFT_OUT: Final = {
    "test_receiver_acts_once_on_the_right_end_under_every_fault": "no document mentions callbacks",
    "test_result_needs_no_credential_and_expires": "the documents do not state when a result is deleted",
}
SESSION_LEFT_OUT: Final = {
    **LEFT_OUT,
    "test_rejected_credential_is_an_authentication_error": "the login is refused, before a job can be requested",
}

KEY_TERMS: Final = Terms(
    contract=CONTRACT,
    raw_client=RawClient,
    face="key",
    hosts=("console.gmicloud.ai",),
    operations=OPERATIONS,
    formats=[_format(shape) for shape in ("both", "old", "new")],
    refusals=(INVALID, UNAUTHENTICATED, NO_CREDIT, FORBIDDEN, NOT_FOUND, TOO_MANY, INTERNAL, UNAVAILABLE),
    malformed=INVALID,
    invalid=INVALID,
    not_found=NOT_FOUND,
    no_credit=NO_CREDIT,
    too_many=TOO_MANY,
    blocked=BLOCKED,
    bad_credentials=[
        BadCredential(name="none", headers=lambda _: {}, refusal=WRONG_KEY, message="API key"),
        *(
            BadCredential(
                name=value or "empty",
                headers=lambda _, value=value: {"Authorization": value},  # type: ignore[misc]
                refusal=WRONG_KEY,
                message="API key",
            )
            for value in ("", "Bearer", "Bearer ", "Basic a2V5", "Token key")
        ),
    ],
    rejected={"invalid-": WRONG_KEY, "expired-": WRONG_KEY},
    machine=GMICloudMachine,
    pace=(5.0, 10.0),
    transcripts_of=lambda transcript: transcript.name.startswith("api_key"),
    effort=0.5,
    facts={
        **FACTS,
        "test_documented_host_reaches_the_service": ["apikey.face"],
        "test_requests_go_to_documented_routes_with_credentials": [
            "apikey.face", "requests.create", "requests.detail",
        ],
        "test_valid_body_is_accepted": [*FACTS["test_valid_body_is_accepted"], "apikey.created"],
        "test_caller_without_valid_credentials_is_refused": ["apikey.errors"],
        "test_rejected_credential_is_an_authentication_error": ["apikey.errors"],
    },
    left_out=LEFT_OUT,
)  # fmt: skip
"""The face that takes an API key."""

SESSION_TERMS: Final = Terms(
    contract=SESSION,
    raw_client=SessionRawClient,
    face="session",
    hosts=KEY_TERMS.hosts,
    operations=OPERATIONS,
    formats=KEY_TERMS.formats,
    login=answer_login,
    refusals=(INVALID, REFUSED_AGAIN, NO_CREDIT, FORBIDDEN, NOT_FOUND, TOO_MANY, INTERNAL, UNAVAILABLE),
    malformed=INVALID,
    invalid=INVALID,
    not_found=NOT_FOUND,
    no_credit=NO_CREDIT,
    too_many=TOO_MANY,
    blocked=BLOCKED,
    bad_credentials=[
        BadCredential(name="none", headers=lambda _: CLIENT_ID, refusal=WRONG_TOKEN, message="token"),
        BadCredential(
            name="key",
            headers=lambda account: {**CLIENT_ID, "Authorization": f"Bearer {account}"},
            refusal=WRONG_TOKEN,
            message="token",
        ),
    ],
    machine=GMICloudSessionMachine,
    pace=(5.0, 10.0),
    transcripts_of=lambda transcript: transcript.name.startswith("session"),
    effort=0.5,
    facts={
        **FACTS,
        "test_documented_host_reaches_the_service": ["headers"],
        "test_requests_go_to_documented_routes_with_credentials": ["headers", "requests.create", "requests.detail"],
        "test_caller_without_valid_credentials_is_refused": ["auth.expired", "faces.apart"],
    },
    left_out=SESSION_LEFT_OUT,
)
"""The face that takes the tokens of a login."""
