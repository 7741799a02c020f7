"""One job's wait among others: it stands still at a pause, so that one thread can go on with the next."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from soundstage._values.messages import Effect, Flow, Pause

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstage._io.clock import Clock
    from soundstage.errors import JobHandle

J = TypeVar("J", bound="JobHandle")


class PendingJob(Generic[J]):
    """A job and its wait, taken up again and again until the wait is over.

    Attributes:
        job: The handle.
        clock: The clock of the handle's client; pauses are measured on it.
        over: Whether there is nothing more to do, as the job is over or the wait has failed.
        trouble: Why the wait failed, if it did.
    """

    def __init__(self, job: J, flow: Flow[None], clock: Clock, run: Callable[[Flow[None]], Any]) -> None:
        """Take a wait that has not begun.

        Args:
            job: The handle.
            flow: The wait.
            clock: The clock to measure its pauses on.
            run: Carries out a stretch of it: the driver of the handle.
        """
        self.job = job
        self.clock = clock
        self.over = False
        self.trouble: Exception | None = None
        self._flow = flow
        self._run = run
        self._due = -math.inf

    @property
    def left(self) -> float:
        """Seconds of the clock until the wait goes on; 0 when it can."""
        return max(0.0, self._due - self.clock.now())

    def go(self) -> Any:
        """Go on until the next pause or the end; gives a coroutine where the handle's driver does. Raises no error."""
        return self._run(self._stretch())

    def close(self) -> None:
        """Give the wait up."""
        self._flow.close()

    def _stretch(self) -> Flow[None]:
        step: Callable[[Any], Effect] = self._flow.send
        value: Any = None
        while True:
            try:
                effect = step(value)
            except StopIteration:
                self.over = True
                return
            except Exception as trouble:  # noqa: BLE001 - told at the end, so that it loses no other job
                self.over, self.trouble = True, trouble
                return
            if isinstance(effect, Pause):
                self._due = self.clock.now() + effect.seconds
                return
            try:
                step, value = self._flow.send, (yield effect)
            except Exception as error:  # noqa: BLE001 - the flow decides what any trouble means
                step, value = self._flow.throw, error
