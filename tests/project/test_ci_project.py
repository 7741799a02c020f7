"""The example of a user's project: its configuration is short and its CI commands work."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.warm import run_module

PROJECT = Path(__file__).parents[2] / "examples" / "ci_project"
WORKFLOW = PROJECT / ".github" / "workflows" / "contracts.yml"
CONFIGURATION = (PROJECT / "pyproject.toml", WORKFLOW)
COMMANDS = re.findall(r"^      - run: (pytest.*)$", WORKFLOW.read_text(encoding="utf-8"), re.MULTILINE)


def run(folder: Path, command: str, *more: str) -> str:
    """Run a command of the project's CI in a copy of the project and return its output."""
    copy = folder / "postcards"
    shutil.copytree(PROJECT, copy)
    program, *words = shlex.split(command)
    done = run_module(program, *words, *more, cwd=copy, env={**os.environ, "PYTEST_ADDOPTS": "-p no:cacheprovider"})
    assert done.code == 0, done.out + done.err
    return done.out


def test_configuration_takes_twenty_lines() -> None:
    """The configuration is short, and the README shows the same commands as the CI workflow."""
    lines = [line for path in CONFIGURATION for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert len(lines) <= 20
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert len(COMMANDS) == 2
    assert all(command in readme for command in COMMANDS)


def test_project_tests_pass(tmp_path: Path) -> None:
    """The fixtures are available because the package is installed."""
    printed = run(tmp_path, COMMANDS[0])
    assert "2 passed" in printed
    assert "requests that left the machine: none" in printed


@pytest.mark.parametrize("contract", ["test_journal_redacts_secrets"])
def test_ci_runs_the_contracts_of_one_vendor(tmp_path: Path, contract: str) -> None:
    """The CI command runs the contracts of the vendor that the project uses, in two processes, and writes a report."""
    printed = run(tmp_path, COMMANDS[1], "-k", contract)
    assert "1 passed" in printed
    assert (tmp_path / "postcards" / "contracts.html").read_text(encoding="utf-8").startswith("<!doctype html>")
