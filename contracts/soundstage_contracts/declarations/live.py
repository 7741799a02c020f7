"""What a vendor declares about being asked live: a few calls, from free to paid for, that say whether we are right.

The ladder has three rungs, climbed in this order: calls that are free; a job that is submitted and cancelled at once,
where there is a cancel; the cheapest generation once, to its end and downloaded. A rung that fails ends the climb.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from soundstage import SoundstageError

Rung = Literal["free", "cancel", "generation"]

RUNGS: Final[tuple[Rung, ...]] = ("free", "cancel", "generation")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCall:
    """One call to a live service.

    Attributes:
        name: What it is called, words joined by dashes.
        about: What is done, in a few words, for the plan.
        rung: Where it stands on the ladder.
        call: Makes the call with a blocking client and the run's inputs, and returns the job, if it starts one.
        facts: Facts without the slug that are seen live when it goes well.
        price: What it costs in the vendor's own unit; None where nobody documents it. A free call costs 0.
        needs: The inputs it takes, as ``--soundstage-input NAME=VALUE`` gives them.
        refused: The error that must come, where a refusal is what the call asks for.
    """

    name: str
    about: str
    rung: Rung
    call: Callable[[Any, Mapping[str, str]], Any]
    facts: tuple[str, ...] = ()
    price: float | None = 0.0
    needs: tuple[str, ...] = ()
    refused: type[SoundstageError] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePlan:
    """What is asked of a live service.

    Attributes:
        calls: The calls, of any rung, in any order.
        unit: What the vendor counts in, such as ``credits``.
        balance: Reads what the account holds, free of charge; None where nothing can be read.
        examples: Inputs that a simulator takes on trust, for rehearsals.
    """

    calls: tuple[LiveCall, ...]
    unit: str = "credits"
    balance: Callable[[Any], float] | None = None
    examples: Mapping[str, str] = field(default_factory=dict)

    def ladder(self) -> tuple[LiveCall, ...]:
        """Return the calls from the lowest rung to the highest."""
        return tuple(sorted(self.calls, key=lambda call: RUNGS.index(call.rung)))
