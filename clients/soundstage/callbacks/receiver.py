"""The receiver: an ASGI application that calls a function once for every job that has ended."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlsplit

import anyio

from soundstage import errors
from soundstage._client.client import AsyncClient
from soundstage._values.state import JobState
from soundstage._values.validation import invalid, number, whole_number
from soundstage.callbacks.addresses import CallbackAddresses
from soundstage.callbacks.asgi import Disconnected, Refusal, read_body, respond, serve_lifespan

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from soundstage._client.jobs import AsyncJob
    from soundstage._values.messages import Request
    from soundstage.callbacks.asgi import Receive, Scope, Send

_log = logging.getLogger("soundstage.callbacks")
_NOT_YET = 10  # seconds after which a sender should repeat a callback that came before the end of its job
_UNREACHABLE = 60  # seconds, while the service cannot be polled


@dataclass(frozen=True, slots=True)
class Callback:
    """The end of a job, confirmed by the service.

    Attributes:
        job: The job, over, as the service reported it when it was polled.
        reference: The caller's own name for it, from the signed address.
    """

    job: AsyncJob
    reference: str


class CallbackReceiver:
    """An ASGI application that receives the callbacks of one client's jobs.

    A callback only leads to a poll: the function gets the state that the service reports itself. It is called once for
    each job and address, whatever arrives twice, out of order or at the same time, and again only if it raised. What it
    was called for is remembered in memory, so that after a restart of the process a job may be reported once more.

    No service reports the address that a job was started with, so that a changed callback may name another finished job
    of the account. For jobs that the receiver's client has started, the receiver knows the address, and refuses it.

    | Status | What happened |
    |---|---|
    | 204 | the job is over and was reported, now or before; or the callback is about a job that is not over |
    | 400 | the body is not JSON, or not a callback of this service |
    | 404 | the address is not signed with the secret, or is another job's, or the service does not know the job |
    | 405 | the request is not a POST |
    | 408, 413 | the body is too slow, or too large |
    | 500 | the function raised: the service is asked to send the callback again |
    | 503 | the service reports no end yet, or cannot be polled: likewise, after `Retry-After` seconds |
    """

    def __init__(
        self,
        client: AsyncClient[Any],
        on_end: Callable[[Callback], Awaitable[object]],
        *,
        secret: str,
        max_body: int = 1 << 20,
        body_timeout: float = 10.0,
        remembered: int = 10_000,
    ) -> None:
        """Check the arguments; nothing is sent.

        Args:
            client: The async client whose jobs they are; it polls every job that a callback reports.
            on_end: A coroutine function that gets a `Callback` for each job that is over, whether it succeeded or not.
            secret: Signs the addresses: at least 16 random characters, the same in every process.
            max_body: The greatest size of a body in bytes.
            body_timeout: Seconds in which a body must arrive.
            remembered: The number of jobs that are remembered as reported; the oldest are forgotten first.

        Raises:
            InvalidArgument: An argument is out of range.
            UnsupportedError: The service documents no callback.
        """
        if not isinstance(client, AsyncClient):  # pyright: ignore[reportUnnecessaryIsInstance]
            invalid("client", client, "an async client, such as AsyncTomoviee")
        if not callable(on_end):
            invalid("on_end", on_end, "a coroutine function that takes a Callback")
        service = client._service  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        profile = service.profile
        if not profile.has_callback:
            raise errors.UnsupportedError(f"{profile.name} documents no callback", vendor=profile.slug)
        self.addresses = CallbackAddresses(profile.slug, secret)
        self._client = client
        self._on_end = on_end
        self._max_body = whole_number("max_body", max_body, least=1)
        self._body_timeout = number("body_timeout", body_timeout, above=0)
        self._remembered = whole_number("remembered", remembered, least=1)
        self._reported: dict[str, set[str]] = {}  # the references under which a job was reported, the oldest job first
        self._started: dict[str, str] = {}  # the reference of each job that the client has started, likewise
        service.on_started(self._note_address)
        self._busy: dict[str, anyio.Event] = {}
        self._waiting: dict[str, set[anyio.Event]] = {}

    def __repr__(self) -> str:
        """Show the client, and no secret."""
        return f"<{type(self).__name__} of {self._client!r}>"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as an ASGI application."""
        if scope["type"] == "lifespan":
            await serve_lifespan(receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close"})
        else:
            try:
                await self._serve(scope, receive)
            except Disconnected:
                return
            except Refusal as refusal:
                await respond(send, refusal.status, str(refusal), refusal.headers)
            else:
                await respond(send, HTTPStatus.NO_CONTENT)

    async def wait(self, job: AsyncJob, *, every: float = 60.0, timeout: float | None = None) -> AsyncJob:  # noqa: ASYNC109 - as a job's own wait
        """Wait for the end of a job by its callback, and poll now and then in case that is lost.

        A callback that was received before counts as well. Where several processes receive callbacks, the one that
        waits may not be the one that receives it: the polls then end the wait.

        Args:
            job: A job of the receiver's client.
            every: Real seconds between two polls while no callback arrives.
            timeout: Real seconds of the wait; None for no limit.

        Raises:
            WaitTimeout: The timeout passed.
            ConnectionFailed, ApiError: A poll failed, as `refresh()` raises them.
        """
        number("every", every, above=0)
        with anyio.move_on_after(timeout):
            received = job.id in self._reported
            while not job.state.final:
                async with self._notice(job.id) as event:
                    if not received:
                        with anyio.move_on_after(every):
                            await event.wait()
                received = False
                await job.refresh()
            return job
        message = f"no callback of {job.id} arrived within {timeout:g} seconds, and it is not over"
        raise errors.WaitTimeout(message, job=job, vendor=job.vendor, token=job.to_token())

    def _note_address(self, job_id: str, request: Request) -> None:
        """Remember the address with which a job was started, if it is one of this receiver's."""
        sent: object = request.json  # pyright: ignore[reportUnknownMemberType] - of any members
        body = cast("dict[str, object]", sent) if isinstance(sent, dict) else {}
        for value in (*body.values(), *dict(parse_qsl(urlsplit(request.url).query)).values()):
            reference = self.addresses.reference(value) if isinstance(value, str) else None
            if reference is not None:
                self._started[job_id] = reference
        while len(self._started) > self._remembered:
            del self._started[next(iter(self._started))]

    async def _serve(self, scope: Scope, receive: Receive) -> None:
        reference = self.addresses.reference(scope["path"])
        if reference is None:
            raise Refusal(HTTPStatus.NOT_FOUND, "no such address")
        if scope["method"] != "POST":
            raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "a callback is a POST", allow="POST")
        claimed = self._claimed(await read_body(scope, receive, self._max_body, self._body_timeout))
        # A report about a job that is not over has no consequence, and costs no poll.
        if claimed.state in {JobState.QUEUED, JobState.RUNNING}:
            return
        async with self._alone(claimed.id):
            if reference not in self._reported.get(claimed.id, ()):
                if self._started.get(claimed.id, reference) != reference:
                    raise Refusal(HTTPStatus.NOT_FOUND, "the address is not the one of this job")
                await self._report(Callback(await self._confirmed(claimed), reference))

    def _claimed(self, body: bytes) -> AsyncJob:
        try:
            return self._client.job_from_callback(body)
        except errors.InvalidArgument:
            raise Refusal(HTTPStatus.BAD_REQUEST, "not a callback of this service") from None

    async def _confirmed(self, claimed: AsyncJob) -> AsyncJob:
        """Return the job as the service itself reports it: a new handle, that knows nothing of the callback's claim."""
        try:
            job = await self._client.job_from_token(claimed.to_token()).refresh()
        except errors.NotFoundError:
            raise Refusal(HTTPStatus.NOT_FOUND, "the service does not know the job") from None
        except errors.SoundstageError as error:
            _log.warning("a callback of job %s could not be confirmed: %s", claimed.id, error)
            raise _later("the job cannot be polled now", _UNREACHABLE) from None
        if not job.state.final:
            raise _later("the service reports no end of the job yet", _NOT_YET)
        return job

    async def _report(self, callback: Callback) -> None:
        try:
            await self._on_end(callback)
        except Exception:  # noqa: BLE001 - whatever it raises, the service shall send the callback again
            _log.exception("the function for callbacks failed for job %s", callback.job.id)
            raise Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "the callback could not be processed") from None
        self._reported.setdefault(callback.job.id, set()).add(callback.reference)
        while len(self._reported) > self._remembered:
            del self._reported[next(iter(self._reported))]
        for event in self._waiting.get(callback.job.id, ()):
            event.set()

    @asynccontextmanager
    async def _alone(self, job_id: str) -> AsyncGenerator[None, None]:
        """Let one callback of a job at a time pass, so that duplicates at the same moment are one report."""
        while (busy := self._busy.get(job_id)) is not None:
            await busy.wait()
        mine = self._busy[job_id] = anyio.Event()
        try:
            yield
        finally:
            del self._busy[job_id]
            mine.set()

    @asynccontextmanager
    async def _notice(self, job_id: str) -> AsyncGenerator[anyio.Event, None]:
        """Give an event that is set when the job is reported."""
        event = anyio.Event()
        self._waiting.setdefault(job_id, set()).add(event)
        try:
            yield event
        finally:
            self._waiting[job_id].discard(event)
            if not self._waiting[job_id]:
                del self._waiting[job_id]


def _later(reason: str, seconds: int) -> Refusal:
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, reason, retry_after=str(seconds))
