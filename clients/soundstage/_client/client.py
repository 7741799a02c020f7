"""The two kinds of client: how one is configured, closed, and how it finds a job again."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from soundstage._client.descriptors import Awaiting, Blocking
from soundstage._client.jobs import AsyncJob, Job
from soundstage._io.clock import Clock, SystemClock
from soundstage._io.drivers import AsyncDriver, SyncDriver
from soundstage._io.http import AsyncHttp, AsyncTransport, HttpT, SyncHttp, SyncTransport
from soundstage._protocol.service import Service, Settings
from soundstage._values.policies import PollPolicy, RetryPolicy
from soundstage._values.state import JobRef, JobState, Snapshot, StartedJob, read_token
from soundstage._values.unpicklable import Unpicklable
from soundstage._values.validation import base_address, instance, invalid, number, optional_text, plain_callable, text
from soundstage.errors import SubmitOutcomeUnknown

if TYPE_CHECKING:
    from types import TracebackType

    from soundstage._values.events import Hook
    from soundstage._values.messages import Flow
    from soundstage._values.profile import VendorProfile

T = TypeVar("T")
ServiceT = TypeVar("ServiceT", bound=Service)


class Client(Unpicklable, ABC, Generic[HttpT, ServiceT]):
    """What the sync and the async client of every vendor share.

    A vendor's constructor calls this one, and then creates its service with the checked settings:

        super().__init__(PROFILE, **options)
        self._service = TomovieeService(key, secret, self._settings)
    """

    _service: ServiceT

    def __init__(
        self,
        profile: VendorProfile,
        *,
        base_url: str | None = None,
        http: HttpT | None = None,
        clock: Clock | None = None,
        poll: PollPolicy | None = None,
        retry: RetryPolicy | None = None,
        timeout: float | None = None,
        on_event: Hook | None = None,
    ) -> None:
        """Check the options that every client takes, and prepare to send; nothing is sent.

        Raises:
            InvalidArgument: An option is out of range.
        """
        if timeout is not None:
            number("timeout", timeout, above=0)
        found = instance("clock", clock, Clock) or SystemClock()
        own_base = self._connect(http, timeout, found)
        self._settings = Settings(
            profile=profile,
            base_url=_base_url(profile, base_url, own_base),
            clock=found,
            poll=instance("poll", poll, PollPolicy) or profile.poll,
            retry=instance("retry", retry, RetryPolicy) or RetryPolicy(),
            on_event=plain_callable("on_event", on_event),
        )

    @property
    def base_url(self) -> str:
        """Where the service is."""
        return self._service.settings.base_url

    def __repr__(self) -> str:
        """Shows where the service is, and no credential."""
        return f"<{type(self).__name__} {self.base_url}>"

    @abstractmethod
    def _connect(self, http: HttpT | None, timeout: float | None, clock: Clock) -> str:
        """Make wire and driver, and return the base address of an injected HTTP client, or ""."""

    def _found(self, ref: JobRef) -> StartedJob:
        return StartedJob(ref, Snapshot(JobState.UNKNOWN))

    def _named(self, job_id: str, operation: str | None) -> StartedJob:
        return self._found(JobRef(text("id", job_id), optional_text("operation", operation)))

    def _own(self, unknown: object) -> SubmitOutcomeUnknown:
        slug = self._service.profile.slug
        if not isinstance(unknown, SubmitOutcomeUnknown) or unknown.vendor != slug:
            invalid("unknown", unknown, f"a SubmitOutcomeUnknown of {slug}")
        return unknown

    def _from_token(self, token: str) -> StartedJob:
        return self._found(read_token(self._service.profile.slug, self.base_url, token))


def _base_url(profile: VendorProfile, given: str | None, own: str) -> str:
    """The first of: the argument, the injected HTTP client's own address, the environment, the documented one."""
    variable = profile.base_url_variable
    if given is not None:
        return base_address("base_url", given)
    if own:
        return base_address("http.base_url", own)
    return base_address(variable, os.environ.get(variable) or profile.base_url)


