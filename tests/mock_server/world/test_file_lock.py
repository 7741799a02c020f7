"""The state file where `fcntl` does not exist: another lock, or a refusal that names the reason."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

HIDDEN = "import sys; sys.modules['fcntl'] = None\n"
# What Windows has in its place, for one process: a lock on a file by its inode until the file is closed.
MSVCRT = """
import asyncio, os, types  # asyncio first: it asks by msvcrt whether this is Windows
locks = {}
def locking(descriptor, mode, size):
    key = os.fstat(descriptor).st_ino
    if key in locks and os.path.exists(f"/proc/self/fd/{locks[key]}") and locks[key] != descriptor:
        raise OSError("locked")
    locks[key] = descriptor
sys.modules["msvcrt"] = types.SimpleNamespace(locking=locking, LK_NBLCK=2)
"""
SERVE = """
from soundstage_server.http import server as serving
from soundstage_cli.main import main
serving.Server.run = lambda self, on_ready: (on_ready(), self.stop())
sys.exit(main(["serve", "--port", "0", *sys.argv[1:]]))
"""
TWICE = """
from soundstage_server import World
from soundstage_server.world.snapshot import StateError
for _ in range(2):
    with World(state=sys.argv[1], seed=7, clock="manual", vendors=["infrai"]):
        try:
            World(state=sys.argv[1])
        except StateError as error:
            print(error)
"""


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run *program* in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_serve_starts_without_fcntl() -> None:
    """Without a state file, `serve` needs no file lock."""
    done = run(HIDDEN + SERVE)
    assert done.returncode == 0, done.stderr
    assert "Soundstage is ready at" in done.stdout


def test_state_file_is_refused_where_no_lock_exists(tmp_path: Path) -> None:
    """With neither `fcntl` nor `msvcrt`, `--state` is refused with the reason, and no file is created."""
    path = tmp_path / "state"
    done = run(HIDDEN + "sys.modules['msvcrt'] = None\n" + SERVE, "--state", str(path))
    assert done.returncode == 1
    assert f"cannot use {path} as a state file: this system cannot lock files; run without one" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the replacement of msvcrt reads /proc")
def test_state_file_is_locked_by_msvcrt(tmp_path: Path) -> None:
    """Where `msvcrt` locks files, a state file works, a second world is refused, and the lock ends with the world."""
    path = tmp_path / "state"
    done = run(HIDDEN + MSVCRT + TWICE, str(path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"cannot use {path} as a state file: another world has it open"] * 2
