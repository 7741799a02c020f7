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

if TYPE_CHECKING:
    from tests.mock_server.conftest import Kit

MODULES = sorted(Path(soundstage_server.__file__).parent.glob("*.py"))
MUTABLE = (ast.List, ast.ListComp, ast.Dict, ast.DictComp, ast.Set, ast.SetComp)


@pytest.mark.parametrize("name", soundstage_server.__all__)
def test_every_public_name_is_there(name: str) -> None:
    """What the door names can be had through it, and is called so."""
    assert getattr(soundstage_server, name).__name__ == name


def test_the_door_is_sorted_and_shows_itself() -> None:
    """The names are easy to find, and nothing else is offered."""
    assert sorted(soundstage_server.__all__) == soundstage_server.__all__ == dir(soundstage_server)
    with pytest.raises(AttributeError, match="module 'soundstage_server' has no attribute 'Nothing'"):
        _ = soundstage_server.Nothing


def test_a_world_is_made_without_fastapi(kit: Kit) -> None:
    """Who only creates and polls never pays for the pages: neither FastAPI nor the encoders are loaded."""
    code = (
        "import sys; from soundstage_server import Server, World; Server(World()).stop();"
        "print(sorted({'fastapi', 'pydantic', 'starlette', 'av', 'PIL', 'httpx'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=kit.environment()
    )
    assert ran.stdout == "[]\n"


@pytest.mark.parametrize("slug", _registry.VENDORS)
def test_every_vendor_can_be_loaded(slug: str) -> None:
    """The registry's line leads to the class that plays the vendor."""
    assert _registry.load(slug).slug == slug


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_state_lives_in_a_module(path: Path) -> None:
    """A world holds all state: what a module binds to something that can change is a table, said to be final."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        assert not (isinstance(node, ast.Assign) and isinstance(node.value, MUTABLE)) or node.targets[0].id in (  # type: ignore[attr-defined]
            "__all__",
            "_HOMES",
        ), f"line {node.lineno}"
