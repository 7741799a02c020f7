"""One simulator for the tests of this folder, and the object that a user's test gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from soundstage_contracts.testing.session import SimulatorSession

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_contracts import Simulator


@pytest.fixture(scope="package")
def session() -> Iterator[SimulatorSession]:
    """One simulator for this folder."""
    with SimulatorSession() as session:
        yield session


@pytest.fixture
def theirs(session: SimulatorSession, request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """The object that a user's test gets."""
    with session.for_test(request.node.nodeid) as simulator:
        yield simulator
