"""Records which contract proves which fact, so that `soundstage facts` can list the unproven ones.

    @proves("tomoviee:create.route", "tomoviee:create.answer")
    def test_a_created_task_is_queued(...) -> None:
        \"\"\"A task that was just created is queued.\"\"\"

The decorator returns the function unchanged. It may be above or below `@given`, `@rule` and pytest's marks, and may be
used twice where one contract proves one fact of the simulator and another of the client.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar

import soundstage_vendors
from soundstage_contracts.facts.loader import Fact, FactBook, FactError, Side, load_facts
from soundstage_contracts.registry import incomplete_vendors

T = TypeVar("T", bound=Callable[..., Any])

_SUITE: Final = "soundstage_contracts.suite"
_NO_DOCSTRINGS: Final = 2  # the level of optimization (python -OO) at which docstrings are removed


@dataclass(frozen=True, slots=True)
class Contract:
    """A test that proves a fact.

    Attributes:
        name: Its name, as ``module:qualified.name``.
        promise: The first line of its docstring.
        sides: The sides for which it proves the fact.
    """

    name: str
    promise: str
    sides: frozenset[Side]


class Proofs:
    """Which contract proves which fact."""

    def __init__(self, facts: Callable[[], FactBook] = load_facts) -> None:
        """Start without contracts; *facts* loads the known facts when the first contract is recorded."""
        self._facts = facts
        self._contracts: dict[str, dict[str, Contract]] = {}

    def proves(self, *keys: str, side: Side | Literal["both"] = "both") -> Callable[[T], T]:
        """Record that the decorated test, method, rule or class proves the facts *keys* on *side*.

        Args:
            keys: Facts, as ``vendor:id``.
            side: The side that the contract tests; `both` means every side that the fact binds.

        Raises:
            FactError: There is no key, a fact is unknown or does not bind *side*, or the contract has no docstring.
        """
        if not keys:
            raise FactError("proves() names no fact; allowed: one or more keys such as 'tomoviee:create.route'")
        sides = {key: _proven_sides(self._facts().find(key), side) for key in keys}
        return partial(self._record, sides)

    def _record(self, sides: Mapping[str, frozenset[Side]], contract: T) -> T:
        name = name_of(contract)
        promise = (contract.__doc__ or "").strip().partition("\n")[0]
        if not promise and sys.flags.optimize >= _NO_DOCSTRINGS:
            promise = name.rpartition(":")[2].removeprefix("test_").replace("_", " ")
        if not promise:
            raise FactError(f"{name}: docstring is missing; needed: a first line that states the promise")
        for key, proven_sides in sides.items():
            by_name = self._contracts.setdefault(key, {})
            earlier = by_name.get(name)
            by_name[name] = Contract(name, promise, proven_sides | (earlier.sides if earlier else frozenset()))
        return contract

    def snapshot(self) -> Mapping[str, tuple[Contract, ...]]:
        """Return the contracts of each fact that has any, as recorded until now."""
        return MappingProxyType({key: tuple(found.values()) for key, found in self._contracts.items()})


def name_of(contract: Callable[..., Any]) -> str:
    """Return the name of *contract* as ``module:qualified.name``, also when Hypothesis has wrapped it."""
    return f"{contract.__module__}:{contract.__qualname__.removeprefix('accept.<locals>.')}"


def missing_sides(fact: Fact, contracts: Iterable[Contract]) -> frozenset[Side]:
    """Return the sides that *fact* binds and none of its *contracts* covers."""
    return fact.sides.difference(*(contract.sides for contract in contracts))


def _proven_sides(fact: Fact, side: Side | Literal["both"]) -> frozenset[Side]:
    if side == "both":
        return fact.sides
    if side not in fact.sides:
        raise FactError(f"{fact.key}: side is {side!r}, but the fact binds {fact.binds}")
    return frozenset({side})


_PROOFS: Final = Proofs()
proves = _PROOFS.proves


def recorded() -> Mapping[str, tuple[Contract, ...]]:
    """Return the contracts of each fact, by the fact's key, that were imported until now."""
    return _PROOFS.snapshot()


def proven(vendor: str | None = None) -> Mapping[str, tuple[Contract, ...]]:
    """Return the contracts that prove each fact, by the fact's key, after importing the suites of complete vendors.

    Args:
        vendor: Import the suite of this vendor alone, so that a mistake in the suite of another one does not matter.

    Raises:
        ModuleNotFoundError: A package that the suite needs is not installed; the `all` extra installs it.
        FactError: A module of a suite cannot be imported, such as one whose terms do not fit the laws.
    """
    if find_spec(_SUITE) is not None:
        slugs = soundstage_vendors.slugs()
        skipped = {*incomplete_vendors(), *(other for other in slugs if vendor not in (None, other))}
        for suite in (_SUITE, *(_suite_of(slug) for slug in slugs if slug not in skipped)):
            for name in _modules(suite):
                _import(name)
    return _PROOFS.snapshot()


def _suite_of(vendor: str) -> str:
    return str(soundstage_vendors.find(vendor).suite)


def _modules(package: str) -> list[str]:
    """Return the modules of contracts directly in a *package*."""
    try:
        path = import_module(package).__path__
    except ModuleNotFoundError:
        raise
    except Exception as error:
        raise FactError(f"{package} cannot be imported: {type(error).__name__}: {error}") from error
    found = [module.name for module in pkgutil.iter_modules(path) if module.name.startswith("test_")]
    return [f"{package}.{name}" for name in found]


def _import(module: str) -> None:
    try:
        import_module(module)
    except ModuleNotFoundError:
        raise
    except Exception as error:
        raise FactError(f"{module} cannot be imported: {type(error).__name__}: {error}") from error
