"""Descriptors that make a sync and an async method of one flow.

Both create two plain functions when the class is created, so that an access costs no more than that of any method, and
`help()`, `inspect.signature()` and editors see an ordinary method with its own arguments and docstring.
"""

from __future__ import annotations

import functools
import inspect
from abc import ABC, abstractmethod
from types import MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from soundstage.errors import SubmitOutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from soundstage._client.jobs import AsyncJob, Job
    from soundstage._values.messages import Flow
    from soundstage._values.state import StartedJob

P = ParamSpec("P")
T = TypeVar("T")


class Blocking(ABC):
    """A class whose operations block."""

    @abstractmethod
    def _run(self, flow: Flow[T]) -> T: ...

    @abstractmethod
    def _handle(self, started: StartedJob) -> Job: ...


class Awaiting(ABC):
    """A class whose operations are coroutines."""

    @abstractmethod
    async def _run(self, flow: Flow[T]) -> T: ...

    @abstractmethod
    def _handle(self, started: StartedJob) -> AsyncJob: ...


class DualMethod:
    """The sync and the async function of one flow; the class of the owner decides which one an access returns.

    Attributes:
        starts_work: Whether the method starts work that may cost something, so that it has a price.
    """

    starts_work = False

    def __init__(self, flow: Callable[..., Any], blocking: Any, awaiting: Any, returns: tuple[str, str]) -> None:
        self.__doc__ = flow.__doc__
        self.__wrapped__ = flow
        self._blocking = _like(blocking, flow, returns[0])
        self._awaiting = _like(awaiting, flow, returns[1])

    def _get(self, client: object, owner: type) -> Any:
        # By the class and not by the instance, so that `help(Tomoviee.text_to_video)` shows the right one, too.
        function = self._awaiting if issubclass(owner, Awaiting) else self._blocking
        return function if client is None else MethodType(function, client)


def _like(call: Any, flow: Callable[..., Any], returns: str) -> Any:
    """Return *call* with the name, the docstring and the signature of *flow*."""
    functools.update_wrapper(call, flow)
    call.__signature__ = inspect.signature(flow).replace(return_annotation=returns)
    return call


class operation(DualMethod, Generic[P, T]):  # noqa: N801 - a decorator reads as one
    """A method that returns the same value from the sync and the async client."""

    def __init__(self, flow: Callable[Concatenate[Any, P], Flow[T]]) -> None:
        def blocking(self: Any, *args: P.args, **kwargs: P.kwargs) -> Any:
            return self._run(flow(self, *args, **kwargs))

        async def awaiting(self: Any, *args: P.args, **kwargs: P.kwargs) -> Any:
            return await self._run(flow(self, *args, **kwargs))

        # The annotations are strings: the flow returns "Flow[list[Model]]", and the method "list[Model]".
        value = str(flow.__annotations__.get("return")).removeprefix("Flow[").removesuffix("]")
        super().__init__(flow, blocking, awaiting, (value, value))

    @overload
    def __get__(self, client: None, owner: type) -> Callable[Concatenate[Any, P], Any]: ...
    @overload
    def __get__(self, client: Blocking, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: Awaiting, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, client: Blocking | Awaiting | None, owner: type) -> object:
        return self._get(client, owner)


class submission(DualMethod, Generic[P]):  # noqa: N801 - a decorator reads as one
    """A method that starts a paid job: it returns a `Job` from the sync client and an `AsyncJob` from the async client.

    Nothing that can fail runs between the end of the flow and the handle, so that an accepted job is never lost.
    """

    starts_work = True

    def __init__(self, flow: Callable[Concatenate[Any, P], Flow[StartedJob]]) -> None:
        def blocking(self: Any, *args: P.args, **kwargs: P.kwargs) -> Any:
            try:
                return self._handle(self._run(flow(self, *args, **kwargs)))
            except SubmitOutcomeUnknown as unknown:  # the error gets its client here, so that it can find the job
                unknown.resolved_by(self.resolve)
                raise

        async def awaiting(self: Any, *args: P.args, **kwargs: P.kwargs) -> Any:
            try:
                return self._handle(await self._run(flow(self, *args, **kwargs)))
            except SubmitOutcomeUnknown as unknown:
                unknown.resolved_by(self.resolve)
                raise

        super().__init__(flow, blocking, awaiting, ("Job", "AsyncJob"))

    @overload
    def __get__(self, client: None, owner: type) -> Callable[Concatenate[Any, P], Any]: ...
    @overload
    def __get__(self, client: Blocking, owner: type) -> Callable[P, Job]: ...
    @overload
    def __get__(self, client: Awaiting, owner: type) -> Callable[P, Coroutine[Any, Any, AsyncJob]]: ...
    def __get__(self, client: Blocking | Awaiting | None, owner: type) -> object:
        return self._get(client, owner)
