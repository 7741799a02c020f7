"""The parts of `soundstage generate`: progress, places for files, values as JSON."""

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

FILM = ("generate", "tomoviee", "text_to_video", "A red fox")
VIDEO = Media("https://files.example/fox.mp4", "video")
SOON = ("--poll", "0.001")


def test_a_pipe_gets_changes_and_no_control_codes() -> None:
    """The same state is not told twice, and an unknown word of the vendor is told as it is."""
    stream = StringIO()
    with JobProgress("film", stream, now=iter(range(0, 900, 65)).__next__) as progress:
        for snapshot in (
            Snapshot(JobState.QUEUED),
            Snapshot(JobState.QUEUED),
            Snapshot(JobState.UNKNOWN, "warming"),
            Snapshot(JobState.RUNNING, progress=41.6),
            Snapshot(JobState.SUCCEEDED, progress=100.0, media=(VIDEO,)),
        ):
            progress.seen(snapshot)
    assert stream.getvalue().splitlines() == [
        "film: queued, 1 min 5 s",
        "film: warming, 2 min 10 s",
        "film: running 42 %, 3 min 15 s",
        "film: succeeded, 4 min 20 s",
    ]


def test_a_terminal_gets_one_line_that_stays_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is drawn over itself; notes stand above it, and the last state stays."""
    monkeypatch.setenv("TERM", "xterm")
    stream = StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    with JobProgress("film", stream, now=lambda: 0.0) as progress:
        progress.note("job 1")
        progress.seen(Snapshot(JobState.QUEUED))
        progress._over.set()
        progress.seen(Snapshot(JobState.SUCCEEDED, media=(VIDEO,)))
    shown = [line.rpartition("\r\x1b[K")[2] for line in stream.getvalue().split("\n")]
    assert shown == ["film: job 1", "film: succeeded, 0 s", ""]


@given(st.integers(min_value=0, max_value=10**6))
def test_time_is_told_in_minutes_and_seconds(seconds: int) -> None:
    """No second is lost."""
    numbers = [int(word) for word in re.findall(r"\d+", format_duration(seconds))]
    assert sum(number * 60**power for power, number in enumerate(reversed(numbers))) == seconds


class Drawing:
    """Stands in for a thing that saves itself, without a job."""

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
def test_files_that_save_themselves_take_the_name_that_was_asked_for(
    names: tuple[str, ...], saved: list[str], tmp_path: Path
) -> None:
    """Each keeps its kind, the same kinds are numbered, and no trace of the way is left."""
    place = Destination(tmp_path / "of today" / "plan.svg", is_file=True)
    assert place.save(Drawing(*names)).files == [tmp_path / "of today" / name for name in saved]
    assert sorted(path.name for path in (tmp_path / "of today").iterdir()) == sorted(saved)


@pytest.mark.usefixtures("environ")
@pytest.mark.parametrize(
    ("made", "said"), [({"credits": 5}, '{\n  "credits": 5\n}\n'), (12.5, "12.5\n"), (Drawing("a.svg"), "a.svg\n")]
)
def test_what_is_no_job_is_saved_or_printed(
    made: object, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A drawing is saved and its paths are printed; a plain value is printed as JSON and leaves no file."""
    monkeypatch.setattr(Tomoviee, "text_to_video", lambda *_, **__: made)
    assert main([*FILM]) == 0
    assert capsys.readouterr().out == said
    assert [path.name for path in tmp_path.iterdir()] == (["a.svg"] if isinstance(made, Drawing) else [])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    )
)
def test_plain_data_stays_as_it_is(value: Any) -> None:
    """What JSON can hold is not changed on its way."""
    assert to_json(value) == value


def test_values_of_this_library_become_plain() -> None:
    """Dataclasses lose what they do not show, states become words, and tuples lists."""
    told = to_json(Snapshot(JobState.QUEUED, raw={"secret": 1}))
    assert (told["state"], told["media"], "raw" in told) == ("queued", [], False)
    assert to_json({1: frozenset({2})}) == {"1": [2]}


class Half(Drawing):
    """Stands in for a drawing of which one file could not be had."""

    def save(self, folder: Path) -> list[Path]:
        """Save what there is, and tell of the rest."""
        files = Files(super().save(folder))
        files.problems = ("b.svg was not saved: it is gone",)
        return files


class Files(list["Path"]):
    """Paths, and what is missing among them."""

    problems: tuple[str, ...] = ()


@pytest.mark.usefixtures("environ")
@pytest.mark.parametrize("out", [(), ("--out", "plan.svg")])
def test_a_file_that_is_missing_is_told_beside_those_that_are_there(
    out: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """What was saved stays under its own kind of name, and the exit code is 1."""
    monkeypatch.setattr(Tomoviee, "text_to_video", lambda *_, **__: Half("a.png"))
    assert main([*FILM, *out]) == 1
    said = capsys.readouterr()
    assert said.out == ("plan.png\n" if out else "a.png\n")
    assert "not everything was saved: b.svg was not saved: it is gone" in said.err
    assert [path.name for path in tmp_path.iterdir()] == [said.out.strip()]


@pytest.mark.usefixtures("environ")
def test_a_method_of_the_class_needs_no_credentials(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What opens an account is called without a client; it cannot be rehearsed, and a lost answer is told."""
    tomoviee = load_vendor("tomoviee")
    opening = replace(tomoviee.capabilities[0], opens_account=True)
    vendor = replace(tomoviee, capabilities=(opening,))
    monkeypatch.setattr("soundstage_cli.generate.catalog.load_vendor", lambda _: vendor)
    monkeypatch.delenv("TOMOVIEE_APP_KEY")
    monkeypatch.setattr(Tomoviee, "text_to_video", lambda **given: {"opened": sorted(given)})
    assert main([*FILM]) == 0
    assert json.loads(capsys.readouterr().out) == {"opened": ["base_url", "prompt"]}
    assert main([*FILM, "--dry-run"]) == 2
    assert "cannot be rehearsed" in capsys.readouterr().err

    def lose(**_: object) -> None:
        raise SubmitOutcomeUnknown("there may be an account")

    monkeypatch.setattr(Tomoviee, "text_to_video", lose)
    assert main([*FILM]) == 1
    assert capsys.readouterr().err == "soundstage: there may be an account\n"
