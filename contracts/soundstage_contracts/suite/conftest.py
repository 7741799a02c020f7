"""What the shared contracts of live calls need beside the plugin's fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from soundstage_contracts.live.run import LiveRun
from soundstage_contracts.report.observer import LIVE_RUN, RUN_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def live_run(request: pytest.FixtureRequest) -> Iterator[LiveRun]:
    """Make the live calls: to the services themselves, or to the simulator as a rehearsal."""
    options = request.config.stash[RUN_OPTIONS]
    found = request.config.stash.get(LIVE_RUN, None)
    with found or LiveRun(options, request.getfixturevalue("target")) as run:
        yield run
