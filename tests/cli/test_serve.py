"""`soundstage serve`: the ready line, usage errors, and a clean stop."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import SkippingClock, Tomoviee
from soundstage_cli.errors import UsageError
from soundstage_cli.main import main
from soundstage_cli.options import is_loopback, parse_int
from soundstage_server import Server, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

READY = re.compile(r"Soundstage is ready at (?P<url>http://127\.0\.0\.1:\d+) \((?P<how>.*)\); Ctrl-C ends it\n")
TIMEOUT = 60.0
"""Seconds after which a server that should have started or ended is killed, so that a test fails instead of hanging."""
HEAVY = ("PIL", "av", "fastapi", "httpx", "hypothesis", "pydantic", "pytest", "rich", "starlette")


@contextmanager
def serving(*options: str, **environ: str) -> Iterator[tuple[subprocess.Popen[str], re.Match[str]]]:
    """Run a server in its own process until the block ends, and parse its ready line."""
    command = [sys.executable, "-m", "soundstage_cli", "serve", "--port", "0", *options]
    environment = {**os.environ, "PYTHONUNBUFFERED": "", **environ}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment) as process:
        watchdog = Timer(TIMEOUT, process.kill)
        watchdog.start()
        try:
            assert process.stdout
            found = READY.fullmatch(process.stdout.readline())
            assert found
            yield process, found
        finally:
            watchdog.cancel()
            process.kill()


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Server]:
    """Make each server report that it is ready and stop; return those that ran."""
    ran: list[Server] = []

    def run(self: Server, on_ready: Callable[[], None]) -> None:
        ran.append(self)
        on_ready()
        self.stop()

    monkeypatch.setattr("soundstage_server.http.server.Server.run", run)
    return ran


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM], ids=lambda ending: ending.name)
def test_server_stops_cleanly_on_signal(ending: signal.Signals, tmp_path: Path) -> None:
    """The server makes a video, and after a signal it exits with 0 and removes its temporary files."""
    temp_folder = tmp_path / "temporary"
    temp_folder.mkdir()
    with serving("--speed", "auto", TMPDIR=str(temp_folder)) as (process, ready):
        base = f"{ready['url']}/tomoviee"
        with Tomoviee("key", "secret", base_url=base, clock=SkippingClock()) as client:
            (video,) = client.text_to_video("A lighthouse at dusk").save(tmp_path / "videos")
        assert video.stat().st_size
        assert list(temp_folder.iterdir())
        process.send_signal(ending)
        output, notes = process.communicate()
    assert (process.returncode, output) == (0, "")
    assert "Traceback" not in notes
    assert list(temp_folder.iterdir()) == []


def test_ready_line_and_notes(served: list[Server], capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output has the ready line only; the notes are on standard error."""
    assert main(["serve", "--port", "0", "--speed", "60", "--seed", "7"]) == 0
    output = capsys.readouterr()
    found = READY.fullmatch(output.out)
    assert found
    assert found["how"] == "speed 60, seed 7"
    assert found["url"] == served[0].url
    for text in (f"{found['url']}/docs", f"{found['url']}/_soundstage/", f"soundstage env --url {found['url']}"):
        assert text in output.err
    assert "warning" not in output.err


@pytest.mark.parametrize(
    ("typed", "clock"), [("1", ("real", 1)), ("0.5", ("scaled", 0.5)), ("auto", ("auto", 1)), ("manual", ("manual", 1))]
)
def test_speed_selects_clock(
    typed: str, clock: tuple[str, float], served: list[Server], capsys: pytest.CaptureFixture[str]
) -> None:
    """A number is a speed, and `auto` and `manual` are clocks."""
    assert main(["serve", "--port", "0", "--speed", typed]) == 0
    world = served[0].world
    assert (world.clock.kind, world.clock.speed) == clock
    assert f"(speed {typed}, seed 0)" in capsys.readouterr().out


def test_options_configure_world(served: list[Server]) -> None:
    """Seed, dialects, size of media and public URL are passed to the world, including a negative seed."""
    options = ["--seed", "-3", "--dialect", "tomoviee.errors=http", "--public-url", "https://mock.example/x/"]
    assert main(["serve", "--port", "0", "--media", "small", *options]) == 0
    world = served[0].world
    assert world.media_cache.small
    assert (world.seed, world.public_url) == (-3, "https://mock.example/x")
    assert world.dialects.reading("tomoviee.errors") == "http"


