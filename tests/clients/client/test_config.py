"""Configuration of a client: arguments, environment, clocks and validation."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import (
    AsyncTomoviee,
    Clock,
    InvalidArgument,
    MissingCredential,
    PollPolicy,
    RetryPolicy,
    SkippingClock,
    SystemClock,
    Tomoviee,
)
from soundstage._values import validation as checks

if TYPE_CHECKING:
    from tests.clients.conftest import Kit

KINDS = pytest.mark.parametrize("kind", [Tomoviee, AsyncTomoviee])


@KINDS
@pytest.mark.parametrize(
    ("argument", "variable"), [("app_key", "TOMOVIEE_APP_KEY"), ("app_secret", "TOMOVIEE_APP_SECRET")]
)
@pytest.mark.parametrize("empty", [None, ""])
def test_missing_credential_names_argument_and_variable(
    kind: Any, argument: str, variable: str, empty: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a credential no client is created, and the error names both places for it."""
    for name in ("TOMOVIEE_APP_KEY", "TOMOVIEE_APP_SECRET"):
        monkeypatch.setenv(name, "from-environment")
    monkeypatch.setenv(variable, "")
    with pytest.raises(MissingCredential, match=f"{argument}=.*{variable}") as caught:
        kind(**{argument: empty})
    assert (caught.value.argument, caught.value.variable, caught.value.vendor) == (argument, variable, "tomoviee")


def test_empty_argument_does_not_fall_back_to_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty key is an error and not a request for another account's key."""
    monkeypatch.setenv("TOMOVIEE_APP_KEY", "env-key")
    with pytest.raises(MissingCredential):
        Tomoviee("", "secret")


def headers_of(client: Tomoviee) -> dict[str, str]:
    """Return the headers that authorize a client's requests."""
    return dict(client._service.authorization())


def test_argument_overrides_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A credential that is passed is used, else the environment's."""
    monkeypatch.setenv("TOMOVIEE_APP_KEY", "env-key")
    monkeypatch.setenv("TOMOVIEE_APP_SECRET", "env-secret")
    assert headers_of(Tomoviee())["X-App-Key"] == "env-key"
    assert headers_of(Tomoviee("own-key"))["X-App-Key"] == "own-key"


@pytest.mark.parametrize("value", ["line\nbreak", "tail\n", "with space", "ünicode", "\0", 5])
def test_credential_invalid_in_a_header_is_refused(value: Any) -> None:
    """A stray line break is refused before anything is sent, and the value is not shown."""
    with pytest.raises(InvalidArgument, match="visible ASCII") as caught:
        Tomoviee("key", value)
    assert (caught.value.field, caught.value.value) == ("app_secret", "***")


@KINDS
def test_base_url_precedence(kit: Kit, kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The argument comes before the injected client's address, the environment's and the documented one."""
    http = (httpx.Client if kind is Tomoviee else httpx.AsyncClient)(base_url="https://injected.example/x/")

    def base(**options: Any) -> str:
        made: str = kind(kit.key, kit.secret, **options).base_url
        return made

    assert base() == "https://openapi.wondershare.cc"
    monkeypatch.setenv("TOMOVIEE_BASE_URL", "http://127.0.0.1:8080/tomoviee/")
    assert base() == "http://127.0.0.1:8080/tomoviee"
    assert base(http=http) == "https://injected.example/x"
    assert base(http=http, base_url="https://given.example") == "https://given.example"


@pytest.mark.parametrize(
    "base",
    [
        "",
        "gateway.example",
        "ftp://a.example",
        "https://",
        "https://u:planted@a.example",
        "https://a.example/?k=planted",
        "https://a.example/#f",
        "https://a b.example",
        "https://a.example:port",
        5,
    ],
)
def test_invalid_base_url_is_refused(kit: Kit, base: Any) -> None:
    """The error names the argument, and shows no secret in the value."""
    with pytest.raises(InvalidArgument, match="base_url") as caught:
        Tomoviee(kit.key, kit.secret, base_url=base)
    assert "planted" not in f"{caught.value} {caught.value.value}"


def test_invalid_base_url_in_environment_names_the_variable(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """An invalid value from the environment is refused by the variable's name."""
    monkeypatch.setenv("TOMOVIEE_BASE_URL", "localhost:8080")
    with pytest.raises(InvalidArgument, match="TOMOVIEE_BASE_URL"):
        Tomoviee(kit.key, kit.secret)


@KINDS
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("clock", 5),
        ("poll", RetryPolicy()),
        ("retry", PollPolicy()),
        ("timeout", 0),
        ("timeout", math.inf),
        ("timeout", "1"),
        ("on_event", "log"),
    ],
)
def test_option_of_wrong_type_is_refused(kit: Kit, kind: Any, field: str, value: object) -> None:
    """The error for an option has its name and what is allowed."""
    with pytest.raises(InvalidArgument) as caught:
        kind(kit.key, kit.secret, **{field: value})
    assert caught.value.field == field


