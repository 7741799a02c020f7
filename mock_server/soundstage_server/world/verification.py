"""Verification: whether the expected requests were made, and the most similar ones if not."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

import orjson

from soundstage_server.model.journal import Excerpt, cut_strings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from soundstage_server.model.journal import JournalEntry

_NEAREST: Final = 3
_SHOWN: Final = 120
_ABSENT: Final = object()


class VerificationError(AssertionError):
    """The journal does not contain the expected requests; the message lists the most similar ones."""


@dataclass(frozen=True, slots=True)
class RequestPattern:
    """A description of requests; a field that is None matches anything.

    Attributes:
        method: The HTTP method.
        path: The vendor's own path, without the slug; ``*`` matches anything.
        body: Members that the JSON body must have, among others; the same applies to objects in it.
        contains: Text in the body or the query, after redaction.
    """

    method: str | None = None
    path: str | None = None
    body: Mapping[str, Any] | None = None
    contains: str | None = None

    def __str__(self) -> str:
        parts = [f"{self.method or 'any method'} {self.path or 'any path'}"]
        if self.body is not None:
            parts.append(f"with {_short(dict(self.body))} in its body")
        if self.contains is not None:
            parts.append(f"containing {_short(self.contains)}")
        return " ".join(parts)

    def mismatches(self, entry: JournalEntry) -> list[str]:
        """Return what does not match in *entry*, in words; empty if everything matches."""
        found = []
        if self.method is not None and entry.method != self.method.upper():
            found.append(f"method: {entry.method}")
        if self.path is not None and not (entry.path == self.path or fnmatchcase(entry.path, self.path)):
            found.append(f"path: {_short(entry.path)}")
        if self.body is not None:
            # Of a long body, the long strings were cut: those that are wanted are compared in the same form.
            wanted = cut_strings(self.body) if isinstance(entry.body, Excerpt) else self.body
            found.extend(_differences(wanted, _parsed(bytes(entry.body)), "body"))
        if self.contains is not None:
            shown = entry.redacted()
            if self.contains not in shown["body"] and self.contains not in shown["query"]:
                found.append(f"body: {_short(shown['body'])}")
        return found

    def matching(self, entries: Iterable[JournalEntry]) -> list[JournalEntry]:
        """Return those of *entries* that match."""
        return [entry for entry in entries if not self.mismatches(entry)]

    def nearest(self, entries: Iterable[JournalEntry]) -> list[str]:
        """Return the most similar of *entries* that do not match, each as a line with its differences."""
        misses = [(found, entry) for entry in entries if (found := self.mismatches(entry))]
        # The fewest differences first, then the most similar path, then the newest.
        misses.sort(key=lambda one: (len(one[0]), -self._similarity(one[1]), -one[1].number))
        return [f"{entry!r:.{_SHOWN}} ({'; '.join(found)})" for found, entry in misses[:_NEAREST]]

    def _similarity(self, entry: JournalEntry) -> float:
        return 0.0 if self.path is None else SequenceMatcher(None, self.path[:300], entry.path[:300]).ratio()


def verify(wanted: RequestPattern, entries: Iterable[JournalEntry], times: int | None) -> list[JournalEntry]:
    """Return the *entries* that match *wanted*: exactly *times* of them, or at least one if that is None.

    Raises:
        VerificationError: There are more or fewer; the message lists the most similar ones.
        ValueError: *times* is negative.
    """
    if times is not None and times < 0:
        raise ValueError(f"times must be 0 or more; got {times}")
    entries = list(entries)
    found = wanted.matching(entries)
    if found if times is None else len(found) == times:
        return found
    expected = "at least one request" if times is None else f"{times} request{'' if times == 1 else 's'}"
    text = f"expected {expected}: {wanted}; found {len(found)} among {len(entries)}"
    nearest = wanted.nearest(entries) if len(found) < (times or 1) else [repr(entry) for entry in found[:_NEAREST]]
    raise VerificationError("\n  ".join([f"{text}{'; nearest:' if nearest else ''}", *nearest]))


def _parsed(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _ABSENT


def _differences(wanted: object, actual: object, where: str) -> list[str]:
    """Return where *actual* differs from *wanted*; an object may have more members than wanted."""
    if isinstance(wanted, dict) and isinstance(actual, dict):
        return [
            difference
            for name, value in wanted.items()
            for difference in _differences(value, actual.get(name, _ABSENT), f"{where}.{name}")
        ]
    # True equals 1 in Python, but not in JSON; 1 and 1.0 are the same number in both.
    same = type(wanted) is type(actual) or {type(wanted), type(actual)} == {int, float}
    if same and wanted == actual:
        return []
    return [f"{where}: {'absent' if actual is _ABSENT else _short(actual)}"]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
