"""What Veo declares to the shared laws: one set of terms for the proxy, one for Google's own address."""

from __future__ import annotations

from base64 import b64decode
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from soundstage import JobState, errors
from soundstage_contracts.laws.declarations import BadCredential, Operation, Refusal, ResponseFormat
from soundstage_contracts.laws.terms import Terms
from soundstage_contracts.vendors.veo import CONTRACT, DIRECT_CONTRACT, VeoMachine
from soundstage_contracts.vendors.veo.arguments import (
    IN_INSTANCE,
    NAMES,
    VEO_2,
    VEO_3,
    VEO_3_1,
    arguments_of_model,
    body_of,
    price_of,
)
from soundstage_contracts.vendors.veo.raw_client import DirectRawClient, RawClient

if TYPE_CHECKING:
    from soundstage_contracts.laws.declarations import Body

ARGUMENTS: Final = {**{wire: argument for argument, wire in NAMES.items()}, **IN_INSTANCE}
"""Member of a body to the client's argument."""


def _refusal(code: str, status: int, error: type[errors.SoundstageError], **more: Any) -> Refusal:
    return Refusal(code=code, status=status, error=error, **more)


INVALID: Final = _refusal("INVALID_ARGUMENT", 400, errors.BadRequestError)
WRONG_KEY: Final = _refusal("INVALID_ARGUMENT", 400, errors.AuthenticationError, order="API_KEY_INVALID")
NO_KEY: Final = _refusal("PERMISSION_DENIED", 403, errors.PermissionDeniedError)
NOT_FOUND: Final = _refusal("NOT_FOUND", 404, errors.NotFoundError)
RETIRED: Final = _refusal("NOT_FOUND", 404, errors.NotFoundError, order="MODEL_RETIRED", fact="models.retired")
TOO_MANY: Final = _refusal("RESOURCE_EXHAUSTED", 429, errors.RateLimitError, attempts=3)
INTERNAL: Final = _refusal("INTERNAL", 500, errors.SubmitOutcomeUnknown)
UNAVAILABLE: Final = _refusal("UNAVAILABLE", 503, errors.SubmitOutcomeUnknown)
PROXY_KEY: Final = _refusal("auth_error", 401, errors.AuthenticationError, fact="errors.proxy")
PROXY_NO_CREDIT: Final = _refusal("budget_exceeded", 429, errors.InsufficientCreditsError, fact="charge")
PROXY_INTERNAL: Final = _refusal("internal_server_error", 500, errors.SubmitOutcomeUnknown, fact="errors.proxy")
REFUSALS: Final = (
    INVALID, WRONG_KEY, NO_KEY, NOT_FOUND, RETIRED, TOO_MANY, INTERNAL, UNAVAILABLE, PROXY_KEY, PROXY_NO_CREDIT,
    PROXY_INTERNAL,
)  # fmt: skip


def _converted(model: str, body: Body) -> dict[str, Any]:
    """Return *body* with images as the bytes that the client takes, and the model where it is not the default."""
    images: dict[str, Any] = {name: _content(body[name]) for name in ("image", "lastFrame") if name in body}
    if "referenceImages" in body:
        images["referenceImages"] = [_content(one["image"]) for one in body["referenceImages"]]
    return {**body, **images, **({} if model == VEO_3 else {"model": model})}


def _content(image: Any) -> Any:
    return b64decode(image["bytesBase64Encoded"])


def _price(model: str, body: Body) -> float:
    return price_of({"model": model, **{ARGUMENTS[name]: value for name, value in body.items()}})


def _operation(model: str) -> Operation:
    return Operation(
        method="generate_videos",
        label=model,
        route=model,
        required={"prompt": "A fox"},
        bodies=arguments_of_model(model).map(lambda arguments: RawClient.members(body_of(arguments))),
        defaults={"aspectRatio": "16:9", "resolution": "720p", "durationSeconds": 8, "sampleCount": 1},
        sent_defaults=(),
        names=ARGUMENTS,
        convert=partial(_converted, model),
        seconds=(11, 360),
        price=partial(_price, model),
    )


def _response(**made: Any) -> dict[str, Any]:
    return {"name": "a", "done": True, "response": {"generateVideoResponse": made}}


def _polled(name: str, word: Any, urls: tuple[str, ...] = (), reason: str = "") -> dict[str, Any]:
    if word == "running":
        return {"name": name}
    if word == "error":
        return {"name": name, "done": True, "error": {"code": 13, "message": reason}}
    return {**_response(generatedSamples=[{"video": {"uri": url}} for url in urls]), "name": name}


