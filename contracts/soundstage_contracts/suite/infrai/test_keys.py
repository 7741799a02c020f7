"""Contracts about Infrai's idempotency keys: one key is one job and one charge, despite lost responses and races."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any
from uuid import UUID

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import InvalidArgument, JobState, errors
from soundstage_contracts import proves
from soundstage_contracts.vendors import infrai as vendor
from soundstage_contracts.vendors.infrai import CONTRACT
from soundstage_contracts.vendors.infrai.arguments import KEYS
from soundstage_contracts.vendors.infrai.raw_client import GENERATE, RawClient, assert_refused, data_of

if TYPE_CHECKING:
    import httpx

    from soundstage_contracts.simulators.target import Target

RACERS = 8
DAY = 24 * 3600.0
LOST: dict[str, dict[str, Any]] = {
    "reset before": {"kind": "reset_before"},
    "reset during": {"kind": "reset_during"},
    "reset after": {"kind": "reset_after"},
    "hang before": {"kind": "hang"},
    "hang after": {"kind": "hang", "done": True},
    "truncated": {"kind": "truncate"},
    "malformed": {"kind": "malformed"},
    "redirected": {"kind": "redirect"},
    **{
        f"{status} {body} {done}": {"kind": "status", "status": status, "body": body, "done": done == "after"}
        for status in (408, 409, 425, 500, 502, 503, 504, 599)
        for body in ("empty", "html", "json")
        for done in ("before", "after")
    },
    **{
        f"{status} later": {"kind": "status", "status": status, "retry_after": 2, "done": done}
        for status, done in ((429, False), (503, True))
    },
}
"""Faults after which a submission is sent again with its key, as it may not have started a job."""
HARMLESS: dict[str, dict[str, Any]] = {
    "slow": {"kind": "slow", "seconds": 1},
    "late": {"kind": "latency", "seconds": 1},
    "mislabelled": {"kind": "content_type"},
}


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Return the raw client of a new account."""
    return RawClient(target)


def known(target: Target) -> RawClient:
    """Return the raw client of an account that the simulator knows, so that its journal has every later request."""
    raw = RawClient(target)
    raw.ask("GET", "/v1/video/capabilities")
    return raw


def submissions(raw: RawClient) -> list[tuple[str, dict[str, str]]]:
    """Return the body and the headers of every submission of the account, as they were sent."""
    journal = raw.target.control.requests(raw.name)
    return [(entry["body"], entry["headers"]) for entry in journal if entry["path"] == GENERATE]


def charged(raw: RawClient) -> float:
    """Return what the account has reserved and spent."""
    money = raw.money()
    return float(money.reserved + money.spent)


@proves("infrai:idempotency.same", "infrai:idempotency.body", "infrai:metadata.values", side="server")
@given(key=KEYS, body=vendor.bodies())
def test_one_key_is_one_job_and_one_charge(target: Target, key: str, body: dict[str, Any]) -> None:
    """The same key and body, with the key in field, header or both, is the same job and is charged once."""
    raw = RawClient(target)
    bare = {name: value for name, value in body.items() if name != "idempotency_key"}
    in_field = raw.ask("POST", GENERATE, {**bare, "idempotency_key": key})
    in_header = raw.ask("POST", GENERATE, bare, headers={"Idempotency-Key": key})
    in_both = raw.ask("POST", GENERATE, {**bare, "idempotency_key": key}, headers={"Idempotency-Key": key})
    filled = {"resolution": "720p", "aspect": "16:9", "prefer": "balanced", "duration_seconds": 5, "more": 1, **bare}
    spelled_out = raw.ask("POST", GENERATE, filled, headers={"Idempotency-Key": key})
    responses = [in_field, in_header, in_both, spelled_out]
    assert {data_of(response)["job_id"] for response in responses} == set(raw.jobs())
    assert len(raw.jobs()) == 1
    payload = [response.json()["metadata"] for response in responses]
    assert [metadata["cache_hit"] for metadata in payload] == [False, True, True, True]
    assert {metadata["cost_usd"] for metadata in payload} == {payload[0]["cost_usd"]}
    assert charged(raw) == pytest.approx(payload[0]["cost_usd"])


