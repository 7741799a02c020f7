"""The public namespace: lazy, sorted and complete, with the allowed imports only."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import soundstage
from soundstage_vendors.own import VENDORS

SOURCE = Path(soundstage.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))


def loaded_after(code: str) -> set[str]:
    """Return the modules that running *code* adds to a new interpreter."""
    script = f"import sys\nbefore = set(sys.modules)\n{code}\nprint(*(set(sys.modules) - before), sep=chr(10))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def imports_of(path: Path) -> set[str]:
    """Return the top-level names of the packages that a file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


def test_import_loads_no_http_library() -> None:
    """`import soundstage` costs next to nothing: only the table of names and the version are loaded."""
    loaded = loaded_after("import soundstage")
    assert not {"httpx", "httpcore", "anyio", "dataclasses", "json", "importlib.metadata"} & loaded
    assert {name for name in loaded if name.startswith("soundstage_vendors")} == {
        "soundstage_vendors",
        "soundstage_vendors.own",
    }
    assert {name for name in loaded if name.startswith("soundstage.")} == {
        "soundstage._registry",
        "soundstage._version",
    }


def test_errors_and_policies_load_no_http_library() -> None:
    """Catching an error or configuring a client needs no httpx."""
    assert "httpx" not in loaded_after("from soundstage import ApiError, PollPolicy, Job, SkippingClock")


def test_public_names_are_sorted_and_exist() -> None:
    """`__all__` is sorted, each of its names can be imported, and `dir()` shows them."""
    assert list(soundstage.__all__) == sorted(soundstage.__all__)
    assert set(soundstage.__all__) <= set(dir(soundstage))
    for name in soundstage.__all__:
        assert getattr(soundstage, name) is not None


def test_type_stub_lists_the_public_names() -> None:
    """The stub for type checkers is what the tool writes from the table."""
    spec = spec_from_file_location("public_names", SOURCE.parents[1] / "tools" / "public_names.py")
    assert spec
    assert spec.loader
    tool = module_from_spec(spec)
    spec.loader.exec_module(tool)
    expected: str = tool.stub()
    found = (SOURCE / "__init__.pyi").read_text(encoding="utf-8")
    assert found == expected, f"run python tools/public_names.py; the stub should be:\n{expected}"


def test_every_error_is_public() -> None:
    """Every error of this library can be imported from `soundstage`."""
    assert set(import_module("soundstage.errors").__all__) <= set(soundstage.__all__)


def test_unknown_name_is_an_attribute_error() -> None:
    """A name that does not exist raises AttributeError, as in any module."""
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        soundstage.Nothing  # type: ignore[attr-defined] # noqa: B018 - the access is the test


def test_only_one_folder_imports_httpx() -> None:
    """Only `_io/http/` imports httpx."""
    assert {path.parent.name for path in MODULES if {"httpx", "httpcore"} & imports_of(path)} == {"http"}


def test_client_imports_no_other_package() -> None:
    """The client imports neither the simulator nor the contracts."""
    assert not [path.name for path in MODULES if {"soundstage_server", "soundstage_contracts"} & imports_of(path)]


def test_shared_code_names_no_vendor() -> None:
    """Shared code compares nothing with a vendor's name and imports no vendor."""
    for path in MODULES:
        if path.is_relative_to(SOURCE / "vendors") or path.stem in {"__init__", "_registry"}:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        decisions = [
            node
            for node in ast.walk(tree)
            if isinstance(node, (ast.Compare, ast.Import, ast.ImportFrom, ast.match_case))
        ]
        text = " ".join(map(ast.dump, decisions))
        assert not [slug for slug in VENDORS if slug in text], path.name


@pytest.mark.parametrize("slug", VENDORS)
def test_registry_names_public_clients(slug: str) -> None:
    """A vendor's row names a module and two public clients, and its slug is the profile's."""
    entry = VENDORS[slug]
    module = import_module(entry.module)
    assert module.PROFILE.slug == slug
    for name in (entry.client, entry.async_client):
        assert getattr(soundstage, name) is getattr(module, name)


def test_version_has_one_source() -> None:
    """The version that is sent to services is the one that the build publishes."""
    project = tomllib.loads((SOURCE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    source = SOURCE.parents[1] / project["tool"]["hatch"]["version"]["path"]
    assert source == SOURCE / "_version.py"
    assert soundstage.__version__ in source.read_text(encoding="utf-8")


def test_every_public_name_is_documented() -> None:
    """Every public class and function has a docstring."""
    for name in soundstage.__all__:
        value = getattr(soundstage, name)
        if isinstance(value, type):
            assert value.__doc__, name
