"""Submissions: one call is accepted at most once, and an accepted job is never silently lost."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import SubmitOutcomeUnknown, errors
from soundstage._protocol.submission import Submission
from soundstage._values.messages import Interrupted, NotSent, Request, Response
from soundstage._values.policies import RetryPolicy
from soundstage._values.profile import VendorProfile
from soundstage._values.state import JobState, Snapshot, StartedJob
from soundstage.vendors.tomoviee import PROFILE
from soundstage_vendors.own import VENDORS, OwnVendor

if TYPE_CHECKING:
    from soundstage._protocol.service import Service
    from tests.clients.conftest import Kit

OPERATION = "text_to_video"


@dataclass(frozen=True)
class Happening:
    """One event during a paid request: the reaction of the transport, and whether the service started the work."""

    name: str
    reaction: Response | Exception
    accepted: bool = False


def refused(status: int, code: int, **headers: str) -> Response:
    """Return a refusal in the gateway's envelope."""
    return Response(status, headers, json.dumps({"code": code, "msg": "no"}).encode())


OPEN_ENDED: dict[str, Response | Exception] = {
    "dropped": Interrupted("ReadError"),
    "timed out": Interrupted("ReadTimeout"),
    "truncated": Response(200, {}, b'{"code": 0, "data": {"task_'),
    "html": Response(200, {}, b"<html>"),
    "no id": Response(200, {}, b'{"code": 0, "msg": "", "data": {}}'),
    "null id": Response(200, {}, b'{"code": 0, "data": {"task_id": null}}'),
    "no code": Response(200, {}, b'{"data": {"task_id": "x"}}'),
    "a list": Response(200, {}, b"[]"),
    "nested": Response(200, {}, b"[" * 100_000),
    "bad gateway": Response(502, {}, b"<html>"),
    "late": Response(503, {"retry-after": "1"}, b""),
    "request time-out": Response(408, {"retry-after": "1"}, b""),
    "undocumented code": refused(200, 680001),
    "internal, with a documented code": refused(500, 680500),
    "internal, with another code": refused(503, 1),
    "redirected": Response(307, {"location": "https://elsewhere.example"}, b""),
}
CERTAIN: dict[str, Response | Exception] = {
    "never left": NotSent("ConnectError"),
    "too many": refused(429, 680429, **{"retry-after": "2"}),
    "too many, and no wait": refused(429, 680429),
    "bare 429": Response(429, {"retry-after": "1"}, b"slow down"),
    "parameters": refused(200, 680400),
    "credits": refused(200, 680402),
    "unauthorized": Response(401, {}, b"no"),
    "too large": Response(413, {}, b""),
}


@st.composite
def happenings(draw: st.DrawFn) -> Happening:
    """Draw any event; only one with an open end may hide accepted work."""
    if draw(st.integers(0, 9)) == 0:
        answer = json.dumps({"code": 0, "msg": "", "data": {"task_id": "t-1"}}).encode()
        return Happening("accepted", Response(200, {}, answer), accepted=True)
    if draw(st.booleans()):
        name = draw(st.sampled_from(sorted(OPEN_ENDED)))
        return Happening(name, OPEN_ENDED[name], accepted=draw(st.booleans()))
    name = draw(st.sampled_from(sorted(CERTAIN)))
    return Happening(name, CERTAIN[name])


def submit(service: Service, **changes: Any) -> Submission:
    """Return Tomoviee's submission with changes."""
    request = Request("POST", "https://gateway.example/x", json={"prompt": "p"}, paid=True)
    parse = service._read_submission  # type: ignore[attr-defined]  # the vendor's own reading
    return replace(Submission(service=service, operation=OPERATION, request=request, parse=parse), **changes)


