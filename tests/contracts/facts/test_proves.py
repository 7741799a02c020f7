"""`@proves` records the facts of a contract, leaves it unchanged, and shows which facts are unproven."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

import soundstage_contracts
import soundstage_vendors
from soundstage_contracts import Fact, FactBook, FactError, VendorFacts, proven
from soundstage_contracts.facts.proves import Contract, Proofs, missing_sides

if TYPE_CHECKING:
    from collections.abc import Callable

SIDES = {"server": "served", "client": "called", "both": "agreed", "advice": "advised"}


@pytest.fixture
def proofs() -> Proofs:
    """A registry of its own, over four facts of an invented vendor, one for each way to bind."""
    facts = tuple(Fact("acme", id_, "A statement.", "page 3", "documented", binds) for binds, id_ in SIDES.items())  # type: ignore[arg-type]  # the literals come from a table
    book = FactBook([VendorFacts("acme", "https://api.acme.example", {}, facts)])
    return Proofs(lambda: book)


def test_the_function_stays_what_it_is(proofs: Proofs) -> None:
    """Decorating changes neither the function nor what it returns."""

    def contract() -> int:
        """Three is three."""
        return 3

    assert proofs.proves("acme:agreed")(contract) is contract


def test_a_contract_is_recorded_with_its_place_and_its_first_line(proofs: Proofs) -> None:
    """The record names module and function, and quotes the first line of the docstring alone."""

    @proofs.proves("acme:agreed", "acme:served")
    def contract() -> None:
        """A created task is queued.

        More words.
        """

    place = f"{__name__}:{contract.__qualname__}"
    assert proofs.snapshot() == {
        "acme:agreed": (Contract(place, "A created task is queued.", frozenset({"server", "client"})),),
        "acme:served": (Contract(place, "A created task is queued.", frozenset({"server"})),),
    }


@pytest.mark.parametrize("above", [True, False])
def test_it_stands_above_or_below_given(proofs: Proofs, *, above: bool) -> None:
    """Hypothesis runs the contract, and the record has its name and clause, in either order."""
    seen: list[int] = []

    def contract(number: int) -> None:
        """Every number is seen."""
        seen.append(number)

    proves, give = proofs.proves("acme:agreed"), given(st.integers())
    decorated: Callable[[], None] = proves(give(contract)) if above else give(proves(contract))
    decorated()
    (record,) = proofs.snapshot()["acme:agreed"]
    assert seen
    assert record.name.endswith("contract")
    assert record.promise == "Every number is seen."


def test_it_stands_above_and_below_rule(proofs: Proofs) -> None:
    """A state machine's rules are contracts, and still rules, whichever decorator is nearer."""
    ran: set[str] = set()

    class Machine(RuleBasedStateMachine):
        @proofs.proves("acme:served")
        @rule()
        def above(self) -> None:
            """The rule above."""
            ran.add("above")

        @rule()
        @proofs.proves("acme:called")
        def below(self) -> None:
            """The rule below."""
            ran.add("below")

    run_state_machine_as_test(Machine)
    assert ran == {"above", "below"}
    assert proofs.snapshot()["acme:served"][0].name.endswith("Machine.above")
    assert proofs.snapshot()["acme:called"][0].name.endswith("Machine.below")


def test_it_stands_above_and_below_marks(proofs: Proofs) -> None:
    """The marks of pytest survive on either side."""

    @pytest.mark.parametrize("word", ["a"])
    @proofs.proves("acme:agreed")
    @pytest.mark.filterwarnings("error")
    def contract(word: str) -> None:
        """A word is a word."""

    marks: list[Any] = contract.pytestmark  # type: ignore[attr-defined]  # pytest puts it there
    assert {mark.name for mark in marks} == {"parametrize", "filterwarnings"}


def test_a_contract_can_prove_each_fact_on_its_own_side(proofs: Proofs) -> None:
    """Two uses on one function add up: the fact that binds both is then covered."""

    @proofs.proves("acme:agreed", side="server")
    @proofs.proves("acme:agreed", side="client")
    def contract() -> None:
        """Both sides agree."""

    assert contract.__doc__
    (record,) = proofs.snapshot()["acme:agreed"]
    assert record.sides == {"server", "client"}


