"""JSON Schemas inferred from example responses: what a page promises, and what can be checked.

An example determines types, and at its top level the required members. A null determines nothing, since documents write
it for a value that does not exist yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


def infer(example: Any) -> dict[str, Any]:
    """Return the schema of values like *example*; no member is required."""
    if isinstance(example, dict):
        return {"type": "object", "properties": {str(name): infer(value) for name, value in example.items()}}
    if isinstance(example, list):
        return {"type": "array", "items": infer(example[0]) if example else {}}
    if example is None:
        return {}
    kinds = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"))
    return {"type": next(name for kind, name in kinds if isinstance(example, kind))}


def infer_any(examples: Iterable[Any]) -> dict[str, Any]:
    """Return the schema of responses like one of *examples*; members at the top level are required."""
    schemas: list[dict[str, Any]] = []
    for example in examples:
        inferred = infer(example)
        if isinstance(example, dict) and example:
            inferred["required"] = sorted(str(name) for name, value in example.items() if value is not None)
        if inferred not in schemas:
            schemas.append(inferred)
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
