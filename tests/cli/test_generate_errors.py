"""`soundstage generate` when it does not go well: told with what to do next, and no paid job is given up."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING, Any

import pytest

from soundstage import SubmitOutcomeUnknown, Tomoviee
from soundstage_cli.generate.output import Destination
from soundstage_cli.main import main
from soundstage_server import Fault, Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from soundstage_server import Server
    from soundstage_server.model.account import Account

FILM = ("generate", "tomoviee", "text_to_video", "A red fox")
SOON = ("--poll", "0.001")
pytestmark = pytest.mark.usefixtures("environ")
HANG = 60.0
"""Seconds after which a process that should have ended is killed."""


@contextmanager
def process(*words: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "soundstage_cli", *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as running:
        hung = Timer(HANG, running.kill)
        hung.start()
        try:
            yield running
        finally:
            hung.cancel()
            running.kill()


def test_a_job_that_fails_is_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The reason is told, with --json the object too, and no file is made."""
    failing = ("generate", "tomoviee", "text_to_video", "soundstage:fail", "--out", "x.mp4", *SOON)
    assert main([*failing]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.endswith("soundstage: tomoviee: generation failed\n")
    assert main([*failing, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["state"] == "failed"
    assert list(tmp_path.iterdir()) == []


def test_a_refused_credential_is_told_with_the_variables(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who is refused learns where the credential came from."""
    monkeypatch.setenv("TOMOVIEE_APP_KEY", "invalid-me")
    assert main([*FILM, *SOON]) == 1
    assert "Tomoviee reads TOMOVIEE_APP_KEY" in capsys.readouterr().err


def test_a_wait_that_ends_early_says_how_to_go_on(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """The command to type is complete: typed as it stands, it saves the film where it belongs."""
    base = environ["TOMOVIEE_BASE_URL"]
    assert main([*FILM, "--timeout", "0", "--out", "a fox.mp4", "--base-url", base]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    words = shlex.split(line)
    assert words[:3] == ["soundstage", "generate", "--resume"]
    assert main([*words[1:], *SOON]) == 0
    assert capsys.readouterr().out == "a fox.mp4\n"


def test_a_lost_answer_is_a_story_with_a_way_out(
    simulator: Server, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is sent twice; the story says what to look for, and its command goes on with the job."""
    simulator.world.fault(Fault("reset_after", account=account.name, method="POST", times=1))
    assert main([*FILM, "--out", "fox.mp4", *SOON]) == 1
    story = capsys.readouterr().err
    (task,) = account.tasks
    for words in ("no answer says what became of it", "Nothing was sent again.", "Look for it in your account"):
        assert words in story
    found = re.search(r"soundstage (generate --resume tomoviee:text_to_video:)ID( --out fox.mp4)", story)
    assert found
    assert main([*f"{found[1]}{task.id}{found[2]}".split(), *SOON]) == 0


@pytest.mark.parametrize("found", [True, False])
def test_a_lost_answer_is_looked_for_where_that_is_possible(
    found: bool,  # noqa: FBT001 - a row of the table
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A job that was found is waited for as if nothing had been; a proof that there is none says so."""
    submit = Tomoviee.text_to_video

    def lose(self: Tomoviee, **arguments: Any) -> None:
        self.lost_job = submit(self, **arguments)  # type: ignore[attr-defined]  # planted for the test
        raise SubmitOutcomeUnknown("lost", operation="text_to_video", reason="the line broke")

    monkeypatch.setattr(Tomoviee, "text_to_video", lose)
    monkeypatch.setattr(Tomoviee, "resolve", lambda self, _: self.lost_job if found else None)
    assert main([*FILM, "--out", "fox.mp4", *SOON]) == (0 if found else 1)
    said = capsys.readouterr()
    assert said.out == ("fox.mp4\n" if found else "")
    assert ("there is no such job: run the same command again" in said.err) is not found


def test_a_file_system_that_refuses_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A disk that fills up on the way is one line."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Destination, "save", full)
    assert main([*FILM, *SOON]) == 1
    assert "the file system refuses: " in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_ctrl_c_prints_the_token_and_leaves_nothing_half_written(
    account: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """130, no traceback, no file; the printed command finishes the job, and there was one submission."""
    with process(*FILM, "--out", "fox.mp4", "--poll", "3600") as running:
        assert running.stderr
        while not running.stderr.readline().endswith(": queued 0 %, 0 s\n"):
            pass
        running.send_signal(signal.SIGINT)
        said, rest = running.communicate()
    assert (running.returncode, said) == (130, "")
    assert "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []
    command = next(line for line in rest.splitlines() if "--resume" in line)
    assert main([*shlex.split(command)[1:], *SOON]) == 0
    assert capsys.readouterr().out == "fox.mp4\n"
    assert len(account.tasks) == 1


def test_ctrl_c_while_it_is_being_sent_says_what_to_look_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An interrupted paid request is told with its hash, and the exit code is 130."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("httpx.Client.send", interrupt)
    assert main([*FILM]) == 130
    said = capsys.readouterr().err
    assert "A paid request was interrupted" in said
    assert "outcome is unknown" in said
