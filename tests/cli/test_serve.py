"""`soundstage serve`: one line when it is ready, clear refusals, and a clean end."""

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
from soundstage_cli.options import parse_int
from soundstage_cli.serve import _is_loopback
from soundstage_server import Server, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

READY = re.compile(r"Soundstage is ready at (?P<url>http://127\.0\.0\.1:\d+) \((?P<how>.*)\); Ctrl-C ends it\n")
HANG = 60.0
"""Seconds after which a server that should have spoken or ended is killed, so that a test fails and does not wait."""
HEAVY = ("PIL", "av", "fastapi", "httpx", "hypothesis", "pydantic", "pytest", "rich", "starlette", "soundstage")


@contextmanager
def serving(*options: str, **environ: str) -> Iterator[tuple[subprocess.Popen[str], re.Match[str]]]:
    """Run a server in a process of its own until the block ends, and read its line."""
    command = [sys.executable, "-m", "soundstage_cli", "serve", "--port", "0", *options]
    environment = {**os.environ, "PYTHONUNBUFFERED": "", **environ}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment) as process:
        hung = Timer(HANG, process.kill)
        hung.start()
        try:
            assert process.stdout
            found = READY.fullmatch(process.stdout.readline())
            assert found
            yield process, found
        finally:
            hung.cancel()
            process.kill()


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Server]:
    """Let a server that would run say that it is ready and end; return those that did."""
    ran: list[Server] = []

    def run(self: Server, on_ready: Callable[[], None]) -> None:
        ran.append(self)
        on_ready()
        self.stop()

    monkeypatch.setattr("soundstage_server.http.server.Server.run", run)
    return ran


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM], ids=lambda ending: ending.name)
def test_a_server_makes_films_and_ends_well_when_told(ending: signal.Signals, tmp_path: Path) -> None:
    """The ready line is true, and a server that was told to end did its job: 0, no traceback, no film left behind."""
    stage = tmp_path / "temporary"
    stage.mkdir()
    with serving("--speed", "auto", TMPDIR=str(stage)) as (process, ready):
        base = f"{ready['url']}/tomoviee"
        with Tomoviee("key", "secret", base_url=base, clock=SkippingClock()) as client:
            (film,) = client.text_to_video("A lighthouse at dusk").save(tmp_path / "films")
        assert film.stat().st_size
        assert list(stage.iterdir())
        process.send_signal(ending)
        said, notes = process.communicate()
    assert (process.returncode, said) == (0, "")
    assert "Traceback" not in notes
    assert list(stage.iterdir()) == []


