"""The doors beside Python: the container, the compose file and the GitHub Action start the server as they promise."""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import httpx
import pytest

from soundstage_cli.commands import build_parser
from soundstage_contracts import load_facts
from soundstage_server import Server, World

ROOT = Path(__file__).parents[2]
CONTAINERFILE = (ROOT / "Containerfile").read_text(encoding="utf-8")
ACTION = ROOT / "tools" / "github_action.py"


def instruction(name: str) -> list[str]:
    """Return the JSON arguments of the last instruction *name* of the Containerfile."""
    found: list[str] = json.loads(re.findall(rf"^ *{name} (\[.*\])$", CONTAINERFILE, re.MULTILINE)[-1])
    return found


def test_container_runs_a_valid_command() -> None:
    """Entry point and default arguments are options that `soundstage serve` has; the user is not root."""
    program, *words = instruction("ENTRYPOINT") + instruction("CMD")
    assert program == "soundstage"
    args = build_parser().parse_args(words)
    assert (args.command, args.host, args.port) == ("serve", "0.0.0.0", "8080")  # noqa: S104 - inside the container
    assert re.findall(r"^USER (\d+):", CONTAINERFILE, re.MULTILINE) == ["65532"]


def test_health_check_follows_the_server() -> None:
    """The check of the image passes while a server runs, and fails when none does or when it is no simulator."""
    check = next(line for line in CONTAINERFILE.splitlines() if line.startswith("  CMD ["))
    words: list[str] = json.loads(check.removeprefix("  CMD "))
    assert words[0] == "python3"

    def checked(port: int) -> int:
        text = words[2].replace("8080", str(port))
        return subprocess.run([sys.executable, *words[1:-1], text], capture_output=True, check=False).returncode

    with World() as world, Server(world) as server:
        assert checked(server.port) == 0
        port = server.port
    assert checked(port) != 0


def test_compose_file_waits_for_health() -> None:
    """The tests start when the server is healthy, on a read-only root file system."""
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert "condition: service_healthy" in text
    assert "read_only: true" in text
    (address,) = re.findall(r"INFRAI_BASE_URL: (\S+)", text)
    assert address == load_facts("infrai").vendors["infrai"].base_url_at("http://soundstage:8080")


def test_image_contains_what_the_build_needs() -> None:
    """Every file that the build reads is let through by .containerignore."""
    passed = {line[1:] for line in (ROOT / ".containerignore").read_text().splitlines() if line.startswith("!")}
    assert passed >= {
        "clients",
        "mock_server",
        "contracts",
        "pyproject.toml",
        "constraints.txt",
        "README.md",
        "LICENSE",
    }
    assert all((ROOT / name).exists() for name in passed)


