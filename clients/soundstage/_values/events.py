"""Events for the `on_event` hook: small frozen values without credentials and without the queries of addresses."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    from soundstage._values.state import JobState

logger = logging.getLogger("soundstage")


@dataclass(frozen=True, slots=True)
class RequestSent:
    """A request is about to be sent; `paid` is True when it may be charged."""

    vendor: str
    method: str
    url: str
    paid: bool


@dataclass(frozen=True, slots=True)
class ResponseReceived:
    """A response arrived after `seconds` of the clock."""

    vendor: str
    method: str
    url: str
    status: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """No response arrived; `received` is False when the service provably never received the request."""

    vendor: str
    method: str
    url: str
    reason: str
    received: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class RetryScheduled:
    """A request will be sent again after `seconds`, for `reason`; `attempt` counts the tries so far."""

    vendor: str
    attempt: int
    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class JobUpdated:
    """A job was started or polled; `state_raw` is the service's own word and `progress` is in percent."""

    vendor: str
    job_id: str
    state: JobState
    state_raw: object
    progress: float | None


@dataclass(frozen=True, slots=True)
class FileSaved:
    """A complete file was saved at `path`; `size` is in bytes."""

    vendor: str
    url: str
    path: Path
    size: int


Event: TypeAlias = RequestSent | ResponseReceived | RequestFailed | RetryScheduled | JobUpdated | FileSaved
Hook: TypeAlias = Callable[[Event], object]


def report(error: BaseException, note: str) -> None:
    """Add what is needed to recover paid work to *error*, and log it at WARNING: frameworks drop exceptions."""
    # A task group drops the cancellations of its tasks, and with them the notes; the log is what remains.
    error.add_note(note)
    with suppress(Exception):
        logger.warning("%s", note)


def emit(event: Event, hook: Hook | None) -> None:
    """Log *event* and call *hook* with it; a hook that raises is logged and never stops the work."""
    # Events are emitted between a paid response and the job handle: an error here would lose the job.
    try:
        logger.debug("%s", event)
        if hook is not None:
            hook(event)
    except Exception as error:  # noqa: BLE001 - a hook may raise anything
        with suppress(Exception):
            logger.warning("the on_event hook raised %s at %s", type(error).__name__, type(event).__name__)
