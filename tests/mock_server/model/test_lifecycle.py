"""A task's states come in order and its progress never falls, whatever vendor, seed and fate."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage_server import World
from soundstage_server.model.lifecycle import SLOW_FACTOR, Fate, Lifecycle, Stage
from soundstage_vendors.own import VENDORS

BEGIN = 1_800_000_000.0
ENDS = {Fate.SUCCEED: "done", Fate.FAIL: "failed", Fate.TIMEOUT: "late"}

spans = st.tuples(st.floats(0.01, 100), st.floats(0, 100)).map(lambda two: (two[0], two[0] + two[1]))
lifecycles = st.lists(spans, min_size=1, max_size=4).map(
    lambda rows: Lifecycle(tuple(Stage(number, least, most) for number, (least, most) in enumerate(rows)), ENDS)
)
seeds = st.integers(0, 2**64 - 1)
fates = st.sampled_from(Fate)
OPERATIONS = [
    pytest.param(service.lifecycle(operation), id=f"{slug}-{operation}")
    for slug, service in World().services.items()
    for operation in service.operations
]


@given(
    lifecycle=lifecycles, seed=seeds, fate=fates, slow=st.booleans(), shares=st.lists(st.floats(0, 1.2), max_size=20)
)
def test_task_never_goes_back(
    *,
    lifecycle: Lifecycle,
    seed: int,
    fate: Fate,
    slow: bool,
    shares: list[float],
) -> None:
    """States come in order, progress never falls, the next change is later, and an end stays."""
    changes = lifecycle.changes(BEGIN, seed, fate, slow=slow)
    times = sorted(BEGIN + share * (changes[-1] - BEGIN) for share in shares)
    moments = [lifecycle.state_at(now, BEGIN, changes, fate, seed) for now in [BEGIN, *times, changes[-1]]]
    order = [*(stage.word for stage in lifecycle.stages), lifecycle.final_word(fate)]
    places = [order.index(moment.word) for moment in moments]
    assert places == sorted(places)
    assert all(before.progress <= after.progress for before, after in pairwise(moments))
    assert all(before.final <= after.final for before, after in pairwise(moments))
    assert all(
        moment.next_change > now for moment, now in zip(moments, [BEGIN, *times], strict=False) if not moment.final
    )


@given(lifecycles, seeds, fates)
def test_task_starts_unfinished_and_ends_with_its_fate(lifecycle: Lifecycle, seed: int, fate: Fate) -> None:
    """At its last change it is final, and only success has progress 100."""
    changes = lifecycle.changes(BEGIN, seed, fate)
    first = lifecycle.state_at(BEGIN, BEGIN, changes, fate, seed)
    last = lifecycle.state_at(changes[-1], BEGIN, changes, fate, seed)
    assert (first.word, first.final, first.progress) == (lifecycle.stages[0].word, False, 0)
    assert (last.word, last.final) == (lifecycle.final_word(fate), True)
    assert (last.progress == 100) is (fate is Fate.SUCCEED)
    assert 0 <= last.progress <= 100


@given(lifecycles, seeds, fates)
def test_every_state_is_seen_at_its_change(lifecycle: Lifecycle, seed: int, fate: Fate) -> None:
    """Reading at each change shows every state once, in order."""
    changes = lifecycle.changes(BEGIN, seed, fate)
    words = [lifecycle.state_at(now, BEGIN, changes, fate, seed).word for now in (BEGIN, *changes)]
    assert words == [*(stage.word for stage in lifecycle.stages), lifecycle.final_word(fate)]


@given(lifecycles, seeds)
def test_stage_durations_are_within_their_limits(lifecycle: Lifecycle, seed: int) -> None:
    """Twelve times as long when slow."""
    for slow, factor in ((False, 1.0), (True, SLOW_FACTOR)):
        changes = lifecycle.changes(BEGIN, seed, Fate.SUCCEED, slow=slow)
        for stage, (before, after) in zip(lifecycle.stages, pairwise((BEGIN, *changes)), strict=True):
            assert stage.least * factor - 1e-5 <= after - before <= stage.most * factor + 1e-5


@given(lifecycles, seeds, fates)
def test_equal_seeds_give_equal_durations(lifecycle: Lifecycle, seed: int, fate: Fate) -> None:
    """Only the seed determines how long stages take."""
    assert lifecycle.changes(BEGIN, seed, fate) == lifecycle.changes(BEGIN, seed, fate)


def test_fate_without_a_word_is_a_failure() -> None:
    """A vendor without a word for a fate reports failed."""
    lifecycle = Lifecycle((Stage("queued", 1, 2),), ENDS)
    assert [lifecycle.final_word(fate) for fate in Fate] == ["done", "failed", "failed", "late", "failed"]


@pytest.mark.parametrize("lifecycle", OPERATIONS)
@given(seed=seeds, fate=fates)
def test_vendor_tasks_end_in_time(lifecycle: Lifecycle, seed: int, fate: Fate) -> None:
    """Within ten minutes, as the vendors' own clients expect; within thirty for a timeout."""
    seconds = lifecycle.changes(BEGIN, seed, fate)[-1] - BEGIN
    assert seconds <= (1800 if fate is Fate.TIMEOUT else 600)
    assert (seconds > 600) is (fate is Fate.TIMEOUT)


def test_every_vendor_has_a_lifecycle() -> None:
    """The test above covers every vendor."""
    assert set(World().services) == set(VENDORS)
    assert all(service.operations for service in World().services.values())
