"""Money: whatever the wire does, one call is accepted at most once, and an accepted job is never silently lost."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import SubmitOutcomeUnknown, errors
from soundstage._protocol.submission import Submission
from soundstage._values.messages import Interrupted, NotSent, Request, Response
from soundstage._values.policies import RetryPolicy
from soundstage._values.state import JobState, Snapshot, StartedJob
from soundstage.vendors.tomoviee import PROFILE

if TYPE_CHECKING:
    from soundstage._protocol.service import Service
    from tests.clients.conftest import Kit

OPERATION = "text_to_video"


@dataclass(frozen=True)
class Happening:
    """One thing that may befall a paid request: what the wire does, and whether the service began the work."""

    name: str
    reaction: Response | Exception
    accepted: bool = False


def refused(status: int, code: int, **headers: str) -> Response:
    """A refusal in the gateway's envelope."""
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
    "redirected": Response(307, {"location": "https://elsewhere.example"}, b""),
}
CERTAIN: dict[str, Response | Exception] = {
    "never left": NotSent("ConnectError"),
    "too many": refused(429, 680429, **{"retry-after": "2"}),
    "too many, and no wait": refused(429, 680429),
    "bare 429": Response(429, {"retry-after": "1"}, b"slow down"),
    "parameters": refused(200, 680400),
    "credits": refused(200, 680402),
    "unheard code": refused(200, 680001),
    "internal, with a code": refused(500, 680500),
    "unauthorized": Response(401, {}, b"no"),
    "too large": Response(413, {}, b""),
}


@st.composite
def happenings(draw: st.DrawFn) -> Happening:
    """Anything that may befall a paid request; only what is open-ended may hide accepted work."""
    if draw(st.integers(0, 9)) == 0:
        answer = json.dumps({"code": 0, "msg": "", "data": {"task_id": "t-1"}}).encode()
        return Happening("accepted", Response(200, {}, answer), accepted=True)
    if draw(st.booleans()):
        name = draw(st.sampled_from(sorted(OPEN_ENDED)))
        return Happening(name, OPEN_ENDED[name], accepted=draw(st.booleans()))
    name = draw(st.sampled_from(sorted(CERTAIN)))
    return Happening(name, CERTAIN[name])


def submit(service: Service, **changes: Any) -> Submission:
    """Tomoviee's submission, changed as asked."""
    request = Request("POST", "https://gateway.example/x", json={"prompt": "p"}, paid=True)
    parse = service._read_submission  # type: ignore[attr-defined]  # the vendor's own reading
    return replace(Submission(service=service, operation=OPERATION, request=request, parse=parse), **changes)


@given(story=st.lists(happenings(), max_size=12), attempts=st.integers(1, 8), drawn=st.floats(0, 1))
def test_one_call_is_accepted_at_most_once(kit: Kit, story: list[Happening], attempts: int, drawn: float) -> None:
    """Under any sequence of events: at most one POST is accepted, and the caller is told what is true."""
    befallen: list[Happening] = []
    events = iter(story)

    def react(request: Request) -> Response | Exception:
        assert request.paid
        befallen.append(next(events, Happening("never left", NotSent("ConnectError"))))
        return befallen[-1].reaction

    policy = RetryPolicy(attempts=attempts)
    wire = kit.wire(react)
    service = kit.service(wire.clock, draw=lambda: drawn, retry=policy)
    outcome: object
    try:
        outcome = wire.run(submit(service).flow())
    except errors.SoundstageError as error:
        outcome = error

    assert sum(event.accepted for event in befallen) <= 1
    assert len(befallen) <= attempts
    assert wire.clock.now() <= policy.within
    last = befallen[-1]
    assert all(event.name in {"never left", "too many", "bare 429"} for event in befallen[:-1])
    assert isinstance(outcome, StartedJob) == (last.name == "accepted")
    assert isinstance(outcome, SubmitOutcomeUnknown) == (last.name in OPEN_ENDED)
    assert isinstance(outcome, errors.ConnectionFailed) == (last.name == "never left")


@pytest.mark.parametrize("name", sorted(OPEN_ENDED))
def test_an_unknown_outcome_carries_what_is_needed_to_look(kit: Kit, name: str) -> None:
    """`SubmitOutcomeUnknown` names operation, reason and request hash, and keeps the answer there was."""
    wire = kit.wire(lambda _: OPEN_ENDED[name])
    flow = submit(kit.service(), external_id="mine-1")
    with pytest.raises(SubmitOutcomeUnknown) as caught:
        wire.run(flow.flow())
    error = caught.value
    assert len(wire.sent) == 1
    assert (error.operation, error.external_id, error.idempotency_key) == (OPERATION, "mine-1", None)
    assert error.request_hash == wire.sent[0].fingerprint
    assert error.reason
    assert error.vendor == PROFILE.slug
    reaction = OPEN_ENDED[name]
    assert error.status == (reaction.status if isinstance(reaction, Response) else None)


