"""What Infrai's one capability takes: tables from the facts, valid arguments, and bodies broken in one way."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

from soundstage_contracts import strategies
from soundstage_contracts.strategies import whole_numbers

ASPECTS: Final = ("16:9", "9:16", "1:1")
RESOLUTIONS: Final = ("720p", "1080p", "4k")
PREFERENCES: Final = ("balanced", "cheapest", "smartest")
ABILITIES: Final = {"wan": ("720p",), "kling": ("720p", "1080p"), "veo": RESOLUTIONS}
"""Vendor to the resolutions that it can make."""
MODELS: Final = {"wan-2.6": "wan", "kling-v2-6": "kling", "veo-3.1": "veo"}
PRICES: Final = {"wan": 0.01, "kling": 0.02, "veo": 0.05}
"""USD for a second of 720p."""
DEARER: Final = {"720p": 1.0, "1080p": 1.5, "4k": 2.0}
BEST: Final = {"720p": "kling", "1080p": "kling", "4k": "veo"}
"""Resolution to the vendor that is balanced there."""
CHEAPEST: Final = {"720p": "wan", "1080p": "kling", "4k": "veo"}
SIZES: Final = {"720p": 720, "1080p": 1080, "4k": 2160}
"""Resolution to its short side in pixels."""

LINKS: Final = st.sampled_from(["https://example.test/a.png", "http://127.0.0.1:9/b.png?Expires=1&Signature=x"])
KEYS: Final = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.:/", min_size=1, max_size=60)
SECONDS: Final = whole_numbers(1, 10) | st.floats(1, 10).map(lambda seconds: round(seconds, 1))


def bodies() -> st.SearchStrategy[dict[str, Any]]:
    """Return valid JSON bodies of a generation, as a caller without a client would write them (generate.params)."""
    return st.builds(lambda body, who: {**body, **who}, _asked(), _who()).filter(_able)


def arguments() -> st.SearchStrategy[dict[str, Any]]:
    """Return valid arguments of `Infrai.generate`, which have the vendor's own names; each call makes a key."""
    return bodies().map(lambda body: {name: value for name, value in body.items() if name != "idempotency_key"})


def broken_bodies() -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Return the name of a parameter, and a body in which only that one breaks its rule."""
    wrong: dict[str, st.SearchStrategy[Any]] = {
        "prompt": st.sampled_from([None, "", 5, ["a fox"]]),
        "reference_image_url": st.sampled_from(["", "not an address", "ftp://example.test/a.png", 5]),
        "duration_seconds": st.sampled_from([0, -5, "5", True, [5]]),
        "aspect": st.sampled_from(["4:3", "16x9", 1.78]) | strategies.other_texts(ASPECTS),
        "resolution": st.sampled_from(["480p", "4K", 720]) | strategies.other_texts(RESOLUTIONS),
        "prefer": st.sampled_from(["best", True]) | strategies.other_texts(PREFERENCES),
        "model": st.sampled_from(["", 5, ["veo-3.1"]]),
        "vendor": st.sampled_from(["", 5, {"a": 1}]),
        "idempotency_key": st.sampled_from(["", 5, "k" * 256]),
    }

    def broken(name: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
        return st.tuples(st.just(name), st.builds(lambda body, bad: {**body, name: bad}, bodies(), wrong[name]))

    return st.sampled_from(sorted(wrong)).flatmap(broken)


def made_by(body: dict[str, Any]) -> str:
    """Return the vendor that makes the video of *body* (generate.vendors)."""
    if body.get("vendor"):
        return str(body["vendor"])
    if body.get("model"):
        return MODELS[body["model"]]
    resolution = body.get("resolution", "720p")
    preferred = {"balanced": BEST[resolution], "cheapest": CHEAPEST[resolution], "smartest": "veo"}
    return preferred[body.get("prefer", "balanced")]


def price_of(body: dict[str, Any]) -> float:
    """Return what a job costs in USD (generate.vendors)."""
    rate = PRICES.get(made_by(body), PRICES["kling"])
    return rate * DEARER[body.get("resolution", "720p")] * float(body.get("duration_seconds", 5))


def _asked() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"prompt": strategies.prompts(most=80)},
        optional={
            "reference_image_url": LINKS,
            "duration_seconds": SECONDS,
            "aspect": st.sampled_from(ASPECTS),
            "resolution": st.sampled_from(RESOLUTIONS),
            "prefer": st.sampled_from(PREFERENCES),
            "idempotency_key": st.uuids().map(str),
        },
    )


def _who() -> st.SearchStrategy[dict[str, str]]:
    named = st.sampled_from(sorted(MODELS.items()))
    return st.one_of(
        st.just({}),
        st.fixed_dictionaries({"vendor": st.sampled_from(sorted(ABILITIES))}),
        named.map(lambda pair: {"model": pair[0]}),
        named.map(lambda pair: {"model": pair[0], "vendor": pair[1]}),
    )


def _able(body: dict[str, Any]) -> bool:
    return body.get("resolution", "720p") in ABILITIES[made_by(body)]
