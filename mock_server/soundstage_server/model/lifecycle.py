"""Lifecycles as data: a vendor's words for a task's states, how long each lasts, and when callbacks are sent.

A task's state is a pure function of its record and of its account's time. Nothing runs in the background: a million
waiting tasks cost a million records and no timer.
"""

from __future__ import annotations

import enum
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from soundstage_server.model.clock import LATEST

if TYPE_CHECKING:
    from collections.abc import Mapping

SLOW_FACTOR: Final = 12.0
"""How many times longer each stage takes in the scenario ``slow``."""

_TIMEOUT_SECONDS: Final = 1500.0
_FULL: Final = 100
_UNIT: Final = float(1 << 16)


class Fate(enum.StrEnum):
    """How a task will end; decided when it is created."""

    SUCCEED = "succeed"
    FAIL = "fail"
    BLOCK = "block"
    TIMEOUT = "timeout"
    CANCEL = "cancel"


# Names of this module: CPython 3.11 finds a member of an enum by a Python function, and each create needs several.
_SUCCEED, _TIMEOUT = Fate.SUCCEED, Fate.TIMEOUT


@dataclass(frozen=True, slots=True)
class Stage:
    """An unfinished state: the vendor's word for it, and its minimum and maximum duration in seconds."""

    word: Any
    least: float
    most: float


class TaskState(NamedTuple):
    """A task's state at one time: the vendor's word, whether it is final, progress from 0 to 100, the next change."""

    word: Any
    final: bool
    progress: int
    next_change: float


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The states of a vendor's tasks, in order, and the word for each end.

    A fate for which the vendor has no word ends as an ordinary failure.
    """

    stages: tuple[Stage, ...]
    ends: Mapping[Fate, Any]

    def changes(
        self, created: float, seed: int, fate: Fate, *, slow: bool = False, never: bool = False
    ) -> tuple[float, ...]:
        """Return the times at which a task of this *seed* leaves each stage, the last being its end.

        Args:
            created: When it was created.
            seed: Determines the duration of each stage.
            fate: How it ends.
            slow: Whether each stage takes `SLOW_FACTOR` times longer.
            never: Whether it does not end by itself: its end is `LATEST`.
        """
        factor = SLOW_FACTOR if slow else 1.0
        times = []
        now = created
        # Each stage takes 16 bits of the seed, so that equal seeds give equal durations and stages differ.
        for stage in self.stages:
            share = (seed & 0xFFFF) / _UNIT
            seed >>= 16
            now += (stage.least + (stage.most - stage.least) * share) * factor
            times.append(now)
        if fate is _TIMEOUT:
            times[-1] = max(times[-1], created + _TIMEOUT_SECONDS * factor)
        if never:
            times[-1] = LATEST
        return tuple(times)

    def final_word(self, fate: Fate) -> Any:
        """Return the vendor's word for *fate*."""
        return self.ends.get(fate, self.ends[Fate.FAIL])

    def state_at(self, now: float, created: float, changes: tuple[float, ...], fate: Fate, seed: int) -> TaskState:
        """Return a task's state at the time *now*.

        The progress of a task that will fail ends at a value derived from its seed, so that it never decreases.
        """
        # An unfinished task never shows 100, and one that will fail stops before it.
        most = _FULL if fate is _SUCCEED else 20 + seed % 70
        stage = bisect_right(changes, now)
        if stage == len(changes):
            return TaskState(self.final_word(fate), True, most, now)
        if stage == 0 and len(changes) > 1:
            return TaskState(self.stages[0].word, False, 0, changes[0])
        start = changes[0] if len(changes) > 1 else created
        share = (now - start) / (changes[-1] - start)
        return TaskState(self.stages[stage].word, False, min(int(most * share), most - 1), changes[stage])


@dataclass(frozen=True, slots=True)
class CallbackPlan:
    """When a vendor calls back, as data.

    Attributes:
        on: ``end``: once, at the final state; ``change``: at every change of state.
        field: The parameter of a create call that names the address.
        delays: Account seconds after which a callback without a 2xx response is sent again; there is one attempt more
            than delays.
    """

    on: Literal["end", "change"] = "end"
    field: str = "callback"
    delays: tuple[float, ...] = (10.0, 60.0, 300.0)

    def times(self, changes: tuple[float, ...]) -> tuple[float, ...]:
        """Return when callbacks are due for the first time, for a task with these *changes*."""
        return changes if self.on == "change" else changes[-1:]
