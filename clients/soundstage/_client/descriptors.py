"""Write a method once, as a flow; call it on one kind of client and await it on the other.

Both descriptors make two plain functions when the class is made, so that an access costs no more than that of any
method, and so that `help()`, `inspect.signature()` and editors see an ordinary method with its own arguments and text.
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
    """An owner of operations whose methods block."""

    @abstractmethod
    def _run(self, flow: Flow[T]) -> T: ...

    @abstractmethod
    def _adopt(self, started: StartedJob) -> Job: ...


class Awaiting(ABC):
    """An owner of operations whose methods are coroutines."""

    @abstractmethod
    async def _run(self, flow: Flow[T]) -> T: ...

    @abstractmethod
    def _adopt(self, started: StartedJob) -> AsyncJob: ...


class DualMethod:
    """The two functions of one flow; the owner's kind decides which one it gets."""

    def __init__(self, flow: Callable[..., Any], blocking: Any, awaiting: Any, returns: tuple[str, str]) -> None:
        self.__doc__ = flow.__doc__
        self.__wrapped__ = flow
        self._blocking = _like(blocking, flow, returns[0])
        self._awaiting = _like(awaiting, flow, returns[1])

    def _get(self, client: object, owner: type) -> Any:
        function = self._awaiting if issubclass(owner, Awaiting) else self._blocking
        return function if client is None else MethodType(function, client)


def _like(call: Any, flow: Callable[..., Any], returns: str) -> Any:
    """*call* with the name, the text and the arguments of *flow*."""
    functools.update_wrapper(call, flow)
    call.__signature__ = inspect.signature(flow).replace(return_annotation=returns)
    return call


class operation(DualMethod, Generic[P, T]):  # noqa: N801 - a decorator reads as one
    """A method whose value is the same for both kinds of client."""

    def __init__(self, flow: Callable[Concatenate[Any, P], Flow[T]]) -> None:
        def blocking(self: Any, *args: P.args, **kwargs: P.kwargs) -> Any:
            return self._run(flow(self, *args, **kwargs))

        async def awaiting(self: Any, *args: P.args, **kwargs: P.kwargs) -> Any:
            return await self._run(flow(self, *args, **kwargs))

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
    """A method that starts a paid job: a `Job` for one kind of client, an `AsyncJob` for the other.

    Nothing that can fail stands between the flow's end and the handle: an answered job is never lost.
    """

    def __init__(self, flow: Callable[Concatenate[Any, P], Flow[StartedJob]]) -> None:
        def blocking(self: Any, *args: P.args, **kwargs: P.kwargs) -> Any:
            try:
                return self._adopt(self._run(flow(self, *args, **kwargs)))
            except SubmitOutcomeUnknown as unknown:
                unknown.resolved_by(self.resolve)
                raise

        async def awaiting(self: Any, *args: P.args, **kwargs: P.kwargs) -> Any:
            try:
                return self._adopt(await self._run(flow(self, *args, **kwargs)))
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
