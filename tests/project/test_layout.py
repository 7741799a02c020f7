"""The house keeps its shape: a vendor is one row of files with the same names in every package."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import soundstage._registry
import soundstage_contracts.registry
import soundstage_server._registry

HOUSE = Path(__file__).parents[2]
REGISTRIES = {
    "clients/soundstage": tuple(soundstage._registry.VENDORS),
    "mock_server/soundstage_server": tuple(soundstage_server._registry.VENDORS),
    "contracts/soundstage_contracts": tuple(soundstage_contracts.registry.VENDORS),
}
VENDORS = sorted(set().union(*REGISTRIES.values()))
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
DATE = re.compile(r"\b(January|February|March|April|May|June|July|August|September|October|November|December) 20\d\d\b")


def modules_of(template: str, vendor: str) -> list[Path]:
    """Name the vendor's module, or every module of the folder that took its place."""
    path = HOUSE / template.format(vendor=vendor)
    return [path] if path.exists() else sorted(path.with_suffix("").rglob("*.py"))


def shared_modules() -> list[Path]:
    """Name every module of the three packages that belongs to no vendor's row."""
    found = [path for package in REGISTRIES for path in (HOUSE / package).rglob("*.py")]
    own = re.compile(rf"(test_)?({'|'.join(VENDORS)})(_\w+)?")
    return [path for path in found if not any(map(own.fullmatch, (path.stem, *path.parent.relative_to(HOUSE).parts)))]


def test_the_three_registries_name_the_same_vendors() -> None:
    """A vendor has a client, a simulator and contracts, or it is not here."""
    assert {package: sorted(vendors) for package, vendors in REGISTRIES.items()} == dict.fromkeys(REGISTRIES, VENDORS)


@pytest.mark.parametrize("template", ROW)
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendors_row_has_no_hole(vendor: str, template: str) -> None:
    """Every place of the row is taken: by a file, or by the folder that grew out of it."""
    path = HOUSE / template.format(vendor=vendor)
    folder = path.with_suffix("")
    assert path.is_file() or (folder.is_dir() and any(folder.iterdir())), f"{path.relative_to(HOUSE)} is missing"


@pytest.mark.parametrize("template", CODE)
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendors_file_opens_with_its_documents_and_the_date(vendor: str, template: str) -> None:
    """The first words say where the vendor's documents are and when they were read."""
    for path in modules_of(template, vendor)[:1]:
        opening = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert re.search(r"\b[\w-]+\.(ai|cc|cn|com|dev|io|net)\b", opening), "no address of a document"
        assert DATE.search(opening), "no month and year of reading"


@pytest.mark.parametrize("template", CODE)
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendors_file_tells_facts_before_behaviour(vendor: str, template: str) -> None:
    """Constants stand before the first class with methods and the first public function; private ones may make data."""
    for path in modules_of(template, vendor):
        kinds = [kind for node in ast.parse(path.read_text(encoding="utf-8")).body if (kind := _kind(node))]
        assert kinds == sorted(kinds, key=["facts", "behaviour"].index), f"{path.relative_to(HOUSE)}: {kinds}"


def _kind(node: ast.stmt) -> str | None:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return None if node.name.startswith("_") else "behaviour"
    if isinstance(node, ast.ClassDef) and any(isinstance(part, ast.FunctionDef) for part in node.body):
        return "behaviour"
    names = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return "facts" if any(isinstance(name, ast.Name) and name.id.strip("_").isupper() for name in names) else None


@pytest.mark.parametrize("path", shared_modules(), ids=lambda path: str(path.relative_to(HOUSE)))
def test_shared_code_never_asks_which_vendor_it_serves(path: Path) -> None:
    """Vendors differ by what they declare; no comparison in shared code names one."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Compare | ast.Match):
            named = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)} & set(VENDORS)
            assert not named, f"line {node.lineno} compares with {named}"


def test_the_tests_are_no_packages() -> None:
    """Test files are imported by their place, so that files of different folders may share a name."""
    assert list((HOUSE / "tests").rglob("__init__.py")) == []


@pytest.mark.parametrize("package", REGISTRIES)
def test_every_package_is_typed(package: str) -> None:
    """Type checkers may trust the annotations of all three packages."""
    assert (HOUSE / package / "py.typed").is_file()
