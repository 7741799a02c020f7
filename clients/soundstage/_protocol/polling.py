"""The pace and the patience of one wait: when to look, what trouble to bear, when to end."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from soundstage import errors
from soundstage._protocol import responses
from soundstage._values.messages import Flow, pause
from soundstage._values.validation import number

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstage._protocol.service import Service
    from soundstage._values.policies import PollPolicy
    from soundstage._values.state import JobRef, Snapshot


_LAST_LOOK = 1.0  # seconds that the look at the deadline itself may take


class Poller:
    """Looks at one job again and again, until the caller has seen enough or the time is over.

    The last pause is cut, so that a wait of one second pauses no more than a second of the clock, and no look may take
    longer than what is left. A job that ends during that pause is not missed: the deadline itself has one more look,
    which is given a second at most. An outage shorter than the policy's bound ends nothing.
    """

    def __init__(self, service: Service, ref: JobRef, timeout: float | None) -> None:
        self._service = service
        self._ref = ref
        self._policy: PollPolicy = service.settings.poll
        self._now: Callable[[], float] = service.settings.clock.now
        self._timeout = self._policy.timeout if timeout is None else timeout
        number("timeout", self._timeout, least=0, infinite=True)
        self._deadline = self._now() + self._timeout
        self._looks = 0
        self._at_deadline = False
        self._asked = 0.0
        self._failing_since: float | None = None

    def step(self) -> Flow[Snapshot]:
        """The next answer about the job.

        Raises:
            WaitTimeout: The time is over.
            ConnectionFailed, ServerError, RateLimitError: An outage outlasted the policy's bound.
            ApiError: The service refused to tell, for a reason that will not pass.
        """
        while True:
            yield from self._pace()
            began = self._now()
            try:
                snapshot = yield from self._service.poll_once(self._ref, self._left())
            except errors.SoundstageError as trouble:
                if not self._bearable(trouble, began):
                    raise
                self._asked = trouble.retry_after or 0.0
            else:
                self._failing_since, self._asked = None, 0.0
                return snapshot

    def _pace(self) -> Flow[None]:
        """Pause before every look but the first, and end where no further look is due."""
        if self._looks:
            left = self._deadline - self._now()
            if left <= 0 or self._at_deadline:
                raise self._over()
            delay = max(self._policy.delay(self._looks), self._asked)
            self._at_deadline = delay >= left
            yield from pause(min(delay, left))
            if self._asked > left:  # the service asked for a longer pause than there is time
                raise self._over()
        self._looks += 1

    def _left(self) -> float | None:
        left = self._deadline - self._now()
        if self._at_deadline:
            return max(left, _LAST_LOOK)
        return left if 0 < left < math.inf else None

    def _bearable(self, trouble: errors.SoundstageError, began: float) -> bool:
        since = began if self._failing_since is None else self._failing_since
        self._failing_since = since
        return responses.is_transient(trouble) and self._now() - since < self._policy.outage

    def _over(self) -> errors.WaitTimeout:
        return errors.WaitTimeout(
            f"the job {self._ref.id} is not over after {self._timeout:g} s; it goes on at the service",
            vendor=self._service.profile.slug,
            token=self._service.token(self._ref),
        )
