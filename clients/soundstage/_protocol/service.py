"""What is the same for every vendor's service, as flows without I/O: send, read, retry, poll."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit
from weakref import WeakMethod

from soundstage import errors
from soundstage._protocol import responses
from soundstage._protocol.credentials import account_label
from soundstage._protocol.job_records import JobRecords
from soundstage._protocol.saved_names import SavedNames
from soundstage._protocol.spending import Spending
from soundstage._store.records import Origin
from soundstage._values.events import (
    Event,
    Hook,
    JobUpdated,
    RequestFailed,
    RequestSent,
    ResponseReceived,
    RetryScheduled,
    emit,
    logger,
)
from soundstage._values.messages import (
    NO_HEADERS,
    Flow,
    Interrupted,
    NotSent,
    Request,
    Response,
    TransportError,
    pause,
    send,
)
from soundstage._values.redaction import Redactor, hide_query
from soundstage._values.state import JobRef, Snapshot, StartedJob, write_token
from soundstage._values.validation import origin, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from soundstage._io.clock import Clock
    from soundstage._protocol.spend_limit import SpendLimit
    from soundstage._store.store import JobStore
    from soundstage._values.policies import PollPolicy, RetryPolicy
    from soundstage._values.profile import VendorProfile

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one client was configured; everything in it is checked."""

    profile: VendorProfile
    base_url: str
    clock: Clock
    poll: PollPolicy
    retry: RetryPolicy
    on_event: Hook | None = None
    spend_limit: SpendLimit | None = None
    draw: Callable[[], float] = random.random
    store: JobStore | None = None
    reuse: float | None = None


