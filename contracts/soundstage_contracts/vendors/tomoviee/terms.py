"""What Tomoviee declares to the shared laws."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

from soundstage import errors
from soundstage_contracts import strategies
from soundstage_contracts.laws.declarations import BadCredential, Callbacks, Operation, Refusal, ResponseFormat
from soundstage_contracts.laws.terms import Terms
from soundstage_contracts.vendors.tomoviee import CONTRACT, STATUS_WORDS, TomovieeMachine
from soundstage_contracts.vendors.tomoviee.access import SECRET, headers
from soundstage_contracts.vendors.tomoviee.arguments import broken_text_to_video, text_to_video_body
from soundstage_contracts.vendors.tomoviee.capabilities import CAPABILITIES, Capability, bodies, broken
from soundstage_contracts.vendors.tomoviee.raw_client import RawClient

if TYPE_CHECKING:
    from collections.abc import Mapping

MONTH: Final = 30 * 24 * 3600.0
LINK: Final = "https://example.test/a.png"
VIDEO: Final = {"resolution": "720p", "duration": 5, "aspect_ratio": "16:9"}
PARAMETERS: Final = [
    "text2video.params", "video.common", *(capability.fact for capability in CAPABILITIES),
]  # fmt: skip


def _refusal(code: int, error: type[errors.SoundstageError], fact: str | None = None) -> Refusal:
    """Return a refusal: HTTP 200, or in the other reading the HTTP status that the code ends with."""
    return Refusal(code=code, status=200, statuses={"http": code - 680000}, error=error, fact=fact)


INVALID: Final = _refusal(680400, errors.BadRequestError)
UNAUTHENTICATED: Final = Refusal(code=680401, status=401, error=errors.AuthenticationError)
NO_CREDIT: Final = _refusal(680402, errors.InsufficientCreditsError)
NOT_FOUND: Final = _refusal(680404, errors.NotFoundError)
TOO_LARGE: Final = _refusal(680413, errors.BadRequestError)
WRONG_FORMAT: Final = _refusal(680422, errors.BadRequestError)
TOO_MANY: Final = _refusal(680429, errors.ConcurrencyLimitError)
INTERNAL: Final = _refusal(680500, errors.SubmitOutcomeUnknown)

EXAMPLE: Final[Mapping[str, Any]] = {
    "prompt": "A fox", "text": "A fox.", "image": LINK, "image_tail": LINK, "video": LINK, "reference_image": LINK,
    "init_image": LINK, "control_type": "2", "width": 1024, "height": 1024, "control_intensity": 0.5, "batch_size": 1,
    "qty": 2, "duration": 7,
}  # fmt: skip
DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    **dict.fromkeys(("image_to_video", "first_last_frame", "video_continuation"), VIDEO),
    "recognition": {"control_type": "2"},
    "text_to_sound_effect": {"qty": 1},
    "text_to_speech": {"voice_id": "zh-CN-YunxiNeural"},
    "video_soundtrack": {"duration": 20},
}
"""Method to what an absent parameter means."""
FILLED: Final = ("control_type", "width", "height", "control_intensity", "batch_size", "init_image")
"""What the client fills in for image_to_image, as the vendor's own client does (img2img.params)."""

TEXT_TO_VIDEO: Final = Operation(
    method="text_to_video",
    route="tm_text2video_b",
    required={"prompt": "A fox"},
    bodies=text_to_video_body(),
    broken=broken_text_to_video(),
    defaults=VIDEO,
    names={"camera_move_index": "camera_move"},
    seconds=(60, 300),
)


def _operation(capability: Capability) -> Operation:
    required = {name: EXAMPLE[name] for name in capability.needs}
    counted = int(required.get(capability.counts or "", 1))
    return Operation(
        method=capability.method,
        route=capability.name,
        required=required,
        bodies=bodies(capability),
        broken=broken(capability),
        defaults=DEFAULTS.get(capability.method, {}),
        filled={name: EXAMPLE[name] for name in FILLED} if capability.method == "image_to_image" else {},
        names={wire: own for own, wire in capability.names.items()},
        text=next((name for name in ("prompt", "text") if name in required), None),
        outputs=(capability.kind,) * counted,
        outputs_vary=capability.kind == "mask",
        seconds=capability.seconds,
    )


def _polled(task: str, status: Any, urls: tuple[str, ...] = (), reason: str = "") -> dict[str, Any]:
    result = json.dumps({"video_path": list(urls)}) if urls else ""
    return {
        "code": 0,
        "msg": "success",
        "data": {"task_id": task, "status": status, "reason": reason, "result": result},
    }


def _created(data: Any) -> dict[str, Any]:
    return {"code": 0, "msg": "", "data": data}


NO_ID: Final[tuple[Any, ...]] = (None, {}, {"task_id": ""}, {"task_id": True}, [])
"""What a response to a creation may have as data that names no task."""

FORMAT: Final = ResponseFormat(
    name="numbers",
    created=lambda task: _created({"task_id": task}),
    polled=_polled,
    states=STATUS_WORDS,
    unknown=(7, 0),
    without_id=[_created(data) for data in NO_ID],
    without_output=[
        {"code": 0, "msg": "success", "data": {"status": 3, "reason": "", "result": result}}
        for result in ("", "{}", "not JSON", '{"video_path": []}', None)
    ],
    ids=strategies.texts(least=1, most=80).filter(str.strip),
)


