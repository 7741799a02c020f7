"""Sends one callback, if its address may be connected to."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from soundstage_server.model.asgi import CONTROL, is_loopback
from soundstage_server.model.faults import FAULT_HEADER

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import httpx

    from soundstage_server.model.callbacks import Outcome
    from soundstage_server.model.faults import CallbackFaultKind

TIMEOUT: Final = 5.0
"""Real seconds that a receiver has to respond."""
HEADERS: Final = {"Content-Type": "application/json"}
"""The headers of every callback (the vendors' facts about the Content-Type of callbacks)."""


async def send(  # noqa: PLR0917 - the parts of one request, and what it may do
    client: httpx.AsyncClient,
    url: str,
    body: bytes,
    allowed: Collection[str],
    fault: CallbackFaultKind | None,
    headers: Mapping[str, str],
) -> tuple[Outcome, int | None, str]:
    """Send *body*, and return the outcome, the status, and what happened, in words.

    Args:
        client: What sends it.
        url: The receiver, which is not trusted.
        body: The JSON.
        allowed: Hosts, in addition to loopback ones, that may be connected to.
        fault: The fault that a header names.
        headers: The vendor's own headers.
    """
    import httpx

    headers = {**HEADERS, **headers}
    if fault is not None:
        headers[FAULT_HEADER.decode()] = fault
    try:
        # The host is taken from the library that connects: parsers disagree about odd addresses, and a check of
        # another parser's host would let some of them through.
        target = httpx.URL(url)
        host = target.host.lower()
        # Otherwise any caller of a vendor could command the simulator: its callbacks come from this machine.
        if _is_control(target.path):
            return "refused", None, f"callbacks do not go to a control API; got the path {target.path!r}"
        if not (host in allowed or is_loopback(host)):
            return "refused", None, f"callbacks go to this machine, or to a host that a world allows; got {host!r}"
        async with (
            asyncio.timeout(TIMEOUT),
            client.stream("POST", url, content=body, headers=headers) as response,
        ):
            status = response.status_code
            return "delivered" if response.is_success else "failed", status, f"answered HTTP {status}"
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        return "failed", None, f"{type(error).__name__}: {error}"


def _is_control(path: str) -> bool:
    """Return whether *path*, decoded, is one of a control API, however many slashes it begins with."""
    return f"/{path.lstrip('/')}".startswith(CONTROL)
