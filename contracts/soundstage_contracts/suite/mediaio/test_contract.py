"""Contracts about Media.io's routes, envelope, states and credits, beyond the shared laws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import InvalidArgument
from soundstage.vendors.mediaio import ENDPOINTS as CALLED
from soundstage_contracts import proves
from soundstage_contracts.vendors.mediaio import CONTRACT, headers
from soundstage_contracts.vendors.mediaio.arguments import BY_NAME, ENDPOINTS, method_of, plain
from soundstage_contracts.vendors.mediaio.raw_client import (
    ANY_ENDPOINT,
    CREDITS,
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
    """Return the raw client of a new account."""
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
@pytest.mark.parametrize("path", [ANY_ENDPOINT.path, f"{RESULT}x", CREDITS])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_post_is_accepted(raw: RawClient, path: str, method: str) -> None:
    """Any method other than POST is refused with HTTP 405."""
    response = raw.send(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert_refused(response, 404, status=405, fact="errors.http_status")


@proves("mediaio:errors.http_status")
def test_unknown_route_is_refused_with_a_suggestion(target: Target) -> None:
    """An unknown route is HTTP 404 and names the nearest; the client has no other endpoints than the documents."""
    response = RawClient(target).post("/generation/wan/t2v-wan-v2-55", {"data": {"prompt": "A fox"}})
    assert ANY_ENDPOINT.path in assert_refused(response, 404, status=404, fact="errors.http_status")
    assert {endpoint.path for endpoint in CALLED.values()} == {endpoint.path for endpoint in ENDPOINTS}


def test_client_suggests_the_nearest_name(target: Target) -> None:
    """An unknown endpoint or parameter is refused by name with the nearest one, before anything is sent."""
    client = target.client(CONTRACT, target.new_account())
    with pytest.raises(InvalidArgument, match="did you mean 'Imagen 4'") as refused:
        client.generate("imagen 5", prompt="A fox")
    assert (refused.value.field, refused.value.value) == ("name", "imagen 5")
    with pytest.raises(InvalidArgument, match="did you mean 'prompt'") as refused:
        client.generate("Imagen 4", prompts="A fox")
    assert (refused.value.field, refused.value.value) == ("prompts", "A fox")


@proves("mediaio:request.wrapper", "mediaio:errors.invalid_parameter", side="server")
@pytest.mark.parametrize("body", [b"{}", b'{"prompt": "A fox"}', b'{"data": "A fox"}', b'{"data": []}'])
def test_body_without_the_wrapper_is_refused(raw: RawClient, body: bytes) -> None:
    """A body must be an object with an object in data; anything else is refused and costs nothing."""
    assert_refused(raw.send("POST", ANY_ENDPOINT.path, body), 490000)
    assert raw.credits() == 1000


@proves("mediaio:credits.route", "mediaio:result.route", side="server")
@pytest.mark.parametrize("path", [f"{RESULT}x", CREDITS])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null"])
def test_query_body_must_be_an_object(raw: RawClient, path: str, body: bytes) -> None:
    """The bodies of both queries must be objects."""
    assert_refused(raw.send("POST", path, body), 490000)


@proves("mediaio:envelope", "mediaio:ids", "mediaio:create.answer", side="server")
@EACH
def test_every_response_is_an_envelope_with_a_unique_trace(raw: RawClient, endpoint: Endpoint) -> None:
    """Responses and refusals have code, msg, data and a unique trace_id; task ids look like UUIDs."""
    responses = [raw.generate(endpoint, plain(endpoint)) for _ in range(2)]
    tasks = [opened(response)["task_id"] for response in responses]
    assert all(UUID.fullmatch(task) for task in tasks)
    assert_refused(broken := raw.generate(endpoint, {}), 490000)
    bodies = [response.json() for response in (*responses, broken, raw.post(CREDITS, {}))]
    assert {frozenset(body) for body in bodies} == {frozenset({"code", "msg", "data", "trace_id"})}
    assert len({body["trace_id"] for body in bodies}) == len(bodies)
    assert len(set(tasks)) == 2


@proves("mediaio:status.vocabulary", "mediaio:result.shape", "mediaio:result.route", side="server")
@pytest.mark.parametrize(
    ("reading", "words"),
    [("prose", ["waiting", "processing", "completed"]), ("pages", ["pending", "processing", "succeeded"])],
)
def test_states_use_the_words_of_the_dialect(raw: RawClient, reading: str, words: list[str]) -> None:
    """A task goes through the state words of its dialect, in order, and shows its result on success alone."""
    raw.start()
    raw.target.control.dialects(raw.name, mediaio__status=reading)
    task = raw.start()
    seen = [raw.read(task)]
    while seen[-1]["status"] != words[-1]:
        assert len(seen) < 300
        raw.advance(1)
        seen.append(raw.read(task))
    payload = [data["status"] for data in seen]
    assert sorted(set(payload), key=words.index) == words
    assert payload == sorted(payload, key=words.index)
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
def test_failed_task_shows_its_word_and_reason(raw: RawClient, word: str, prose: str, pages: str) -> None:
    """A failed task shows its state word, in each dialect, and a reason, and stays failed."""
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
def test_credits_are_charged_and_refunded(raw: RawClient, endpoint: Endpoint) -> None:
    """Each endpoint has a fixed price, which a failed or expired task gives back."""
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
def test_price_is_per_image(raw: RawClient, counts: str) -> None:
    """The price is proportional to the number of images."""
    imagen, before = BY_NAME["Imagen 4"], raw.credits()
    raw.start(imagen)
    one = before - raw.credits()
    raw.start(imagen, counts=counts)
    assert before - raw.credits() == one * (1 + int(counts))


@proves("mediaio:credits.route", side="client")
def test_client_reads_the_balance(target: Target) -> None:
    """`credits()` is the service's balance before and after a job."""
    account = target.new_account()
    client, raw = target.client(CONTRACT, account), RawClient(target, account)
    assert client.credits() == raw.credits() == 1000
    client.imagen_4("A fox")
    assert client.credits() == raw.credits() < 1000


@proves("mediaio:names.unique")
def test_names_are_unique(target: Target) -> None:
    """Each name is one endpoint: 'Wan 2.6' requires an image, 'Wan 2.6 (Text To Video)' has none."""
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
def test_wan_2_5_text_to_video_is_served(target: Target, tmp_path: Path) -> None:
    """Wan 2.5 (Text To Video) makes videos like the other endpoints."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    (saved,) = client.generate("Wan 2.5 (Text To Video)", prompt="A fox").save(tmp_path)
    assert saved.suffix == ".mp4"


def test_async_client_starts_jobs_by_method_and_name(target: Target, tmp_path: Path) -> None:
    """The async client starts jobs by method and by name, saves their files and reads the balance."""

    async def make() -> tuple[int, int]:
        async with target.async_client(CONTRACT, target.new_account(), clock=target.advancing_clock()) as client:
            first = await client.imagen_4("A fox", counts=2)
            second = await client.generate("Vidu Q3 (Text To Video)", prompt="A fox", duration=4)
            left: int = await client.credits()
            return len(await first.save(tmp_path)) + len(await second.save(tmp_path)), left

    assert anyio.run(make) == (3, 1000 - 2 * 2 - 12)


@given(account=st.sampled_from(["limited-", ""]))
def test_accounts_are_separated_by_key(target: Target, account: str) -> None:
    """Another key is another account with its own tasks and credits."""
    mine, yours = RawClient(target, target.new_account(account)), RawClient(target)
    mine.start()
    assert yours.credits() == 1000
