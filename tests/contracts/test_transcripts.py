"""Transcripts: well-made files, a comparison by shape, and replays that say what is wrong and where."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from soundstage import JobState
from soundstage_contracts import VENDORS, load_facts
from soundstage_contracts.declarations.vendor import contract_of
from soundstage_contracts.simulators.target import Target
from soundstage_contracts.transcripts import scripted_service
from soundstage_contracts.transcripts.replay import (
    RETURNED,
    TranscriptMismatch,
    compare,
    load_transcripts,
    member_at,
    replay_on_client,
    replay_on_simulator,
    substitute,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_contracts.transcripts.replay import Transcript

SHIPPED = [transcript for vendor in VENDORS for transcript in load_transcripts(vendor)]
STATUSES = {200, 201, 202, 302, 400, 401, 402, 403, 404, 405, 409, 413, 422, 429, 500, 503, 504}
BASE = "https://openapi.wondershare.cc"
SCALARS = st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
NAMES = st.text("abc", min_size=1, max_size=3)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=1) | st.dictionaries(NAMES, inner, max_size=4))
OBJECTS = st.dictionaries(NAMES, JSON, min_size=1, max_size=4)


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """One simulator for this file."""
    with Target() as target:
        yield target


@pytest.fixture
def good() -> Transcript:
    """A transcript that both sides keep."""
    return next(transcript for transcript in SHIPPED if transcript.name == "text_to_video_succeeds")


@given(value=JSON)
def test_a_value_has_its_own_shape(value: Any) -> None:
    """Whatever is documented matches itself, and a documented null matches anything."""
    compare(value, copy.deepcopy(value), "here")
    compare(None, value, "here")


@given(value=OBJECTS, more=JSON, data=st.data())
def test_members_may_be_added_and_not_taken_away(value: dict[str, Any], more: Any, data: st.DataObject) -> None:
    """An undocumented member is no mismatch; a documented one that is missing is, and it is named with its place."""
    compare(value, {**value, "undocumented": more}, "here")
    gone = data.draw(st.sampled_from(sorted(value)))
    with pytest.raises(TranscriptMismatch, match=rf"^here: {gone} is documented; it is missing$"):
        compare(value, {name: item for name, item in value.items() if name != gone}, "here")


@given(value=OBJECTS, other=JSON, data=st.data())
def test_a_member_of_another_type_is_named(value: dict[str, Any], other: Any, data: st.DataObject) -> None:
    """A value of another type is a mismatch with its place, the documented type and the received value."""
    name = data.draw(st.sampled_from(sorted(value)))
    kinds = {type(value[name]), type(other)}
    assume(len(kinds) == 2 and kinds != {int, float})
    with pytest.raises(TranscriptMismatch) as mismatch:
        compare(value, {**value, name: other}, "here")
    assert str(mismatch.value).startswith(
        f"here.{name}: {type(value[name]).__name__} is documented; {other!r} received"
    )


def test_every_item_of_a_list_has_the_documented_shape() -> None:
    """The first documented item is the pattern of all; the one that differs is named by its index; 2 may be 2.5."""
    compare([1], [2.5, 3, 4], "here")
    with pytest.raises(TranscriptMismatch, match=r"here\[1\]\.a: int is documented; 'x' received"):
        compare([{"a": 1}], [{"a": 2}, {"a": "x"}], "here")


@given(known=st.dictionaries(NAMES, st.text(max_size=5), max_size=3), text=st.text(max_size=8))
def test_what_was_captured_is_filled_in_and_nothing_else(known: dict[str, str], text: str) -> None:
    """A known name in braces is replaced by the captured value everywhere; other braces are text."""
    for name, value in known.items():
        assert substitute({"a": [f"x{{{name}}}y"]}, known) == {"a": [f"x{value}y"]}
    assert substitute([text, 5, None, "{unknown_name}"], {}) == [text, 5, None, "{unknown_name}"]


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_vendor_has_transcripts(vendor: str) -> None:
    """There is at least one conversation that ends well."""
    assert {"succeeded", RETURNED} & {transcript.ends for transcript in load_transcripts(vendor)}


@pytest.mark.parametrize("transcript", SHIPPED, ids=lambda transcript: f"{transcript.vendor}-{transcript.name}")
def test_a_shipped_transcript_is_well_made(transcript: Transcript) -> None:
    """It has a title and a source, names facts that exist, ends in a state, and promises only members that it shows."""
    assert transcript.title
    assert transcript.source
    assert transcript.facts
    assert set(transcript.facts) <= set(load_facts())
    assert transcript.ends in {RETURNED, *(state.value for state in JobState)}
    assert hasattr(contract_of(transcript.vendor).client, transcript.call["method"])
    for step in transcript.steps:
        assert step.status in STATUSES
        for path in (*step.literal, *step.capture.values()):
            member_at(step.response, path)


def _with_step(transcript: Transcript, number: int, **changes: Any) -> Transcript:
    steps = list(transcript.steps)
    steps[number] = replace(steps[number], **changes)
    return replace(transcript, steps=tuple(steps))


def test_simulator_mismatch_names_the_place(target: Target, good: Transcript) -> None:
    """Another status, another member, another promised value: each is named with its step."""
    contract = contract_of("tomoviee")
    wrong = {
        r"step 1, POST \S+: HTTP 202 is documented; HTTP 200 received": _with_step(good, 0, status=202),
        r"step 1, \S+ \S+\.data: price is documented; it is missing": _with_step(
            good, 0, response={"code": 0, "data": {"task_id": "", "price": 1}}
        ),
        r"step 1, .*: code is 1; 0 received": _with_step(good, 0, response={"code": 1, "data": {"task_id": ""}}),
    }
    for message, transcript in wrong.items():
        with pytest.raises(TranscriptMismatch, match=message):
            replay_on_simulator(transcript, target, contract)


def test_mismatch_names_its_step(good: Transcript) -> None:
    """Another route, body, header or end is named, with its step where there is one."""
    contract = contract_of("tomoviee")
    wrong = {
        r"step 1: POST \S+/elsewhere is documented; POST \S+ was sent": _with_step(good, 0, path="/elsewhere"),
        r"step 1: the body \{'prompt': 'x'\} is documented; \{.*\} was sent": _with_step(good, 0, body={"prompt": "x"}),
        r"ends failed; the client ended succeeded": replace(good, ends="failed"),
    }
    for message, transcript in wrong.items():
        with pytest.raises(TranscriptMismatch, match=message):
            replay_on_client(transcript, contract, BASE)
    hidden = replace(contract, headers=lambda account: {"X-App-Key": account, "X-Missing": "yes"})
    with pytest.raises(TranscriptMismatch, match="step 1: the header X-Missing is not as documented"):
        replay_on_client(good, hidden, BASE)


def test_missing_request_is_a_mismatch(good: Transcript) -> None:
    """A documented request that the client never sends is a mismatch."""
    longer = replace(good, steps=(*good.steps, good.steps[-1]))
    with pytest.raises(
        TranscriptMismatch, match=rf"{len(longer.steps)} requests are documented; {len(good.steps)} were sent"
    ):
        replay_on_client(longer, contract_of("tomoviee"), BASE)


def test_scripted_service_needs_a_poll_of_an_unfinished_job(monkeypatch: pytest.MonkeyPatch, good: Transcript) -> None:
    """A new vendor's transcript that polls once is refused with its name, as is a vendor without a success."""
    once = replace(good, steps=(good.steps[0], good.steps[-1]))
    monkeypatch.setattr(scripted_service, "load_transcripts", lambda _: [once])
    with pytest.raises(ValueError, match=r"transcripts/tomoviee/text_to_video_succeeds.json polls once; add a poll"):
        scripted_service.ScriptedService(contract_of("tomoviee"))
    monkeypatch.setattr(scripted_service, "load_transcripts", lambda _: [replace(good, ends="failed")])
    with pytest.raises(ValueError, match=r"transcripts/tomoviee has no transcript that ends as 'succeeded'"):
        scripted_service.ScriptedService(contract_of("tomoviee"))
