"""The parts of `soundstage generate`: progress, destinations, JSON conversion."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import JobState, Media, Snapshot, SubmitOutcomeUnknown, Tomoviee
from soundstage_cli.generate.catalog import load_vendor
from soundstage_cli.generate.output import Destination
from soundstage_cli.generate.progress import JobProgress, format_duration
from soundstage_cli.generate.runner import to_json
from soundstage_cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

MEDIA = Media("https://files.example/fox.mp4", "video")
VIDEO = ("generate", "tomoviee", "text_to_video", "A red fox")
SOON = ("--poll", "0.001")


def test_pipe_gets_line_per_change() -> None:
    """A repeated state is not printed again, and an unknown state is printed as the vendor spells it."""
    stream = StringIO()
    with JobProgress("video", stream, now=iter(range(0, 900, 65)).__next__) as progress:
        for snapshot in (
            Snapshot(JobState.QUEUED),
            Snapshot(JobState.QUEUED),
            Snapshot(JobState.UNKNOWN, "warming"),
            Snapshot(JobState.RUNNING, progress=41.6),
            Snapshot(JobState.SUCCEEDED, progress=100.0, media=(MEDIA,)),
        ):
            progress.on_update(snapshot)
    assert stream.getvalue().splitlines() == [
        "video: queued, 1 min 5 s",
        "video: warming, 2 min 10 s",
        "video: running 42 %, 3 min 15 s",
        "video: succeeded, 4 min 20 s",
    ]


def test_terminal_gets_one_updated_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is overwritten, notes are above it, and the last state stays."""
    monkeypatch.setenv("TERM", "xterm")
    stream = StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    with JobProgress("video", stream, now=lambda: 0.0) as progress:
        progress.note("job 1")
        progress.on_update(Snapshot(JobState.QUEUED))
        progress._ended.set()
        progress.on_update(Snapshot(JobState.SUCCEEDED, media=(MEDIA,)))
    shown = [line.rpartition("\r\x1b[K")[2] for line in stream.getvalue().split("\n")]
    assert shown == ["video: job 1", "video: succeeded, 0 s", ""]


@given(st.integers(min_value=0, max_value=10**6))
def test_duration_in_minutes_and_seconds(seconds: int) -> None:
    """The formatted duration has every second."""
    numbers = [int(word) for word in re.findall(r"\d+", format_duration(seconds))]
    assert sum(number * 60**power for power, number in enumerate(reversed(numbers))) == seconds


class FakeResult:
    """A result without a job, which saves itself."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def save(self, folder: Path) -> list[Path]:
        """Save all files in *folder*."""
        folder.mkdir(exist_ok=True)
        for name in self.names:
            (folder / name).write_text(name, encoding="utf-8")
        return [folder / name for name in self.names]


@pytest.mark.parametrize(
    ("names", "saved"),
    [
        (("a.svg",), ["plan.svg"]),
        (("a.svg", "a.png"), ["plan.svg", "plan.png"]),
        (("a.png", "b.png", "c.svg"), ["plan-1.png", "plan-2.png", "plan.svg"]),
    ],
)
def test_files_get_requested_name(names: tuple[str, ...], saved: list[str], tmp_path: Path) -> None:
    """Each file keeps its suffix, equal suffixes are numbered, and no temporary file is left."""
    place = Destination(tmp_path / "today" / "plan.svg", is_file=True)
    assert place.save(FakeResult(*names)).files == [tmp_path / "today" / name for name in saved]
    assert sorted(path.name for path in (tmp_path / "today").iterdir()) == sorted(saved)


@pytest.mark.usefixtures("environ")
@pytest.mark.parametrize(
    ("made", "output"), [({"credits": 5}, '{\n  "credits": 5\n}\n'), (12.5, "12.5\n"), (FakeResult("a.svg"), "a.svg\n")]
)
def test_result_without_job_is_saved_or_printed(
    made: object, output: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A result with files is saved and its paths are printed; a plain value is printed as JSON."""
    monkeypatch.setattr(Tomoviee, "text_to_video", lambda *_, **__: made)
    assert main([*VIDEO]) == 0
    assert capsys.readouterr().out == output
    assert [path.name for path in tmp_path.iterdir()] == (["a.svg"] if isinstance(made, FakeResult) else [])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    )
)
def test_json_data_is_unchanged(value: Any) -> None:
    """JSON data is not changed by the conversion."""
    assert to_json(value) == value


def test_library_values_become_json() -> None:
    """Dataclasses lose hidden fields, enums become values, and tuples lists."""
    output = to_json(Snapshot(JobState.QUEUED, raw={"secret": 1}))
    assert (output["state"], output["media"], "raw" in output) == ("queued", [], False)
    assert to_json({1: frozenset({2})}) == {"1": [2]}


class PartialResult(FakeResult):
    """A result of which one file could not be saved."""

    def save(self, folder: Path) -> list[Path]:
        """Save the files that exist and report the other."""
        files = PartialFiles(super().save(folder))
        files.problems = ("b.svg was not saved: it is gone",)
        return files


class PartialFiles(list["Path"]):
    """Paths, and the problems of those that are missing."""

    problems: tuple[str, ...] = ()


@pytest.mark.usefixtures("environ")
@pytest.mark.parametrize("out", [(), ("--out", "plan.svg")])
def test_partial_result_is_reported(
    out: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The saved file keeps its own suffix, and the exit code is 1."""
    monkeypatch.setattr(Tomoviee, "text_to_video", lambda *_, **__: PartialResult("a.png"))
    assert main([*VIDEO, *out]) == 1
    output = capsys.readouterr()
    assert output.out == ("plan.png\n" if out else "a.png\n")
    assert "not everything was saved: b.svg was not saved: it is gone" in output.err
    assert [path.name for path in tmp_path.iterdir()] == [output.out.strip()]


@pytest.mark.usefixtures("environ")
def test_class_method_needs_no_credentials(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A class method is called without a client; it has no dry run, and a lost response is reported."""
    tomoviee = load_vendor("tomoviee")
    opening = replace(tomoviee.capabilities[0], opens_account=True)
    vendor = replace(tomoviee, capabilities=(opening,))
    monkeypatch.setattr("soundstage_cli.generate.catalog.load_vendor", lambda _: vendor)
    monkeypatch.delenv("TOMOVIEE_APP_KEY")
    monkeypatch.setattr(Tomoviee, "text_to_video", lambda **given: {"opened": sorted(given)})
    assert main([*VIDEO]) == 0
    assert json.loads(capsys.readouterr().out) == {"opened": ["base_url", "prompt"]}
    assert main([*VIDEO, "--dry-run"]) == 2
    assert "--dry-run is not available" in capsys.readouterr().err

    def lose(**_: object) -> None:
        raise SubmitOutcomeUnknown("there may be an account")

    monkeypatch.setattr(Tomoviee, "text_to_video", lose)
    assert main([*VIDEO]) == 1
    assert capsys.readouterr().err == "soundstage: there may be an account\n"
