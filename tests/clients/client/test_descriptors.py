"""Descriptors: one flow becomes a sync and an async method."""

from __future__ import annotations

import asyncio
import inspect
import io
import pydoc
import re
from types import MethodType
from typing import TYPE_CHECKING, TypeVar

import pytest

from soundstage import AsyncTomoviee, Tomoviee
from soundstage._client.descriptors import Awaiting, Blocking, operation

if TYPE_CHECKING:
    from soundstage import AsyncJob, Job
    from soundstage._values.messages import Flow
    from soundstage._values.state import StartedJob

T = TypeVar("T")


def finish(flow: Flow[T]) -> T:
    """Return the value of a flow without effects."""
    with pytest.raises(StopIteration) as end:
        next(flow)
    value: T = end.value.value
    return value


class Sums:
    """Operations without I/O."""

    @operation
    def add(self, one: int, *, other: int = 2) -> Flow[int]:
        """Add two numbers."""
        yield from ()
        return one + other


class SyncSums(Sums, Blocking):
    """The sync owner."""

    def _run(self, flow: Flow[T]) -> T:
        return finish(flow)

    def _handle(self, started: StartedJob) -> Job:
        raise NotImplementedError


class AsyncSums(Sums, Awaiting):
    """The async owner."""

    async def _run(self, flow: Flow[T]) -> T:
        return finish(flow)

    def _handle(self, started: StartedJob) -> AsyncJob:
        raise NotImplementedError


def test_flow_becomes_call_and_coroutine() -> None:
    """The same flow returns a value from a sync owner and a coroutine from an async one."""
    assert SyncSums().add(1, other=3) == 4
    assert asyncio.run(AsyncSums().add(1)) == 3
    assert inspect.iscoroutinefunction(AsyncSums().add)
    assert not inspect.iscoroutinefunction(SyncSums().add)


@pytest.mark.parametrize("kind", [SyncSums, AsyncSums])
def test_method_keeps_name_docstring_and_signature(kind: type[SyncSums | AsyncSums]) -> None:
    """Name, docstring and arguments are those of the flow, and the return type is that of the caller."""
    method = kind().add
    assert isinstance(method, MethodType)
    assert str(inspect.signature(method)) == "(one: 'int', *, other: 'int' = 2) -> 'int'"
    assert str(inspect.signature(kind.add)) == "(self, one: 'int', *, other: 'int' = 2) -> 'int'"
    assert (method.__name__, method.__doc__) == ("add", "Add two numbers.")
    assert "add(self, one: 'int'" in pydoc.plain(pydoc.render_doc(kind))


def test_help_shows_arguments_and_docstring() -> None:
    """`help()` on a client's method and on its class shows arguments, defaults and the docstring."""
    for kind, job in ((Tomoviee, "Job"), (AsyncTomoviee, "AsyncJob")):
        out = io.StringIO()
        pydoc.Helper(output=out).help(kind.text_to_video)
        for part in ("prompt: 'str'", "resolution: 'Resolution' = '720p'", f"-> '{job}'", "Start a"):
            assert part in pydoc.plain(out.getvalue())
        assert re.search(r"text_to_video\([\s|]*self,[\s|]*prompt", pydoc.plain(pydoc.render_doc(kind)))  # 3.13 wraps


def test_wrong_arguments_are_type_errors() -> None:
    """A missing or unknown argument raises TypeError, as for any function."""
    with pytest.raises(TypeError, match="one"):
        SyncSums().add()  # type: ignore[call-arg]  # the mistake is the test
    with pytest.raises(TypeError, match="more"):
        SyncSums().add(1, more=2)  # type: ignore[call-arg]  # the mistake is the test
