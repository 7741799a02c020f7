"""The layout: a vendor is one row of files with the same names in all packages; the old name is gone."""

from __future__ import annotations

import ast
import os
import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import soundstage_server._registry
import soundstage_vendors
from soundstage._client.options import ClientOptions, RequestOptions
from soundstage_server.model.messages import Refusal, Refusals
from soundstage_vendors.own import VENDORS as OWN

ROOT = Path(__file__).parents[2]
PACKAGES = ("clients/soundstage", "mock_server/soundstage_server", "contracts/soundstage_contracts")
VENDORS = sorted(OWN)
SIMULATOR_FILES = {"__init__.py", "capabilities.py", "outputs.py", "refusals.py", "service.py"}
SIMULATOR_METHODS = {"create", "identify", "lifecycle", "outputs", "price", "refuse", "routes", "_parameters"}
"""What every simulated vendor's service defines; one whose tasks are read later defines `poll`, too."""
OTHER_NAMES = {"read", "status", "detail", "show", "generate", "listed", "_shown", "_asked", "_answer", "_reading"}
"""Method names that stood for `create`, `poll`, `list_tasks` and the base's helpers in single vendors."""
REFUSAL_NAMES = {
    "UNAUTHENTICATED", "NO_KEY", "WRONG_KEY", "EXPIRED_KEY", "FORBIDDEN", "INVALID",
    "UNREADABLE", "INVALID_FILE", "TOO_LARGE", "NO_CREDIT", "NOT_FOUND", "UNKNOWN_ROUTE",
    "UNKNOWN_MODEL", "TOO_MANY", "TOO_FAST", "BLOCKED", "CONFLICT", "INTERNAL",
    "UNAVAILABLE",
}  # fmt: skip
"""The shared names of refusals: one name for one meaning."""
OWN_REFUSALS = {
    "cloudsway": {
        "EARLY_KEY",
        "ABNORMAL",
        "ARREARS",
        "WRONG_METHOD",
        "PLATFORM_POLICY",
        "FORBIDDEN_ADDRESS",
        "TIMED_OUT",
    },
    "edrawmax": {"INVALID_LANGUAGE", "RISK", "GENERATION", "RENDER"},
    "gmicloud": {"WRONG_TOKEN", "LOGIN_FAILED", "WRONG_FACE"},
    "infrai": {"INVALID_IDEMPOTENCY_KEY"},
    "mediaio": {"WRONG_KEY_ON_QUERY"},
    "tomoviee": {"UNKNOWN_CAPABILITY"},
    "veo": {"UPSTREAM_KEY", "FILE_NOT_FOUND", "RETIRED_MODEL", "PROXY_KEY", "PROXY_NO_CREDIT", "PROXY_NO_KEY"},
}
"""Refusals that only one vendor has; a vendor without such refusals needs no row."""
CODE = (
    "clients/soundstage/vendors/{vendor}.py",
    "mock_server/soundstage_server/vendors/{vendor}.py",
    "contracts/soundstage_contracts/vendors/{vendor}.py",
)
ROW = (
    *CODE,
    "contracts/soundstage_contracts/suite/{vendor}",
    "contracts/soundstage_contracts/facts/{vendor}.toml",
    "contracts/soundstage_contracts/transcripts/{vendor}",
    "tests/clients/vendors/test_{vendor}.py",
    "tests/mock_server/vendors/test_{vendor}.py",
    "tests/contracts/vendors/test_{vendor}.py",
    "tests/breaks/{vendor}.py",
    "docs/vendors/{vendor}.md",
)
OLD_NAME = "under" + "study"
"""The name until November 2026, in two parts: this file is searched, too. Another project on the index has it."""
GENERATED = re.compile(r"\.(git|venv|nox|hypothesis|\w+_cache)|__pycache__|dist|build|htmlcov|soundstage-demo")
"""Folders that are not part of the source."""
HOST = re.compile(r"\b[\w-]+\.(ai|app|cc|cloud|cn|co|com|de|dev|eu|io|jp|net|org|uk)\b")
DATE = re.compile(r"\b(January|February|March|April|May|June|July|August|September|October|November|December) 20\d\d\b")


