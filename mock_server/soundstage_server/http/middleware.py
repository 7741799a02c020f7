"""What may surround the application, each by option: the headers of a trusted proxy, and CORS.

The application itself knows of neither, so that requests without these options meet no additional code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from soundstage_server.model.asgi import RECEIVED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from soundstage_server.model.asgi import Receive, Scope, Send

    App = Callable[[Scope, Receive, Send], Awaitable[None]]

_SCHEMES: Final = (b"http", b"https")
_EXPOSED: Final = (
    *("X-Soundstage-Account", "X-Soundstage-Fact", "X-Soundstage-Fault"),
    *("Retry-After", "ETag", "Content-Range"),
)


class TrustedProxy:
    """Takes the scheme and the host of each request from X-Forwarded-Proto and X-Forwarded-Host.

    Any client can send these headers, so this is only right behind a proxy that sets them itself. Of a list, which
    several proxies have made, the first entry is what the client asked for.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request under the address that the client of the proxy has used."""
        if scope["type"] == "http":
            scope = _forwarded(scope)
        await self._app(scope, receive, send)


def _forwarded(scope: Scope) -> Scope:
    given = dict(scope["headers"])
    scheme, host = (
        given.get(name, b"").partition(b",")[0].strip() for name in (b"x-forwarded-proto", b"x-forwarded-host")
    )
    if not scheme and not host:
        return scope
    headers = scope["headers"]
    if host:
        headers = [(b"host", host), *(header for header in headers if header[0] != b"host")]
    scheme = scheme.lower() if scheme.lower() in _SCHEMES else scope["scheme"].encode()
    return {**scope, "scheme": scheme.decode(), "headers": headers, RECEIVED: scope}


def check_origins(origins: Iterable[str]) -> tuple[str, ...]:
    """Return *origins*, checked.

    Raises:
        ValueError: One is neither ``*`` nor a scheme with a host; the message names it.
    """
    if isinstance(origins, str):
        raise ValueError(f"cors must be a collection of origins, not one text; got {origins!r}")  # noqa: TRY004 - every bad argument of a server is a ValueError
    origins = tuple(origins)
    for origin in origins:
        if origin != "*" and not _is_origin(origin):
            raise ValueError(f"cors must be '*' or origins such as http://localhost:3000; got {origin!r}")
    return origins


def with_cors(app: App, origins: tuple[str, ...]) -> App:
    """Return *app* with CORS for *origins*; credentials in cookies are never allowed."""
    # Imported here: without the option, Starlette is only loaded with the first page or result.
    from starlette.middleware.cors import CORSMiddleware

    return CORSMiddleware(app, allow_origins=origins, allow_methods=["*"], allow_headers=["*"], expose_headers=_EXPOSED)


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and f"{parts.scheme}://{parts.netloc}" == text
    except ValueError:
        return False
