"""The wait for one job, which can be suspended at each pause so that one thread can interleave many waits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from soundstage._values.messages import Effect, Flow, Pause

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstage._io.clock import Clock
    from soundstage.errors.jobs import JobHandle

J = TypeVar("J", bound="JobHandle")


class PendingJob(Generic[J]):
    """A job and the wait for its end, advanced from one pause to the next.

    Attributes:
        job: The handle.
        clock: The clock of the handle's client; its pauses are measured on it.
        done: Whether the wait is over, because the job ended or the wait failed.
        error: Why the wait failed, if it did.
        is_running: Whether it is being advanced; kept by the caller.
    """

    def __init__(self, job: J, wait: Flow[None], clock: Clock, run: Callable[[Flow[None]], Any]) -> None:
        """Take a wait that has not started.

        Args:
            job: The handle.
            wait: The flow of the wait.
            clock: The clock that its pauses are measured on.
            run: Runs a part of the wait: the handle's driver.
        """
        self.job = job
        self.clock = clock
        self.done = False
        self.error: Exception | None = None
        self.is_running = False
        self._wait = wait
        self._run = run
        self._due = -math.inf  # due at once: the first poll needs no pause

    @property
    def remaining(self) -> float:
        """Seconds of the clock until the current pause ends; 0 when the wait can be advanced."""
        return max(0.0, self._due - self.clock.now())

    def advance(self) -> Any:
        """Run the wait up to its next pause or its end; a coroutine where the handle's driver awaits. Never raises."""
        return self._run(self._until_pause())

    def close(self) -> None:
        """Abandon the wait."""
        self._wait.close()

    def _until_pause(self) -> Flow[None]:
        """Pass on every effect of the wait but a pause, which ends this flow and is taken up by the next `advance`.

        The wait is driven by hand and not by `yield from`, because a flow that is delegated to cannot be left in the
        middle: the driver would sleep through the pause, and every other job with it.
        """
        step: Callable[[Any], Effect] = self._wait.send
        value: Any = None
        while True:
            try:
                effect = step(value)
            except StopIteration:
                self.done = True
                return
            except Exception as error:  # noqa: BLE001 - reported at the end, so that the other jobs are not lost
                self.done, self.error = True, error
                return
            if isinstance(effect, Pause):
                # Returning ends the driver's run, and the wait itself stays suspended at this pause.
                self._due = self.clock.now() + effect.seconds
                return
            try:
                step, value = self._wait.send, (yield effect)
            except Exception as error:  # noqa: BLE001 - the wait decides what an error of an effect means
                step, value = self._wait.throw, error
