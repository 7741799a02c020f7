"""The contracts of EdrawMax's refusals and concurrency limit, and of the client's retries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import httpx
import pytest

from soundstage import AsyncEdrawMax, EdrawMax, RetryPolicy, SkippingClock, errors
from soundstage_contracts import load_facts, proves
from soundstage_contracts.outcomes import require
from soundstage_contracts.simulators.target import IN_PROCESS, Target
from soundstage_contracts.vendors.edrawmax import CONTRACT
from soundstage_contracts.vendors.edrawmax.arguments import KINDS
from soundstage_contracts.vendors.edrawmax.raw_client import CODES, LANG_MESSAGE, ROUTE, RawClient, assert_refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TRANSIENT = (3001, 212200, 212201)
PERMANENT = (400, 2406, 500)
ERRORS = {
    400: errors.BadRequestError,
    2406: errors.ContentPolicyError,
    3001: errors.ConcurrencyLimitError,
    212200: errors.ServerError,
    212201: errors.ServerError,
    500: errors.ServerError,
}
FACTS = {
    400: "error.prompt",
    2406: "error.risk",
    3001: "error.concurrency",
    212200: "error.generation",
    212201: "error.render",
    500: "error.panic",
}
STATUSES = {400: 400, 2406: 403, 3001: 429, 212200: 500, 212201: 500, 500: 500}
DRAWN = {
    "code": 0,
    "msg": "",
    "data": {"png_url": "https://a.aliyuncs.com/t.png", "svg_url": "https://a.aliyuncs.com/m.svg", "source_code": "x"},
}


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Return a raw client with a new user."""
    return RawClient(target)


@pytest.fixture
def own_target(target: Target) -> Iterator[Target]:
    """Start a separate simulator in this process, whose clock a test may change."""
    if target.where != IN_PROCESS:
        pytest.skip("changing the clock would affect other tests: it needs a simulator in this process")
    with Target() as own:
        yield own


def set_clock(target: Target, kind: str, **change: Any) -> None:
    """Set the kind of the simulator's clock."""
    response = target.http().put(f"{target.url}/_soundstage/clock", json={"kind": kind, **change})
    assert response.status_code == 200, response.text


def order(raw: RawClient, code: int, times: int = 1) -> None:
    """Order that the next requests of this user are refused with *code*."""
    raw.target.control.order("refuse", code=str(code), vendor="edrawmax", account=raw.name, times=times)


def count_requests(raw: RawClient) -> int:
    """Return how many diagrams this user has requested."""
    return sum(ROUTE in entry["path"] for entry in raw.target.control.requests(raw.name))


@proves("edrawmax:error.risk", "edrawmax:error.concurrency", "edrawmax:error.generation", side="server")
@proves("edrawmax:error.render", "edrawmax:error.panic", "edrawmax:error.prompt", side="server")
@proves("edrawmax:error.http_status", "edrawmax:answer.error_data", side="server")
@pytest.mark.parametrize("code", CODES)
def test_refusal_has_its_code_and_message_and_no_data(raw: RawClient, code: int) -> None:
    """Each documented code has its message, data null and HTTP 200, or its own status in the other reading."""
    for reading, status in (("envelope", 200), ("http", STATUSES[code])):
        raw.draw("gantt")
        raw.target.control.dialects(raw.name, edrawmax__errors=reading)
        order(raw, code)
        assert_refused(raw.post("gantt", {"prompt": "A fox"}), code, CODES[code], status=status, fact=FACTS[code])


@proves("edrawmax:error.prompt", "edrawmax:error.lang", "edrawmax:answer.msg", side="server")
def test_skill_page_messages_are_another_reading(raw: RawClient) -> None:
    """In the reading of the skill page, messages have no 'bad param: ', and the msg of a success is 'success'."""
    raw.draw("gantt")
    raw.target.control.dialects(raw.name, edrawmax__messages="skill")
    assert_refused(raw.post("gantt", {}), 400, "prompt is required")
    assert_refused(raw.post("gantt", {"prompt": "A fox", "lang": "xx"}), 400, "lang不合法")
    assert_refused(raw.post("gantt", {"prompt": "soundstage:block"}), 2406, CODES[2406])
    assert raw.post("gantt", {"prompt": "A fox"}).json()["msg"] == "success"
    raw.target.control.dialects(raw.name, edrawmax__messages="reference")
    assert_refused(raw.post("gantt", {"prompt": "A fox", "lang": "xx"}), 400, LANG_MESSAGE)
    raw.target.control.dialects(raw.name, edrawmax__errors="http")
    assert_refused(raw.post("gantt", {"prompt": "A fox", "lang": "xx"}), 400, LANG_MESSAGE, status=400)


