"""The arrows between the packages: an import may only go the way that ARCHITECTURE.md draws."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUSE = Path(__file__).parents[2]
PROJECT = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODULES = {"pillow": {"PIL"}, "fastapi": {"fastapi", "starlette", "pydantic"}}
"""What a distribution is imported as, where that is not its name; FastAPI hands out what it is made of."""
HEAVY = ("fastapi", "starlette", "uvicorn", "hypothesis", "pytest", "_pytest", "av", "PIL", "respx")


def distributions(*extras: str) -> set[str]:
    """Name the modules that the base installation and *extras* bring."""
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in PROJECT["optional-dependencies"][extra])]
    names = {match[0].lower() for line in lines if (match := re.match(r"[A-Za-z0-9._-]+", line))}
    return set().union(*(MODULES.get(name, {name.replace("-", "_")}) for name in names))


HOUSES = {
    "clients/soundstage": {"soundstage"} | distributions(),
    "mock_server/soundstage_server": {"soundstage_server"} | distributions("server"),
    "contracts/soundstage_contracts": {"soundstage", "soundstage_server", "soundstage_contracts"}
    | distributions("server", "contracts"),
    "contracts/soundstage_cli": {"soundstage", "soundstage_server", "soundstage_contracts", "soundstage_cli"}
    | distributions("server", "contracts"),
}
FILES = [(package, path) for package in HOUSES for path in sorted((HOUSE / package).rglob("*.py"))]


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Name every module that *path* imports anywhere, with its line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative imports hide the arrows"
            yield node.module or "", node.lineno


@pytest.mark.parametrize(("package", "path"), FILES, ids=[str(path.relative_to(HOUSE)) for _, path in FILES])
def test_a_module_imports_only_what_its_package_may(package: str, path: Path) -> None:
    """Beside the standard library: the packages that the arrows allow, and what the package's extra declares."""
    allowed = HOUSES[package] | sys.stdlib_module_names
    wrong = [f"line {line}: {name}" for name, line in imports(path) if name.partition(".")[0] not in allowed]
    assert wrong == []


@pytest.mark.parametrize("path", sorted((HOUSE / "clients/soundstage").rglob("*.py")), ids=lambda path: path.name)
def test_one_module_of_the_client_knows_the_http_library(path: Path) -> None:
    """Only `_io/http.py` imports httpx, so that the core stays free of input and output."""
    names = {name.partition(".")[0] for name, _ in imports(path)}
    assert path.name == "http.py" or "httpx" not in names


def modules_after(program: str) -> set[str]:
    """Run *program* in a fresh interpreter and name the top-level modules it left loaded."""
    tail = "\nimport json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", program + tail], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_whole_client_loads_nothing_of_the_simulator_or_the_tests() -> None:
    """Importing every public name of the client brings neither FastAPI, Hypothesis, pytest nor PyAV."""
    loaded = modules_after("import soundstage\nfor name in soundstage.__all__: getattr(soundstage, name)")
    assert loaded.isdisjoint({*HEAVY, "soundstage_server", "soundstage_contracts"})


def test_the_command_line_starts_without_what_its_commands_need() -> None:
    """Building the parser of every command loads no extra, no client and no simulator."""
    loaded = modules_after("from soundstage_cli.main import build_parser\nbuild_parser()")
    assert loaded.isdisjoint({*HEAVY, "httpx", "rich", "soundstage", "soundstage_server"})
