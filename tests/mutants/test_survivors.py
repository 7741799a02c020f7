"""The list of surviving mutants: every entry is complete and still describes code that exists."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import pytest

from soundstage_contracts import VENDORS
from tools.mutants.generation import FOLDERS
from tools.mutants.survivors import SurvivorError, Survivors, entries

if TYPE_CHECKING:
    from pathlib import Path

ENTRIES = list(entries())
NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
FULL = """[[survivor]]
vendor = "infrai"
side = "client"
file = "service.py"
function = ""
before = "a"
after = "b"
kind = "equivalent"
reason = "the same"
"""


def scopes(tree: ast.AST, prefix: str = "") -> dict[str, ast.AST]:
    """Return every function, class and table below *tree* by its qualified name."""
    found: dict[str, ast.AST] = {"": tree} if not prefix else {}
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, NAMED):
            found[f"{prefix}{node.name}"] = node
            found |= scopes(node, f"{prefix}{node.name}.")
        elif not isinstance(node, ast.expr):
            targets = getattr(node, "targets", [getattr(node, "target", None)])
            found |= {each.id: node for each in targets if isinstance(each, ast.Name)} if not prefix else {}
            found |= scopes(node, prefix) if prefix else {}
    return found


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_entry_describes_code_that_exists(vendor: str) -> None:
    """The module, the function or table, and the unchanged lines of an entry are in the code."""
    for entry in (each for each in ENTRIES if each["vendor"] == vendor):
        folders = {str(side): folder for side, folder in FOLDERS.items()}
        text = (folders[entry["side"]] / vendor / entry["file"]).read_text(encoding="utf-8")
        node: Any = scopes(ast.parse(text)).get(entry["function"])
        assert node is not None, f"no {entry['function']} in {entry['file']}; remove the entry: {entry}"
        lines = text.splitlines()[getattr(node, "lineno", 1) - 1 : getattr(node, "end_lineno", None)]
        joined = " ".join(filter(None, map(str.strip, lines)))
        assert entry["before"] in joined, f"{entry['file']} has changed; remove the entry: {entry}"
        assert entry["after"] != entry["before"]


def test_every_entry_has_a_vendor_a_kind_and_a_reason() -> None:
    """The list can be read, and no entry is about a vendor that does not exist."""
    assert len(Survivors.load().kinds) == len(ENTRIES)
    assert {entry["vendor"] for entry in ENTRIES} <= set(VENDORS)
    assert all(len(entry["reason"]) > len("because") for entry in ENTRIES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FULL.replace('"equivalent"', '"unknown"'), "kind is 'unknown'"),
        (FULL.replace("reason", "because"), "reason missing"),
        (FULL + FULL, "listed twice"),
    ],
)
def test_unusable_entry_is_named(tmp_path: Path, text: str, message: str) -> None:
    """An entry without a reason, with another kind or listed twice is an error that names it."""
    path = tmp_path / "survivors.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SurvivorError, match=message):
        Survivors.load(path)
