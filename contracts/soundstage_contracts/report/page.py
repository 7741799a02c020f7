"""The HTML report of a run: a table of vendors and contracts in green, yellow and red, with the exchanges of each.

It is one self-contained HTML file that loads no script, style, font or image.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from soundstage_contracts.facts.loader import load_facts
from soundstage_contracts.report.text import rerun_command
from soundstage_vendors import slugs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from soundstage_contracts.options import RunOptions

OUTCOMES: Final = ("failed", "unchecked", "passed")
"""From the worst to the best."""

_CASES: Final = 3
_EVERYBODY: Final = "every vendor"


@dataclass(slots=True)
class Row:
    """One contract of one vendor: all its cases.

    Attributes:
        vendor: The vendor, or ``every vendor``.
        module: Its module.
        name: Its function.
        promise: The first line of its docstring.
        cases: The record of each case.
    """

    vendor: str
    module: str
    name: str
    promise: str
    cases: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        """The worst outcome of its cases."""
        outcomes: list[str] = [case["outcome"] for case in self.cases]
        return min(outcomes, key=OUTCOMES.index)

    @property
    def anchor(self) -> str:
        """The id of its element on the page."""
        return f"{self.vendor}.{self.module}.{self.name}".replace(" ", "-")


def write_report(path: Path, records: Sequence[Mapping[str, Any]], options: RunOptions) -> Path:
    """Write the report of *records* into the file *path*, and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(_page(records, options)), encoding="utf-8")
    return path


