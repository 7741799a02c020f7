"""The example of a user's project: it has little to configure, and its CI does what it says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2] / "examples" / "ci_project"
WORKFLOW = PROJECT / ".github" / "workflows" / "contracts.yml"
CONFIGURATION = (PROJECT / "pyproject.toml", WORKFLOW)
COMMANDS = re.findall(r"^      - run: (pytest.*)$", WORKFLOW.read_text(encoding="utf-8"), re.MULTILINE)


def run(folder: Path, command: str, *more: str) -> str:
    """Run a command of the project's CI in a copy of it, and return what it printed."""
    copy = folder / "postcards"
    shutil.copytree(PROJECT, copy)
    path = os.pathsep.join(entry for entry in sys.path if entry)
    environment = {**os.environ, "PYTHONPATH": path, "PYTEST_ADDOPTS": "-p no:cacheprovider"}
    words = [sys.executable, "-m", *shlex.split(command), *more]
    ended = subprocess.run(words, cwd=copy, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_it_takes_twenty_lines_of_configuration() -> None:
    """What a user has to write down is short, and says the same as what the project tells them."""
    lines = [line for path in CONFIGURATION for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert len(lines) <= 20
    told = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert len(COMMANDS) == 2
    assert all(command in told for command in COMMANDS)


def test_the_projects_own_tests_pass(tmp_path: Path) -> None:
    """The fixtures are there because the package is installed."""
    printed = run(tmp_path, COMMANDS[0])
    assert "2 passed" in printed
    assert "requests that left the machine: none" in printed


@pytest.mark.parametrize("contract", ["test_the_journal_keeps_no_secret"])
def test_its_ci_runs_the_contracts_of_the_one_vendor_it_uses(tmp_path: Path, contract: str) -> None:
    """The command of the CI collects that vendor alone, in two processes, and leaves the page."""
    printed = run(tmp_path, COMMANDS[1], "-k", contract)
    assert "1 passed" in printed
    assert (tmp_path / "postcards" / "contracts.html").read_text(encoding="utf-8").startswith("<!doctype html>")
