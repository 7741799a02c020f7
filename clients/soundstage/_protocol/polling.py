"""Poll one job: the schedule, the tolerated errors, and the deadline."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from soundstage import errors
from soundstage._protocol import responses
from soundstage._values.messages import Flow, pause
from soundstage._values.state import JobState
from soundstage._values.validation import number, shortened

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstage._protocol.service import Service
    from soundstage._values.policies import PollPolicy
    from soundstage._values.state import JobRef, Snapshot


_FINAL_POLL = 1.0  # seconds that the poll at the deadline may take
_LONGEST_RETRY_AFTER = 300.0  # seconds: some services send milliseconds, and a wait would sleep through the job's end


class Poller:
    """Polls one job until the caller stops or the timeout passes.

    The last pause is shortened to end at the deadline, so that a wait of one second pauses for at most one second of
    the clock, and no poll may take longer than what remains. One poll more is sent at the deadline itself, within a
    second, so that a job that ended during the last pause is not missed. An outage that is shorter than
    `PollPolicy.outage` does not end the wait. What contradicts a job that was started (it does not exist, it has no
    output, a page of a gateway) ends the wait only when it is still so after `PollPolicy.grace`.
    """

    def __init__(self, service: Service, ref: JobRef, timeout: float | None) -> None:
        self._service = service
        self._ref = ref
        self._policy: PollPolicy = service.settings.poll
        self._now: Callable[[], float] = service.settings.clock.now
        self._timeout = self._policy.timeout if timeout is None else timeout
        number("timeout", self._timeout, least=0, infinite=True)
        self._deadline = self._now() + self._timeout
        self._polls = 0
        self._at_deadline = False
        self._retry_after = 0.0
        self._failing_since: float | None = None
        self._without_output_since: float | None = None
        self._newest: Snapshot | errors.SoundstageError | None = None

    def next(self) -> Flow[Snapshot]:
        """Pause if a poll was sent before, poll, and return the snapshot; failed polls within an outage are repeated.

        Raises:
            WaitTimeout: The timeout passed.
            NotFoundError: The service does not know the job, also after the grace.
            ConnectionFailed, ServerError, RateLimitError: An outage lasted longer than the policy allows.
            ApiError: The service refused for a reason that will not pass.
        """
        while True:
            yield from self._pause_before_poll()
            started = self._now()
            try:
                snapshot = yield from self._service.poll_once(self._ref, self._poll_timeout())
            except errors.SoundstageError as error:
                if not self._is_tolerable(error, started):
                    raise
                self._retry_after = min(error.retry_after or 0.0, _LONGEST_RETRY_AFTER)
                self._newest = error
            else:
                self._failing_since, self._retry_after = None, 0.0
                self._newest = snapshot
                if not self._may_get_output(snapshot, started):
                    return snapshot

    def _pause_before_poll(self) -> Flow[None]:
        """Pause before every poll but the first, and raise where no poll is left."""
        if self._polls:
            if self._is_over:
                raise self._timed_out()
            remaining = self._deadline - self._now()
            delay = max(min(self._policy.delay(self._polls), self._grace_left()), self._retry_after)
            self._at_deadline = delay >= remaining
            yield from pause(min(delay, remaining))
        self._polls += 1

    @property
    def _is_over(self) -> bool:
        """Whether no poll is left."""
        return self._at_deadline or self._deadline - self._now() <= 0

    def _grace_left(self) -> float:
        """Return the seconds until the end of a grace, so that a poll is sent there; infinite where there is none."""
        since = self._failing_since if self._without_output_since is None else self._without_output_since
        left = math.inf if since is None else since + self._policy.grace - self._now()
        return left if left > 0 else math.inf

    def _poll_timeout(self) -> float | None:
        """Return the seconds that the next poll may take, or None for the client's own limit."""
        remaining = self._deadline - self._now()
        if self._at_deadline:
            return max(remaining, _FINAL_POLL)
        # With nothing left (timeout=0) the single poll still needs time to be answered.
        return remaining if 0 < remaining < math.inf else None

    def _is_tolerable(self, error: errors.SoundstageError, started: float) -> bool:
        """Whether a failed poll may pass; the outage is counted from the start of the first poll that failed."""
        since = started if self._failing_since is None else self._failing_since
        self._failing_since = since
        if responses.is_transient(error):
            return self._now() - since < self._policy.outage
        return responses.is_doubtful(error) and not self._is_over and self._now() - since < self._policy.grace

    def _may_get_output(self, snapshot: Snapshot, started: float) -> bool:
        """Whether a success without output may still get its output."""
        if snapshot.failure is not errors.NoOutput:
            self._without_output_since = None
            return False
        since = started if self._without_output_since is None else self._without_output_since
        self._without_output_since = since
        return not self._is_over and self._now() - since < self._policy.grace

    def _timed_out(self) -> errors.WaitTimeout:
        return errors.WaitTimeout(
            f"job {self._ref.id} is not over after {self._timeout:g} s; it continues at the service{self._last()}",
            vendor=self._service.profile.slug,
            token=self._service.token(self._ref),
        )

    def _last(self) -> str:
        """Return the result of the newest poll, where it explains why the wait did not end."""
        newest = self._newest
        if isinstance(newest, errors.SoundstageError):
            return f" (the last poll failed: {shortened(str(newest))})"
        if newest is not None and newest.state is JobState.UNKNOWN:
            word = shortened(self._service.redact(repr(newest.state_raw)))
            return f" (it reports the state {word}, which this version of the library does not know)"
        return ""
