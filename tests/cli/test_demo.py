"""`soundstage demo`: real files by real clients, a table that is true, and nothing left behind."""

from __future__ import annotations

import base64
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from hashlib import sha256
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

import soundstage_server
from soundstage import RequestSent
from soundstage_cli.demo import table
from soundstage_cli.demo.media_info import UndecodableError, describe_media
from soundstage_cli.demo.progress import BarProgress, LineProgress, progress_display
from soundstage_cli.demo.runner import CallResult, DemoRunner, client_calls
from soundstage_cli.demo.table import ResultRow, format_costs, result_rows, summary_line
from soundstage_cli.main import main
from soundstage_contracts.declarations.vendor import DemoCall
from soundstage_contracts.vendors import tomoviee
from soundstage_server.media import Audio, Image, Mask, MediaSpec, Video, render, suffix

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CALLS = (
    DemoCall("text_to_video", {"prompt": "A red fox"}),
    DemoCall("text_to_video", {"prompt": "A grey owl", "aspect_ratio": "9:16", "resolution": "1080p"}),
    DemoCall("text_to_video", {"prompt": "A white hare", "aspect_ratio": "1:1"}),
)
FILES = [f"tomoviee-{number:02}-text_to_video.mp4" for number in (1, 2, 3)]
CONTROL_CODES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
SHEET = "contact-sheet.png"
SECRET = "planted-secret-0123456789"


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three small films of one vendor stand in for all that there is to show."""
    small = partial(soundstage_server.World, media="small")
    monkeypatch.setattr(soundstage_server, "World", small)
    monkeypatch.setattr("soundstage_cli.demo.command.VENDORS", ("tomoviee",))
    monkeypatch.setattr(tomoviee, "DEMO", CALLS)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Name a folder that is not there yet."""
    return tmp_path / "films" / "of today"


def digests(folder: Path) -> dict[str, str]:
    """Name every file in *folder*, hidden ones too, but not the sheet, with the SHA-256 of what is in it."""
    files = sorted(path for path in folder.iterdir() if path.name != SHEET)
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in files}


def process(folder: Path, **environ: str) -> subprocess.Popen[str]:
    """Run the whole demonstration in a process of its own, in *folder*, with temporary files in its ``tmp``."""
    (folder / "tmp").mkdir()
    command = [sys.executable, "-m", "soundstage_cli", "demo", "--vendor", "tomoviee"]
    environment = {**os.environ, "COLUMNS": "200", "TMPDIR": str(folder / "tmp"), "PYTHONUNBUFFERED": "", **environ}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=pipe, text=True, env=environment)


def test_the_demonstration_as_a_newcomer_runs_it(tmp_path: Path) -> None:
    """Without an option: films that decode in ./soundstage-demo, a row for each, and no other trace on the disk."""
    with process(tmp_path) as running:
        details, complaint = running.communicate()
    assert (running.returncode, complaint) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["soundstage-demo", "tmp"]
    assert list((tmp_path / "tmp").iterdir()) == []
    sheet, *saved = sorted((tmp_path / "soundstage-demo").iterdir())
    assert saved
    assert f"All of them on one picture: soundstage-demo/{sheet.name}" in details
    assert describe_media(sheet).startswith("PNG")
    for path in saved:
        assert path.name in details
        assert describe_media(path) in details
    assert details.splitlines()[-1].startswith(f"{len(saved)} files are in soundstage-demo; would have been spent: ")
    assert details.endswith("; nothing left this machine.\n")
    assert CONTROL_CODES.search(details) is None


