"""A pytest plugin that makes Acme wrong on purpose: while a law runs, Acme has the fault that the law forbids.

Most faults are in Acme's own client or simulator. A few promises are kept by shared code for every vendor, so that no
vendor can break them: there the shared code is changed.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from decimal import Decimal
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from soundstage import JobState, errors
from soundstage._client.key_client import _constructor
from soundstage._values.state import History
from soundstage.vendor_kit import JobRef, Media, PollPolicy, StartedJob, known_price
from soundstage_acme import client, simulator
from soundstage_acme.client import AcmeService
from soundstage_acme.simulator import AcmeSimulator
from soundstage_server.model.ledger import Ledger
from soundstage_server.vendor_kit import Audio, Choice, Field, Identity, Lifecycle, RefusedError, Stage, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

RESULTS: Final = "SOUNDSTAGE_WRONG_RESULTS"
"""The variable with the file to which the outcome of each law is written."""

Fault = Any  # a function that patches; its name is not needed


def refusal(field: str, other: Any) -> Fault:
    """Return a fault: one of the simulator's refusals is another one."""
    return lambda patch: patch.setattr(AcmeSimulator, "refusals", AcmeSimulator.refusals._replace(**{field: other}))


def fields(size: Any, default: str = "512x512") -> Fault:
    """Return a fault: the simulator has another rule or default for the size."""
    changed = (simulator.FIELDS[0], Field("size", size, "routes", default=default), *simulator.FIELDS[2:])
    return lambda patch: patch.setattr(simulator, "FIELDS", changed)


def profile(**changed: Any) -> Fault:
    """Return a fault: the client's profile differs."""
    operations = client._Operations
    wrong = _constructor(operations.__qualname__, replace(client.PROFILE, **changed), AcmeService)
    return lambda patch: patch.setattr(operations, "__init__", wrong)


def around(owner: type, name: str, change: Callable[..., Any]) -> Fault:
    """Return a fault: what a method returns is changed by *change*, which is also given the method's arguments."""
    right = getattr(owner, name)

    def wrong(self: Any, *given: Any, **named: Any) -> Any:
        return change(right(self, *given, **named), *given)

    return lambda patch: patch.setattr(owner, name, wrong)


def instead(owner: type, name: str, wrong: Callable[..., Any]) -> Fault:
    """Return a fault: a method is replaced."""
    return lambda patch: patch.setattr(owner, name, wrong)


