"""Descriptors: one flow, two methods, and both look like what they are."""

from __future__ import annotations

import asyncio
import inspect
import io
import pydoc
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
    """The value of a flow that asks for nothing."""
    with pytest.raises(StopIteration) as end:
        next(flow)
    value: T = end.value.value
    return value


class Sums:
    """Operations without input or output."""

    @operation
    def add(self, one: int, *, other: int = 2) -> Flow[int]:
        """Add two numbers."""
        yield from ()
        return one + other


class SyncSums(Sums, Blocking):
    """The blocking kind."""

    def _run(self, flow: Flow[T]) -> T:
        return finish(flow)

    def _handle(self, started: StartedJob) -> Job:
        raise NotImplementedError


class AsyncSums(Sums, Awaiting):
    """The awaiting kind."""

    async def _run(self, flow: Flow[T]) -> T:
        return finish(flow)

    def _handle(self, started: StartedJob) -> AsyncJob:
        raise NotImplementedError


def test_one_flow_is_a_call_and_a_coroutine() -> None:
    """The same body gives a value to one kind of owner and a coroutine to the other."""
    assert SyncSums().add(1, other=3) == 4
    assert asyncio.run(AsyncSums().add(1)) == 3
    assert inspect.iscoroutinefunction(AsyncSums().add)
    assert not inspect.iscoroutinefunction(SyncSums().add)


@pytest.mark.parametrize("kind", [SyncSums, AsyncSums])
def test_a_method_looks_like_one(kind: type[SyncSums | AsyncSums]) -> None:
    """Name, text and arguments are the flow's own, and the value is what the caller gets."""
    method = kind().add
    assert isinstance(method, MethodType)
    assert str(inspect.signature(method)) == "(one: 'int', *, other: 'int' = 2) -> 'int'"
    assert str(inspect.signature(kind.add)) == "(self, one: 'int', *, other: 'int' = 2) -> 'int'"
    assert (method.__name__, method.__doc__) == ("add", "Add two numbers.")
    assert "add(self, one: 'int'" in pydoc.plain(pydoc.render_doc(kind))


def test_help_shows_a_capability_with_its_arguments() -> None:
    """`help()` on a client's method and on its class shows arguments, defaults and the text."""
    for kind, job in ((Tomoviee, "Job"), (AsyncTomoviee, "AsyncJob")):
        out = io.StringIO()
        pydoc.Helper(output=out).help(kind.text_to_video)
        for part in ("prompt: 'str'", "resolution: 'Resolution' = '720p'", f"-> '{job}'", "Start a"):
            assert part in pydoc.plain(out.getvalue())
        assert "text_to_video(self, prompt" in pydoc.plain(pydoc.render_doc(kind))


def test_a_wrong_call_is_a_type_error() -> None:
    """A missing or unknown argument is refused as Python refuses it."""
    with pytest.raises(TypeError, match="one"):
        SyncSums().add()  # type: ignore[call-arg]  # the mistake is the test
    with pytest.raises(TypeError, match="more"):
        SyncSums().add(1, more=2)  # type: ignore[call-arg]  # the mistake is the test
