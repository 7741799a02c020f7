"""A local HTTP server that receives callbacks, for contracts and for users' own tests."""

from __future__ import annotations

import json
import queue
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Final, NamedTuple, Self

JSON: Final = "application/json"
"""The media type that a callback must have."""

CALLBACK_TIMEOUT: Final = 20.0
"""Real seconds to wait for a callback."""


class CallbackError(ValueError):
    """A callback was received that is not JSON by its Content-Type; the text has the value and what is needed."""


class ReceivedCallback(NamedTuple):
    """A callback as it was sent, such as for the check of a signature.

    Attributes:
        headers: The headers, by their names in lower case.
        body: The bytes of the body.
    """

    headers: dict[str, str]
    body: bytes


class CallbackReceiver:
    """An HTTP server on a free port that keeps every JSON body POSTed to it with the Content-Type of JSON.

    Args:
        statuses: The HTTP statuses to respond with, one after the other; the last is repeated. 200 by default.

    Attributes:
        callbacks: The bodies received and not yet taken by `next`; an error in place of one that is not JSON.
        requests: Every JSON callback as it was sent, in order; it is there before `next` returns its body.
        url: The address to send callbacks to.

    A context manager: it listens from construction to the end of the block.
    """

    def __init__(self, *statuses: int) -> None:
        self.callbacks: queue.Queue[dict[str, Any] | CallbackError] = queue.Queue()
        self.requests: list[ReceivedCallback] = []
        left = list(statuses or (200,))

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler) -> None:  # noqa: N805 - self is the receiver here
                body = handler.rfile.read(int(handler.headers["content-length"]))
                kind = handler.headers.get_content_type() if "content-type" in handler.headers else None
                if kind != JSON:
                    handler.send_response(415)
                    handler.end_headers()
                    self.callbacks.put(CallbackError(f"the Content-Type of a callback must be {JSON}; got {kind!r}"))
                    return
                handler.send_response(left.pop(0) if len(left) > 1 else left[0])
                handler.end_headers()
                headers = {name.lower(): value for name, value in handler.headers.items()}
                self.requests.append(ReceivedCallback(headers, body))
                self.callbacks.put(json.loads(body))

            def log_message(handler, *_: object) -> None:  # noqa: N805 - likewise
                """Print nothing to the terminal."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/done"
        serve = partial(self._server.serve_forever, poll_interval=0.01)  # the longest time that closing takes
        self._thread = threading.Thread(target=serve, name="soundstage-receiver", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        """Return the receiver itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self.close()

    def next(self) -> dict[str, Any]:
        """Return the next callback.

        Raises:
            queue.Empty: None was received within `CALLBACK_TIMEOUT` seconds.
            CallbackError: A callback had another Content-Type than JSON.
        """
        received = self.callbacks.get(timeout=CALLBACK_TIMEOUT)
        if isinstance(received, CallbackError):
            raise received
        return received

    def close(self) -> None:
        """Stop listening. Safe to call twice."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
