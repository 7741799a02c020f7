"""Generate the mutants of a vendor's modules with the library part of mutmut, and draw a sample that stays the same."""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate, islice, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import create_mutations

from tools.mutants.exclusions import is_invisible, spans_for_people

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from libcst.metadata import CodePosition

PER_SIDE: Final = 155
"""How many mutants of each vendor and side are run: 2,170 with seven vendors."""
SEED: Final = "soundstage"
Side = Literal["simulator", "client"]
_ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final[dict[Side, Path]] = {
    "simulator": _ROOT / "mock_server" / "soundstage_server" / "vendors",
    "client": _ROOT / "clients" / "soundstage" / "vendors",
}
"""The folder with the vendors of each side."""
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
_NEVER: Final = frozenset({"__repr__", "__str__"})
"""Functions whose result is a text for people."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One small change of one module.

    Attributes:
        vendor: The vendor whose contracts must catch it.
        side: The side that it changes.
        file: The module, relative to the vendor's folder.
        scope: The function, class or table that is changed; empty at the top of the module.
        before: The changed lines as they are, each without indentation.
        after: The same lines with the change.
        nth: The position among the equal changes of one scope, from 0.
        path: The module.
        statement: The first line of the innermost statement around the change.
        start: The first changed line.
        end: The last changed line.
        text: The text of the module as it is.
        edit: The part of the text that differs, as its start, its end and what replaces it.
        function: The outermost function that contains the change in its body; None if an import executes it.
        lines: The first and the last line of the body of that function.
    """

    vendor: str
    side: Side
    file: str
    scope: str
    before: str
    after: str
    nth: int
    path: Path
    statement: int
    start: int
    end: int
    text: str
    edit: tuple[int, int, str]
    function: str | None
    lines: tuple[int, int]

    @property
    def id(self) -> str:
        """Its name, which does not depend on line numbers."""
        text = "\0".join((self.vendor, self.side, self.file, self.scope, self.before, self.after, str(self.nth)))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def where(self) -> str:
        """Its place, for people."""
        return f"{self.vendor} {self.side} {self.file}:{self.start} {self.scope}"

    @property
    def source(self) -> str:
        """The text of the whole changed module."""
        return changed_text([self])

    def overlaps(self, other: Mutant) -> bool:
        """Return whether both change the same text of one module."""
        start, end, _ = self.edit
        first, last, _ = other.edit
        return self.path == other.path and start <= last and first <= end


def changed_text(mutants: Sequence[Mutant]) -> str:
    """Return the text of one module with all of *mutants*, which must not overlap."""
    text = mutants[0].text
    for start, end, new in sorted((mutant.edit for mutant in mutants), reverse=True):
        text = text[:start] + new + text[end:]
    return text


