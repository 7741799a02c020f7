"""Dialects: readings for the world and for single accounts; unknown ones are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_server import World, _registry
from soundstage_server.model.dialects import Dialects
from soundstage_vendors.own import VENDORS

OFFERED: dict[str, dict[str, tuple[str, ...]]] = {
    "v": {"errors": ("envelope", "http"), "names": ("both", "old", "new")},
    "w": {"errors": ("http", "envelope")},
}
DEFAULTS = {"v.errors": "envelope", "v.names": "both", "w.errors": "http"}
choices = st.one_of(
    st.tuples(st.just("v.errors"), st.sampled_from(OFFERED["v"]["errors"])),
    st.tuples(st.just("v.names"), st.sampled_from(OFFERED["v"]["names"])),
    st.tuples(st.just("w.errors"), st.sampled_from(OFFERED["w"]["errors"])),
)


def test_first_reading_is_the_default() -> None:
    """Without a choice, every account has the first reading."""
    dialects = Dialects(OFFERED, {})
    assert dialects.readings() == dialects.readings("acct_any") == DEFAULTS
    assert dialects.offered() == {
        "v.errors": ("envelope", "http"),
        "v.names": ("both", "old", "new"),
        "w.errors": ("http", "envelope"),
    }


@given(st.lists(st.tuples(choices, st.sampled_from([None, "one", "two"])), max_size=15))
def test_account_choice_overrides_the_worlds(chosen: list[tuple[tuple[str, str], str | None]]) -> None:
    """The last choice counts, and other accounts are not affected."""
    dialects = Dialects(OFFERED, {})
    world = dict(DEFAULTS)
    own: dict[str, dict[str, str]] = {"one": {}, "two": {}, "three": {}}
    for (name, reading), account in chosen:
        dialects.choose({name: reading}, account)
        (world if account is None else own[account])[name] = reading
    assert dialects.readings() == world
    for account, mine in own.items():
        assert dialects.readings(account) == {**world, **mine}
        assert all(dialects.reading(name, account) == reading for name, reading in {**world, **mine}.items())


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (
            {"v.errors": "http", "v.nothing": "x"},
            r"dialect must be one of v\.errors, v\.names, w\.errors; got 'v\.nothing'",
        ),
        ({"v.names": "old", "w.errors": "html"}, r"w\.errors must be one of http, envelope; got 'html'"),
    ],
)
@pytest.mark.parametrize("account", [None, "one"])
def test_unknown_choice_is_refused_completely(chosen: dict[str, str], message: str, account: str | None) -> None:
    """The message lists what exists, and nothing of the choice is applied."""
    dialects = Dialects(OFFERED, {})
    with pytest.raises(ValueError, match=message):
        dialects.choose(chosen, account)
    assert dialects.readings(account) == DEFAULTS
    with pytest.raises(ValueError, match=message):
        Dialects(OFFERED, chosen)


@pytest.mark.parametrize("slug", VENDORS)
def test_every_dialect_has_several_readings(slug: str) -> None:
    """A dialect with one reading is none."""
    for name, readings in _registry.load(slug).dialects.items():
        assert len(set(readings)) == len(readings) > 1, name


def test_world_starts_with_the_given_readings() -> None:
    """The command line's choice is the world's."""
    with World(dialects={"tomoviee.errors": "http"}) as world:
        assert world.dialects.reading("tomoviee.errors", "acct_0") == "http"
    with pytest.raises(ValueError, match=r"dialect must be one of tomoviee\."):
        World(dialects={"nothing.errors": "http"})
