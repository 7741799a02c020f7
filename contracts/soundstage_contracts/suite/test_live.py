"""Each vendor's live calls: free ones, a job that is canceled, and a job that is generated and downloaded.

Against a simulator this is a rehearsal of the plan. With ``--soundstage-target live`` the calls go to the services
themselves, within the budget, and their responses are compared with the simulator's responses to the same calls.
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
    """Return every vendor's calls, from the cheapest tier to the dearest."""
    for vendor in complete_vendors():
        plan_calls = contract_of(vendor).live
        for call in plan_calls.ordered_calls() if plan_calls is not None else ():
            yield pytest.param(vendor, call, id=f"{vendor}-{call.name}")


@pytest.mark.parametrize(("vendor", "call"), list(live_calls()))
def test_live_call_matches_the_simulator(
    live_run: LiveRun, vendor: str, call: LiveCall, request: pytest.FixtureRequest
) -> None:
    """Each live call succeeds, and no response breaks the client."""
    recorded = request.node.stash[RECORDED_CALL] = live_run.run_call(vendor, call)
    recorded.raise_for_outcome()
