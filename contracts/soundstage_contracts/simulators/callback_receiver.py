"""Whoever wants to be told: a server on this machine that takes callbacks, for contracts and for people's own tests."""

from __future__ import annotations

import json
import queue
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Final, Self

CALLBACK_TIMEOUT: Final = 20.0
"""Real seconds after which a callback that does not come is missing."""


class CallbackReceiver:
    """An HTTP server on a free port that keeps what is POSTed to it.

    Args:
        answers: The HTTP statuses to answer with, one after the other, the last again and again; 200 by default.

    A context manager: it listens from the start and stops at the end of the block.
    """

    def __init__(self, *answers: int) -> None:
        self.callbacks: queue.Queue[dict[str, Any]] = queue.Queue()
        left = list(answers or (200,))

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler) -> None:  # noqa: N805 - self is the receiver here
                body = handler.rfile.read(int(handler.headers["content-length"]))
                handler.send_response(left.pop(0) if len(left) > 1 else left[0])
                handler.end_headers()
                self.callbacks.put(json.loads(body))

            def log_message(handler, *_: object) -> None:  # noqa: N805 - likewise
                """Say nothing on the terminal."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/done"
        serve = partial(self._server.serve_forever, poll_interval=0.01)  # how long closing takes at most
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
            queue.Empty: None has come within `PATIENCE` seconds.
        """
        return self.callbacks.get(timeout=CALLBACK_TIMEOUT)

    def close(self) -> None:
        """Stop listening. Safe to call twice."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