def test_the_line_is_for_programs_and_the_notes_are_for_people(
    served: list[Server], capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output has one line; where pages, control API and variables are stands on standard error."""
    assert main(["serve", "--port", "0", "--speed", "60", "--seed", "7"]) == 0
    said = capsys.readouterr()
    found = READY.fullmatch(said.out)
    assert found
    assert found["how"] == "speed 60, seed 7"
    assert found["url"] == served[0].url
    for words in (f"{found['url']}/docs", f"{found['url']}/_soundstage/", f"soundstage env --url {found['url']}"):
        assert words in said.err
    assert "warning" not in said.err


@pytest.mark.parametrize(
    ("typed", "clock"), [("1", ("real", 1)), ("0.5", ("scaled", 0.5)), ("auto", ("auto", 1)), ("manual", ("manual", 1))]
)
def test_speed_chooses_the_clock(
    typed: str, clock: tuple[str, float], served: list[Server], capsys: pytest.CaptureFixture[str]
) -> None:
    """A number is so many seconds a second, and the two words are the clocks of that name."""
    assert main(["serve", "--port", "0", "--speed", typed]) == 0
    world = served[0].world
    assert (world.clock.kind, world.clock.speed) == clock
    assert f"(speed {typed}, seed 0)" in capsys.readouterr().out


def test_every_option_reaches_the_world(served: list[Server]) -> None:
    """Seed, dialects and public address are what was typed, a seed below zero among them."""
    options = ["--seed", "-3", "--dialect", "tomoviee.errors=http", "--public-url", "https://mock.example/x/"]
    assert main(["serve", "--port", "0", *options]) == 0
    world = served[0].world
    assert (world.seed, world.public_url) == (-3, "https://mock.example/x")
    assert world.dialects.reading("tomoviee.errors") == "http"


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
        ("--host", "", "an address of this machine"),
        ("--host", "192.0.2.1", "an address of this machine"),
        ("--host", "x" * 64, "an address of this machine"),
        ("--host", "\u00e9..test", "an address of this machine"),
        ("--host", " ", "an address of this machine"),
    ],
)
def test_a_bad_value_is_refused_before_anything_is_served(
    option: str, value: str, allowed: str, served: list[Server], capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the option, the value and what is allowed; the exit code is 2 and nothing else is said."""
    assert main(["serve", "--port", "0", f"{option}={value}"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"soundstage: {option}")
    assert any(part in said.err for part in value.split("="))
    assert allowed in said.err
    assert served == []


def test_a_taken_port_is_answered_with_a_way_out(served: list[Server], capsys: pytest.CaptureFixture[str]) -> None:
    """The message says which address is taken, and that port 0 takes a free one; the exit code is 1."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 1
    said = capsys.readouterr().err
    assert f"cannot listen on 127.0.0.1 port {port}" in said
    assert said.endswith("--port 0 takes a free one\n")
    assert served == []


def test_an_open_address_is_warned_of(
    served: list[Server], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever serves the network is told that the control API asks nobody's name."""
    make = socket.socket.bind
    monkeypatch.setattr(
        "soundstage_server.http.server.socket.socket.bind", lambda own, address: make(own, ("127.0.0.1", address[1]))
    )
    assert main(["serve", "--port", "0", "--host", "0.0.0.0"]) == 0  # noqa: S104 - bound to loopback, two lines above
    said = capsys.readouterr().err
    assert f"warning: 0.0.0.0 is not a loopback address: whoever reaches port {served[0].port} can use" in said


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("::", False), ("a.test", False)],
)
def test_a_loopback_address_is_known_as_one(host: str, loopback: bool) -> None:  # noqa: FBT001 - a row of the table
    """Loopback is 127/8, ::1 and localhost; a name that could be anything is none."""
    assert _is_loopback(host) is loopback


def test_a_server_answers_without_what_it_needs_later() -> None:
    """Pages, encoders, the client and the contracts load when they are first used, so that a start is short."""
    program = (
        "import sys; from soundstage_server.http import server as serving; from soundstage_cli.main import main\n"
        "serving.Server.run = lambda self, on_ready: (on_ready(), self.stop())\n"
        "main(['serve', '--port', '0']); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    _, loaded = done.stdout.splitlines()
    assert set(HEAVY).isdisjoint(loaded.split())


def test_a_missing_package_names_the_extra() -> None:
    """Without the server's packages the answer is a command to type, and the exit code 1."""
    program = (
        "import sys; sys.modules['uvicorn'] = None\nfrom soundstage_cli.main import main; sys.exit(main(['serve']))"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=HANG)
    assert done.returncode == 1
    assert "soundstage serve needs the server extra: pip install 'soundstage[server]'" in done.stderr


def test_a_reader_that_is_gone_ends_the_server_quietly() -> None:
    """A server whose line nobody reads any more ends without a complaint."""
    command = [sys.executable, "-m", "soundstage_cli", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        complaint = process.stderr.read()
    assert (process.returncode, complaint) == (0, b"")


@given(number=st.integers(), least=st.integers(), span=st.integers(min_value=0))
def test_a_whole_number_is_read_within_its_bounds(number: int, least: int, span: int) -> None:
    """What is in the bounds is read as it is, and what is not is refused with the bounds."""
    most = least + span
    assert parse_int("--n", str(number)) == number
    if least <= number <= most:
        assert parse_int("--n", str(number), least, most) == number
    else:
        with pytest.raises(UsageError, match=re.escape(f"allowed: a whole number from {least} to {most}")):
            parse_int("--n", str(number), least, most)


def test_a_world_that_is_refused_leaves_nothing(served: list[Server], monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal after the world was made closes it."""
    closed: list[World] = []
    close = World.close

    def note(world: World) -> None:
        closed.append(world)
        close(world)

    monkeypatch.setattr(World, "close", note)
    assert main(["serve", "--port", "0", "--dialect", "a=b"]) == 2
    assert (len(closed), served) == (1, [])
