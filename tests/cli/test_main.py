"""The command line's frame: exit codes, help, and quiet ends."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata

import pytest

from soundstage_cli import main as main_module
from soundstage_cli.errors import CommandError, UsageError, needs_extra
from soundstage_cli.main import COMMANDS, main


def soundstage(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "soundstage_cli", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environ})


def not_installed(name: str) -> None:
    """Stand in for a query about a distribution that is not there."""
    raise metadata.PackageNotFoundError(name)


def test_the_program_answers_in_a_process_of_its_own() -> None:
    """`python -m soundstage_cli` is the command line: it prints its version and ends with 0."""
    done = soundstage("--version")
    assert (done.returncode, done.stdout) == (0, f"soundstage {metadata.version('soundstage')}\n")


def test_the_version_of_a_bare_source_tree_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an installed distribution the version is not invented."""
    monkeypatch.setattr("importlib.metadata.version", not_installed)
    assert main_module.installed_version() == "unknown"


def test_a_missing_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a subcommand the usage is shown and the exit code is 2."""
    with pytest.raises(SystemExit) as end:
        main([])
    assert end.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


@pytest.mark.parametrize("name", [name for name, _ in COMMANDS])
def test_every_command_explains_itself_with_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` of each command says what it does and shows it in use."""
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert "examples:" in shown
    assert f"soundstage {name}" in shown.partition("examples:")[2]


@pytest.mark.parametrize(
    ("ending", "code", "said"),
    [
        (CommandError("the port is taken"), 1, "soundstage: the port is taken\n"),
        (UsageError("no such vendor"), 2, "soundstage: no such vendor\n"),
        (KeyboardInterrupt(), 130, "\n"),
    ],
)
def test_every_end_has_its_exit_code_and_no_traceback(
    ending: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failure is 1, a misuse 2, Ctrl-C 130; the user sees one line."""

    def run(_: object) -> int:
        raise ending

    monkeypatch.setattr("soundstage_cli.env.run", run)
    assert main(["env"]) == code
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("words", [("facts", "--json"), ("env",)], ids=["long", "short"])
def test_a_reader_that_has_enough_ends_the_command_quietly(words: tuple[str, ...]) -> None:
    """A pipe closed by its reader, as by `head`, is no error and leaves no complaint, however much was to be said."""
    command = [sys.executable, "-m", "soundstage_cli", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        complaint = process.stderr.read()
    assert (process.returncode, complaint) == (0, b"")


def test_a_missing_package_is_answered_with_the_extra_that_brings_it() -> None:
    """The message is a command to type; a missing module of our own stays a bug."""
    with (
        pytest.raises(
            CommandError, match=r"soundstage serve needs the server extra: pip install 'soundstage\[server\]'"
        ),
        needs_extra("server", "soundstage serve"),
    ):
        raise ModuleNotFoundError("no", name="fastapi.routing")
    with pytest.raises(ModuleNotFoundError), needs_extra("server", "soundstage serve"):
        raise ModuleNotFoundError("no", name="soundstage_server.nothing")
