"""Binding refuses terms that do not fit the laws, and makes ordinary tests of those that do."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from soundstage_contracts.facts.loader import FactError
from soundstage_contracts.laws.binding import BindingError, Laws, case_name
from soundstage_contracts.laws.declarations import Operation, Refusal
from soundstage_contracts.vendors.infrai.terms import TERMS as INFRAI

if TYPE_CHECKING:
    from hypothesis import strategies as st

    from soundstage_contracts.laws.terms import Terms

MODULE = "a_suite.test_laws"
SMALL = replace(
    INFRAI, facts={}, refusals=(), bad_credentials=(), rejected={}, hosts=(), malformed=None, invalid=None,
    not_found=None, no_credit=None, too_many=None, retention=None, machine=None, formats=(), left_out={},
)  # fmt: skip
"""Infrai with operations alone."""


DRAWN: list[dict[str, Any]] = []


def drawing(vendor: Terms, operation: Operation, data: st.DataObject) -> None:
    """Draw a body."""
    assert vendor.operations
    DRAWN.append(data.draw(operation.bodies))


@pytest.fixture
def laws() -> Laws:
    """Define two laws: one on operations, one on hosts."""
    laws = Laws()

    @laws.law("server", operation="operations")
    def test_an_operation(vendor: Terms, operation: Operation) -> None:
        """An operation has a method."""
        assert vendor.operations
        assert operation.method

    @laws.law("client", host="hosts")
    def test_a_host(vendor: Terms, host: str) -> None:
        """A host has a name."""
        assert vendor.hosts
        assert host

    del test_an_operation, test_a_host
    return laws


def bound(laws: Laws, *faces: Terms, **names: Any) -> dict[str, Any]:
    """Return the namespace of a module into which *laws* were bound."""
    namespace = {"__name__": MODULE, **names}
    laws.bind(namespace, *faces)
    return namespace


def test_a_law_becomes_a_test_of_the_module(laws: Laws) -> None:
    """The copy has the law's name and docstring, the suite's module, and one case for each declared value."""
    test = bound(laws, replace(SMALL, hosts=("a.test", "b.test")))["test_a_host"]
    assert (test.__name__, test.__module__, test.__doc__) == ("test_a_host", MODULE, "A host has a name.")
    (mark,) = test.pytestmark
    assert [case.id for case in mark.args[1]] == ["infrai-a.test", "infrai-b.test"]
    test(SMALL.__class__(contract=SMALL.contract, raw_client=SMALL.raw_client, hosts=("a",)), "a")


def test_two_faces_are_cases_of_one_test(laws: Laws) -> None:
    """Each face of a vendor adds its cases; a law that one face leaves out has the other's."""
    one = replace(SMALL, face="one", hosts=("a.test",))
    two = replace(SMALL, face="two", left_out={"test_a_host": "it has none"})
    namespace = bound(laws, one, two)
    cases = {name: [case.id for case in namespace[name].pytestmark[0].args[1]] for name in dict(laws.items())}
    assert cases == {
        "test_an_operation": ["infrai-one-generate", "infrai-two-generate"],
        "test_a_host": ["infrai-one-a.test"],
    }


def test_a_test_of_the_vendors_own_is_not_replaced(laws: Laws) -> None:
    """A law must not take the place of a test with the same name."""
    with pytest.raises(BindingError, match="test_a_host is already defined in a_suite"):
        bound(laws, replace(SMALL, hosts=("a.test",)), test_a_host=len)


@pytest.mark.parametrize("part", ["facts", "left_out"])
def test_an_unknown_law_is_refused(laws: Laws, part: str) -> None:
    """Facts and reasons name laws that exist."""
    terms = replace(SMALL, hosts=("a.test",), **{part: {"test_no_such_law": ["job.id"]}})  # type: ignore[arg-type]
    with pytest.raises(BindingError, match="must name laws; got test_no_such_law"):
        bound(laws, terms)


