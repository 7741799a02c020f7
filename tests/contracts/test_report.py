"""The report page: self-contained, with correct colors and escaped quotations."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from soundstage_contracts.options import RunOptions
from soundstage_contracts.report.page import rows_of, write_report
from soundstage_contracts.report.text import failure_text

if TYPE_CHECKING:
    from pathlib import Path

EVIL = "<script>alert('x')</script>"


def record(**changes: Any) -> dict[str, Any]:
    """What came of a contract, with *changes*."""
    exchange = {
        "method": "POST",
        "url": "https://a.test/jobs?***",
        "body": {"prompt": EVIL},
        "status": 200,
        "response": {"id": "7"},
        "response_headers": {"x-soundstage-fact": "tomoviee:create.answer"},
    }
    return {
        "id": "soundstage_contracts.suite.test_safety::test_it[tomoviee]",
        "module": "test_safety",
        "name": "test_it",
        "case": "tomoviee",
        "vendor": "tomoviee",
        "promise": f"It is true {EVIL}.",
        "facts": ["tomoviee:create.answer", "tomoviee:create.route"],
        "outcome": "passed",
        "reason": "",
        "exchanges": [exchange],
        "differences": [],
        "service": "",
        **changes,
    }


class Reader(HTMLParser):
    """Reads a page: what it loads, which places it has, and which it points to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.places: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the tag asks for."""
        named = dict(attrs)
        self.loads += [value for name in ("src", "data") if (value := named.get(name))]
        self.places += [value] if (value := named.get("id")) else []
        self.links += [value] if tag == "a" and (value := named.get("href")) else []
        if tag not in {"meta", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the tag that was opened last."""
        assert self.open.pop() == tag


def page(tmp_path: Path, *records: dict[str, Any]) -> str:
    """Write a page and return its text."""
    return write_report(tmp_path / "deep" / "page.html", records, RunOptions(seed=9)).read_text(encoding="utf-8")


def test_page_is_self_contained_and_its_links_resolve(tmp_path: Path) -> None:
    """Nothing is loaded, every link has its target, every target is there once, every tag is closed."""
    text = page(
        tmp_path, record(), record(vendor=None, module="test_x"), record(module="test_tomoviee", name="test_own")
    )
    reader = Reader(text)
    assert reader.loads == []
    assert "@import" not in text
    assert "url(" not in text
    assert {link.removeprefix("#") for link in reader.links} <= set(reader.places)
    assert len(reader.places) == len(set(reader.places))
    assert reader.open == []


def test_quoted_text_is_escaped(tmp_path: Path) -> None:
    """Texts of services and of contracts never become markup of the page."""
    text = page(tmp_path, record(outcome="failed", reason=EVIL, case=EVIL, differences=[["breaking", EVIL]]))
    assert EVIL not in text
    assert "&lt;script&gt;" in text


def test_worst_case_decides_the_color_of_a_contract(tmp_path: Path) -> None:
    """One failure makes it red, one unchecked case yellow; green means that every case passed."""
    cases = [record(case=str(number)) for number in range(9)]
    assert rows_of(cases)[0].outcome == "passed"
    assert rows_of([*cases, record(outcome="unchecked")])[0].outcome == "unchecked"
    bad = record(outcome="failed", case="bad", reason="it broke")
    assert rows_of([*cases, record(outcome="unchecked"), bad])[0].outcome == "failed"
    text = page(tmp_path, *cases, bad)
    assert "class='mark failed' title='failed'" in text
    assert "9 passed, 1 failed" in text
    assert "it broke" in text
    assert "--soundstage-seed 9" in text
    assert "and 7 more cases" in text


def test_differences_and_reasons_are_shown(tmp_path: Path) -> None:
    """A live call shows its differences, an unchecked contract its reason, an exchange its fact."""
    text = page(
        tmp_path,
        record(differences=[["new", "new: it differs"]], service="https://a.test"),
        record(name="test_other", outcome="unchecked", reason="no budget", exchanges=[]),
    )
    assert "new: it differs" in text
    assert "no budget" in text
    assert "nothing was sent" in text
    assert "HTTP 200  [tomoviee:create.answer]" in text
    assert re.search(r"<code>create.answer</code></td><td><span class='mark unchecked'>", text)


def test_failure_text_names_promise_facts_exchanges_and_command() -> None:
    """A failure has the promise, the facts' statements, each exchange with its fact, and the command."""
    exchange = record()["exchanges"][0]
    lost = {**exchange, "status": None, "phase": "made"}
    lines = failure_text(record(exchanges=[exchange, lost], facts=["tomoviee:create.route"] * 6), 9).splitlines()
    assert lines[0].startswith("promise: It is true")
    assert lines[1].startswith("fact: tomoviee:create.route: POST /v1/open/capacity/application/<capability>")
    assert "1. POST https://a.test/jobs?***" in lines[6]
    assert lines[7] == '   HTTP 200 [tomoviee:create.answer] {"id": "7"}'
    assert "(made)" in lines[8]
    assert lines[9] == "   no response"
    assert lines[10] == (
        "run again: pytest --pyargs 'soundstage_contracts.suite.test_safety::test_it[tomoviee]' --soundstage-seed 9"
    )
