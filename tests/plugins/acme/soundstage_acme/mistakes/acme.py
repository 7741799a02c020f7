"""Mistakes in Acme's client and simulator that its contracts must catch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from soundstage import JobState
from soundstage_acme import client, simulator
from soundstage_contracts.mutation.mutations import Mutations

if TYPE_CHECKING:
    import pytest

MUTATIONS = Mutations("acme")


@MUTATIONS.in_client("states")
def done_is_running(patch: pytest.MonkeyPatch) -> None:
    """A finished image is read as one that is still made."""
    patch.setitem(client.STATES, "done", JobState.RUNNING)


@MUTATIONS.in_simulator("errors")
def credit_is_a_bad_request(patch: pytest.MonkeyPatch) -> None:
    """An account without credits is refused as a bad request is."""
    patch.setattr(
        simulator.AcmeSimulator, "refusals", simulator.AcmeSimulator.refusals._replace(no_credit=simulator.INVALID)
    )