@given(script=st.lists(happenings(), max_size=12), attempts=st.integers(1, 8), drawn=st.floats(0, 1))
def test_call_is_accepted_at_most_once(kit: Kit, script: list[Happening], attempts: int, drawn: float) -> None:
    """Under any sequence of events at most one POST is accepted, and the caller gets the true outcome."""
    befallen: list[Happening] = []
    events = iter(script)

    def react(request: Request) -> Response | Exception:
        assert request.paid
        befallen.append(next(events, Happening("never left", NotSent("ConnectError"))))
        return befallen[-1].reaction

    policy = RetryPolicy(attempts=attempts)
    driver = kit.driver(react)
    service = kit.service(driver.clock, draw=lambda: drawn, retry=policy)
    outcome: object
    try:
        outcome = driver.run(submit(service).flow())
    except errors.SoundstageError as error:
        outcome = error

    assert sum(event.accepted for event in befallen) <= 1
    assert len(befallen) <= attempts
    assert driver.clock.now() <= policy.within
    last = befallen[-1]
    assert all(event.name in {"never left", "too many", "bare 429"} for event in befallen[:-1])
    assert isinstance(outcome, StartedJob) == (last.name == "accepted")
    assert isinstance(outcome, SubmitOutcomeUnknown) == (last.name in OPEN_ENDED)
    assert isinstance(outcome, errors.ConnectionFailed) == (last.name == "never left")


@pytest.mark.parametrize("name", sorted(OPEN_ENDED))
def test_unknown_outcome_has_the_details(kit: Kit, name: str) -> None:
    """`SubmitOutcomeUnknown` has operation, reason, request hash and the response, if there was one."""
    driver = kit.driver(lambda _: OPEN_ENDED[name])
    flow = submit(kit.service(), external_id="mine-1")
    with pytest.raises(SubmitOutcomeUnknown) as caught:
        driver.run(flow.flow())
    error = caught.value
    assert len(driver.sent) == 1
    assert (error.operation, error.external_id, error.idempotency_key) == (OPERATION, "mine-1", None)
    assert error.request_hash == driver.sent[0].fingerprint
    assert error.reason
    assert error.vendor == PROFILE.slug
    reaction = OPEN_ENDED[name]
    assert error.status == (reaction.status if isinstance(reaction, Response) else None)


def test_retry_after_is_honored(kit: Kit) -> None:
    """A 429 with Retry-After is sent again after no shorter wait."""
    responses = iter([CERTAIN["too many"], Response(200, {}, kit.created("t-9"))])
    driver = kit.driver(lambda _: next(responses))
    started = driver.run(submit(kit.service(draw=lambda: 0.0)).flow())
    assert started.ref.id == "t-9"
    assert driver.pauses == [2.0]


def test_too_long_retry_after_is_raised(kit: Kit) -> None:
    """When Retry-After exceeds the policy's time, the refusal is raised at once, with the wait in it."""
    driver = kit.driver(lambda _: refused(429, 680429, **{"retry-after": "3600"}))
    with pytest.raises(errors.ConcurrencyLimitError) as caught:
        driver.run(submit(kit.service()).flow())
    assert caught.value.retry_after == 3600
    assert driver.pauses == []


def test_resend_codes_are_sent_again(kit: Kit) -> None:
    """A code in `resend_codes` is a temporary refusal."""
    profile = replace(PROFILE, resend_codes=frozenset({680422}))
    driver = kit.driver(lambda _: refused(200, 680422))
    with pytest.raises(errors.BadRequestError):
        driver.run(submit(kit.service(profile=profile)).flow())
    assert len(driver.sent) == RetryPolicy().attempts


@pytest.mark.parametrize(("idempotency", "key", "sent"), [("replay", "k-1", 5), ("replay", None, 1), (None, "k-1", 1)])
def test_unknown_outcome_is_resent_only_with_a_replayed_key(
    kit: Kit, idempotency: Any, key: str | None, sent: int
) -> None:
    """After an unknown outcome a request is sent again only with a key that the service is documented to replay."""
    profile = replace(PROFILE, idempotency=idempotency)
    driver = kit.driver(lambda _: Interrupted("ReadError"))
    with pytest.raises(SubmitOutcomeUnknown) as caught:
        driver.run(submit(kit.service(profile=profile), idempotency_key=key).flow())
    assert len(driver.sent) == sent
    assert caught.value.idempotency_key == key


