"""The contracts of how Cloudsway refuses, in both readings, and what the client calls that and does about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from soundstage import RetryPolicy, errors
from soundstage_contracts import proves
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.vendors.cloudsway import CONTRACT
from soundstage_contracts.vendors.cloudsway.raw_client import IMAGE, SLOTS, SLUG, TABLE, TEXT, RawClient, assert_refused

if TYPE_CHECKING:
    from soundstage_contracts.simulators.target import Target

REASONS = (
    "NO_ENDPOINT", "NO_PASSAGEWAY", "NO_BALANCER_ERROR", "NO_PROVIDER_ERROR", "MODEL_TYPE_NOT_FOUND",
    "AI_PASSAGEWAY_GROUP_IS_EMPTY_ERROR", "AI_IMAGE_QUALITY_ERROR", "AI_IMAGE_SIZE_ERROR",
)  # fmt: skip
GATEWAY = {
    **dict.fromkeys(REASONS, 400),
    **{str(status): status for status in (401, 403, 404, 409, 429, 500, 503, 504)},
}
KINDS: dict[int, type[errors.SoundstageError]] = {
    1000: errors.AuthenticationError,
    1001: errors.AuthenticationError,
    1002: errors.AuthenticationError,
    1003: errors.AuthenticationError,
    1004: errors.AuthenticationError,
    1100: errors.PermissionDeniedError,
    1101: errors.InsufficientCreditsError,
    1102: errors.InsufficientCreditsError,
    1103: errors.PermissionDeniedError,
    1200: errors.BadRequestError,
    1201: errors.BadRequestError,
    1202: errors.BadRequestError,
    1203: errors.NotFoundError,
    1300: errors.ContentPolicyError,
    1301: errors.ContentPolicyError,
    1302: errors.RateLimitError,
    1303: errors.ConcurrencyLimitError,
    1304: errors.PermissionDeniedError,
    5000: errors.SubmitOutcomeUnknown,
    5001: errors.ServerError,
    5002: errors.SubmitOutcomeUnknown,
}
"""What the client calls each code, in answer to a submission."""

BY_STATUS: dict[int, type[errors.SoundstageError]] = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    429: errors.RateLimitError,
    500: errors.SubmitOutcomeUnknown,
    503: errors.SubmitOutcomeUnknown,
    504: errors.SubmitOutcomeUnknown,
}
PASSING = (1302, 1303)


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Speak as a new account."""
    return RawClient(target)


def started(target: Target, code: str, times: int | None = None, **options: Any) -> tuple[Any, str]:
    """Return a client to whose next submissions *code* is the answer, and its account's name."""
    account = target.new_account()
    name = account_name(SLUG, account)
    client = target.client(CONTRACT, account, **options)
    with pytest.raises(errors.NotFoundError):
        client.job("nothing", "text_to_video").refresh()
    target.control.order("refuse", code=code, vendor=SLUG, account=name, **({} if times is None else {"times": times}))
    return client, name


def submissions(target: Target, name: str) -> list[dict[str, Any]]:
    """Return the submissions that a simulator had from an account."""
    return [entry for entry in target.control.requests(name) if entry["method"] == "POST"]


@proves("cloudsway:errors.table", "cloudsway:errors.http_status", "cloudsway:envelope", side="server")
@pytest.mark.parametrize("reading", ["http", "envelope"])
@pytest.mark.parametrize("code", TABLE)
def test_every_code_comes_with_the_http_status_of_the_reading(raw: RawClient, code: int, reading: str) -> None:
    """By default the table's HTTP status, in the other reading 200; code, message and request_id in both."""
    raw.create()
    raw.target.control.dialects(raw.name, cloudsway__errors=reading)
    raw.target.control.order("refuse", code=str(code), vendor=SLUG, account=raw.name, times=1)
    assert assert_refused(raw.post(TEXT, {"prompt": "A fox"}), code, status=TABLE[code] if reading == "http" else 200)
    assert len(raw.target.control.tasks(raw.name)) == 1


@proves("cloudsway:errors.table", "cloudsway:errors.http_status", "cloudsway:envelope", "cloudsway:errors.retryable")
@pytest.mark.parametrize("reading", ["http", "envelope"])
@pytest.mark.parametrize("code", TABLE)
def test_the_client_calls_every_refusal_by_its_name(target: Target, code: int, reading: str) -> None:
    """The code decides, whatever the HTTP status is; only 1302 and 1303 are asked again; nothing is ever charged."""
    client, name = started(target, str(code), retry=RetryPolicy(attempts=3))
    target.control.dialects(name, cloudsway__errors=reading)
    with pytest.raises(errors.SoundstageError) as refused:
        client.text_to_video("A fox")
    assert type(refused.value) is KINDS[code]
    assert (refused.value.code, refused.value.status) == (code, TABLE[code] if reading == "http" else 200)
    assert refused.value.request_id
    assert refused.value.message
    assert len(submissions(target, name)) == (3 if code in PASSING else 1)
    assert target.control.tasks(name) == []
    assert target.control.money(SLUG, name).entries == ()


