"""Reading the body of a request, within a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from soundstage_server.model.asgi import Receive

MAX_BODY: Final = 128 * 1024 * 1024
"""The default limit in bytes: more than any vendor accepts, with its images in base64."""

DISCONNECT: Final = "http.disconnect"


class BodyTooLargeError(Exception):
    """The body of a request is larger than the limit; it was not read to its end."""


async def read_body(message: MutableMapping[str, Any], receive: Receive, limit: int) -> bytes | None:
    """Return the body that begins with *message*, or None if the caller disconnected: half a request is dropped.

    Raises:
        BodyTooLargeError: It has more than *limit* bytes.
    """
    pieces, size = [], 0
    while message["type"] != DISCONNECT:
        piece = message.get("body", b"")
        size += len(piece)
        if size > limit:
            raise BodyTooLargeError(f"the body of a request may have {limit} bytes (--max-body); this one has more")
        pieces.append(piece)
        if not message.get("more_body"):
            return b"".join(pieces)
        message = await receive()
    return None