@given(steps=st.lists(st.floats(0, 1e6)), start=st.floats(0, 1e6))
def test_skipping_clock_advances_by_sleeps(steps: list[float], start: float) -> None:
    """Sleeping returns at once and advances the clock's own time, sync and async alike, never back."""
    one, other = SkippingClock(start), SkippingClock(start)

    async def sleep() -> None:
        for step in steps:
            await other.asleep(step)

    for step in steps:
        before = one.now()
        one.sleep(step)
        assert one.now() == before + step
    asyncio.run(sleep())
    assert one.now() == other.now()
    one.sleep(-5)
    assert one.now() == other.now()
    assert repr(one) == f"SkippingClock({one.now()})"


def test_system_clock_uses_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """By default the monotonic clock and the real sleeps are used."""
    slept: list[float] = []

    async def asleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("time.sleep", slept.append)
    monkeypatch.setattr("anyio.sleep", asleep)
    clock = SystemClock()
    before = time.monotonic()
    assert before <= clock.now() <= time.monotonic()
    clock.sleep(1)
    asyncio.run(clock.asleep(2))
    assert slept == [1, 2]


@pytest.mark.parametrize("clock", [SystemClock(), SkippingClock()])
def test_both_clocks_implement_the_protocol(clock: object) -> None:
    """Both clocks are instances of `Clock`."""
    assert isinstance(clock, Clock)


REFUSED: list[tuple[Any, Any]] = [
    (lambda value: checks.text("f", value, longest=3), "four"),
    (lambda value: checks.text("f", value), 5),
    (lambda value: checks.optional_text("f", value), 5),
    (lambda value: checks.choice("f", value, ["a", 1]), True),
    (lambda value: checks.choice("f", value, ["a", 1]), "b"),
    (lambda value: checks.whole_number("f", value, least=1, most=2), 3),
    (lambda value: checks.whole_number("f", value, least=1), 1.0),
    (lambda value: checks.number("f", value, least=0, most=1), 2),
    (lambda value: checks.number("f", value, above=0), 0),
    (lambda value: checks.number("f", value, infinite=True), -math.inf),
    (lambda value: checks.web_address("f", value), "http://"),
    (lambda value: checks.web_address("f", value), "http://a.example:0"),
    (lambda value: checks.web_address("f", value), "http://[bad"),
    (lambda value: checks.sha256("f", value), "g" * 64),
    (lambda value: checks.path("f", value), b"bytes"),
    (lambda value: checks.instance("f", value, int), "x"),
    (lambda value: checks.plain_callable("f", value), "x"),
]


@pytest.mark.parametrize(("check", "value"), REFUSED)
def test_validation_error_has_field_value_and_allowed(check: Any, value: object) -> None:
    """A validation error has the argument, its value and what is allowed."""
    with pytest.raises(InvalidArgument) as caught:
        check(value)
    assert caught.value.field == "f"
    assert caught.value.allowed
    assert str(caught.value).startswith("f=")
    assert caught.value.allowed in str(caught.value)


def test_long_value_is_shortened() -> None:
    """The error about a megabyte of text is not a megabyte long."""
    with pytest.raises(InvalidArgument) as caught:
        checks.choice("f", "x" * 10**6, ["a"])
    assert len(str(caught.value)) < 200


def test_valid_value_is_returned() -> None:
    """A check returns its value, in the form in which it is used."""
    assert checks.text("f", "abc", longest=3) == "abc"
    assert checks.optional_text("f", None) is None
    assert checks.choice("f", 1, ["a", 1]) == 1
    assert checks.number("f", 1, least=0, most=1) == 1.0
    assert checks.sha256("f", None) is None
    assert checks.base_address("f", "https://a.example//") == "https://a.example"
    assert checks.plain_callable("f", print) is print