@proves("edrawmax:block", "edrawmax:fates", side="server")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("word", "refusal"),
    [
        ("block", (2406, CODES[2406], "block")),
        ("fail", (212200, CODES[212200], "error.generation")),
        ("timeout", (212200, f"{CODES[212200]}: timeout", "fates")),
        ("cancel", (212200, f"{CODES[212200]}: cancel", "fates")),
    ],
)
def test_word_in_the_prompt_selects_the_refusal(
    raw: RawClient, kind: str, word: str, refusal: tuple[int, str, str]
) -> None:
    """Blocked content is 2406 and a failure 212200; a word without a code is named; no task is created."""
    code, message, fact = refusal
    assert_refused(raw.post(kind, {"prompt": f"A fox soundstage:{word}"}), code, message, fact=fact)
    assert raw.target.control.tasks(raw.name) == []
    assert raw.target.control.money("edrawmax", raw.name).spent == 0


@proves("edrawmax:error.concurrency", "edrawmax:answer.time", side="server")
@pytest.mark.parametrize(("word", "limit"), [("", 5), ("limited-", 1)])
def test_one_concurrent_request_too_many_is_refused(own_target: Target, word: str, limit: int) -> None:
    """While a user has as many running requests as allowed, one more is 3001; other users are not affected."""
    busy, other = RawClient(own_target, own_target.new_account(word)), RawClient(own_target)
    busy.draw("gantt")
    set_clock(own_target, "scaled", speed=1e-6)

    async def crowd() -> list[int]:
        codes: list[int] = []
        refused: list[httpx.Response] = []
        async with own_target.async_http() as http, anyio.create_task_group() as group:

            async def send(raw: RawClient, body: dict[str, str]) -> httpx.Response:
                return await http.post(f"{raw.url}{ROUTE}gantt", json=body, headers={"X-User-ID": raw.account})

            async def ask() -> None:
                codes.append((await send(busy, {"prompt": "A fox"})).json()["code"])

            async def ask_too_much() -> None:
                refused.append(await send(busy, {"prompt": "A fox"}))
                refused.append(await send(other, {}))

            async def until(done: Callable[[], bool]) -> None:
                with anyio.fail_after(60):
                    while not done():
                        await anyio.lowlevel.checkpoint()
                        require(len(own_target.control.tasks(busy.name)) <= limit + 1, "one request too many was taken")

            for _ in range(limit):
                group.start_soon(ask)
            await until(lambda: len(own_target.control.tasks(busy.name)) == limit + 1)
            group.start_soon(ask_too_much)
            await until(lambda: len(refused) == 2)
            assert_refused(refused[0], 3001, CODES[3001], fact="error.concurrency")
            assert_refused(refused[1], 400, CODES[400])
            require(codes == [], "a response was sent before its diagram was done")
            own_target.control.advance(30)
        return codes

    assert anyio.run(crowd) == [0] * limit
    set_clock(own_target, "manual")
    busy.draw("gantt")


@proves("edrawmax:answer.time", side="server")
@pytest.mark.parametrize("kind", KINDS)
def test_diagram_takes_ten_to_thirty_seconds(own_target: Target, kind: str) -> None:
    """Under an auto clock a diagram takes 10 to 30 seconds and a refusal none; under a manual clock both take none."""
    raw = RawClient(own_target)
    for clock, least, most in (("auto", 10, 30), ("manual", 0, 0)):
        set_clock(own_target, clock)
        raw.draw(kind)
        before = own_target.control.now(raw.name)
        raw.draw(kind)
        assert least <= own_target.control.now(raw.name) - before <= most + 0.001
        before = own_target.control.now(raw.name)
        raw.post(kind, {"prompt": "soundstage:fail"})
        assert own_target.control.now(raw.name) == before


