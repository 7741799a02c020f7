"""Media.io's contracts: what the API promises, and what the client makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage.vendors.mediaio import ENDPOINTS as CALLED
from soundstage_contracts import proves
from soundstage_contracts.vendors.mediaio import CONTRACT, headers
from soundstage_contracts.vendors.mediaio.arguments import BY_NAME, ENDPOINTS, method_of, plain
from soundstage_contracts.vendors.mediaio.raw_client import (
    CREDITS,
    FILM,
    RESULT,
    UUID,
    RawClient,
    assert_refused,
    opened,
)

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from soundstage_contracts.facts.tables import Endpoint
    from soundstage_contracts.simulators.target import Target

EACH = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=method_of)


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Speak as a new account."""
    return RawClient(target)


@proves("mediaio:auth.header", "mediaio:method.post", "mediaio:credits.route", side="client")
def test_balance_is_an_authorized_post(target: Target) -> None:
    """The balance is requested by POST with X-API-KEY and an empty object."""
    sent: list[httpx.Request] = []
    account = target.new_account()
    target.client(CONTRACT, account, http=target.http(event_hooks={"request": [sent.append]})).credits()
    assert (sent[0].method, sent[0].url.path.partition("/mediaio")[2], sent[0].content) == ("POST", CREDITS, b"{}")
    assert {name: sent[0].headers[name] for name in headers(account)} == headers(account)