def test_a_pipe_gets_a_line_for_each_state_and_then_the_table(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both clients take their calls, every state is told, and a row has all seven things in one line if it is wide."""
    monkeypatch.setenv("COLUMNS", "160")
    assert main(["demo", "--out", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    for label in ("Tomoviee.text_to_video 1", "Tomoviee.text_to_video 2", "AsyncTomoviee.text_to_video 3"):
        told = [line.removeprefix(f"{label}: ") for line in lines if line.startswith(f"{label}: ")]
        assert told == ["queued", "running", "succeeded", "saved"]
    table_begins = next(number for number, line in enumerate(lines) if "simulated" in line)
    assert re.split(r"\s{2,}", lines[table_begins].strip()) == list(table._WIDE_HEADERS)
    rows = [re.split(r"\s{2,}", line.strip()) for line in lines[table_begins + 2 : table_begins + 5]]
    assert [(row[0], row[1], row[4], row[5]) for row in rows] == [
        ("tomoviee", "text_to_video", cost, file)
        for cost, file in zip(("10 credits", "20 credits", "10 credits"), FILES, strict=True)
    ]
    for row in rows:
        assert 60 <= float(row[2].removesuffix(" s")) <= 300  # generation.times: a film takes 1 to 5 minutes
        assert re.fullmatch(r"\d+\.\d\d s", row[3])
        assert row[6] == describe_media(out / row[5])
    assert lines[-1].startswith("3 files are in ")
    assert lines[-1].endswith("; would have been spent: 40 credits; nothing left this machine.")


def test_a_narrow_terminal_gets_the_same_in_pairs_of_lines(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In 80 columns no row is cut or folded."""
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["demo", "--out", str(out)]) == 0
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    for file in FILES:
        number = next(number for number, line in enumerate(lines) if line.endswith(file))
        assert re.fullmatch(rf" tomoviee +\d+ s, \d+\.\d\d s +{file}", lines[number])
        assert re.fullmatch(rf" text_to_video +\d+ credits +{re.escape(describe_media(out / file))}", lines[number + 1])


def test_one_seed_makes_equal_files_and_an_earlier_run_is_replaced(out: Path, tmp_path: Path) -> None:
    """The same seed gives the same bytes under the same names; another gives others, in the place of the first."""
    assert main(["demo", "--out", str(out), "--seed", "7"]) == 0
    first = digests(out)
    assert list(first) == FILES
    assert main(["demo", "--out", str(tmp_path / "again"), "--seed", "7"]) == 0
    assert digests(tmp_path / "again") == first
    assert main(["demo", "--out", str(out), "--seed", "8"]) == 0
    assert list(digests(out)) == FILES
    assert set(digests(out).values()).isdisjoint(first.values())


