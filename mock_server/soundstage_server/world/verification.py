"""Verification: whether requests were made as expected, and which came near if they were not."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from soundstage_server.model.journal import JournalEntry

_NEAREST: Final = 3
_SHOWN: Final = 120
_ABSENT: Final = object()


class VerificationError(AssertionError):
    """The journal does not hold the requests that were expected; the text names the nearest that it holds."""


@dataclass(frozen=True, slots=True)
class RequestPattern:
    """Which requests are meant; what is None does not matter.

    Attributes:
        method: The HTTP method.
        path: The vendor's own path, without the slug; ``*`` stands for anything.
        body: Members that the JSON body has, beside others; objects in it likewise.
        contains: Text that stands in the body or the query, secrets redacted.
    """

    method: str | None = None
    path: str | None = None
    body: Mapping[str, Any] | None = None
    contains: str | None = None

    def __str__(self) -> str:
        said = [f"{self.method or 'any method'} {self.path or 'any path'}"]
        if self.body is not None:
            said.append(f"with {_short(dict(self.body))} in its body")
        if self.contains is not None:
            said.append(f"containing {_short(self.contains)}")
        return " ".join(said)

    def mismatches(self, entry: JournalEntry) -> list[str]:
        """Return in words what keeps *entry* from being meant; nothing if it is."""
        said = []
        if self.method is not None and entry.method != self.method.upper():
            said.append(f"method: {entry.method}")
        if self.path is not None and not (entry.path == self.path or fnmatchcase(entry.path, self.path)):
            said.append(f"path: {_short(entry.path)}")
        if self.body is not None:
            said.extend(_differences(self.body, _parsed(entry.body), "body"))
        if self.contains is not None:
            shown = entry.redacted()
            if self.contains not in shown["body"] and self.contains not in shown["query"]:
                said.append(f"body: {_short(shown['body'])}")
        return said

    def matching(self, entries: Iterable[JournalEntry]) -> list[JournalEntry]:
        """Return those of *entries* that are meant."""
        return [entry for entry in entries if not self.mismatches(entry)]

    def nearest(self, entries: Iterable[JournalEntry]) -> list[str]:
        """Return the few of *entries* that come nearest, each in a line that says what it misses."""
        missing = [(self.mismatches(entry), entry) for entry in entries]
        missing = [(said, entry) for said, entry in missing if said]
        missing.sort(key=lambda one: (len(one[0]), -self._similarity(one[1]), -one[1].number))
        return [f"{entry!r:.{_SHOWN}} ({'; '.join(said)})" for said, entry in missing[:_NEAREST]]

    def _similarity(self, entry: JournalEntry) -> float:
        return 0.0 if self.path is None else SequenceMatcher(None, self.path[:300], entry.path[:300]).ratio()


def verify(wanted: RequestPattern, entries: Iterable[JournalEntry], times: int | None) -> list[JournalEntry]:
    """Return the *entries* that are *wanted*, of which there must be *times*, or at least one if that is None.

    Raises:
        VerificationError: There are more or fewer; the text names the nearest ones.
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
    near = wanted.nearest(entries) if len(found) < (times or 1) else [repr(entry) for entry in found[:_NEAREST]]
    raise VerificationError("\n  ".join([f"{text}{'; nearest:' if near else ''}", *near]))


def _parsed(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _ABSENT


def _differences(wanted: object, came: object, where: str) -> list[str]:
    """Return where *came* does not hold what is *wanted*; an object may hold more than that."""
    if isinstance(wanted, dict) and isinstance(came, dict):
        return [
            said
            for name, value in wanted.items()
            for said in _differences(value, came.get(name, _ABSENT), f"{where}.{name}")
        ]
    same = type(wanted) is type(came) or {type(wanted), type(came)} == {int, float}
    if same and wanted == came:
        return []
    return [f"{where}: {'absent' if came is _ABSENT else _short(came)}"]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
