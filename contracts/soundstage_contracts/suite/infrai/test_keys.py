"""The contracts of Infrai's idempotency keys: one key is one job and one charge, whatever breaks and whoever races."""

from __future__ import annotations

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
"""What may come of a submission so that it is sent again with its key: nobody knows, or it was not begun."""
HARMLESS: dict[str, dict[str, Any]] = {
    "slow": {"kind": "slow", "seconds": 1},
    "late": {"kind": "latency", "seconds": 1},
    "mislabelled": {"kind": "content_type"},
}


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Speak as a new account."""
    return RawClient(target)


def known(target: Target) -> RawClient:
    """Speak as a new account that has called before, so that its journal has whatever is sent from now on."""
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
    """The same key and body, the key in the field or the header or both, is the same job, paid for once."""
    raw = RawClient(target)
    bare = {name: value for name, value in body.items() if name != "idempotency_key"}
    in_field = raw.ask("POST", GENERATE, {**bare, "idempotency_key": key})
    in_header = raw.ask("POST", GENERATE, bare, headers={"Idempotency-Key": key})
    in_both = raw.ask("POST", GENERATE, {**bare, "idempotency_key": key}, headers={"Idempotency-Key": key})
    filled = {"resolution": "720p", "aspect": "16:9", "prefer": "balanced", "duration_seconds": 5, "more": 1, **bare}
    spelled_out = raw.ask("POST", GENERATE, filled, headers={"Idempotency-Key": key})
    answers = [in_field, in_header, in_both, spelled_out]
    assert {data_of(answer)["job_id"] for answer in answers} == set(raw.jobs())
    assert len(raw.jobs()) == 1
    told = [answer.json()["metadata"] for answer in answers]
    assert [metadata["cache_hit"] for metadata in told] == [False, True, True, True]
    assert {metadata["cost_usd"] for metadata in told} == {told[0]["cost_usd"]}
    assert charged(raw) == pytest.approx(told[0]["cost_usd"])


@proves("infrai:idempotency.same", side="server")
@pytest.mark.parametrize("word", ["", "fail", "cancel"])
def test_a_replayed_answer_shows_the_job_as_it_is_now(raw: RawClient, word: str) -> None:
    """Later the same key is answered by the job as it then is: with its film, its error, or that it was cancelled."""
    asked = {"key": "k", "prompt": f"A fox soundstage:{word}"}
    job = data_of(raw.generate(**asked))["job_id"]
    shown = raw.finish(job)
    assert data_of(raw.generate(**asked)) == shown
    assert shown["state"] == {"": "succeeded", "fail": "failed", "cancel": "cancelled"}[word]
    assert raw.jobs() == [job]


@proves("infrai:idempotency.conflict", side="server")
@given(key=KEYS, one=vendor.bodies(), other=vendor.bodies())
def test_another_body_under_the_same_key_is_refused(
    target: Target, key: str, one: dict[str, Any], other: dict[str, Any]
) -> None:
    """The same key with what asks for something else is 409, begins nothing and costs nothing."""
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
def test_the_client_says_that_a_key_was_used_for_something_else(target: Target) -> None:
    """A key with other arguments is a ConflictError, told at once: it is not sent again."""
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
def test_keys_are_an_accounts_own_and_last_a_day(target: Target) -> None:
    """Another account may use the same key; after 24 hours of the account's time it begins a new job."""
    mine, yours = RawClient(target), RawClient(target)
    job = data_of(mine.generate(key="k"))["job_id"]
    assert data_of(yours.generate(key="k", prompt="A hare"))["job_id"] != job
    mine.advance(DAY - 60)
    assert data_of(mine.generate(key="k"))["job_id"] == job
    mine.advance(120)
    assert data_of(mine.generate(key="k", prompt="A hare"))["job_id"] != job
    assert len(mine.jobs()) == 2


@proves("infrai:idempotency.absent", side="server")
def test_without_a_key_every_call_is_a_job(raw: RawClient) -> None:
    """Two calls without a key are two jobs, and two charges, which the simulator tells as a double submission."""
    assert raw.create() != raw.create()
    (account,) = [each for each in raw.target.control.accounts() if each["account"] == raw.name]
    assert len(account["double_submissions"]) == 1


@proves("infrai:idempotency.absent", side="server")
def test_two_keys_hide_no_double_submission(raw: RawClient) -> None:
    """The same film twice, under keys of their own, is two jobs, and told as a double submission all the same."""
    raw.generate(key="one")
    raw.generate(key="two")
    (account,) = [each for each in raw.target.control.accounts() if each["account"] == raw.name]
    assert len(account["double_submissions"]) == 1


@proves("infrai:idempotency.key", side="server")
@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_is_no_longer_than_it_may_be(raw: RawClient, key: str) -> None:
    """A header with no key in it, or one of more than 255 characters, is refused; 255 are taken."""
    assert_refused(raw.generate(key=key), 400, "INVALID_REQUEST", fact="idempotency.key")
    assert data_of(raw.generate(key="k" * 255))


