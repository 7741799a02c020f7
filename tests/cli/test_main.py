"""The entry point of the command line: exit codes, help, closed pipes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib import metadata

import pytest

from soundstage_cli import commands
from soundstage_cli.commands import COMMANDS
from soundstage_cli.errors import CommandError, UsageError, needs_extra
from soundstage_cli.main import Terminated, main


def run_command(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in its own process."""
    command = [sys.executable, "-m", "soundstage_cli", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environ})


def not_installed(name: str) -> None:
    """Replace a query about a distribution that is not installed."""
    raise metadata.PackageNotFoundError(name)


def test_module_runs_as_program() -> None:
    """`python -m soundstage_cli` runs the command line: it prints its version and exits with 0."""
    done = run_command("--version")
    assert (done.returncode, done.stdout) == (0, f"soundstage {metadata.version('soundstage')}\n")


def test_version_without_distribution_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an installed distribution the version is `unknown`."""
    monkeypatch.setattr("importlib.metadata.version", not_installed)
    assert commands.installed_version() == "unknown"


def test_missing_command_is_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a subcommand the usage is printed and the exit code is 2."""
    with pytest.raises(SystemExit) as end:
        main([])
    assert end.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_unknown_command_has_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelled command exits with 2, lists the commands and suggests the closest one."""
    assert main(["sevre"]) == 2
    message = capsys.readouterr().err
    assert message.startswith("soundstage: unknown command 'sevre'; allowed: serve, run, env, demo, ")
    assert message.endswith("; did you mean 'serve'?\n")
    assert main(["xyzzy"]) == 2
    assert capsys.readouterr().err.endswith("; see soundstage --help\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("serve --prot 80", "'--prot' is unknown; did you mean '--port'?; see soundstage serve --help"),
        ("doctor --ulr=http://x", "'--ulr=http://x' is unknown; did you mean '--url'?; see soundstage doctor --help"),
        ("run --repotr r.json -- ls", "'--repotr' is unknown; did you mean '--report'?; see soundstage run --help"),
        ("jobs save --storr x", "'--storr' is unknown; did you mean '--store'?; see soundstage jobs save --help"),
        ("completion bash --wrods", "'--wrods' is unknown; see soundstage completion --help"),
        ("serve 80", "'80' is unknown; see soundstage serve --help"),
    ],
)
def test_unknown_option_has_suggestion(words: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelled option of any command exits with 2 and suggests the closest one that the help lists."""
    assert main(words.split()) == 2
    assert capsys.readouterr() == ("", f"soundstage: {message}\n")


def test_entry_point_imports_nothing_outside_of_main() -> None:
    """A Ctrl-C during an import is caught, because `main` does all imports itself."""
    program = "import sys; before = set(sys.modules); import soundstage_cli.main; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    built_in = {"__future__", "gc"}
    assert set(done.stdout.split()) <= {*built_in, "soundstage_cli", "soundstage_cli.main"}


def test_ctrl_c_during_imports_has_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An interruption while the command line is parsed exits with 130 and an empty line."""

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("soundstage_cli.commands.parse", interrupt)
    assert main(["env"]) == 130
    assert capsys.readouterr().err == "\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_output_encoding_without_unicode(encoding: str) -> None:
    """Characters that standard output cannot encode are escaped, also those of a table and of an error."""
    done = run_command("facts", "tomoviee:create.route", PYTHONIOENCODING=encoding, COLUMNS="60")
    assert (done.returncode, done.stderr) == (0, "")
    words = ("generate", "edrawmax", "flowchart", "\N{FOX FACE}", "--dry-run")
    done = run_command(*words, PYTHONIOENCODING=encoding)
    assert done.returncode == 0
    assert "\\U0001f98a" in done.stdout


@pytest.mark.parametrize("name", [name for name, _ in COMMANDS])
def test_help_of_each_command_has_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` of each command describes it and has examples."""
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert "examples:" in shown
    assert f"soundstage {name}" in shown.partition("examples:")[2]


@pytest.mark.parametrize(
    ("ending", "code", "output"),
    [
        (CommandError("the port is taken"), 1, "soundstage: the port is taken\n"),
        (UsageError("no such vendor"), 2, "soundstage: no such vendor\n"),
        (KeyboardInterrupt(), 130, "\n"),
        (Terminated(), 143, "\n"),
    ],
)
def test_exit_codes_without_traceback(
    ending: BaseException, code: int, output: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failure exits with 1, a usage error with 2, Ctrl-C with 130, SIGTERM with 143; the user sees one line."""

    def run(_: object) -> int:
        raise ending

    monkeypatch.setattr("soundstage_cli.env.run", run)
    assert main(["env"]) == code
    assert capsys.readouterr().err == output


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_second_sigterm_does_not_break_off_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first SIGTERM ends a command like Ctrl-C; a second one, as timeout(1) sends it, changes nothing."""
    cleaned = []

    def run(_: object) -> int:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            cleaned.append("cleaned")
        return 0

    monkeypatch.setattr("soundstage_cli.env.run", run)
    assert main(["env"]) == 143
    assert cleaned == ["cleaned"]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize("words", [("facts", "--json"), ("env",)], ids=["long", "short"])
def test_closed_pipe_is_no_error(words: tuple[str, ...]) -> None:
    """A pipe closed by its reader, as by `head`, causes no error and no output on standard error."""
    command = [sys.executable, "-m", "soundstage_cli", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (0, b"")


def test_missing_package_names_extra() -> None:
    """The message has the command that installs the extra; a missing module of our own stays an ImportError."""
    with (
        pytest.raises(
            CommandError, match=r"soundstage serve needs the server extra: pip install '\.\[server\]' in a clone"
        ),
        needs_extra("server", "soundstage serve"),
    ):
        raise ModuleNotFoundError("no", name="fastapi.routing")
    with pytest.raises(ModuleNotFoundError), needs_extra("server", "soundstage serve"):
        raise ModuleNotFoundError("no", name="soundstage_server.nothing")