@proves("cloudsway:errors.retryable", side="client")
@pytest.mark.parametrize("code", PASSING)
@pytest.mark.parametrize("reading", ["http", "envelope"])
def test_a_limit_that_passes_is_waited_out(target: Target, code: int, reading: str) -> None:
    """After 1302 or 1303 the same submission goes again, by the same name, and one job comes of it."""
    client, name = started(target, str(code), times=2)
    target.control.dialects(name, cloudsway__errors=reading)
    job = client.text_to_video("A fox")
    bodies = {entry["body"] for entry in submissions(target, name)}
    assert len(submissions(target, name)) == 3
    assert len(bodies) == 1
    assert [task["id"] for task in target.control.tasks(name)] == [job.id]


@proves("cloudsway:errors.retryable", side="client")
@pytest.mark.parametrize("retry_after", [3, None])
def test_a_429_that_says_how_long_is_waited_out(target: Target, retry_after: int | None) -> None:
    """A bare 429 with Retry-After is sent again, and one job comes of it; without, it is refused for good."""
    account = target.new_account()
    client, name = target.client(CONTRACT, account), account_name(SLUG, account)
    given = {} if retry_after is None else {"retry_after": retry_after}
    target.control.fault("status", status=429, **given, vendor=SLUG, account=name, method="POST", times=1)
    if retry_after is None:
        with pytest.raises(errors.RateLimitError):
            client.text_to_video("A fox")
    client.text_to_video("A fox")
    assert len(target.control.tasks(name)) == 1


@proves("cloudsway:errors.gateway", side="server")
@pytest.mark.parametrize("reading", ["http", "envelope"])
@pytest.mark.parametrize(("reason", "status"), GATEWAY.items())
def test_the_gateway_refuses_by_http_in_both_readings(raw: RawClient, reason: str, status: int, reading: str) -> None:
    """Its refusals have their HTTP status as code, and the reason in the message; they never hide in HTTP 200."""
    raw.create()
    raw.target.control.dialects(raw.name, cloudsway__errors=reading)
    raw.target.control.order("refuse", code=reason, vendor=SLUG, account=raw.name, times=1)
    said = assert_refused(raw.post(TEXT, {"prompt": "A fox"}), status, status=status, fact="errors.gateway")
    assert reason in said or reason == str(status)


@proves("cloudsway:errors.gateway", side="client")
@pytest.mark.parametrize(("reason", "status"), GATEWAY.items())
def test_the_client_calls_the_gateways_refusals_by_their_status(target: Target, reason: str, status: int) -> None:
    """A refusal of the gateway is an answer; where the gateway failed, nobody knows: neither is sent again."""
    client, name = started(target, reason)
    with pytest.raises(errors.SoundstageError) as refused:
        client.text_to_video("A fox")
    assert type(refused.value) is BY_STATUS[status]
    assert (refused.value.code, refused.value.status) == (status, status)
    assert len(submissions(target, name)) == 1


@proves("cloudsway:auth.bearer", "cloudsway:auth.which", side="server")
@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, 1001), ("", 1001), ("Basic abc", 1000), ("Bearer", 1000), ("Bearer ", 1000), ("abc", 1000),
        ("Bearer invalid-key", 1002), ("Bearer expired-key", 1004),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("method", "path"), [("POST", TEXT), ("GET", f"{IMAGE}/1"), ("GET", TEXT)])
def test_who_does_not_say_who_they_are_is_refused(
    target: Target, authorization: str | None, code: int, method: str, path: str
) -> None:
    """No header, one that is no bearer key, a wrong key and an old one: HTTP 401, and each has its own code."""
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = target.http().request(method, target.base_url(SLUG) + path, json={"prompt": "A fox"}, headers=headers)
    assert_refused(answer, code, status=401, fact="auth.which")


@proves("cloudsway:auth.bearer", "cloudsway:errors.table", side="client")
@pytest.mark.parametrize(("word", "code"), [("invalid-", 1002), ("expired-", 1004)])
def test_the_client_calls_a_refused_key_by_its_name(target: Target, word: str, code: int) -> None:
    """HTTP 401 is an AuthenticationError that names the vendor, the code and the status."""
    with pytest.raises(errors.AuthenticationError) as refused:
        target.client(CONTRACT, target.new_account(word)).text_to_video("A fox")
    assert (refused.value.vendor, refused.value.code, refused.value.status) == (SLUG, code, 401)


@proves("cloudsway:errors.which", "cloudsway:errors.table", side="server")
@pytest.mark.parametrize("path", [TEXT, IMAGE])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"null", b"\xff", b"NaN", b'{"prompt": NaN}'])
def test_a_body_that_is_no_json_object_is_refused(raw: RawClient, path: str, body: bytes) -> None:
    """1200, on both routes, and nothing is made."""
    assert_refused(raw.ask("POST", path, content=body), 1200, fact="errors.which")
    assert raw.untouched()


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
def test_what_there_is_not_is_404(target: Target, method: str, path: str, code: int, reading: str) -> None:
    """A wrong method is 1202 and not HTTP 405; an unknown task or path is 1203."""
    raw = RawClient(target)
    raw.create()
    target.control.dialects(raw.name, cloudsway__errors=reading)
    assert_refused(raw.ask(method, path), code, status=404 if reading == "http" else 200)