@proves("edrawmax:error.retry_policy", "edrawmax:error.retry_wait", "edrawmax:error.concurrency", side="client")
@proves("edrawmax:error.generation", "edrawmax:error.render", "edrawmax:error.http_status", side="client")
@pytest.mark.parametrize("code", TRANSIENT)
@pytest.mark.parametrize("reading", ["envelope", "http"])
def test_transient_refusal_is_retried_once(target: Target, code: int, reading: str) -> None:
    """3001, 212200 and 212201 are retried once, after 3 s; the error of a second failure names the support contact."""
    raw, clock = RawClient(target), SkippingClock()
    raw.draw("gantt")
    target.control.dialects(raw.name, edrawmax__errors=reading)
    client = target.client(CONTRACT, raw.account, clock=clock, retry=RetryPolicy(attempts=5, jitter=False))
    order(raw, code)
    assert client.mindmap("A fox").source_code
    assert (count_requests(raw), clock.now()) == (3, 3.0)
    order(raw, code, times=2)
    with pytest.raises(ERRORS[code]) as failed:
        client.mindmap("A fox")
    assert (count_requests(raw), clock.now()) == (5, 6.0)
    assert failed.value.code == code
    contact = load_facts()["edrawmax:error.retry_policy"].statement.rstrip(".").rpartition(" ")[2]
    assert contact in str(failed.value)
    assert CODES[code] in failed.value.message


@proves("edrawmax:error.risk", "edrawmax:error.panic", "edrawmax:error.prompt", "edrawmax:error.lang", side="client")
@proves("edrawmax:error.retry_policy", "edrawmax:error.http_status", side="client")
@pytest.mark.parametrize("code", PERMANENT)
@pytest.mark.parametrize("reading", ["envelope", "http"])
def test_permanent_refusal_is_not_retried(target: Target, code: int, reading: str) -> None:
    """2406, 400 and 500 are never retried: one request, no wait, and the error class of the code."""
    raw, clock = RawClient(target), SkippingClock()
    raw.draw("gantt")
    target.control.dialects(raw.name, edrawmax__errors=reading)
    order(raw, code)
    with pytest.raises(errors.ApiError) as refused:
        target.client(CONTRACT, raw.account, clock=clock).flowchart("A fox")
    assert type(refused.value) is ERRORS[code]
    assert (refused.value.vendor, refused.value.code, refused.value.message) == ("edrawmax", code, CODES[code])
    assert refused.value.status == (STATUSES[code] if reading == "http" else 200)
    assert (count_requests(raw), clock.now()) == (2, 0.0)


@proves("edrawmax:error.retry_policy", "edrawmax:error.retry_wait", side="client")
@pytest.mark.parametrize("code", CODES)
def test_async_client_retries_by_the_same_rule(code: int) -> None:
    """The async client sends two requests for a transient refusal and one for a permanent refusal."""
    sent: list[httpx.Request] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={"code": code, "msg": CODES[code], "data": None})

    async def ask() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(refuse)) as http:
            await AsyncEdrawMax(http=http, clock=SkippingClock()).gantt("A fox")

    with pytest.raises(ERRORS[code]):
        anyio.run(ask)
    assert len(sent) == (2 if code in TRANSIENT else 1)


@proves("edrawmax:error.retry_wait", side="client")
@pytest.mark.parametrize(
    ("first", "wait"),
    [
        (lambda: httpx.Response(429, json={"code": 3001, "msg": "", "data": None}, headers={"Retry-After": "9"}), 9.0),
        (lambda: httpx.ReadError("connection reset"), 3.0),
        (lambda: httpx.ReadTimeout("timed out"), 3.0),
    ],
    ids=["retry-after", "lost", "too slow"],
)
def test_lost_response_is_retried_once_as_nothing_is_charged(
    first: Callable[[], httpx.Response | Exception], wait: float
) -> None:
    """A lost response is retried once after 3 s, or after Retry-After; a second loss is an error."""
    sent: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        outcome = httpx.Response(200, json=DRAWN) if len(sent) == 2 else first()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    clock = SkippingClock()
    with httpx.Client(transport=httpx.MockTransport(respond)) as http:
        client = EdrawMax(http=http, clock=clock)
        assert client.gantt("A fox").source_code == "x"
        assert (len(sent), clock.now()) == (2, wait)
        with pytest.raises((errors.ConnectionFailed, errors.ConcurrencyLimitError)) as lost:
            client.gantt("A fox")
    assert len(sent) == 4
    assert not isinstance(lost.value, errors.SubmitOutcomeUnknown)
    with httpx.Client(transport=httpx.MockTransport(respond)) as http, pytest.raises(errors.SoundstageError):
        EdrawMax(http=http, retry=RetryPolicy(attempts=1)).gantt("A fox")
    assert len(sent) == 5
