"""The callbacks of a test's jobs: a receiver on this machine, what it has received, and what the simulator has sent."""

from __future__ import annotations

import queue
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from soundstage_contracts.simulators.callback_receiver import CallbackError, CallbackReceiver

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstage_contracts.simulators.control import Control

__tracebackhide__ = True  # a test that fails here shows its own lines, and not those of this module

_TIMEOUT: Final = 20.0
_STEP: Final = 0.05
_GRACE: Final = 2.0  # real seconds for a callback that is under way, which no list shows


class Callbacks:
    """The callbacks of a test's jobs.

    Args:
        control: The control API.
        accounts: Returns the names of the test's accounts.

    A receiver listens from the first use of `url` to the end of the test.
    """

    def __init__(self, control: Control, accounts: Callable[[], list[str]]) -> None:
        self._control = control
        self._accounts = accounts
        self._opened = ExitStack()
        self._receiver: CallbackReceiver | None = None
        self._received: list[dict[str, Any]] = []

    def __repr__(self) -> str:
        """Return how many were received, and where."""
        where = f" at {self._receiver.url}" if self._receiver is not None else ", no receiver yet"
        return f"<Callbacks: {len(self._received)} received{where}>"

    @property
    def url(self) -> str:
        """The address of the test's receiver, for ``callback=`` and the like."""
        if self._receiver is None:
            self._receiver = self.receiver()
        return self._receiver.url

    def receiver(self, *statuses: int) -> CallbackReceiver:
        """Return another receiver, which responds with *statuses*, the last of them repeated (200 by default).

        It listens until the end of the test.
        """
        return self._opened.enter_context(CallbackReceiver(*statuses))

    def received(self, count: int = 1, *, timeout: float = _TIMEOUT) -> list[dict[str, Any]]:
        """Return the bodies of every callback that was sent to `url`, oldest first, as soon as there are *count*.

        Args:
            count: How many to wait for; 0 waits for none.
            timeout: Real seconds to wait.

        Raises:
            AssertionError: There are fewer, and none is on its way; the text shows what the simulator has sent.
            CallbackError: A callback had another Content-Type than JSON.
        """
        self._wait(lambda: self._take() >= count, timeout, f"expected {count} callbacks at {self.url}")
        return list(self._received)

    def sent(self, count: int = 1, *, timeout: float = _TIMEOUT) -> list[dict[str, Any]]:
        """Return the attempts of the simulator to send a callback, to any address, as soon as there are *count*.

        Each has ``url``, ``body``, ``status`` and more, as ``GET /_soundstage/callbacks`` shows them.

        Raises:
            AssertionError: There are fewer, and none is on its way.
        """
        self._wait(lambda: len(self._attempts()) >= count, timeout, f"expected {count} attempts to send a callback")
        return self._attempts()

    def assert_none(self) -> None:
        """Check that no callback was sent, and none is to be sent.

        Raises:
            AssertionError: There is one; the text shows it.
        """
        if self._attempts() or self._waiting():
            raise AssertionError(self._describe("expected no callback"))

    def close(self) -> None:
        """End the receivers. Safe to call twice."""
        self._opened.close()

    def _take(self) -> int:
        """Take what the receiver has, and return how many there are in all."""
        while self._receiver is not None:
            try:
                received = self._receiver.callbacks.get_nowait()
            except queue.Empty:
                break
            if isinstance(received, CallbackError):
                raise received
            self._received.append(received)
        return len(self._received)

    def _wait(self, is_enough: Callable[[], bool], timeout: float, expected: str) -> None:
        end = time.monotonic() + timeout
        grace = time.monotonic() + _GRACE
        while not is_enough():
            if self._waiting():
                grace = time.monotonic() + _GRACE
            if time.monotonic() > min(end, grace):
                raise AssertionError(self._describe(expected))
            time.sleep(_STEP)

    def _attempts(self) -> list[dict[str, Any]]:
        return [attempt for name in self._accounts() for attempt in self._control.callbacks(name)["attempts"]]

    def _waiting(self) -> list[dict[str, Any]]:
        return [waiting for name in self._accounts() for waiting in self._control.callbacks(name)["waiting"]]

    def _describe(self, first: str) -> str:
        lines = [f"{first}; received {len(self._received)}"]
        lines += [f"sent to {one['url']}: {one['status'] or one['outcome']}" for one in self._attempts()]
        lines += [f"waiting: task {one['task']}, attempt {one['attempt']}" for one in self._waiting()]
        if len(lines) == 1:
            lines.append("no job has named an address for its callback, or no job has ended")
        return "\n  ".join(lines)
