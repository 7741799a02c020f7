"""Which changes no contract can see, by rule: types, names of exports, texts for people, citations, spellings.

Everything that mutmut leaves out by itself comes on top: docstrings, annotations, decorators and decorated functions.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

import libcst as cst

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TYPE_FORMS: Final = frozenset(
    {"Annotated", "Callable", "Literal", "Mapping", "NewType", "ParamSpec", "Sequence", "TypeAlias", "TypeVar", "Union"}
)
_TYPE_CALLS: Final = frozenset({"cast", "TypeVar", "ParamSpec", "NewType"})
_KEYWORDS_FOR_PEOPLE: Final = frozenset({"shown", "about", "label"})
_ROUTE: Final = "Route"
_EXAMPLE: Final = 6
"""The position of the example among the arguments of a route, which the OpenAPI page shows and nothing else."""
_SCHEME: Final = "bearer"
_CASELESS: Final = frozenset(
    {"accept", "allow", "authorization", "bearer ", "content-disposition", "content-length", "content-type", "location",
     "retry-after", "idempotency-key", "utf-8", "latin-1", "ascii", "surrogatepass", "x-goog-api-key"}
)  # fmt: skip
"""Names of headers and codecs: a change of their case is the same name."""


def is_invisible(
    original: cst.CSTNode, mutated: cst.CSTNode, statements: Sequence[ast.stmt], facts: frozenset[str]
) -> bool:
    """Return whether the change from *original* to *mutated* cannot be visible outside of the program.

    Args:
        original: The node as it is.
        mutated: The node that replaces it.
        statements: The statements around it, the outermost first.
        facts: The ids of the vendor's facts.
    """
    if any(map(_is_type_only, statements)) or _is_type_call(original):
        return True
    changed = list(_changed(original, mutated))
    if statements and isinstance(statements[-1], ast.Raise) and any(map(_is_text, changed)):
        return True
    return any(_is_for_people(each) or _is_citation(each, facts) for each in changed) or _is_same_name(
        original, mutated
    )


def spans_for_people(tree: ast.Module) -> Iterator[tuple[int, int, int, int]]:
    """Yield the spans of what no program reads, as first and last line and byte columns.

    These are formatted texts with a blank, with all expressions in them, the types of `cast`, and examples of routes.
    """
    examples = {node.id for node in _examples(tree) if isinstance(node, ast.Name)}
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and {ast.unparse(each) for each in targets if each} & examples:
            yield _span(node)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in _TYPE_CALLS and node.args:
            yield _span(node.args[0])
        elif isinstance(node, ast.JoinedStr):
            texts = [str(part.value) for part in node.values if isinstance(part, ast.Constant)]
            if any(" " in text.strip() for text in texts):
                yield _span(node)
        elif isinstance(node, ast.keyword) and node.arg in _KEYWORDS_FOR_PEOPLE:
            yield _span(node)


def _examples(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield the examples of the routes in *tree*."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == _ROUTE:
            yield from node.args[_EXAMPLE : _EXAMPLE + 1]
            yield from (keyword.value for keyword in node.keywords if keyword.arg == "example")


def _span(node: ast.expr | ast.keyword | ast.stmt) -> tuple[int, int, int, int]:
    return node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0


def _is_type_only(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.If):
        return ast.unparse(statement.test) == "TYPE_CHECKING"
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return any(ast.unparse(each) in {"overload", "abstractmethod"} for each in statement.decorator_list)
    if isinstance(statement, ast.ClassDef):
        return any(ast.unparse(each) in {"TypedDict", "Protocol"} for each in statement.bases)
    if isinstance(statement, ast.AnnAssign):
        return "TypeAlias" in ast.unparse(statement.annotation)
    if isinstance(statement, ast.Assign):
        return ast.unparse(statement.targets[0]) == "__all__" or _is_type_form(statement.value)
    return isinstance(statement, (ast.Import, ast.ImportFrom))


def _is_type_form(value: ast.expr) -> bool:
    """Return whether *value* is a type, such as ``Literal["a", "b"]`` or ``int | None``."""
    if isinstance(value, ast.BinOp):
        return isinstance(value.op, ast.BitOr) and _is_type_form(value.left) and _is_type_form(value.right)
    if isinstance(value, ast.Subscript):
        return ast.unparse(value.value).rpartition(".")[2] in _TYPE_FORMS
    if isinstance(value, ast.Call):
        return ast.unparse(value.func) in _TYPE_CALLS
    return isinstance(value, ast.Constant) and value.value is None


def _is_type_call(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in _TYPE_CALLS


def _changed(original: cst.CSTNode, mutated: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield what is changed: the arguments of a call that are replaced or removed, the value of an assignment."""
    if isinstance(original, cst.Call) and isinstance(mutated, cst.Call) and original.func is mutated.func:
        kept = {id(each) for each in mutated.args}
        route = isinstance(original.func, cst.Name) and original.func.value == _ROUTE
        for place, each in enumerate(original.args):
            if id(each) not in kept:
                people = each.keyword is not None and each.keyword.value in _KEYWORDS_FOR_PEOPLE
                people = people or (route and each.keyword is None and place == _EXAMPLE)
                yield cst.SimpleString('" for people "') if people else each.value
    elif isinstance(original, (cst.Assign, cst.AnnAssign)) and original.value is not None:
        yield original.value
    else:
        yield original


def _is_text(node: cst.CSTNode) -> bool:
    return isinstance(node, (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString))


def _is_for_people(node: cst.CSTNode) -> bool:
    """Return whether *node* is a sentence: a text with a blank."""
    if isinstance(node, cst.SimpleString):
        return " " in str(node.evaluated_value) and str(node.evaluated_value).strip().lower() != _SCHEME
    if isinstance(node, cst.FormattedString):
        return any(isinstance(part, cst.FormattedStringText) and " " in part.value.strip() for part in node.parts)
    return isinstance(node, cst.ConcatenatedString)


def _is_citation(node: cst.CSTNode, facts: frozenset[str]) -> bool:
    return isinstance(node, cst.SimpleString) and node.evaluated_value in facts


def _is_same_name(original: cst.CSTNode, mutated: cst.CSTNode) -> bool:
    if not (isinstance(original, cst.SimpleString) and isinstance(mutated, cst.SimpleString)):
        return False
    before, after = str(original.evaluated_value).lower(), str(mutated.evaluated_value).lower()
    return before == after and before in _CASELESS