def body(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Fault:
    """Return a fault: the client sends another body."""
    right = AcmeService.start

    def start(self: Any, method: str, path: str, given: dict[str, Any], *price: Any) -> Any:
        return right(self, method, path, change(dict(given)), *price)

    return instead(AcmeService, "start", start)


def refusing(condition: Callable[[Any], bool]) -> Fault:
    """Return a fault: the simulator refuses creations that meet *condition*."""
    right = AcmeSimulator.respond

    def respond(self: Any, route: Any, request: Any) -> Any:
        if route.paid and condition(request):
            return self.refuse(RefusedError(simulator.INVALID), request)
        return right(self, route, request)

    return instead(AcmeSimulator, "respond", respond)


def prices(*changing: Any) -> Fault:
    """Return a fault: the client's price differs from call to call, the last one for ever."""
    given = chain(changing, repeat(changing[-1]))
    return lambda patch: patch.setattr(client, "known_price", lambda _: known_price(next(given)))


FAULTS: Final[dict[str, Fault]] = {
    "test_documented_host_reaches_the_service": refusing(lambda request: not request.mount),
    "test_client_uses_the_documented_address": profile(base_url="https://api.acme.test"),
    "test_requests_go_to_documented_routes_with_credentials": around(
        AcmeService, "authorization", lambda found: {"Authorization": found["Authorization"].replace("B", "b", 1)}
    ),
    "test_valid_body_is_accepted": fields(Choice(("512x512",))),
    "test_broken_body_is_refused_by_name_and_costs_nothing": fields(Text(500)),
    "test_body_that_is_no_object_is_refused": refusal("unreadable", simulator.NOT_FOUND),
    "test_unknown_member_is_ignored": refusing(lambda request: b"no_such_member" in request.body),
    "test_client_refuses_broken_arguments_before_sending": lambda patch: patch.setattr(
        client, "SIZES", (*client.SIZES, "1x1")
    ),
    "test_arguments_arrive_as_documented": body(lambda given: {**given, "size": "512x512"}),
    "test_required_arguments_alone_send_the_documented_defaults": body(lambda given: {"prompt": given["prompt"]}),
    "test_every_refusal_has_the_documented_form": around(
        AcmeSimulator, "refuse", lambda found, *_: found._replace(status=found.status + 1)
    ),
    "test_every_refusal_has_its_client_error": lambda patch: patch.setitem(
        client.REFUSALS, "no_credit", errors.BadRequestError
    ),
    "test_caller_without_valid_credentials_is_refused": instead(
        AcmeSimulator, "identify", lambda _self, given: Identity((given[0] or b"no key").decode())
    ),
    "test_rejected_credential_is_an_authentication_error": instead(
        AcmeSimulator, "credential_refusal", lambda _self, _word: simulator.INVALID
    ),
    "test_account_without_credit_is_refused": refusal("no_credit", simulator.INVALID),
    "test_one_job_too_many_is_refused_until_the_first_ends": refusal("too_many", simulator.INVALID),
    "test_unknown_job_is_not_found": refusal("not_found", simulator.INVALID),
    "test_job_of_another_account_is_not_found": instead(
        AcmeSimulator, "own_task", lambda self, _request, name, _detail="": self.tasks[name]
    ),
    "test_every_state_word_is_read": lambda patch: patch.setitem(client.STATES, "done", JobState.RUNNING),
    "test_unknown_state_keeps_polling": around(
        AcmeService,
        "_read_job",
        lambda found, *_: replace(found, state=JobState.FAILED) if found.state is JobState.UNKNOWN else found,
    ),
    "test_default_pace_is_the_documented_one": profile(poll=PollPolicy(first=1.0)),
    "test_stale_response_changes_nothing_back": instead(History, "after", lambda _self, found: History(found)),
    "test_success_without_output_is_a_failure": around(
        AcmeService,
        "_read_job",
        lambda found, data: replace(
            found,
            state=client.STATES.get(data.get("status"), found.state),
            media=found.media or (Media("https://acme.test/0.png", "image"),),
        ),
    ),
    "test_first_contrary_response_is_no_verdict": profile(poll=PollPolicy(first=2.0, grace=0.0)),
    "test_job_id_is_passed_through_unchanged": around(AcmeService, "required_id", lambda found, *_: found.upper()),
    "test_response_about_another_job_is_not_read": around(
        AcmeService, "_read_job", lambda found, *_: replace(found, named=())
    ),
    "test_creation_without_an_id_is_no_job": instead(
        AcmeService, "required_id", lambda _self, data, _path, _response: str(data.get("id"))
    ),
    "test_job_is_queued_then_running_then_succeeded": around(
        AcmeSimulator, "_shown", lambda found, *_: {**found, "url": "https://acme.test/0.png"}
    ),
    "test_job_takes_the_documented_time": lambda patch: patch.setattr(
        AcmeSimulator, "times", Lifecycle((Stage("queued", 0.1, 0.2),), simulator.TIMES.ends)
    ),
    "test_failed_job_has_a_reason_and_no_output": instead(AcmeSimulator, "reason", lambda _self, _task: ""),
    "test_client_saves_every_output": around(
        AcmeSimulator, "outputs", lambda _, task: [Audio(1.0, task.seed, "music")]
    ),
    "test_async_client_saves_every_output": around(
        AcmeSimulator, "outputs", lambda _, task: [Audio(1.0, task.seed, "music")]
    ),
    "test_required_members_alone_make_what_the_defaults_make": fields(simulator.FIELDS[1].rule, "256x256"),
    "test_result_needs_no_credential_and_expires": lambda patch: patch.setattr(AcmeSimulator, "result_seconds", 3600),
    "test_price_is_reserved_and_charged_on_success": instead(
        AcmeSimulator, "price", lambda _self, _operation, _params: 3
    ),
    "test_failed_job_costs_nothing": lambda patch: patch.setattr(Ledger, "release", Ledger.capture),
    "test_blocked_content_is_a_content_error": around(
        AcmeService, "_read_job", lambda found, *_: replace(found, failure=None)
    ),
    "test_spend_limit_is_kept": prices(Decimal(2), Decimal(0)),
    "test_receiver_acts_once_on_the_right_end_under_every_fault": around(
        AcmeService, "parse_callback", lambda found, *_: StartedJob(JobRef("another"), found.snapshot)
    ),
    "test_service_answers_as_documented": around(
        AcmeSimulator, "respond", lambda found, *_: found._replace(body=found.body.replace(b"queued", b"made"))
    ),
    "test_client_requests_as_documented": body(lambda given: {**given, "size": "512x512"}),
    "test_any_order_of_events_keeps_the_laws": around(
        AcmeSimulator, "_shown", lambda found, *_: {**found, "url": "https://acme.test/0.png"}
    ),
}
"""Law to the fault that Acme has while the law runs."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Make Acme wrong for the time of one law."""
    with pytest.MonkeyPatch.context() as patch:
        FAULTS[item.originalname](patch)  # type: ignore[attr-defined]  # every law is a function
        return (yield)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write the outcome of a law and, of a failure, what a reader is shown."""
    if report.when == "call":
        law = report.nodeid.rpartition("::")[2].partition("[")[0]
        text = "\n".join(content for title, content in report.sections if title.startswith("soundstage"))
        row = {"law": law, "failed": report.failed, "text": text}
        with Path(os.environ[RESULTS]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
