"""Which shared laws each vendor answers to: every law is bound, or left out with a reason."""

from __future__ import annotations

from importlib import import_module

import pytest

from soundstage_contracts import VENDORS
from soundstage_contracts.laws.binding import LAW_MODULES, all_laws
from soundstage_contracts.laws.terms import Terms

LAWS = [
    "test_documented_host_reaches_the_service",
    "test_client_uses_the_documented_address",
    "test_requests_go_to_documented_routes_with_credentials",
    "test_valid_body_is_accepted",
    "test_broken_body_is_refused_by_name_and_costs_nothing",
    "test_body_that_is_no_object_is_refused",
    "test_unknown_member_is_ignored",
    "test_client_refuses_broken_arguments_before_sending",
    "test_arguments_arrive_as_documented",
    "test_required_arguments_alone_send_the_documented_defaults",
    "test_every_refusal_has_the_documented_form",
    "test_every_refusal_has_its_client_error",
    "test_caller_without_valid_credentials_is_refused",
    "test_rejected_credential_is_an_authentication_error",
    "test_account_without_credit_is_refused",
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
    "test_result_needs_no_credential_and_expires",
    "test_price_is_reserved_and_charged_on_success",
    "test_failed_job_costs_nothing",
    "test_blocked_content_is_a_content_error",
    "test_spend_limit_is_kept",
    "test_receiver_acts_once_on_the_right_end_under_every_fault",
    "test_service_answers_as_documented",
    "test_client_requests_as_documented",
    "test_any_order_of_events_keeps_the_laws",
]
RECEIVER = "test_receiver_acts_once_on_the_right_end_under_every_fault"
NO_CALLBACKS = {RECEIVER: "no document mentions callbacks"}
VEO_LEFT_OUT = {
    **NO_CALLBACKS,
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
EDRAWMAX_LEFT_OUT = {
    **NO_CALLBACKS,
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
        "the response is the diagram: there is no job",
    ),
    **dict.fromkeys(
        (
            "test_broken_body_is_refused_by_name_and_costs_nothing",
            "test_client_refuses_broken_arguments_before_sending",
            "test_every_refusal_has_the_documented_form",
            "test_every_refusal_has_its_client_error",
            "test_blocked_content_is_a_content_error",
        ),
        "the vendor's own contracts try each documented message and fact",
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
}
LEFT_OUT: dict[str, dict[str, str]] = {
    "edrawmax": EDRAWMAX_LEFT_OUT,
    "infrai": NO_CALLBACKS,
    "mediaio": NO_CALLBACKS,
    "gmicloud-key": {
        **NO_CALLBACKS,
        "test_result_needs_no_credential_and_expires": "the documents do not state when a result is deleted",
    },
    "gmicloud-session": {
        **NO_CALLBACKS,
        "test_result_needs_no_credential_and_expires": "the documents do not state when a result is deleted",
        "test_rejected_credential_is_an_authentication_error": "the login is refused, before a job can be requested",
    },
    "veo-proxy": VEO_LEFT_OUT,
    "veo-direct": {
        **VEO_LEFT_OUT,
        "test_client_uses_the_documented_address": "the client's documented address is the proxy's",
        "test_account_without_credit_is_refused": "Google refuses a used-up budget as it does a used-up quota",
        **dict.fromkeys(
            ("test_service_answers_as_documented", "test_client_requests_as_documented"),
            "the documented exchanges go through the proxy",
        ),
        "test_any_order_of_events_keeps_the_laws": "jobs are the same at both addresses: the proxy's face proves it",
    },
}
"""Face of a vendor (``veo-direct``; the slug where there is one face) to the laws that are left out, and why."""


def faces(vendor: str) -> list[Terms]:
    """Return everything that *vendor* declares to the laws."""
    module = import_module(f"soundstage_contracts.vendors.{vendor}.terms")
    return [value for value in vars(module).values() if isinstance(value, Terms)]


def test_the_laws_are_these() -> None:
    """The laws have these names, in this order: people search for them in reports."""
    assert [name for name, _ in all_laws().items()] == LAWS


def test_every_law_states_its_promise() -> None:
    """A law has a docstring of one sentence, which reports show, and comes from a module that is listed."""
    for name, law in all_laws().items():
        promise = (law.function.__doc__ or "").strip()
        assert promise.endswith("."), name
        assert "\n" not in promise, name
        assert law.function.__module__.rpartition(".")[2] in LAW_MODULES


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_law_is_bound_or_left_out_with_a_reason(vendor: str) -> None:
    """The suite has a test for each law that no face of the vendor leaves out, and the reasons are those listed."""
    suite = import_module(f"soundstage_contracts.suite.{vendor}.test_laws")
    declared = faces(vendor)
    assert declared, f"vendors/{vendor}/terms.py has no Terms"
    bound = {name for name in LAWS if any(name not in terms.left_out for terms in declared)}
    assert {name for name in vars(suite) if name.startswith("test_")} == bound
    left_out = {repr(terms): dict(terms.left_out) for terms in declared if terms.left_out}
    pinned = {face: reasons for face, reasons in LEFT_OUT.items() if face.partition("-")[0] == vendor}
    assert left_out == pinned, "list a law that is left out in LEFT_OUT, too, so that none is lost unseen"


@pytest.mark.parametrize("vendor", VENDORS)
def test_cases_carry_the_vendors_name(vendor: str) -> None:
    """Each case of a law is named after the vendor first, so that a run can be selected by it."""
    suite = import_module(f"soundstage_contracts.suite.{vendor}.test_laws")
    for name in (name for name in LAWS if name in vars(suite)):
        (mark,) = [mark for mark in getattr(vars(suite).get(name), "pytestmark", ()) if mark.name == "parametrize"]
        assert all(str(case.id).startswith(vendor) for case in mark.args[1])
