"""The HTTP of the receiver: read one request within limits, and send a status."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, TypeAlias

import anyio

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class Refusal(Exception):  # noqa: N818 - it is a response, and not an error of the program
    """The response to a request that is not accepted.

    Attributes:
        status: The HTTP status.
        headers: Headers of the response.
    """

    def __init__(self, status: int, reason: str, **headers: str) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = headers


class Disconnected(Exception):  # noqa: N818 - likewise
    """The sender has closed the connection before the end of its request."""


async def read_body(scope: Scope, receive: Receive, limit: int, seconds: float) -> bytes:
    """Return the body of a request.

    Raises:
        Refusal: It is larger than *limit*, or does not arrive within *seconds*.
        Disconnected: It ends too early.
    """
    too_large = Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is larger than {limit} bytes")
    length = dict(scope["headers"]).get(b"content-length", b"")
    if length.isdigit() and int(length[:19]) > limit:
        raise too_large
    body = bytearray()
    with anyio.move_on_after(seconds):
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            body += message.get("body", b"")
            if len(body) > limit:
                raise too_large
            if not message.get("more_body", False):
                return bytes(body)
    raise Refusal(HTTPStatus.REQUEST_TIMEOUT, f"the body did not arrive within {seconds:g} seconds")


async def respond(send: Send, status: int, reason: str = "", headers: dict[str, str] | None = None) -> None:
    """Send a response with *reason* as its text."""
    content = reason.encode()
    fields = {"content-length": str(len(content)), **(headers or {})}
    if content:
        fields["content-type"] = "text/plain; charset=utf-8"
    encoded = [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": content})


async def serve_lifespan(receive: Receive, send: Send) -> None:
    """Take part in the start and the end of a server that runs a receiver alone."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
