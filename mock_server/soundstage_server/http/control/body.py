"""Reading the body of a control call: bounded in size and depth, as JSON that can also be written again."""

from __future__ import annotations

from json import JSONDecodeError
from typing import TYPE_CHECKING, Any, Final

from fastapi import HTTPException, Request
from fastapi.routing import APIRoute

from soundstage_server.model.bounds import MAX_CONTROL_DEPTH, DepthError, load_json

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from fastapi import Response

    from soundstage_server.model.asgi import Scope

MAX_CONTROL_BODY: Final = 1024 * 1024 * 1024
"""The most bytes of a control call: those of a snapshot or an upload."""


_FORM: Final = (b"content-type", b"application/x-www-form-urlencoded")
_OF_BROWSERS: Final = (b"origin", b"referer", b"cookie", b"sec-")


class BoundedRequest(Request):
    """A request whose body has limits."""

    async def body(self) -> bytes:
        """Return the whole body.

        Raises:
            HTTPException: It is larger than `MAX_CONTROL_BODY`.
        """
        if not hasattr(self, "_body"):
            self._body = await read_bounded(self, MAX_CONTROL_BODY)
        return self._body

    async def json(self) -> Any:
        """Return the body as JSON.

        Raises:
            JSONDecodeError: It is not JSON in UTF-8, or nested too deep.
        """
        try:
            return load_json(await self.body(), MAX_CONTROL_DEPTH)
        except DepthError as error:
            raise JSONDecodeError(str(error), "", 0) from None


class BoundedRoute(APIRoute):
    """A route whose requests have bounded bodies."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, which gets a `BoundedRequest`."""
        handle = super().get_route_handler()

        async def handle_bounded(request: Request) -> Response:
            return await handle(BoundedRequest(_read_as_json(request.scope), request.receive))

        return handle_bounded


def _read_as_json(scope: Scope) -> Scope:
    """Return *scope* with the type of JSON where `curl -d` has set that of a form, as it does by default.

    A web page can send a form anywhere, and JSON only where it is allowed to; a browser's form stays one.
    """
    headers = scope["headers"]
    if _FORM not in headers or any(name.startswith(_OF_BROWSERS) for name, _ in headers):
        return scope
    typed = [(name, b"application/json" if (name, value) == _FORM else value) for name, value in headers]
    return {**scope, "headers": typed}


async def read_bounded(request: Request, most: int) -> bytes:
    """Return the body of *request*.

    Raises:
        HTTPException: It has more than *most* bytes.
    """
    pieces, size = [], 0
    async for piece in request.stream():
        pieces.append(piece)
        size += len(piece)
        if size > most:
            # The rest is not read, so the connection cannot be used again.
            raise HTTPException(413, f"the body must have at most {most} bytes", {"connection": "close"})
    return b"".join(pieces)
