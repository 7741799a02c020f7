"""The sync and the async client: configuration, closing, and handles of existing jobs."""

from __future__ import annotations

import inspect
import os
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from soundstage._client.descriptors import DualMethod
from soundstage._client.jobs import AsyncJob, Job
from soundstage._client.recovery import AwaitingRecovery, BlockingRecovery
from soundstage._io.clock import Clock, PacedClock
from soundstage._io.drivers import AsyncDriver, SyncDriver
from soundstage._io.http import AsyncHttp, AsyncTransport, HttpT, SyncHttp, SyncTransport
from soundstage._protocol.service import Service, Settings
from soundstage._protocol.spend_limit import SpendLimit
from soundstage._protocol.spending import quoted
from soundstage._store.store import JobStore
from soundstage._values.policies import PollPolicy, RetryPolicy
from soundstage._values.state import JobRef, JobState, Snapshot, StartedJob, read_token
from soundstage._values.unpicklable import Unpicklable
from soundstage._values.validation import (
    base_address,
    choice,
    duration,
    instance,
    invalid,
    number,
    optional_text,
    plain_callable,
    text,
)

if TYPE_CHECKING:
    from datetime import timedelta
    from decimal import Decimal
    from types import TracebackType

    from soundstage._protocol.spending import Spent
    from soundstage._values.events import Hook
    from soundstage._values.messages import Flow
    from soundstage._values.profile import VendorProfile

