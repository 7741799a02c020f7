"""The documents are correct: commands parse, examples run, links have targets, every page can be found.

tests/docs/test_pages.py runs the blocks of the pages.
"""

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

from soundstage_cli.commands import build_parser

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
# Programs that follow the vendors' pages by hand need the vendors' real hosts: test_by_hand.py runs them.
EXAMPLES = [path for path in sorted((ROOT / "examples").glob("*.py")) if not path.stem.endswith("_by_hand")]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCE = re.compile(
    r"(?:^<!-- (?P<mark>[\w: ]+) -->\n)?^ *```(?P<kind>\w+)\n(?P<code>.*?)^ *```$", re.MULTILINE | re.DOTALL
)


def blocks(kind: str) -> Iterator[tuple[str, str]]:
    """Yield the place and the code of every block of *kind* in the documents."""
    for page in PAGES:
        for number, found in enumerate(FENCE.finditer(page.read_text(encoding="utf-8")), 1):
            if found["kind"] == kind:
                yield f"{page.relative_to(ROOT)}, block {number}", found["code"]


def documented_commands() -> Iterator[str]:
    """Yield the arguments of every `soundstage` command in a shell block of the documents."""
    for _, code in blocks("sh"):
        yield from (found[1].strip() for found in re.finditer(r"(?<![\w'./-])soundstage ([a-z][^|>&)\n#]*)", code))


def test_readme_has_two_commands_for_a_fresh_machine() -> None:
    """One command runs the demo, one runs the checks; each is one line and needs only python3 with venv."""
    commands = {found["mark"]: found["code"] for found in FENCE.finditer(README) if found["mark"]}
    assert [mark for mark in commands if mark.startswith("command: ")] == ["command: demo", "command: test"]
    for mark in ("command: demo", "command: test"):
        (line,) = commands[mark].splitlines()
        assert line.startswith("python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt ")


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("typed", "code", "summary"), [("echo it ran", 0, "passed in"), ("exit 3", 3, "failed with 3")]
)
def test_ci_runs_the_command_of_the_readme(typed: str, code: int, summary: str, tmp_path: Path) -> None:
    """CI takes the test command from the README word for word and returns its exit code."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    command = next(found["code"] for found in FENCE.finditer(README) if found["mark"] == "command: test")
    (tmp_path / "README.md").write_text(README.replace(command, f"{typed}\n"), encoding="utf-8")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [tmp_path / ".ci/run"], capture_output=True, text=True, check=False, env={**os.environ, "PATH": path}
    )
    assert done.returncode == code, done.stderr
    lines = done.stdout.splitlines()
    assert f"== {typed}" in lines
    assert lines[-1].startswith(f"== {summary}")


@pytest.mark.parametrize("command", sorted(set(documented_commands())))
def test_documented_command_parses(command: str) -> None:
    """The command line accepts every `soundstage ...` in the documents."""
    parser = build_parser()
    words = shlex.split(command)
    try:
        assert parser.parse_args(words).run
    except SystemExit as end:
        pytest.fail(f"soundstage {command}: exit code {end.code}")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_example_saves_its_results(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every example succeeds and saves its results in the folder it names."""
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(path), run_name="__main__")
    assert list((tmp_path / "soundstage-demo").iterdir())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_have_targets(page: Path) -> None:
    """Every relative link names a file of this repository, and every anchor a heading in it."""
    assert [link for link, path, anchor in links(page) if not path.exists() or anchor not in anchors(path)] == []


def test_index_links_every_page() -> None:
    """Every page under docs/ is linked from docs/README.md, which the project's README links."""
    index = ROOT / "docs/README.md"
    linked = {path for _, path, _ in links(index)}
    pages = [page for page in PAGES if page.is_relative_to(ROOT / "docs")]
    assert [page.name for page in pages if page not in {*linked, index}] == []
    assert index in {path for _, path, _ in links(ROOT / "README.md")}


def links(page: Path) -> list[tuple[str, Path, str]]:
    """Return each relative link of *page*, the path that it names, and its anchor."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    found = re.findall(r"\]\((?!https?://|mailto:)([^)#]*)(?:#([^)]*))?\)", text)
    return [(f"{link}#{anchor}", (page.parent / link).resolve() if link else page, anchor) for link, anchor in found]


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of *page*, and the empty anchor of the page itself."""
    if page.suffix != ".md":
        return {""}
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {"", *(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)}