@proves("infrai:idempotency.same", side="server")
@pytest.mark.parametrize("word", ["", "fail", "cancel"])
def test_replayed_response_has_the_current_state(raw: RawClient, word: str) -> None:
    """A key that is sent again later returns the job's current state, with its video or error."""
    arguments = {"key": "k", "prompt": f"A fox soundstage:{word}"}
    job = data_of(raw.generate(**arguments))["job_id"]
    shown = raw.finish(job)
    assert data_of(raw.generate(**arguments)) == shown
    assert shown["state"] == {"": "succeeded", "fail": "failed", "cancel": "cancelled"}[word]
    assert raw.jobs() == [job]


@proves("infrai:idempotency.conflict", side="server")
@given(key=KEYS, one=vendor.bodies(), other=vendor.bodies())
def test_same_key_with_another_body_is_refused(
    target: Target, key: str, one: dict[str, Any], other: dict[str, Any]
) -> None:
    """A key with a different body is 409, starts nothing and costs nothing."""
    raw = RawClient(target)
    one, other = (
        {**one, "idempotency_key": key, "prompt": "A fox"},
        {**other, "idempotency_key": key, "prompt": "A hare"},
    )
    raw.ask("POST", GENERATE, one)
    before = charged(raw)
    assert_refused(raw.ask("POST", GENERATE, other), 409, "IDEMPOTENCY_CONFLICT", fact="idempotency.conflict")
    assert (len(raw.jobs()), charged(raw)) == (1, before)
    assert data_of(raw.ask("POST", GENERATE, one))["job_id"] == raw.jobs()[0]


@proves("infrai:idempotency.conflict", side="client")
def test_key_conflict_is_a_conflict_error(target: Target) -> None:
    """A key that is used again with other arguments is a ConflictError and is not retried."""
    raw = RawClient(target)
    sent: list[httpx.Request] = []
    http = target.http(event_hooks={"request": [sent.append]})
    client = target.client(CONTRACT, raw.account, http=http)
    client.generate("A fox", idempotency_key="k")
    with pytest.raises(errors.ConflictError) as refused:
        client.generate("A hare", idempotency_key="k")
    assert (refused.value.code, refused.value.status) == ("IDEMPOTENCY_CONFLICT", 409)
    assert len(sent) == 2


@proves("infrai:idempotency.same", side="server")
def test_keys_belong_to_an_account_and_last_a_day(target: Target) -> None:
    """Another account may use the same key; after 24 hours of the account's time a key starts a new job."""
    mine, yours = RawClient(target), RawClient(target)
    job = data_of(mine.generate(key="k"))["job_id"]
    assert data_of(yours.generate(key="k", prompt="A hare"))["job_id"] != job
    mine.advance(DAY - 60)
    assert data_of(mine.generate(key="k"))["job_id"] == job
    mine.advance(120)
    assert data_of(mine.generate(key="k", prompt="A hare"))["job_id"] != job
    assert len(mine.jobs()) == 2


@proves("infrai:idempotency.absent", side="server")
def test_calls_without_a_key_are_separate_jobs(raw: RawClient) -> None:
    """Two equal calls without a key are two jobs, which the simulator reports as a double submission."""
    assert raw.create() != raw.create()
    (account,) = [each for each in raw.target.control.accounts() if each["account"] == raw.name]
    assert len(account["double_submissions"]) == 1


@proves("infrai:idempotency.absent", side="server")
def test_different_keys_do_not_hide_a_double_submission(raw: RawClient) -> None:
    """The same video under two keys is two jobs and is reported as a double submission."""
    raw.generate(key="one")
    raw.generate(key="two")
    (account,) = [each for each in raw.target.control.accounts() if each["account"] == raw.name]
    assert len(account["double_submissions"]) == 1


