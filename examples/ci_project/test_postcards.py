"""What the program promises, without a key, a credit or a network: the fixtures come with Soundstage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from postcards import make

from soundstage import errors

if TYPE_CHECKING:
    from pathlib import Path

    from soundstage import Tomoviee
    from soundstage_contracts import Soundstage


def test_a_postcard_is_a_film(tomoviee: Tomoviee, tmp_path: Path) -> None:
    """A place becomes an MP4."""
    assert make("Lisbon", tmp_path, tomoviee).suffix == ".mp4"


def test_what_cannot_be_made_costs_nothing(soundstage: Soundstage, tomoviee: Tomoviee, tmp_path: Path) -> None:
    """A failure is an error, and the credits come back."""
    soundstage.order("tomoviee", "fail", times=1)
    with pytest.raises(errors.JobFailed):
        make("Atlantis", tmp_path, tomoviee)
    assert soundstage.money("tomoviee").spent == 0
