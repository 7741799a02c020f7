"""The messages between flows and drivers: values only, no I/O.

A flow is a generator that yields an effect and is sent its result. A driver carries the effect out, and throws a
transport error into the flow as `NotSent` or `Interrupted`: only after `NotSent` may a paid request be sent again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

from soundstage._values.redaction import SecretHeaders, hide_query

if TYPE_CHECKING:
    from decimal import Decimal

T = TypeVar("T")

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


def omit_none(body: Mapping[str, T]) -> dict[str, T]:
    """Return the members of a request body that are not None: what is not given is not sent."""
    return {name: value for name, value in body.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    Attributes:
        method: The HTTP method.
        url: The absolute address.
        headers: The headers; not shown, because they contain credentials.
        json: The body, or None for no body.
        paid: Whether the service may charge for it: it is then sent on a connection that is new or was just in use.
        timeout: Seconds that this request may take, or None for the client's own limit.
        recovery: Returns what is needed to find the paid work again, given the response if there is one.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    json: object = field(default=None, repr=False)
    paid: bool = False
    timeout: float | None = None
    recovery: Callable[[Response | None], str] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "headers", SecretHeaders(self.headers))

    @property
    def content(self) -> bytes | None:
        """The body as bytes: JSON in ASCII."""
        if self.json is None:
            return None
        # Without NaN, which is no JSON: a service would refuse it, or read it in its own way.
        return json.dumps(self.json, separators=(",", ":"), allow_nan=False).encode()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of method, path and body: equal for equal requests, and without headers, which contain secrets."""
        path = urlsplit(self.url).path
        return hashlib.sha256(b"\n".join([self.method.encode(), path.encode(), self.content or b""])).hexdigest()

    def __str__(self) -> str:
        """Return method and address, the query hidden."""
        return f"{self.method} {hide_query(self.url)}"


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response with its whole body; header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    content: bytes = field(default=b"", repr=False)

    def json(self) -> Any:
        """Parse the body as JSON.

        Raises:
            ValueError: It is not JSON, or nested too deeply.
        """
        # A hostile or broken response must be an error that callers handle, and not a RecursionError.
        try:
            return json.loads(self.content)
        except RecursionError:
            raise ValueError("JSON nested too deeply") from None

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 are replaced."""
        return self.content.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request; the result is its `Response`."""

    request: Request


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait for `seconds` of the clock."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Open:
    """Send a request; the result is its head, a `Response` without content, and `Read` fetches the body.

    A driver has one open stream at a time: opening another, or the end of the flow, closes it.
    """

    request: Request


@dataclass(frozen=True, slots=True)
class Read:
    """Read from the open stream; the result is the next bytes, b"" at its end."""


@dataclass(frozen=True, slots=True)
class Run:
    """Call a function that blocks, such as a write to disk; under asyncio in a thread."""

    call: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Exclusive:
    """Run another flow under a lock that all flows of the same driver share by its key; the result is its value.

    What many flows need at once, such as a fresh access token, is thus fetched once.
    """

    key: str
    make: Callable[[], Flow[Any]]


@dataclass(frozen=True, slots=True)
class Quote:
    """State the price of the paid request that follows; an estimate ends the flow here, and drivers pass over it.

    `price` raises `UnsupportedError` where the price is unknown.
    """

    price: Callable[[], Flow[Decimal]]


Effect: TypeAlias = Send | Pause | Open | Read | Run | Exclusive | Quote
Flow: TypeAlias = Generator[Effect, Any, T]


class TransportError(Exception):
    """An error below HTTP; its text is safe to show."""


class NotSent(TransportError):  # noqa: N818 - the name states what is certain
    """The service provably never received the request."""


class Interrupted(TransportError):  # noqa: N818 - the name states what is certain
    """Bytes may have been sent, and no whole response arrived.

    Attributes:
        response: What arrived of the response, if its head did; the content may be cut off anywhere.
    """

    def __init__(self, reason: str = "", response: Response | None = None) -> None:
        super().__init__(reason)
        self.response = response


def send(request: Request) -> Flow[Response]:
    """Send *request* and return its response.

    Raises:
        TransportError: There is no response.
    """
    response: Response = yield Send(request)
    return response


def pause(seconds: float) -> Flow[None]:
    """Wait for *seconds* of the clock."""
    yield Pause(seconds)


def open_stream(request: Request) -> Flow[Response]:
    """Send *request* and return the head of its response; `read` returns the body.

    Raises:
        TransportError: There is no response.
    """
    head: Response = yield Open(request)
    return head


def read() -> Flow[bytes]:
    """Return the next bytes of the open stream, b"" at its end.

    Raises:
        Interrupted: The stream broke off.
    """
    chunk: bytes = yield Read()
    return chunk


def run(call: Callable[[], T]) -> Flow[T]:
    """Return what *call* returns, without blocking an event loop meanwhile."""
    value: T = yield Run(call)
    return value


def exclusive(key: str, make: Callable[[], Flow[T]]) -> Flow[T]:
    """Run the flow that *make* returns under the lock of *key*, and return its value.

    The flow must look at shared state itself, after it has the lock: the flow before it may have done the work.
    """
    value: T = yield Exclusive(key, make)
    return value
