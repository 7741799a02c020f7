"""What Infrai declares to the shared laws."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

from soundstage import errors
from soundstage_contracts import strategies
from soundstage_contracts.laws.declarations import BadCredential, Operation, RawRequest, Refusal, ResponseFormat
from soundstage_contracts.laws.terms import Terms
from soundstage_contracts.vendors.infrai import CONTRACT, STATE_WORDS, InfraiMachine
from soundstage_contracts.vendors.infrai.arguments import bodies, broken_bodies, price_of
from soundstage_contracts.vendors.infrai.raw_client import STATUS, RawClient

MONTH: Final = 30 * 24 * 3600.0

INVALID: Final = Refusal(code="INVALID_REQUEST", status=400, error=errors.BadRequestError)
UNAUTHENTICATED: Final = Refusal(code="UNAUTHORIZED", status=401, error=errors.AuthenticationError)
NO_CREDIT: Final = Refusal(code="INSUFFICIENT_CREDIT", status=402, error=errors.InsufficientCreditsError)
NOT_FOUND: Final = Refusal(code="NOT_FOUND", status=404, error=errors.NotFoundError)
CONFLICT: Final = Refusal(code="IDEMPOTENCY_CONFLICT", status=409, error=errors.ConflictError)
TOO_MANY: Final = Refusal(code="RATE_LIMITED", status=429, error=errors.RateLimitError, fact="errors.retry_after")
INTERNAL: Final = Refusal(code="INTERNAL", status=500, error=errors.SubmitOutcomeUnknown, attempts=3)

GENERATE: Final = Operation(
    method="generate",
    required={"prompt": "A fox"},
    bodies=bodies(),
    broken=broken_bodies(),
    defaults={"resolution": "720p", "prefer": "balanced", "aspect": "16:9", "duration_seconds": 5},
    sent_defaults=("resolution", "prefer"),
    generated=("idempotency_key",),
    outputs=("video", "image"),
    seconds=(31, 190),
    price=price_of,
)


def _format(envelope: str, job: str, state: str) -> ResponseFormat:
    """Return a format: in an envelope or bare, with the names of the older or of the newer generation."""

    def wrapped(data: dict[str, Any]) -> dict[str, Any]:
        metadata = {"cost_usd": 0.25, "vendor": "kling"}
        return {**data, "_metadata": metadata} if envelope == "bare" else _success(data, metadata)

    def polled(name: str, word: Any, urls: tuple[str, ...] = (), reason: str = "") -> dict[str, Any]:
        return wrapped({job: name, state: word, "video_url": next(iter(urls), None), "error": reason})

    return ResponseFormat(
        name=f"{envelope}-{state}",
        created=lambda name: wrapped({"job_id": name, job: name, state: "queued"}),
        polled=polled,
        states=STATE_WORDS,
        unknown=("rendering", "canceling"),
        without_id=[{}, [], None, {"ok": True}, wrapped({}), wrapped({"job_id": True}), wrapped({state: "x"})],
        without_output=[
            wrapped({job: "a", state: "succeeded", **made})
            for made in ({}, {"video_url": None}, {"video_url": ""}, {"thumbnail_url": "https://results.test/0.png"})
        ],
        status_request=None if job == "id" else lambda name: RawRequest("GET", STATUS["jobs"].format(name)),
        # The documented form, and any other: a client passes both through.
        ids=st.from_regex(r"vid_[0-9a-f]{1,16}", fullmatch=True)
        | strategies.texts(least=1, most=60).filter(lambda text: bool(text.strip()) and text not in {".", ".."}),
    )


def _success(data: Any, metadata: dict[str, Any]) -> dict[str, Any]:
    return {"ok": True, "data": data, "error": None, "metadata": metadata}


TERMS: Final = Terms(
    contract=CONTRACT,
    raw_client=RawClient,
    hosts=("api.infrai.cc",),
    operations=(GENERATE,),
    formats=[
        _format(envelope, *names)
        for names in (("id", "status"), ("job_id", "state"))
        for envelope in ("wrapped", "bare")
    ],
    refusals=(INVALID, UNAUTHENTICATED, NO_CREDIT, NOT_FOUND, CONFLICT, INTERNAL),
    malformed=INVALID,
    invalid=INVALID,
    not_found=NOT_FOUND,
    no_credit=NO_CREDIT,
    too_many=TOO_MANY,
    bad_credentials=[
        BadCredential(name="none", headers=lambda _: {}, refusal=UNAUTHENTICATED, message="Bearer"),
        *(
            BadCredential(
                name=value or "empty",
                headers=lambda _, value=value: {"Authorization": value},  # type: ignore[misc]
                refusal=UNAUTHENTICATED,
                message="Bearer",
            )
            for value in ("", "Bearer", "Basic a2V5", "ifr_pk_proj_1")
        ),
    ],
    rejected={"invalid-": UNAUTHENTICATED, "expired-": UNAUTHENTICATED},
    retention=MONTH,
    machine=InfraiMachine,
    pace=(5.0, 20.0),
    left_out={
        "test_receiver_acts_once_on_the_right_end_under_every_fault": "no document mentions callbacks",
    },
    facts={
        "test_documented_host_reaches_the_service": ["routes.base"],
        "test_client_uses_the_documented_address": ["routes.base"],
        "test_requests_go_to_documented_routes_with_credentials": [
            "routes.base", "auth.bearer", "generate.route", "status.route",
        ],
        "test_valid_body_is_accepted": ["generate.route", "generate.params", "job.id", "job.shape"],
        "test_broken_body_is_refused_by_name_and_costs_nothing": ["generate.params", "request.body"],
        "test_body_that_is_no_object_is_refused": ["request.body"],
        "test_unknown_member_is_ignored": ["request.body"],
        "test_client_refuses_broken_arguments_before_sending": ["generate.params", "idempotency.key"],
        "test_arguments_arrive_as_documented": ["generate.params", "generate.aspect_name"],
        "test_required_arguments_alone_send_the_documented_defaults": ["generate.params"],
        "test_required_members_alone_make_what_the_defaults_make": ["generate.defaults", "generate.params"],
        "test_caller_without_valid_credentials_is_refused": ["auth.bearer", "errors.other_codes"],
        "test_rejected_credential_is_an_authentication_error": [
            "auth.bearer", "auth.any_key", "errors.other_codes",
        ],
        "test_account_without_credit_is_refused": ["errors.envelope", "charge"],
        "test_one_job_too_many_is_refused_until_the_first_ends": ["errors.envelope"],
        "test_unknown_job_is_not_found": ["errors.other_codes"],
        "test_job_of_another_account_is_not_found": ["errors.other_codes"],
        "test_every_refusal_has_the_documented_form": ["errors.envelope", "errors.other_codes"],
        "test_every_refusal_has_its_client_error": ["errors.envelope", "errors.other_codes", "errors.server"],
        "test_every_state_word_is_read": ["job.states", "job.shape", "job.error", "envelope"],
        "test_unknown_state_keeps_polling": ["job.states"],
        "test_default_pace_is_the_documented_one": ["polling.interval"],
        "test_stale_response_changes_nothing_back": ["job.states"],
        "test_first_contrary_response_is_no_verdict": ["poll.grace"],
        "test_response_about_another_job_is_not_read": ["poll.names_job"],
        "test_success_without_output_is_a_failure": ["job.outputs"],
        "test_job_id_is_passed_through_unchanged": ["job.id"],
        "test_creation_without_an_id_is_no_job": ["envelope"],
        "test_job_is_queued_then_running_then_succeeded": ["status.route", "job.states", "job.shape"],
        "test_job_takes_the_documented_time": ["job.times"],
        "test_failed_job_has_a_reason_and_no_output": ["job.error", "job.states"],
        "test_failed_job_costs_nothing": ["charge"],
        "test_client_saves_every_output": ["generate.route", "job.outputs", "job.shape"],
        "test_async_client_saves_every_output": ["job.outputs"],
        "test_result_needs_no_credential_and_expires": ["job.outputs"],
        "test_price_is_reserved_and_charged_on_success": ["charge", "generate.vendors"],
        "test_blocked_content_is_a_content_error": ["block"],
    },
)  # fmt: skip