class _Module:
    """One module: its text, and what encloses a position of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text(encoding="utf-8")
        self.lines = self.text.splitlines(keepends=True)
        self._starts = [0, *accumulate(map(len, self.lines))]
        self._tree = ast.parse(self.text)
        self._enclosing: dict[int, list[ast.stmt]] = {}
        self._for_people = [
            (self._byte_offset(line, column), self._byte_offset(last, end))
            for line, column, last, end in spans_for_people(self._tree)
        ]

    def offset(self, position: CodePosition) -> int:
        """Return the index of *position* in the text."""
        line, column = int(position.line), int(position.column)
        return self._starts[line - 1] + column

    def for_people(self, start: int, end: int) -> bool:
        """Return whether the text from *start* to *end* is part of what no program reads."""
        return any(first <= start and end <= last for first, last in self._for_people)

    def _byte_offset(self, line: int, column: int) -> int:
        """Return the index of a position whose column counts bytes, as those of `ast` do."""
        return self._starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())

    def enclosing(self, line: int) -> list[ast.stmt]:
        """Return the statements that contain *line*, the outermost first."""
        if line not in self._enclosing:
            self._enclosing[line] = list(_enclosing(self._tree, line))
        return self._enclosing[line]


def _enclosing(tree: ast.AST, line: int) -> Iterator[ast.stmt]:
    found: ast.AST | None = tree
    while found is not None:
        found = next((each for each in ast.iter_child_nodes(found) if _contains(each, line)), None)
        if isinstance(found, ast.stmt):
            yield found


def _contains(node: ast.AST, line: int) -> bool:
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)) and node.decorator_list:
        return min(each.lineno for each in node.decorator_list) <= line <= (node.end_lineno or 0)
    return getattr(node, "lineno", 1 << 30) <= line <= (getattr(node, "end_lineno", None) or 0)


def mutants_of(vendor: str, side: Side, facts: frozenset[str]) -> list[Mutant]:
    """Return every mutant of one side of a vendor whose effect can be visible.

    Args:
        vendor: The vendor's slug.
        side: The side.
        facts: The ids of the vendor's facts, whose citations are not mutated.
    """
    folder = FOLDERS[side] / vendor
    found = [
        mutant for path in sorted(folder.rglob("*.py")) for mutant in _module_mutants(vendor, side, folder, path, facts)
    ]
    seen: Counter[str] = Counter()
    numbered = []
    for mutant in found:
        numbered.append(replace(mutant, nth=seen[mutant.id]))
        seen[mutant.id] += 1
    return numbered


def sample(mutants: Iterable[Mutant], count: int = PER_SIDE) -> list[Mutant]:
    """Return *count* of the mutants, drawn by their own names: a change of the code replaces few of them."""
    drawn = sorted(mutants, key=lambda each: hashlib.sha256(f"{SEED}:{each.id}".encode()).digest())
    return list(islice(filter(_changes_something, drawn), count))


def _module_mutants(vendor: str, side: Side, folder: Path, path: Path, facts: frozenset[str]) -> Iterator[Mutant]:
    module = _Module(path)
    parsed, mutations, _, _ = create_mutations(str(path), module.text)
    positions = MetadataWrapper(parsed, unsafe_skip_copy=True).resolve(PositionProvider)
    for mutation in mutations:
        span = positions[mutation.original_node]
        start, end = module.offset(span.start), module.offset(span.end)
        old = module.text[start:end]
        if old.strip() != parsed.code_for_node(mutation.original_node).strip():
            continue  # a node whose position is not that of its text
        if module.for_people(start, end):
            continue
        statements = module.enclosing(span.start.line)
        functions = [each for each in statements if isinstance(each, _FUNCTIONS)]
        if any(each.name in _NEVER for each in functions):
            continue
        if is_invisible(mutation.original_node, mutation.mutated_node, statements, facts):
            continue
        new = parsed.code_for_node(mutation.mutated_node).strip()
        # The position of some nodes, such as an operator with its operand, includes the blank before it.
        new = old[: len(old) - len(old.lstrip())] + new + old[len(old.rstrip()) :]
        old_lines = module.lines[span.start.line - 1 : span.end.line]
        new_lines = "".join((old_lines[0][: span.start.column], new, old_lines[-1][span.end.column :]))
        first, last, after = _changed_lines(old_lines, new_lines.splitlines(keepends=True))
        first, last = first + span.start.line, last + span.start.line
        outer = functions[0] if functions else None
        in_body = outer is not None and first >= outer.body[0].lineno
        yield Mutant(
            vendor=vendor,
            side=side,
            file=path.relative_to(folder).as_posix(),
            scope=_scope(statements),
            before=_joined(module.lines[first - 1 : last]),
            after=_joined(after),
            nth=0,
            path=module.path,
            statement=min(statements[-1].lineno, first) if statements else first,
            start=first,
            end=last,
            text=module.text,
            edit=_edit(start, old, new),
            function=_scope(statements[: statements.index(outer) + 1]) if outer is not None and in_body else None,
            lines=(outer.body[0].lineno, outer.end_lineno or 0) if outer is not None else (0, 0),
        )


def _changes_something(mutant: Mutant) -> bool:
    """Return whether the mutant is a program, and another one: a change may be one of parentheses alone."""
    try:
        changed = ast.parse(mutant.source)
    except SyntaxError:
        return False
    return ast.dump(changed) != _dumped(mutant.text)


@lru_cache(maxsize=64)
def _dumped(text: str) -> str:
    return ast.dump(ast.parse(text))


def _edit(start: int, old: str, new: str) -> tuple[int, int, str]:
    """Return the part of *old*, which begins at *start*, that differs in *new*, and what replaces it."""
    head = _common(old, new)
    tail = _common(reversed(old[head:]), reversed(new[head:]))
    return start + head, start + len(old) - tail, new[head : len(new) - tail]


def _common(one: Iterable[str], other: Iterable[str]) -> int:
    """Return how many characters are the same from the beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _changed_lines(old: list[str], new: list[str]) -> tuple[int, int, list[str]]:
    """Return the first and the last line of *old* that differ in *new*, and what replaces them."""
    shorter = min(len(old), len(new))
    first = next((at for at in range(shorter) if old[at] != new[at]), shorter - 1)
    same = next((at for at in range(shorter - first) if old[-1 - at] != new[-1 - at]), shorter - first)
    last = max(len(old) - 1 - same, first)
    return first, last, new[first : len(new) - (len(old) - 1 - last)]


def _joined(lines: list[str]) -> str:
    return " ".join(filter(None, (line.strip() for line in lines)))


def _scope(statements: list[ast.stmt]) -> str:
    """Return the qualified name of the innermost function or class, or the name of the table."""
    names = [each.name for each in statements if isinstance(each, (*_FUNCTIONS, ast.ClassDef))]
    if not names and statements:
        head = statements[0]
        targets = head.targets if isinstance(head, ast.Assign) else [getattr(head, "target", None)]
        names = [each.id for each in targets if isinstance(each, ast.Name)]
    return ".".join(names)
