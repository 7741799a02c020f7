"""Tests of the program, with the fixtures of Soundstage's pytest plugin: no key, no credit, no network, no waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import video

if TYPE_CHECKING:
    from pathlib import Path

    from soundstage_contracts import Simulator


@pytest.fixture(autouse=True)
def environment(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Direct the program to the simulator, with the test's own account."""
    simulator.env(monkeypatch)


def test_video_is_saved(simulator: Simulator, tmp_path: Path) -> None:
    """One job is paid, and its file is a video."""
    made = video.generate("A lighthouse at dusk")
    video.save(made, tmp_path / "video.mp4")
    assert (tmp_path / "video.mp4").read_bytes()[4:8] == b"ftyp"
    assert simulator.infrai.jobs.assert_one("generate").id == made.id
    simulator.infrai.requests.assert_one("generate", json={"prompt": "A lighthouse at dusk"})


def test_failed_job_is_an_error_and_costs_nothing(simulator: Simulator) -> None:
    """The service's reason is in the error."""
    simulator.infrai.next_job(fails=True)
    with pytest.raises(video.VideoError, match="has failed"):
        video.generate("A lighthouse")
    assert simulator.infrai.spent == 0


def test_no_credit_is_an_error(simulator: Simulator) -> None:
    """A refused job is not asked for again."""
    simulator.infrai.balance = 0
    with pytest.raises(video.VideoError, match="INSUFFICIENT"):
        video.generate("A lighthouse")
    simulator.infrai.requests.assert_one(method="POST")
    simulator.infrai.jobs.assert_none()


def test_server_errors_while_polling_are_survived(simulator: Simulator) -> None:
    """A job that was paid is not given up for a response with 503."""
    fault = simulator.infrai.fault(503, method="GET", times=3)
    assert video.generate("A lighthouse").url
    assert fault.used == 3


def test_job_that_never_ends_is_given_up(simulator: Simulator) -> None:
    """The program's own ten minutes take no time here."""
    simulator.infrai.next_job(never_ends=True)
    with pytest.raises(video.VideoError, match="not ready after 600 seconds"):
        video.generate("A lighthouse")
