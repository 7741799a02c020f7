"""The pytest plugin, in sessions of its own: fixtures that work, accounts that never meet, and an honest summary."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from soundstage import Tomoviee
from soundstage_contracts import VENDORS
from soundstage_server import Server, World
from tests.warm import pytest_session

READY = """
import asyncio
from soundstage import JobState
from soundstage_contracts import VENDORS

seen = set()


def test_a_client_is_ready(simulator, tomoviee):
    seen.add(simulator.credential)
    assert tomoviee.text_to_video("A fox").wait().state is JobState.SUCCEEDED
    assert simulator.tomoviee.money.spent == 10


def test_an_awaiting_client_is_ready(simulator, async_tomoviee):
    seen.add(simulator.credential)

    async def make_video():
        return await (await async_tomoviee.text_to_video("A fox", resolution="1080p"))

    assert asyncio.run(make_video()).state is JobState.SUCCEEDED
    assert simulator.tomoviee.money.spent == 20


def test_no_account_is_used_twice(simulator):
    assert simulator.credential not in seen


def test_every_vendor_has_its_fixtures(request):
    for vendor in VENDORS:
        request.getfixturevalue(vendor)
        request.getfixturevalue(f"async_{vendor}")
"""
TWICE = """
def test_something_is_paid_twice(tomoviee):
    for _ in range(2):
        tomoviee.text_to_video("The same fox")
"""
AWAY = """
import socket
import sys

def test_something_wants_to_leave(simulator):
    for address in (("192.0.2.1", 443), ("192.0.2.1", 443), ("2001:db8::1", 80, 0, 0), ("127.0.0.1", 9), "/a/socket"):
        sys.audit("socket.connect", None, address)
"""
PLAIN = """
def test_nothing_of_the_kind():
    assert True
"""


def session(folder: Path, tests: str, *options: str) -> tuple[int, str]:
    """Run *tests* in a pytest session of its own, warnings being errors; return its exit code and what it printed."""
    (folder / "test_theirs.py").write_text(tests, encoding="utf-8")
    ended = pytest_session(folder, "-W", "error", *options)
    return ended.code, ended.out + ended.err


def cold_session(folder: Path, tests: str, *options: str) -> tuple[int, str]:
    """Run *tests* as `session` does, in a new interpreter that has imported nothing yet."""
    (folder / "test_theirs.py").write_text(tests, encoding="utf-8")
    path = os.pathsep.join(entry for entry in sys.path if entry)
    command = [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", "-p", "no:randomly", *options]
    environment = {**os.environ, "PYTHONPATH": path, "PYTEST_ADDOPTS": ""}
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    return ended.returncode, ended.stdout + ended.stderr


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_fixtures_are_ready_and_usage_is_added_up(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Ready clients of both kinds, an account a test, no warning, and a summary: in one process and over workers."""
    code, printed = session(tmp_path, READY + TWICE + AWAY, *options)
    assert code == 0, printed
    assert "would have been spent: 50 credits" in printed
    assert "double submissions: 1\n" in printed
    assert re.search(r"tomoviee tm_text2video_b: \S+ and \S+, 0 s apart", printed)
    assert "requests that left the machine: 3\n" in printed
    assert "  192.0.2.1:443: 2\n" in printed
    assert "  2001:db8::1:80: 1\n" in printed


def test_summary_without_costs(tmp_path: Path) -> None:
    """The summary of a run without costs and external connections has `nothing` and `none`."""
    code, printed = session(tmp_path, "def test_it(simulator):\n    simulator.control.health()\n")
    assert code == 0, printed
    assert "would have been spent: nothing\n" in printed
    assert "double submissions: none\n" in printed
    assert "requests that left the machine: none\n" in printed


def test_local_simulator_uses_no_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine with a proxy, the fixtures reach their simulator without it."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://192.0.2.1:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    code, printed = session(tmp_path, READY)
    assert code == 0, printed
    assert "requests that left the machine: none" in printed


def test_session_without_the_fixtures_prints_nothing(tmp_path: Path) -> None:
    """A session that does not use the plugin prints no summary."""
    code, printed = session(tmp_path, PLAIN)
    assert code == 0, printed
    assert "would have been spent" not in printed


