"""Hypothesis strategies for numbers within and beyond documented bounds.

`hypothesis.strategies.integers` seldom draws a bound itself, and a bound that is off by one is the likeliest mistake.
Half of what these strategies draw is at a bound, or next to one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence


def whole_numbers(least: int, most: int) -> st.SearchStrategy[int]:
    """Return whole numbers from *least* to *most*."""
    return st.sampled_from((least, most)) | st.integers(least, most)


def real_numbers(least: float, most: float) -> st.SearchStrategy[float]:
    """Return numbers from *least* to *most*."""
    return st.sampled_from((least, most)) | st.floats(least, most)


def beyond(least: int, most: int, others: Sequence[Any] = ()) -> st.SearchStrategy[Any]:
    """Return whole numbers below *least* and above *most*, and *others*."""
    return st.sampled_from((least - 1, most + 1)) | st.sampled_from((least - 1, most + 1, most * 10, *others))
