"""Every example of the pages works: Python blocks run, and commands of shell blocks are accepted."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from soundstage_contracts import load_facts
from soundstage_server import Server, World

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PLUG_INS = ROOT / "examples" / "vendors"
"""Their pages are about packages that are not installed here; tests/plugins/test_reference_vendors.py uses them."""
PAGES = sorted(
    page
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
    if not page.is_relative_to(PLUG_INS)
)
BLOCK = re.compile(r"^ *```(?P<kind>\w+)\n(?P<code>.*?)^ *```$", re.MULTILINE | re.DOTALL)
SERVER = "http://127.0.0.1:8080"


def blocks(page: Path, kind: str) -> list[str]:
    """Return the code of every block of *kind* on *page*."""
    return [found["code"] for found in BLOCK.finditer(page.read_text(encoding="utf-8")) if found["kind"] == kind]


CONTROL = ROOT / "docs/control.md"
"""The page whose commands are run in its order."""


def commands(first: str) -> list[list[str]]:
    """Return every command of a shell block that starts with *first*, as words."""
    lines = [
        line
        for page in PAGES
        if page != CONTROL
        for code in blocks(page, "sh")
        for line in re.sub(r"\\\n\s*", " ", code).splitlines()
        if re.match(rf"\s*(?:\S*/bin/)?{first}\s", f"{line} ")
    ]
    return [shlex.split(line, comments=True)[1:] for line in sorted(set(lines))]


def place(page: Path) -> str:
    """Return the path of *page* in the repository."""
    return page.relative_to(ROOT).as_posix()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serve a world that the clients find in their environment; the folder has the files that the pages name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CALLBACK_SECRET", "a secret of at least 16 characters")
    Image.new("RGB", (640, 360), "darkorange").save("fox.png")
    with World(clock="auto", media="small") as world, Server(world) as serving:
        for facts in load_facts().vendors.values():
            for name, value in facts.environment_at(serving.url).items():
                monkeypatch.setenv(name, value)
        yield serving


def shown_tests(code: str) -> list[str]:
    """Return the names of the tests in a block."""
    functions = [node for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)]
    return [node.name for node in functions if node.name.startswith("test_")]


PYTHON = [(page, blocks(page, "python")) for page in PAGES if blocks(page, "python")]
RUN_ELSEWHERE = ("pytest_plugin.md", "contracts.md")  # by tests/contracts/test_plugin.py, in sessions of their own
TESTS = [
    (page, code, name)
    for page, codes in PYTHON
    if page.name not in RUN_ELSEWHERE
    for code in codes
    for name in shown_tests(code)
]


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(("page", "codes"), PYTHON, ids=[place(page) for page, _ in PYTHON])
def test_python_of_a_page_runs(page: Path, codes: list[str], tmp_path: Path) -> None:
    """The blocks of a page run one after the other in one program, and what they save are whole files."""
    names: dict[str, Any] = {"__name__": "example"}
    for number, code in enumerate(codes, 1):
        exec(compile(code, f"{place(page)}, block {number}", "exec"), names)  # noqa: S102 - our own documents
    saved = [path for folder in ("videos", "images") for path in (tmp_path / folder).rglob("*.*")]
    assert saved or not re.search(r"^(?! *await )[^#\n]*\.save\(\"videos", "".join(codes), re.MULTILINE)
    assert all(path.stat().st_size and path.suffix != ".part" for path in saved)


@pytest.mark.parametrize(("page", "code", "name"), TESTS, ids=[f"{place(page)}-{name}" for page, _, name in TESTS])
def test_test_of_a_page_passes(page: Path, code: str, name: str, request: pytest.FixtureRequest) -> None:
    """A test that a page shows passes with the fixtures of the plugin."""
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(code, place(page), "exec"), names)  # noqa: S102 - our own documents
    for values in parameters_of(names[name]):
        fixtures = [each for each in inspect.signature(names[name]).parameters if each not in values]
        names[name](**values, **{each: request.getfixturevalue(each) for each in fixtures})


def parameters_of(test: Any) -> list[dict[str, Any]]:
    """Return the arguments of each run of a test that a page parametrizes by one name; of others, one run without."""
    for mark in getattr(test, "pytestmark", []):
        if mark.name == "parametrize":
            name, values = mark.args
            return [{name: value} for value in values]
    return [{}]


@pytest.mark.parametrize("words", commands("curl"), ids=" ".join)
def test_curl_of_a_page_is_answered(words: list[str], server: Server) -> None:
    """The simulator accepts every request that a page sends with curl, in the state that the page describes."""
    method, url, headers, body = request_of(words)
    if not url.startswith(SERVER):
        pytest.skip("a request to the reader's own program")
    url = url.replace(SERVER, server.url)
    with httpx.Client(trust_env=False) as client:
        response = client.request(method, url, headers=headers, content=body)
    assert response.status_code < 300, response.text


def test_page_of_the_control_api_runs_in_order(server: Server) -> None:
    """Each line of the page is answered, as curl sends it, and every route of the control API has a line."""
    used: set[tuple[str, str]] = set()
    text = "".join(blocks(CONTROL, "sh"))
    with httpx.Client(trust_env=False) as client:
        for words in (shlex.split(line) for line in re.findall(r"^curl .*", text.replace("\\\n", ""), re.MULTILINE)):
            method, url, headers, body = request_of(words[1:])
            if body is not None:
                headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
            if "/infrai/TASK" in url:
                url = url.replace("TASK", next(server.world.tasks()).id)
            response = client.request(method, url.replace(SERVER, server.url), headers=headers, content=body)
            assert response.status_code < 300, (words, response.text)
            if "-o" in words:
                Path(words[words.index("-o") + 1]).write_bytes(response.content)
            used.add((method.lower(), urlsplit(url).path))
        document = client.get(f"{server.url}/openapi.json").json()
    for path, routes in document["paths"].items():
        pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", path))
        for method in routes if "/inspector" not in path and "/files/{" not in path else ():
            assert any(one == method and pattern.fullmatch(other) for one, other in used), f"{method} {path}"


def request_of(words: list[str]) -> tuple[str, str, dict[str, str], bytes | None]:
    """Return method, address, headers and body of a curl command."""
    options, url, method, body = iter(words), "", "", None
    headers: dict[str, str] = {}
    for word in options:
        if word in {"-X", "--request"}:
            method = next(options)
        elif word in {"-H", "--header"}:
            name, _, value = next(options).partition(": ")
            headers[name] = value.replace("$(printf me:secret | base64)", "bWU6c2VjcmV0")
        elif word in {"-d", "--data", "--data-binary"}:
            given = next(options)
            body = Path(given[1:]).read_bytes() if given.startswith("@") else given.encode()
        elif word == "-o":
            next(options)
        elif not word.startswith("-"):
            url = word
    return method or ("GET" if body is None else "POST"), url, headers, body


def test_nox_sessions_exist() -> None:
    """Every session that a page runs is in noxfile.py."""
    text = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    sessions = set(re.findall(r"^def (\w+)\(session: nox\.Session\)", text, re.MULTILINE))
    named = {
        word
        for page in PAGES
        for found in re.finditer(r"nox -s ([a-z0-9_ ]+)", page.read_text(encoding="utf-8"))
        for word in found[1].split()
        if word in sessions or found[1].split()[0] == word
    }
    assert named
    assert sorted(named - sessions) == []


@pytest.mark.parametrize("words", commands("pytest"), ids=" ".join)
def test_pytest_options_exist(words: list[str], pytestconfig: pytest.Config) -> None:
    """Pytest has every option that a page gives it."""
    words = [word for word in words if word not in {"-n", "2"}]  # of pytest-xdist, which need not be installed
    _, unknown = pytestconfig._parser.parse_known_and_unknown_args(words)
    assert unknown == []


def test_programs_of_the_pages_exist() -> None:
    """Every file and module that a page runs with python is there."""
    for words in commands("python"):
        if words[0] != "-m":
            assert words[0] == "video.py" or (ROOT / words[0]).is_file(), words
        elif words[1] not in {"venv", "build"}:
            assert find_spec(words[1]) is not None, words
