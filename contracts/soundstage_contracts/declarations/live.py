"""What a vendor declares about live runs: a few calls to the real service, from free to paid.

Calls have one of three tiers and are made in this order: free calls; a job that is submitted and canceled at once,
where the vendor can cancel; one generation at the lowest price, polled to its end and downloaded. A failed call ends
the run for its vendor.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from soundstage import SoundstageError

Tier = Literal["free", "cancel", "generation"]

TIERS: Final[tuple[Tier, ...]] = ("free", "cancel", "generation")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCall:
    """One call to a live service.

    Attributes:
        name: Its name: words joined by hyphens.
        about: What it does, in a few words, for the plan.
        tier: What it may cost: nothing, a canceled job, or a generation.
        call: Makes the call with a blocking client and the run's inputs, and returns the job, if it starts one.
        facts: Facts without the slug that a successful call proves live.
        price: What it costs in the vendor's own unit; None where the price is not documented. A free call costs 0.
        needs: The inputs it takes, as ``--soundstage-input NAME=VALUE`` gives them.
        refused: The error that the call must raise, where it tests a refusal.
    """

    name: str
    about: str
    tier: Tier
    call: Callable[[Any, Mapping[str, str]], Any]
    facts: tuple[str, ...] = ()
    price: float | None = 0.0
    needs: tuple[str, ...] = ()
    refused: type[SoundstageError] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePlan:
    """The live calls of one vendor.

    Attributes:
        calls: The calls, of any tier, in any order.
        unit: The vendor's unit of price, such as ``credits``.
        balance: Reads the account's balance free of charge; None where the vendor has no such call.
        examples: Inputs that a simulator accepts without fetching them, for rehearsals.
    """

    calls: tuple[LiveCall, ...]
    unit: str = "credits"
    balance: Callable[[Any], float] | None = None
    examples: Mapping[str, str] = field(default_factory=dict)

    def ordered_calls(self) -> tuple[LiveCall, ...]:
        """Return the calls from the free tier to the paid one."""
        return tuple(sorted(self.calls, key=lambda call: TIERS.index(call.tier)))
