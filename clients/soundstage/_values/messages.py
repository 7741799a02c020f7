"""What flows and drivers say to each other: values only, no input or output.

A flow is a generator that yields an effect and is sent its result. A driver carries the effect out; transport trouble
is thrown into the flow as `NotSent` or `Interrupted`, and that difference is what keeps money safe.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

from soundstage._values.redaction import hide_query

T = TypeVar("T")

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, as a flow wants it sent.

    Attributes:
        method: The HTTP method.
        url: The absolute address.
        headers: What is sent beside the body; not shown, as it holds credentials.
        json: The body, or None for none.
        paid: Whether the service may charge for it: it is then sent on a connection of its own.
        timeout: Seconds that this request may take at most, or None for the client's own limit.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    json: object = field(default=None, repr=False)
    paid: bool = False
    timeout: float | None = None

    @property
    def content(self) -> bytes | None:
        """The body as it goes over the wire: JSON in ASCII."""
        if self.json is None:
            return None
        return json.dumps(self.json, separators=(",", ":"), allow_nan=False).encode()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of method, path and body: the same for the same request, and no secret in it."""
        path = urlsplit(self.url).path
        return hashlib.sha256(b"\n".join([self.method.encode(), path.encode(), self.content or b""])).hexdigest()

    def __str__(self) -> str:
        """Method and address, the query hidden."""
        return f"{self.method} {hide_query(self.url)}"


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer, read whole; header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    content: bytes = field(default=b"", repr=False)

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: It is not JSON, or nested too deep to be any service's answer.
        """
        try:
            return json.loads(self.content)
        except RecursionError:
            raise ValueError("JSON nested too deep") from None

    @property
    def text(self) -> str:
        """The body as text, whatever is in it."""
        return self.content.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request and answer with its `Response`."""

    request: Request


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so many seconds of the clock."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Open:
    """Send a request and answer with its head, a `Response` without content; `Read` fetches what follows.

    A driver holds one stream at a time: opening another, or the end of the flow, closes it.
    """

    request: Request


@dataclass(frozen=True, slots=True)
class Read:
    """Answer with the next bytes of the open stream, b"" at its end."""


@dataclass(frozen=True, slots=True)
class Run:
    """Call something that blocks, such as a write to disk; under asyncio a thread does it."""

    call: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Exclusive:
    """Run a flow of its own while no other flow of the same driver runs one under the same key; answer with its value.

    Whoever comes meanwhile waits, so that what many need at once, such as a fresh token, is fetched once.
    """

    key: str
    make: Callable[[], Flow[Any]]


Effect: TypeAlias = Send | Pause | Open | Read | Run | Exclusive
Flow: TypeAlias = Generator[Effect, Any, T]


class TransportError(Exception):
    """Trouble below HTTP; the text is safe to show."""


class NotSent(TransportError):  # noqa: N818 - the name is the promise
    """The service provably never received the request."""


class Interrupted(TransportError):  # noqa: N818 - the name is the promise
    """Bytes may have left, and no whole answer came back."""


def send(request: Request) -> Flow[Response]:
    """Send *request* and return its answer.

    Raises:
        TransportError: There is no answer.
    """
    response: Response = yield Send(request)
    return response


def pause(seconds: float) -> Flow[None]:
    """Let *seconds* of the clock pass."""
    yield Pause(seconds)


def open_stream(request: Request) -> Flow[Response]:
    """Send *request* and return the head of its answer; `read` has the rest.

    Raises:
        TransportError: There is no answer.
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
    """Return what the flow that *make* makes returns, run while no other one runs under *key*.

    What it needs to know of others is to be looked up within: whoever waited finds what the one before has done.
    """
    value: T = yield Exclusive(key, make)
    return value
