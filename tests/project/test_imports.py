"""The import rules: which package imports which, and which floor of a package imports which; no cycle anywhere."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
IMPORT_NAMES = {"pillow": {"PIL"}, "fastapi": {"fastapi", "pydantic"}}
"""The import names of a distribution, where they differ from its name; FastAPI's models are pydantic's."""
HEAVY = ("fastapi", "starlette", "uvicorn", "hypothesis", "pytest", "_pytest", "av", "PIL", "respx")
PACKAGES = {
    "soundstage_vendors": "clients",
    "soundstage": "clients",
    "soundstage_server": "mock_server",
    "soundstage_contracts": "contracts",
    "soundstage_cli": "contracts",
}
MAX_MODULES = 15
"""A folder with more modules than this has to be split."""
MAX_SHARED_PREFIX = 2
"""More modules of one folder with the same first word want a folder of that name."""

INIT = "__init__"
FLOORS: Mapping[str, Mapping[str, str]] = {
    "soundstage_vendors": {
        INIT: "parts discovery vendor",
        "parts": "discovery own failures vendor",
        "discovery": "own failures vendor",
        "own": "vendor",
        "failures": "",
        "vendor": "",
    },
    "soundstage": {
        INIT: "_registry vendors callbacks _client _protocol _store _io _values errors _version",
        "vendor_kit": "_client _protocol _io _values",
        "_registry": "",
        "vendors": "_client _protocol _io _values errors",
        "callbacks": "_client _values errors",
        "_client": "_protocol _store _io _values errors",
        "_protocol": "_store _io _values errors",
        "_store": "_io _values errors",
        "_io": "_values errors _version",
        "_values": "errors",
        "errors": "",
        "_version": "",
    },
    "soundstage_server": {
        INIT: "http vendors kit world model media",
        "vendor_kit": "kit world model media",
        "http": "kit world model media",
        "proxy": "model",
        "vendors": "kit world model media",
        "kit": "world model media",
        "world": "_registry model media",
        "model": "media",
        "media": "",
        "_registry": "",
    },
    "soundstage_contracts": {
        "suite": f"{INIT} vendors report live laws transcripts strategies simulators declarations facts"
        " registry outcomes",
        INIT: "testing facts registry",
        "vendor_kit": "key_client laws strategies simulators declarations facts outcomes",
        "key_client": "laws declarations outcomes",
        "plugin": "report testing simulators effort extras options registry outcomes",
        "real_hosts": "report testing simulators extras",
        "mutation": "facts options registry",
        "vendors": "laws strategies transcripts simulators declarations facts outcomes",
        "report": "live simulators declarations facts effort options registry outcomes",
        "live": "laws transcripts simulators declarations facts options outcomes",
        "quality": "matrix simulators declarations facts registry",
        "matrix": "laws simulators facts registry",
        "laws": "strategies transcripts simulators declarations facts outcomes",
        "transcripts": "simulators declarations facts",
        "strategies": "simulators declarations",
        "testing": "simulators declarations facts",
        "simulators": "declarations facts registry",
        "declarations": "facts registry",
        "facts": "options registry",
        "effort": "options",
        "extras": "",
        "options": "registry",
        "registry": "",
        "outcomes": "",
    },
    "soundstage_cli": {
        "__main__": "main",
        "completion": "candidates errors",
        "candidates": "commands parsers errors",
        "main": "commands errors",
        "commands": "parsers errors",
        "demo": "generate env console options parsers errors",
        "jobs": "generate console options parsers errors",
        "generate": "console options parsers errors",
        "doctor": "env console options errors",
        "env": "parsers errors",
        "facts": "console options parsers errors",
        "vendors": "console options parsers errors",
        "new_vendor": "errors",
        "run": "simulated errors",
        "serve": "ca simulated options errors",
        "ca": "errors",
        "simulated": "options errors",
        "console": "errors",
        "options": "errors",
        "parsers": "errors",
        "errors": "",
        INIT: "",
    },
}
"""For each package, from the top floor to the bottom: what a floor may import beside itself.

