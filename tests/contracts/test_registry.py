"""An incomplete vendor is named with what it lacks, and the other vendors work as ever."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import soundstage_vendors
from soundstage_contracts import FactError, load_facts, registry
from soundstage_contracts.declarations.vendor import IncompleteVendorError, contract_of
from soundstage_contracts.registry import complete_vendors, describe_missing, incomplete_vendors, missing_parts
from soundstage_vendors import own
from soundstage_vendors.own import OwnVendor

if TYPE_CHECKING:
    from collections.abc import Iterator

VENDORS = tuple(own.VENDORS)
HOUSE = Path(__file__).parents[2]
FACTS = """
vendor = "acme"
base_url = "https://api.acme.example"

[environment]
ACME_BASE_URL = "{base}"

[[fact]]
id = "create.route"
statement = "A task is created by POST /tasks."
source = "https://acme.example/docs"
certainty = "documented"
binds = "both"
"""
NEXT = "acme is incomplete: no fact file, no simulator, no client, no transcripts, no contract package, no suite; "


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Add a vendor that has no file yet to the table of this project's vendors."""
    monkeypatch.setitem(own.VENDORS, "acme", OwnVendor("acme", "Acme", "Acme"))
    soundstage_vendors.refresh()
    yield
    monkeypatch.undo()
    soundstage_vendors.refresh()


def test_every_vendor_is_complete() -> None:
    """No vendor of the registry lacks a part."""
    assert complete_vendors()[: len(VENDORS)] == VENDORS
    assert incomplete_vendors().keys().isdisjoint(VENDORS)
    assert describe_missing("veo") == "veo is complete"


@pytest.mark.usefixtures("acme")
def test_missing_parts_are_in_the_order_in_which_they_are_written() -> None:
    """A new slug lacks every part, and the first is the fact file."""
    assert [part.name for part in missing_parts("acme")] == [part.name for part in registry.PARTS]
    assert missing_parts("acme")[0].file == "contracts/soundstage_contracts/facts/acme.toml"
    assert (HOUSE / missing_parts("acme")[0].file).parent.is_dir()
    assert complete_vendors()[: len(VENDORS)] == VENDORS
    assert incomplete_vendors()["acme"] == f"{NEXT}write contracts/soundstage_contracts/facts/acme.toml next"


@pytest.mark.usefixtures("acme")
def test_facts_and_contracts_of_an_incomplete_vendor_name_what_is_missing() -> None:
    """Both errors name the file to write next, and the other vendors' facts load as ever."""
    assert tuple(load_facts().vendors)[: len(VENDORS)] == VENDORS
    with pytest.raises(FactError, match="acme is incomplete: no fact file"):
        load_facts("acme")
    with pytest.raises(IncompleteVendorError, match=r"acme is incomplete: .*no contract package"):
        contract_of("acme")


def copied(folder: Path) -> dict[str, str]:
    """Copy the client and the contracts into *folder*, register acme there, and return the environment to use them."""
    for package in (
        "clients/soundstage",
        "clients/soundstage_vendors",
        "contracts/soundstage_contracts",
        "contracts/soundstage_cli",
    ):
        shutil.copytree(HOUSE / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    table = folder / "clients/soundstage_vendors/own.py"
    row = '    OwnVendor("veo", "Veo", "Veo"),\n'
    text = table.read_text(encoding="utf-8")
    assert row in text
    table.write_text(text.replace(row, f'{row}    OwnVendor("acme", "Acme", "Acme"),\n'), encoding="utf-8")
    path = [str(folder / "clients"), str(folder / "contracts"), *filter(None, sys.path)]
    # A pipe has no width, unless a worker of pytest-xdist has set one. Coverage of the copy would be added to the
    # report as files of its own, most of them never run.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_", "COLUMNS"))}
    return {**kept, "PYTHONPATH": os.pathsep.join(path), "PYTEST_ADDOPTS": ""}


def python(folder: Path, environment: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    """Run Python in *folder*, and return its exit code, output and errors."""
    command = [sys.executable, *arguments]
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    return ended.returncode, ended.stdout, ended.stderr


def test_facts_and_contracts_work_beside_an_incomplete_vendor(tmp_path: Path) -> None:
    """With one slug and one fact file, everything works for the other vendors, and `facts --check` fails in words."""
    environment = copied(tmp_path)
    facts = ("-m", "soundstage_cli", "facts")
    code, out, err = python(tmp_path, environment, *facts, "--check")
    assert (code, err) == (1, f"{NEXT}write contracts/soundstage_contracts/facts/acme.toml next\n")
    assert all(vendor in out for vendor in VENDORS)
    (tmp_path / "contracts/soundstage_contracts/facts/acme.toml").write_text(FACTS, encoding="utf-8")
    code, out, err = python(tmp_path, environment, *facts, "acme", "--check")
    assert code == 1
    assert "create.route" in out
    assert err.endswith("write mock_server/soundstage_server/vendors/acme/__init__.py next\n")
    assert "fact file" not in err
    code, out, err = python(tmp_path, environment, *facts, "veo", "--check")
    assert (code, err) == (0, "")
    generate = ("-m", "soundstage_cli", "generate")
    code, out, err = python(tmp_path, environment, *generate)
    assert (code, err) == (0, "")
    assert all(vendor in out for vendor in VENDORS)
    code, out, err = python(tmp_path, environment, *generate, "acme", "text_to_image")
    assert (code, out) == (2, "")
    assert err.startswith("soundstage: acme is incomplete: no simulator, no client")
    collect = ("-m", "pytest", "-p", "no:cacheprovider", "--collect-only", "--pyargs", "soundstage_contracts")
    code, out, err = python(tmp_path, environment, *collect, "--soundstage-vendor", "veo")
    assert code == 0, out + err
    assert "soundstage: acme is incomplete: no simulator" in out
    assert "Module test_contract.py>" in out
