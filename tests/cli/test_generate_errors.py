"""`soundstage generate` on errors: the message has the next step, and no paid job is lost."""

from __future__ import annotations

import json
import re
import shlex
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING, Any

import pytest

from soundstage import SubmitOutcomeUnknown, Tomoviee
from soundstage_cli.generate.output import Destination
from soundstage_cli.generate.runner import _is_reachable
from soundstage_cli.main import main
from soundstage_server import Fault, Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from soundstage_server import Server
    from soundstage_server.model.account import Account

VIDEO = ("generate", "tomoviee", "text_to_video", "A red fox")
FAST_POLL = ("--poll", "0.001")
pytestmark = pytest.mark.usefixtures("environ")
TIMEOUT = 60.0
"""Seconds after which a process that should have ended is killed."""


@contextmanager
def process(*words: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command line in its own process."""
    command = [sys.executable, "-m", "soundstage_cli", *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as running:
        watchdog = Timer(TIMEOUT, running.kill)
        watchdog.start()
        try:
            yield running
        finally:
            watchdog.cancel()
            running.kill()


def test_failed_job_exits_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The reason is printed, with --json also the job, and no file is made."""
    failing = ("generate", "tomoviee", "text_to_video", "soundstage:fail", "--out", "x.mp4", *FAST_POLL)
    assert main([*failing]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.endswith("soundstage: tomoviee: generation failed\n")
    assert main([*failing, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["state"] == "failed"
    assert list(tmp_path.iterdir()) == []


def test_refused_credential_names_variables(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the variables that the credential was read from."""
    monkeypatch.setenv("TOMOVIEE_APP_KEY", "invalid-me")
    assert main([*VIDEO, *FAST_POLL]) == 1
    assert "Tomoviee reads TOMOVIEE_APP_KEY" in capsys.readouterr().err


def test_timeout_prints_resume_command(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """The printed command is complete: it saves the video under the requested name."""
    base = environ["TOMOVIEE_BASE_URL"]
    assert main([*VIDEO, "--timeout", "0", "--out", "a fox.mp4", "--base-url", base]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    words = shlex.split(line)
    assert words[:3] == ["soundstage", "generate", "--resume"]
    assert main([*words[1:], *FAST_POLL]) == 0
    assert capsys.readouterr().out == "a fox.mp4\n"


def test_lost_response_prints_next_steps(
    simulator: Server, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is sent twice; the message has the next steps, and its command resumes the job."""
    simulator.world.fault(Fault("reset_after", account=account.name, method="POST", times=1))
    assert main([*VIDEO, "--out", "fox.mp4", *FAST_POLL]) == 1
    message = capsys.readouterr().err
    (task,) = account.tasks
    for text in ("but no response arrived", "It was not sent again.", "Search your account"):
        assert text in message
    found = re.search(r"soundstage (generate --resume tomoviee:text_to_video:)ID( --out fox.mp4)", message)
    assert found
    assert main([*f"{found[1]}{task.id}{found[2]}".split(), *FAST_POLL]) == 0


@pytest.mark.parametrize("found", [True, False])
def test_lost_job_is_searched(
    found: bool,  # noqa: FBT001 - a row of the table
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A job that is found is waited for; a search without a result is reported."""
    submit = Tomoviee.text_to_video

    def lose(self: Tomoviee, **arguments: Any) -> None:
        self.lost_job = submit(self, **arguments)  # type: ignore[attr-defined]  # set for the test
        raise SubmitOutcomeUnknown("lost", operation="text_to_video", reason="the line broke")

    monkeypatch.setattr(Tomoviee, "text_to_video", lose)
    monkeypatch.setattr(Tomoviee, "resolve", lambda self, _: self.lost_job if found else None)
    assert main([*VIDEO, "--out", "fox.mp4", *FAST_POLL]) == (0 if found else 1)
    output = capsys.readouterr()
    assert output.out == ("fox.mp4\n" if found else "")
    assert ("A search found no such job: run the same command again" in output.err) is not found


def test_full_disk_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A full disk is reported in one line."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Destination, "save", full)
    assert main([*VIDEO, *FAST_POLL]) == 1
    assert "cannot write the file: " in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize(("ending", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interruption_prints_resume_command(
    ending: signal.Signals, code: int, account: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """130 after Ctrl-C, 143 after SIGTERM, no traceback, no file; the printed command finishes the one job."""
    with process(*VIDEO, "--out", "fox.mp4", "--poll", "3600") as running:
        assert running.stderr
        # Not until the line has a certain second, which a busy machine may miss; and not beyond the end of the process.
        assert any(": queued 0 %, " in line for line in iter(running.stderr.readline, ""))
        running.send_signal(ending)
        output, rest = running.communicate()
    assert (running.returncode, output) == (code, "")
    assert "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []
    command = next(line for line in rest.splitlines() if "--resume" in line)
    assert main([*shlex.split(command)[1:], *FAST_POLL]) == 0
    assert capsys.readouterr().out == "fox.mp4\n"
    assert len(account.tasks) == 1


def test_ctrl_c_during_submit_reports_unknown_outcome(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An interrupted paid request is reported with its hash, and the exit code is 130."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("httpx.Client.send", interrupt)
    assert main([*VIDEO]) == 130
    output = capsys.readouterr().err
    assert "A paid request was interrupted" in output
    assert "outcome is unknown" in output


def test_missing_server_names_serve(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Without a server at a local address nothing is sent, and the message has the command that starts one."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("TOMOVIEE_BASE_URL", f"http://127.0.0.1:{port}/tomoviee")
    monkeypatch.setattr("httpx.Client.send", lambda *_, **__: pytest.fail("sent"))
    for words in (VIDEO, ("generate", "--resume", "tomoviee:text_to_video:1")):
        assert main([*words]) == 1
        output = capsys.readouterr()
        assert output.out == ""
        assert f"no server is running at http://127.0.0.1:{port}, and nothing was sent." in output.err
        assert f"\n  soundstage serve --port {port}\n" in output.err
        assert "unset TOMOVIEE_BASE_URL" in output.err
    assert list(tmp_path.iterdir()) == []


def test_only_loopback_addresses_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection is tried to an address on another machine."""
    monkeypatch.setattr("socket.create_connection", lambda *_: pytest.fail("connected"))
    for url in ("https://vendor.example/v1", "http://192.0.2.1:8080", ""):
        assert _is_reachable(url)


@pytest.mark.parametrize(("requested", "saved"), [("fox.png", "fox.mp4"), ("fox.MP4", "fox.MP4"), ("fox.v2", "fox.v2")])
def test_misleading_suffix_is_replaced(
    requested: str, saved: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A video is not saved under the suffix of another kind of media, and a note explains it."""
    assert main([*VIDEO, "--out", requested, *FAST_POLL]) == 0
    output = capsys.readouterr()
    assert output.out == f"{saved}\n"
    note = f"tomoviee text_to_video: the result is mp4, so it was saved as {saved} and not as {requested}\n"
    assert (note in output.err) is (requested != saved)
    assert [path.name for path in tmp_path.iterdir()] == [saved]
