"""Each vendor's ladder of live calls: free, submitted and cancelled, generated once to the end and downloaded.

Against a simulator this is a rehearsal, which shows that the plan holds. With ``--soundstage-target live`` the services
themselves are asked, within the budget, and what they say is compared with what the simulator says to the same calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from soundstage_contracts import VENDORS
from soundstage_contracts.report.observer import PLAYED
from soundstage_contracts.simulators.session import contract_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_contracts.declarations.live import LiveCall
    from soundstage_contracts.live.run import LiveRun


def ladders() -> Iterator[Any]:
    """Return every vendor's calls, from the lowest rung to the highest."""
    for vendor in VENDORS:
        plan = contract_of(vendor).live
        for call in plan.ladder() if plan is not None else ():
            yield pytest.param(vendor, call, id=f"{vendor}-{call.name}")


@pytest.mark.parametrize(("vendor", "call"), list(ladders()))
def test_the_service_answers_as_the_simulator_does(
    live_run: LiveRun, vendor: str, call: LiveCall, request: pytest.FixtureRequest
) -> None:
    """A call of the ladder ends as it must, and nothing that comes back would break a program."""
    played = request.node.stash[PLAYED] = live_run.play(vendor, call)
    played.settle()
