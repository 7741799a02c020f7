"""Binds the shared laws to a vendor's terms: one contract of the vendor's suite for each law.

A vendor's suite has one module for all of them::

    from soundstage_contracts.laws.binding import bind
    from soundstage_contracts.vendors.infrai.terms import TERMS

    bind(globals(), TERMS)

A law is a typed function of a module in `LAW_MODULES`. It takes the fixtures of the suite, `vendor` (the terms), and
one parameter for each of its cases, which are named in its decorator::

    @law("client", operation="operations")
    def test_arguments_arrive(vendor: Terms, target: Target, operation: Operation, data: st.DataObject) -> None: ...

It is neither a method (Hypothesis refuses one function that several classes run) nor a closure. `bind` copies it into
the vendor's module, so that pytest's collection, ``-k`` and the record of which contract proves which fact see an
ordinary test of that module; its cases are called ``[vendor-case]``.
"""

from __future__ import annotations

import itertools
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage_contracts.facts.proves import proves

if TYPE_CHECKING:
    from soundstage_contracts.laws.terms import Terms

T = TypeVar("T", bound=Callable[..., Any])
Side = Literal["server", "client", "both"]
Row = tuple["Terms", tuple[Any, ...]]

LAW_MODULES: Final = ("requests", "refusals", "states", "outputs", "money", "callbacks", "transcripts", "events")
"""The modules that define laws, in the order in which a suite runs them."""

DRAWS: Final = "data"
"""The parameter of a law that lets it draw examples."""


class BindingError(ValueError):
    """A vendor's terms do not fit the laws; the text has the law or name, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """A contract of every vendor.

    Attributes:
        function: The test.
        side: The side that it proves.
        cases: Parameter to the attribute of `Terms` with its cases.
        needs: Further attributes of `Terms` without which the law cannot be bound.
    """

    function: Callable[..., Any]
    side: Side
    cases: Mapping[str, str]
    needs: Sequence[str] = ()

    def uses(self) -> tuple[str, ...]:
        """Return every attribute of `Terms` that the law depends on."""
        return (*self.cases.values(), *self.needs)

    def rows(self, terms: Terms) -> Iterator[Row]:
        """Return the law's cases for *terms*; none where *terms* does not declare what the law needs."""
        if all(getattr(terms, name) for name in self.needs):
            for row in itertools.product(*(_cases(getattr(terms, name)) for name in self.cases.values())):
                yield terms, row


def _place(law: Law) -> int:
    """Return the place of a law's module among the modules of laws, the last one for any other module."""
    name = law.function.__module__.rpartition(".")[2]
    return LAW_MODULES.index(name) if name in LAW_MODULES else len(LAW_MODULES)


def _cases(declared: Any) -> Sequence[Any]:
    """Return the cases in an attribute of `Terms`: the items of a sequence, the keys of a mapping, or one value."""
    if declared is None:
        return ()
    return tuple(declared) if isinstance(declared, Sequence | Mapping) else (declared,)