A floor is a folder or a module directly inside the package. `__init__` is the package's public namespace.
"""


def distributions(*extras: str) -> set[str]:
    """Return the import names of the base dependencies and of *extras*."""
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in PROJECT["optional-dependencies"][extra])]
    names = {match[0].lower() for line in lines if (match := re.match(r"[A-Za-z0-9._-]+", line))}
    return set().union(*(IMPORT_NAMES.get(name, {name.replace("-", "_")}) for name in names))


MAY_IMPORT = {
    "soundstage_vendors": {"soundstage_vendors"},
    "soundstage": {"soundstage", "soundstage_vendors"} | distributions("postgres"),
    "soundstage_server": {"soundstage_server", "soundstage_vendors"} | distributions("server", "run"),
    "soundstage_contracts": {"soundstage", "soundstage_server", "soundstage_contracts", "soundstage_vendors"}
    | distributions("server", "contracts", "run"),
    "soundstage_cli": {*PACKAGES} | distributions("server", "contracts", "run"),
}


@cache
def modules() -> dict[str, Path]:
    """Return every module of the packages by its dotted name; a package has the name of its folder."""
    found = {}
    for package, source in PACKAGES.items():
        for path in sorted((ROOT / source / package).rglob("*.py")):
            dotted = ".".join(path.relative_to(ROOT / source).with_suffix("").parts)
            found[dotted.removesuffix(f".{INIT}")] = path
    return found


@cache
def imported_names(path: Path) -> tuple[tuple[str, int], ...]:
    """Return the dotted name and the line of every import in *path*: late and type-only imports included.

    `from a import b` gives `a.b`, because `b` may be a module.
    """
    found: list[tuple[str, int]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: use an absolute import"
            found += [(f"{node.module}.{alias.name}", node.lineno) for alias in node.names]
    return tuple(found)


@cache
def imported_modules(module: str) -> frozenset[str]:
    """Return the modules of the packages that *module* imports."""
    known = modules()
    names = {name for name, _ in imported_names(known[module])}
    targets = {name if name in known else name.rpartition(".")[0] for name in names}
    return frozenset((targets & known.keys()) - {module})


def floor_of(module: str) -> tuple[str, str]:
    """Return the package of *module* and its floor there."""
    package, _, rest = module.partition(".")
    return package, rest.partition(".")[0] or INIT


def upward_imports() -> set[str]:
    """Return `module -> module` for each import that the table does not allow."""
    found = set()
    for module in modules():
        package, floor = floor_of(module)
        allowed = {floor, *FLOORS[package].get(floor, "").split()}
        for target in imported_modules(module):
            if target.partition(".")[0] == package and floor_of(target)[1] not in allowed:
                found.add(f"{module} -> {target}")
    return found


def cycles(edges: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the groups of modules that import each other in a circle, each sorted."""
    reached: dict[str, set[str]] = {}
    for start in edges:
        seen, waiting = set[str](), [*edges[start]]
        while waiting:
            if (module := waiting.pop()) not in seen:
                seen.add(module)
                waiting += edges[module]
        reached[start] = seen
    groups = {frozenset(b for b in reached[a] if a in reached[b]) for a in edges if a in reached[a]}
    return sorted(sorted(group) for group in groups)


def module_cycles() -> set[str]:
    """Return the modules that are part of an import cycle."""
    return {name for group in cycles({name: imported_modules(name) for name in modules()}) for name in group}


def folders() -> dict[Path, list[str]]:
    """Return the names of the modules in every folder of the packages, `__init__` left out."""
    found: dict[Path, list[str]] = {}
    for path in modules().values():
        found.setdefault(path.parent, []).extend([path.stem] * (path.stem != INIT))
    return found


@pytest.mark.parametrize("module", sorted(modules()))
def test_module_imports_only_allowed_packages(module: str) -> None:
    """Beside the standard library: the packages that the table allows, and what the package's extra declares."""
    allowed = MAY_IMPORT[module.partition(".")[0]] | sys.stdlib_module_names
    wrong = [
        f"line {line}: {name}" for name, line in imported_names(modules()[module]) if name.split(".")[0] not in allowed
    ]
    assert wrong == []


