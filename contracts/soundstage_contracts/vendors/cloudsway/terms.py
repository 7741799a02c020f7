"""What Cloudsway declares to the shared laws."""

from __future__ import annotations

from typing import Any, Final

from soundstage import JobState, SoundstageError, errors
from soundstage_contracts import strategies
from soundstage_contracts.laws.declarations import BadCredential, Callbacks, Operation, Refusal, ResponseFormat
from soundstage_contracts.laws.terms import Terms
from soundstage_contracts.vendors.cloudsway import CONTRACT, CloudswayMachine
from soundstage_contracts.vendors.cloudsway.arguments import ADDRESS, arguments, bodies, broken
from soundstage_contracts.vendors.cloudsway.raw_client import KINDS, TABLE, RawClient

MONTH: Final = 30 * 24 * 3600.0
REASONS: Final = (
    "NO_ENDPOINT", "NO_PASSAGEWAY", "NO_BALANCER_ERROR", "NO_PROVIDER_ERROR", "MODEL_TYPE_NOT_FOUND",
    "AI_PASSAGEWAY_GROUP_IS_EMPTY_ERROR", "AI_IMAGE_QUALITY_ERROR", "AI_IMAGE_SIZE_ERROR",
)  # fmt: skip
ERRORS: Final[dict[int, type[SoundstageError]]] = {
    **dict.fromkeys((1000, 1001, 1002, 1003, 1004), errors.AuthenticationError),
    **dict.fromkeys((1100, 1103, 1304), errors.PermissionDeniedError),
    **dict.fromkeys((1101, 1102), errors.InsufficientCreditsError),
    **dict.fromkeys((1200, 1201, 1202), errors.BadRequestError),
    1203: errors.NotFoundError,
    **dict.fromkeys((1300, 1301), errors.ContentPolicyError),
    1302: errors.RateLimitError,
    1303: errors.ConcurrencyLimitError,
    5001: errors.ServerError,
    **dict.fromkeys((5000, 5002), errors.SubmitOutcomeUnknown),
}
"""Code to what the client raises when a submission is refused with it (errors.table)."""
GATEWAY_ERRORS: Final[dict[int, type[SoundstageError]]] = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    429: errors.RateLimitError,
    **dict.fromkeys((500, 503, 504), errors.SubmitOutcomeUnknown),
}
"""HTTP status of the gateway to what the client raises when a submission is refused with it (errors.gateway)."""
PASSING: Final = (1302, 1303)
"""The codes that the client waits out (errors.retryable)."""


def _refusal(code: int, fact: str | None = None) -> Refusal:
    """Return a refusal of the table, which comes with HTTP 200 in the other reading."""
    attempts = 3 if code in PASSING else 1
    statuses = {"envelope": 200}
    return Refusal(code=code, status=TABLE[code], error=ERRORS[code], statuses=statuses, fact=fact, attempts=attempts)


def _gateway(status: int, reason: str = "") -> Refusal:
    """Return a refusal of the gateway, whose code is its HTTP status in both readings."""
    error = GATEWAY_ERRORS[status]
    return Refusal(code=status, status=status, error=error, fact="errors.gateway", order=reason or str(status))


def _bad_credential(value: str | None, code: int) -> BadCredential:
    headers = {} if value is None else {"Authorization": value}
    name = "none" if value is None else value or "empty"
    return BadCredential(name=name, headers=lambda _: headers, refusal=_refusal(code, "auth.which"))


def _operation(method: str, required: dict[str, Any], **more: Any) -> Operation:
    kind = KINDS[method]
    defaults = {"model_name": "kling-v1", "mode": "std", "duration": "5", "sound": "off", "cfg_scale": 0.5}
    return Operation(
        method=method,
        route=kind,
        required=required,
        bodies=bodies(kind),
        broken=broken(kind),
        defaults={**defaults, **more},
        sent_defaults=("model_name", "duration", *more),
        convert=arguments,
        generated=("external_task_id",),
        seconds=(60, 300),
    )


def _envelope(data: Any) -> dict[str, Any]:
    return {"code": 0, "message": "SUCCEED", "request_id": "r-1", "data": data}


def _task(name: Any, word: Any = "submitted", **more: Any) -> dict[str, Any]:
    return _envelope({"task_id": name, "task_status": word, "task_status_msg": "", "task_info": {}, **more})


def _polled(name: str, word: Any, urls: tuple[str, ...] = (), reason: str = "") -> dict[str, Any]:
    videos = [{"id": "1", "url": url, "duration": "5"} for url in urls]
    return _task(name, word, task_status_msg=reason, **({"task_result": {"videos": videos}} if videos else {}))


NO_ID: Final[tuple[Any, ...]] = (None, {}, {"task_id": ""}, {"task_id": True}, [])
"""What a response to a creation may have as data that names no task."""
NO_VIDEO: Final[tuple[Any, ...]] = (
    None, {}, {"videos": []}, {"videos": [{}]}, {"videos": [{"url": ""}]}, {"videos": "x"}, [],
)  # fmt: skip
"""What a task that succeeded may have as result that names no video."""

