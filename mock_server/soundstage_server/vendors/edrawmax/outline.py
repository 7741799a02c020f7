"""Parse a prompt into a title and points: by lines, lists, sentences and clauses, in every script.

Documents: the vendor's edrawmax-diagram skill (edrawmax.cn), read in November 2026. How the real service parses a
prompt is not documented: this is the simulator's own way (fact ``answer.content``).
"""

# ruff: noqa: RUF001 - a prompt is split at marks of other scripts that look like Latin ones

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from soundstage_server.vendors.edrawmax.patterns import ASKS, COUNT, DIAGRAM_KIND, ELSE, IF, INCLUDES, JOINS, REQUEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_POINT: Final = 160
"""Characters of one point; a longer one ends in an ellipsis."""
MAX_TITLE: Final = 60
MAX_PROMPT: Final = 6000
"""Characters of a prompt that are parsed."""
ELLIPSIS: Final = "…"

_MARKER: Final = re.compile(
    r"\s*(?:[-*+•·▪◦–—]\s+|#{1,6}\s+|\(?\d{1,2}[.)、）:：](?!\d)\s*|[(（]\d{1,2}[)）]\s*|[①-⑳]\s*|[a-z]\)\s+"
    r"|(?:step|schritt|étape|paso|passo|шаг|langkah)\s*\d{1,2}\s*[:.)-]?\s+"
    r"|第[一二三四五六七八九十\d]{1,3}[步点、，：:]\s*)",
    re.IGNORECASE,
)
_END: Final = re.compile(r"(?<=[。！!；;])|(?<=[？?])|(?<=[.])(?=\s)|\s*(?:->|=>|→|⇒|➜|—>)\s*")
_CUT: Final = re.compile(r"[(（]|[)）]|[,，、](?!\d)\s*|\s+(?=(?:and )?then\s)")
_COLON: Final = re.compile(r"\s*(?:[:：](?![/\d])|\s[–—-]\s)\s*")
_LIST: Final = re.compile(r"\s*[(（]([^()（）]{2,})[)）]\s*$")
_QUESTION_MARKS: Final = "？?"
_TRIMMED: Final = " \t.。!！;；,，、:：\"'“”「」"


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a prompt.

    Attributes:
        text: Its text.
        is_question: Whether it is a question or a condition.
        is_alternative: Whether it follows if the answer to the question before it is no.
        points: The points below it.
    """

    text: str
    is_question: bool = False
    is_alternative: bool = False
    points: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    """The structure of a prompt: its title, which may be empty, and its points, at least one."""

    title: str
    points: tuple[Point, ...]

    def heading(self, prompt: str) -> str:
        """Return the title, or else the only point, or else the start of *prompt*."""
        if not self.title and len(self.points) == 1:
            return self.points[0].text
        return self.title or shorten(" ".join(prompt.split()), MAX_TITLE)


def parse_outline(prompt: str) -> Outline:
    """Parse *prompt*; one without any visible text becomes a single point."""
    lines = [line for line in _lines(prompt[:MAX_PROMPT]) if line[1]]
    if not lines:
        return Outline("", (Point(ELLIPSIS),))
    depth, text, listed = lines[0]
    lines[0] = depth, _subject(text), listed
    title = ""
    if len(lines) > 1 and (not lines[0][2] or lines[0][0] < lines[1][0]) and all(line[2] for line in lines[1:]):
        title = shorten(_trimmed(lines.pop(0)[1]), MAX_POINT)
    elif not listed and len(parts := _titled(lines[0][1])) > 1:
        title = shorten(_trimmed(parts[0]), MAX_POINT)
        lines[0] = (0, parts[1], False)
    points = tuple(_nested(lines))
    return Outline(title, points) if points else Outline("", (Point(title or shorten(lines[0][1], MAX_POINT)),))


def flatten(points: Iterable[Point]) -> Iterator[Point]:
    """Yield *points* and all points below them, in order, each without its own subpoints."""
    for point in points:
        yield replace(point, points=())
        yield from flatten(point.points)


def shorten(text: str, limit: int) -> str:
    """Return *text*, truncated to *limit* characters with an ellipsis: between words, or inside a very long one."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    words = kept.rpartition(" ")[0] if text[limit - 1] != " " else kept
    return (words if 2 * len(words) >= len(kept) else kept).rstrip() + ELLIPSIS


def _subject(text: str) -> str:
    """Return the first line without its request, such as "draw a flowchart of", where text remains."""
    rest = REQUEST.sub("", text, count=1)
    if rest == text:
        return text
    return _capitalize(DIAGRAM_KIND.sub("", rest)) or text