class SyncClient(Client[SyncHttp, ServiceT], Blocking):
    """A client whose methods block. It may be shared by threads, and is a context manager."""

    _wire: SyncTransport
    _driver: SyncDriver

    def job(self, id: str, operation: str | None = None) -> Job:  # noqa: A002 - the name every caller knows
        """A handle of a job that was started before, here or elsewhere; nothing is sent.

        Args:
            id: The service's name for the job.
            operation: The method that started it; asked for by services that look it up by kind.
        """
        return self._adopt(self._named(id, operation))

    def job_from_token(self, token: str) -> Job:
        """A handle of the job whose `to_token()` this is; nothing is sent.

        Raises:
            TokenError: It is no token, or one of another service or address.
        """
        return self._adopt(self._from_token(token))

    def job_from_callback(self, body: object) -> Job:
        """A handle of the job that *body*, the body of a callback, tells of; nothing is sent.

        Nothing proves who sent a callback: `refresh()` the job before anything of worth depends on it.

        Args:
            body: What was POSTed to the callback address: JSON text, its bytes, or what they parse to.

        Raises:
            InvalidArgument: It is no callback of this service.
            UnsupportedError: The service documents no callback.
        """
        return self._adopt(self._service.parse_callback(body))

    def resolve(self, unknown: SubmitOutcomeUnknown) -> Job | None:
        """Look for the job that a submission of unknown outcome may have started, by the caller's own name for it.

        Args:
            unknown: The error, which may have been pickled since.

        Returns:
            The job's handle, or None if there is provably none: submitting again then spends once.

        Raises:
            UnsupportedError: The service knows no name of the caller's for a job.
            InvalidArgument: The error is another service's.
        """
        found = self._run(self._service.find(self._own(unknown)))
        return None if found is None else self._adopt(found)

    def list_jobs(self, operation: str, *, page: int = 1, page_size: int = 30) -> list[Job]:
        """Handles of the account's jobs, a page of them, each as far as the list says that it is.

        Args:
            operation: The method that started them.
            page: Which page, the first being 1.
            page_size: How many jobs a page has.

        Raises:
            UnsupportedError: The service documents no list.
            InvalidArgument: An argument is out of the documented range.
        """
        return [self._adopt(one) for one in self._run(self._service.list_jobs(operation, page, page_size))]

    def close(self) -> None:
        """Close the connections; an injected HTTP client stays open. Jobs of this client can look no more."""
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _connect(self, http: SyncHttp | None, timeout: float | None, clock: Clock) -> str:
        self._wire = SyncTransport(http, timeout)
        self._driver = SyncDriver(self._wire, clock)
        return self._wire.base_url

    def _run(self, flow: Flow[T]) -> T:
        return self._driver.run(flow)

    def _adopt(self, started: StartedJob) -> Job:
        return Job(self._service, self._driver, started)


class AsyncClient(Client[AsyncHttp, ServiceT], Awaiting):
    """A client whose methods are coroutines. It is an async context manager."""

    _wire: AsyncTransport
    _driver: AsyncDriver

    def job(self, id: str, operation: str | None = None) -> AsyncJob:  # noqa: A002 - the name every caller knows
        """A handle of a job that was started before, here or elsewhere; nothing is sent, so nothing is awaited.

        Args:
            id: The service's name for the job.
            operation: The method that started it; asked for by services that look it up by kind.
        """
        return self._adopt(self._named(id, operation))

    def job_from_token(self, token: str) -> AsyncJob:
        """A handle of the job whose `to_token()` this is; nothing is sent, so nothing is awaited.

        Raises:
            TokenError: It is no token, or one of another service or address.
        """
        return self._adopt(self._from_token(token))

    def job_from_callback(self, body: object) -> AsyncJob:
        """A handle of the job that *body*, the body of a callback, tells of; nothing is sent, so nothing is awaited.

        Nothing proves who sent a callback: `refresh()` the job before anything of worth depends on it.

        Args:
            body: What was POSTed to the callback address: JSON text, its bytes, or what they parse to.

        Raises:
            InvalidArgument: It is no callback of this service.
            UnsupportedError: The service documents no callback.
        """
        return self._adopt(self._service.parse_callback(body))

    async def resolve(self, unknown: SubmitOutcomeUnknown) -> AsyncJob | None:
        """Look for the job that a submission of unknown outcome may have started, by the caller's own name for it.

        Args:
            unknown: The error, which may have been pickled since.

        Returns:
            The job's handle, or None if there is provably none: submitting again then spends once.

        Raises:
            UnsupportedError: The service knows no name of the caller's for a job.
            InvalidArgument: The error is another service's.
        """
        found = await self._run(self._service.find(self._own(unknown)))
        return None if found is None else self._adopt(found)

    async def list_jobs(self, operation: str, *, page: int = 1, page_size: int = 30) -> list[AsyncJob]:
        """Handles of the account's jobs, a page of them, each as far as the list says that it is.

        Args:
            operation: The method that started them.
            page: Which page, the first being 1.
            page_size: How many jobs a page has.

        Raises:
            UnsupportedError: The service documents no list.
            InvalidArgument: An argument is out of the documented range.
        """
        return [self._adopt(one) for one in await self._run(self._service.list_jobs(operation, page, page_size))]

    async def aclose(self) -> None:
        """Close the connections; an injected HTTP client stays open. Jobs of this client can look no more."""
        await self._wire.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _connect(self, http: AsyncHttp | None, timeout: float | None, clock: Clock) -> str:
        self._wire = AsyncTransport(http, timeout)
        self._driver = AsyncDriver(self._wire, clock)
        return self._wire.base_url

    async def _run(self, flow: Flow[T]) -> T:
        return await self._driver.run(flow)

    def _adopt(self, started: StartedJob) -> AsyncJob:
        return AsyncJob(self._service, self._driver, started)
