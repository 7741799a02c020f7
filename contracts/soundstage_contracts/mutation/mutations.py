"""Mutations: deliberate mistakes in the simulator or the client, each of which some contract must catch.

A vendor's mutations are functions in one file. Each makes one mistake at run time, and its `MonkeyPatch` undoes it::

    MUTATIONS = Mutations("tomoviee")


    @MUTATIONS.in_simulator
    def lost_refund(patch: pytest.MonkeyPatch) -> None:
        \"\"\"A failed task is charged instead of refunded.\"\"\"
        patch.setattr(Ledger, "release", Ledger.capture)

A mutation that violates facts names them, so that a run shows that each of these facts can fail on that side::

    @MUTATIONS.in_client("auth.headers")
    def dropped_header(patch: pytest.MonkeyPatch) -> None: ...

`soundstage_contracts.mutation.edits` has the other form, a line of a source file that is replaced.
`soundstage_contracts.mutation.runner` runs the contracts with one mutation at a time.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from textwrap import dedent
from typing import TYPE_CHECKING, Literal, overload

import pytest

if TYPE_CHECKING:
    from pathlib import Path

Apply = Callable[[pytest.MonkeyPatch], None]
Side = Literal["simulator", "client"]


class MutationError(ValueError):
    """A mutation, or a file of mutations, cannot be used; the text names it and the reason."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A mutation as it is listed: everything but the function that applies it.

    Attributes:
        id: Its name, unique among the vendor's.
        side: The side that it changes.
        about: The mistake in one sentence.
        shows: The facts, without the vendor, that it violates: a contract of each of them must catch it.
        source: What it is made of, as text; a changed text makes what a run has shown with it outdated.
    """

    id: str
    side: Side
    about: str
    shows: tuple[str, ...] = ()
    source: str = ""

    @property
    def bound(self) -> Literal["server", "client"]:
        """The side that its facts bind."""
        return "server" if self.side == "simulator" else "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation(Listed):
    """One mistake.

    Attributes:
        vendor: The vendor whose contracts must catch it.
        apply: Makes the mistake.
    """

    vendor: str
    apply: Apply

    def listed(self) -> Listed:
        """Return it without the function, so that it can be sent to another process."""
        return Listed(self.id, self.side, self.about, self.shows, self.source)


class Mutations:
    """The mutations of one vendor, in the order in which they are defined."""

    def __init__(self, vendor: str) -> None:
        self.vendor = vendor
        self._by_id: dict[str, Mutation] = {}

    @overload
    def in_simulator(self, apply: Apply, /) -> Apply: ...
    @overload
    def in_simulator(self, *shows: str) -> Callable[[Apply], Apply]: ...
    def in_simulator(self, *given: Apply | str) -> Apply | Callable[[Apply], Apply]:
        """Register a function that makes a mistake in the simulator, which may violate the facts that are named."""
        return self._decorate("simulator", given)

    @overload
    def in_client(self, apply: Apply, /) -> Apply: ...
    @overload
    def in_client(self, *shows: str) -> Callable[[Apply], Apply]: ...
    def in_client(self, *given: Apply | str) -> Apply | Callable[[Apply], Apply]:
        """Register a function that makes a mistake in the client, which may violate the facts that are named."""
        return self._decorate("client", given)

    def __iter__(self) -> Iterator[Mutation]:
        """Iterate over the mutations."""
        return iter(self._by_id.values())

    def __len__(self) -> int:
        """Return the number of mutations."""
        return len(self._by_id)

    def __getitem__(self, id_: str) -> Mutation:
        """Return the mutation *id_*.

        Raises:
            MutationError: There is none; the text lists the known ones.
        """
        if id_ not in self._by_id:
            raise MutationError(f"mutation must be one of {', '.join(self._by_id)}; got {id_!r}")
        return self._by_id[id_]

    def _decorate(self, side: Side, given: tuple[Apply | str, ...]) -> Apply | Callable[[Apply], Apply]:
        functions = [each for each in given if not isinstance(each, str)]
        if functions:
            return self._register(functions[0], side, ())
        shows = tuple(each for each in given if isinstance(each, str))
        return lambda apply: self._register(apply, side, shows)

    def _register(self, apply: Apply, side: Side, shows: tuple[str, ...]) -> Apply:
        id_ = apply.__name__.replace("_", "-")
        about = (apply.__doc__ or "").strip().partition("\n")[0]
        if not about:
            raise MutationError(f"{id_}: docstring is missing; needed: a first line that describes the mistake")
        source = _source(apply) if shows else ""
        self.add(Mutation(id_, side, about, shows, source, vendor=self.vendor, apply=apply))
        return apply

    def add(self, mutation: Mutation) -> None:
        """Add *mutation*.

        Raises:
            MutationError: Another one has its name.
        """
        if mutation.id in self._by_id:
            raise MutationError(f"{mutation.id}: an earlier mutation has this name; allowed: a new one")
        self._by_id[mutation.id] = mutation


def _source(apply: Apply) -> str:
    """Return the source of a function without its comments and its layout."""
    return ast.unparse(ast.parse(dedent(inspect.getsource(apply))))


def load_mutations(path: Path) -> Mutations:
    """Return the `MUTATIONS` of the file *path*.

    Raises:
        MutationError: There is no such file, or it defines none.
    """
    spec = spec_from_file_location(f"soundstage_mutations_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise MutationError(f"{path} must be a Python file")
    module = module_from_spec(spec)
    # Not by the loader: it takes stored bytecode, also after an edit to a text of equal length within the same second.
    exec(compile(path.read_bytes(), str(path), "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - it is to be run
    mutations: Mutations | None = getattr(module, "MUTATIONS", None)
    if mutations is None:
        raise MutationError(f"{path} must define MUTATIONS")
    return mutations
