"""The vendors' own hosts, caught in this process: httpx, httpx2 and requests reach a simulator in their place.

The libraries' transports are replaced, not their addresses: a client that exists already is caught as well, TLS and its
certificates play no part, and a result address has the vendor's https host.
"""

from __future__ import annotations

import io
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Self
from unittest.mock import patch
from urllib.parse import urlsplit

import anyio.to_thread
import httpx

from soundstage_contracts.simulators.target import IN_PROCESS
from soundstage_server import _registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_HTTPX_LIKE: Final = ("httpx", "httpx2")
_NOT_SENT: Final = frozenset({"content-length", "transfer-encoding", "connection", "accept-encoding"})
"""Headers that belong to the connection that is replaced."""


class RealHosts(AbstractContextManager["RealHosts"]):
    """The vendors' hosts, caught until the end of the block.

    Args:
        http: A client that reaches the simulator.
        where: ``in-process``, or the address of the simulator.
    """

    def __init__(self, http: httpx.Client, where: str) -> None:
        self._http = http
        self._where = where
        self._hosts = frozenset(_registry.hosts())
        self._patched = ExitStack()

    def __enter__(self) -> Self:
        """Replace the transports of the libraries that are installed."""
        for name in _HTTPX_LIKE:
            if find_spec(name) is not None:
                self._catch_httpx(import_module(name))
        if find_spec("requests") is not None:
            self._catch_requests(import_module("requests.adapters").HTTPAdapter)
        return self

    def __exit__(self, *_: object) -> None:
        """Put the transports back."""
        self._patched.close()

    def exchange(self, method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> httpx.Response:
        """Send a request for a vendor's host to the simulator, and return the complete response."""
        kept = [(name, value) for name, value in headers if name.lower() not in _NOT_SENT]
        parts = urlsplit(url)
        if not any(name.lower() == "host" for name, _ in kept):
            kept.append(("Host", parts.netloc))
        if self._where != IN_PROCESS:
            url = self._where.rstrip("/") + parts._replace(scheme="", netloc="").geturl()
        return self._http.send(self._http.build_request(method, url, headers=kept, content=body))

    def _replace(self, owner: Any, name: str, replacement: Callable[[Any], Any]) -> None:
        self._patched.enter_context(patch.object(owner, name, replacement(getattr(owner, name))))

    def _catch_httpx(self, library: Any) -> None:
        def sync(original: Any) -> Any:
            def handle_request(transport: Any, request: Any) -> Any:
                if request.url.host not in self._hosts:
                    return original(transport, request)
                return self._respond(library, request, request.read())

            return handle_request

        def awaited(original: Any) -> Any:
            async def handle_async_request(transport: Any, request: Any) -> Any:
                if request.url.host not in self._hosts:
                    return await original(transport, request)
                body = await request.aread()
                return await anyio.to_thread.run_sync(partial(self._respond, library, request, body))

            return handle_async_request

        self._replace(library.HTTPTransport, "handle_request", sync)
        self._replace(library.AsyncHTTPTransport, "handle_async_request", awaited)

    def _respond(self, library: Any, request: Any, body: bytes) -> Any:
        try:
            found = self.exchange(request.method, str(request.url), request.headers.multi_items(), body)
        except httpx.TransportError as error:  # an injected fault; each library has classes of its own
            raise getattr(library, type(error).__name__)(str(error), request=request) from None
        return library.Response(found.status_code, headers=found.headers.multi_items(), content=found.content)

    def _catch_requests(self, adapter: Any) -> None:
        def sending(original: Any) -> Any:
            def send(own: Any, request: Any, *args: Any, **options: Any) -> Any:
                if urlsplit(request.url).hostname not in self._hosts:
                    return original(own, request, *args, **options)
                return self._respond_to_requests(own, request)

            return send

        self._replace(adapter, "send", sending)

    def _respond_to_requests(self, adapter: Any, request: Any) -> Any:
        exceptions = import_module("requests.exceptions")
        try:
            found = self.exchange(request.method, request.url, request.headers.items(), _content(request.body))
        except httpx.TimeoutException as error:
            raise exceptions.ReadTimeout(str(error), request=request) from None
        except httpx.TransportError as error:
            raise exceptions.ConnectionError(str(error), request=request) from None
        raw = import_module("urllib3").HTTPResponse(
            io.BytesIO(found.content), found.headers.multi_items(), found.status_code, preload_content=False
        )
        return adapter.build_response(request, raw)


def _content(body: Any) -> bytes:
    """Return the body of a request of `requests`: bytes, text, a file or parts."""
    if isinstance(body, str):
        return body.encode()
    if hasattr(body, "read"):
        body = body.read()
    return body if isinstance(body, bytes) else b"".join(body or ())
