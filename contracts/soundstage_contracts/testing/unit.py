"""The simulator in tests of `unittest`, with and without pytest."""

from __future__ import annotations

import unittest
from typing import TYPE_CHECKING, ClassVar

from soundstage_contracts.testing.session import SimulatorSession

if TYPE_CHECKING:
    from soundstage_contracts.testing.simulator import Simulator


class SimulatorTestCase(unittest.TestCase):
    """A test case whose tests have ``self.simulator``.

    One simulator runs for the class; each test has accounts of its own.
    """

    simulator: Simulator
    _session: ClassVar[SimulatorSession]

    @classmethod
    def setUpClass(cls) -> None:
        """Start the simulator."""
        super().setUpClass()
        cls._session = cls.enterClassContext(SimulatorSession())

    def setUp(self) -> None:
        """Open the test's accounts, which end with the test."""
        super().setUp()
        self.simulator = self.enterContext(self._session.for_test(self.id()))
