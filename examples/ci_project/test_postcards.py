"""Tests of the program without a key, credit or network, with the fixtures of Soundstage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from postcards import make

from soundstage import errors

if TYPE_CHECKING:
    from pathlib import Path

    from soundstage import Tomoviee
    from soundstage_contracts import Simulator


def test_postcard_is_a_video(tomoviee: Tomoviee, tmp_path: Path) -> None:
    """A postcard is saved as an MP4 file."""
    assert make("Lisbon", tmp_path, tomoviee).suffix == ".mp4"


def test_failed_postcard_costs_nothing(simulator: Simulator, tomoviee: Tomoviee, tmp_path: Path) -> None:
    """A failed job raises an error and is refunded."""
    simulator.tomoviee.next_job(fails=True)
    with pytest.raises(errors.JobFailed):
        make("Atlantis", tmp_path, tomoviee)
    assert simulator.tomoviee.spent == 0
