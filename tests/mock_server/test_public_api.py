"""The simulator's door: what is public is named, sorted, lazy, and there."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import soundstage_server
from soundstage_server import _registry
from soundstage_vendors.own import VENDORS

if TYPE_CHECKING:
    from tests.mock_server.conftest import Kit

MODULES = sorted(Path(soundstage_server.__file__).parent.glob("*.py"))
MUTABLE = (ast.List, ast.ListComp, ast.Dict, ast.DictComp, ast.Set, ast.SetComp)


@pytest.mark.parametrize("name", soundstage_server.__all__)
def test_public_name_is_importable(name: str) -> None:
    """Each listed name can be imported and has that name."""
    assert getattr(soundstage_server, name).__name__ == name


def test_public_names_are_sorted() -> None:
    """The list is sorted, and `dir` shows nothing else."""
    assert sorted(soundstage_server.__all__) == soundstage_server.__all__ == dir(soundstage_server)
    with pytest.raises(AttributeError, match="module 'soundstage_server' has no attribute 'Nothing'"):
        _ = soundstage_server.Nothing


def test_world_needs_neither_fastapi_nor_encoders(kit: Kit) -> None:
    """Create and poll load neither FastAPI nor the encoders."""
    code = (
        "import sys; from soundstage_server import Server, World; Server(World()).stop();"
        "print(sorted({'fastapi', 'pydantic', 'starlette', 'av', 'PIL', 'httpx'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=kit.environment()
    )
    assert ran.stdout == "[]\n"


@pytest.mark.parametrize("slug", VENDORS)
def test_every_vendor_can_be_loaded(slug: str) -> None:
    """The registry returns the service class with that slug."""
    assert _registry.load(slug).slug == slug


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_modules_have_no_state(path: Path) -> None:
    """Every mutable object at module level is a table that is declared final."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        assert not (isinstance(node, ast.Assign) and isinstance(node.value, MUTABLE)) or node.targets[0].id in (  # type: ignore[attr-defined]
            "__all__",
            "_HOMES",
        ), f"line {node.lineno}"
