"""The simulator's clocks: real, scaled, manual and auto.

Every clock starts at the real time and counts seconds since 1970. An account adds an offset of its own
(`soundstage_server.model.account`), so that moving one account's time leaves the others alone.

Under ``auto`` the world's clock does not move, and each read of an unfinished task moves its account's offset to the
task's next change: polling takes no time, and every state is seen once.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Callable

ClockKind = Literal["real", "scaled", "manual", "auto"]
CLOCK_KINDS: Final[tuple[ClockKind, ...]] = get_args(ClockKind)

_FROZEN: Final = ("manual", "auto")

LATEST: Final = 90_000_000_000.0
"""The limit of a world's time, and of an account's offset (the year 4821): a Date header can show their sum."""

MIN_SPEED: Final = 1e-6
"""The least speed of a clock, in simulated seconds per second: a second takes eleven days."""
MAX_SPEED: Final = 1e9
"""The greatest speed of a clock: a second is 31 years."""

PACE_HEADER: Final = b"x-soundstage-pace"
"""The response header with the real seconds that one simulated second takes, where that is less than one."""


class Clock:
    """A world's clock.

    Args:
        kind: ``real`` follows the machine's clock; ``scaled`` runs *speed* simulated seconds per second; ``manual``
            moves only by `advance`; ``auto`` is like ``manual``, but a status read moves its account to the task's next
            change.
        speed: Simulated seconds per second, for ``scaled``.
        monotonic: The source of elapsed time; tests replace it.

    Raises:
        ValueError: *kind* is unknown, *speed* is not above 0, or it is given to a clock that is not ``scaled``.

    Attributes:
        pace: The real seconds after which a poll sees one simulated second more: from 0 (``auto``) to 1.
    """

    def __init__(
        self, kind: ClockKind = "real", speed: float = 1.0, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._monotonic = monotonic
        self._anchor = time.time()
        self._started = monotonic()
        self._watchers: list[Callable[[], None]] = []
        self.kind: ClockKind = "real"
        self.speed = self.pace = 1.0
        self.change(kind, speed)

    @classmethod
    def parse(cls, text: str) -> Clock:
        """Return the clock for a value of ``--speed``: a number above 0, ``manual`` or ``auto``.

        Raises:
            ValueError: *text* is none of these.
        """
        if text in ("manual", "auto", "real"):
            return cls(text)  # type: ignore[arg-type] # narrowed by the line above, which mypy does not see
        try:
            speed = float(text)
        except ValueError:
            raise ValueError(f"speed must be a number above 0, 'manual' or 'auto'; got {text!r}") from None
        return cls("real" if speed == 1 else "scaled", speed)

    @property
    def frozen(self) -> bool:
        """Whether time moves only by `advance` (``manual``, ``auto``)."""
        return self.kind in _FROZEN

    def now(self) -> float:
        """Return the world's time, in seconds since 1970."""
        if self.kind in _FROZEN:
            return self._anchor
        # The monotonic clock, since the machine's wall clock may be set back.
        # Limited here as well: a fast clock reaches the limit without any `advance`.
        return min(LATEST, self._anchor + (self._monotonic() - self._started) * self.speed)

    def advance(self, seconds: float) -> None:
        """Move the world's time forward by *seconds*.

        Raises:
            ValueError: *seconds* is negative, or would move the time past `LATEST`.
        """
        self._anchor += checked_step(seconds, LATEST - self.now())
        self.notify_watchers()

    def change(self, kind: ClockKind, speed: float = 1.0) -> None:
        """Change the kind of clock; its time does not jump.

        Raises:
            ValueError: *kind* is unknown, *speed* is not above 0, or it is given to a clock that is not ``scaled``.
        """
        if kind not in CLOCK_KINDS:
            raise ValueError(f"clock kind must be one of {', '.join(CLOCK_KINDS)}; got {kind!r}")
        if not MIN_SPEED <= speed <= MAX_SPEED:
            raise ValueError(f"speed must be a number above 0, from {MIN_SPEED:g} to {MAX_SPEED:g}; got {speed!r}")
        if kind != "scaled" and speed != 1:
            raise ValueError(f"speed is given with kind 'scaled', and only then; got kind={kind!r}, speed={speed!r}")
        # The new kind continues from the time that the old one shows.
        self._anchor, self._started = self.now(), self._monotonic()
        self._set_kind(kind, speed)
        # A watcher may be sleeping for a time that it has computed with the old speed.
        self.notify_watchers()

    def restore(self, kind: ClockKind, speed: float, now: float) -> None:
        """Set kind, speed and time to those of a snapshot."""
        self._anchor, self._started = now, self._monotonic()
        self._set_kind(kind, speed)
        self.notify_watchers()

    def _set_kind(self, kind: ClockKind, speed: float) -> None:
        self.kind, self.speed = kind, speed
        # Every response shows it.
        self.pace = 0.0 if kind == "auto" else min(1.0, 1 / speed)

    def watch(self, callback: Callable[[], None]) -> None:
        """Call *callback* whenever the time of the world or of an account was moved."""
        self._watchers.append(callback)

    def notify_watchers(self) -> None:
        """Call every watcher: time was moved."""
        for callback in self._watchers:
            callback()


def checked_step(seconds: float, room: float) -> float:
    """Return *seconds* if time may move by that much; *room* is how far it may move.

    Raises:
        ValueError: *seconds* is negative, or more than *room*.
    """
    if not 0 <= seconds <= room:
        raise ValueError(f"seconds must be from 0 to {room:.0f}, where the simulator's time ends; got {seconds!r}")
    return seconds