@pytest.mark.parametrize(
    ("binds", "covered", "missing"),
    [
        ("both", [], {"server", "client"}),
        ("both", ["server"], {"client"}),
        ("both", ["server", "client"], set()),
        ("server", ["server"], set()),
        ("client", [], {"client"}),
        ("advice", [], set()),
    ],
)
def test_a_fact_is_covered_when_every_side_it_binds_is(binds: Any, covered: list[Any], missing: set[str]) -> None:
    """Contracts of one side prove nothing for the other."""
    fact = Fact("acme", "agreed", "A statement.", "page 3", "documented", binds)
    contracts = [Contract(f"module:{side}", "It is true.", frozenset({side})) for side in covered]
    assert missing_sides(fact, contracts) == missing


def test_an_unknown_fact_fails_where_the_contract_is_written(proofs: Proofs) -> None:
    """The mistake shows at import, with the nearest fact."""
    with pytest.raises(FactError, match=r"no fact is called 'acme:agred'; did you mean 'acme:agreed'\?"):
        proofs.proves("acme:agred")


def test_a_side_that_the_fact_does_not_bind_is_refused(proofs: Proofs) -> None:
    """A client cannot prove what only the server must do."""
    with pytest.raises(FactError, match="acme:served: side is 'client', but the fact binds server"):
        proofs.proves("acme:served", side="client")


def test_naming_no_fact_is_refused(proofs: Proofs) -> None:
    """A contract without a fact is a mistake, not a contract."""
    with pytest.raises(FactError, match="names no fact"):
        proofs.proves()


def test_a_contract_without_a_clause_is_refused(proofs: Proofs) -> None:
    """A contract must say in one line what it promises."""

    def contract() -> None:
        pass

    with pytest.raises(FactError, match=r"<locals>.contract: docstring is missing"):
        proofs.proves("acme:agreed")(contract)


def proven_here() -> set[str]:
    """Return the proven facts of vendors that are installed: an earlier test of this process may have had another."""
    return {fact for fact in proven() if fact.partition(":")[0] in soundstage_vendors.slugs()}


def test_everything_proven_is_a_known_fact() -> None:
    """Every fact that the suite proves is in the fact files."""
    assert proven_here() <= set(soundstage_contracts.load_facts())


def test_nothing_is_proven_without_a_suite(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the suite is not installed, only contracts that are already imported count."""
    monkeypatch.setattr("soundstage_contracts.facts.proves._SUITE", "soundstage_contracts._no_such_suite")
    assert proven_here() <= set(soundstage_contracts.load_facts())


def test_the_suite_is_imported_before_it_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test module of the shared suite and of the vendors' suites is imported, and no other."""
    imported: list[str] = []
    monkeypatch.setattr("soundstage_contracts.facts.proves._SUITE", "json")
    monkeypatch.setattr(soundstage_vendors, "slugs", lambda: ("veo",))
    modules = [_Found("test_a"), _Found("b")]
    monkeypatch.setattr("soundstage_contracts.facts.proves.pkgutil.iter_modules", lambda _: modules)

    def note(name: str) -> Any:
        imported.append(name)
        return _Found(name)

    monkeypatch.setattr("soundstage_contracts.facts.proves.import_module", note)
    proven()
    veo = "soundstage_contracts.suite.veo"
    assert imported == ["json", "json.test_a", veo, f"{veo}.test_a"]


def test_mistake_in_one_suite_leaves_the_other_vendors_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that cannot be imported is an error in words, and none where only another vendor's facts are needed."""
    infrai = "soundstage_contracts.suite.infrai"

    def fail(name: str) -> Any:
        if name == f"{infrai}.test_laws":
            raise ValueError("infrai: a law needs hosts")
        return _Found(name)

    monkeypatch.setattr("soundstage_contracts.facts.proves.pkgutil.iter_modules", lambda _: [_Found("test_laws")])
    monkeypatch.setattr("soundstage_contracts.facts.proves.import_module", fail)
    assert proven("veo") is not None
    with pytest.raises(FactError, match=r"infrai.test_laws cannot be imported: ValueError: infrai: a law needs"):
        proven()


class _Found:
    """A module that was found, and the package that it was found in."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.__path__: list[str] = []


def test_the_door_opens_on_every_name_it_lists() -> None:
    """Each public name loads, is listed once, and an unknown one is an AttributeError."""
    names = soundstage_contracts.__all__
    assert len(set(names)) == len(names)
    assert set(names) <= set(dir(soundstage_contracts))
    assert all(getattr(soundstage_contracts, name) is not None for name in names)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        soundstage_contracts.__getattr__("nothing")
