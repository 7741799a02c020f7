"""What a prompt says, cut into a title and points: by lines, lists, sentences and clauses, in every script.

Documents: the vendor's edrawmax-diagram skill (edrawmax.cn), read in November 2026. How the real service reads a
prompt is not documented: this is the simulator's own way (fact ``answer.content``).
"""

# ruff: noqa: RUF001 - marks of other scripts that look like Latin ones are what a prompt is cut at

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from soundstage_server.vendors.edrawmax.words import ASKS, COUNT, ELSE, HOLDS, IF, JOINS, KIND, WANTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST: Final = 160
"""Characters of one point; a longer one ends in an ellipsis."""
LONGEST_TITLE: Final = 60
MOST_READ: Final = 6000
"""Characters of a prompt that are looked at."""
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
_ASKED: Final = "？?"
_TRIMMED: Final = " \t.。!！;；,，、:：\"'“”「」"


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a prompt.

    Attributes:
        text: What it says.
        asks: Whether it is a question or a condition.
        otherwise: Whether it is what happens if the question before it is answered no.
        points: What belongs to it.
    """

    text: str
    asks: bool = False
    otherwise: bool = False
    points: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    """A prompt in order: its title, if it has one, and its points, at least one."""

    title: str
    points: tuple[Point, ...]

    def heading(self, prompt: str) -> str:
        """Return the title, or else the only point, or else the beginning of *prompt*."""
        if not self.title and len(self.points) == 1:
            return self.points[0].text
        return self.title or shortened(" ".join(prompt.split()), LONGEST_TITLE)


def read(prompt: str) -> Outline:
    """Return what *prompt* says; one without anything that can be shown is a point all the same."""
    lines = [line for line in _lines(prompt[:MOST_READ]) if line[1]]
    if not lines:
        return Outline("", (Point(ELLIPSIS),))
    depth, said, listed = lines[0]
    lines[0] = depth, _subject(said), listed
    title = ""
    if len(lines) > 1 and (not lines[0][2] or lines[0][0] < lines[1][0]) and all(line[2] for line in lines[1:]):
        title = shortened(_trimmed(lines.pop(0)[1]), LONGEST)
    elif not listed and len(parts := _titled(lines[0][1])) > 1:
        title = shortened(_trimmed(parts[0]), LONGEST)
        lines[0] = (0, parts[1], False)
    points = tuple(_nested(lines))
    return Outline(title, points) if points else Outline("", (Point(title or shortened(lines[0][1], LONGEST)),))


def flat(points: Iterable[Point]) -> Iterator[Point]:
    """Return *points* and all that belongs to them, in order, each without what belongs to it."""
    for point in points:
        yield replace(point, points=())
        yield from flat(point.points)


def shortened(text: str, most: int) -> str:
    """Return *text*, or as many of its words as *most* characters hold and an ellipsis; a very long word is cut."""
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    words = kept.rpartition(" ")[0] if text[most - 1] != " " else kept
    return (words if 2 * len(words) >= len(kept) else kept).rstrip() + ELLIPSIS


def _subject(said: str) -> str:
    """Return the first line without what it asks for, where it says what of."""
    wanted = WANTED.sub("", said, count=1)
    if wanted == said:
        return said
    return _capital(KIND.sub("", wanted)) or said


def _titled(said: str) -> list[str]:
    """Return a line's title and the rest of it, or the line alone."""
    for cut in (_COLON, HOLDS):
        head, *rest = cut.split(said, maxsplit=1)
        if rest and _short(head) and _trimmed(rest[0]):
            return [head, *rest]
    return [said]


def _lines(prompt: str) -> Iterator[tuple[int, str, bool]]:
    """Return every line that says something: how far it is indented, what it says, and whether it is one of a list."""
    base = 0
    for line in unicodedata.normalize("NFC", prompt).splitlines():
        said = "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in line.expandtabs(4))
        indent = len(said) - len(said.lstrip())
        marker = _MARKER.match(said)
        rest = said[marker.end() :] if marker else said
        level = marker[0].count("#") if marker else 0
        base = 2 * level or base
        yield base if level else base + indent + min(base, 1), " ".join(rest.split()), marker is not None


def _nested(lines: list[tuple[int, str, bool]]) -> Iterator[Point]:
    """Return the points of *lines*: a line with deeper ones below it is their heading."""
    number = 0
    while number < len(lines):
        depth, said, listed = lines[number]
        below = number + 1
        while below < len(lines) and lines[below][0] > depth:
            below += 1
        under = tuple(_nested(lines[number + 1 : below]))
        own = list(_headed(said) if listed or len(lines) > 1 else _clauses(said))
        if under and own:
            own[-1] = replace(own[-1], points=(*own[-1].points, *under))
        yield from own or under
        number = below


def _headed(said: str) -> Iterator[Point]:
    """Return the points of one line of several: with a colon it is one point and what belongs to it."""
    head, *rest = _COLON.split(said, maxsplit=1)
    if rest and rest[0] and _trimmed(head):
        yield replace(_point(head), points=tuple(_clauses(rest[0])))
        return
    yield from _clauses(said)


def _clauses(said: str) -> Iterator[Point]:
    """Return the points of running text, cut at the ends of sentences and at commas outside of brackets."""
    sentences = [part for part in _END.split(said) if part and _trimmed(part)]
    for sentence in sentences:
        head, *rest = _COLON.split(sentence, maxsplit=1)
        if rest and len(sentences) > 1 and _trimmed(head) and _trimmed(rest[0]):
            parts = tuple(point for part in _cut(rest[0]) if (point := _point(part)).text)
            yield replace(_point(head), points=parts)
            continue
        for part in _cut(sentence):
            point = _point(part)
            if point.text:
                yield point


def _cut(sentence: str) -> Iterator[str]:
    """Return the clauses of a sentence, cut at commas outside of brackets."""
    depth = begun = 0
    for found in _CUT.finditer(sentence):
        mark = found[0]
        if mark in "(（":
            depth += 1
        elif mark in ")）":
            depth = max(0, depth - 1)
        elif depth == 0 and _trimmed(sentence[begun : found.start()]):
            yield sentence[begun : found.start()]
            begun = found.end()
    yield sentence[begun:]


def _point(said: str) -> Point:
    """Return one clause as a point: without what joins it to others, and with what stands in brackets below it."""
    said = said.strip()
    otherwise = ELSE.match(said)
    if otherwise and _trimmed(said[otherwise.end() :]):
        said = said[otherwise.end() :]
        return replace(_point(said), otherwise=True)
    said = JOINS.sub("", said, count=1) or said
    below: tuple[Point, ...] = ()
    if brackets := _LIST.search(said):
        below = tuple(point for part in _cut(brackets[1]) if (point := _point(part)).text)
        said = said[: brackets.start()]
    condition = IF.match(said)
    asks = said.rstrip().endswith(tuple(_ASKED)) or condition is not None or ASKS.search(_trimmed(said)) is not None
    text = COUNT.sub("", _trimmed(said))
    if condition and text[-1:] not in _ASKED:
        text = text[condition.end() :] if len(text) > condition.end() else text
        text += "？" if _is_wide(text[-1]) else "?"
    return Point(shortened(_capital(text), LONGEST), asks, points=below)


def _trimmed(said: str) -> str:
    return said.strip(_TRIMMED)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _short(head: str) -> bool:
    """Return whether *head* may be a title: some words, and not sentences."""
    return bool(_trimmed(head)) and len(head) <= LONGEST_TITLE * 2 and not re.search(r"[.。!！?？;；]\s*\S", head)


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"
