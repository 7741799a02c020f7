"""Mutations: deliberate mistakes in the simulator or the client, each of which some contract must catch.

A vendor's mutations are functions in one file. Each makes one mistake at run time, and its `MonkeyPatch` undoes it::

    MUTATIONS = Mutations("tomoviee")


    @MUTATIONS.in_simulator
    def lost_refund(patch: pytest.MonkeyPatch) -> None:
        \"\"\"A failed task is charged instead of refunded.\"\"\"
        patch.setattr(Ledger, "release", Ledger.capture)

`soundstage_contracts.mutation.runner` runs the contracts with one mutation at a time.
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
    """A mutation, or a file of mutations, cannot be used; the text names it and the reason."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """One mistake.

    Attributes:
        id: Its name, unique among the vendor's.
        vendor: The vendor whose contracts must catch it.
        side: The side that it changes.
        about: The mistake in one sentence.
        apply: Makes the mistake.
    """

    id: str
    vendor: str
    side: Side
    about: str
    apply: Apply


class Mutations:
    """The mutations of one vendor, in the order in which they are defined."""

    def __init__(self, vendor: str) -> None:
        self.vendor = vendor
        self._by_id: dict[str, Mutation] = {}

    def in_simulator(self, apply: Apply) -> Apply:
        """Register a function that makes a mistake in the simulator."""
        return self._register(apply, "simulator")

    def in_client(self, apply: Apply) -> Apply:
        """Register a function that makes a mistake in the client."""
        return self._register(apply, "client")

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

    def _register(self, apply: Apply, side: Side) -> Apply:
        id_ = apply.__name__.replace("_", "-")
        about = (apply.__doc__ or "").strip().partition("\n")[0]
        if not about:
            raise MutationError(f"{id_}: docstring is missing; needed: a first line that describes the mistake")
        if id_ in self._by_id:
            raise MutationError(f"{id_}: an earlier mutation has this name; allowed: a new one")
        self._by_id[id_] = Mutation(id_, self.vendor, side, about, apply)
        return apply


def load_mutations(path: Path) -> Mutations:
    """Return the `MUTATIONS` of the file *path*.

    Raises:
        MutationError: There is no such file, or it defines none.
    """
    spec = spec_from_file_location(f"soundstage_mutations_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise MutationError(f"{path} must be a Python file")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    mutations: Mutations | None = getattr(module, "MUTATIONS", None)
    if mutations is None:
        raise MutationError(f"{path} must define MUTATIONS")
    return mutations
