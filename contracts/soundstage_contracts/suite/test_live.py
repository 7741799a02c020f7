"""Each vendor's ladder of live calls: free, submitted and cancelled, generated once to the end and downloaded.

Against a simulator this is a rehearsal, which shows that the plan holds. With ``--soundstage-target live`` the services
themselves are asked, within the budget, and what they say is compared with what the simulator says to the same calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from soundstage_contracts.declarations.vendor import contract_of
from soundstage_contracts.registry import complete_vendors
from soundstage_contracts.report.observer import RECORDED_CALL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_contracts.declarations.live import LiveCall
    from soundstage_contracts.live.run import LiveRun


def live_calls() -> Iterator[Any]:
    """Return every vendor's calls, from the lowest rung to the highest."""
    for vendor in complete_vendors():
        plan_calls = contract_of(vendor).live
        for call in plan_calls.ordered_calls() if plan_calls is not None else ():
            yield pytest.param(vendor, call, id=f"{vendor}-{call.name}")


@pytest.mark.parametrize(("vendor", "call"), list(live_calls()))
def test_the_service_answers_as_the_simulator_does(
    live_run: LiveRun, vendor: str, call: LiveCall, request: pytest.FixtureRequest
) -> None:
    """A call of the ladder ends as it must, and nothing that comes back would break a program."""
    recorded = request.node.stash[RECORDED_CALL] = live_run.run_call(vendor, call)
    recorded.raise_for_outcome()
