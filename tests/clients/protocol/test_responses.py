"""Responses: status, headers, bodies, and what may be sent again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import JobState, RequestFailed, RetryScheduled, errors
from soundstage._protocol import responses
from soundstage._protocol.responses import is_refusal, is_transient, kind_by_status, may_resend, refusal, retry_after
from soundstage._values.messages import Interrupted, NotSent, Request, Response
from soundstage._values.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clients.conftest import Kit

NOW = datetime(2025, 11, 20, 12, 0, tzinfo=UTC)


@given(status=st.integers(100, 599))
def test_every_status_has_an_error(status: int) -> None:
    """There is an error for every status, and 5xx is a server error."""
    kind = kind_by_status(status)
    assert issubclass(kind, errors.ApiError)
    assert (kind is errors.ServerError) == (status >= 500 or status in {408, 425})
    assert (kind is errors.UnreadableAnswerError) == (status < 400)


@given(seconds=st.integers(-10, 10**6))
def test_retry_after_as_seconds_and_as_date(seconds: int) -> None:
    """Both forms are equal; a date counts from the response's own Date, not from this machine's clock."""
    moment = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    plain = retry_after(Response(429, {"retry-after": f" {seconds} "}))
    dated = retry_after(Response(429, {"retry-after": moment, "date": format_datetime(NOW, usegmt=True)}))
    assert plain == dated == max(0, seconds)


@given(text=st.text())
@pytest.mark.parametrize("date", ["", "never", "Thu, 20 Nov 2025 12:00:00 -0000"])
def test_unreadable_retry_after_is_none(text: str, date: str) -> None:
    """An unreadable header is no wait, and no error."""
    seconds = retry_after(Response(429, {"retry-after": text, "date": date}))
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize("value", ["inf", "nan", "Thu, 20 Nov 2025 12:00:00 GMT"])
def test_infinite_retry_after_is_none(value: str) -> None:
    """Infinity, not-a-number and a date without a Date header are no wait."""
    assert retry_after(Response(429, {"retry-after": value})) is None


@pytest.mark.parametrize(("headers", "named"), [({"x-request-id": "r"}, "r"), ({"x-trace-id": "t"}, "t"), ({}, None)])
def test_error_has_the_details_of_the_exchange(headers: dict[str, str], named: str | None) -> None:
    """Request id, status, code, wait and the body, shortened and masked, are in the error."""
    response = Response(429, {**headers, "retry-after": "3"}, b"planted-secret" + b"x" * 20_000)
    redact = Redactor(["planted-secret"])
    error = refusal(errors.RateLimitError, "refused planted-secret", response, vendor="v", redact=redact, code=7)
    assert (error.request_id, error.status, error.code, error.retry_after) == (named, 429, 7, 3.0)
    assert error.message == "refused ***"
    assert error.body == "***" + "x" * (16384 - 3)
    own = refusal(errors.ApiError, "", response, vendor="v", redact=redact, request_id="own")
    assert own.request_id == "own"


def test_read_is_retried_while_the_error_may_pass(kit: Kit) -> None:
    """A read tolerates lost connections and a service that is not ready, emits each retry, and stops at a refusal."""
    recorded: list[object] = []
    script: Iterator[Response | Exception] = iter(
        [NotSent("no"), Interrupted("gone"), Response(503), Response(200, {}, b"7"), Response(404)]
    )
    driver = kit.driver(lambda _: next(script))
    service = kit.service(on_event=recorded.append)

    def parse(response: Response) -> int:
        if response.status != 200:
            raise service.refusal(kind_by_status(response.status), "no", response)
        return int(response.content)

    request = Request("GET", f"{kit.base}/credits")
    assert driver.run(service.read(request, parse)) == 7
    assert [event.attempt for event in recorded if isinstance(event, RetryScheduled)] == [1, 2, 3]
    assert [event.received for event in recorded if isinstance(event, RequestFailed)] == [False, True]
    with pytest.raises(errors.NotFoundError):
        driver.run(service.read(request, parse))


def test_transient_errors() -> None:
    """A read is repeated for transient errors only."""
    passing = {
        errors.ConnectionFailed,
        errors.RateLimitError,
        errors.ConcurrencyLimitError,
        errors.ServerError,
        errors.UnreadableAnswerError,
    }
    for kind in {getattr(errors, name) for name in errors.__all__}:
        assert is_transient(kind("")) == (kind in passing)
    assert not is_transient(errors.UnreadableAnswerError("", status=302))


@pytest.mark.parametrize(
    ("error", "certain"),
    [
        (errors.BadRequestError("", status=400), True),
        (errors.ApiError("", status=418, code=1), True),
        (errors.ApiError("", status=200, code=1), False),
        (errors.BadRequestError("", status=200, code=1), True),
        (errors.InsufficientCreditsError("", status=500, code=1), True),
        (errors.ServerError("", status=500, code=1), False),
        (errors.ServerError("", status=200, code=1), False),
        (errors.ServerError("", status=500), False),
        (errors.ServerError("", status=408, code=1), False),
        (errors.UnreadableAnswerError("", status=200, code=1), False),
    ],
)
def test_only_a_certain_refusal_is_one(error: errors.ApiError, *, certain: bool) -> None:
    """Only a response that proves that no work was started is a refusal."""
    assert is_refusal(error) is certain


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (errors.ConnectionFailed(""), True),
        (errors.RateLimitError("", status=429, retry_after=1), True),
        (errors.ConcurrencyLimitError("", status=429, retry_after=0), True),
        (errors.RateLimitError("", status=429), False),
        (errors.RateLimitError("", status=200, retry_after=1), False),
        (errors.InsufficientCreditsError("", status=429, retry_after=1), False),
        (errors.ApiError("", code=1303), True),
        (errors.ServerError("", status=503, code=5001, retry_after=1), False),
    ],
)
def test_paid_request_is_resent_only_when_safe(error: errors.SoundstageError, *, again: bool) -> None:
    """It was never received, or refused by a limit with Retry-After, or by a code declared as temporary."""
    assert may_resend(error, {1302, 1303}) is again


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(value=JSON)
def test_readers_take_any_json_and_return_their_type(value: object) -> None:
    """Whatever a service sends, a reader returns a value of its own type or the empty one, and raises nothing."""
    assert isinstance(responses.as_object(value), dict)
    assert isinstance(responses.as_list(value), list)
    assert responses.as_text(value) is None or responses.as_text(value) == value
    assert type(responses.as_integer(value)) in {int, type(None)}
    assert type(responses.as_number(value)) in {float, type(None)}
    assert 0 <= (responses.percent(value) or 0) <= 100


def test_numbers_are_read_as_documented() -> None:
    """Numbers may be strings of digits; booleans, NaN and infinity are no numbers."""
    assert [responses.as_integer(one) for one in (3, "3", "3.5", True, "x")] == [3, 3, None, None, None]
    assert [responses.as_number(one) for one in (3, 3.5, "3", True, float("nan"), "nan", "x")] == [
        3,
        3.5,
        3,
        *[None] * 4,
    ]
    assert [responses.percent(one) for one in (5, "5.5", -1, 1e9, "inf", True, None)] == [5, 5.5, 0, 100, *[None] * 3]


def test_first_text_skips_what_is_empty_or_no_string() -> None:
    """Of several names for one member, the first with a usable string counts."""
    assert responses.first_text({"a": "", "b": 5, "c": "x", "d": "y"}, "a", "b", "c", "d") == "x"
    assert responses.first_text({}, "a") is None


@pytest.mark.parametrize("body", ['{"id": 1}', b'{"id": 1}', bytearray(b'{"id": 1}'), {"id": 1}])
def test_callback_bodies_are_read_in_every_form(body: object) -> None:
    """A web framework hands over text, bytes or the parsed object: all are the same callback."""
    assert responses.callback_object(body) == {"id": 1}


@pytest.mark.parametrize("body", ["", "[]", b"\xff", "[" * 100_000, None, 5])
def test_unreadable_bodies_are_empty_objects(body: object) -> None:
    """A body that is no JSON object reads as an empty one, in callbacks and in responses."""
    assert responses.callback_object(body) == {}
    if isinstance(body, (str, bytes)):
        assert responses.json_object(Response(200, {}, body.encode() if isinstance(body, str) else body)) == {}


@pytest.mark.parametrize("state", JobState)
def test_only_a_failed_job_is_content_filtered(state: JobState) -> None:
    """A mention of the content policy explains a failure, and is no failure by itself."""
    kind = responses.content_failure(state, None, "blocked by our Content-Policy")
    assert kind is (errors.ContentFiltered if state is JobState.FAILED else None)
    assert responses.content_failure(JobState.FAILED, None, "out of memory") is None


def test_a_documented_code_comes_before_the_status() -> None:
    """The vendor's table decides; an unknown code in a successful status is an ApiError of no special kind."""
    assert responses.kind_by_code(errors.ConflictError, 500) is errors.ConflictError
    assert responses.kind_by_code(None, 404) is errors.NotFoundError
    assert responses.kind_by_code(None, 200) is errors.ApiError


def test_required_text_names_the_missing_member(kit: Kit) -> None:
    """A response without the id of its job is unreadable, and the message has the path that is missing."""
    service = kit.service()
    assert service.required_text({"task_id": "t-1"}, "data.task_id", Response(200)) == "t-1"
    for data in ({}, {"task_id": ""}, {"task_id": 5}):
        with pytest.raises(errors.UnreadableAnswerError, match=r"no data\.task_id"):
            service.required_text(data, "data.task_id", Response(200))


def test_ids_may_be_numbers() -> None:
    """An id is a string or an integer; nothing else is one."""
    assert responses.identifiers("a", 5, 0, "", None, True, 1.5, [], {}) == ("a", "5", "0")