def test_the_fixtures_use_a_simulator_that_runs(tmp_path: Path) -> None:
    """With an address, the fixtures use the simulator there, and the usage is that of this session's accounts alone.

    They are removed from it at the end.
    """
    with World(clock="auto", media="small") as world, Server(world) as server:
        with Tomoviee("another-app", "secret", base_url=f"{server.url}/tomoviee") as client:
            client.text_to_video("Not in this summary")
        code, printed = session(tmp_path, TWICE, "--soundstage-target", server.url)
        (remaining,) = world.accounts()
        assert len(remaining.tasks) == 1
    assert code == 0, printed
    assert "would have been spent: 20 credits" in printed


def test_unreachable_address_is_named(tmp_path: Path) -> None:
    """A wrong address is an error that names it, at the first test that needs a simulator."""
    code, printed = session(tmp_path, TWICE, "--soundstage-target", "http://127.0.0.1:9")
    assert code == 1
    assert "TargetError: no simulator answers at http://127.0.0.1:9" in printed


def test_the_options_are_explained(tmp_path: Path) -> None:
    """`pytest --help` shows every option and what it takes."""
    code, printed = session(tmp_path, PLAIN, "--help")
    assert code == 0
    shown = set(re.findall(r"--soundstage-\S+", printed))
    assert shown == {
        "--soundstage-target=WHERE",
        "--soundstage-vendor=VENDOR",
        "--soundstage-effort={quick,thorough,live}",
        "--soundstage-seed=N",
        "--soundstage-budget=VENDOR=AMOUNT",
        "--soundstage-input=NAME=VALUE",
        "--soundstage-dry-run",
        "--soundstage-strict",
        "--soundstage-offline",
        "--soundstage-record=FOLDER",
        "--soundstage-evidence=FILE",
        "--soundstage-report=FILE",
    }


AMOUNT = "allowed: VENDOR=AMOUNT with an amount from 0, or VENDOR=unknown-ok:N"
BAD_VALUES = [
    ("target", "127.0.0.1:8080", "allowed: in-process, live, or an http address"),
    ("vendor", "unknown", "allowed: tomoviee"),
    ("seed", "-1", "allowed: a whole number from 0 to 4294967295"),
    ("seed", "many", "allowed: a whole number from 0 to 4294967295"),
    ("budget", "unknown=5", "allowed: tomoviee"),
    ("budget", "tomoviee=much", AMOUNT),
    ("budget", "tomoviee=-1", AMOUNT),
    ("budget", "tomoviee=inf", AMOUNT),
    ("budget", "tomoviee=unknown-ok:", AMOUNT),
    ("input", "https://example.test/a.png", "allowed: NAME=VALUE, such as image=https://..."),
]
MANY_RUNS = """
import json, sys, pytest
for arguments in json.loads(sys.argv[1]):
    sys.stderr.write(f"exit code {int(pytest.main(arguments))}; next run\\n")
    sys.stderr.flush()
"""


