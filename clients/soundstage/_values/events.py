"""What a hook is told: small frozen values, without credentials and without the queries of addresses."""

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
    """A request is about to leave."""

    vendor: str
    method: str
    url: str
    paid: bool


@dataclass(frozen=True, slots=True)
class ResponseReceived:
    """An answer came, after so many seconds of the clock."""

    vendor: str
    method: str
    url: str
    status: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """No answer came; `received` is False when the service provably never got the request."""

    vendor: str
    method: str
    url: str
    reason: str
    received: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class RetryScheduled:
    """The same will be sent again after so many seconds, for the reason given; `attempt` counts what was sent."""

    vendor: str
    attempt: int
    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class JobUpdated:
    """A job was started or looked at; `state_raw` is the service's own word and `progress` is in percent."""

    vendor: str
    job_id: str
    state: JobState
    state_raw: object
    progress: float | None


@dataclass(frozen=True, slots=True)
class FileSaved:
    """A file stands whole at its place; `size` is in bytes."""

    vendor: str
    url: str
    path: Path
    size: int


Event: TypeAlias = RequestSent | ResponseReceived | RequestFailed | RetryScheduled | JobUpdated | FileSaved
Hook: TypeAlias = Callable[[Event], object]


def emit(event: Event, hook: Hook | None) -> None:
    """Log *event* and tell *hook*; a hook that raises is reported to the log and never stops the work.

    A paid job may be on its way between two lines of the caller, so that nothing here may fail.
    """
    try:
        logger.debug("%s", event)
        if hook is not None:
            hook(event)
    except Exception as error:  # noqa: BLE001 - whatever the hook does, the paid job behind the event is not lost
        with suppress(Exception):
            logger.warning("the on_event hook raised %s at %s", type(error).__name__, type(event).__name__)
