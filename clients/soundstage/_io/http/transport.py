"""What the blocking and the awaiting transport share: how a request is built, and how long it may take."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from soundstage._io.http.direct import TIMEOUT, Connections
from soundstage._io.http.exchange import reason
from soundstage._io.http.library import HttpT, is_invalid_address
from soundstage._io.http.pools import Pools
from soundstage._values.content_encoding import ACCEPTED
from soundstage._values.messages import NotSent, Request
from soundstage._values.redaction import SecretHeaders

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_UPLOAD_RATE = 1 << 16  # bytes that a request may send in a second beyond the default timeout, on a slow line


class Transport(Pools[HttpT]):
    """Builds requests, for an HTTP client of the caller's or of this library's own."""

    _trace: Callable[..., object]

    def __init__(
        self, injected: HttpT | None, timeout: float | None, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepare; nothing is connected.

        Args:
            injected: The caller's own client, which then sends everything.
            timeout: Seconds of one exchange, None for the default or the injected client's limits.
            now: Returns the seconds of the clock for deadlines: always real time, because a network has no other.
        """
        super().__init__(injected)
        self._timeout = timeout
        self._now = now

    def _prepare(self, request: Request) -> tuple[HttpT, Any]:
        """Return the HTTP client and the request; a failure here proves that nothing was sent."""
        client = self._pick(request)
        try:
            return client, self._build(client, request)
        except Exception as error:
            if not is_invalid_address(error):
                raise
            raise NotSent(reason(error, request)) from None

    def _build(self, client: HttpT, request: Request) -> Any:
        # Only encodings that are decoded here, within MAX_BODY; the download of a file accepts none.
        headers = SecretHeaders({"Accept-Encoding": ACCEPTED, **request.headers})
        content = request.content
        if content is not None:
            headers["Content-Type"] = "application/json"
        # The limits as plain numbers: the libraries do not accept each other's objects.
        limits: dict[str, float | None] = client.timeout.as_dict()
        if self._timeout is not None:
            limits = dict.fromkeys(limits, self._timeout)
        extensions: dict[str, object] = {"timeout": _capped(limits, request.timeout)}
        if not isinstance(client, Connections):  # which trace only what opens a connection
            extensions["trace"] = self._trace
        return client.build_request(
            request.method, request.url, headers=headers, content=content, extensions=extensions
        )

    def _seconds(self, client: HttpT, request: Request) -> float | None:
        """Return how long an exchange may take, None for no limit."""
        limit = self._timeout
        if limit is None and self._injected is None:
            limit = TIMEOUT + len(request.content or b"") / _UPLOAD_RATE
        elif limit is None:
            # Each of them limits one part of an exchange, so that one without a stall ends within their sum.
            parts = (client.timeout.connect, client.timeout.write, client.timeout.read)
            limit = sum(part for part in parts if part is not None) if None not in parts else None
        if request.timeout is None or limit is None:
            return limit if request.timeout is None else request.timeout
        return min(limit, request.timeout)


def _capped(limits: Mapping[str, float | None], seconds: float | None) -> dict[str, float | None]:
    if seconds is None:
        return dict(limits)
    return {name: seconds if limit is None else min(limit, seconds) for name, limit in limits.items()}