FORMAT: Final = ResponseFormat(
    name="operation",
    created=lambda name: {"name": name},
    polled=_polled,
    states={"running": JobState.RUNNING, "done": JobState.SUCCEEDED, "error": JobState.FAILED},
    without_id=[{}, {"name": ""}, {"name": 5}, {"done": True}, [], "x", None],
    without_output=[
        _response(), _response(generatedSamples=[]), _response(generatedSamples=[{"video": {}}]), _response(x=1),
    ],
    ids=st.from_regex(r"(models/veo-[a-z0-9.-]{1,20}/)?operations/[a-z0-9_-]{1,30}", fullmatch=True),
)  # fmt: skip
OPERATIONS: Final = tuple(map(_operation, (VEO_3, VEO_2, VEO_3_1)))
FACTS: Final = {
    "test_requests_go_to_documented_routes_with_credentials": ["auth.header", "create.route", "poll.route"],
    "test_valid_body_is_accepted": ["create.route", "operation.name", "create.image", "create.references"],
    "test_body_that_is_no_object_is_refused": ["create.route"],
    "test_unknown_member_is_ignored": ["create.ignored"],
    "test_arguments_arrive_as_documented": [
        "create.parameters", "create.image", "create.references", "create.route",
    ],
    "test_required_arguments_alone_send_the_documented_defaults": ["create.route", "models.known"],
    "test_required_members_alone_make_what_the_defaults_make": ["create.defaults"],
    "test_one_job_too_many_is_refused_until_the_first_ends": ["errors.google", "errors.where"],
    "test_unknown_job_is_not_found": ["errors.google", "errors.where"],
    "test_job_of_another_account_is_not_found": ["errors.google", "errors.where", "operation.name"],
    "test_every_refusal_has_the_documented_form": ["errors.google", "errors.proxy", "models.retired"],
    "test_every_refusal_has_its_client_error": [
        "errors.google", "errors.proxy", "errors.unknown_outcome", "models.retired",
    ],
    "test_stale_response_changes_nothing_back": ["poll.route"],
    "test_default_pace_is_the_documented_one": ["polling.interval"],
    "test_first_contrary_response_is_no_verdict": ["poll.grace"],
    "test_response_about_another_job_is_not_read": ["poll.names_job"],
    "test_success_without_output_is_a_failure": ["poll.done"],
    "test_job_id_is_passed_through_unchanged": ["create.route", "poll.route"],
    "test_creation_without_an_id_is_no_job": ["create.route"],
    "test_job_is_queued_then_running_then_succeeded": ["poll.route", "poll.done"],
    "test_job_takes_the_documented_time": ["generation.times"],
    "test_failed_job_has_a_reason_and_no_output": ["poll.error", "poll.filtered"],
    "test_failed_job_costs_nothing": ["charge"],
    "test_client_saves_every_output": ["poll.done", "result.uri"],
    "test_price_is_reserved_and_charged_on_success": ["charge"],
    "test_blocked_content_is_a_content_error": ["poll.filtered"],
}  # fmt: skip
LEFT_OUT: Final = {
    "test_receiver_acts_once_on_the_right_end_under_every_fault": "no document mentions callbacks",
    **dict.fromkeys(
        (
            "test_broken_body_is_refused_by_name_and_costs_nothing",
            "test_client_refuses_broken_arguments_before_sending",
        ),
        "the vendor's own contracts try every call that breaks a rule, with the fact of the rule",
    ),
    **dict.fromkeys(
        ("test_every_state_word_is_read", "test_unknown_state_keeps_polling"), "an operation has no state words"
    ),
    "test_result_needs_no_credential_and_expires": "a download needs the key",
}
PROXY_TERMS: Final = Terms(
    contract=CONTRACT,
    raw_client=RawClient,
    face="proxy",
    hosts=("api.thucchien.ai",),
    operations=OPERATIONS,
    formats=(FORMAT,),
    refusals=REFUSALS,
    malformed=INVALID,
    not_found=NOT_FOUND,
    no_credit=PROXY_NO_CREDIT,
    too_many=TOO_MANY,
    bad_credentials=[BadCredential(name="none", headers=lambda _: {}, refusal=PROXY_KEY)],
    rejected={"invalid-": PROXY_KEY, "expired-": PROXY_KEY},
    machine=VeoMachine,
    pace=(10.0, 30.0),
    effort=0.3,
    facts={
        **FACTS,
        "test_documented_host_reaches_the_service": ["create.route"],
        "test_client_uses_the_documented_address": ["env"],
        "test_caller_without_valid_credentials_is_refused": ["errors.proxy", "errors.where"],
        "test_rejected_credential_is_an_authentication_error": ["errors.proxy", "errors.where"],
        "test_account_without_credit_is_refused": ["errors.proxy", "errors.where", "charge"],
    },
    left_out=LEFT_OUT,
)
"""Veo through the proxy."""

DIRECT_TERMS: Final = Terms(
    contract=DIRECT_CONTRACT,
    raw_client=DirectRawClient,
    face="direct",
    hosts=("generativelanguage.googleapis.com",),
    operations=OPERATIONS,
    formats=(FORMAT,),
    refusals=REFUSALS,
    malformed=INVALID,
    not_found=NOT_FOUND,
    pace=(10.0, 30.0),
    too_many=TOO_MANY,
    bad_credentials=[BadCredential(name="none", headers=lambda _: {}, refusal=NO_KEY)],
    rejected={"invalid-": WRONG_KEY, "expired-": WRONG_KEY},
    effort=0.3,
    facts={
        **FACTS,
        "test_documented_host_reaches_the_service": ["create.route"],
        "test_caller_without_valid_credentials_is_refused": ["errors.google", "errors.where"],
        "test_rejected_credential_is_an_authentication_error": ["errors.google", "errors.where"],
    },
    transcripts_of=lambda _: False,
    left_out={
        **LEFT_OUT,
        "test_client_uses_the_documented_address": "the client's documented address is the proxy's",
        "test_account_without_credit_is_refused": "Google refuses a used-up budget as it does a used-up quota",
        **dict.fromkeys(
            ("test_service_answers_as_documented", "test_client_requests_as_documented"),
            "the documented exchanges go through the proxy",
        ),
        "test_any_order_of_events_keeps_the_laws": "jobs are the same at both addresses: the proxy's face proves it",
    },
)
"""Veo without the proxy."""