@pytest.fixture
def runner(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a step of the action."""
    files = {name: str(tmp_path / name) for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    return {**os.environ, **files, "RUNNER_TEMP": str(tmp_path), "OPTIONS": "--speed auto --media small"}


def step(task: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run one task of the action."""
    words = [sys.executable, str(ACTION), task]
    return subprocess.run(words, env=environ, capture_output=True, text=True, check=False, timeout=60)


def test_action_starts_exports_and_bills(runner: dict[str, str]) -> None:
    """`start` exports the address and every variable to the next steps; `bill` has the costs and ends the server."""
    started = step("start", runner)
    assert started.returncode == 0, started.stderr
    exported = dict(line.split("=", 1) for line in Path(runner["GITHUB_ENV"]).read_text().splitlines())
    assert Path(runner["GITHUB_OUTPUT"]).read_text() == f"url={exported['SOUNDSTAGE_URL']}\n"
    assert all(exported.keys() >= facts.environment.keys() for facts in load_facts().vendors.values())
    headers = {"Authorization": f"Bearer {exported['INFRAI_API_KEY']}"}
    url = f"{exported['INFRAI_BASE_URL']}/v1/video/generate"
    assert httpx.post(url, json={"prompt": "A fox", "duration_seconds": 2}, headers=headers).status_code == 200
    billed = step("bill", {**runner, **exported})
    assert billed.stdout.splitlines() == ["would have been spent: 0.04 USD", "double submissions: none"]
    assert "- would have been spent: 0.04 USD" in Path(runner["GITHUB_STEP_SUMMARY"]).read_text()


def test_action_reports_what_is_wrong(runner: dict[str, str]) -> None:
    """An option that `serve` does not have, and a task that does not exist, fail the step with the reason."""
    assert "--bogus" in (failed := step("start", {**runner, "OPTIONS": "--bogus"})).stderr
    assert failed.returncode != 0
    assert "allowed: start, bill" in step("pay", runner).stderr


@pytest.mark.parametrize("task", ["bill", "stop"])
def test_action_refuses_a_task_before_it_uses_a_server(task: str, tmp_path: Path) -> None:
    """The step's own script names a task that does not exist, and a bill without a start; nothing is installed."""
    script = textwrap.dedent((ROOT / "action.yml").read_text(encoding="utf-8").partition("run: |\n")[2])
    environ = {"PATH": os.environ["PATH"], "TASK": task, "RUNNER_TEMP": str(tmp_path), "GITHUB_ACTION_PATH": str(ROOT)}
    words = ["bash", "-e", "-c", script]  # as the runner does
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert {"bill": "needs an earlier step", "stop": "task is 'stop'; allowed: start, bill"}[task] in done.stdout
    assert list(tmp_path.iterdir()) == []


STUB = """#!/bin/sh
printf '%s\\n' "$0 $*" >> "$CALLS"
case "$1 $2" in
  "-m venv") mkdir -p "$3/Scripts" "$3/bin"; cp "$0" "$3/Scripts/python"; cp "$0" "$3/bin/python" ;;
  "-c "*) exit "$TOO_OLD" ;;
esac
"""
"""A Python that notes how it is called, and makes an environment in which it is itself."""


def run_script(tmp_path: Path, system: str, *, too_old: int = 0) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run the step's script as on a runner of *system* with the task start; return it, and the calls of Python."""
    script = textwrap.dedent((ROOT / "action.yml").read_text(encoding="utf-8").partition("run: |\n")[2])
    name, folders = (
        ("python", ("D:\\a\\_temp", "D:\\act ion")) if system == "Windows" else ("python3", ("temp", "act ion"))
    )
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / name).write_text(STUB)
    (programs / name).chmod(0o755)
    calls = tmp_path / "calls"
    environ = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "CALLS": str(calls),
        "TOO_OLD": str(too_old),
        "TASK": "start",
        "RUNNER_OS": system,
        "RUNNER_TEMP": folders[0],
        "GITHUB_ACTION_PATH": folders[1],
    }
    words = ["bash", "-e", "-c", script]
    done = subprocess.run(words, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
    return done, calls.read_text().replace(f"{programs}/", "").splitlines()


@pytest.mark.parametrize(
    ("system", "python", "installed", "action"),
    [
        ("Linux", "python3", "temp/soundstage/bin/python", "act ion"),
        ("Windows", "python", "D:/a/_temp/soundstage/Scripts/python", "D:/act ion"),
    ],
)
def test_action_uses_the_paths_of_its_runner(
    tmp_path: Path, system: str, python: str, installed: str, action: str
) -> None:
    """Environment, constraints and script are found where the runner's system has them, also in a path with a space."""
    done, calls = run_script(tmp_path, system)
    assert done.returncode == 0, done.stderr
    assert calls[1:] == [
        f"{python} -m venv {installed.rpartition('/')[0].rpartition('/')[0]}",
        f"{installed} -m pip install --quiet -c {action}/constraints.txt {action}[run]",
        f"{installed} {action}/tools/github_action.py start",
    ]


@pytest.mark.parametrize("system", ["Linux", "Windows"])
def test_action_names_the_python_that_it_needs(tmp_path: Path, system: str) -> None:
    """A runner whose Python is too old gets one line with the way out, and nothing is installed."""
    done, calls = run_script(tmp_path, system, too_old=1)
    assert done.returncode == 1
    assert "must be Python 3.11 or later; add actions/setup-python before this step" in done.stdout
    assert len(calls) == 1


def test_server_of_the_action_outlives_its_step() -> None:
    """A session of its own, and on Windows, which has none, a group and a console of its own."""
    detached: Any = runpy.run_path(str(ACTION))["detached"]
    assert [detached(platform) for platform in ("linux", "darwin")] == [{"start_new_session": True}] * 2
    assert detached("win32") == {"creationflags": 0x8000200}


def test_bill_without_a_server_is_explained(runner: dict[str, str]) -> None:
    """The message has what is needed, and no traceback."""
    runner.pop("SOUNDSTAGE_URL", None)
    done = step("bill", runner)
    assert done.returncode == 1
    assert done.stderr.startswith("SOUNDSTAGE_URL is not set; the task bill needs an earlier step")


def test_bill_lists_double_submissions() -> None:
    """Each double submission has its vendor and both ids."""
    bill_of: Any = runpy.run_path(str(ACTION))["bill_of"]
    double = {"first": "a", "second": "b"}
    account = {"unit": "USD", "spent": 0, "reserved": 1.5, "vendor": "infrai", "double_submissions": [double]}
    assert list(bill_of([account])) == ["would have been spent: 1.5 USD", "double submissions: infrai a and b"]


def test_action_has_the_options_of_serve() -> None:
    """The default options of action.yml are valid."""
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    (options,) = re.findall(r"default: (--.*)", text)
    assert build_parser().parse_args(["serve", *shlex.split(options)]).media == "small"
