"""Hypothesis strategies for users' own tests: arguments of clients, prompts, and faults.

- `arguments` and `calls`: valid arguments of a client's methods, for each vendor;
- `prompts`, `texts`, `other_texts`: texts;
- `whole_numbers`, `real_numbers`, `beyond`: numbers within and beyond documented bounds;
- `passing_faults`, `losing_faults`, `callback_faults`: faults between a program and a vendor, for a simulator's control
  API.

None of them produces ``soundstage:``, by which a prompt chooses its job's fate; `fated` does that on purpose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from soundstage_contracts.declarations.vendor import CALLBACK_FAULTS, WORDS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from soundstage_contracts.declarations.vendor import VendorContract

__all__ = [
    "arguments",
    "beyond",
    "callback_faults",
    "calls",
    "fated",
    "losing_faults",
    "methods",
    "other_texts",
    "passing_faults",
    "prompts",
    "real_numbers",
    "texts",
    "whole_numbers",
]

LOSING: Final = ("reset_before", "reset_during", "reset_after", "truncate", "malformed")
"""Faults after which it is unknown whether a submission arrived."""

_SCENES = ("A red fox in fresh snow", "雪の中の狐", "Лиса в снегу", "눈 속의 여우", "raposa na neve à noite", "🦊 + ❄")


def texts(*, least: int = 0, most: int = 200) -> st.SearchStrategy[str]:
    """Return texts of any script, *least* to *most* characters long, that can be sent as JSON."""
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=least, max_size=most).filter(_without_fate)


def prompts(most: int = 200) -> st.SearchStrategy[str]:
    """Return prompts: a few natural ones, and any others of at most *most* characters that are not blank."""
    others = texts(least=1, most=most).filter(lambda text: bool(text.strip()))
    scenes = [scene for scene in _SCENES if len(scene) <= most]
    return st.sampled_from(scenes) | others if scenes else others


def other_texts(taken: Collection[str]) -> st.SearchStrategy[str]:
    """Return texts that are not among *taken*: values outside of an enumeration."""
    return texts(least=1, most=20).filter(lambda text: text not in taken and bool(text.strip()))


def methods(vendor: str) -> tuple[str, ...]:
    """Return the client's methods that `arguments` knows, sorted.

    Raises:
        ValueError: There is no such vendor.
    """
    return tuple(sorted(_contract(vendor).operations))


def arguments(vendor: str, method: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return valid keyword arguments of a client's method: ``arguments("tomoviee", "text_to_video")``.

    Raises:
        ValueError: There is no such vendor or method; the text lists the known ones.
    """
    operations = _contract(vendor).operations
    if method not in operations:
        raise ValueError(f"method must be one of {', '.join(sorted(operations))}; got {method!r}")
    return operations[method]


def calls(vendor: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Return a method of a vendor's client, any of them, and valid keyword arguments of it.

    Raises:
        ValueError: There is no such vendor.
    """
    operations = _contract(vendor).operations
    return st.sampled_from(sorted(operations)).flatmap(lambda method: st.tuples(st.just(method), operations[method]))


def fated(vendor: str, method: str, *words: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return arguments whose prompt chooses the job's fate: one of *words*, or any (``fail``, ``block`` ...).

    Raises:
        ValueError: There is no such vendor, method or word.
    """
    for word in words:
        if word not in WORDS:
            raise ValueError(f"word must be one of {', '.join(WORDS)}; got {word!r}")
    name = _contract(vendor).texts.get(method, "prompt")
    chosen = st.sampled_from(words or WORDS)

    def choose(given: dict[str, Any], word: str) -> dict[str, Any]:
        return {**given, name: f"{str(given.get(name) or '')[:100]} soundstage:{word}"}

    return st.builds(choose, arguments(vendor, method), chosen)


def passing_faults() -> st.SearchStrategy[dict[str, Any]]:
    """Return faults that a client survives by retrying, as ``simulator.control.fault(**fault, vendor=...)`` takes.

    Each occurs once or twice: bound to an account and a path, it ends before the client's retries do.
    """
    times = {"times": st.integers(1, 2)}
    busy = st.fixed_dictionaries(
        {"kind": st.just("status"), "status": st.sampled_from((429, 502, 503, 504)), **times},
        optional={"retry_after": st.integers(0, 30)},
    )
    broken = st.fixed_dictionaries({"kind": st.sampled_from(("reset_before", "reset_during", "truncate")), **times})
    return busy | broken


def losing_faults() -> st.SearchStrategy[dict[str, Any]]:
    """Return faults after which it is unknown whether a submission arrived; each occurs once."""
    return st.fixed_dictionaries({"kind": st.sampled_from(LOSING), "times": st.just(1)})


def callback_faults() -> st.SearchStrategy[dict[str, Any]]:
    """Return faults of callbacks: early, twice, out of order, late, lost and tampered with; each occurs once."""
    late = st.fixed_dictionaries({"kind": st.just("callback_late"), "seconds": st.integers(1, 3600)})
    others = [kind for kind in CALLBACK_FAULTS if kind != "callback_late"]
    return (late | st.fixed_dictionaries({"kind": st.sampled_from(others)})).map(lambda fault: {**fault, "times": 1})


def _contract(vendor: str) -> VendorContract:
    from soundstage_contracts.declarations.vendor import contract_of

    return contract_of(vendor)


def _without_fate(text: str) -> bool:
    return "soundstage:" not in text


# `integers` seldom draws a bound itself, and a bound that is off by one is the likeliest mistake: half of what these
# strategies draw is at a bound, or next to one.
def whole_numbers(least: int, most: int) -> st.SearchStrategy[int]:
    """Return whole numbers from *least* to *most*."""
    return st.sampled_from((least, most)) | st.integers(least, most)


def real_numbers(least: float, most: float) -> st.SearchStrategy[float]:
    """Return numbers from *least* to *most*."""
    return st.sampled_from((least, most)) | st.floats(least, most)


def beyond(least: int, most: int, others: Sequence[Any] = ()) -> st.SearchStrategy[Any]:
    """Return whole numbers below *least* and above *most*, and *others*."""
    return st.sampled_from((least - 1, most + 1)) | st.sampled_from((least - 1, most + 1, most * 10, *others))
