"""The half of the conversation that is the same with every service, as flows: send, read, submit, look."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from soundstage import errors
from soundstage._protocol import responses
from soundstage._values.events import (
    Event,
    Hook,
    JobUpdated,
    RequestFailed,
    RequestSent,
    ResponseReceived,
    RetryScheduled,
    emit,
)
from soundstage._values.messages import NO_HEADERS, Flow, NotSent, Request, Response, TransportError, pause, send
from soundstage._values.redaction import Redactor, hide_query
from soundstage._values.state import JobRef, Snapshot, StartedJob, write_token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from soundstage._io.clock import Clock
    from soundstage._values.policies import PollPolicy, RetryPolicy
    from soundstage._values.profile import VendorProfile

T = TypeVar("T")

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one client was configured; everything in it is checked."""

    profile: VendorProfile
    base_url: str
    clock: Clock
    poll: PollPolicy
    retry: RetryPolicy
    on_event: Hook | None = None
    draw: Callable[[], float] = random.random


class Service(ABC):
    """One service as one client sees it; a vendor adds how it authorizes, how it answers and how a job is looked at."""

    def __init__(self, settings: Settings, secrets: Mapping[str, str]) -> None:
        """Take the settings, and the headers that authorize a request.

        Args:
            settings: How the client was configured.
            secrets: The credentials by any name; they are masked wherever the service echoes them.
        """
        self.settings = settings
        self.profile = settings.profile
        self.redact = Redactor(secrets.values())

    @abstractmethod
    def authorization(self) -> Mapping[str, str]:
        """The headers that authorize a request."""

    @abstractmethod
    def submit(self, *args: Any, **kwargs: Any) -> Flow[Any]:
        """Start paid work with a vendor's own arguments, and return the `StartedJob` job.

        A vendor without jobs returns the finished work.
        """

    @abstractmethod
    def poll(self, ref: JobRef, timeout: float | None) -> Flow[Snapshot]:
        """Look at a job once, within *timeout* seconds."""

    @abstractmethod
    def _open(self, response: Response) -> Any:
        """Return the payload inside the envelope of *response*.

        Raises:
            ApiError: The service refused (`_refused`), or the response is not what it documents.
        """

    def cancel(self, ref: JobRef) -> Flow[Snapshot]:
        """Ask the service to stop a job.

        Raises:
            UnsupportedError: The service documents no cancel call.
        """
        yield from ()
        message = f"{self.profile.name} documents no cancel call: the job {ref.id} goes on"
        raise errors.UnsupportedError(message, vendor=self.profile.slug, token=self.token(ref))

    def parse_callback(self, body: object) -> StartedJob:  # noqa: ARG002 - a vendor with callbacks reads it
        """What the service tells of a job at a callback address.

        Raises:
            UnsupportedError: The service documents no callback.
            InvalidArgument: *body* is no such callback.
        """
        message = f"{self.profile.name} documents no callback"
        raise errors.UnsupportedError(message, vendor=self.profile.slug)

    def find(self, unknown: errors.SubmitOutcomeUnknown) -> Flow[StartedJob | None]:
        """Look for the job that a submission of unknown outcome may have started; None is a proof that there is none.

        Raises:
            UnsupportedError: The service knows no name of the caller's for a job.
        """
        yield from ()
        message = f"{self.profile.name} documents no way to find a job by a name that the caller gave it"
        raise errors.UnsupportedError(f"{message}: {unknown}", vendor=self.profile.slug)

    def list_jobs(self, operation: str, page: int, page_size: int) -> Flow[list[StartedJob]]:
        """The account's jobs of one kind, a page of them.

        Raises:
            UnsupportedError: The service documents no list.
        """
        yield from ()
        message = (
            f"{self.profile.name} documents no list of jobs: {operation}, page {page} of {page_size} was asked for"
        )
        raise errors.UnsupportedError(message, vendor=self.profile.slug)

    def is_refusal(self, answer: errors.ApiError) -> bool:
        """Whether *answer*, to a paid request, says for certain that no work was begun; a vendor may know better."""
        return responses.is_refusal(answer)

    def url(self, path: str) -> str:
        """The address of *path* at this service."""
        return self.settings.base_url + path

    def token(self, ref: JobRef) -> str:
        """What names a job in a new process."""
        return write_token(self.profile.slug, self.settings.base_url, ref)

    def emit(self, event: Event) -> None:
        """Tell the log and the hook."""
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
        """The error that tells of *response*."""
        vendor = self.profile.slug
        return responses.refusal(
            kind, message, response, vendor=vendor, redact=self.redact, code=code, request_id=request_id
        )

    def required_text(self, data: Mapping[str, Any], path: str, response: Response) -> str:
        """The string at the end of *path* in *response*, such as the id of a job.

        Args:
            data: The object that has it under the last name of *path*.
            path: Where it is in the response, for the message, such as "data.task_id".
            response: The response.

        Raises:
            UnreadableAnswerError: It is missing or empty.
        """
        found = responses.as_text(data.get(path.rpartition(".")[2]))
        if found is None:
            raise self.refusal(errors.UnreadableAnswerError, f"the response has no {path}", response)
        return found

    def download_headers(self, url: str) -> Mapping[str, str]:
        """The credentials a result at *url* needs: none for a signed address, and none for any other origin."""
        if self.profile.signed_downloads or _origin(url) != _origin(self.settings.base_url):
            return NO_HEADERS
        return self.authorization()

    def untrusted_reason(self, url: str) -> str | None:
        """Why nothing may be fetched from *url*, or None: results come from the hosts that are documented, over https.

        A service that documents no hosts may have its results anywhere.
        """
        trusted = self.profile.trusted_hosts
        parts = urlsplit(url)
        if trusted is None:
            return None
        if not any(f".{parts.hostname}".endswith(suffix) for suffix in trusted):
            return f"{parts.hostname} is not among the trusted hosts ({', '.join(trusted)})"
        return None if parts.scheme == "https" else f"{parts.hostname} is trusted over https alone"

    def traced(self, request: Request, sending: Callable[[Request], Flow[Response]] = send) -> Flow[Response]:
        """Send *request* once, telling the hook.

        Raises:
            TransportError: There is no answer.
        """
        vendor, method, url = self.profile.slug, request.method, hide_query(request.url)
        self.emit(RequestSent(vendor, method, url, request.paid))
        began = self.settings.clock.now()
        try:
            response = yield from sending(request)
        except TransportError as trouble:
            seconds = self.settings.clock.now() - began
            received = not isinstance(trouble, NotSent)
            self.emit(RequestFailed(vendor, method, url, self.redact(str(trouble)), received, seconds))
            raise
        self.emit(ResponseReceived(vendor, method, url, response.status, self.settings.clock.now() - began))
        return response

    def retried(self, make: Callable[[], Flow[T]], may_repeat: Callable[[errors.SoundstageError], bool]) -> Flow[T]:
        """Run the flow that *make* makes until it succeeds, as long as the error and the retry policy allow."""
        began, attempt = self.settings.clock.now(), 0
        while True:
            attempt += 1
            try:
                return (yield from make())
            except errors.SoundstageError as trouble:
                elapsed = self.settings.clock.now() - began
                delay = self.settings.retry.delay(attempt, elapsed, trouble.retry_after, self.settings.draw)
                if delay is None or not may_repeat(trouble):
                    raise
                self.emit(RetryScheduled(self.profile.slug, attempt, delay, str(trouble)))
            yield from pause(delay)

    def read_once(self, request: Request, parse: Callable[[Response], T]) -> Flow[T]:
        """Send a request that spends nothing, once, and return what *parse* makes of the answer.

        Raises:
            ConnectionFailed: There is no answer.
            ApiError: *parse* raised it.
        """
        try:
            response = yield from self.traced(request)
        except TransportError as trouble:
            raise self.unreachable(trouble) from None
        return parse(response)

    def read(self, request: Request, parse: Callable[[Response], T]) -> Flow[T]:
        """As `read_once`, and again as the retry policy says while the trouble may pass."""
        return self.retried(lambda: self.read_once(request, parse), responses.is_transient)

    def poll_once(self, ref: JobRef, timeout: float | None = None) -> Flow[Snapshot]:
        """Look at a job once; whatever goes wrong carries the job's token."""
        try:
            snapshot = yield from self.poll(ref, timeout)
        except errors.SoundstageError as trouble:
            trouble.token = self.token(ref)
            raise
        self.emit_update(ref, snapshot)
        return snapshot

    def emit_update(self, ref: JobRef, snapshot: Snapshot) -> None:
        """Tell the hook what a job is at."""
        state = (snapshot.state, snapshot.state_raw, snapshot.progress)
        self.emit(JobUpdated(self.profile.slug, ref.id, *state))

    def unreachable(self, trouble: TransportError) -> errors.ConnectionFailed:
        """The error that tells of a request without an answer."""
        reason = self.redact(str(trouble))
        return errors.ConnectionFailed(f"no answer from {self.settings.base_url}: {reason}", vendor=self.profile.slug)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
