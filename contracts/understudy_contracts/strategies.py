"""Hypothesis strategies for people's own tests: prompts and other words that generative services are given.

None of them ever produces ``understudy:``, which is how a test chooses a job's fate on purpose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["other_texts", "prompts", "texts"]

_SCENES = ("A red fox in fresh snow", "雪の中の狐", "Лиса в снегу", "눈 속의 여우", "raposa na neve à noite", "🦊 + ❄")


def texts(*, least: int = 0, most: int = 200) -> st.SearchStrategy[str]:
    """Return texts of any script, *least* to *most* characters long, that can be sent as JSON."""
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=least, max_size=most).filter(_innocent)


def prompts(most: int = 200) -> st.SearchStrategy[str]:
    """Return prompts: a few that read well, and any others of at most *most* characters that are not blank."""
    others = texts(least=1, most=most).filter(lambda text: bool(text.strip()))
    scenes = [scene for scene in _SCENES if len(scene) <= most]
    return st.sampled_from(scenes) | others if scenes else others


def other_texts(taken: Collection[str]) -> st.SearchStrategy[str]:
    """Return texts that are none of *taken*: values that an enumeration does not have."""
    return texts(least=1, most=20).filter(lambda text: text not in taken and bool(text.strip()))


def _innocent(text: str) -> bool:
    return "understudy:" not in text