def modules_of(template: str, vendor: str) -> list[Path]:
    """Return the vendor's module, or every module of its folder."""
    path = ROOT / template.format(vendor=vendor)
    return [path] if path.exists() else sorted(path.with_suffix("").rglob("*.py"))


def shared_modules() -> list[Path]:
    """Return every module of the three packages that belongs to no vendor."""
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    own = re.compile(rf"(test_)?({'|'.join(VENDORS)})(_\w+)?")
    return [path for path in found if not any(map(own.fullmatch, (path.stem, *path.parent.relative_to(ROOT).parts)))]


def test_entry_points_are_those_of_the_table() -> None:
    """The vendors of this project are declared as a plug-in declares its own, and every part that they name exists."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {slug: row.entry_point for slug, row in OWN.items()}
    assert project["entry-points"][soundstage_vendors.GROUP] == declared
    assert soundstage_vendors.broken().keys().isdisjoint(OWN)
    for slug in OWN:
        assert soundstage_vendors.find(slug).title == soundstage_server._registry.load(slug).title
        assert soundstage_vendors.find(slug).title == soundstage_vendors.load(slug, "profile").name
        assert (ROOT / str(soundstage_vendors.find(slug).docs)).is_file()


@pytest.mark.parametrize("package", PACKAGES)
def test_folders_of_vendors_are_those_of_the_table(package: str) -> None:
    """Every folder of a vendor belongs to a row of the table."""
    folders = [path.name for path in (ROOT / package / "vendors").iterdir() if (path / "__init__.py").is_file()]
    assert sorted(folders) == VENDORS


@pytest.mark.parametrize("template", ROW)
@pytest.mark.parametrize("vendor", VENDORS)
def test_vendor_row_is_complete(vendor: str, template: str) -> None:
    """Every part of the row exists, as a file or as a folder."""
    path = ROOT / template.format(vendor=vendor)
    folder = path.with_suffix("")
    assert path.is_file() or (folder.is_dir() and any(folder.iterdir())), f"{path.relative_to(ROOT)} is missing"


@pytest.mark.parametrize("template", CODE)
@pytest.mark.parametrize("vendor", VENDORS)
def test_vendor_docstring_cites_its_documents(vendor: str, template: str) -> None:
    """The module docstring names the vendor's documents and the month in which they were read."""
    for path in modules_of(template, vendor)[:1]:
        opening = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert HOST.search(opening), f"{path.relative_to(ROOT)} names no address of a document, as in docs.example.com"
        assert DATE.search(opening), f"{path.relative_to(ROOT)} has no month and year of reading, as in May 2026"


@pytest.mark.parametrize("template", CODE)
@pytest.mark.parametrize("vendor", VENDORS)
def test_vendor_module_lists_constants_first(vendor: str, template: str) -> None:
    """Constants come before classes with methods and public functions; private functions may compute constants."""
    for path in modules_of(template, vendor):
        kinds = [kind for node in ast.parse(path.read_text(encoding="utf-8")).body if (kind := _kind(node))]
        assert kinds == sorted(kinds, key=["constants", "behavior"].index), f"{path.relative_to(ROOT)}: {kinds}"


def _kind(node: ast.stmt) -> str | None:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return None if node.name.startswith("_") else "behavior"
    if isinstance(node, ast.ClassDef) and any(isinstance(part, ast.FunctionDef) for part in node.body):
        return "behavior"
    names = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return "constants" if any(isinstance(name, ast.Name) and name.id.strip("_").isupper() for name in names) else None


@pytest.mark.parametrize("vendor", VENDORS)
def test_simulated_vendor_has_fixed_files_and_methods(vendor: str) -> None:
    """Every simulated vendor has the same files, and its service the same method names."""
    folder = ROOT / "mock_server/soundstage_server/vendors" / vendor
    assert {path.name for path in folder.glob("*.py")} >= SIMULATOR_FILES
    service = soundstage_server._registry.load(vendor)
    assert SIMULATOR_METHODS - set(vars(service)) == set()
    assert service.is_synchronous or "poll" in vars(service)
    assert OTHER_NAMES & set(vars(service)) == set()
    assert callable(import_module(f"{service.__module__.rpartition('.')[0]}.outputs").media_for)


