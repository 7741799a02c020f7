"""`soundstage demo`: files, table, errors, progress, and no leftovers."""

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
def _small_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reduce the demo to three small videos of one vendor."""
    small = partial(soundstage_server.World, media="small")
    monkeypatch.setattr(soundstage_server, "World", small)
    monkeypatch.setattr("soundstage_cli.demo.command.vendors_with", lambda *_: ("tomoviee",))
    monkeypatch.setattr(tomoviee, "DEMO", CALLS)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return an output folder that does not exist yet."""
    return tmp_path / "videos" / "today"


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file in *folder*, including hidden ones, without the contact sheet."""
    files = sorted(path for path in folder.iterdir() if path.name != SHEET)
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in files}


def process(folder: Path, **environ: str) -> subprocess.Popen[str]:
    """Run the demo in its own process, in *folder*, with temporary files in its ``tmp``."""
    (folder / "tmp").mkdir()
    command = [sys.executable, "-m", "soundstage_cli", "demo", "--vendor", "infrai"]
    environment = {**os.environ, "COLUMNS": "200", "TMPDIR": str(folder / "tmp"), "PYTHONUNBUFFERED": "", **environ}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=pipe, text=True, env=environment)


def test_demo_without_options(tmp_path: Path) -> None:
    """The files in ./soundstage-demo decode, each has a row, and nothing else is left on disk."""
    with process(tmp_path) as running:
        output, errors = running.communicate()
    assert (running.returncode, errors) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["soundstage-demo", "tmp"]
    assert list((tmp_path / "tmp").iterdir()) == []
    sheet, *saved = sorted((tmp_path / "soundstage-demo").iterdir())
    assert saved
    assert f"Contact sheet: soundstage-demo/{sheet.name}" in output
    assert describe_media(sheet).startswith("PNG")
    for path in saved:
        assert path.name in output
        assert describe_media(path) in output
    assert output.splitlines()[-1].startswith(f"{len(saved)} files are in soundstage-demo; would have been spent: ")
    assert output.endswith("; nothing left this machine.\n")
    assert CONTROL_CODES.search(output) is None


def test_pipe_gets_state_lines_and_table(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each call of both clients has a line for each state and a row in the table."""
    monkeypatch.setenv("COLUMNS", "160")
    assert main(["demo", "--out", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    for label in ("Tomoviee.text_to_video 1", "Tomoviee.text_to_video 2", "AsyncTomoviee.text_to_video 3"):
        states = [line.removeprefix(f"{label}: ") for line in lines if line.startswith(f"{label}: ")]
        assert states == ["queued", "running", "succeeded", "saved"]
    table_begins = next(number for number, line in enumerate(lines) if "simulated" in line)
    assert re.split(r"\s{2,}", lines[table_begins].strip()) == list(table._WIDE_HEADERS)
    rows = [re.split(r"\s{2,}", line.strip()) for line in lines[table_begins + 2 : table_begins + 5]]
    assert [(row[0], row[1], row[4], row[5]) for row in rows] == [
        ("tomoviee", "text_to_video", cost, file)
        for cost, file in zip(("10 credits", "20 credits", "10 credits"), FILES, strict=True)
    ]
    for row in rows:
        assert 60 <= float(row[2].removesuffix(" s")) <= 300  # generation.times: a video takes 1 to 5 minutes
        assert re.fullmatch(r"\d+\.\d\d s", row[3])
        assert row[6] == describe_media(out / row[5])
    assert lines[-1].startswith("3 files are in ")
    assert lines[-1].endswith("; would have been spent: 40 credits; nothing left this machine.")


def test_narrow_terminal_gets_two_lines_per_row(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In 80 columns no row is cut or wrapped."""
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["demo", "--out", str(out)]) == 0
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    for file in FILES:
        number = next(number for number, line in enumerate(lines) if line.endswith(file))
        assert re.fullmatch(rf" tomoviee +\d+ s, \d+\.\d\d s +{file}", lines[number])
        assert re.fullmatch(rf" text_to_video +\d+ credits +{re.escape(describe_media(out / file))}", lines[number + 1])


def test_seed_makes_files_reproducible(out: Path, tmp_path: Path) -> None:
    """Equal seeds give equal files; another run replaces the files of the first."""
    assert main(["demo", "--out", str(out), "--seed", "7"]) == 0
    first = digests(out)
    assert list(first) == FILES
    assert main(["demo", "--out", str(tmp_path / "again"), "--seed", "7"]) == 0
    assert digests(tmp_path / "again") == first
    assert main(["demo", "--out", str(out), "--seed", "8"]) == 0
    assert list(digests(out)) == FILES
    assert set(digests(out).values()).isdisjoint(first.values())


def test_output_has_no_secret(out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """No secret and no derived credential is printed, not even if a job fails."""
    contract = replace(tomoviee.CONTRACT, credentials=lambda account: {"app_key": account, "app_secret": SECRET})
    monkeypatch.setattr(tomoviee, "CONTRACT", contract)
    monkeypatch.setattr(tomoviee, "DEMO", (*CALLS, DemoCall("text_to_video", {"prompt": "soundstage:fail"})))
    assert main(["demo", "--out", str(out)]) == 1
    output = "".join(capsys.readouterr())
    basic = base64.b64encode(f"tomoviee-01-text_to_video:{SECRET}".encode()).decode()
    assert SECRET not in output
    assert basic not in output
    assert "Signature" not in output


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (DemoCall("text_to_video", {"prompt": "soundstage:fail"}), "generation failed"),
        (DemoCall("text_to_video", {"prompt": "soundstage:timeout"}), "timed out"),
        (DemoCall("text_to_video", {"prompt": "A fox", "aspect_ratio": "2:1"}), "aspect_ratio"),
    ],
    ids=["failed", "expired", "refused"],
)
@pytest.mark.parametrize("place", [0, 2], ids=["sync", "async"])
def test_failed_job_does_not_stop_others(  # noqa: PLR0917 - two tables and three fixtures
    call: DemoCall,
    reason: str,
    place: int,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The exit code is 1, the message has the call and the reason, it costs nothing, and the other files are saved."""
    calls = [*CALLS]
    calls[place] = call
    monkeypatch.setattr(tomoviee, "DEMO", tuple(calls))
    assert main(["demo", "--out", str(out)]) == 1
    output = capsys.readouterr()
    label = client_calls(tomoviee.CONTRACT, calls)[place].label
    assert output.err.startswith(f"soundstage: 1 of 3 results failed: {label}: ")
    assert reason in output.err
    assert f"{label}: failed: " in output.out
    assert "2 files are in " in output.out
    assert "would have been spent: 30 credits" in output.out
    assert list(digests(out)) == [file for number, file in enumerate(FILES) if number != place]


def test_undecodable_file_is_failure(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that no decoder reads is reported, and the exit code is 1."""

    def refuse(path: Path) -> str:
        raise UndecodableError(f"no decoder reads {path.name}: it is broken")

    monkeypatch.setattr(table, "describe_media", refuse)
    assert main(["demo", "--out", str(out)]) == 1
    assert f"no decoder reads {FILES[0]}: it is broken" in capsys.readouterr().err


def test_unwritable_file_is_failure(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder in the place of a file is kept and reported; the other files are saved."""
    (out / FILES[0] / "my file").mkdir(parents=True)
    assert main(["demo", "--out", str(out)]) == 1
    assert FILES[0] in capsys.readouterr().err
    assert (out / FILES[0] / "my file").is_dir()
    assert sorted(path.name for path in out.iterdir()) == [SHEET, *FILES]


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("--seed", "x", "a whole number"),
        ("--vendor", "tomovee", "veo; did you mean 'tomoviee'?"),
        ("--vendor", "nothing", "veo\n"),
        ("--out", "{taken}", "a writable folder (File exists)"),
        ("--out", "{taken}/below", "a writable folder (Not a directory)"),
        ("--out", "", "a writable folder (it is empty)"),
    ],
)
def test_invalid_value_is_usage_error(  # noqa: PLR0917 - a table and three fixtures
    option: str,
    value: str,
    allowed: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The message has option, value and what is allowed; the exit code is 2 and no simulator is started."""
    monkeypatch.setattr(soundstage_server, "World", None)
    taken = tmp_path / "taken"
    taken.write_text("mine", encoding="utf-8")
    value = value.format(taken=taken)
    assert main(["demo", option, value]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(f"soundstage: {option} is {value!r}; allowed: ")
    assert allowed in output.err
    assert taken.read_text(encoding="utf-8") == "mine"


def test_proxy_is_bypassed(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo works with a dead proxy and restores the environment."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "corp.example")
    monkeypatch.delenv("no_proxy", raising=False)
    before = dict(os.environ)
    assert main(["demo", "--out", str(out)]) == 0
    assert dict(os.environ) == before


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("line", [r"Infrai\..*: queued", r"AsyncInfrai\..*: succeeded"], ids=["sync", "async"])
def test_ctrl_c_leaves_no_temporary_file(line: str, tmp_path: Path) -> None:
    """Ctrl-C exits with 130, without traceback, temporary file or incomplete file, in the sync and the async half."""
    with process(tmp_path) as running:
        assert running.stdout
        assert any(re.fullmatch(line, printed.rstrip()) for printed in running.stdout)
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate()
    assert (running.returncode, errors) == (130, "\n")
    assert list((tmp_path / "tmp").iterdir()) == []
    for path in (tmp_path / "soundstage-demo").iterdir():
        assert describe_media(path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_terminal_gets_progress_bars(tmp_path: Path) -> None:
    """A terminal shows progress bars; afterwards they are removed, the cursor is visible and the table is printed."""
    shown = b"".join(terminal_output(tmp_path))
    assert "\N{BOX DRAWINGS HEAVY HORIZONTAL}".encode() in shown
    assert shown.rindex(b"\x1b[?25h") > shown.rindex(b"\x1b[?25l")
    assert b"nothing left this machine." in shown[shown.rindex(b"\x1b[?25h") :]


def terminal_output(folder: Path) -> Iterator[bytes]:
    """Yield the output of the demo on a terminal."""
    import pty

    keyboard, screen = pty.openpty()
    command = [sys.executable, "-m", "soundstage_cli", "demo", "--vendor", "infrai"]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    with subprocess.Popen(command, cwd=folder, stdin=screen, stdout=screen, stderr=screen, env=environment) as running:
        os.close(screen)
        try:
            while chunk := os.read(keyboard, 65536):
                yield chunk
        except OSError:  # Linux raises at the end of the other side
            pass
        finally:
            os.close(keyboard)
    assert running.returncode == 0


def test_progress_display_depends_on_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A terminal that can draw gets progress bars, any other output gets lines."""
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


class TwoImageClient:
    """A fake client whose jobs make two images each."""

    def __init__(self, **_: Any) -> None:
        self.paint = lambda: self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def wait(self, on_update: object) -> None:
        """End at once."""
        assert on_update

    def save(self, folder: Path) -> list[Path]:
        """Save both images."""
        folder.mkdir()
        paths = [folder / "x-1.png", folder / "x-2.png"]
        for seed, path in enumerate(paths):
            path.write_bytes(render(Image(64, 32, "A fox", "", seed)))
        return paths


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[DemoRunner]:
    """Make a runner with a server that was never started."""
    for name in ("staging", "output"):
        (tmp_path / name).mkdir()
    with soundstage_server.World(clock="auto") as world:
        server: Any = SimpleNamespace(url="http://127.0.0.1:1", base_url=lambda _: "http://127.0.0.1:1/x", world=world)
        yield DemoRunner(server, tmp_path / "staging", tmp_path / "output", LineProgress())


def test_job_with_several_files(runner: DemoRunner, tmp_path: Path) -> None:
    """The files are numbered, each has a row, and only the first row has time and cost."""
    contract = replace(tomoviee.CONTRACT, client=TwoImageClient)
    results = list(runner.run(client_calls(contract, [DemoCall("paint", {})])))
    assert list(digests(tmp_path / "output")) == ["tomoviee-01-paint-1.png", "tomoviee-01-paint-2.png"]
    first, second = (row.cells() for row in result_rows(results))
    assert (first[:3], first[4]) == (("tomoviee", "paint", "0 s"), "0 credits")
    assert second[:5] == ("",) * 5
    assert first[5:] == ("tomoviee-01-paint-1.png", describe_media(tmp_path / "output/tomoviee-01-paint-1.png"))
    assert summary_line(list(result_rows(results)), "output", {}).startswith("2 files are in output; ")


def test_external_requests_are_counted(runner: DemoRunner) -> None:
    """Requests to other hosts are counted and reported in the summary line."""
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
def test_calls_are_split_between_clients(count: int) -> None:
    """The first half of the calls is sync and the rest async, in order, with unique names."""
    calls = client_calls(tomoviee.CONTRACT, [CALLS[0]] * count)
    assert [call.number for call in calls] == list(range(1, count + 1))
    assert [call.is_async for call in calls] == sorted(call.is_async for call in calls)
    assert len({call.is_async for call in calls}) == min(count, 2)
    assert len({call.name for call in calls}) == len({call.label for call in calls}) == count


@given(amount=st.integers(min_value=0, max_value=10**9))
def test_costs_are_exact_and_by_unit(amount: int) -> None:
    """No amount is rounded or in scientific notation, and units are not added up."""
    assert format_costs({"credits": amount}) == f"{amount} credits"
    assert format_costs({"credits": amount, "USD": 0.1 + 0.2}) == f"{amount} credits and 0.3 USD"
    assert format_costs({}) == "nothing"


@pytest.mark.parametrize(
    ("medium", "expected"),
    [
        (Video(64, 48, 2.0, "A fox", "", 1, fps=8), r"H\.264 64x48 8 fps 2\.0 s \d+ kB"),
        (Video(64, 48, 2.0, "A fox", "", 1, fps=8, audio=True), r"H\.264\+AAC 64x48 8 fps 2\.0 s \d+ kB"),
        (Audio(3.0, 1, "music"), r"MP3 44\.1 kHz stereo 3\.\d s \d+ kB"),
        (Image(64, 48, "A fox", "", 1), r"PNG 64x48 RGB \d+ kB"),
        (Image(64, 48, "A fox", "", 1, format="jpeg"), r"JPEG 64x48 RGB \d+ kB"),
        (Mask(64, 48, 1), r"PNG 64x48 L \d+ kB"),
    ],
)
def test_media_description(medium: MediaSpec, expected: str, tmp_path: Path) -> None:
    """Format, dimensions, rate, duration and size are those of the file."""
    path = tmp_path / f"file{suffix(medium)}"
    path.write_bytes(render(medium))
    assert re.fullmatch(expected, describe_media(path))


@pytest.mark.parametrize("name", ["a.mp4", "a.mp3", "a.png", "a.html", "a"])
@pytest.mark.parametrize("content", [b"", b"<html>no video</html>", b"\0\0\0\x18ftypmp42" + bytes(64)])
def test_undecodable_file_has_error(name: str, content: bytes, tmp_path: Path) -> None:
    """An empty file, an HTML page or a truncated video cannot be described."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UndecodableError, match=f"^no decoder reads {re.escape(name)}: "):
        describe_media(path)


def test_audio_without_samples_is_error(tmp_path: Path) -> None:
    """A container that opens but has no samples cannot be described."""
    path = tmp_path / "a.mp3"
    path.write_bytes(b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x40\x1f\0\0\1\0\x08\0data\0\0\0\0")
    with pytest.raises(UndecodableError, match="it is empty"):
        describe_media(path)


@pytest.mark.parametrize("missing", ["PIL", "av", "hypothesis", "rich", "uvicorn"])
def test_missing_package_names_extra(missing: str, tmp_path: Path) -> None:
    """Without a package the message has the install command, before anything runs."""
    program = (
        f"import sys; sys.modules['{missing}'] = None\nfrom soundstage_cli.main import main; sys.exit(main(['demo']))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.search(r"soundstage demo needs the (server|contracts) extra: pip install", done.stderr)
    assert done.stdout == ""
