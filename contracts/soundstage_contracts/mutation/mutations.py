"""Mutations: deliberate mistakes in the simulator or the client, each of which some contract must catch.

A vendor's breaks are functions in one file, each planting one mistake at run time and undone by its `MonkeyPatch`::

    MUTATIONS = Mutations("tomoviee")


    @MUTATIONS.in_simulator
    def a_failed_task_is_paid_for(patch: pytest.MonkeyPatch) -> None:
        \"\"\"What failed is captured instead of given back.\"\"\"
        patch.setattr(Ledger, "release", Ledger.capture)

`soundstage_contracts.mutation.runner` runs the contracts with one break at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from pathlib import Path

Apply = Callable[[pytest.MonkeyPatch], None]
Side = Literal["simulator", "client"]


class MutationError(ValueError):
    """A break, or a file of breaks, cannot be used; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """One mistake.

    Attributes:
        id: Its name among the vendor's.
        vendor: Whose contracts must catch it.
        side: Where it is planted.
        about: What goes wrong.
        apply: Plants it.
    """

    id: str
    vendor: str
    side: Side
    about: str
    apply: Apply


class Mutations:
    """The breaks of one vendor, in the order in which they are written."""

    def __init__(self, vendor: str) -> None:
        self.vendor = vendor
        self._found: dict[str, Mutation] = {}

    def in_simulator(self, apply: Apply) -> Apply:
        """Take a function that plants a mistake in the simulator."""
        return self._take(apply, "simulator")

    def in_client(self, apply: Apply) -> Apply:
        """Take a function that plants a mistake in the client."""
        return self._take(apply, "client")

    def __iter__(self) -> Iterator[Mutation]:
        """Iterate over the breaks."""
        return iter(self._found.values())

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._found)

    def __getitem__(self, name: str) -> Mutation:
        """Return the break that is called *name*.

        Raises:
            MutationError: There is none; the text names those there are.
        """
        if name not in self._found:
            raise MutationError(f"break must be one of {', '.join(self._found)}; got {name!r}")
        return self._found[name]

    def _take(self, apply: Apply, side: Side) -> Apply:
        name = apply.__name__.replace("_", "-")
        about = (apply.__doc__ or "").strip().partition("\n")[0]
        if not about:
            raise MutationError(f"{name}: docstring is missing; needed: a first line that says what goes wrong")
        if name in self._found:
            raise MutationError(f"{name}: an earlier break has this name; allowed: a new one")
        self._found[name] = Mutation(name, self.vendor, side, about, apply)
        return apply


def load_mutations(path: Path) -> Mutations:
    """Return the breaks in the file *path*, whose `MUTATIONS` they are.

    Raises:
        MutationError: There is no such file, or it defines none.
    """
    spec = spec_from_file_location(f"soundstage_breaks_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise MutationError(f"{path} must be a Python file")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    mutations: Mutations | None = getattr(module, "MUTATIONS", None)
    if mutations is None:
        raise MutationError(f"{path} must define MUTATIONS")
    return mutations