@proves("infrai:idempotency.key", side="server")
@pytest.mark.parametrize("key", ["", "k" * 256])
def test_key_length_is_limited(raw: RawClient, key: str) -> None:
    """An empty key and one of more than 255 characters are refused; 255 are accepted."""
    assert_refused(raw.generate(key=key), 400, "INVALID_REQUEST", fact="idempotency.key")
    assert data_of(raw.generate(key="k" * 255))


@proves("infrai:idempotency.key", side="server")
def test_different_keys_in_field_and_header_are_refused(raw: RawClient) -> None:
    """Field and header may both have the key, but not different ones."""
    response = raw.generate(key="one", idempotency_key="two")
    assert_refused(response, 400, "INVALID_REQUEST", fact="idempotency.key")
    assert raw.jobs() == []


@proves("infrai:idempotency.key", side="client")
@pytest.mark.parametrize("key", ["", " ", "a key", "k" * 256, "ключ", 5, b"k"])
def test_client_refuses_an_invalid_key(target: Target, key: Any) -> None:
    """A key that is not 1 to 255 visible ASCII characters is refused before anything is sent."""
    with pytest.raises(InvalidArgument, match="idempotency_key"):
        target.client(CONTRACT, target.new_account()).generate("A fox", idempotency_key=key)


@proves("infrai:idempotency.always", side="client")
def test_client_generates_a_key_for_each_call(target: Target) -> None:
    """Without a key from the caller, each call has a new UUID as key, in field and header: two calls are two jobs."""
    raw = RawClient(target)
    client = target.client(CONTRACT, raw.account)
    assert client.generate("A fox").id != client.generate("A fox").id
    sent = [(json.loads(body)["idempotency_key"], headers["idempotency-key"]) for body, headers in submissions(raw)]
    assert len({UUID(header) for _, header in sent}) == 2
    assert [field for field, _ in sent] == [header for _, header in sent]


@proves("infrai:idempotency.same", side="client")
def test_callers_key_returns_the_same_job(target: Target) -> None:
    """The same call with the same key, from another client and later, returns the same job with its current state."""
    raw = RawClient(target)
    clock = target.advancing_clock()
    job = target.client(CONTRACT, raw.account, clock=clock).generate("A fox", idempotency_key="order-7").wait()
    repeated = target.client(CONTRACT, raw.account).generate("A fox", idempotency_key="order-7")
    assert (repeated.id, repeated.state, repeated.outputs) == (
        job.id,
        JobState.SUCCEEDED,
        job.outputs,
    )
    assert repeated.cost == job.cost
    assert raw.jobs() == [job.id]


@proves("infrai:idempotency.same", "infrai:idempotency.always", "infrai:errors.server")
@pytest.mark.parametrize("fault", LOST)
def test_lost_response_is_retried_without_a_second_charge(target: Target, fault: str) -> None:
    """A submission whose response is lost is sent again with its key: one job, one charge."""
    raw = known(target)
    target.control.fault(**LOST[fault], vendor="infrai", account=raw.name, times=1)
    job = target.client(CONTRACT, raw.account, timeout=1.0).generate("A fox")
    assert raw.jobs() == [job.id]
    assert charged(raw) == pytest.approx(job.cost)
    first, second = submissions(raw)
    assert first == second
    assert raw.finish(job.id)["state"] == "succeeded"
    assert charged(raw) == pytest.approx(job.cost)


@proves("infrai:idempotency.same", "infrai:idempotency.always")
@pytest.mark.parametrize("fault", HARMLESS)
def test_late_response_is_not_retried(target: Target, fault: str) -> None:
    """A slow, late or mislabeled response is a response: one request, one job, one charge."""
    raw = known(target)
    target.control.fault(**HARMLESS[fault], vendor="infrai", account=raw.name, times=1)
    job = target.client(CONTRACT, raw.account).generate("A fox")
    assert raw.jobs() == [job.id]
    assert len(submissions(raw)) == 1


