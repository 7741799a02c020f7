"""Contracts about Cloudsway's refusals beyond the shared laws: retries, routes, pages and slots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from soundstage import RetryPolicy, errors
from soundstage_contracts import proves
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.vendors.cloudsway import CONTRACT
from soundstage_contracts.vendors.cloudsway.raw_client import IMAGE, SLOTS, SLUG, TEXT, RawClient, assert_refused

if TYPE_CHECKING:
    from soundstage_contracts.simulators.target import Target


PASSING = (1302, 1303)


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Return the raw client of a new account."""
    return RawClient(target)


def refused_client(target: Target, code: str, times: int | None = None, **options: Any) -> tuple[Any, str]:
    """Return a client whose next submissions are refused with *code*, and its account's name."""
    account = target.new_account()
    name = account_name(SLUG, account)
    client = target.client(CONTRACT, account, **options)
    with pytest.raises(errors.NotFoundError):
        client.job("nothing", "text_to_video").refresh()
    target.control.order("refuse", code=code, vendor=SLUG, account=name, **({} if times is None else {"times": times}))
    return client, name


def submissions(target: Target, name: str) -> list[dict[str, Any]]:
    """Return the submissions of an account in the simulator's journal."""
    return [entry for entry in target.control.requests(name) if entry["method"] == "POST"]


@proves("cloudsway:errors.retryable", side="client")
@pytest.mark.parametrize("code", PASSING)
@pytest.mark.parametrize("reading", ["http", "envelope"])
def test_temporary_limit_is_retried(target: Target, code: int, reading: str) -> None:
    """After 1302 or 1303 the same submission is sent again with the same external id, and starts one job."""
    client, name = refused_client(target, str(code), times=2)
    target.control.dialects(name, cloudsway__errors=reading)
    job = client.text_to_video("A fox")
    bodies = {entry["body"] for entry in submissions(target, name)}
    assert len(submissions(target, name)) == 3
    assert len(bodies) == 1
    assert [task["id"] for task in target.control.tasks(name)] == [job.id]


@proves("cloudsway:errors.retryable", side="client")
@pytest.mark.parametrize("retry_after", [3, None])
def test_bare_429_is_retried_with_retry_after_only(target: Target, retry_after: int | None) -> None:
    """A 429 without a code is sent again only if it has Retry-After, and starts one job."""
    account = target.new_account()
    client, name = target.client(CONTRACT, account), account_name(SLUG, account)
    given = {} if retry_after is None else {"retry_after": retry_after}
    target.control.fault("status", status=429, **given, vendor=SLUG, account=name, method="POST", times=1)
    if retry_after is None:
        with pytest.raises(errors.RateLimitError):
            client.text_to_video("A fox")
    client.text_to_video("A fox")
    assert len(target.control.tasks(name)) == 1


@proves("cloudsway:errors.table", "cloudsway:errors.which", side="server")
@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("PUT", TEXT, 1202), ("DELETE", TEXT, 1202), ("POST", f"{TEXT}/1", 1202), ("DELETE", f"{IMAGE}/1", 1202),
        ("GET", f"{TEXT}/nothing", 1203), ("GET", f"{IMAGE}/831922345719271433", 1203),
        ("POST", TEXT.replace("text2video", "text2hologram"), 1203), ("GET", "/v1/videos/text2video", 1203),
    ],
)  # fmt: skip
@pytest.mark.parametrize("reading", ["http", "envelope"])
def test_unknown_route_or_task_is_refused(target: Target, method: str, path: str, code: int, reading: str) -> None:
    """A wrong method is 1202 and not HTTP 405; an unknown task or path is 1203."""
    raw = RawClient(target)
    raw.create()
    target.control.dialects(raw.name, cloudsway__errors=reading)
    assert_refused(raw.ask(method, path), code, status=404 if reading == "http" else 200)


@proves("cloudsway:errors.which", "cloudsway:text2video.params", side="server")
@pytest.mark.parametrize("other", [TEXT, IMAGE])
def test_external_id_is_unique_in_an_account(raw: RawClient, other: str) -> None:
    """An external_task_id that is used again is 1201, under both kinds and after its task has ended."""
    task = raw.create(external_task_id="order-7")["task_id"]
    body = {"prompt": "A hare", "image": "https://example.test/a.png", "external_task_id": "order-7"}
    assert "external_task_id" in assert_refused(raw.post(other, body), 1201, fact="errors.which")
    raw.finish(task)
    assert_refused(raw.post(other, body), 1201, fact="errors.which")
    assert [found["id"] for found in raw.target.control.tasks(raw.name)] == [task]


@proves("cloudsway:errors.which", side="client")
def test_repeated_external_id_is_a_bad_request(target: Target) -> None:
    """An unknown job is NotFoundError, a repeated external id BadRequestError; no second job is started."""
    account = target.new_account()
    client = target.client(CONTRACT, account)
    client.text_to_video("A fox", external_task_id="order-7")
    with pytest.raises(errors.BadRequestError):
        client.text_to_video("A fox", external_task_id="order-7")
    with pytest.raises(errors.NotFoundError):
        client.job("nothing", "image_to_video").refresh()
    assert len(target.control.tasks(account_name(SLUG, account))) == 1


@proves("cloudsway:routes.list", side="server")
@pytest.mark.parametrize("name", ["pageNum", "pageSize"])
@pytest.mark.parametrize("value", ["0", "-1", "1001", "x", "1.5", "\uff11", "9" * 5000])
def test_invalid_page_is_refused_by_name(raw: RawClient, name: str, value: str) -> None:
    """Values of pageNum outside 1 to 1000, and of pageSize outside 1 to 500, are refused."""
    assert name in assert_refused(raw.ask("GET", TEXT, params={name: value}), 1201, fact="routes.list")


@proves("cloudsway:concurrency", "cloudsway:errors.messages", side="server")
@pytest.mark.parametrize(("word", "slots"), [("", SLOTS), ("limited-", 1)])
def test_slot_is_occupied_until_the_task_ends(target: Target, word: str, slots: int) -> None:
    """One task over the pack is 1303 for both kinds, polls are free, and a slot is free again at the end."""
    raw = RawClient(target, target.new_account(word))
    tasks = [raw.create((TEXT, IMAGE)[number % 2])["task_id"] for number in range(slots)]
    body = {"prompt": "A fox", "image": "https://example.test/a.png"}
    for path in (TEXT, IMAGE):
        message = assert_refused(raw.post(path, body), 1303, fact="concurrency")
        assert message == "parallel task over resource pack limit"
    for _ in range(30):
        assert raw.read(tasks[0])["task_status"] == "submitted"
    raw.advance(21)
    assert raw.read(tasks[0])["task_status"] == "processing"
    assert_refused(raw.post(TEXT, body), 1303)
    raw.finish(tasks[0])
    raw.create()


@proves("cloudsway:concurrency", side="client")
def test_client_waits_for_a_free_slot(target: Target) -> None:
    """While the pack is full the client retries as its policy allows, and continues when a slot is free."""
    account = target.new_account("limited-")
    policy = RetryPolicy(attempts=10, within=3600, base=60, ceiling=120, jitter=False)
    client = target.client(CONTRACT, account, clock=target.advancing_clock(), retry=policy)
    first = client.text_to_video("A fox")
    second = client.text_to_video("A hare")
    assert first.refresh().state.final
    assert not second.refresh().state.final
    with pytest.raises(errors.ConcurrencyLimitError):
        target.client(CONTRACT, account).text_to_video("A bear")