FORMAT: Final = ResponseFormat(
    name="words",
    created=_task,
    polled=_polled,
    states={
        "submitted": JobState.QUEUED,
        "processing": JobState.RUNNING,
        "succeed": JobState.SUCCEEDED,
        "failed": JobState.FAILED,
    },
    unknown=("queued", "succeeded", None, 5),
    without_id=[_envelope(data) for data in NO_ID],
    without_output=[_task("a", "succeed", task_result=result) for result in NO_VIDEO],
    ids=strategies.texts(least=1, most=40).filter(lambda text: bool(text.strip(". "))),
)

TERMS: Final = Terms(
    contract=CONTRACT,
    raw_client=RawClient,
    hosts=("genaiapi.cloudsway.net",),
    operations=(
        _operation("text_to_video", {"prompt": "A fox"}, aspect_ratio="16:9"),
        _operation("image_to_video", {"image": ADDRESS}),
    ),
    formats=(FORMAT,),
    refusals=(
        *map(_refusal, TABLE),
        *(_gateway(400, reason) for reason in REASONS),
        *map(_gateway, (401, 403, 404, 409, 429, 500, 503, 504)),
    ),
    error_dialect="cloudsway.errors",
    error_readings=("http", "envelope"),
    malformed=_refusal(1200, "errors.which"),
    invalid=_refusal(1201),
    not_found=_refusal(1203, "errors.which"),
    no_credit=_refusal(1102, "price"),
    too_many=_refusal(1303, "concurrency"),
    blocked=_refusal(1301, "block"),
    bad_credentials=[
        _bad_credential(value, code)
        for value, code in (
            (None, 1001), ("", 1001), ("Basic abc", 1000), ("Bearer", 1000), ("Bearer ", 1000), ("abc", 1000),
            ("Bearer invalid-key", 1002), ("Bearer expired-key", 1004),
        )
    ],
    rejected={"invalid-": _refusal(1002), "expired-": _refusal(1004)},
    retention=MONTH,
    callbacks=Callbacks(parameter="callback_url", number=2),
    machine=CloudswayMachine,
    pace=(10.0, 10.0),
    facts={
        "test_documented_host_reaches_the_service": ["routes"],
        "test_client_uses_the_documented_address": ["routes"],
        "test_requests_go_to_documented_routes_with_credentials": ["auth.bearer", "routes"],
        "test_valid_body_is_accepted": [
            "create.answer", "envelope", "envelope.literals", "routes", "text2video.params", "image2video.params",
            "task_info",
        ],
        "test_broken_body_is_refused_by_name_and_costs_nothing": [
            "text2video.params", "image2video.params", "errors.which",
        ],
        "test_body_that_is_no_object_is_refused": ["errors.which", "errors.table"],
        "test_unknown_member_is_ignored": ["text2video.params"],
        "test_client_refuses_broken_arguments_before_sending": ["text2video.params", "image2video.params"],
        "test_arguments_arrive_as_documented": [
            "text2video.params", "image2video.params", "image2video.masks", "camera.control", "text2video.models",
        ],
        "test_required_arguments_alone_send_the_documented_defaults": ["text2video.params"],
        "test_required_members_alone_make_what_the_defaults_make": ["text2video.params", "output.size"],
        "test_caller_without_valid_credentials_is_refused": ["auth.bearer", "auth.which"],
        "test_rejected_credential_is_an_authentication_error": ["auth.bearer", "errors.table"],
        "test_account_without_credit_is_refused": ["price"],
        "test_one_job_too_many_is_refused_until_the_first_ends": ["concurrency"],
        "test_unknown_job_is_not_found": ["errors.which", "errors.table"],
        "test_job_of_another_account_is_not_found": ["routes.kind"],
        "test_every_refusal_has_the_documented_form": [
            "errors.table", "errors.http_status", "errors.gateway", "envelope",
        ],
        "test_every_refusal_has_its_client_error": [
            "errors.table", "errors.http_status", "errors.gateway", "errors.retryable", "envelope",
        ],
        "test_every_state_word_is_read": ["status.values", "get.answer"],
        "test_unknown_state_keeps_polling": ["status.values"],
        "test_default_pace_is_the_documented_one": ["polling.interval"],
        "test_stale_response_changes_nothing_back": ["status.values"],
        "test_first_contrary_response_is_no_verdict": ["poll.grace"],
        "test_response_about_another_job_is_not_read": ["poll.names_job"],
        "test_receiver_acts_once_on_the_right_end_under_every_fault": ["callback.trust"],
        "test_success_without_output_is_a_failure": ["get.answer"],
        "test_job_id_is_passed_through_unchanged": ["create.answer", "routes.kind"],
        "test_creation_without_an_id_is_no_job": ["create.answer", "envelope"],
        "test_job_is_queued_then_running_then_succeeded": ["status.values", "get.before_success"],
        "test_job_takes_the_documented_time": ["generation.times"],
        "test_failed_job_has_a_reason_and_no_output": ["status.values", "get.answer"],
        "test_failed_job_costs_nothing": ["price"],
        "test_client_saves_every_output": ["status.values", "get.answer", "create.answer"],
        "test_async_client_saves_every_output": ["status.values", "get.answer", "create.answer"],
        "test_result_needs_no_credential_and_expires": ["result.retention"],
        "test_price_is_reserved_and_charged_on_success": ["price"],
        "test_blocked_content_is_a_content_error": ["block"],
    },
)  # fmt: skip
