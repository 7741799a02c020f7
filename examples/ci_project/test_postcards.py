"""What the program promises, without a key, a credit or a network: the fixtures come with Understudy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from postcards import make

from understudy import errors

if TYPE_CHECKING:
    from pathlib import Path

    from understudy import Tomoviee
    from understudy_contracts import Understudy


def test_a_postcard_is_a_film(tomoviee: Tomoviee, tmp_path: Path) -> None:
    """A place becomes an MP4."""
    assert make("Lisbon", tmp_path, tomoviee).suffix == ".mp4"


def test_what_cannot_be_made_costs_nothing(understudy: Understudy, tomoviee: Tomoviee, tmp_path: Path) -> None:
    """A failure is an error, and the credits come back."""
    understudy.order("tomoviee", "fail", times=1)
    with pytest.raises(errors.JobFailed):
        make("Atlantis", tmp_path, tomoviee)
    assert understudy.money("tomoviee").spent == 0