def rows_of(records: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Group *records*, one for each case, by contract, in the order of the suite."""
    rows: dict[tuple[str, str, str], Row] = {}
    for record in records:
        vendor = record["vendor"] or _EVERYBODY
        key = vendor, record["module"], record["name"]
        row = rows.setdefault(key, Row(*key, promise=record["promise"]))
        row.cases.append(record)
    return sorted(
        rows.values(), key=lambda row: (_order(row.vendor), row.module, OUTCOMES.index(row.outcome), row.name)
    )


def _order(vendor: str) -> int:
    known = slugs()
    return known.index(vendor) if vendor in known else len(known)


def _page(records: Sequence[Mapping[str, Any]], options: RunOptions) -> Iterator[str]:
    rows = rows_of(records)
    vendors = list(dict.fromkeys(row.vendor for row in rows))
    yield "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
    yield "<meta name='viewport' content='width=device-width, initial-scale=1'><title>Soundstage: contracts</title>"
    yield f"<style>{_data('page.css')}</style></head><body><h1>Soundstage: contracts</h1>"
    counts = Counter(record["outcome"] for record in records)
    summary = ", ".join(f"{counts[outcome]} {outcome}" for outcome in reversed(OUTCOMES) if counts[outcome])
    when = datetime.now(tz=UTC).strftime("%Y-%m-%d %H:%M UTC")
    yield f"<p class='run'>{when} · target {escape(options.target)} · effort {options.effort} · seed {options.seed}"
    yield f" · {summary or 'nothing ran'}</p><div class='tiles'>"
    for vendor in vendors:
        yield from _tile(vendor, [row for row in rows if row.vendor == vendor])
    yield "</div>"
    yield from _matrix(rows, vendors)
    yield from _tools()
    for vendor in vendors:
        yield from _section(vendor, [row for row in rows if row.vendor == vendor], options.seed)
    yield "<footer>Green: proven in this run. Yellow: not checked, with the reason. Red: broken. "
    yield "The last exchanges of each contract are shown, without secrets.</footer>"
    yield f"<script>{_data('page.js')}</script>"
    yield "</body></html>\n"


def _data(name: str) -> str:
    return (files("soundstage_contracts") / "report" / name).read_text(encoding="utf-8")


def _tile(vendor: str, rows: Sequence[Row]) -> Iterator[str]:
    counts = Counter(case["outcome"] for row in rows for case in row.cases)
    total = sum(counts.values())
    yield f"<a class='tile' href='#{escape(vendor.replace(' ', '-'))}'><b>{escape(vendor)}</b><div class='bar'>"
    for outcome in reversed(OUTCOMES):
        if counts[outcome]:
            yield f"<i class='{outcome}' style='width:{100 * counts[outcome] / total:.2f}%'></i>"
    summary = " · ".join(f"{counts[outcome]} {outcome}" for outcome in reversed(OUTCOMES) if counts[outcome])
    facts = {fact for row in rows for case in row.cases for fact in case["facts"] if case["outcome"] == "passed"}
    yield f"</div>{summary}<small>{len(rows)} contracts, {len(facts)} facts proven</small></a>"


def _matrix(rows: Sequence[Row], vendors: Sequence[str]) -> Iterator[str]:
    """Return the table of shared contracts: a row for each contract, a column for each vendor."""
    columns = [vendor for vendor in vendors if vendor != _EVERYBODY]
    shared: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        shared.setdefault((row.module, row.name), {})[row.vendor] = row
    own = {f"test_{vendor}" for vendor in slugs()}
    lines = {key: found for key, found in shared.items() if not any(key[0].startswith(name) for name in own)}
    if not lines or not columns:
        return
    yield "<h2>Contracts of every vendor</h2><div class='wide'><table class='matrix'><tr><th>contract</th>"
    yield "".join(f"<th>{escape(vendor)}</th>" for vendor in columns) + "</tr>"
    for found in lines.values():
        if set(found) == {_EVERYBODY}:
            continue
        yield f"<tr><td>{escape(next(iter(found.values())).promise)}</td>"
        for vendor in columns:
            yield f"<td>{_mark(found[vendor])}</td>" if vendor in found else "<td class='none'>·</td>"
        yield "</tr>"
    yield "</table></div>"


def _mark(row: Row) -> str:
    sign = {"passed": "✓", "unchecked": "?", "failed": "✗"}[row.outcome]
    count = f" {len(row.cases)}" if len(row.cases) > 1 else ""
    return f"<a class='mark {row.outcome}' title='{row.outcome}' href='#{escape(row.anchor)}'>{sign}{count}</a>"


def _tools() -> Iterator[str]:
    yield "<div class='tools'><button data-shows='all' aria-pressed='true'>all</button>"
    for outcome in OUTCOMES:
        yield f"<button data-shows='{outcome}' aria-pressed='false'>{outcome}</button>"
    yield "<input type='search' placeholder='contract, fact or word' aria-label='search'></div>"


def _section(vendor: str, rows: Sequence[Row], seed: int) -> Iterator[str]:
    yield f"<section class='vendor' id='{escape(vendor.replace(' ', '-'))}'><h2>{escape(vendor)}</h2>"
    for row in rows:
        yield from _contract(row, seed)
    if vendor in slugs():
        yield from _facts(vendor, rows)
    yield "</section>"


def _contract(row: Row, seed: int) -> Iterator[str]:
    facts = sorted({fact for case in row.cases for fact in case["facts"]})
    words = escape(f"{row.promise} {row.name} {' '.join(facts)}".lower(), quote=True)
    cases = f"{len(row.cases)} cases" if len(row.cases) > 1 else ""
    yield f"<details class='contract {row.outcome}' id='{escape(row.anchor)}' data-words='{words}'>"
    yield f"<summary><span class='mark {row.outcome}'>{row.outcome}</span>"
    yield f"<span class='promise'>{escape(row.promise or row.name)}</span><small>{cases}</small></summary>"
    yield f"<div class='inside'><h3>contract</h3><code>{escape(row.module)}::{escape(row.name)}</code>"
    if facts:
        yield "<h3>facts</h3>" + " · ".join(f"<code>{escape(fact)}</code>" for fact in facts)
    yield "<h3>exchanges</h3>"
    worst = sorted(row.cases, key=lambda case: OUTCOMES.index(case["outcome"]))
    bad = sum(case["outcome"] == "failed" for case in row.cases)
    for case in worst[: max(_CASES, bad)]:
        yield from _case(case, seed)
    if len(worst) > max(_CASES, bad):
        yield f"<p><small>and {len(worst) - max(_CASES, bad)} more cases</small></p>"
    yield "</div></details>"


def _case(case: Mapping[str, Any], seed: int) -> Iterator[str]:
    yield f"<div class='case {case['outcome']}'><b>{escape(case['case'])}</b>"
    if case["reason"]:
        yield f"<pre class='reason'>{escape(case['reason'])}</pre>"
    for severity, text in case["differences"]:
        tone = "failed" if severity == "breaking" else "unchecked"
        yield f"<div class='reason {tone}'>{escape(text)}</div>"
    if not case["exchanges"]:
        yield "<div><small>nothing was sent</small></div>"
    for exchange in case["exchanges"]:
        yield _exchange(exchange)
    if case["outcome"] == "failed":
        yield f"<pre>{escape(rerun_command(case, seed))}</pre>"
    yield "</div>"


def _exchange(exchange: Mapping[str, Any]) -> str:
    request = f"{exchange['method']} {exchange['url']}{_body(exchange['body'])}"
    status = "no response" if exchange["status"] is None else f"HTTP {exchange['status']}"
    cited = exchange.get("response_headers", {}).get("x-soundstage-fact")
    fact = f"  [{cited}]" if cited else ""
    response = f"{status}{fact}{_body(exchange.get('response'))}"
    return f"<pre><span class='ask'>{escape(request)}</span>\n{escape(response)}</pre>"


def _body(body: Any) -> str:
    if body is None:
        return ""
    return "\n" + (body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False))


def _facts(vendor: str, rows: Sequence[Row]) -> Iterator[str]:
    found: dict[str, str] = {}
    for case in (case for row in rows for case in row.cases):
        for fact in case["facts"]:
            found[fact] = min(found.get(fact, "passed"), case["outcome"], key=OUTCOMES.index)
    yield f"<details class='contract' data-words='facts of {vendor}'><summary><span class='promise'>"
    yield "The facts and their results in this run</span></summary><div class='wide'><table class='facts'>"
    yield "<tr><th>fact</th><th>result</th><th>statement</th></tr>"
    for fact in load_facts(vendor).values():
        outcome = found.get(fact.key, "" if fact.sides else "advice")
        mark = f"<span class='mark {outcome}'>{outcome}</span>" if outcome in OUTCOMES else f"<small>{outcome}</small>"
        yield f"<tr><td><code>{escape(fact.id)}</code></td><td>{mark}</td><td>{escape(fact.statement)}</td></tr>"
    yield "</table></div></details>"
