"""The keyword options that every vendor's client takes: their types, their documentation, their signature."""

from __future__ import annotations

import functools
import inspect
import textwrap
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar, cast

from soundstage._io.http import HttpT

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from soundstage._io.clock import Clock
    from soundstage._protocol.spend_limit import SpendLimit
    from soundstage._store.store import JobStore
    from soundstage._values.events import Hook
    from soundstage._values.policies import PollPolicy, RetryPolicy
    from soundstage._values.profile import VendorProfile

F = TypeVar("F", bound="Callable[..., None]")

_WIDTH = 120
_ARGUMENT = " " * 4


class RequestOptions(TypedDict, Generic[HttpT], total=False):
    """The options of a client whose service returns its work at once, so that nothing is polled."""

    base_url: str | None
    http: HttpT | None
    clock: Clock | None
    retry: RetryPolicy | None
    timeout: float | None
    on_event: Hook | None
    spend_limit: SpendLimit | None


class ClientOptions(RequestOptions[HttpT], total=False):
    """The options of a client whose service starts jobs, which are polled."""

    poll: PollPolicy | None
    store: JobStore | None
    reuse: timedelta | float | None


_DOCUMENTATION = {
    "base_url": "Address of the service. Default: the base address of `http`, else {variable}, else {base_url}.",
    "http": "A client of httpx or httpx2 of the same kind (sync or async) that sends the requests, with its own "
    "settings; it is never closed here.",
    "clock": "Source of the time and of pauses. Default: real time, at the pace of a simulator on this machine.",
    "retry": "How often a request that is safe to repeat is sent again. Default: `RetryPolicy()`.",
    "timeout": "Seconds that one request may take, from the connection to the last byte of the response, even if that "
    "arrives slowly; a download must deliver 1 KiB a second on average over it. Default: 60, and more for a large "
    "upload, or the limits of `http`.",
    "on_event": "A function that is called with every `Event`.",
    "spend_limit": "A `SpendLimit`, in {unit}: a submission that would exceed it is refused before it is sent. "
    "With `store` the limit applies to all processes that use the store.",
    "poll": "How a job is polled, and for how long. Default: {poll}.",
    "store": "A `JobStore`, such as `SQLiteJobStore(path)`: every paid request is recorded there before it is sent; "
    "`recover()` finds what a crash left. Several clients may share it; it is never closed here.",
    "reuse": "Seconds, or a timedelta; an equal request within this time returns the job that exists, unless that "
    "failed; needs `store`. Default: every call starts a job.",
}


def constructor(profile: VendorProfile, options: type) -> Callable[[F], F]:
    """Expand the `**options` of a client's `__init__` for `help()` and `inspect.signature()`.

    Type checkers read the annotation `Unpack[ClientOptions[HttpT]]`; at run time the signature lists every option, the
    docstring describes each, and an unknown one is a `TypeError`.

    Args:
        profile: The vendor's profile, whose defaults the documentation names.
        options: The TypedDict of the options.
    """

    def expand(init: F) -> F:
        signature = _expanded(inspect.signature(init), options)
        names = frozenset(signature.parameters)

        @functools.wraps(init)
        def checked(*args: Any, **kwargs: Any) -> None:
            # Binding takes as long as the rest of the constructor, which refuses everything but an unknown name itself.
            if not names.issuperset(kwargs):
                signature.bind(*args, **kwargs)  # raises the TypeError of a function that declares every option
            init(*args, **kwargs)

        checked.__doc__ = _documented(init.__doc__ or "", profile, options)
        checked.__signature__ = signature  # type: ignore[attr-defined] # what inspect.signature() returns
        return cast("F", checked)

    return expand


def _expanded(own: inspect.Signature, options: type) -> inspect.Signature:
    """Return *own* with one keyword-only parameter for each option in place of `**options`."""
    named = [one for one in own.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_source(hint))
        for name, hint in options.__annotations__.items()
    ]
    return own.replace(parameters=[*named, *shared])


def _documented(text: str, profile: VendorProfile, options: type) -> str:
    """Return the docstring *text* with the shared options at the end of its `Args` section."""
    values = {
        "variable": profile.base_url_variable,
        "base_url": profile.base_url,
        "unit": profile.unit,
        "poll": _schedule(profile.poll),
    }
    lines = [line for name in options.__annotations__ for line in _wrapped(name, _DOCUMENTATION[name].format(**values))]
    # Python 3.13 removes the indentation of docstrings at compile time, earlier versions do not.
    head, found, tail = inspect.cleandoc(text).partition("\n\nRaises:")
    return "\n".join([head, *lines]) + found + tail


def _wrapped(name: str, about: str) -> list[str]:
    return textwrap.wrap(
        f"{name}: {about}",
        _WIDTH,
        initial_indent=_ARGUMENT,
        subsequent_indent=_ARGUMENT + "    ",
        break_on_hyphens=False,
    )


def _source(hint: object) -> str:
    """Return an annotation as the TypedDict spells it."""
    return str(getattr(hint, "__forward_arg__", hint))


def _schedule(poll: PollPolicy) -> str:
    pause = f"every {poll.first:g} s"
    if poll.factor > 1:
        pause = f"after {poll.first:g} s, then {poll.factor:g} times longer each time up to {poll.ceiling:g} s"
    return f"{pause}, for at most {poll.timeout:g} s"
