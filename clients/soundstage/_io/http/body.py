"""The head and the body of a response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from soundstage._values.content_encoding import Decoder
from soundstage._values.messages import Interrupted, Response

if TYPE_CHECKING:
    import httpx

    from soundstage._io.deadline import Deadline

MAX_BODY = 64 << 20  # decoded bytes of a response that is read whole; the longest documented one is a video in base64
_EXCERPT = 1 << 16  # bytes that are kept of a longer one


class Body:
    """The body of a response that is read whole, decoded."""

    def __init__(self, received: httpx.Response, limit: Deadline) -> None:
        self._received = received
        self._limit = limit
        limit.mark_sent()  # there is a response, also where no connection was guarded
        self._head = head(received)
        self._decoder = Decoder(self._head.headers.get("content-encoding", ""))
        self._content = bytearray()

    def add(self, chunk: bytes) -> None:
        """Append what arrived.

        Raises:
            DeadlinePassed: The time of the exchange is over.
            Interrupted: The body is too large, or damaged.
        """
        self._limit.limit(None)  # here as well as in each read: not every transport has connections to guard
        try:
            for piece in self._decoder.feed(chunk):
                self._content += piece
                if len(self._content) > MAX_BODY:
                    del self._content[_EXCERPT:]
                    raise Interrupted(f"the response is larger than {MAX_BODY} bytes")
        except ValueError as error:
            raise Interrupted(str(error)) from None

    def response(self) -> Response:
        """Return the response with everything that arrived."""
        content = bytes(self._content)
        # As after `read()`, which has no limit: hooks of an injected client, and transcripts, keep the response.
        self._received._content = content  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return Response(self._head.status, self._head.headers, content)


def head(received: httpx.Response) -> Response:
    """Return status and headers of a response."""
    encoding, headers = received.headers.encoding, dict[str, str]()
    # From the bytes, as each look into the library's headers decodes all of them.
    for raw_name, raw_value in received.headers.raw:
        name, value = raw_name.decode(encoding).lower(), raw_value.decode(encoding)
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Response(received.status_code, headers)