@given(script=st.lists(happenings(), min_size=1, max_size=8))
def test_lost_response_stays_unknown_until_a_job_is_returned(kit: Kit, script: list[Happening]) -> None:
    """After a lost response only a job proves the outcome, no later refusal does; the key stays the same."""
    events = iter(script)
    befallen: list[Happening] = []

    def react(_: Request) -> Response | Exception:
        befallen.append(next(events, Happening("never left", NotSent("ConnectError"))))
        return befallen[-1].reaction

    driver = kit.driver(react)
    service = kit.service(driver.clock, profile=replace(PROFILE, idempotency="replay"))
    outcome: object
    try:
        outcome = driver.run(submit(service, idempotency_key="k-1").flow())
    except errors.SoundstageError as error:
        outcome = error
    doubtful = any(event.name in OPEN_ENDED for event in befallen)
    if befallen[-1].name == "accepted":
        assert isinstance(outcome, StartedJob)
    else:
        assert isinstance(outcome, SubmitOutcomeUnknown) == doubtful
    if isinstance(outcome, SubmitOutcomeUnknown):
        assert "idempotency_key='k-1'" in str(outcome)
        assert outcome.idempotency_key == "k-1"
    assert len({request.fingerprint for request in driver.sent}) == 1


def test_refusal_after_a_lost_response_is_in_the_error(kit: Kit) -> None:
    """The refusal of the second request is in the error about the first: its code and its status."""
    responses = iter([Interrupted("ReadError"), CERTAIN["credits"]])
    driver = kit.driver(lambda _: next(responses))
    service = kit.service(driver.clock, profile=replace(PROFILE, idempotency="replay"))
    with pytest.raises(SubmitOutcomeUnknown, match="ReadError; sent again with the same key") as caught:
        driver.run(submit(service, idempotency_key="k-1").flow())
    assert (caught.value.code, caught.value.status) == (680402, 200)


def test_parser_defect_loses_no_job(kit: Kit) -> None:
    """If parsing the response fails, the outcome is unknown and the response is kept."""

    def broken(response: Response) -> tuple[str, Snapshot]:
        raise KeyError(response.status)

    driver = kit.driver(lambda _: Response(200, {}, b"the only trace of a paid job"))
    with pytest.raises(SubmitOutcomeUnknown) as caught:
        driver.run(submit(kit.service(), parse=broken).flow())
    assert caught.value.body == "the only trace of a paid job"
    assert isinstance(caught.value.__cause__, KeyError)


def test_error_of_the_hook_loses_no_job(kit: Kit) -> None:
    """Between the response and the job nothing can raise, not even the user's hook."""

    def hook(event: object) -> None:
        raise RuntimeError(event)

    driver = kit.driver(lambda _: Response(200, {}, kit.created("t-7")))
    started = driver.run(submit(kit.service(on_event=hook)).flow())
    assert started.ref.id == "t-7"
    assert started.snapshot.state is JobState.QUEUED