class Laws:
    """A collection of laws by name, in the order of `LAW_MODULES` and, within a module, of definition."""

    def __init__(self) -> None:
        self._laws: dict[str, Law] = {}

    def law(self, side: Side = "both", needs: Sequence[str] = (), **cases: str) -> Callable[[T], T]:
        """Record the decorated function as a law.

        Args:
            side: The side that it proves.
            needs: Attributes of `Terms` without which the law cannot be bound.
            **cases: Parameter to the attribute of `Terms` with its cases.

        Raises:
            BindingError: Another law has the function's name, or the function is a closure.
        """

        def record(function: T) -> T:
            name = function.__name__
            if name in self._laws:
                raise BindingError(f"{name}: two laws have this name; needed: a name of its own")
            if getattr(function, "__closure__", None):
                raise BindingError(f"{name} must be a function of a module, as a copy of it is bound; got a closure")
            self._laws[name] = Law(function=function, side=side, cases=cases, needs=needs)
            return function

        return record

    def items(self) -> Sequence[tuple[str, Law]]:
        """Return each law and its name."""
        # A suite may import one of the modules before all others: the order of import is no order.
        return sorted(self._laws.items(), key=lambda item: _place(item[1]))

    def bind(self, namespace: dict[str, Any], *faces: Terms) -> None:
        """Define in *namespace*, a module's globals, one test for each law that *faces* declare the parts of.

        Raises:
            BindingError: A name in `facts` or `left_out` is no law; a law is neither bound nor left out, or is left out
                and has facts; a declared part is used by no law that is bound; or *namespace* already has a law's name.
        """
        for terms in faces:
            self._check(terms)
        for name, law in self.items():
            rows = [row for terms in faces if name not in terms.left_out for row in law.rows(terms)]
            # Also for a law without rows: a vendor's own test of its name would be taken for the law.
            if namespace.get(name) is not None:
                raise BindingError(
                    f"{name} is already defined in {namespace['__name__']}; rename the vendor's own test"
                )
            if rows:
                namespace[name] = _bound(name, law, rows, str(namespace["__name__"]))

    def _check(self, terms: Terms) -> None:
        unknown = (terms.facts.keys() | terms.left_out.keys()) - self._laws.keys()
        if unknown:
            raise BindingError(f"{terms}: facts and left_out must name laws; got {', '.join(sorted(unknown))}")
        bound = {name: law for name, law in self._laws.items() if name not in terms.left_out}
        # All at once: a new vendor's terms lack several parts, and each run takes seconds.
        lacking = {
            name: ", ".join(part for part in law.uses() if not getattr(terms, part))
            for name, law in bound.items()
            if not any(True for _ in law.rows(terms))
        }
        if lacking:
            needs = "; ".join(f"{name} needs {parts}" for name, parts in lacking.items())
            raise BindingError(f"{terms}: {needs}; declare what is needed, or give a reason in left_out")
        if both := terms.facts.keys() & terms.left_out.keys():
            raise BindingError(f"{terms}: {', '.join(sorted(both))} must not be left out, as facts rest on it")
        used = {part for law in bound.values() for part in law.uses()}
        known = {part for law in self._laws.values() for part in law.uses()}
        # A declaration that no bound law reads would look like coverage.
        declared = {each.name for each in fields(terms)} & known
        if unused := sorted(part for part in declared - used if getattr(terms, part)):
            raise BindingError(f"{terms}: {', '.join(unused)} must not be declared, as every law about it is left out")


def _bound(name: str, law: Law, rows: Sequence[Row], module: str) -> Any:
    """Return a copy of the law's function that is a test of *module* with *rows* as its cases."""
    original = law.function
    # A copy: marks and `given` change a function, and the law is bound to other vendors as well. It keeps the globals
    # of the law's module, where the names in its body are defined.
    test: Any = types.FunctionType(original.__code__, original.__globals__, name)
    # The first line of the docstring is the promise that a report shows.
    test.__annotations__, test.__doc__ = original.__annotations__, original.__doc__
    # The record of proven facts names a contract by its module, which must be the vendor's.
    test.__module__, test.__qualname__ = module, name
    if DRAWS in original.__annotations__:
        # All faces share one test, whose number of examples the slowest face decides.
        test = _drawing(test, min(terms.effort for terms, _ in rows))
    cases = [pytest.param(terms, *row, id="-".join(map(case_name, (terms, *row)))) for terms, row in rows]
    test = pytest.mark.parametrize(("vendor", *law.cases), cases)(test)
    # A dict keeps the order and drops what two faces both name.
    facts = dict.fromkeys(f"{terms.slug}:{fact}" for terms, _ in rows for fact in terms.facts.get(name, ()))
    return proves(*facts, side=law.side)(test) if facts else test


def _drawing(test: T, effort: float) -> Any:
    """Let Hypothesis draw for *test*, and only a share of the run's examples where *effort* is below 1."""
    if effort < 1:
        # The run's profile is loaded before any suite is imported, so that its other settings stay in force.
        test = settings(max_examples=max(1, round(settings().max_examples * effort)))(test)
    return given(**{DRAWS: st.data()})(test)


def case_name(case: object) -> str:
    """Return how a case is called in a test's id."""
    return str(getattr(case, "name", None) or case)


LAWS: Final = Laws()
law: Final = LAWS.law


def all_laws() -> Laws:
    """Return the laws of every module in `LAW_MODULES`."""
    for module in LAW_MODULES:
        import_module(f"soundstage_contracts.laws.{module}")
    return LAWS


def bind(namespace: dict[str, Any], *faces: Terms) -> None:
    """Define in *namespace*, a module's globals, one test for each law; see `Laws.bind`."""
    all_laws().bind(namespace, *faces)