def _titled(text: str) -> list[str]:
    """Split a line into its title and the rest; without a title return the line alone."""
    for separator in (_COLON, INCLUDES):
        head, *rest = separator.split(text, maxsplit=1)
        if rest and _short(head) and _trimmed(rest[0]):
            return [head, *rest]
    return [text]


def _lines(prompt: str) -> Iterator[tuple[int, str, bool]]:
    """Yield every line: its indentation, its text, and whether it is a list item."""
    base = 0
    for line in unicodedata.normalize("NFC", prompt).splitlines():
        text = "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in line.expandtabs(4))
        indent = len(text) - len(text.lstrip())
        marker = _MARKER.match(text)
        rest = text[marker.end() :] if marker else text
        level = marker[0].count("#") if marker else 0
        base = 2 * level or base
        yield base if level else base + indent + min(base, 1), " ".join(rest.split()), marker is not None


def _nested(lines: list[tuple[int, str, bool]]) -> Iterator[Point]:
    """Yield the points of *lines*: a line with deeper lines below it is their heading."""
    number = 0
    while number < len(lines):
        depth, text, listed = lines[number]
        below = number + 1
        while below < len(lines) and lines[below][0] > depth:
            below += 1
        under = tuple(_nested(lines[number + 1 : below]))
        own = list(_headed(text) if listed or len(lines) > 1 else _clauses(text))
        if under and own:
            own[-1] = replace(own[-1], points=(*own[-1].points, *under))
        yield from own or under
        number = below


def _headed(text: str) -> Iterator[Point]:
    """Yield the points of one line of several: text after a colon is below the text before it."""
    head, *rest = _COLON.split(text, maxsplit=1)
    if rest and rest[0] and _trimmed(head):
        yield replace(_point(head), points=tuple(_clauses(rest[0])))
        return
    yield from _clauses(text)


def _clauses(text: str) -> Iterator[Point]:
    """Yield the points of running text, split at the ends of sentences and at commas outside brackets."""
    sentences = [part for part in _END.split(text) if part and _trimmed(part)]
    for sentence in sentences:
        head, *rest = _COLON.split(sentence, maxsplit=1)
        if rest and len(sentences) > 1 and _trimmed(head) and _trimmed(rest[0]):
            parts = tuple(point for part in _split_clauses(rest[0]) if (point := _point(part)).text)
            yield replace(_point(head), points=parts)
            continue
        for part in _split_clauses(sentence):
            point = _point(part)
            if point.text:
                yield point


def _split_clauses(sentence: str) -> Iterator[str]:
    """Yield the clauses of a sentence, split at commas outside brackets."""
    depth = start = 0
    for found in _CUT.finditer(sentence):
        mark = found[0]
        if mark in "(（":
            depth += 1
        elif mark in ")）":
            depth = max(0, depth - 1)
        elif depth == 0 and _trimmed(sentence[start : found.start()]):
            yield sentence[start : found.start()]
            start = found.end()
    yield sentence[start:]


def _point(clause: str) -> Point:
    """Return one clause as a point, without conjunctions, and with a list in brackets as its subpoints."""
    clause, is_alternative = clause.strip(), False
    # A loop and not a recursion: a prompt may repeat the word any number of times.
    while (found := ELSE.match(clause)) and _trimmed(clause[found.end() :]):
        clause, is_alternative = clause[found.end() :].strip(), True
    clause = JOINS.sub("", clause, count=1) or clause
    below: tuple[Point, ...] = ()
    if brackets := _LIST.search(clause):
        below = tuple(point for part in _split_clauses(brackets[1]) if (point := _point(part)).text)
        clause = clause[: brackets.start()]
    condition = IF.match(clause)
    is_question = condition is not None or clause.rstrip().endswith(tuple(_QUESTION_MARKS))
    is_question = is_question or ASKS.search(_trimmed(clause)) is not None
    text = COUNT.sub("", _trimmed(clause))
    if condition and text[-1:] not in _QUESTION_MARKS:
        text = text[condition.end() :] if len(text) > condition.end() else text
        text += "？" if _is_wide(text[-1]) else "?"
    return Point(shorten(_capitalize(text), MAX_POINT), is_question, is_alternative, below)


def _trimmed(text: str) -> str:
    return text.strip(_TRIMMED)


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]


def _short(head: str) -> bool:
    """Return whether *head* may be a title: a few words, and no sentence."""
    return bool(_trimmed(head)) and len(head) <= MAX_TITLE * 2 and not re.search(r"[.。!！?？;；]\s*\S", head)


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"