@proves("infrai:idempotency.same", "infrai:idempotency.always")
@given(faults=st.lists(st.sampled_from(sorted(LOST)), min_size=1, max_size=7))
def test_repeated_faults_create_at_most_one_job(target: Target, faults: list[str]) -> None:
    """After any sequence of faults one job exists, which the caller has or finds by the key in the error."""
    raw = known(target)
    for fault in faults:
        target.control.fault(**LOST[fault], vendor="infrai", account=raw.name, times=1)
    client = target.client(CONTRACT, raw.account, timeout=1.0)
    try:
        job = client.generate("A fox")
    except errors.SubmitOutcomeUnknown as doubt:
        with pytest.raises(errors.UnsupportedError):
            doubt.resolve()
        target.control.fault("latency", vendor="infrai", account=raw.name, times=1, seconds=0)
        job = retry_until_answered(client, doubt.idempotency_key)
    except errors.RateLimitError:
        assert raw.jobs() == []
        return
    except errors.ConnectionFailed:
        raise AssertionError("a request that may have arrived is called one that did not") from None
    assert raw.jobs() == [job.id]
    assert charged(raw) == pytest.approx(job.cost)


def retry_until_answered(client: Any, key: str | None) -> Any:
    """Repeat the call with the key of an unknown outcome until it is answered."""
    assert key is not None
    while True:
        try:
            return client.generate("A fox", idempotency_key=key)
        except errors.SubmitOutcomeUnknown:
            continue


@proves("infrai:idempotency.same", side="server")
@pytest.mark.parametrize("fault", [None, "reset_after", "truncate"])
def test_racing_threads_share_one_job(target: Target, fault: str | None) -> None:
    """Threads that send the same key at once have the same job and one charge, even if responses are lost."""
    raw = known(target)
    if fault:
        target.control.fault(fault, vendor="infrai", account=raw.name, times=RACERS // 2)
    start = Barrier(RACERS)

    def race(_: int) -> str:
        client = target.client(CONTRACT, raw.account)
        start.wait()
        job: str = client.generate("A fox", idempotency_key="race").id
        return job

    with ThreadPoolExecutor(RACERS) as pool:
        jobs = set(pool.map(race, range(RACERS)))
    assert jobs == set(raw.jobs())
    assert len(jobs) == 1
    assert len(raw.money().entries) == 1


@proves("infrai:idempotency.same", "infrai:idempotency.always")
def test_racing_coroutines_share_one_job(target: Target) -> None:
    """Coroutines with the same key have the same job; with a key each, they have one each."""
    raw = RawClient(target)

    async def race(key: str | None) -> set[str]:
        found: set[str] = set()
        async with target.async_http() as http:
            client = target.async_client(CONTRACT, raw.account, http=http)

            async def call() -> None:
                found.add((await client.generate("A fox", idempotency_key=key)).id)

            async with anyio.create_task_group() as group:
                for _ in range(RACERS):
                    group.start_soon(call)
        return found

    assert len(anyio.run(race, "race")) == 1
    assert len(anyio.run(race, None)) == RACERS
    assert len(raw.jobs()) == RACERS + 1


@proves("infrai:idempotency.same", side="server")
def test_refused_call_does_not_use_its_key(target: Target) -> None:
    """A refused call starts nothing: its key starts the job as soon as it can be paid for."""
    raw = RawClient(target, target.new_account("broke-"))
    assert_refused(raw.generate(key="k"), 402, "INSUFFICIENT_CREDIT", fact="errors.envelope")
    target.control.set_balance("infrai", raw.name, 10)
    assert data_of(raw.generate(key="k"))["job_id"] == raw.jobs()[0]
