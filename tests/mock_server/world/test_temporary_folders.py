"""Temporary folders belong to the process that made them, and their absence is reported in words."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from soundstage_server import Simulator
from soundstage_server.media.temporary import NoTemporaryFolderError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mock_server.conftest import Kit

FORKING = """
import os, sys
from soundstage_server import World
from soundstage_server.media import Image
with World(clock="auto", media="small", state=sys.argv[1]) as world:
    world.add_upload("a.txt", b"hello")
    made = [world.uploads.get(world.add_upload("a.txt", b"hello").split("/")[3]).path]
    if os.fork() == 0:
        sys.exit(0)
    os.wait()
    world.account("tomoviee", "key")
    world.save()
    print(*(path.read_text() for path in made))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_child_removes_nothing(kit: Kit, tmp_path: Path) -> None:
    """A child that leaves the block, and ends, takes no file of its parent with it."""
    command = [sys.executable, "-c", FORKING, str(tmp_path / "state")]
    done = subprocess.run(command, capture_output=True, text=True, env=kit.environment(), timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "hello\n"), done.stderr
    with kit.world(clock=None, state=tmp_path / "state") as world:
        assert len(list(world.accounts())) == 1


KILLED = """
import sys, time
from soundstage_server import World
world = World(clock="auto", media="small")
world.add_upload("a.txt", b"hello")
print("ready", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX locks")
def test_folder_of_a_killed_process_is_removed_by_the_next(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of living processes stay, and so does what is no folder of ours."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    foreign = tmp_path / "soundstage-notes"
    foreign.mkdir()
    environment = {**kit.environment(), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", KILLED]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            (theirs,) = (folder for folder in tmp_path.iterdir() if folder != foreign)
            with kit.world() as world:
                world.add_upload("b.txt", b"hello")
                assert theirs.is_dir()
        finally:
            process.kill()
    assert theirs.is_dir()
    with kit.world() as world:
        world.add_upload("b.txt", b"hello")
        assert not theirs.exists()
        assert len(list(tmp_path.iterdir())) == 2
    assert list(tmp_path.iterdir()) == [foreign]


def test_missing_temporary_folder_is_named(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Uploads and results get HTTP 507 with what to do, and Python an error with the same message."""
    monkeypatch.setattr(tempfile, "tempdir", "/proc/nowhere")
    with kit.world() as world:
        caller = kit.caller(world)
        caller.create()
        world.advance(600)
        (task,) = world.tasks()
        (url,) = world.services["tomoviee"].result_urls(task)
        reply = caller.fetch(url)
        assert (reply.status, "TMPDIR" in reply.json()["error"]) == (507, True)
        reply = kit.control(Simulator(world), "POST", "/files", b"x", query="name=a.png")
        assert (reply.status, "TMPDIR" in reply.json()["detail"]) == (507, True)
        with pytest.raises(NoTemporaryFolderError, match="TMPDIR"):
            world.add_upload("a.png", b"x")
