"""The shape of answers as JSON Schema, drawn from examples: what a page promises, and what can be checked.

An example promises types, and at its top the members that are there. A null promises nothing, since documents write it
for what is not there yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


def infer(example: Any) -> dict[str, Any]:
    """Return the schema of values like *example*, whose members may all be missing further down."""
    if isinstance(example, dict):
        return {"type": "object", "properties": {str(name): infer(value) for name, value in example.items()}}
    if isinstance(example, list):
        return {"type": "array", "items": infer(example[0]) if example else {}}
    if example is None:
        return {}
    kinds = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"))
    return {"type": next(name for kind, name in kinds if isinstance(example, kind))}


def infer_any(examples: Iterable[Any]) -> dict[str, Any]:
    """Return the schema of answers that are like one of *examples*: its first members are there."""
    shapes: list[dict[str, Any]] = []
    for example in examples:
        shape = infer(example)
        if isinstance(example, dict) and example:
            shape["required"] = sorted(str(name) for name, value in example.items() if value is not None)
        if shape not in shapes:
            shapes.append(shape)
    return shapes[0] if len(shapes) == 1 else {"anyOf": shapes}
