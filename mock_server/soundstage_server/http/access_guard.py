"""Who may use the control API: programs on this machine, but no web page that happens to run in a browser on it.

A page can send requests to 127.0.0.1, and with a DNS name that it rebinds to 127.0.0.1 it can read the responses, too.
Its requests are recognized by their Host, Origin and Sec-Fetch-Site headers, which a page cannot change.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from soundstage_server.model.asgi import RECEIVED, is_loopback
from soundstage_server.model.bounds import shown

if TYPE_CHECKING:
    from soundstage_server.model.asgi import Scope
    from soundstage_server.world.world import World

TOKEN_HEADER: Final = b"x-soundstage-token"
"""The request header with the control token; ``Authorization: Bearer`` is accepted, too."""


class ControlRefusal(NamedTuple):
    """A refused control call: the HTTP status, and the reason."""

    status: int
    detail: str


class ControlGuard:
    """Decides which requests may use the control API of *world*.

    Args:
        world: The world, whose public URL is one of the simulator's names.
        bound_to: The host that the server listens on; None takes the address that each connection came to.
        token: What every control call must carry; None requires none.
    """

    def __init__(self, world: World, *, bound_to: str | None = None, token: str | None = None) -> None:
        self._world = world
        self._bound_to = bound_to
        self._token = None if token is None else token.encode()

    def refusal(self, scope: Scope) -> ControlRefusal | None:
        """Return why the request of *scope* may not use the control API, or None if it may."""
        # A page can set X-Forwarded-Host, which a trusted proxy's scope has as Host: both names must be allowed.
        if RECEIVED in scope and (refused := self.refusal(scope[RECEIVED])):
            return refused
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        if host and self._is_local(scope) and not self._is_own_name(host):
            return ControlRefusal(
                403,
                f"the control API takes requests to this machine's own names; Host is {shown(host)}, allowed are "
                "loopback addresses, localhost and the host of the public URL (--public-url)",
            )
        if foreign := self._foreign_site(headers, host):
            return ControlRefusal(403, f"the control API takes no requests from web pages of other sites; {foreign}")
        if self._token is not None and not compare_digest(_token(headers), self._token):
            name = "X-Soundstage-Token"
            return ControlRefusal(401, f"the control API needs its token, in {name} or Authorization: Bearer")
        return None

    def _is_local(self, scope: Scope) -> bool:
        bound_to = self._bound_to or (scope.get("server") or ("",))[0]
        return is_loopback(bound_to)

    def _foreign_site(self, headers: dict[bytes, bytes], host: str) -> str | None:
        """Return the header that shows a page of another site, with its value."""
        origin = headers.get(b"origin")
        if origin is not None:
            site = origin.decode("latin-1")
            netloc = site.partition("://")[2]
            return None if netloc and (netloc == host or self._is_own_name(netloc)) else f"Origin is {shown(site)}"
        # A form or an image of another site sends no Origin with GET.
        site = headers.get(b"sec-fetch-site", b"none").decode("latin-1")
        return None if site in ("none", "same-origin", "same-site") else f"Sec-Fetch-Site is {shown(site)}"

    def _is_own_name(self, netloc: str) -> bool:
        name = _host_of(f"//{netloc}")
        own = self._world.public_url
        return name is not None and (is_loopback(name) or (own is not None and name == _host_of(own)))


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _token(headers: dict[bytes, bytes]) -> bytes:
    scheme, _, bearer = headers.get(b"authorization", b"").partition(b" ")
    return headers.get(TOKEN_HEADER) or (bearer.strip() if scheme.lower() == b"bearer" else b"")
