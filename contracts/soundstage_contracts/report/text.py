"""Texts of a run for the terminal: failure messages that can be replayed, a live run's plan, and its differences."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from soundstage_contracts.live.differences import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from soundstage_contracts.live.plan import PlannedCall

_MAX_BODY: Final = 600
"""Characters of a body in a failure message."""
_MAX_FACTS: Final = 4
"""Facts whose statements a failure message shows."""


def failure_text(record: Mapping[str, Any], seed: int) -> str:
    """Return the failure message of a contract: the promise, its facts, the exchanges, and how to run it again."""
    return "\n".join(_failure_lines(record, seed))


def _failure_lines(record: Mapping[str, Any], seed: int) -> Iterator[str]:
    yield f"promise: {record['promise']}"
    yield from (f"fact: {line}" for line in _facts(record["facts"]))
    for number, exchange in enumerate(record["exchanges"], 1):
        phase = f" ({exchange['phase']})" if exchange.get("phase") else ""
        yield f"{number}. {exchange['method']} {exchange['url']}{phase}{_body(exchange['body'])}"
        yield f"   {_response(exchange)}"
    yield f"run again: {rerun_command(record, seed)}"


def rerun_command(record: Mapping[str, Any], seed: int) -> str:
    """Return the command that runs a contract again in the same way."""
    return f"pytest --pyargs '{record['id']}' --soundstage-seed {seed}"


def _facts(keys: Sequence[str]) -> Iterator[str]:
    from soundstage_contracts.facts.loader import load_facts

    book = load_facts()
    for key in keys[:_MAX_FACTS]:
        yield f"{key}: {book[key].statement}" if key in book else key
    if len(keys) > _MAX_FACTS:
        yield ", ".join(keys[_MAX_FACTS:])


def _response(exchange: Mapping[str, Any]) -> str:
    if exchange["status"] is None:
        return "no response"
    cited = exchange.get("response_headers", {}).get("x-soundstage-fact")
    fact = f" [{cited}]" if cited else ""
    return f"HTTP {exchange['status']}{fact}{_body(exchange.get('response'))}"


def _body(body: Any) -> str:
    if body is None:
        return ""
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return f" {text}" if len(text) <= _MAX_BODY else f" {text[:_MAX_BODY]}..."


def plan_lines(planned: Sequence[PlannedCall]) -> list[str]:
    """Return a live run's plan: each call with its price, why a call is skipped, and the total of each vendor."""
    lines = []
    for each in planned:
        head = f"{each.vendor} {each.call.name} [{each.call.tier}, {each.price}]: {each.call.about}"
        lines.append(f"{head} - NOT MADE: {each.skip_reason}" if each.skip_reason else head)
    return [*lines, *_totals(planned)]


def _totals(planned: Sequence[PlannedCall]) -> Iterator[str]:
    for vendor in dict.fromkeys(each.vendor for each in planned):
        made = [each for each in planned if each.vendor == vendor and not each.skip_reason]
        known = sum(each.call.price or 0.0 for each in made)
        unknown = sum(each.call.price is None for each in made)
        more = f", and {unknown} of unknown price" if unknown else ""
        unit = next(each.unit for each in planned if each.vendor == vendor)
        yield f"{vendor}: {len(made)} calls for {known:g} {unit} at most{more}"


def difference_lines(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the differences between live services and the simulator, the worst first, or a line that there is none."""
    live = [record for record in records if record["service"]]
    if not live:
        return []
    found = {(each[0], record["vendor"], each[1]) for record in live for each in record["differences"]}
    unique = sorted(found, key=lambda each: (SEVERITIES.index(each[0]), *each[1:]))
    return [f"{vendor}: {text}" for _, vendor, text in unique] or [f"no difference in {len(live)} calls"]
