"""Mutations as data: the text of a source file that is replaced while its module is imported.

A vendor's edits are beside the file of its other mutations, as ``<vendor>.toml``::

    [[mutation]]
    id = "another-host"
    about = "The client calls another host."
    shows = ["gateway.hosts"]
    file = "clients/soundstage/vendors/tomoviee/profile.py"
    old = "openapi.wondershare.cc"
    new = "api.wondershare.cc"

The file decides the side: ``clients`` or ``mock_server``. A vendor from outside has both in one package: its edits name
a file such as ``soundstage_acme/client.py`` and the ``side``, ``client`` or ``simulator``. The text *old* must occur
exactly once in the file.
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from soundstage_contracts.mutation.mutations import Mutation, MutationError, Mutations, load_mutations

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType

    import pytest

    from soundstage_contracts.mutation.mutations import Side

_SIDES: Final[dict[str, Side]] = {"clients": "client", "mock_server": "simulator"}
_FOLDERS: Final = (*_SIDES, "contracts", "tests")
_KEYS: Final = frozenset({"id", "about", "shows", "file", "old", "new"})


@dataclass(frozen=True, slots=True)
class Edit:
    """A text of a source file, and what replaces it.

    Attributes:
        file: The file, relative to the repository; of a vendor from outside, relative to where its package is.
        old: The text.
        new: What replaces it.
    """

    file: str
    old: str
    new: str

    @property
    def module(self) -> str:
        """The module of the file."""
        return ".".join([*self._place[:-1], self._place[-1].removesuffix(".py")]).removesuffix(".__init__")

    @property
    def path(self) -> Path:
        """The file, where its package is installed."""
        package, *rest = self._place
        spec = find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise MutationError(f"file is {self.file!r}; allowed: a file of an installed package")
        return Path(spec.submodule_search_locations[0], *rest)

    @property
    def _place(self) -> list[str]:
        """The names in the path, from the import package on."""
        first, *rest = self.file.split("/")
        return rest if first in _FOLDERS else [first, *rest]

    def changed_text(self) -> str:
        """Return the source with the replacement.

        Raises:
            MutationError: There is no such file, or the old text does not occur exactly once.
        """
        path = self.path
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        found = text.count(self.old)
        if found != 1:
            raise MutationError(f"{self.file}: old must occur exactly once; it occurs {found} times: {self.old!r}")
        return text.replace(self.old, self.new)

    def __call__(self, patch: pytest.MonkeyPatch) -> None:
        """Let the module be imported from the changed text, which it must not have been before.

        Raises:
            MutationError: It is imported already, or the text cannot be changed.
        """
        if self.module in sys.modules:
            raise MutationError(f"{self.module} must not be imported before it is edited")
        patch.setattr(sys, "meta_path", [_Finder(self.module, self.changed_text()), *sys.meta_path])


class _Finder(MetaPathFinder):
    """Finds one module, and lets it be loaded from another text than its file has."""

    def __init__(self, module: str, text: str) -> None:
        self._module, self._text = module, text

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self._module:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(name, spec.origin, self._text)
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self._text = text

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - the loader's protocol
        """Compile the text; neither read nor write a cached file."""
        return compile(self._text, self.path, "exec", dont_inherit=True)


def load_edits(home: Path) -> Mutations:
    """Return the edits beside the file *home* of mutations; none where there is no such file.

    Raises:
        MutationError: A key is missing or unknown, a file belongs to no side, or two edits have one name.
    """
    path = home.with_suffix(".toml")
    edits = Mutations(home.stem)
    rows: list[Any] = []
    if path.is_file():
        try:
            rows = tomllib.loads(path.read_text(encoding="utf-8")).get("mutation", [])
        except tomllib.TOMLDecodeError as error:
            raise MutationError(f"{path.name}: not TOML: {error}") from None
    for row in rows:
        edits.add(_mutation(path, row))
    return edits


def _mutation(path: Path, row: dict[str, Any]) -> Mutation:
    where = f"{path.name}, {row.get('id', 'a mutation without id')}"
    if _KEYS ^ (row.keys() - {"side"}):
        raise MutationError(f"{where}: its keys are {', '.join(sorted(row))}; allowed: {', '.join(sorted(_KEYS))}")
    side = _side(where, row)
    edit = Edit(row["file"], row["old"], row["new"])
    return Mutation(row["id"], side, row["about"], tuple(row["shows"]), repr(edit), vendor=path.stem, apply=edit)


def _side(where: str, row: dict[str, Any]) -> Side:
    folder = row["file"].partition("/")[0]
    if folder in _FOLDERS and "side" not in row:
        side = _SIDES.get(folder)
    else:
        side = row["side"] if row.get("side") in _SIDES.values() and folder not in _FOLDERS else None
    if side is None:
        allowed = f"a file of {' or '.join(_SIDES)}, or one of another package with side {' or '.join(_SIDES.values())}"
        raise MutationError(f"{where}: file is {row['file']!r}, side {row.get('side')!r}; allowed: {allowed}")
    return side


def all_mutations(home: Path) -> Mutations:
    """Return the mutations of the file *home* and the edits beside it.

    Raises:
        MutationError: One of the files cannot be used, or two mutations have one name.
    """
    mutations = load_mutations(home)
    for edit in load_edits(home):
        mutations.add(edit)
    return mutations


def find_mutation(home: Path, name: str) -> Mutation:
    """Return the mutation *name*; an edit without importing *home*, which imports what the edit may change.

    Raises:
        MutationError: There is none.
    """
    edits = load_edits(home)
    return edits[name] if name in {edit.id for edit in edits} else load_mutations(home)[name]
