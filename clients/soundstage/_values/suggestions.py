"""Suggestions for a misspelled word, such as the name of a model."""

from __future__ import annotations

import re
from difflib import SequenceMatcher, get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 80  # characters: the comparison takes time in proportion to the product of the lengths
_FAMILY = re.compile(r"\D+(?=\d)")
_NUMBER = re.compile(r"\d{1,4}")
_PARTS = 3  # of a version: major, minor, patch
_WEIGHT = 1e4  # how many minor versions are one major version


def did_you_mean(word: object, known: Iterable[object]) -> str:
    """Return ``; did you mean ...?`` with the text of *known* that is nearest to *word*, or "" if none is near.

    Of names that are equal up to their version, such as those of models, the one of the nearest version is found, and
    not the one with the most letters in common: for kling-v3 that is kling-v2-6 and not kling-v1.
    """
    if not isinstance(word, str) or len(word) > _LONGEST:
        return ""
    plain = {one.casefold(): one for one in known if isinstance(one, str)}
    given = word.casefold()
    relatives = [one for one in plain if _family(one) == _family(given) != ""]
    if relatives:
        near = [min(relatives, key=lambda one: (abs(_version(one) - _version(given)), -_likeness(one, given)))]
    else:
        near = get_close_matches(given, plain, 1)
    return f"; did you mean {plain[near[0]]!r}?" if near else ""


def _family(name: str) -> str:
    """Return the letters before the version in *name*; "" where there are fewer than two, or no version."""
    found = _FAMILY.match(name)
    letters = re.sub(r"[^a-z]", "", found[0]) if found else ""
    return letters if len(letters) > 1 else ""


def _version(name: str) -> float:
    """Return the version in *name* as one number: that of v2-6 is less than that of v3 and greater than that of v2."""
    return sum(int(digits) / _WEIGHT**place for place, digits in enumerate(_NUMBER.findall(name)[:_PARTS]))


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()
