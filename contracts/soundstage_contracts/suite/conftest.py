"""What the contracts share: the target of the run, and how hard Hypothesis looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from soundstage_contracts.live.run import LiveRun
from soundstage_contracts.outcomes import unchecked
from soundstage_contracts.report.observer import LIVE_RUN, RUN_OPTIONS
from soundstage_contracts.simulators.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

settings.register_profile(
    "soundstage-quick",
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile(
    "soundstage-thorough", settings.get_profile("soundstage-quick"), max_examples=400, stateful_step_count=60
)
settings.register_profile("soundstage-live", settings.get_profile("soundstage-quick"), max_examples=5)


def pytest_configure(config: pytest.Config) -> None:
    """Look as hard as ``--soundstage-effort`` says."""
    settings.load_profile(f"soundstage-{config.stash[RUN_OPTIONS].effort}")


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """Reach the simulator that the contracts of this run are about; a live service is none."""
    options = request.config.stash[RUN_OPTIONS]
    if options.live:
        unchecked("needs a simulator, which can be told what to do; a live service cannot")
    with Target(options.target, seed=options.seed) as reached:
        yield reached


@pytest.fixture(scope="session")
def live_run(request: pytest.FixtureRequest) -> Iterator[LiveRun]:
    """Climb the ladders: those of the services themselves, or a rehearsal on the simulator."""
    options = request.config.stash[RUN_OPTIONS]
    found = request.config.stash.get(LIVE_RUN, None)
    with found or LiveRun(options, request.getfixturevalue("target")) as run:
        yield run