def test_every_floor_is_in_the_table() -> None:
    """A new folder or module at the top of a package needs its line in FLOORS; a line without a floor goes."""
    found = {
        package: {floor_of(name)[1] for name in modules() if name.split(".")[0] == package} for package in PACKAGES
    }
    assert {package: set(table) for package, table in FLOORS.items()} == found


@pytest.mark.parametrize("package", FLOORS)
def test_the_table_allows_imports_downward_only(package: str) -> None:
    """A floor may import only floors that are listed under it, so that the table itself has no cycle."""
    order = list(FLOORS[package])
    for position, floor in enumerate(order):
        for target in FLOORS[package][floor].split():
            assert target in order[position + 1 :], f"{package}: {floor} is listed under {target}"


def test_no_import_goes_up() -> None:
    """An import stays on its floor or goes to one that the table allows."""
    assert upward_imports() == set()


def test_no_module_is_in_an_import_cycle() -> None:
    """No module imports itself through others, not even for annotations or inside a function."""
    assert module_cycles() == set()


def test_a_cycle_is_found() -> None:
    """The search returns each circle once and leaves out what merely leads to it."""
    edges = {"a": ["b"], "b": ["c"], "c": ["b"], "d": ["e"], "e": ["f", "d"], "f": []}
    assert cycles(edges) == [["b", "c"], ["d", "e"]]


@pytest.mark.parametrize("folder", sorted(folders()), ids=lambda path: str(path.relative_to(ROOT)))
def test_folder_is_small_enough_to_read(folder: Path) -> None:
    """No folder has more modules than a reader can take in at once."""
    names = folders()[folder]
    assert len(names) <= MAX_MODULES, sorted(names)


@pytest.mark.parametrize("folder", sorted(folders()), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_prefix_replaces_a_folder(folder: Path) -> None:
    """Modules with the same first word belong into a folder; a module does not repeat the name of its folder."""
    first_words = Counter(
        word for name in folders()[folder] if "_" in (bare := name.lstrip("_")) and (word := bare.partition("_")[0])
    )
    first_words.pop("test", None)  # pytest's own prefix
    subfolders = {path.name for path in folder.iterdir() if (path / "__init__.py").is_file()}
    assert not first_words.keys() & (subfolders | {folder.name})
    assert {word: count for word, count in first_words.items() if count > MAX_SHARED_PREFIX} == {}


@pytest.mark.parametrize("module", sorted(name for name in modules() if floor_of(name)[0] == "soundstage"))
def test_only_the_transport_imports_httpx(module: str) -> None:
    """Only `_io/http/` imports httpx, so that everything else can be tested without I/O."""
    names = {name.partition(".")[0] for name, _ in imported_names(modules()[module])}
    assert module.startswith("soundstage._io.http.") or "httpx" not in names


@pytest.mark.parametrize("module", sorted(modules()))
def test_no_module_imports_httpx2(module: str) -> None:
    """A client of httpx2 is the caller's: no module imports it, not even for annotations."""
    assert not {name for name, _ in imported_names(modules()[module]) if name.startswith(("httpx2", "httpcore2"))}


def modules_after(program: str) -> set[str]:
    """Run *program* in a fresh interpreter and return the top-level modules that it loaded."""
    tail = "\nimport json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", program + tail], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_the_client_loads_no_other_package() -> None:
    """Importing every public name of the client loads neither FastAPI, Hypothesis, pytest nor PyAV."""
    loaded = modules_after("import soundstage\nfor name in soundstage.__all__: getattr(soundstage, name)")
    assert loaded.isdisjoint({*HEAVY, "soundstage_server", "soundstage_contracts"})


def test_building_the_parser_loads_no_extra() -> None:
    """Building the parser of every command loads no extra, no client and no simulator."""
    loaded = modules_after("from soundstage_cli.commands import build_parser\nbuild_parser()")
    assert loaded.isdisjoint({*HEAVY, "httpx", "rich", "soundstage_server"})
