"""Laws about the exchanges that the vendor's documents show, in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from soundstage_contracts.laws.binding import law
from soundstage_contracts.transcripts.replay import Transcript, replay_on_client, replay_on_simulator

if TYPE_CHECKING:
    from soundstage_contracts.laws.terms import Terms
    from soundstage_contracts.simulators.target import Target


@law("server", transcript="transcripts")
def test_service_answers_as_documented(vendor: Terms, target: Target, transcript: Transcript) -> None:
    """Every documented request gets a response of the documented form."""
    replay_on_simulator(transcript, target, vendor.contract)


@law("client", transcript="transcripts")
def test_client_requests_as_documented(vendor: Terms, transcript: Transcript) -> None:
    """The client sends the documented requests, and reads the documented responses to their end."""
    replay_on_client(transcript, vendor.contract, vendor.documented.base_url)
