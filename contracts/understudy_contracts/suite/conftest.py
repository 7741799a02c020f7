"""What the contracts share: the target of the run, and how hard Hypothesis looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from understudy_contracts._targets import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

settings.register_profile(
    "understudy-quick",
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile(
    "understudy-thorough", settings.get_profile("understudy-quick"), max_examples=400, stateful_step_count=60
)


def pytest_configure(config: pytest.Config) -> None:
    """Look as hard as ``--understudy-effort`` says."""
    settings.load_profile(f"understudy-{config.getoption('understudy_effort')}")


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """Reach the simulator that the contracts of this run are about."""
    with Target(request.config.getoption("understudy_target")) as reached:
        yield reached
