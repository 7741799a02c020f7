"""Processes killed by SIGKILL at every HTTP boundary and every write to the store: no job lost, none paid twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from soundstage_server import Server, World

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).with_name("crashing.py")
UNKNOWN = {"cloudsway": "resolve", "infrai": "call_again"}
"""What can be done about an unknown outcome; everywhere else only the vendor can be asked."""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")


@pytest.fixture
def world() -> Iterator[World]:
    """A simulator whose time moves with each poll."""
    with World(clock="auto", media="small") as made:
        yield made


def crash(world: World, folder: Path, vendor: str, *options: str) -> list[dict[str, Any]]:
    """Kill a process at each point, recover each time, check each, and return what became of them."""
    with Server(world) as server:
        command = [sys.executable, str(PROGRAM), vendor, server.base_url(vendor), str(folder), *options]
        # Measuring the coverage of hundreds of processes that are killed would take most of the time.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    for run in runs:
        check(world, vendor, run, "saved" if "save" in options else "succeeded")
    return runs


def check(world: World, vendor: str, run: dict[str, Any], end: str) -> None:
    """One job was paid, finished and recorded once; or its outcome is unknown and the store has it."""
    paid = len(list(world.tasks(world.account(vendor, f"key-of-run-{run['run']}-0123456789"))))
    if run["advice"] == "ask_vendor":
        assert (run["records"], run["finished"]) == ([["sending", None]], []), run
        assert paid <= 1, run
        return
    assert paid == 1, run
    (record,) = run["records"]
    assert record[0] == end, run
    assert {record[1]} == set(run["finished"]), run


@pytest.mark.parametrize(("first", "vendor"), [(0, "infrai"), (1, "cloudsway"), (2, "tomoviee")])
def test_killed_process_loses_no_job(world: World, tmp_path: Path, first: int, vendor: str) -> None:
    """At every fifth point, other points for each kind of service: one job, paid once, or a known unknown outcome.

    It takes seconds, because every point takes two processes.
    """
    runs = crash(world, tmp_path, vendor, "sync", "wait", "sqlite", str(first), "5")
    assert {run["advice"] for run in runs} >= {UNKNOWN.get(vendor, "ask_vendor"), "resume"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("vendor", ["cloudsway", "gmicloud", "infrai", "mediaio", "tomoviee", "veo"])
def test_killed_process_loses_no_job_or_file(world: World, tmp_path: Path, vendor: str, kind: str) -> None:
    """The same at every point, up to the saved files, for every service and both kinds of client."""
    runs = crash(world, tmp_path, vendor, kind, "save", "sqlite")
    assert [run["killed"] for run in runs] == [True] * (len(runs) - 1) + [False]
    assert {run["advice"] for run in runs} == {
        *{"nothing was sent", UNKNOWN.get(vendor, "ask_vendor"), "resume", "nothing is left"}
    }


@pytest.mark.slow
@pytest.mark.parametrize("vendor", ["infrai", "cloudsway", "tomoviee"])
def test_killed_recovery_loses_no_job(world: World, tmp_path: Path, vendor: str) -> None:
    """A process that recovers is killed, too, at every point: the next one finds what both have left."""
    runs = crash(world, tmp_path, vendor, "sync", "recover", "sqlite")
    assert [run["killed"] for run in runs] == [True] * (len(runs) - 1) + [False]
    assert len(runs) > 3


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "vendor"), [("sync", "infrai"), ("async", "cloudsway"), ("sync", "tomoviee")])
def test_killed_process_loses_no_job_with_postgres(
    world: World, tmp_path: Path, postgres_dsn: str, vendor: str, kind: str
) -> None:
    """The same with a store in a real PostgreSQL server, at every point up to the end of the job."""
    runs = crash(world, tmp_path, vendor, kind, "wait", postgres_dsn)
    assert [run["killed"] for run in runs] == [True] * (len(runs) - 1) + [False]
    assert {run["advice"] for run in runs} == {"nothing was sent", UNKNOWN.get(vendor, "ask_vendor"), "resume"}