def _without(header: str) -> BadCredential:
    def others(account: str) -> Mapping[str, str]:
        return {name: value for name, value in headers(account).items() if name != header}

    return BadCredential(name=f"without {header}", headers=others, refusal=UNAUTHENTICATED, message=header)


def _with(token: str) -> BadCredential:
    def changed(account: str) -> Mapping[str, str]:
        return {**headers(account), "Authorization": token}

    return BadCredential(name=token, headers=changed, refusal=UNAUTHENTICATED)


def _by_another_scheme() -> BadCredential:
    def changed(account: str) -> Mapping[str, str]:
        right = headers(account)
        return {**right, "Authorization": right["Authorization"].replace("Basic", "Bearer")}

    return BadCredential(name="by another scheme", headers=changed, refusal=UNAUTHENTICATED)


TERMS: Final = Terms(
    contract=CONTRACT,
    raw_client=RawClient,
    hosts=("openapi.wondershare.cc", "open-api.wondershare.cc"),
    operations=(TEXT_TO_VIDEO, *map(_operation, CAPABILITIES)),
    formats=(FORMAT,),
    refusals=(INVALID, UNAUTHENTICATED, NO_CREDIT, NOT_FOUND, TOO_LARGE, WRONG_FORMAT, TOO_MANY, INTERNAL),
    error_dialect="tomoviee.errors",
    error_readings=("envelope", "http"),
    malformed=INVALID,
    invalid=INVALID,
    not_found=NOT_FOUND,
    no_credit=NO_CREDIT,
    too_many=TOO_MANY,
    bad_credentials=[
        *map(_without, ("X-App-Key", "Authorization")),
        *map(_with, ("Basic !", "Bearer abc", "basic", f"Basic {b64encode(f'another:{SECRET}'.encode()).decode()}")),
        _by_another_scheme(),
    ],
    rejected={"invalid-": UNAUTHENTICATED, "expired-": UNAUTHENTICATED},
    retention=MONTH,
    callbacks=Callbacks(parameter="callback"),
    machine=TomovieeMachine,
    pace=(10.0, 10.0),
    facts={
        "test_documented_host_reaches_the_service": ["gateway.hosts"],
        "test_client_uses_the_documented_address": ["gateway.hosts"],
        "test_requests_go_to_documented_routes_with_credentials": ["auth.headers", "create.route", "poll.route"],
        "test_valid_body_is_accepted": [
            "create.route", "create.answer", "task.id", "control_type.meaning", *PARAMETERS,
        ],
        "test_broken_body_is_refused_by_name_and_costs_nothing": ["create.answer", *PARAMETERS],
        "test_body_that_is_no_object_is_refused": ["create.route", "errors.codes", "request.body"],
        "test_unknown_member_is_ignored": ["request.body"],
        "test_client_refuses_broken_arguments_before_sending": PARAMETERS,
        "test_arguments_arrive_as_documented": ["camera.index", "callback.request", *PARAMETERS],
        "test_required_arguments_alone_send_the_documented_defaults": PARAMETERS,
        "test_required_members_alone_make_what_the_defaults_make": [
            "text2video.params", "video.common", "output.video",
            *(capability.fact for capability in CAPABILITIES if capability.method in DEFAULTS),
        ],
        "test_caller_without_valid_credentials_is_refused": [
            "auth.headers", "auth.rejected", "errors.http", "errors.codes",
        ],
        "test_rejected_credential_is_an_authentication_error": ["auth.rejected", "errors.codes", "errors.http"],
        "test_account_without_credit_is_refused": ["credits"],
        "test_one_job_too_many_is_refused_until_the_first_ends": ["errors.codes"],
        "test_unknown_job_is_not_found": ["poll.unknown_task"],
        "test_job_of_another_account_is_not_found": ["poll.unknown_task"],
        "test_every_refusal_has_the_documented_form": ["errors.envelope", "errors.http", "errors.codes"],
        "test_every_refusal_has_its_client_error": ["create.answer", "errors.envelope", "errors.codes"],
        "test_every_state_word_is_read": ["status.codes", "poll.answer"],
        "test_unknown_state_keeps_polling": ["status.codes"],
        "test_default_pace_is_the_documented_one": ["polling.interval"],
        "test_stale_response_changes_nothing_back": ["status.codes"],
        "test_first_contrary_response_is_no_verdict": ["poll.grace"],
        "test_response_about_another_job_is_not_read": ["poll.names_job"],
        "test_receiver_acts_once_on_the_right_end_under_every_fault": ["callback.trust"],
        "test_success_without_output_is_a_failure": ["poll.result_is_string"],
        "test_job_id_is_passed_through_unchanged": ["task.id", "create.answer", "poll.route"],
        "test_creation_without_an_id_is_no_job": ["create.answer"],
        "test_job_is_queued_then_running_then_succeeded": ["status.codes", "poll.answer", "poll.result_is_string"],
        "test_job_takes_the_documented_time": ["generation.times"],
        "test_failed_job_has_a_reason_and_no_output": ["poll.answer", "status.codes"],
        "test_failed_job_costs_nothing": ["credits"],
        "test_client_saves_every_output": ["poll.result_is_string", "poll.answer", "status.codes", "create.answer"],
        "test_async_client_saves_every_output": ["poll.result_is_string", "poll.answer", "create.answer"],
        "test_result_needs_no_credential_and_expires": ["result.address", "result.expired"],
        "test_price_is_reserved_and_charged_on_success": ["credits"],
        "test_blocked_content_is_a_content_error": ["block"],
    },
)  # fmt: skip
