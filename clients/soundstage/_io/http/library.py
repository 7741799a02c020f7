"""What is used of the HTTP library: httpx, or httpx2, its successor with the same interface.

httpx2 is never imported here: a client of it exists only where the caller has imported it. Its classes are recognized
by their names, which are those of httpx.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection

LIBRARIES = ("httpx", "httpx2")
_PARTS = ("connection", "http11", "http2", "proxy", "socks")
LOGGERS = (
    *LIBRARIES,
    *(f"{core}.{part}" for core in ("httpcore", "httpcore2") for part in _PARTS),
    "hpack.hpack",
    "hpack.table",
)
"""The loggers whose records contain headers and addresses."""

# With these errors no byte of the request can have reached the service; with any other one it may have.
_NEVER_SENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError"})
_KNOWN = frozenset({"HTTPError", "StreamError", "NetworkError", "TimeoutException", "ProtocolError"})
_BELOW = "httpcore"  # whose errors have the same names


class _Http(Protocol):
    """What the blocking and the awaiting client have in common."""

    @property
    def is_closed(self) -> bool:
        """Whether it can send no more."""
        ...

    @property
    def base_url(self) -> Any:
        """The address that relative ones are joined to."""
        ...

    @property
    def timeout(self) -> Any:
        """The limits of a request."""
        ...

    def build_request(
        self, method: str, url: Any, *, headers: Any = ..., content: Any = ..., extensions: Any = ...
    ) -> Any:
        """Return a request with the client's own settings."""
        ...


class SyncHttp(_Http, Protocol):
    """An `httpx.Client` or an `httpx2.Client`."""

    def send(self, request: Any, *, stream: bool = ..., auth: Any = ..., follow_redirects: Any = ...) -> Any:
        """Send a request."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


class AsyncHttp(_Http, Protocol):
    """An `httpx.AsyncClient` or an `httpx2.AsyncClient`."""

    async def send(self, request: Any, *, stream: bool = ..., auth: Any = ..., follow_redirects: Any = ...) -> Any:
        """Send a request."""
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


HttpT = TypeVar("HttpT", bound=SyncHttp | AsyncHttp)


def is_one_of(value: object, *names: str) -> bool:
    """Whether *value* is an instance of a class of the HTTP library that has one of these names."""
    return _is_one_of(value, names, LIBRARIES)


def _is_one_of(value: object, names: Collection[str], libraries: Collection[str]) -> bool:
    return any(
        kind.__name__ in names and kind.__module__.partition(".")[0] in libraries for kind in type(value).__mro__
    )


def was_never_sent(error: Exception) -> bool:
    """Whether *error* proves that no byte of the request reached the service."""
    return _is_one_of(error, _NEVER_SENT, (*LIBRARIES, _BELOW))


def is_known(error: Exception) -> bool:
    """Whether *error* is one that a network causes, and no defect of a hook or a transport."""
    return isinstance(error, OSError) or _is_one_of(error, _KNOWN, (*LIBRARIES, _BELOW))


def is_invalid_address(error: Exception) -> bool:
    """Whether *error* reports an address that the HTTP library cannot use."""
    return isinstance(error, ValueError) or is_one_of(error, "InvalidURL")


def uses_network(client: object) -> bool:
    """Whether a client has connections; a mock transport, or one in front of an ASGI application, has none."""
    return is_one_of(getattr(client, "_transport", None), "HTTPTransport", "AsyncHTTPTransport")
