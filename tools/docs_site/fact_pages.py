"""Writes a page for each vendor from its facts: parameters, limits, prices, states, and each fact with its proof."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from soundstage_cli.facts.coverage import coverage_of
from soundstage_contracts import VENDORS, load_facts, proven
from soundstage_server import World
from tools.docs_site.markdown import heading_anchor, literal, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from soundstage_cli.facts.coverage import Coverage
    from soundstage_contracts import Fact
    from soundstage_server.model.fields import Field
    from soundstage_server.model.messages import Route
    from soundstage_server.world.vendor_service import VendorService

_MONEY: Final = ("price", "pricing", "charge", "credit", "cost", "refund", "budget", "points")
"""Parts of the ids of facts about money."""

_LEGEND: Final = (
    "*Documented*: the vendor's documents state it. *Contradicted*: two documents disagree; the reading that is used "
    "is first. *Inferred*: no document states it, and it is our choice. *Shown to fail*: a planted mistake violates "
    "the fact, and its contract catches it."
)


def fact_pages() -> dict[str, str]:
    """Return the page of every vendor's facts by its path on the site."""
    with World() as world:
        return {page_path(vendor): _page(vendor, world.services[vendor]) for vendor in VENDORS}


def vendor_notes() -> dict[str, str]:
    """Return the links from each vendor's guide to the pages that only the site has."""
    return {
        f"vendors/{vendor}.md": f"[All facts, parameters and proofs](../{page_path(vendor)}) · "
        f"[API reference](../api/{vendor}.md) · [Error catalog](../errors.md)"
        for vendor in VENDORS
    }


def page_path(vendor: str) -> str:
    """Return where the page of a vendor's facts is on the site."""
    return f"facts/{vendor}.md"


def anchor(fact_id: str) -> str:
    """Return the anchor of a fact on its vendor's page."""
    return f"fact-{fact_id.replace('.', '-')}"


def _page(vendor: str, service: VendorService) -> str:
    contracts = proven(vendor)
    items = [coverage_of(fact, contracts.get(fact.key, ()), None) for fact in load_facts(vendor).values()]
    sections = [
        _summary(vendor, service, items),
        *_capabilities(service, {item.fact.id for item in items}),
        _section("Prices", "Facts about money:", _fact_table(item for item in items if _is_money(item.fact))),
        _states(vendor, service),
        f"## Error codes\n\nThe [error catalog](../errors.md#{heading_anchor(service.title)}) has every code.\n",
        "## All facts\n",
        *_groups(items),
    ]
    return "\n".join(section for section in sections if section)


def _summary(vendor: str, service: VendorService, items: Sequence[Coverage]) -> str:
    kinds = ("documented", "contradicted", "inferred")
    counts = [sum(item.fact.certainty == kind for item in items) for kind in kinds]
    required = [item for item in items if item.fact.needs_contract]
    shown = sum(not item.unshown for item in required)
    head = ("Facts", *(kind.capitalize() for kind in kinds), "Need a contract", "Shown to fail")
    row = (str(len(items)), *map(str, counts), str(len(required)), f"{shown} of {len(required)}")
    return (
        f"# {service.title}: facts\n\n"
        f"Written from the facts with every build of this site; [the vendor's page](../vendors/{vendor}.md) explains "
        f"how to use them, and `soundstage facts {vendor}` prints them.\n\n{table(head, [row])}\n{_LEGEND}\n"
    )


def _capabilities(service: VendorService, known: Iterable[str]) -> Iterator[str]:
    """Yield the table of routes, and a table of parameters for each route with a body."""
    routes = list(service.routes())
    ids = set(known)
    rows = [(f"`{route.method}`", f"`{route.path}`", route.summary, _links(route.facts, ids)) for route in routes]
    yield _section("Routes", "", table(("Method", "Path", "What it does", "Facts"), rows))
    yield "## Capabilities\n"
    for route in routes:
        if route.body:
            title = f"### {route.summary}\n\n`{route.method} {route.path}`{_paid(route)}\n"
            yield f"{title}\n" + table(("Parameter", "Allowed", "Default", "Fact"), list(_parameters(route.body, ids)))


def _paid(route: Route) -> str:
    return ", which costs money" if route.paid else ""


def _parameters(fields: Iterable[Field], known: set[str]) -> Iterator[Sequence[str]]:
    for field in fields:
        default = "required" if field.required else "" if field.default is None else f"`{field.default}`"
        yield f"`{field.name}`", field.rule.allowed, default, _links((field.fact,), known)


def _states(vendor: str, service: VendorService) -> str:
    """Return the table of states: the vendor's word, the client's state, and how long it lasts in the simulator."""
    states = getattr(import_module(f"soundstage.vendors.{vendor}.profile"), "STATES", {})
    stages = {
        str(stage.word): f"{stage.least:g} to {stage.most:g} s"
        for operation in service.operations
        for stage in service.lifecycle(operation).stages
    }
    rows = [(f"`{word}`", f"`{state.name}`", stages.get(str(word), "")) for word, state in states.items()]
    about = "How long a state lasts is the simulator's choice where no fact states it."
    return _section("Job states", about, table(("The vendor's word", "`JobState`", "Lasts"), rows)) if rows else ""


def _groups(items: Sequence[Coverage]) -> Iterator[str]:
    """Yield a table for each group of facts: those whose ids have the same first part."""
    groups: dict[str, list[Coverage]] = {}
    for item in items:
        groups.setdefault(item.fact.id.partition(".")[0], []).append(item)
    for name, group in groups.items():
        yield f"### {name}\n\n{_fact_table(group, anchors=True)}"


def _fact_table(items: Iterable[Coverage], *, anchors: bool = False) -> str:
    rows = [_fact_row(item, anchors=anchors) for item in items]
    return table(("Fact", "Statement", "Source", "Certainty", "Binds", "Proof"), rows) if rows else ""


def _fact_row(item: Coverage, *, anchors: bool) -> Sequence[str]:
    fact = item.fact
    name = f"`{fact.id}`"
    first = f'<span id="{anchor(fact.id)}"></span>{name}' if anchors else f"[{name}](#{anchor(fact.id)})"
    statement = literal(fact.statement) + (f"<br>**But:** {literal(fact.but)}" if fact.but else "")
    return first, statement, literal(fact.source), fact.certainty, fact.binds, _proof(item)


def _proof(item: Coverage) -> str:
    """Return the contracts of a fact, and the sides on which a planted mistake was caught."""
    if not item.fact.sides:
        return "advice"
    names = sorted({contract.name.rpartition(":")[2] for contract in item.contracts})
    shown = " and ".join(sorted(item.shown))
    parts = [
        ", ".join(f"`{name}`" for name in names) or "not required",
        f"shown to fail in the {shown}" if shown else "",
    ]
    return "; ".join(part for part in parts if part)


def _is_money(fact: Fact) -> bool:
    return any(part in fact.id for part in _MONEY)


def _links(ids: Iterable[str], known: set[str]) -> str:
    return ", ".join(f"[`{id_}`](#{anchor(id_)})" if id_ in known else f"`{id_}`" for id_ in ids)


def _section(title: str, about: str, rows: str) -> str:
    """Return a section with the table *rows*; nothing without one."""
    return "\n\n".join([f"## {title}", *([about] if about else []), rows]) if rows else ""
