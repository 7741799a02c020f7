"""The connections: HTTP clients of this library's own, the slots in front of them, and the client that is injected."""

from __future__ import annotations

import functools
import os
import threading
from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic

import httpx

from soundstage._io.http import direct
from soundstage._io.http.library import HttpT, is_invalid_address, is_one_of, uses_network
from soundstage._io.ownership import is_loopback, renew_after_fork
from soundstage._values.redaction import hide_query
from soundstage._values.validation import invalid
from soundstage.errors import ClientClosed, InvalidArgument

if TYPE_CHECKING:
    import ssl
    from collections.abc import Generator

    from soundstage._values.messages import Request

CONNECTIONS = 50  # of one pool at a time
WARM = 0.25  # seconds after a response in which its connection is used again for a paid request
_FREE = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
# After a longer pause the server may be about to close the connection, and whether it has received a request that it
# does not answer is then unknown. A free request is sent again.
_PAID = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=WARM)
_PROXY_VARIABLES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")


class Own(Generic[HttpT]):
    """The HTTP clients of one process and event loop.

    By whether requests are paid, whether they are sent to this machine, and whether a part of httpx is replaced.
    """

    def __init__(self) -> None:
        self.clients: dict[tuple[bool, bool, bool], HttpT] = {}
        self.slots: dict[tuple[bool, bool], Any] = {}


class Pools(ABC, Generic[HttpT]):
    """The HTTP clients behind one client: an injected one, or two that are created when first needed.

    The second one is for paid requests, which thus share no connection with others, and keeps its connections for
    a moment only.
    """

    _kind: str  # the name of the class in the HTTP library

    def __init__(self, injected: HttpT | None) -> None:
        """Prepare; nothing is connected.

        Raises:
            InvalidArgument: The injected client is of another kind.
        """
        if injected is not None and not is_one_of(injected, self._kind):
            invalid("http", injected, f"an instance of httpx.{self._kind} or httpx2.{self._kind}, or None")
        self._injected = injected
        self._closed = False
        self._home: Own[HttpT] | None = None  # where an injected client was first used
        self.renew()

    def renew(self) -> None:
        """Start without connections, at first and after a fork."""
        self._created: Own[HttpT] = Own()
        self._lock = threading.Lock()  # threads share a client, and two first requests must not create two

    @property
    def base_url(self) -> str:
        """The base address of the injected client, or ""."""
        return "" if self._injected is None else str(self._injected.base_url)

    def _pick(self, request: Request) -> HttpT:
        """Return the client that sends *request*.

        Raises:
            ClientClosed: It is closed, or belongs to another process or event loop.
        """
        # An address of this machine is not requested through a proxy, and a wrong proxy does not matter for it.
        key = (request.paid, is_loopback(request.url), direct.is_replaced())
        renew_after_fork(self)  # before the lock, which a thread may hold that does not exist in the child
        with self._lock:
            own = self._own()
            client = self._injected or own.clients.get(key)
            if self._closed or (client is not None and client.is_closed):
                raise ClientClosed("the client is closed: create a new one")
            if client is None:
                with _environment():
                    client = self._make(_PAID if request.paid else _FREE, trust_env=not key[1])
                own.clients[key] = client
            elif client is self._injected:
                self._check_home(client, own)
            return client

    def _slots(self, request: Request) -> Any:
        """Return the semaphore in front of the pool that sends *request*, None for an injected client.

        httpcore goes through all of its connections for every request that waits in its pool, and counts the wait
        against the timeout. Before the semaphore a request waits without either.
        """
        if self._injected is not None:
            return None
        key = (request.paid, is_loopback(request.url))
        renew_after_fork(self)
        with self._lock:
            slots = self._own().slots
            if key not in slots:
                slots[key] = self._semaphore()
            return slots[key]

    def _check_home(self, client: HttpT, own: Own[HttpT]) -> None:
        """Check that an injected client is used where its connections belong, before anything is sent.

        Raises:
            ClientClosed: They belong to another process or event loop.
        """
        self._home = self._home or own
        if uses_network(client) and own is not self._home:
            raise ClientClosed(
                "the client given by http= was used in another process or event loop, where its connections belong: "
                "create one here, or pass no http="
            )

    @abstractmethod
    def _make(self, limits: httpx.Limits, *, trust_env: bool) -> HttpT: ...

    @staticmethod
    @abstractmethod
    def _semaphore() -> Any:
        """Return a semaphore of as many slots as a pool has connections."""

    @abstractmethod
    def _own(self) -> Own[HttpT]:
        """Return the clients that belong to this process and event loop."""

    def _mark_closed(self) -> list[HttpT]:
        with self._lock:
            self._closed = True
            own = self._own().clients
            created = list(own.values())
            own.clear()
            return created


def is_direct(*, trust_env: bool) -> bool:
    """Whether requests can use connections without httpx: no part of it is replaced, and there is no proxy."""
    return not direct.is_replaced() and not (trust_env and direct.has_proxies())


def settings() -> dict[str, Any]:
    """Return the arguments that every own client of httpx is created with."""
    return {"verify": tls(), "timeout": direct.TIMEOUT, "headers": direct.HEADERS}


def nothing() -> None:
    """Give nothing back: an injected client has no slots."""


def no_slot(request: Request) -> str:
    """Return why a request was not sent that waited for a slot until its time was over."""
    return f"all {CONNECTIONS} connections were in use for the {request.timeout:g} s that were left"


@functools.cache
def tls() -> ssl.SSLContext:
    """Return the certificates to trust."""
    # Loading the certificates takes longer than everything else at the start of a client, so it is done once and late.
    try:
        return httpx.create_ssl_context()
    except (OSError, ValueError) as error:
        variable = next((name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)), "SSL_CERT_FILE")
        invalid(variable, os.environ.get(variable), f"certificates that can be loaded ({error}); nothing was sent")


@contextmanager
def _environment() -> Generator[None, None, None]:
    """Explain why no client can be created: the addresses of proxies come from the environment."""
    try:
        yield
    except Exception as error:
        if isinstance(error, InvalidArgument) or not (isinstance(error, ImportError) or is_invalid_address(error)):
            raise
        given = {name: os.environ.get(name) or os.environ.get(name.lower()) for name in _PROXY_VARIABLES}
        used = {name: hide_query(value) for name, value in given.items() if value}
        field, allowed = " and ".join(used) or "the proxy", f"the address of a proxy that can be used ({error})"
        invalid(field, used, f"{allowed}; nothing was sent", shown=repr(" ".join(used.values())))
