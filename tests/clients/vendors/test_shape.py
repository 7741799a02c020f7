"""Every vendor's client has one shape: files, methods of the service, constants, and sections of its page."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from soundstage_vendors import own

ROOT = Path(__file__).parents[3]
VENDORS = sorted(own.VENDORS)
FILES = ("__init__.py", "profile.py", "bodies.py", "service.py", "client.py")
"""What every vendor has; it may add others for what only it needs."""
METHODS = (
    "authorization",
    "submit",
    "poll",
    "_read_submission",
    "_read_poll",
    "_read_job",
    "_open",
    "_refused",
)
"""The methods of every service, in this order; a vendor adds its own between them."""
WITHOUT_JOBS = {"edrawmax": {"_read_submission", "_read_poll", "_read_job"}}
"""Methods that a vendor lacks because its calls return the work itself."""
CONSTANTS = {"PROFILE", "REFUSALS"}
WITHOUT_CODES = {"gmicloud": {"REFUSALS"}}
"""Constants that a vendor lacks because its refusals have no codes."""
SECTIONS = (
    "Quick start",
    "Configuration",
    "Protocol",
    "Capabilities",
    "Job states",
    "Errors",
    "Retries and lost submissions",
    "Results",
    "Simulator",
    "Where the documents disagree",
    "What is not documented",
    "Documents",
)


def source(vendor: str, name: str) -> ast.Module:
    """Parse a file of a vendor's client."""
    return ast.parse((ROOT / "clients" / "soundstage" / "vendors" / vendor / name).read_text(encoding="utf-8"))


def assigned(module: ast.Module) -> set[str]:
    """Return the names of a module's constants."""
    found: set[str] = set()
    for node in module.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_vendor_has_the_same_files(vendor: str) -> None:
    """Facts, bodies, protocol and methods are in files of the same names."""
    folder = ROOT / "clients" / "soundstage" / "vendors" / vendor
    assert [name for name in FILES if not (folder / name).is_file()] == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_service_has_the_same_methods_in_the_same_order(vendor: str) -> None:
    """A service submits, polls, reads and refuses by methods of the same names, in the same order."""
    (service,) = (
        node
        for node in source(vendor, "service.py").body
        if isinstance(node, ast.ClassDef) and node.name.endswith("Service")
    )
    methods = [node.name for node in service.body if isinstance(node, ast.FunctionDef)]
    expected = [name for name in METHODS if name not in WITHOUT_JOBS.get(vendor, set())]
    assert [name for name in methods if name in METHODS] == expected


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_profile_names_its_constants_alike(vendor: str) -> None:
    """The profile, and the errors of the vendor's codes, are constants of the same names."""
    assert CONSTANTS - WITHOUT_CODES.get(vendor, set()) <= assigned(source(vendor, "profile.py"))


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_page_has_the_same_sections(vendor: str) -> None:
    """The pages of all vendors have the same sections in the same order."""
    page = (ROOT / "docs" / "vendors" / f"{vendor}.md").read_text(encoding="utf-8")
    assert tuple(re.findall(r"(?m)^## (.*)$", page)) == SECTIONS