@given(body=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
def test_request_hash_is_independent_of_credentials(body: dict[str, str]) -> None:
    """Equal requests have the same hash with any credentials; another body has another."""
    request = Request("POST", "https://a.example/x?key=1", {"Authorization": "one"}, body, paid=True)
    assert (
        request.fingerprint == replace(request, headers={"Authorization": "two"}, url="https://a.example/x").fingerprint
    )
    assert request.fingerprint != replace(request, json={**body, "longer key": "1"}).fingerprint


WHOLE = b'{"code": 0, "msg": "", "data": {"task_id": "t-paid"}}'


def test_complete_response_counts_although_its_end_is_wrong(kit: Kit) -> None:
    """A response that broke off after its complete JSON is the response: the paid job is not lost."""
    driver = kit.answering(Interrupted("RemoteProtocolError", Response(200, {}, WHOLE)))
    assert driver.run(submit(kit.service()).flow()).ref.id == "t-paid"


def test_part_of_a_response_is_kept_on_the_error(kit: Kit) -> None:
    """What arrived of a response that broke off is on the error, with secrets masked."""
    part = WHOLE[:-2] + b', "echo": "' + kit.secret.encode()
    driver = kit.answering(Interrupted("ReadError", Response(200, {"x-request-id": "r-1"}, part)))
    with pytest.raises(SubmitOutcomeUnknown) as caught:
        driver.run(submit(kit.service()).flow())
    body = caught.value.body or ""
    assert "t-paid" in body
    assert kit.secret not in body
    assert (caught.value.status, caught.value.request_id) == (200, "r-1")


def test_refusal_that_broke_off_is_a_refusal(kit: Kit) -> None:
    """A complete documented refusal counts although the end of its transfer is wrong."""
    refusal = Response(402, {}, b'{"code": 680402, "msg": "no credits"}')
    with pytest.raises(errors.InsufficientCreditsError):
        kit.answering(Interrupted("ReadError", refusal)).run(submit(kit.service()).flow())


def test_unknown_outcome_is_logged_and_noted(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    """What finds the job again is in the log and on the error's note, without secrets: frameworks drop exceptions."""
    driver = kit.answering(Interrupted(f"ReadError {kit.secret}"))
    flow = submit(kit.service(), external_id="mine-1", idempotency_key="key-1").flow()
    with pytest.raises(SubmitOutcomeUnknown) as caught:
        driver.run(flow)
    for text in ("".join(caught.value.__notes__), caplog.text):
        assert {"mine-1", "key-1", driver.sent[0].fingerprint, OPERATION} <= set(re.split(r"[ ,;:]+", text))
        assert kit.secret not in text
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_interrupted_submission_names_its_key_and_masks_the_response(kit: Kit) -> None:
    """What a request knows of itself has the made-up key, and the response without secrets."""
    sent: list[Request] = []

    def react(request: Request) -> Response:
        sent.append(request)
        return Response(200, {}, kit.created())

    kit.driver(react).run(submit(kit.service(), idempotency_key="key-1").flow())
    recovery = sent[0].recovery
    assert recovery is not None
    assert "idempotency_key key-1" in recovery(None)
    text = recovery(Response(429, {}, f"slow down, {kit.key}:{kit.secret}".encode()))
    assert "HTTP 429: slow down" in text
    assert kit.secret not in text
    assert kit.key not in text


def test_headers_of_a_request_are_not_shown() -> None:
    """Reports of errors show local variables: the headers of a request have a repr without values."""
    assert "planted" not in repr(Request("GET", "https://a.example", {"X-Key": "planted"}).headers)


@pytest.mark.parametrize(
    ("names", "idempotency", "advice"),
    [
        ({}, None, "the account's page at the vendor shows the credits. Submitting again before that may pay twice"),
        ({"idempotency_key": "k-1"}, "replay", "call again with idempotency_key='k-1': it returns the same job"),
        ({"external_id": "e-1"}, "external_id", "resolve() looks for the job by external_id='e-1'"),
    ],
)
def test_unknown_outcome_explains_what_to_do(kit: Kit, names: dict[str, str], idempotency: Any, advice: str) -> None:
    """The message of an unknown outcome has what is known, what it may have cost, and how to find out."""
    driver = kit.answering(Interrupted("ReadError: gone"))
    profile = replace(PROFILE, idempotency=idempotency)
    submission = submit(kit.service(driver.clock, profile=profile), **names)
    with pytest.raises(SubmitOutcomeUnknown) as caught:
        driver.run(submission.flow())
    message = str(caught.value)
    assert "was sent and its outcome is unknown (ReadError: gone" in message
    assert "It started one job or none, and may have cost the price of one. To find out: " in message
    assert advice in message


@pytest.mark.parametrize("entry", VENDORS.values(), ids=lambda entry: entry.slug)
def test_every_vendor_names_a_way_to_look_a_job_up(entry: OwnVendor) -> None:
    """A vendor whose jobs have neither a key nor a caller's name has words of its own about where to find them."""
    profile = import_module(f"{entry.module}.profile").PROFILE
    default = VendorProfile.__dataclass_fields__["lookup"].default
    starts_no_job = profile.slug == "edrawmax"
    assert profile.idempotency is not None or starts_no_job or profile.lookup != default