def test_an_unknown_fact_is_refused(laws: Laws) -> None:
    """A fact that no fact file has cannot be proven."""
    with pytest.raises(FactError, match=r"no\.such\.fact"):
        bound(laws, replace(SMALL, hosts=("a.test",), facts={"test_a_host": ["no.such.fact"]}))


def test_what_a_law_needs_is_declared_or_the_law_is_left_out(laws: Laws) -> None:
    """A law without cases is an error that names what is missing; a reason in left_out settles it."""
    with pytest.raises(BindingError, match="test_a_host needs hosts"):
        bound(laws, SMALL)
    namespace = bound(laws, replace(SMALL, left_out={"test_a_host": "it has none"}))
    assert "test_a_host" not in namespace


def test_everything_that_laws_need_is_named_at_once(laws: Laws) -> None:
    """An error names every law that lacks a part, so that a new vendor's terms are completed in one go."""

    @laws.law("server", needs=["retention"])
    def test_a_result_expires(vendor: Terms) -> None:
        """A result expires."""
        assert vendor.retention

    del test_a_result_expires
    with pytest.raises(BindingError, match=r"infrai: test_a_host needs hosts; test_a_result_expires needs retention; "):
        bound(laws, SMALL)


def test_facts_do_not_rest_on_a_law_that_is_left_out(laws: Laws) -> None:
    """A law that is left out proves nothing."""
    terms = replace(SMALL, left_out={"test_a_host": "it has none"}, facts={"test_a_host": ["routes.base"]})
    with pytest.raises(BindingError, match="test_a_host must not be left out"):
        bound(laws, terms)


def test_a_declared_part_is_used(laws: Laws) -> None:
    """What every law about it leaves out must not be declared, as nothing would check it."""
    terms = replace(SMALL, hosts=("a.test",), left_out={"test_a_host": "it has none"})
    with pytest.raises(BindingError, match="hosts must not be declared"):
        bound(laws, terms)


def test_two_laws_have_two_names(laws: Laws) -> None:
    """A second law of the same name is refused where it is defined."""

    def test_a_host(vendor: Terms) -> None:
        """Another promise."""
        assert vendor

    with pytest.raises(BindingError, match="two laws have this name"):
        laws.law("both")(test_a_host)


def test_a_law_that_draws_is_run_by_hypothesis() -> None:
    """The parameter data is Hypothesis's, and a vendor with many operations gets fewer examples."""
    laws = Laws()
    laws.law("server", operation="operations")(drawing)
    test = bound(laws, replace(SMALL, effort=0.05))["drawing"]
    assert list(inspect.signature(test).parameters) == ["vendor", "operation"]
    test(SMALL, SMALL.first)
    assert 1 <= len(DRAWN) <= 5


def test_a_law_is_no_closure(laws: Laws) -> None:
    """A law is copied into the suite's module, and must therefore not depend on the names of another function."""

    def test_another() -> None:
        """The laws exist."""
        assert laws

    with pytest.raises(BindingError, match="test_another must be a function of a module"):
        laws.law("both")(test_another)


def test_declarations_are_shown_by_their_names() -> None:
    """A failing example names its declarations, and does not print every field of them."""
    refusal = Refusal(code=5, status=400, error=Exception, order="BAD")  # type: ignore[arg-type]
    assert list(map(case_name, (SMALL, SMALL.first, refusal, INFRAI.formats[0]))) == [
        "infrai", "generate", "BAD", "wrapped-status",
    ]  # fmt: skip


def test_sent_defaults_are_documented_ones() -> None:
    """The client sends no default that is not declared."""
    with pytest.raises(ValueError, match="sent_defaults must be names in defaults; got b"):
        replace(SMALL.first, defaults={"a": 1}, sent_defaults=("b",))


def test_an_outcome_is_chosen_by_a_text() -> None:
    """A word in the text chooses how a job ends; an operation without a text has no such choice."""
    assert SMALL.first.with_outcome("fail") == {"prompt": "A fox soundstage:fail"}
    assert SMALL.first.with_outcome("") == {"prompt": "A fox"}
    with pytest.raises(ValueError, match="no member chooses the outcome"):
        replace(SMALL.first, text=None).with_outcome("fail")
