"""Apply one mutant in a forked process: where its module is imported, or to a function that exists already."""

from __future__ import annotations

import gc
import importlib.abc
import importlib.util
import sys
from pathlib import Path
from types import CodeType, FunctionType
from typing import TYPE_CHECKING

from tools.mutants.generation import changed_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from tools.mutants.generation import Mutant


class CannotApplyError(Exception):
    """The mutant cannot be applied in this way."""


class _Loader(importlib.abc.Loader):
    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._text, str(self._path), "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - the module's own text


class MutantFinder(importlib.abc.MetaPathFinder):
    """Finds one module and loads it with the changes of *mutants*."""

    def __init__(self, mutants: Sequence[Mutant]) -> None:
        self._path = mutants[0].path
        self._name = module_name(self._path)
        self._text = changed_text(mutants)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of the mutant's module, and None for others."""
        del path, target
        if fullname != self._name:
            return None
        package = [str(self._path.parent)] if self._path.stem == "__init__" else None
        loader = _Loader(self._path, self._text)
        return importlib.util.spec_from_file_location(
            fullname, self._path, loader=loader, submodule_search_locations=package
        )


def module_name(path: Path) -> str:
    """Return the dotted name of a module of the project."""
    parts = path.with_suffix("").parts
    top = max(at for at, part in enumerate(parts) if part in {"soundstage", "soundstage_server"})
    return ".".join(parts[top:]).removesuffix(".__init__")


def import_changed(mutants: Sequence[Mutant]) -> None:
    """Let the next import of each mutant's module load the changed text.

    Raises:
        CannotApplyError: A module is imported already.
    """
    for path in {mutant.path for mutant in mutants}:
        name = module_name(path)
        if name in sys.modules:
            raise CannotApplyError(f"{name} is imported already")
        sys.meta_path.insert(0, MutantFinder([mutant for mutant in mutants if mutant.path == path]))


def change_function(mutant: Mutant) -> list[tuple[FunctionType, CodeType]]:
    """Give the existing function the changed code, and return what it had before.

    Raises:
        CannotApplyError: There is no such function, or its variables are others.
    """
    changed = compile(mutant.source, str(mutant.path), "exec", dont_inherit=True)
    codes = {
        (code.co_qualname, code.co_firstlineno): code for code in _codes(changed) if code.co_qualname == mutant.function
    }
    functions = [
        (each, codes[key])
        for each in gc.get_objects()
        if type(each) is FunctionType
        and (key := (each.__code__.co_qualname, each.__code__.co_firstlineno)) in codes
        and Path(each.__code__.co_filename) == mutant.path
    ]
    if not functions:
        raise CannotApplyError(f"no function {mutant.function}")
    before = [(function, function.__code__) for function, _ in functions]
    for function, code in functions:
        try:
            function.__code__ = code
        except ValueError as error:
            restore(before)
            raise CannotApplyError(str(error)) from None
    return before


def restore(functions: Iterable[tuple[FunctionType, CodeType]]) -> None:
    """Give *functions* the code that they had before."""
    for function, code in functions:
        function.__code__ = code


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _codes(each)
