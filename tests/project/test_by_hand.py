"""The examples that follow a vendor's curl page without this project's client."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import TYPE_CHECKING

from soundstage_server import Server, World

if TYPE_CHECKING:
    import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_kling_example_saves_a_video(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The video is found by the caller's own name for it and saved."""
    example = runpy.run_path(str(EXAMPLES / "cloudsway_by_hand.py"))
    with World(clock="auto", media="small") as world, Server(world) as server:
        video = example["follow"](server.base_url("cloudsway"), "my-endpoint", tmp_path)
    assert video.read_bytes()[4:8] == b"ftyp"
    assert "found by its external id: True" in capsys.readouterr().out
