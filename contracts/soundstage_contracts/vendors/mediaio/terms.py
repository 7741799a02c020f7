"""What Media.io declares to the shared laws."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from soundstage import errors
from soundstage_contracts import strategies
from soundstage_contracts.laws.declarations import BadCredential, Operation, Refusal, ResponseFormat
from soundstage_contracts.laws.terms import Terms
from soundstage_contracts.vendors.mediaio import CONTRACT, STATUS_WORDS, MediaIOMachine
from soundstage_contracts.vendors.mediaio.arguments import (
    ENDPOINTS,
    FACTS,
    PARAMETERS,
    bodies,
    method_of,
    naturally,
    plain,
    refused,
    refused_by_client,
)
from soundstage_contracts.vendors.mediaio.raw_client import ANY_ENDPOINT, RawClient

if TYPE_CHECKING:
    from soundstage_contracts.facts.tables import Endpoint, Parameter

TRACE: Final = "6f1ed002ab5595859014ebf0951522d9"
PARAMETER_FACTS: Final = [fact.removeprefix("mediaio:") for fact in FACTS]
DEFAULT_FACTS: Final = [endpoint.fact(one.name) for endpoint, one in PARAMETERS if "default" in one.limits]


def _refusal(code: int, error: type[errors.ApiError], fact: str | None = None) -> Refusal:
    return Refusal(code=code, status=200, error=error, fact=fact)


NO_KEY: Final = _refusal(374004, errors.AuthenticationError, "errors.unauthenticated")
EXPIRED_KEY: Final = _refusal(40002, errors.AuthenticationError, "errors.unauthenticated")
INVALID: Final = _refusal(490000, errors.BadRequestError)
NOT_FOUND: Final = _refusal(40003, errors.NotFoundError, "errors.task_not_found")
TOO_MANY: Final = _refusal(490429, errors.ConcurrencyLimitError, "errors.too_many")
NO_CREDIT: Final = _refusal(490505, errors.InsufficientCreditsError, "errors.credits")


def _operation(endpoint: Endpoint) -> Operation:
    image = endpoint.capability.endswith("image")
    return Operation(
        method=method_of(endpoint),
        route=endpoint.path,
        required=plain(endpoint),
        bodies=bodies(endpoint),
        broken=_broken(endpoint, [(one, value) for one in endpoint.parameters for value in refused(one)]),
        broken_for_client=_broken(
            endpoint, [(one, value) for one in endpoint.parameters for value in refused_by_client(one)]
        ),
        defaults={one.name: one.limits["default"] for one in endpoint.parameters if "default" in one.limits},
        convert=partial(naturally, endpoint),
        text="prompt" if any(one.name == "prompt" for one in endpoint.parameters) else None,
        outputs=("image",) if image else ("video",),
        seconds=(10, 90) if image else (30, 170),
    )


def _broken(endpoint: Endpoint, cases: list[tuple[Parameter, Any]]) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Return a parameter's name and a body in which it has a wrong value; `None` means its absence."""
    return st.sampled_from(cases).map(lambda case: (case[0].name, plain(endpoint, **{case[0].name: case[1]})))


def _envelope(data: Any) -> dict[str, Any]:
    return {"code": 0, "msg": "", "data": data, "trace_id": TRACE}


def _polled(task: str, word: Any, urls: tuple[str, ...] = (), reason: str = "") -> dict[str, Any]:
    result = [{"val": f"aigc/{n}.mp4", "preview": url, "status": word} for n, url in enumerate(urls)]
    return _envelope({"task_id": task, "status": word, "reason": reason, **({"result": result} if urls else {})})


NO_ID: Final[tuple[Any, ...]] = (None, {}, {"task_id": ""}, {"task_id": True}, [])
"""What a response to a creation may have as data that names no task."""
NO_RESULT: Final[tuple[Any, ...]] = (
    None, [], {}, "", [{"val": "aigc/0.mp4"}], {"preview": ""}, "aigc/0.mp4", 5, [None],
)  # fmt: skip
"""What a task that succeeded may have as result that names no file."""

FORMAT: Final = ResponseFormat(
    name="array",
    created=lambda task: _envelope({"task_id": task}),
    polled=_polled,
    states=STATUS_WORDS,
    unknown=("queued", ""),
    without_id=[*map(_envelope, NO_ID), [], {"task_id": "a"}, {"code": "zero", "data": {"task_id": "a"}}, "OK"],
    without_output=[_envelope({"task_id": "a", "status": "completed", "result": result}) for result in NO_RESULT],
    ids=strategies.texts(least=1, most=80).filter(str.strip),
)