def test_bad_option_value_is_refused(tmp_path: Path) -> None:
    """A usage error names the option, the value and what is allowed, before anything is collected."""
    runs = [["-p", "no:cacheprovider", f"--soundstage-{option}", value] for option, value, _ in BAD_VALUES]
    path = os.pathsep.join(entry for entry in sys.path if entry)
    # One process for all values: starting an interpreter takes longer than the runs.
    done = subprocess.run(
        [sys.executable, "-c", MANY_RUNS, json.dumps(runs)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path, "PYTEST_ADDOPTS": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    outputs = done.stdout.split("; next run\n")[:-1]
    for (option, value, allowed), printed in zip(BAD_VALUES, outputs, strict=True):
        assert printed.endswith(f"exit code {int(pytest.ExitCode.USAGE_ERROR)}"), printed
        assert f"ERROR: --soundstage-{option} " in printed
        assert repr(value.partition("=")[0] if "names" in printed else value) in printed
        assert allowed in printed


def test_a_dry_run_and_workers_know_their_target(tmp_path: Path) -> None:
    """A dry run asks for a live target, and a live target asks for one process."""
    code, printed = session(tmp_path, PLAIN, "--soundstage-dry-run")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "--soundstage-dry-run needs --soundstage-target live; the target is 'in-process'" in printed
    code, printed = session(tmp_path, PLAIN, "--soundstage-target", "live", "-n", "2")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "-n is given; allowed with a live target: one process" in printed


ALONE = """
import sys
import pytest

assert pytest.main(["-q", "-p", "no:cacheprovider", "-p", "soundstage_contracts.plugin", "test_theirs.py"]) == 0
print("imported:", *sorted(name for name in sys.modules if name.startswith("soundstage") or name in HEAVY))
"""
LIGHT = {
    "soundstage_contracts",
    "soundstage_contracts.extras",
    "soundstage_contracts.options",
    "soundstage_contracts.outcomes",
    "soundstage_contracts.plugin",
    "soundstage_contracts.real_hosts",
    "soundstage_contracts.registry",
    "soundstage_contracts.report",
    "soundstage_contracts.report.observer",
    "soundstage_contracts.report.suites",
}
"""What a session imports that uses no fixture, beside the registry of vendors."""


def test_session_without_the_fixtures_costs_next_to_nothing(tmp_path: Path) -> None:
    """The plugin is loaded in everybody's sessions: it imports no library there, no simulator and no fact."""
    (tmp_path / "test_theirs.py").write_text(PLAIN)
    heavy = {"hypothesis", "httpx", "fastapi", "soundstage_server", "rich", "respx", "av", "anyio", "tomllib"}
    path = os.pathsep.join(entry for entry in sys.path if entry)
    # Measured coverage starts itself in every process, and imports what it needs.
    others = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    environment = {**others, "PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    program = ALONE.replace("HEAVY", repr(heavy))
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    imported = set(done.stdout.partition("imported: ")[2].split())
    assert {name for name in imported if not name.startswith("soundstage_vendors")} == LIGHT


FAILING = """
import httpx
import pytest


def test_wrong_route(simulator):
    httpx.post(f"{simulator.infrai.base_url}/v1/video/create", json={"prompt": "A fox"})
    assert simulator.jobs


def test_wrong_name(request):
    request.getfixturevalue("simulator").infrai.next_job("create", fails=True)


def test_wrong_code(simulator):
    simulator.tomoviee.next_job(refused="17")


def test_wrong_vendor(simulator):
    simulator.account("infrei")


def test_nothing_sent(infrai, simulator):
    simulator.infrai.requests.assert_one("generate")


def test_fixture_that_is_found_later(request):
    request.getfixturevalue("simulator").infrai.next_job(fails=True)


@pytest.mark.soundstage_allow("leek")
def test_wrong_mark(simulator):
    pass
"""


def test_failure_shows_the_requests_and_no_private_frame(tmp_path: Path) -> None:
    """A failed test shows its own line, the error, and its last requests; a strict run finds every simulator."""
    code, printed = session(tmp_path, FAILING, "--soundstage-strict", "--tb=short")
    assert code == 1
    assert "7 failed" in printed
    for line in (
        "infrai: POST /v1/video/create -> 404",
        "did you mean /v1/video/generate?",
        "operation of infrai must be one of generate; got 'create'",
        "code must be one of 680400",
        "got 'infrei'",
        "no request was received at all",
        "unused: the order 'fail' for infrai met no task",
        "a strict run allows leak, double, unused, unresolved; got 'leek'",
    ):
        assert line in printed, printed
    assert set(re.findall(r"^(\S+):\d+: in ", printed, re.MULTILINE)) == {"test_theirs.py"}


def test_fixtures_are_described(request: pytest.FixtureRequest) -> None:
    """`pytest --fixtures` describes each, and none has the name of the package, which it would hide."""
    manager: Any = request.session._fixturemanager
    clients = [name for vendor in VENDORS for name in (vendor, f"async_{vendor}")]
    for name in ("simulator", "simulator_session", "real_hosts", "target", "full_target", *clients):
        assert manager.getfixturedefs(name, request.node)[-1].func.__doc__, name
    assert not manager.getfixturedefs("soundstage", request.node)


PROFILES = """
from hypothesis import given, settings
from hypothesis import strategies as st

settings.register_profile("mine", max_examples=7)
settings.load_profile("mine")
tried = []


@given(st.integers())
def test_mine(number):
    tried.append(number)


def test_my_profile_was_used():
    assert len(tried) == 7
"""


def test_contracts_leave_the_users_hypothesis_profile_alone(tmp_path: Path) -> None:
    """A user's profile applies to the user's tests, also in a run that has contracts; the effort applies to those."""
    suite = "soundstage_contracts.suite.edrawmax.test_faults"
    code, printed = session(tmp_path, PROFILES, "test_theirs.py", "--pyargs", suite, "--soundstage-effort", "live")
    assert code == 0, printed


OUTSIDE = """
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage_contracts.effort import effort_profile

pytestmark = pytest.mark.soundstage_contract
tried = []


def try_it(number):
    tried.append(number)


with effort_profile():
    test_law = given(number=st.integers())(try_it)


def test_the_effort_is_that_of_the_run(target, full_target):
    assert len(tried) == 5
    assert settings.default.max_examples == 5
    assert target.control.health()["clock"] == full_target.control.health()["clock"] == "manual"


def test_a_broken_contract():
    '''A promise that is broken.'''
    assert False
"""


def test_a_suite_outside_of_the_package_has_fixtures_effort_and_failure_messages(tmp_path: Path) -> None:
    """Tests with the mark `soundstage_contract` are contracts: `target`, the effort and the messages are theirs too."""
    code, printed = session(tmp_path, OUTSIDE, "--soundstage-effort", "live", "--soundstage-seed", "3")
    assert code == 1
    assert "1 failed, 2 passed" in printed
    assert "promise: A promise that is broken." in printed
    assert "run again: pytest --pyargs 'test_theirs.py::test_a_broken_contract' --soundstage-seed 3" in printed


HIDDEN = """
import sys

HIDDEN = {"hypothesis", "respx", "rich", "fastapi", "uvicorn", "av", "PIL", "orjson", "drawsvg"}


class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in HIDDEN:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Hide())
"""


def hidden_session(folder: Path, tests: str, *options: str) -> tuple[int, str]:
    """Run *tests* as `session` does, where no package of an extra can be imported."""
    (folder / "hide_extras.py").write_text(HIDDEN, encoding="utf-8")
    off = (argument for name in ("hypothesispytest", "respx", "schemathesis") for argument in ("-p", f"no:{name}"))
    return cold_session(folder, tests, "-p", "hide_extras", *off, *options)


def test_the_plugin_is_inert_in_a_client_only_install(tmp_path: Path) -> None:
    """Without the extras, tests that use no fixture of the plugin pass as ever."""
    code, printed = hidden_session(tmp_path, PLAIN)
    assert code == 0, printed


def test_fixture_names_the_extra_that_it_needs(tmp_path: Path) -> None:
    """Without the extras, a test that uses a fixture fails with the extra and the way to install it."""
    fixtures = ("simulator", "target", "tomoviee", "async_tomoviee")
    tests = "\n".join(f"def test_{fixture}({fixture}):\n    pass\n" for fixture in fixtures)
    code, printed = hidden_session(tmp_path, tests)
    assert code == 1
    for fixture in fixtures:
        error = printed.partition(f"_ ERROR at setup of test_{fixture} _")[2].partition("_ ERROR at setup")[0]
        assert "needs the all extra" in error
        assert "run pip install '.[all]' in the repository" in error
    assert "pip install 'soundstage" not in printed.replace("pip install 'soundstage-VERSION-py3-none-any.whl", "")


def test_the_suite_names_the_extra_that_it_needs(tmp_path: Path) -> None:
    """Without the extras, a run of the contracts is refused before it collects anything."""
    code, printed = hidden_session(tmp_path, PLAIN, "--pyargs", "soundstage_contracts")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "the suite soundstage_contracts needs the all extra (hypothesis is not installed)" in printed


def blocks(page: str) -> str:
    """Return every Python block of a page of the documents, as one file."""
    text = (Path(__file__).parents[2] / "docs" / page).read_text(encoding="utf-8")
    return "\n\n".join(found for found in re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


def test_the_page_on_the_plugin_runs_as_it_stands(tmp_path: Path) -> None:
    """Its examples are one session that passes, and whose summary is the one that the page shows."""
    code, printed = session(tmp_path, blocks("pytest_plugin.md"))
    assert code == 0, printed
    page = (Path(__file__).parents[2] / "docs" / "pytest_plugin.md").read_text(encoding="utf-8")
    shown = re.search(r"^```text\n=+ soundstage =+\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert shown is not None
    assert shown[1] in printed


def test_the_page_on_the_contracts_runs_as_it_stands(tmp_path: Path) -> None:
    """Its examples pass where the package is installed."""
    code, printed = session(tmp_path, blocks("contracts.md"))
    assert code == 0, printed