def test_no_secret_is_shown(out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither the secret nor what authenticates with it stands in the output, when a job fails either."""
    known = replace(tomoviee.CONTRACT, credentials=lambda account: {"app_key": account, "app_secret": SECRET})
    monkeypatch.setattr(tomoviee, "CONTRACT", known)
    monkeypatch.setattr(tomoviee, "DEMO", (*CALLS, DemoCall("text_to_video", {"prompt": "soundstage:fail"})))
    assert main(["demo", "--out", str(out)]) == 1
    details = "".join(capsys.readouterr())
    basic = base64.b64encode(f"tomoviee-01-text_to_video:{SECRET}".encode()).decode()
    assert SECRET not in details
    assert basic not in details
    assert "Signature" not in details


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (DemoCall("text_to_video", {"prompt": "soundstage:fail"}), "generation failed"),
        (DemoCall("text_to_video", {"prompt": "soundstage:timeout"}), "timed out"),
        (DemoCall("text_to_video", {"prompt": "A fox", "aspect_ratio": "2:1"}), "aspect_ratio"),
    ],
    ids=["failed", "expired", "refused"],
)
@pytest.mark.parametrize("place", [0, 2], ids=["blocking", "awaiting"])
def test_a_job_that_fails_is_told_and_takes_nothing_from_the_others(  # noqa: PLR0917 - two tables and three fixtures
    call: DemoCall,
    reason: str,
    place: int,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The exit code is 1, the message names the call and why, nothing is spent on it, and the rest is saved."""
    calls = [*CALLS]
    calls[place] = call
    monkeypatch.setattr(tomoviee, "DEMO", tuple(calls))
    assert main(["demo", "--out", str(out)]) == 1
    details = capsys.readouterr()
    label = client_calls(tomoviee.CONTRACT, calls)[place].label
    assert details.err.startswith(f"soundstage: 1 of 3 went wrong: {label}: ")
    assert reason in details.err
    assert f"{label}: failed: " in details.out
    assert "2 files are in " in details.out
    assert "would have been spent: 30 credits" in details.out
    assert list(digests(out)) == [file for number, file in enumerate(FILES) if number != place]


def test_a_file_that_does_not_decode_is_a_failure(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A success is what a decoder reads; anything else is named, and the exit code is 1."""

    def refuse(path: Path) -> str:
        raise UndecodableError(f"no decoder reads {path.name}: it is broken")

    monkeypatch.setattr(table, "describe_media", refuse)
    assert main(["demo", "--out", str(out)]) == 1
    assert f"no decoder reads {FILES[0]}: it is broken" in capsys.readouterr().err


def test_a_file_that_cannot_be_put_in_its_place_is_a_failure(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that stands where a film belongs is left alone and named; the other films are saved."""
    (out / FILES[0] / "something of mine").mkdir(parents=True)
    assert main(["demo", "--out", str(out)]) == 1
    assert FILES[0] in capsys.readouterr().err
    assert (out / FILES[0] / "something of mine").is_dir()
    assert sorted(path.name for path in out.iterdir()) == [SHEET, *FILES]


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("--seed", "x", "a whole number"),
        ("--vendor", "tomovee", "tomoviee; did you mean 'tomoviee'?"),
        ("--vendor", "nobody", "tomoviee\n"),
        ("--out", "{taken}", "a folder that can be written to (File exists)"),
        ("--out", "{taken}/below", "a folder that can be written to (Not a directory)"),
        ("--out", "", "a folder that can be written to (it is empty)"),
    ],
)
def test_a_bad_value_is_refused_before_anything_runs(  # noqa: PLR0917 - a table and three fixtures
    option: str,
    value: str,
    allowed: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The message names option, value and what is allowed; the exit code is 2, and no simulator was started."""
    monkeypatch.setattr(soundstage_server, "World", None)
    taken = tmp_path / "taken"
    taken.write_text("mine", encoding="utf-8")
    value = value.format(taken=taken)
    assert main(["demo", option, value]) == 2
    details = capsys.readouterr()
    assert details.out == ""
    assert details.err.startswith(f"soundstage: {option} is {value!r}; allowed: ")
    assert allowed in details.err
    assert taken.read_text(encoding="utf-8") == "mine"


def test_a_proxy_is_not_asked_and_the_environment_stays(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a proxy that answers nobody the demonstration works, and leaves the variables as they were."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "corp.example")
    monkeypatch.delenv("no_proxy", raising=False)
    before = dict(os.environ)
    assert main(["demo", "--out", str(out)]) == 0
    assert dict(os.environ) == before


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_an_interruption_leaves_no_trace_and_no_traceback(tmp_path: Path) -> None:
    """Ctrl-C in the middle: 130, no traceback, no temporary file, nothing half-written."""
    with process(tmp_path) as running:
        assert running.stdout
        assert running.stdout.readline().endswith(": queued\n")
        running.send_signal(signal.SIGINT)
        _, complaint = running.communicate()
    assert (running.returncode, complaint) == (130, "\n")
    assert list((tmp_path / "tmp").iterdir()) == []
    for path in (tmp_path / "soundstage-demo").iterdir():
        assert describe_media(path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_gets_bars_and_its_cursor_back(tmp_path: Path) -> None:
    """A terminal sees bars move; afterwards they are gone, the cursor is back, and the table stands."""
    shown = b"".join(watched(tmp_path))
    assert "\N{BOX DRAWINGS HEAVY HORIZONTAL}".encode() in shown
    assert shown.rindex(b"\x1b[?25h") > shown.rindex(b"\x1b[?25l")
    assert b"nothing left this machine." in shown[shown.rindex(b"\x1b[?25h") :]


def watched(folder: Path) -> Iterator[bytes]:
    """Yield what a terminal would be sent."""
    import pty

    keyboard, screen = pty.openpty()
    command = [sys.executable, "-m", "soundstage_cli", "demo", "--vendor", "tomoviee"]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    with subprocess.Popen(command, cwd=folder, stdin=screen, stdout=screen, stderr=screen, env=environment) as running:
        os.close(screen)
        try:
            while piece := os.read(keyboard, 65536):
                yield piece
        except OSError:  # Linux tells the end of the other side so
            pass
        finally:
            os.close(keyboard)
    assert running.returncode == 0


def test_bars_move_and_lines_stand(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A terminal that can print_table gets bars, any other output lines."""
    call = client_calls(tomoviee.CONTRACT, CALLS)[0]
    with progress_display(1) as lines:
        assert isinstance(lines, LineProgress)
        lines.update(call, "running", 40.4)
        lines.update(call, "succeeded", 100.0)
        lines.end(call, "saved")
    assert capsys.readouterr().out.splitlines() == [
        f"{call.label}: {state}" for state in ("running 40 %", "succeeded", "saved")
    ]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(progress_display(1), LineProgress)
    monkeypatch.setenv("TERM", "xterm")
    with progress_display(1) as bars:
        assert isinstance(bars, BarProgress)
        bars.update(call, "running", 40.0)
        (_, one) = bars._progress.tasks
        assert (one.description, one.completed, one.fields["state"]) == (call.label, 40.0, "running")
        bars.end(call, "saved [bold]")
        (whole,) = bars._progress.tasks
        assert whole.finished
        bars.end(call, "refused before it had a state")
    assert f"{call.label}: saved [bold]" in capsys.readouterr().out


class Studio:
    """Stands in for a client whose jobs make two pictures each."""

    def __init__(self, **_: Any) -> None:
        self.print_table = lambda: self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def wait(self, on_update: object) -> None:
        """End at once."""
        assert on_update

    def save(self, folder: Path) -> list[Path]:
        """Save both pictures, under names that differ from job to job."""
        folder.mkdir()
        paths = [folder / "x-1.png", folder / "x-2.png"]
        for seed, path in enumerate(paths):
            path.write_bytes(render(Image(64, 32, "A fox", "", seed)))
        return paths


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[DemoRunner]:
    """Make a runner whose server was never started."""
    for name in ("staging", "front"):
        (tmp_path / name).mkdir()
    with soundstage_server.World(clock="auto") as world:
        server: Any = SimpleNamespace(url="http://127.0.0.1:1", base_url=lambda _: "http://127.0.0.1:1/x", world=world)
        yield DemoRunner(server, tmp_path / "staging", tmp_path / "front", LineProgress())


def test_a_job_of_several_files_has_a_row_for_each(runner: DemoRunner, tmp_path: Path) -> None:
    """The files are numbered and have stable names; what the job took and cost stands in the first row alone."""
    contract = replace(tomoviee.CONTRACT, client=Studio)
    results = list(runner.run(client_calls(contract, [DemoCall("print_table", {})])))
    assert list(digests(tmp_path / "front")) == ["tomoviee-01-print_table-1.png", "tomoviee-01-print_table-2.png"]
    first, second = (row.cells() for row in result_rows(results))
    assert (first[:3], first[4]) == (("tomoviee", "print_table", "0 s"), "0 credits")
    assert second[:5] == ("",) * 5
    assert first[5:] == (
        "tomoviee-01-print_table-1.png",
        describe_media(tmp_path / "front/tomoviee-01-print_table-1.png"),
    )
    assert summary_line(list(result_rows(results)), "front", {}).startswith("2 files are in front; ")


def test_a_request_to_another_place_is_told(runner: DemoRunner) -> None:
    """What a client sends past the simulator is counted by its host, and the last line says so."""
    runner._on_event(RequestSent("tomoviee", "POST", "http://127.0.0.1:1/x/v1", paid=True))
    assert runner.external_requests == {}
    for address in ("https://vendor.example/v1", "http://127.0.0.1:11/x", "https://vendor.example/v2"):
        runner._on_event(RequestSent("tomoviee", "POST", address, paid=True))
    assert runner.external_requests == {"vendor.example": 2, "127.0.0.1:11": 1}
    call = client_calls(tomoviee.CONTRACT, CALLS)[0]
    row = ResultRow(CallResult(call, 1.0, 1.0, 10, "credits"), first=True, file="a.mp4", details="", failed=False)
    assert summary_line([row], "x", runner.external_requests) == (
        "1 file is in x; would have been spent: 10 credits; "
        "requests left this machine: 2 to vendor.example, 1 to 127.0.0.1:11."
    )


@given(count=st.integers(min_value=0, max_value=60))
def test_every_call_has_one_turn_and_files_of_its_own(count: int) -> None:
    """Both kinds of client take calls where there are two calls, in the order of the calls, and no names meet."""
    calls = client_calls(tomoviee.CONTRACT, [CALLS[0]] * count)
    assert [call.number for call in calls] == list(range(1, count + 1))
    assert [call.is_async for call in calls] == sorted(call.is_async for call in calls)
    assert len({call.is_async for call in calls}) == min(count, 2)
    assert len({call.name for call in calls}) == len({call.label for call in calls}) == count


@given(amount=st.integers(min_value=0, max_value=10**9))
def test_money_is_told_in_whole_and_by_unit(amount: int) -> None:
    """No amount is rounded_mask away or written with an exponent, and units are not added up."""
    assert format_costs({"credits": amount}) == f"{amount} credits"
    assert format_costs({"credits": amount, "USD": 0.1 + 0.2}) == f"{amount} credits and 0.3 USD"
    assert format_costs({}) == "nothing"


@pytest.mark.parametrize(
    ("medium", "details"),
    [
        (Video(64, 48, 2.0, "A fox", "", 1, fps=8), r"H\.264 64x48 8 fps 2\.0 s \d+ kB"),
        (Video(64, 48, 2.0, "A fox", "", 1, fps=8, audio=True), r"H\.264\+AAC 64x48 8 fps 2\.0 s \d+ kB"),
        (Audio(3.0, 1, "music"), r"MP3 44\.1 kHz stereo 3\.\d s \d+ kB"),
        (Image(64, 48, "A fox", "", 1), r"PNG 64x48 RGB \d+ kB"),
        (Image(64, 48, "A fox", "", 1, format="jpeg"), r"JPEG 64x48 RGB \d+ kB"),
        (Mask(64, 48, 1), r"PNG 64x48 L \d+ kB"),
    ],
)
def test_a_decoder_says_what_a_file_is(medium: MediaSpec, details: str, tmp_path: Path) -> None:
    """Format, size, rate, duration and weight are those of the file."""
    path = tmp_path / f"file{suffix(medium)}"
    path.write_bytes(render(medium))
    assert re.fullmatch(details, describe_media(path))


@pytest.mark.parametrize("name", ["a.mp4", "a.mp3", "a.png", "a.html", "a"])
@pytest.mark.parametrize("content", [b"", b"<html>no film</html>", b"\0\0\0\x18ftypmp42" + bytes(64)])
def test_what_no_decoder_reads_is_named(name: str, content: bytes, tmp_path: Path) -> None:
    """An empty file, a page or a torn film is none of what its name says."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UndecodableError, match=f"^no decoder reads {re.escape(name)}: "):
        describe_media(path)


def test_a_film_without_a_frame_is_no_film(tmp_path: Path) -> None:
    """A container that opens and holds nothing is refused like any other."""
    path = tmp_path / "a.mp3"
    path.write_bytes(b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x40\x1f\0\0\1\0\x08\0data\0\0\0\0")
    with pytest.raises(UndecodableError, match="there is nothing in it"):
        describe_media(path)


@pytest.mark.parametrize("missing", ["PIL", "av", "hypothesis", "rich", "uvicorn"])
def test_a_missing_package_names_the_extra(missing: str, tmp_path: Path) -> None:
    """Without a package the answer is a command to type, before anything runs."""
    program = (
        f"import sys; sys.modules['{missing}'] = None\nfrom soundstage_cli.main import main; sys.exit(main(['demo']))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.search(r"soundstage demo needs the (server|contracts) extra: pip install", done.stderr)
    assert done.stdout == ""
