"""Submit a paid job; the request is sent again only when that cannot charge twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from soundstage import errors
from soundstage._protocol import responses
from soundstage._protocol.job_records import SubmissionRecord
from soundstage._protocol.spending import unknown as unknown_price
from soundstage._values.events import report
from soundstage._values.messages import Flow, Interrupted, NotSent, Quote, Request, Response
from soundstage._values.state import JobRef, Snapshot, StartedJob

if TYPE_CHECKING:
    from decimal import Decimal

    from soundstage._protocol.service import Service

_EXCERPT = 500  # characters of a response in the note on an interruption
ResponseParser: TypeAlias = Callable[[Response], tuple[str, Snapshot]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One call that starts a paid job.

    Attributes:
        service: The service that gets it.
        operation: The method that was called.
        request: The request; its `paid` is set.
        parse: Reads the job's id and its first snapshot from a response, or raises an `ApiError`.
        idempotency_key: The key in the request, where the service supports one.
        external_id: The caller's own name for the job in the request, where the service supports one.
        price: Returns what the job costs; None where no document states it.
    """

    service: Service
    operation: str
    request: Request
    parse: ResponseParser
    idempotency_key: str | None = None
    external_id: str | None = None
    price: Callable[[], Flow[Decimal]] | None = None

    def flow(self) -> Flow[StartedJob]:
        """Start the job within the client's spend limit, and keep its job store up to date, if it has them.

        Raises:
            StoreError: The job store cannot be written; nothing was sent.
            SpendLimitExceeded: The job would exceed the limit; nothing was sent.
            UnsupportedError: There is a limit, and the price is unknown; nothing was sent.
            SubmitOutcomeUnknown: The request was sent, and no response proves its outcome.
            ConnectionFailed: The request was never received.
            ApiError: The service refused.
        """
        yield Quote(self._price)
        records = self.service.records
        if records is None:
            return (yield from self._submit())
        key, name = self.idempotency_key, self.external_id
        record = yield from SubmissionRecord.of(records, self.request, self.operation, key, name)
        return (yield from self._recorded(record))

    def _recorded(self, record: SubmissionRecord) -> Flow[StartedJob]:
        try:
            existing = yield from record.open()
            if existing is not None:
                return existing
            try:
                started = yield from self._submit()
            except errors.SubmitOutcomeUnknown as unknown:
                unknown.record_id = record.record.id
                yield from record.unknown(unknown.reason)
                raise
            except errors.SoundstageError:
                yield from record.refused()
                raise
            yield from record.started(started)
        except errors.SoundstageError:
            raise
        except BaseException:  # the flow was closed by an interruption, or there is a defect in this library
            record.abandoned()
            raise
        return started

    def _price(self) -> Flow[Decimal]:
        return unknown_price(self.service.profile, self.operation) if self.price is None else self.price()

    def _submit(self) -> Flow[StartedJob]:
        return self.service.spending.charged(self.operation, self._price, self._started)

    def _started(self) -> Flow[StartedJob]:
        unknowns: list[errors.SubmitOutcomeUnknown] = []
        try:
            job_id, snapshot = yield from self.service.retried(lambda: self._attempt(unknowns), self._may_resend)
        except errors.SoundstageError as last:
            if isinstance(last, errors.SubmitOutcomeUnknown):
                report(last, f"{self.operation} may have started a job: {self._recovery(None)}")
                raise
            if not unknowns:
                raise
            # The last request was refused or never sent, but an earlier one whose response was lost may have started a
            # job: raising the refusal alone would invite the caller to pay a second time.
            response = last if isinstance(last, errors.ApiError) else None
            unknown = self._unknown(f"{unknowns[0].reason}; sent again with the same key: {last}", response)
            report(unknown, f"{self.operation} may have started a job: {self._recovery(None)}")
            raise unknown from last
        started = StartedJob(JobRef(job_id, self.operation), snapshot)
        # Neither of them raises: the job exists from here on.
        self.service.report_started(started.ref, self.request)
        self.service.emit_update(started.ref, snapshot)
        return started

    def _attempt(self, unknowns: list[errors.SubmitOutcomeUnknown]) -> Flow[tuple[str, Snapshot]]:
        """Send once, and record an unknown outcome in *unknowns*."""
        try:
            return (yield from self._once())
        except errors.SubmitOutcomeUnknown as unknown:
            unknowns.append(unknown)
            raise

    def _once(self) -> Flow[tuple[str, Snapshot]]:
        try:
            response = yield from self.service.traced(replace(self.request, recovery=self._recovery))
        except NotSent as error:
            raise self.service.unreachable(error) from None
        except Interrupted as error:  # the bytes may have arrived, and with them a charge
            raise self._unknown(str(error), self._kept(error)) from None
        try:
            return self.service.parsed(response, self._read)
        except errors.ApiError as error:
            if self.service.is_refusal(error):
                raise
            # A defect in this library's own parsing must not lose a job that the service has accepted and charged.
            raise self._unknown(error.message, error) from error.__cause__

    def _read(self, response: Response) -> tuple[str, Snapshot]:
        job_id, snapshot = self.parse(response)  # unpacked here, so that a parser of the wrong shape is a defect, too
        if self.external_id is not None and len(snapshot.named) > 1 and self.external_id not in snapshot.named:
            message = f"the response is about another job than {self.external_id}"
            raise self.service.refusal(errors.UnreadableAnswerError, message, response)
        return job_id, snapshot

    def _kept(self, error: Interrupted) -> errors.ApiError | None:
        """Return what arrived of a response that broke off, to keep it on the error: it may contain the job's id."""
        if error.response is None:
            return None
        return self.service.refusal(errors.UnreadableAnswerError, str(error), error.response)

    def _recovery(self, response: Response | None) -> str:
        """Return what is needed to find the job, in one line without secrets."""
        known = {
            "vendor": self.service.profile.slug,
            "operation": self.operation,
            "idempotency_key": self.idempotency_key,
            "external_id": self.external_id,
            "request hash": self.request.fingerprint,
        }
        text = ", ".join(f"{name} {value}" for name, value in known.items() if value is not None)
        if response is not None:
            return f"{text}; the response was HTTP {response.status}: {self.service.redact(response.text)[:_EXCERPT]}"
        return f"{text}; the outcome is unknown, to find out: {self._advice}"

    def _may_resend(self, error: errors.SoundstageError) -> bool:
        # Without a replayed key a second request could be a second job, whatever the first one was.
        if isinstance(error, errors.SubmitOutcomeUnknown):
            return self._replays
        return responses.may_resend(error, self.service.profile.resend_codes)

    @property
    def _replays(self) -> bool:
        """Whether the same request, sent again, returns the same job."""
        return self.idempotency_key is not None and self.service.profile.idempotency == "replay"

    @property
    def _advice(self) -> str:
        """How to find out what became of the request, and what not to do before that."""
        if self._replays:
            return f"call again with idempotency_key={self.idempotency_key!r}: it returns the same job, paid once"
        if self.external_id is not None and self.service.profile.idempotency == "external_id":
            name = f"external_id={self.external_id!r}"
            return f"resolve() looks for the job by {name}, and returns None if there is provably none"
        return f"{self.service.profile.lookup}. Submitting again before that may pay twice"

    def _unknown(self, reason: str, error: errors.ApiError | None = None) -> errors.SubmitOutcomeUnknown:
        reason = self.service.redact(reason)
        unknown = errors.SubmitOutcomeUnknown(
            f"{self.operation} was sent and its outcome is unknown ({reason}). It started one job or none, and may "
            f"have cost the price of one. To find out: {self._advice}",
            vendor=self.service.profile.slug,
            operation=self.operation,
            reason=reason,
            request_hash=self.request.fingerprint,
            idempotency_key=self.idempotency_key,
            external_id=self.external_id,
        )
        if error is not None:
            unknown.code, unknown.status, unknown.body = error.code, error.status, error.body
            unknown.request_id, unknown.retry_after = error.request_id, error.retry_after
        return unknown