@pytest.mark.parametrize("vendor", VENDORS)
def test_simulated_refusals_have_fixed_names(vendor: str) -> None:
    """One meaning has one name: what shared code raises is named by its slot, everything else by the vocabulary."""
    service = soundstage_server._registry.load(vendor)
    module = import_module(f"{service.__module__.rpartition('.')[0]}.refusals")
    named = {name: value for name, value in vars(module).items() if isinstance(value, Refusal)}
    slots = {slot.upper(): value for slot, value in service.refusals._asdict().items() if value is not None}
    assert {name: named.get(name) for name in slots} == slots
    assert {name.upper() for name in Refusals._fields} <= REFUSAL_NAMES
    assert set(named) - REFUSAL_NAMES == OWN_REFUSALS.get(vendor, set())


@pytest.mark.parametrize("path", shared_modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_shared_code_compares_no_vendor(path: Path) -> None:
    """Vendors differ by what they declare; no comparison in shared code names a vendor."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Compare | ast.Match):
            vendors = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)} & set(VENDORS)
            assert not vendors, f"line {node.lineno} compares with {vendors}"


def test_tests_are_not_packages() -> None:
    """Pytest imports test files by path, so that files in different folders may have the same name."""
    installed = ROOT / "tests/plugins/acme"  # a package that tests install; pytest does not collect it
    assert [path for path in (ROOT / "tests").rglob("__init__.py") if installed not in path.parents] == []


@pytest.mark.parametrize("package", [*PACKAGES, "clients/soundstage_vendors"])
def test_package_is_typed(package: str) -> None:
    """Type checkers use the annotations of all packages."""
    assert (ROOT / package / "py.typed").is_file()


def test_old_project_name_is_gone() -> None:
    """No file and no path has the old project name, which belongs to another package on the index."""
    found = []
    for folder, subfolders, names in os.walk(ROOT):
        subfolders[:] = [name for name in subfolders if not GENERATED.fullmatch(name)]
        paths = [Path(folder, name) for name in names if name != ".git" and not name.startswith(".coverage")]
        found += [path for path in paths if OLD_NAME in str(path.relative_to(ROOT)).lower() or contains_old_name(path)]
    assert found == []


def contains_old_name(path: Path) -> bool:
    """Return whether the file at *path* has the old project name in it."""
    return OLD_NAME.encode() in path.read_bytes().lower()


SERVICE_METHODS = {"submit", "poll", "_open", "_read_job", "_refused"}
"""What every client's service module defines: start paid work, poll a job, open the envelope, read a job, a refusal."""


@pytest.mark.parametrize("vendor", VENDORS)
def test_client_service_has_the_standard_methods(vendor: str) -> None:
    """The service of every client has the same names for the same steps, so that one vendor explains the next."""
    folder = ROOT / f"clients/soundstage/vendors/{vendor}"
    tree = ast.parse((folder / "service.py").read_text(encoding="utf-8"))
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    has_jobs = RequestOptions.__name__ not in (folder / "client.py").read_text(encoding="utf-8")
    expected = SERVICE_METHODS if has_jobs else SERVICE_METHODS - {"_read_job"}
    assert defined >= expected, expected - defined


@pytest.mark.parametrize("vendor", VENDORS)
def test_client_constructor_declares_only_its_own_arguments(vendor: str) -> None:
    """The options of every client are declared once, in `ClientOptions`; no vendor repeats their header."""
    shared = set(ClientOptions.__annotations__)
    tree = ast.parse((ROOT / f"clients/soundstage/vendors/{vendor}/client.py").read_text(encoding="utf-8"))
    constructors = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    assert constructors
    for node in constructors:
        names = {argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}
        assert not names & shared, names & shared
        assert node.args.kwarg, "no **options"