_RETRY = RetryPolicy()
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
        spend_limit: SpendLimit | None = None,
        store: JobStore | None = None,
        reuse: timedelta | float | None = None,
    ) -> None:
        """Check the options that every client takes, and prepare to send; nothing is sent.

        Raises:
            InvalidArgument: An option is out of range.
        """
        if timeout is not None:
            number("timeout", timeout, above=0)
        found = instance("clock", clock, Clock) or PacedClock()
        limit = self._checked_limit(profile, spend_limit)
        # The transport comes first: the address of an injected client is part of the settings.
        own_base = self._connect(http, timeout, found)
        self._settings = Settings(
            profile=profile,
            base_url=_base_url(profile, base_url, own_base),
            clock=found,
            poll=instance("poll", poll, PollPolicy) or profile.poll,
            retry=instance("retry", retry, RetryPolicy) or _RETRY,
            on_event=plain_callable("on_event", on_event),
            spend_limit=limit,
            store=instance("store", store, JobStore),
            reuse=_reuse(reuse, store),
        )

    @property
    def base_url(self) -> str:
        """The address of the service."""
        return self._service.settings.base_url

    def __repr__(self) -> str:
        """Show the address, and no credential."""
        return f"<{type(self).__name__} {self.base_url}>"

    @abstractmethod
    def _connect(self, http: HttpT | None, timeout: float | None, clock: Clock) -> str:
        """Create transport and driver, and return the base address of an injected HTTP client, or ""."""

    def _job_ref(self, job_id: str, operation: str | None) -> JobRef:
        """Check the id and the operation of a job that was started before; a vendor may require the operation."""
        return JobRef(text("id", job_id), optional_text("operation", operation))

    @classmethod
    def _priced_methods(cls) -> list[str]:
        """Return the names of the methods that start work."""
        found = ((name, inspect.getattr_static(cls, name)) for name in dir(cls))
        return [name for name, method in found if isinstance(method, DualMethod) and method.starts_work]

    @classmethod
    def _checked_limit(cls, profile: VendorProfile, limit: SpendLimit | None) -> SpendLimit | None:
        """Check that a limit is one for this vendor, and that the prices it assumes are those of methods."""
        if instance("spend_limit", limit, SpendLimit) is not None and limit is not None:
            for name in limit.assume:
                choice("assume", name, cls._priced_methods())
            limit.bind(profile.slug)
        return limit

    def _quote(self, operation: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Flow[Decimal]:
        """Run a method up to its paid request, and return the price."""
        name = choice("operation", operation, self._priced_methods())
        return quoted(inspect.getattr_static(type(self), name).__wrapped__(self, *args, **kwargs))

    def _token_ref(self, token: str) -> JobRef:
        return read_token(self._service.profile.slug, self.base_url, token)


def _unpolled(ref: JobRef) -> StartedJob:
    return StartedJob(ref, Snapshot(JobState.UNKNOWN))


def _reuse(value: timedelta | float | None, store: JobStore | None) -> float | None:
    if value is not None and store is None:
        invalid("reuse", value, "None without store=, where earlier requests are found")
    return None if value is None else duration("reuse", value)


def _base_url(profile: VendorProfile, given: str | None, own: str) -> str:
    """Return the argument, or else the injected HTTP client's address, the environment's, or the documented one."""
    variable = profile.base_url_variable
    if given is not None:
        return base_address("base_url", given)
    if own:
        return base_address("http.base_url", own)
    return base_address(variable, os.environ.get(variable) or profile.base_url)


class SyncClient(Client[SyncHttp, ServiceT], BlockingRecovery):
    """A client whose methods block; a context manager that threads may share."""

    _transport: SyncTransport
    _driver: SyncDriver

    def job(self, id: str, operation: str | None = None) -> Job:  # noqa: A002 - the name every caller knows
        """Return a handle of a job that was started before, here or elsewhere; nothing is sent.

        Args:
            id: The service's id of the job.
            operation: The method that started it; required by services that find a job only under its kind.
        """
        return self._handle(_unpolled(self._job_ref(id, operation)))

    def job_from_token(self, token: str) -> Job:
        """Return a handle of the job whose `to_token()` returned *token*; nothing is sent.

        Raises:
            TokenError: It is not a token, or one of another service or address.
        """
        return self._handle(_unpolled(self._token_ref(token)))

    def job_from_callback(self, body: object) -> Job:
        """Return a handle of the job that a callback reports; nothing is sent.

        Nothing proves who sent a callback: `refresh()` the job before you rely on its state.

        Args:
            body: The body that was POSTed to the callback address: JSON text, its bytes, or the parsed object.

        Raises:
            InvalidArgument: It is not a callback of this service.
            UnsupportedError: The service documents no callback.
        """
        return self._handle(self._service.parse_callback(body))

    def list_jobs(self, operation: str, *, page: int = 1, page_size: int = 30) -> list[Job]:
        """Return handles of one page of the account's jobs, each with the state that the list reports.

        Args:
            operation: The method that started them.
            page: The number of the page, from 1.
            page_size: The number of jobs on a page.

        Raises:
            UnsupportedError: The service documents no list.
            InvalidArgument: An argument is out of the documented range.
        """
        return [self._handle(one) for one in self._run(self._service.list_jobs(operation, page, page_size))]

    def estimate(self, operation: str, /, *args: Any, **kwargs: Any) -> Decimal:
        """Return what a call would cost, in the vendor's unit; nothing is started.

        The arguments are checked as by the call itself, and files are read.

        Args:
            operation: The method, such as "text_to_video".
            args: Its positional arguments.
            kwargs: Its keyword arguments.

        Raises:
            InvalidArgument: There is no such method, or an argument is out of range.
            UnsupportedError: No document states the price.
            ApiError, ConnectionFailed: The price has to be requested, and that failed.
        """
        return self._run(self._quote(operation, args, kwargs))

    def spent(self) -> Spent:
        """Return what the client's `spend_limit` has counted, in all and today.

        Raises:
            UnsupportedError: The client has no limit, so that nothing is counted.
        """
        return self._run(self._service.spending.spent())

    def close(self) -> None:
        """Close the connections; an injected HTTP client stays open. Jobs of this client can no longer be polled."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _connect(self, http: SyncHttp | None, timeout: float | None, clock: Clock) -> str:
        self._transport = SyncTransport(http, timeout)
        self._driver = SyncDriver(self._transport, clock)
        return self._transport.base_url

    def _run(self, flow: Flow[T]) -> T:
        return self._driver.run(flow)

    def _handle(self, started: StartedJob) -> Job:
        return Job(self._service, self._driver, started)


class AsyncClient(Client[AsyncHttp, ServiceT], AwaitingRecovery):
    """A client whose methods are coroutines; an async context manager."""

    _transport: AsyncTransport
    _driver: AsyncDriver

    def job(self, id: str, operation: str | None = None) -> AsyncJob:  # noqa: A002 - the name every caller knows
        """Return a handle of a job that was started before, here or elsewhere; nothing is sent or awaited.

        Args:
            id: The service's id of the job.
            operation: The method that started it; required by services that find a job only under its kind.
        """
        return self._handle(_unpolled(self._job_ref(id, operation)))

    def job_from_token(self, token: str) -> AsyncJob:
        """Return a handle of the job whose `to_token()` returned *token*; nothing is sent or awaited.

        Raises:
            TokenError: It is not a token, or one of another service or address.
        """
        return self._handle(_unpolled(self._token_ref(token)))

    def job_from_callback(self, body: object) -> AsyncJob:
        """Return a handle of the job that a callback reports; nothing is sent or awaited.

        Nothing proves who sent a callback: `refresh()` the job before you rely on its state.

        Args:
            body: The body that was POSTed to the callback address: JSON text, its bytes, or the parsed object.

        Raises:
            InvalidArgument: It is not a callback of this service.
            UnsupportedError: The service documents no callback.
        """
        return self._handle(self._service.parse_callback(body))

    async def list_jobs(self, operation: str, *, page: int = 1, page_size: int = 30) -> list[AsyncJob]:
        """Return handles of one page of the account's jobs, each with the state that the list reports.

        Args:
            operation: The method that started them.
            page: The number of the page, from 1.
            page_size: The number of jobs on a page.

        Raises:
            UnsupportedError: The service documents no list.
            InvalidArgument: An argument is out of the documented range.
        """
        return [self._handle(one) for one in await self._run(self._service.list_jobs(operation, page, page_size))]

    async def estimate(self, operation: str, /, *args: Any, **kwargs: Any) -> Decimal:
        """Return what a call would cost, in the vendor's unit; nothing is started.

        The arguments are checked as by the call itself, and files are read.

        Args:
            operation: The method, such as "text_to_video".
            args: Its positional arguments.
            kwargs: Its keyword arguments.

        Raises:
            InvalidArgument: There is no such method, or an argument is out of range.
            UnsupportedError: No document states the price.
            ApiError, ConnectionFailed: The price has to be requested, and that failed.
        """
        return await self._run(self._quote(operation, args, kwargs))

    async def spent(self) -> Spent:
        """Return what the client's `spend_limit` has counted, in all and today.

        Raises:
            UnsupportedError: The client has no limit, so that nothing is counted.
        """
        return await self._run(self._service.spending.spent())

    async def aclose(self) -> None:
        """Close the connections; an injected HTTP client stays open. Jobs of this client can no longer be polled."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _connect(self, http: AsyncHttp | None, timeout: float | None, clock: Clock) -> str:
        self._transport = AsyncTransport(http, timeout)
        self._driver = AsyncDriver(self._transport, clock)
        return self._transport.base_url

    async def _run(self, flow: Flow[T]) -> T:
        return await self._driver.run(flow)

    def _handle(self, started: StartedJob) -> AsyncJob:
        return AsyncJob(self._service, self._driver, started)