@proves("cloudsway:errors.which", "cloudsway:text2video.params", side="server")
@pytest.mark.parametrize("other", [TEXT, IMAGE])
def test_a_name_is_used_once_in_an_account(raw: RawClient, other: str) -> None:
    """An external_task_id that was used before is 1201, under either kind, also after its task has ended."""
    task = raw.create(external_task_id="order-7")["task_id"]
    body = {"prompt": "A hare", "image": "https://example.test/a.png", "external_task_id": "order-7"}
    assert "external_task_id" in assert_refused(raw.post(other, body), 1201, fact="errors.which")
    raw.finish(task)
    assert_refused(raw.post(other, body), 1201, fact="errors.which")
    assert [found["id"] for found in raw.target.control.tasks(raw.name)] == [task]


@proves("cloudsway:errors.which", side="client")
def test_the_client_calls_what_there_is_not_by_its_name(target: Target) -> None:
    """An unknown job is NotFoundError, a name that was used before BadRequestError: neither makes a second job."""
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
def test_a_page_that_is_none_is_refused_by_name(raw: RawClient, name: str, value: str) -> None:
    """A pageNum goes from 1 to 1000, a pageSize from 1 to 500."""
    assert name in assert_refused(raw.ask("GET", TEXT, params={name: value}), 1201, fact="routes.list")


@proves("cloudsway:price", "cloudsway:errors.messages")
def test_who_cannot_pay_is_refused(target: Target) -> None:
    """An account without units is refused with 1102, which the client calls by its name and does not ask again."""
    raw = RawClient(target, target.new_account("broke-"))
    said = assert_refused(raw.post(TEXT, {"prompt": "A fox"}), 1102, fact="price")
    assert said == "Account balance not enough"
    with pytest.raises(errors.InsufficientCreditsError):
        target.client(CONTRACT, raw.account).text_to_video("A fox")
    assert len(submissions(target, raw.name)) == 2
    assert raw.untouched()


@proves("cloudsway:concurrency", "cloudsway:errors.messages", side="server")
@pytest.mark.parametrize(("word", "slots"), [("", SLOTS), ("limited-", 1)])
def test_a_slot_is_held_until_the_end(target: Target, word: str, slots: int) -> None:
    """One over the pack is 1303, whatever its kind; queries are free; when a task has ended the next is taken."""
    raw = RawClient(target, target.new_account(word))
    tasks = [raw.create((TEXT, IMAGE)[number % 2])["task_id"] for number in range(slots)]
    body = {"prompt": "A fox", "image": "https://example.test/a.png"}
    for path in (TEXT, IMAGE):
        said = assert_refused(raw.post(path, body), 1303, fact="concurrency")
        assert said == "parallel task over resource pack limit"
    for _ in range(30):
        assert raw.read(tasks[0])["task_status"] == "submitted"
    raw.advance(21)
    assert raw.read(tasks[0])["task_status"] == "processing"
    assert_refused(raw.post(TEXT, body), 1303)
    raw.finish(tasks[0])
    raw.create()


@proves("cloudsway:concurrency", side="client")
def test_the_client_waits_for_a_slot(target: Target) -> None:
    """Where the pack is full it asks again as its policy says, and goes on as soon as a slot is free."""
    account = target.new_account("limited-")
    policy = RetryPolicy(attempts=10, within=3600, base=60, ceiling=120, jitter=False)
    client = target.client(CONTRACT, account, clock=target.advancing_clock(), retry=policy)
    first = client.text_to_video("A fox")
    second = client.text_to_video("A hare")
    assert first.refresh().state.final
    assert not second.refresh().state.final
    with pytest.raises(errors.ConcurrencyLimitError):
        target.client(CONTRACT, account).text_to_video("A bear")


@proves("cloudsway:block", side="server")
@pytest.mark.parametrize("path", [TEXT, IMAGE])
def test_blocked_content_is_refused_at_creation(raw: RawClient, path: str) -> None:
    """1301, and nothing is made or charged."""
    body = {"prompt": "A fox soundstage:block", "image": "https://example.test/a.png"}
    assert_refused(raw.post(path, body), 1301, fact="block")
    assert raw.untouched()


def test_blocked_content_is_a_matter_of_policy_to_the_client(target: Target) -> None:
    """What is refused for its content is ContentPolicyError, and is not sent again."""
    account = target.new_account()
    with pytest.raises(errors.ContentPolicyError):
        target.client(CONTRACT, account).text_to_video("A fox soundstage:block")
    assert len(submissions(target, account_name(SLUG, account))) == 1
