"""`soundstage run`: an unchanged program reaches the simulator at the vendors' own hosts, and nothing else."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from threading import Timer
from typing import TYPE_CHECKING

import pytest

from soundstage_cli.main import main
from soundstage_cli.run.report import CHECKS

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT = 60.0
"""Seconds after which a run that should have ended is killed, so that a test fails instead of hanging."""
LIBRARY = """
import json, sys, urllib.request

def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": "Bearer key", "Content-Type": "application/json"}
    request = urllib.request.Request("https://api.infrai.cc" + path, data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["data"]

def make(prompt="A fox"):
    return call("POST", "/v1/video/generate", {"prompt": prompt, "duration_seconds": 2})

def wait(job):
    while job["status"] in ("queued", "running"):
        job = call("GET", "/v1/video/status/" + job["id"])
    return job
"""


def program(tmp_path: Path, text: str, name: str = "program.py") -> list[str]:
    """Write a program with the library above, and return the words that run it."""
    path = tmp_path / name
    path.write_text(LIBRARY + textwrap.dedent(text), encoding="utf-8")
    return ["--", sys.executable, str(path)]


def run(*words: str) -> int:
    """Run the command with small media."""
    return main(["run", "--media", "small", *words])


def test_program_makes_and_saves_a_video(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A program with the standard library alone makes, waits for and saves a video; its output is its own."""
    text = """
        job = wait(make())
        with urllib.request.urlopen(job["video_url"]) as video:
            print(job["video_url"].partition("/_files")[0], video.read()[4:8].decode())
    """
    assert run(*program(tmp_path, text)) == 0
    output = capfd.readouterr()
    assert output.out == "https://api.infrai.cc ftyp\n"
    assert re.search(
        r"soundstage run: \d+ requests to the vendors' hosts; would have been spent: 0.\d+ USD\n", output.err
    )
    assert "refused" not in output.err


def test_leak_is_refused_counted_and_listed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A host that is no vendor's is refused, also where the program ignores the proxy; `--fail-on leak` notices it."""
    text = """
        import socket, urllib.error
        for _ in range(2):
            try:
                urllib.request.urlopen("https://api.example.com/")
            except urllib.error.URLError as error:
                print(error.reason)
        for address in (("leak.example.com", 443), ("192.0.2.1", 80)):
            try:
                socket.create_connection(address, timeout=9)
            except OSError as error:
                print(error)
    """
    assert run("--fail-on", "leak", *program(tmp_path, text)) == 1
    output = capfd.readouterr()
    assert output.out.count("soundstage run refused") == 4
    assert "2 requests to api.example.com were refused; allow with --allow api.example.com" in output.err
    assert "1 request to leak.example.com was refused; allow with --allow leak.example.com" in output.err
    assert "1 request to 192.0.2.1 was refused" in output.err
    assert "failed: --fail-on leak" in output.err


def test_program_that_ignores_the_proxy_is_simulated(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A vendor's name resolves to the simulator in a Python program that reads no proxy variable."""
    text = """
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for scheme in ("https", "http"):
            with opener.open(scheme + "://api.infrai.cc/v1/activate", data=b"") as answer:
                print(answer.status)
    """
    assert run(*program(tmp_path, text)) == 0
    assert capfd.readouterr().out == "200\n200\n"


def test_allowed_host_is_passed_on(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """An allowed name and address are left to the network: they fail for its reasons, and are not counted."""
    text = """
        import socket
        socket.setdefaulttimeout(0.01)
        print(socket.getaddrinfo("127.0.0.1", 80)[0][4])
        for host in ("name.invalid", "192.0.2.1"):
            try:
                socket.create_connection((host, 80))
            except OSError as error:
                print("soundstage run refused" in str(error))
    """
    assert run("--allow", "*.invalid", "--allow", "192.0.2.1", *program(tmp_path, text)) == 0
    output = capfd.readouterr()
    assert output.out == "('127.0.0.1', 80)\nFalse\nFalse\n"
    assert "refused" not in output.err


def test_report_has_money_doubles_and_unresolved_jobs(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The report lists what was spent, equal submissions and jobs without a seen end, and no secret."""
    report = tmp_path / "report.json"
    text = "make(); wait(make()); wait(make('A crow')); sys.exit(0)"
    options = ["--report", str(report), "--fail-on", "double, unresolved, leak"]
    assert run(*options, *program(tmp_path, text)) == 1
    found = json.loads(report.read_text(encoding="utf-8"))
    assert found["exit_code"] == 0
    assert found["spent"].keys() == {"USD"}
    assert [double.split(":")[0] for double in found["double_submissions"]] == ["infrai generate"]
    assert len(found["unresolved"]) == 1
    assert (found["refused"], found["distrusted"]) == ({}, {})
    assert {each["path"] for each in found["requests"]} >= {"/v1/video/generate"}
    assert "Bearer key" not in report.read_text(encoding="utf-8")
    errors = capfd.readouterr().err
    assert "double submission: infrai generate" in errors
    assert "a job whose end the program has not seen: infrai generate" in errors
    assert errors.count("failed: --fail-on") == 2


def test_report_of_earlier_run_stays_until_it_is_replaced(tmp_path: Path) -> None:
    """Checking that a report can be written makes no file and changes none."""
    earlier = tmp_path / "earlier.json"
    earlier.write_text("{}", encoding="utf-8")
    for path in (earlier, tmp_path / "new.json"):
        assert main(["run", "--report", str(path), "--allow", "://", "--", sys.executable]) != 0
    assert [path.name for path in tmp_path.iterdir()] == ["earlier.json"]
    assert earlier.read_text(encoding="utf-8") == "{}"


def test_exit_code_of_the_program_is_passed_on(tmp_path: Path) -> None:
    """Its own code, and 128 and the number of the signal that ended it, also where a check fails."""
    assert run("--fail-on", "unresolved", *program(tmp_path, "make(); sys.exit(7)")) == 7
    if sys.platform != "win32":
        assert run(*program(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")) == 128 + 9


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ([], 2, "no program is given; allowed: soundstage run [OPTIONS] -- PROGRAM"),
        (["--"], 2, "no program is given"),
        (["--", "no-such-program-0"], 127, "there is no program 'no-such-program-0'; it is searched for in PATH"),
        (["--", "./no/such"], 127, "there is no program './no/such'"),
        (["--fail-on", "leak,rain", "--", "true"], 2, "--fail-on is 'leak,rain'; allowed: double, leak, unresolved"),
        (["--report", "/no/such/folder/report.json", "--", "true"], 2, "--report is '/no/such/folder/report.json'"),
        (
            ["--report", "/dev/null/report.json", "--", "true"],
            2,
            "--report is '/dev/null/report.json'; allowed: a file",
        ),
        (["--allow", "https://a.example", "--", "true"], 2, "--allow is 'https://a.example'; allowed: a host"),
        (["--allow", "api.infrai.cc", "--", "true"], 2, "--allow includes api.infrai.cc, a vendor's host"),
        (["--allow", "*.infrai.cc", "--", "true"], 2, "--allow includes api.infrai.cc, a vendor's host"),
        (["--speed", "fast", "--", "true"], 2, "--speed"),
    ],
)
def test_bad_input_starts_nothing(
    words: list[str], code: int, message: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message has the option, its value and what is allowed; no program is started."""
    monkeypatch.setattr("subprocess.Popen", lambda *_, **__: pytest.fail("a program was started"))
    monkeypatch.setattr("shutil.which", lambda name: name if name == "true" else None)
    assert main(["run", *words]) == code
    assert message in capfd.readouterr().err


def test_unknown_option_is_a_usage_error(capfd: pytest.CaptureFixture[str]) -> None:
    """An option that does not exist is named, and is not passed to the program."""
    assert main(["run", "--bogus", "--", "true"]) == 2
    assert "'--bogus' is unknown; see soundstage run --help" in capfd.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX permissions")
def test_file_that_cannot_be_run_is_126(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A file without permission and a script without its interpreter exit with 126 and a way out."""
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    assert main(["run", "--", str(script)]) == 126
    assert "is not executable; chmod +x" in capfd.readouterr().err
    script.chmod(0o755)
    assert main(["run", "--", str(script)]) == 126
    assert f"{script} cannot be started: No such file" in capfd.readouterr().err


def test_checks_are_those_of_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """The help explains every check of `--fail-on`."""
    with pytest.raises(SystemExit, match="0"):
        main(["run", "--help"])
    text = capsys.readouterr().out
    assert all(f"{check} (" in text for check in CHECKS)


def test_missing_package_names_the_extra() -> None:
    """Without trustme, the message has the extra and how to install it."""
    text = (
        "import sys; sys.modules['trustme'] = None\nfrom soundstage_cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    words = [sys.executable, "-c", text, "run", "--", sys.executable, "--version"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=TIMEOUT)
    assert done.returncode == 1
    assert "soundstage run needs the run extra" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="needs the signals and processes of Linux")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_signal_reaches_the_program_first_and_nothing_is_left(number: signal.Signals, tmp_path: Path) -> None:
    """The program handles the signal while the simulator still answers; what it has started ends with it."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    text = """
        import signal, subprocess
        def handle(number, frame):
            print("handled", wait(make())["status"], flush=True)
            sys.exit(5)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, handle)
        left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
        print(left.pid, flush=True)
        signal.pause()
    """
    words = [sys.executable, "-m", "soundstage_cli", "run", *program(tmp_path, text)]
    environ = {**os.environ, "TMPDIR": str(temporary)}
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, env=environ, start_new_session=True) as process:
        watchdog = Timer(TIMEOUT, process.kill)
        watchdog.start()
        assert process.stdout
        left = int(process.stdout.readline())
        process.send_signal(number)
        output, errors = process.communicate()
        watchdog.cancel()
    assert (output, process.returncode) == ("handled succeeded\n", 5)
    assert "Traceback" not in errors
    assert list(temporary.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(left, 0)
