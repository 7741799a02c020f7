"""Tells people what happened: a failure as a story that can be replayed, a live run's plan, and what it found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from soundstage_contracts.live.differences import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from soundstage_contracts.live.plan import PlannedCall

_BODY: Final = 600
_FACTS: Final = 4


def story(record: Mapping[str, Any], seed: int) -> str:
    """Return the story of a contract that failed: the clause, the facts, what was said, and how to see it again."""
    return "\n".join(_story(record, seed))


def _story(record: Mapping[str, Any], seed: int) -> Iterator[str]:
    yield f"promise: {record['promise']}"
    yield from (f"fact: {line}" for line in _facts(record["facts"]))
    for number, exchange in enumerate(record["exchanges"], 1):
        phase = f" ({exchange['phase']})" if exchange.get("phase") else ""
        yield f"{number}. {exchange['method']} {exchange['url']}{phase}{_body(exchange['body'])}"
        yield f"   {_answer(exchange)}"
    yield f"again: {again(record, seed)}"


def again(record: Mapping[str, Any], seed: int) -> str:
    """Return the command that runs a contract as it was run."""
    return f"pytest --pyargs '{record['id']}' --soundstage-seed {seed}"


def _facts(keys: Sequence[str]) -> Iterator[str]:
    from soundstage_contracts.facts.loader import load_facts

    book = load_facts()
    for key in keys[:_FACTS]:
        yield f"{key}: {book[key].says}" if key in book else key
    if len(keys) > _FACTS:
        yield ", ".join(keys[_FACTS:])


def _answer(exchange: Mapping[str, Any]) -> str:
    if exchange["status"] is None:
        return "no answer came"
    cited = exchange.get("response_headers", {}).get("x-soundstage-fact")
    fact = f" [{cited}]" if cited else ""
    return f"HTTP {exchange['status']}{fact}{_body(exchange.get('response'))}"


def _body(body: Any) -> str:
    if body is None:
        return ""
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return f" {text}" if len(text) <= _BODY else f" {text[:_BODY]}..."


def plan_lines(steps: Sequence[PlannedCall]) -> list[str]:
    """Return a live run's plan in words: each call with its price, what is not made and why, and the total."""
    lines = []
    for step in steps:
        head = f"{step.vendor} {step.call.name} [{step.call.tier}, {step.price}]: {step.call.about}"
        lines.append(f"{head} - NOT MADE: {step.skip_reason}" if step.skip_reason else head)
    return [*lines, *_totals(steps)]


def _totals(steps: Sequence[PlannedCall]) -> Iterator[str]:
    for vendor in dict.fromkeys(step.vendor for step in steps):
        made = [step for step in steps if step.vendor == vendor and not step.skip_reason]
        known = sum(step.call.price or 0.0 for step in made)
        unknown = sum(step.call.price is None for step in made)
        more = f", and {unknown} of unknown price" if unknown else ""
        unit = next(step.unit for step in steps if step.vendor == vendor)
        yield f"{vendor}: {len(made)} calls for {known:g} {unit} at most{more}"


def difference_lines(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return where live services differ from the simulator, the worst first, or that nothing differs."""
    live = [record for record in records if record["service"]]
    if not live:
        return []
    found = {(each[0], record["vendor"], each[1]) for record in live for each in record["differences"]}
    unique = sorted(found, key=lambda each: (SEVERITIES.index(each[0]), *each[1:]))
    return [f"{vendor}: {says}" for _, vendor, says in unique] or [f"no difference in {len(live)} calls"]