class Service(ABC):
    """One vendor's service as one client uses it; a vendor adds credentials, envelope, submission and poll.

    A vendor whose service starts jobs also has `_read_job`, which makes a `Snapshot` of an opened response.
    """

    def __init__(self, settings: Settings, secrets: Mapping[str, str], account: Iterable[str] | None = None) -> None:
        """Take the settings and the secrets.

        Args:
            settings: The configuration of the client.
            secrets: The credentials by any name; they are masked wherever the service echoes them.
            account: The texts that identify the account, the secrets by default.
        """
        self.settings = settings
        self.profile = settings.profile
        self.redact = Redactor(secrets.values())
        self.saved_names = SavedNames()
        self._listeners: tuple[WeakMethod[Callable[[str, Request], object]], ...] = ()
        self.spending = Spending(settings.profile, settings.spend_limit, settings.store)
        self.records: JobRecords | None = None
        if settings.store is not None:
            label = account_label(secrets.values() if account is None else account)
            origin = Origin(self.profile.slug, settings.base_url, label)
            self.records = JobRecords(settings.store, origin, self.redacted, settings.reuse)

    @abstractmethod
    def authorization(self) -> Mapping[str, str]:
        """Return the headers that authorize a request."""

    @abstractmethod
    def submit(self, *args: Any, **kwargs: Any) -> Flow[Any]:
        """Start paid work with a vendor's own arguments, and return the `StartedJob`.

        A vendor without jobs returns the finished work.
        """

    @abstractmethod
    def poll(self, ref: JobRef, timeout: float | None) -> Flow[Snapshot]:
        """Request the state of a job once, within *timeout* seconds; shared code calls `poll_once`."""

    @abstractmethod
    def _open(self, response: Response) -> Any:
        """Return the payload inside the envelope of *response*.

        Raises:
            ApiError: The service refused (`_refused`), or the response is not what it documents.
        """

    @abstractmethod
    def _refused(self, response: Response, *details: Any, **options: Any) -> errors.ApiError:
        """Return the error for a response that is a refusal, by the vendor's own codes and else by the HTTP status."""

    def cancel(self, ref: JobRef) -> Flow[Snapshot]:
        """Request that the service stops a job.

        Raises:
            UnsupportedError: The service documents no cancel call.
        """
        yield from ()  # makes this a flow, which a vendor with such a call overrides; likewise below
        message = f"{self.profile.name} documents no cancel call: job {ref.id} continues"
        raise errors.UnsupportedError(message, vendor=self.profile.slug, token=self.token(ref))

    def parse_callback(self, body: object) -> StartedJob:  # noqa: ARG002 - a vendor with callbacks reads it
        """Return the job that the body of a callback reports.

        Raises:
            UnsupportedError: The service documents no callback.
            InvalidArgument: *body* is not a callback of this service.
        """
        message = f"{self.profile.name} documents no callback"
        raise errors.UnsupportedError(message, vendor=self.profile.slug)

    def find(self, unknown: errors.SubmitOutcomeUnknown) -> Flow[StartedJob | None]:
        """Find the job that a submission of unknown outcome may have started; None proves that there is none.

        Raises:
            UnsupportedError: The service does not let the caller name a job.
        """
        yield from ()
        message = f"{self.profile.name} documents no way to find a job by the caller's own name for it"
        raise errors.UnsupportedError(f"{message}: {unknown}", vendor=self.profile.slug)

    def list_jobs(self, operation: str, page: int, page_size: int) -> Flow[list[StartedJob]]:
        """Return one page of the account's jobs of one kind.

        Raises:
            UnsupportedError: The service documents no list.
        """
        yield from ()
        message = f"{self.profile.name} documents no list of jobs ({operation}, page {page}, page size {page_size})"
        raise errors.UnsupportedError(message, vendor=self.profile.slug)

    def is_refusal(self, answer: errors.ApiError) -> bool:
        """Whether *answer*, raised for a paid request, proves that no work was started; a vendor may know better."""
        return responses.is_refusal(answer)

    def redacted(self, text: str) -> str:
        """Return *text* with the secrets masked that are known by now: tokens are known only after a login."""
        return self.redact(text)

    def url(self, path: str) -> str:
        """Return the address of *path* at this service."""
        return self.settings.base_url + path

    def token(self, ref: JobRef) -> str:
        """Return the token that resumes a job in another process."""
        return write_token(self.profile.slug, self.settings.base_url, ref)

    def emit(self, event: Event) -> None:
        """Log an event, and call the hook with it."""
        emit(event, self.settings.on_event)

    def refusal(
        self,
        kind: type[errors.ApiError],
        message: str,
        response: Response,
        *,
        code: int | str | None = None,
        request_id: str | None = None,
    ) -> errors.ApiError:
        """Return the error that describes *response*, with secrets masked."""
        vendor = self.profile.slug
        return responses.refusal(
            kind, message, response, vendor=vendor, redact=self.redact, code=code, request_id=request_id
        )

    def required_text(self, data: Mapping[str, Any], path: str, response: Response) -> str:
        """Return the string at the end of *path* in *response*.

        Args:
            data: The object that contains it under the last name of *path*.
            path: The full path in the response, for the message, such as "data.task_id".
            response: The response.

        Raises:
            UnreadableAnswerError: It is missing or empty.
        """
        found = responses.as_text(data.get(path.rpartition(".")[2]))
        if found is None:
            raise self.refusal(errors.UnreadableAnswerError, f"the response has no {path}", response)
        return found

    def required_id(self, data: Mapping[str, Any], path: str, response: Response) -> str:
        """Return the id at the end of *path* in *response*, also one that is a number; arguments as `required_text`."""
        found = responses.as_identifier(data.get(path.rpartition(".")[2]))
        return found or self.required_text(data, path, response)

    def is_named(self, ref: JobRef, name: str) -> bool:
        """Whether *name*, an id in a response, is the one of the job; a vendor may write one id in several forms."""
        return name == ref.id

    def download_headers(self, url: str) -> Mapping[str, str]:
        """Return the credentials for a download from *url*: none for a signed address or another origin."""
        # The service chooses the addresses in its responses: a key must not be sent to any host that one names.
        if self.profile.signed_downloads or origin(url) != origin(self.settings.base_url):
            return NO_HEADERS
        return self.authorization()

    def untrusted_reason(self, url: str) -> str | None:
        """Return why nothing may be downloaded from *url*, or None.

        Outputs come from the documented hosts, over https; a service that documents no hosts may store them anywhere.
        """
        trusted = self.profile.trusted_hosts
        parts = urlsplit(url)
        if trusted is None:
            return None
        # With the dot in front, ".example.com" matches the host itself and its subdomains, and not "badexample.com".
        if not any(f".{parts.hostname}".endswith(suffix) for suffix in trusted):
            return f"{parts.hostname} is not among the trusted hosts ({', '.join(trusted)})"
        return None if parts.scheme == "https" else f"{parts.hostname} is trusted over https only"

    def traced(self, request: Request, sending: Callable[[Request], Flow[Response]] = send) -> Flow[Response]:
        """Send *request* once, and emit the events of the exchange.

        A response that broke off after a complete JSON object is a response: what was paid for is not thrown away
        because the end of the transfer is wrong.

        Raises:
            TransportError: There is no response.
        """
        vendor, method, url = self.profile.slug, request.method, hide_query(request.url)
        self.emit(RequestSent(vendor, method, url, request.paid))
        started = self.settings.clock.now()
        try:
            response = yield from sending(request)
        except TransportError as error:
            partial = error.response if isinstance(error, Interrupted) else None
            if partial is None or not responses.json_object(partial):
                seconds = self.settings.clock.now() - started
                received = not isinstance(error, NotSent)
                self.emit(RequestFailed(vendor, method, url, self.redact(str(error)), received, seconds))
                raise
            response = partial
        except errors.SoundstageError as error:  # raised where no vendor is known
            error.vendor = error.vendor or vendor
            raise
        self.emit(ResponseReceived(vendor, method, url, response.status, self.settings.clock.now() - started))
        return response

    def retried(self, make: Callable[[], Flow[T]], may_repeat: Callable[[errors.SoundstageError], bool]) -> Flow[T]:
        """Run the flow that *make* returns, again while it fails and the error and the `RetryPolicy` allow it."""
        started, attempt = self.settings.clock.now(), 0
        while True:
            attempt += 1
            try:
                return (yield from make())
            except errors.SoundstageError as error:
                elapsed = self.settings.clock.now() - started
                delay = self.settings.retry.delay(attempt, elapsed, error.retry_after, self.settings.draw)
                if delay is None or not may_repeat(error):
                    raise
                self.emit(RetryScheduled(self.profile.slug, attempt, delay, str(error)))
            yield from pause(delay)  # outside the handler, so that an interruption has no error of a try as its context

    def read_once(self, request: Request, parse: Callable[[Response], T]) -> Flow[T]:
        """Send a request that spends nothing, once, and return what *parse* reads from the response.

        Raises:
            ConnectionFailed: There is no response.
            ApiError: *parse* raised it.
        """
        try:
            response = yield from self.traced(request)
        except TransportError as error:
            raise self.unreachable(error) from None
        return self.parsed(response, parse)

    def parsed(self, response: Response, parse: Callable[[Response], T]) -> T:
        """Return what *parse* reads from *response*.

        Raises:
            ApiError: *parse* raised it, or failed in another way; that is then an `UnreadableAnswerError`.
        """
        try:
            return parse(response)
        except errors.SoundstageError:
            raise
        except Exception as defect:
            message = f"the response could not be parsed ({type(defect).__name__})"
            raise self.refusal(errors.UnreadableAnswerError, message, response) from defect

    def read(self, request: Request, parse: Callable[[Response], T]) -> Flow[T]:
        """Do as `read_once`, and repeat it by the `RetryPolicy` while the error may pass."""
        return self.retried(lambda: self.read_once(request, parse), responses.is_transient)

    def poll_once(self, ref: JobRef, timeout: float | None = None) -> Flow[Snapshot]:
        """Poll a job once, and emit its state; an error gets the job's token, so that the paid job is not lost."""
        try:
            snapshot = yield from self.poll(ref, timeout)
            self.check_named(ref, snapshot)
        except errors.SoundstageError as error:
            error.token = self.token(ref)
            raise
        self.emit_update(ref, snapshot)
        return snapshot

    def check_named(self, ref: JobRef, snapshot: Snapshot) -> None:
        """Check that a response is about the job that it was requested for.

        Raises:
            UnreadableAnswerError: It names another job, whose output must not be taken for this one's.
        """
        if not snapshot.named or any(self.is_named(ref, name) for name in snapshot.named):
            return
        other = self.redact(", ".join(snapshot.named))
        message = f"the response is about another job: {shortened(other)} instead of {ref.id}"
        raise errors.UnreadableAnswerError(message, vendor=self.profile.slug)

    def masked(self, snapshot: Snapshot) -> Snapshot:
        """Return *snapshot* with the secrets masked in the service's own words; its `raw` stays what was received."""
        changed: dict[str, Any] = {
            name: masked
            for name in ("reason", "state_raw", "code")
            if isinstance(text := getattr(snapshot, name), str) and (masked := self.redact(text)) != text
        }
        return replace(snapshot, **changed) if changed else snapshot

    def emit_update(self, ref: JobRef, snapshot: Snapshot) -> None:
        """Emit the state of a job."""
        snapshot = self.masked(snapshot)
        state = (snapshot.state, snapshot.state_raw, snapshot.progress)
        self.emit(JobUpdated(self.profile.slug, ref.id, *state))

    def on_started(self, listener: Callable[[str, Request], object]) -> None:
        """Call a method with the id and the request of each job that is started; its object is not kept alive."""
        self._listeners = (*(one for one in self._listeners if one() is not None), WeakMethod(listener))

    def report_started(self, ref: JobRef, request: Request) -> None:
        """Call the listeners with a job that was started; one that raises is logged and never loses the job."""
        for one in self._listeners:
            try:
                if (listener := one()) is not None:
                    listener(ref.id, request)
            except Exception as error:  # noqa: BLE001 - a listener may raise anything
                with suppress(Exception):
                    logger.warning("%s: the start of a job was not noted: %s", self.profile.slug, type(error).__name__)

    def unreachable(self, error: TransportError) -> errors.ConnectionFailed:
        """Return the error for a request without a response."""
        reason = self.redact(str(error))
        return errors.ConnectionFailed(f"no response from {self.settings.base_url}: {reason}", vendor=self.profile.slug)
