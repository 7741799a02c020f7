"""A paid request, and the rule that it is sent again only when that cannot charge twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from soundstage import errors
from soundstage._protocol import responses
from soundstage._values.messages import Flow, Interrupted, NotSent, Request, Response
from soundstage._values.state import JobRef, Snapshot, StartedJob

if TYPE_CHECKING:
    from soundstage._protocol.service import Service

ResponseParser: TypeAlias = Callable[[Response], tuple[str, Snapshot]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One call that starts a paid job.

    Attributes:
        service: Where it goes.
        operation: The method that was called.
        request: What is sent; its `paid` is set.
        parse: Makes the job's id and its first snapshot of an answer, or raises an `ApiError`.
        idempotency_key: The key in the request, where the service knows one.
        external_id: The caller's own name for the job in the request, where the service knows one.
    """

    service: Service
    operation: str
    request: Request
    parse: ResponseParser
    idempotency_key: str | None = None
    external_id: str | None = None

    def flow(self) -> Flow[StartedJob]:
        """Start the job.

        Raises:
            SubmitOutcomeUnknown: The request left, and no answer says what became of it.
            ConnectionFailed: The request was never received.
            ApiError: The service refused.
        """
        doubts: list[errors.SubmitOutcomeUnknown] = []
        try:
            job_id, snapshot = yield from self.service.retried(lambda: self._attempt(doubts), self._may_resend)
        except errors.SoundstageError as last:
            if not doubts or isinstance(last, errors.SubmitOutcomeUnknown):
                raise
            # That the last request was refused, or never left, says nothing of an earlier one whose answer was lost.
            answer = last if isinstance(last, errors.ApiError) else None
            raise self._unknown(f"{doubts[0].reason}; sent again with the same key: {last}", answer) from last
        started = StartedJob(JobRef(job_id, self.operation), snapshot)
        self.service.emit_update(started.ref, snapshot)
        return started

    def _attempt(self, doubts: list[errors.SubmitOutcomeUnknown]) -> Flow[tuple[str, Snapshot]]:
        """Send once, and note in *doubts* that nobody knows what came of it."""
        try:
            return (yield from self._once())
        except errors.SubmitOutcomeUnknown as unknown:
            doubts.append(unknown)
            raise

    def _once(self) -> Flow[tuple[str, Snapshot]]:
        try:
            response = yield from self.service.traced(self.request)
        except NotSent as trouble:
            raise self.service.unreachable(trouble) from None
        except Interrupted as trouble:
            raise self._unknown(str(trouble)) from None
        try:
            return self.parse(response)
        except errors.ApiError as answer:
            if self.service.is_refusal(answer):
                raise
            raise self._unknown(answer.message, answer) from None
        except Exception as defect:
            unread = self.service.refusal(errors.UnreadableAnswerError, "the answer was not understood", response)
            raise self._unknown(unread.message, unread) from defect

    def _may_resend(self, error: errors.SoundstageError) -> bool:
        if isinstance(error, errors.SubmitOutcomeUnknown):
            return self._replays
        return responses.may_resend(error, self.service.profile.resend_codes)

    @property
    def _replays(self) -> bool:
        """Whether the same request, sent again, is answered by the same job."""
        return self.idempotency_key is not None and self.service.profile.idempotency == "replay"

    def _unknown(self, reason: str, answer: errors.ApiError | None = None) -> errors.SubmitOutcomeUnknown:
        reason = self.service.redact(reason)
        advice = "look for it before sending it again"
        if self._replays:
            advice = f"calling again with idempotency_key={self.idempotency_key!r} gives the same job, paid for once"
        unknown = errors.SubmitOutcomeUnknown(
            f"{self.operation} was sent and its outcome is unknown ({reason}): {advice}",
            vendor=self.service.profile.slug,
            operation=self.operation,
            reason=reason,
            request_hash=self.request.fingerprint,
            idempotency_key=self.idempotency_key,
            external_id=self.external_id,
        )
        if answer is not None:
            unknown.code, unknown.status, unknown.body = answer.code, answer.status, answer.body
            unknown.request_id, unknown.retry_after = answer.request_id, answer.retry_after
        return unknown