@proves("mediaio:method.post", "mediaio:errors.http_status", side="server")
@pytest.mark.parametrize("path", [FILM.path, f"{RESULT}x", CREDITS])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_nothing_but_post_is_taken(raw: RawClient, path: str, method: str) -> None:
    """Any other method is refused with HTTP 405."""
    answer = raw.send(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert_refused(answer, 404, status=405, fact="errors.http_status")


@proves("mediaio:errors.http_status")
def test_an_unknown_route_is_refused_with_its_nearest(target: Target) -> None:
    """A route that does not exist is HTTP 404, and the client has no such endpoint to call."""
    answer = RawClient(target).post("/generation/wan/t2v-wan-v2-55", {"data": {"prompt": "A fox"}})
    assert FILM.path in assert_refused(answer, 404, status=404, fact="errors.http_status")
    assert {endpoint.path for endpoint in CALLED.values()} == {endpoint.path for endpoint in ENDPOINTS}


@proves("mediaio:request.wrapper", "mediaio:errors.invalid_parameter", side="server")
@pytest.mark.parametrize("body", [b"{}", b'{"prompt": "A fox"}', b'{"data": "A fox"}', b'{"data": []}'])
def test_a_body_without_the_wrapper_is_refused(raw: RawClient, body: bytes) -> None:
    """What is no object with data, an object, is refused and costs nothing."""
    assert_refused(raw.send("POST", FILM.path, body), 490000)
    assert raw.credits() == 1000


@proves("mediaio:credits.route", "mediaio:result.route", side="server")
@pytest.mark.parametrize("path", [f"{RESULT}x", CREDITS])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null"])
def test_the_queries_take_an_object(raw: RawClient, path: str, body: bytes) -> None:
    """Both queries are sent with an empty object: what is none is refused."""
    assert_refused(raw.send("POST", path, body), 490000)


@proves("mediaio:envelope", "mediaio:ids", "mediaio:create.answer", side="server")
@EACH
def test_every_answer_is_an_envelope_with_a_trace_of_its_own(raw: RawClient, endpoint: Endpoint) -> None:
    """{code, msg, data, trace_id}, for success and refusal; a task's id looks like a uuid; no trace comes twice."""
    answers = [raw.generate(endpoint, plain(endpoint)) for _ in range(2)]
    tasks = [opened(answer)["task_id"] for answer in answers]
    assert all(UUID.fullmatch(task) for task in tasks)
    assert_refused(broken := raw.generate(endpoint, {}), 490000)
    bodies = [answer.json() for answer in (*answers, broken, raw.post(CREDITS, {}))]
    assert {frozenset(body) for body in bodies} == {frozenset({"code", "msg", "data", "trace_id"})}
    assert len({body["trace_id"] for body in bodies}) == len(bodies)
    assert len(set(tasks)) == 2


@proves("mediaio:status.vocabulary", "mediaio:result.shape", "mediaio:result.route", side="server")
@pytest.mark.parametrize(
    ("reading", "words"),
    [("prose", ["waiting", "processing", "completed"]), ("pages", ["pending", "processing", "succeeded"])],
)
def test_a_task_goes_through_the_words_of_its_reading(raw: RawClient, reading: str, words: list[str]) -> None:
    """Waiting, processing and completed, or the other vocabulary's words; a result comes with success alone."""
    raw.start()
    raw.target.control.dialects(raw.name, mediaio__status=reading)
    task = raw.start()
    seen = [raw.read(task)]
    while seen[-1]["status"] != words[-1]:
        assert len(seen) < 300
        raw.advance(1)
        seen.append(raw.read(task))
    told = [data["status"] for data in seen]
    assert sorted(set(told), key=words.index) == words
    assert told == sorted(told, key=words.index)
    for data in seen:
        assert data["task_id"] == task
        assert set(data) == {"task_id", "status", *(["result"] if data["status"] == words[-1] else [])}
    (result,) = seen[-1]["result"]
    assert set(result) == {"val", "preview", "status"}
    assert result["status"] == words[-1]
    assert result["preview"].startswith(("http://", "https://"))
    assert not result["val"].startswith("http")


@proves("mediaio:status.vocabulary", "mediaio:result.shape", side="server")
@pytest.mark.parametrize(
    ("word", "prose", "pages"),
    [("fail", "failed", "failed"), ("timeout", "timeout", "failed"), ("block", "failed", "failed"),
     ("cancel", "failed", "failed")],
)  # fmt: skip
def test_what_does_not_succeed_says_why(raw: RawClient, word: str, prose: str, pages: str) -> None:
    """A failure has its word, a reason and no result, and stays."""
    task = raw.start(prompt=f"A fox soundstage:{word}")
    raw.advance(1800)
    first, second = raw.read(task), raw.finish(task)
    assert first == second
    assert (first["status"], set(first)) == (prose, {"task_id", "status", "reason"})
    assert first["reason"]
    raw.target.control.dialects(raw.name, mediaio__status="pages")
    assert raw.read(task)["status"] == pages


@proves("mediaio:ledger.charge", "mediaio:credits.route", side="server")
@EACH
def test_credits_go_down_at_creation_and_come_back_on_failure(raw: RawClient, endpoint: Endpoint) -> None:
    """Each endpoint has its price, which is the same each time; what fails or times out costs nothing in the end."""
    before = raw.credits()
    done = raw.start(endpoint)
    price = before - raw.credits()
    assert price > 0
    failing = [raw.start(endpoint, prompt=f"A fox soundstage:{word}") for word in ("fail", "timeout")]
    assert raw.credits() == before - 3 * price
    raw.advance(1800)
    assert raw.read(done)["status"] == "completed"
    assert {raw.read(task)["status"] for task in failing} == {"failed", "timeout"}
    assert raw.credits() == before - price


@proves("mediaio:ledger.charge", side="server")
@pytest.mark.parametrize("counts", ["1", "2", "3", "4"])
def test_each_picture_costs_the_same(raw: RawClient, counts: str) -> None:
    """So many pictures cost as many times as much."""
    imagen, before = BY_NAME["Imagen 4"], raw.credits()
    raw.start(imagen)
    one = before - raw.credits()
    raw.start(imagen, counts=counts)
    assert before - raw.credits() == one * (1 + int(counts))


@proves("mediaio:credits.route", side="client")
def test_the_client_reads_the_balance(target: Target) -> None:
    """`credits()` is what the API says, before and after a job."""
    account = target.new_account()
    client, raw = target.client(CONTRACT, account), RawClient(target, account)
    assert client.credits() == raw.credits() == 1000
    client.imagen_4("A fox")
    assert client.credits() == raw.credits() < 1000


@proves("mediaio:names.unique")
def test_a_name_is_one_endpoint(target: Target) -> None:
    """'Wan 2.6' needs an image, 'Wan 2.6 (Text To Video)' takes none; the client calls each by its name."""
    sent: list[httpx.Request] = []
    client = target.client(CONTRACT, target.new_account(), http=target.http(event_hooks={"request": [sent.append]}))
    for name in ("Wan 2.6", "Vidu Q3", "Wan 2.5"):
        assert "image" in plain(BY_NAME[name])
        assert "image" not in plain(BY_NAME[f"{name} (Text To Video)"])
        for known in (name, f"{name} (Text To Video)"):
            client.generate(known, **plain(BY_NAME[known]))
            assert sent[-1].url.path.endswith(BY_NAME[known].path)
    assert {endpoint.name for endpoint in CALLED.values()} == set(BY_NAME)


@proves("mediaio:wan25_t2v.status")
def test_the_endpoint_of_another_status_is_served(target: Target, tmp_path: Path) -> None:
    """Wan 2.5 makes films from texts like the others."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    (saved,) = client.generate("Wan 2.5 (Text To Video)", prompt="A fox").save(tmp_path)
    assert saved.suffix == ".mp4"


def test_the_awaiting_client_does_the_same(target: Target, tmp_path: Path) -> None:
    """Coroutines start, wait and save, by method and by name, and read the balance."""

    async def make() -> tuple[int, int]:
        async with target.async_client(CONTRACT, target.new_account(), clock=target.advancing_clock()) as client:
            first = await client.imagen_4("A fox", counts=2)
            second = await client.generate("Vidu Q3 (Text To Video)", prompt="A fox", duration=4)
            left: int = await client.credits()
            return len(await first.save(tmp_path)) + len(await second.save(tmp_path)), left

    assert anyio.run(make) == (3, 1000 - 2 * 2 - 12)


@given(account=st.sampled_from(["limited-", ""]))
def test_accounts_are_told_apart_by_their_keys(target: Target, account: str) -> None:
    """Another key is another account: its tasks, and its credits, are its own."""
    mine, yours = RawClient(target, target.new_account(account)), RawClient(target)
    mine.start()
    assert yours.credits() == 1000
