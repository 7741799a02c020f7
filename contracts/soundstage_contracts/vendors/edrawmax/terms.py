"""What EdrawMax declares to the shared laws: those about requests and transcripts, as there are no jobs."""

from __future__ import annotations

from typing import Final

from soundstage import errors
from soundstage_contracts.laws.declarations import Operation, Refusal
from soundstage_contracts.laws.terms import Terms
from soundstage_contracts.vendors.edrawmax import CONTRACT
from soundstage_contracts.vendors.edrawmax.arguments import KINDS, arguments
from soundstage_contracts.vendors.edrawmax.raw_client import RawClient

NO_JOB: Final = "the response is the diagram: there is no job"
OWN_CASES: Final = "the vendor's own contracts try each documented message and fact"
MALFORMED: Final = Refusal(code=400, status=200, error=errors.BadRequestError, fact="request.body")


def _operation(kind: str) -> Operation:
    required = {"prompt": "A fox"}
    return Operation(method=kind, route=kind, required=required, bodies=arguments(), defaults={"lang": "cn"})


TERMS: Final = Terms(
    contract=CONTRACT,
    raw_client=RawClient,
    hosts=("api.edrawmax.cn",),
    operations=[_operation(kind) for kind in KINDS],
    error_readings=(),
    malformed=MALFORMED,
    effort=0.5,
    facts={
        "test_documented_host_reaches_the_service": ["generate.routes"],
        "test_client_uses_the_documented_address": ["generate.routes"],
        "test_valid_body_is_accepted": [
            "generate.routes", "generate.params", "answer.flowchart", "answer.others", "answer.msg",
        ],
        "test_body_that_is_no_object_is_refused": ["request.body"],
        "test_unknown_member_is_ignored": ["generate.params"],
        "test_arguments_arrive_as_documented": ["generate.routes", "generate.params", "platform.enum"],
        "test_required_arguments_alone_send_the_documented_defaults": ["generate.params"],
    },
    left_out={
        "test_receiver_acts_once_on_the_right_end_under_every_fault": "no document mentions callbacks",
        **dict.fromkeys(
            (
                "test_requests_go_to_documented_routes_with_credentials",
                "test_one_job_too_many_is_refused_until_the_first_ends",
                "test_unknown_job_is_not_found",
                "test_job_of_another_account_is_not_found",
                "test_every_state_word_is_read",
                "test_unknown_state_keeps_polling",
                "test_default_pace_is_the_documented_one",
                "test_stale_response_changes_nothing_back",
                "test_success_without_output_is_a_failure",
                "test_first_contrary_response_is_no_verdict",
                "test_job_id_is_passed_through_unchanged",
                "test_response_about_another_job_is_not_read",
                "test_creation_without_an_id_is_no_job",
                "test_job_is_queued_then_running_then_succeeded",
                "test_job_takes_the_documented_time",
                "test_failed_job_has_a_reason_and_no_output",
                "test_client_saves_every_output",
                "test_async_client_saves_every_output",
                "test_required_members_alone_make_what_the_defaults_make",
                "test_any_order_of_events_keeps_the_laws",
            ),
            NO_JOB,
        ),
        **dict.fromkeys(
            (
                "test_broken_body_is_refused_by_name_and_costs_nothing",
                "test_client_refuses_broken_arguments_before_sending",
                "test_every_refusal_has_the_documented_form",
                "test_every_refusal_has_its_client_error",
                "test_blocked_content_is_a_content_error",
            ),
            OWN_CASES,
        ),
        **dict.fromkeys(
            (
                "test_caller_without_valid_credentials_is_refused",
                "test_rejected_credential_is_an_authentication_error",
            ),
            "there is no credential",
        ),
        **dict.fromkeys(
            (
                "test_account_without_credit_is_refused",
                "test_price_is_reserved_and_charged_on_success",
                "test_failed_job_costs_nothing",
                "test_spend_limit_is_kept",
            ),
            "nothing is charged",
        ),
        "test_result_needs_no_credential_and_expires": "the documents do not state when a file is deleted",
    },
)  # fmt: skip