TERMS: Final = Terms(
    contract=CONTRACT,
    raw_client=RawClient,
    hosts=("openapi.media.io",),
    operations=[
        _operation(endpoint) for endpoint in (ANY_ENDPOINT, *(one for one in ENDPOINTS if one is not ANY_ENDPOINT))
    ],
    formats=(FORMAT,),
    refusals=(
        NO_KEY, _refusal(40001, errors.AuthenticationError), EXPIRED_KEY, NOT_FOUND, INVALID, TOO_MANY, NO_CREDIT,
    ),
    malformed=INVALID,
    invalid=INVALID,
    not_found=NOT_FOUND,
    no_credit=NO_CREDIT,
    too_many=TOO_MANY,
    bad_credentials=[
        BadCredential(name="none", headers=lambda _: {}, refusal=NO_KEY, message="X-API-KEY"),
        BadCredential(name="empty", headers=lambda _: {"X-API-KEY": ""}, refusal=NO_KEY, message="X-API-KEY"),
        BadCredential(
            name="bearer", headers=lambda key: {"Authorization": f"Bearer {key}"}, refusal=NO_KEY, message="X-API-KEY"
        ),
    ],
    rejected={"invalid-": NO_KEY, "expired-": EXPIRED_KEY},
    retention=30 * 24 * 3600.0,
    machine=MediaIOMachine,
    pace=(5.0, 5.0),
    effort=0.2,
    left_out={
        "test_receiver_acts_once_on_the_right_end_under_every_fault": "no document mentions callbacks",
    },
    facts={
        "test_documented_host_reaches_the_service": ["method.post", "create.answer"],
        "test_requests_go_to_documented_routes_with_credentials": [
            "auth.header", "method.post", "request.wrapper", "result.route", "endpoint.generation-result.task_id",
        ],
        "test_valid_body_is_accepted": ["create.answer", "ids", *PARAMETER_FACTS],
        "test_broken_body_is_refused_by_name_and_costs_nothing": ["errors.invalid_parameter", *PARAMETER_FACTS],
        "test_body_that_is_no_object_is_refused": ["request.wrapper", "errors.invalid_parameter"],
        "test_unknown_member_is_ignored": ["errors.invalid_parameter"],
        "test_client_refuses_broken_arguments_before_sending": ["values.are_strings", *PARAMETER_FACTS],
        "test_arguments_arrive_as_documented": ["values.are_strings", "request.wrapper", *PARAMETER_FACTS],
        "test_required_arguments_alone_send_the_documented_defaults": [
            "request.wrapper", "method.post", *PARAMETER_FACTS,
        ],
        "test_required_members_alone_make_what_the_defaults_make": DEFAULT_FACTS,
        "test_caller_without_valid_credentials_is_refused": ["auth.header", "errors.unauthenticated", "envelope"],
        "test_rejected_credential_is_an_authentication_error": ["auth.header", "errors.unauthenticated"],
        "test_account_without_credit_is_refused": ["errors.credits"],
        "test_one_job_too_many_is_refused_until_the_first_ends": ["errors.too_many"],
        "test_unknown_job_is_not_found": ["errors.task_not_found", "endpoint.generation-result.task_id"],
        "test_job_of_another_account_is_not_found": ["errors.task_not_found"],
        "test_every_refusal_has_the_documented_form": ["envelope", "errors.http_status"],
        "test_every_refusal_has_its_client_error": [
            "envelope", "errors.http_status", "errors.invalid_parameter", "errors.too_many",
        ],
        "test_every_state_word_is_read": ["status.vocabulary", "result.shape"],
        "test_unknown_state_keeps_polling": ["status.vocabulary"],
        "test_default_pace_is_the_documented_one": ["polling.interval"],
        "test_stale_response_changes_nothing_back": ["status.vocabulary"],
        "test_first_contrary_response_is_no_verdict": ["poll.grace"],
        "test_response_about_another_job_is_not_read": ["poll.names_job"],
        "test_success_without_output_is_a_failure": ["result.shape"],
        "test_job_id_is_passed_through_unchanged": [
            "ids", "create.answer", "result.route", "endpoint.generation-result.task_id",
        ],
        "test_creation_without_an_id_is_no_job": ["create.answer", "envelope"],
        "test_job_is_queued_then_running_then_succeeded": ["status.vocabulary", "result.shape", "result.route"],
        "test_job_takes_the_documented_time": ["generation.times"],
        "test_failed_job_has_a_reason_and_no_output": ["status.vocabulary", "result.shape"],
        "test_failed_job_costs_nothing": ["ledger.charge"],
        "test_result_needs_no_credential_and_expires": ["result.expired"],
        "test_price_is_reserved_and_charged_on_success": ["ledger.charge"],
        "test_blocked_content_is_a_content_error": ["block"],
    },
)  # fmt: skip