@proves("infrai:idempotency.key", side="server")
def test_two_different_keys_in_one_call_are_refused(raw: RawClient) -> None:
    """Field and header may both carry the key, and not another one each."""
    answer = raw.generate(key="one", idempotency_key="two")
    assert_refused(answer, 400, "INVALID_REQUEST", fact="idempotency.key")
    assert raw.jobs() == []


@proves("infrai:idempotency.key", side="client")
@pytest.mark.parametrize("key", ["", " ", "a key", "k" * 256, "ключ", 5, b"k"])
def test_the_client_refuses_a_key_that_cannot_be_sent(target: Target, key: Any) -> None:
    """A key that is no 1 to 255 visible ASCII characters is refused before anything is sent."""
    with pytest.raises(InvalidArgument, match="idempotency_key"):
        target.client(CONTRACT, target.new_account()).generate("A fox", idempotency_key=key)


@proves("infrai:idempotency.always", side="client")
def test_every_call_of_the_client_has_a_key_of_its_own(target: Target) -> None:
    """Without a key of the caller's, each call carries a new UUID, so that two calls are two jobs."""
    raw = RawClient(target)
    client = target.client(CONTRACT, raw.account)
    assert client.generate("A fox").id != client.generate("A fox").id
    assert len({UUID(headers["idempotency-key"]) for _, headers in submissions(raw)}) == 2


@proves("infrai:idempotency.same", side="client")
def test_the_callers_own_key_finds_the_job_again(target: Target) -> None:
    """The same call with the same key, of another client and at another time, is the same job, which is told so."""
    raw = RawClient(target)
    clock = target.advancing_clock()
    job = target.client(CONTRACT, raw.account, clock=clock).generate("A fox", idempotency_key="order-7").wait()
    again = target.client(CONTRACT, raw.account).generate("A fox", idempotency_key="order-7")
    assert (again.id, again.state, again.outputs) == (job.id, JobState.SUCCEEDED, job.outputs)
    assert again.cost == job.cost
    assert raw.jobs() == [job.id]


@proves("infrai:idempotency.same", "infrai:idempotency.always", "infrai:errors.server")
@pytest.mark.parametrize("fault", LOST)
def test_whatever_breaks_there_is_one_job_and_one_charge(target: Target, fault: str) -> None:
    """A submission whose answer is lost is sent again with its key, and comes to one job, paid for once."""
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
def test_an_answer_that_is_only_late_is_not_asked_for_again(target: Target, fault: str) -> None:
    """A slow, late or mislabelled answer is an answer: one request, one job, one charge."""
    raw = known(target)
    target.control.fault(**HARMLESS[fault], vendor="infrai", account=raw.name, times=1)
    job = target.client(CONTRACT, raw.account).generate("A fox")
    assert raw.jobs() == [job.id]
    assert len(submissions(raw)) == 1


@proves("infrai:idempotency.same", "infrai:idempotency.always")
@given(faults=st.lists(st.sampled_from(sorted(LOST)), min_size=1, max_size=7))
def test_whatever_breaks_again_and_again_there_is_at_most_one_job(target: Target, faults: list[str]) -> None:
    """After any row of troubles there is one job, which the caller has, or finds again by the key in the doubt."""
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
        job = again(client, doubt.idempotency_key)
    except errors.RateLimitError:
        assert raw.jobs() == []
        return
    except errors.ConnectionFailed:
        raise AssertionError("a request that may have arrived is called one that did not") from None
    assert raw.jobs() == [job.id]
    assert charged(raw) == pytest.approx(job.cost)


def again(client: Any, key: str | None) -> Any:
    """Make the same call with the key of a doubt until it is answered."""
    assert key is not None
    while True:
        try:
            return client.generate("A fox", idempotency_key=key)
        except errors.SubmitOutcomeUnknown:
            continue


@proves("infrai:idempotency.same", side="server")
@pytest.mark.parametrize("fault", [None, "reset_after", "truncate"])
def test_whoever_races_there_is_one_job_and_one_charge(target: Target, fault: str | None) -> None:
    """Many threads that send the same key at the same moment, some of whom lose the answer, have the same job."""
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
def test_tasks_that_race_have_one_job_too(target: Target) -> None:
    """Many coroutines with the same key have the same job; each with its own has one of its own."""
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
def test_a_refused_call_uses_no_key_up(target: Target) -> None:
    """A call that was refused began nothing: once it can be paid for, its key begins the job."""
    raw = RawClient(target, target.new_account("broke-"))
    assert_refused(raw.generate(key="k"), 402, "INSUFFICIENT_CREDIT", fact="errors.envelope")
    target.control.set_balance("infrai", raw.name, 10)
    assert data_of(raw.generate(key="k"))["job_id"] == raw.jobs()[0]