def test_options_of_python_are_options_of_serve(served: list[Server]) -> None:
    """Media, redirects and callback hosts reach the world; the server accepts the others."""
    for given_text, kept in (("off", float("inf")), ("3600", 3600.0)):
        assert main(["serve", "--port", "0", "--retention", given_text]) == 0
        assert served.pop().world.retention.kept == kept
    options = ["--media", "small", "--redirects", "2", "--callback-host", "hooks.example", "--callback-host", "::2"]
    assert main(["serve", "--port", "0", *options, "--trust-proxy", "--cors", "http://localhost:3000"]) == 0
    world = served[0].world
    assert (world.redirects, world.media_cache.small) == (2, True)
    assert world.callback_dispatcher.allowed == {"hooks.example", "::2"}


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("--port", "http", "a whole number from 0 to 65535"),
        ("--port", "65536", "a whole number from 0 to 65535"),
        ("--port", "-1", "a whole number from 0 to 65535"),
        ("--seed", "1.5", "a whole number"),
        ("--speed", "fast", "a number above 0, 'manual' or 'auto'"),
        ("--speed", "0", "a number above 0"),
        ("--speed", "nan", "a number above 0"),
        ("--dialect", "tomoviee.errors", "NAME=VALUE"),
        ("--dialect", "=http", "NAME=VALUE"),
        ("--dialect", "tomoviee.moods=good", "tomoviee.errors"),
        ("--dialect", "tomoviee.errors=loud", "envelope, http"),
        ("--public-url", "mock.example", "an http or https URL"),
        ("--retention", "59", "a number of seconds, 60 or more, or off"),
        ("--retention", "week", "a number of seconds, 60 or more, or off"),
        ("--redirects", "21", "a whole number from 0 to 20"),
        ("--callback-host", "http://hooks.example", "a host without scheme"),
        ("--callback-host", "", "a host without scheme"),
        ("--cors", "localhost", "origins such as"),
        ("--host", "", "an address of this machine"),
        ("--host", "192.0.2.1", "an address of this machine"),
        ("--host", "x" * 64, "an address of this machine"),
        ("--host", "\u00e9..test", "an address of this machine"),
        ("--host", " ", "an address of this machine"),
    ],
)
def test_invalid_value_is_usage_error(
    option: str, value: str, allowed: str, served: list[Server], capsys: pytest.CaptureFixture[str]
) -> None:
    """The message has option, value and what is allowed; the exit code is 2 and nothing is served."""
    assert main(["serve", "--port", "0", f"{option}={value}"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(f"soundstage: {option}")
    assert any(part in output.err for part in value.split("="))
    assert allowed in output.err
    assert served == []


def test_port_in_use_suggests_port_0(served: list[Server], capsys: pytest.CaptureFixture[str]) -> None:
    """The message has the address and suggests port 0; the exit code is 1."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 1
    output = capsys.readouterr().err
    assert f"cannot listen on 127.0.0.1 port {port}" in output
    assert output.endswith("--port 0 selects a free one\n")
    assert served == []


def test_external_address_has_warning(
    served: list[Server], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server that is reachable from the network warns that the control API has no authentication."""
    make = socket.socket.bind
    monkeypatch.setattr(
        "soundstage_server.http.listeners.socket.socket.bind", lambda own, address: make(own, ("127.0.0.1", address[1]))
    )
    assert main(["serve", "--port", "0", "--host", "0.0.0.0"]) == 0  # noqa: S104 - bound to loopback by the patch above
    output = capsys.readouterr().err
    assert f"warning: 0.0.0.0 is not a loopback address: anyone who reaches port {served[0].port} can use" in output


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("::", False), ("a.test", False)],
)
def test_loopback_addresses(host: str, loopback: bool) -> None:  # noqa: FBT001 - a row of the table
    """Loopback is 127/8, ::1 and localhost; a name that could be anything is none."""
    assert is_loopback(host) is loopback


def test_start_loads_no_heavy_package() -> None:
    """Pages, encoders, the client and the contracts are loaded on first use, so that the start is fast."""
    program = (
        "import sys; from soundstage_server.http import server as serving; from soundstage_cli.main import main\n"
        "serving.Server.run = lambda self, on_ready: (on_ready(), self.stop())\n"
        "main(['serve', '--port', '0']); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    _, loaded = done.stdout.splitlines()
    assert set(HEAVY).isdisjoint(loaded.split())


def test_missing_package_names_extra() -> None:
    """Without the server's packages the message has the install command, and the exit code is 1."""
    program = (
        "import sys; sys.modules['uvicorn'] = None\nfrom soundstage_cli.main import main; sys.exit(main(['serve']))"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT)
    assert done.returncode == 1
    assert "soundstage serve needs the server extra: pip install '.[server]' in a clone" in done.stderr


def test_closed_pipe_stops_server() -> None:
    """A server whose standard output is closed exits with 0 and without an error."""
    command = [sys.executable, "-m", "soundstage_cli", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (0, b"")


@given(number=st.integers(), least=st.integers(), span=st.integers(min_value=0))
def test_parse_int_checks_bounds(number: int, least: int, span: int) -> None:
    """A number inside the bounds is returned; one outside is refused with the bounds."""
    most = least + span
    assert parse_int("--n", str(number)) == number
    if least <= number <= most:
        assert parse_int("--n", str(number), least, most) == number
    else:
        with pytest.raises(UsageError, match=re.escape(f"allowed: a whole number from {least} to {most}")):
            parse_int("--n", str(number), least, most)


def test_world_is_closed_after_usage_error(served: list[Server], monkeypatch: pytest.MonkeyPatch) -> None:
    """A usage error after the world was created closes the world."""
    closed: list[World] = []
    close = World.close

    def note(world: World) -> None:
        closed.append(world)
        close(world)

    monkeypatch.setattr(World, "close", note)
    assert main(["serve", "--port", "0", "--dialect", "a=b"]) == 2
    assert (len(closed), served) == (1, [])