def test_the_wait_a_service_asks_for_is_kept(kit: Kit) -> None:
    """A 429 with Retry-After is sent again after no less than it asks."""
    answers = iter([CERTAIN["too many"], Response(200, {}, kit.created("t-9"))])
    wire = kit.wire(lambda _: next(answers))
    started = wire.run(submit(kit.service(draw=lambda: 0.0)).flow())
    assert started.ref.id == "t-9"
    assert wire.pauses == [2.0]


def test_a_wait_that_is_too_long_is_not_begun(kit: Kit) -> None:
    """When the service asks for more than the policy's time, its refusal is raised at once, with the wait in it."""
    wire = kit.wire(lambda _: refused(429, 680429, **{"retry-after": "3600"}))
    with pytest.raises(errors.ConcurrencyLimitError) as caught:
        wire.run(submit(kit.service()).flow())
    assert caught.value.retry_after == 3600
    assert wire.pauses == []


def test_codes_that_a_vendor_declares_are_sent_again(kit: Kit) -> None:
    """A code in `resend_codes` refuses for the moment only."""
    profile = replace(PROFILE, resend_codes=frozenset({680422}))
    wire = kit.wire(lambda _: refused(200, 680422))
    with pytest.raises(errors.BadRequestError):
        wire.run(submit(kit.service(profile=profile)).flow())
    assert len(wire.sent) == RetryPolicy().attempts


@pytest.mark.parametrize(("idempotency", "key", "sent"), [("replay", "k-1", 5), ("replay", None, 1), (None, "k-1", 1)])
def test_only_a_replayed_key_makes_an_unknown_outcome_safe(
    kit: Kit, idempotency: Any, key: str | None, sent: int
) -> None:
    """After an unknown outcome a request is sent again only with a key that the service is documented to replay."""
    profile = replace(PROFILE, idempotency=idempotency)
    wire = kit.wire(lambda _: Interrupted("ReadError"))
    with pytest.raises(SubmitOutcomeUnknown) as caught:
        wire.run(submit(kit.service(profile=profile), idempotency_key=key).flow())
    assert len(wire.sent) == sent
    assert caught.value.idempotency_key == key


@given(story=st.lists(happenings(), min_size=1, max_size=8))
def test_with_a_replayed_key_a_lost_answer_stays_in_doubt_until_a_job_answers(kit: Kit, story: list[Happening]) -> None:
    """Once an answer was lost, only a job ends the doubt: no later refusal and no dead line does; the key is one."""
    events = iter(story)
    befallen: list[Happening] = []

    def react(_: Request) -> Response | Exception:
        befallen.append(next(events, Happening("never left", NotSent("ConnectError"))))
        return befallen[-1].reaction

    wire = kit.wire(react)
    service = kit.service(wire.clock, profile=replace(PROFILE, idempotency="replay"))
    outcome: object
    try:
        outcome = wire.run(submit(service, idempotency_key="k-1").flow())
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
    assert len({request.fingerprint for request in wire.sent}) == 1


def test_a_refusal_after_a_lost_answer_is_kept_in_the_doubt(kit: Kit) -> None:
    """What refused the second request is told with the doubt about the first: its code and its status."""
    answers = iter([Interrupted("ReadError"), CERTAIN["credits"]])
    wire = kit.wire(lambda _: next(answers))
    service = kit.service(wire.clock, profile=replace(PROFILE, idempotency="replay"))
    with pytest.raises(SubmitOutcomeUnknown, match="ReadError; sent again with the same key") as caught:
        wire.run(submit(service, idempotency_key="k-1").flow())
    assert (caught.value.code, caught.value.status) == (680402, 200)


def test_a_defect_of_the_reading_loses_no_job(kit: Kit) -> None:
    """If the reading of an answer itself breaks, the outcome is unknown and the answer is kept."""

    def broken(response: Response) -> tuple[str, Snapshot]:
        raise KeyError(response.status)

    wire = kit.wire(lambda _: Response(200, {}, b"the only trace of a paid job"))
    with pytest.raises(SubmitOutcomeUnknown) as caught:
        wire.run(submit(kit.service(), parse=broken).flow())
    assert caught.value.body == "the only trace of a paid job"
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_hook_that_raises_loses_no_job(kit: Kit) -> None:
    """Between the answer and the job nothing can raise, the user's hook least of all."""

    def hook(event: object) -> None:
        raise RuntimeError(event)

    wire = kit.wire(lambda _: Response(200, {}, kit.created("t-7")))
    started = wire.run(submit(kit.service(on_event=hook)).flow())
    assert started.ref.id == "t-7"
    assert started.snapshot.state is JobState.QUEUED


@given(body=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
def test_the_request_hash_depends_on_what_is_sent_alone(body: dict[str, str]) -> None:
    """The same request has the same hash whatever credentials travel with it; another body has another."""
    request = Request("POST", "https://a.example/x?key=1", {"Authorization": "one"}, body, paid=True)
    assert (
        request.fingerprint == replace(request, headers={"Authorization": "two"}, url="https://a.example/x").fingerprint
    )
    assert request.fingerprint != replace(request, json={**body, "longer key": "1"}).fingerprint
