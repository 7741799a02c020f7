"""What the documents tell people to type works: commands parse, programs run, links lead somewhere."""

from __future__ import annotations

import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from soundstage_cli.main import build_parser

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUSE = Path(__file__).parents[2]
PAGES = sorted([*HOUSE.glob("*.md"), *(HOUSE / "docs").rglob("*.md")])
README = (HOUSE / "README.md").read_text(encoding="utf-8")
FENCE = re.compile(
    r"(?:^<!-- (?P<mark>[\w: ]+) -->\n)?^ *```(?P<kind>\w+)\n(?P<code>.*?)^ *```$", re.MULTILINE | re.DOTALL
)


def blocks(kind: str) -> Iterator[tuple[str, str]]:
    """Name and hand out every block of *kind* in the documents."""
    for page in PAGES:
        for number, found in enumerate(FENCE.finditer(page.read_text(encoding="utf-8")), 1):
            if found["kind"] == kind:
                yield f"{page.relative_to(HOUSE)}, block {number}", found["code"]


def typed_commands() -> Iterator[str]:
    """Hand out what stands after `soundstage` wherever a document types it in a shell."""
    for _, code in blocks("sh"):
        yield from (found[1].strip() for found in re.finditer(r"(?<![\w'./-])soundstage ([a-z][^|>&)\n#]*)", code))


PROGRAMS = [block for block in blocks("python") if "with Tomoviee() as client" in block[1]]


def test_the_readme_has_two_commands_for_a_fresh_machine() -> None:
    """One command shows it work, one shows it hold; each is one line and needs python3 with venv alone."""
    commands = {found["mark"]: found["code"] for found in FENCE.finditer(README) if found["mark"]}
    assert [mark for mark in commands if mark.startswith("command: ")] == ["command: demo", "command: test"]
    for mark in ("command: demo", "command: test"):
        (line,) = commands[mark].splitlines()
        assert line.startswith("python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt ")


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(("typed", "code", "said"), [("echo it ran", 0, "passed in"), ("exit 3", 3, "failed with 3")])
def test_ci_runs_the_readmes_own_command(typed: str, code: int, said: str, tmp_path: Path) -> None:
    """CI takes the test command from the README word for word, and ends as the command ends."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(HOUSE / ".ci/run", tmp_path / ".ci/run")
    command = next(found["code"] for found in FENCE.finditer(README) if found["mark"] == "command: test")
    (tmp_path / "README.md").write_text(README.replace(command, f"{typed}\n"), encoding="utf-8")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [tmp_path / ".ci/run"], capture_output=True, text=True, check=False, env={**os.environ, "PATH": path}
    )
    assert done.returncode == code, done.stderr
    lines = done.stdout.splitlines()
    assert f"== {typed}" in lines
    assert lines[-1].startswith(f"== {said}")


@pytest.mark.parametrize("command", sorted(set(typed_commands())))
def test_every_command_in_the_documents_parses(command: str) -> None:
    """Every `soundstage ...` that a document shows is one that the command line understands."""
    parser = build_parser()
    words = shlex.split(command)
    try:
        assert parser.parse_args(words).run
    except SystemExit as end:
        pytest.fail(f"soundstage {command}: exit code {end.code}")


@pytest.mark.parametrize(("place", "code"), list(blocks("python")), ids=[place for place, _ in blocks("python")])
def test_every_program_in_the_documents_compiles(place: str, code: str) -> None:
    """No document shows Python that is not Python."""
    compile(code, place, "exec")


@pytest.mark.parametrize(("place", "code"), PROGRAMS, ids=[place for place, _ in PROGRAMS])
def test_every_program_in_the_documents_makes_its_film(
    place: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cheat sheet, run as it stands against a local server, leaves a film on disk."""
    from soundstage_server import Server, World

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOMOVIEE_APP_KEY", "soundstage")
    monkeypatch.setenv("TOMOVIEE_APP_SECRET", "soundstage")
    monkeypatch.setattr("soundstage._io.clock.SystemClock.sleep", lambda *_: None)
    with World(clock="auto", media="small") as world, Server(world) as server:
        monkeypatch.setenv("TOMOVIEE_BASE_URL", server.base_url("tomoviee"))
        exec(compile(code, place, "exec"), {})  # noqa: S102 - the documents' own words
    (film,) = (tmp_path / "films").iterdir()
    assert film.suffix == ".mp4"
    assert film.stat().st_size > 0


@pytest.mark.parametrize("path", sorted((HOUSE / "examples").glob("*.py")), ids=lambda path: path.name)
def test_every_example_runs_to_its_end(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worked example works, and leaves its results in the folder it names."""
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(path), run_name="__main__")
    assert list((tmp_path / "soundstage-demo").iterdir())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HOUSE)))
def test_every_link_between_documents_leads_somewhere(page: Path) -> None:
    """A relative link names a file of this repository."""
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
