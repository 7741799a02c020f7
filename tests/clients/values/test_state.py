"""States, snapshots, histories and tokens."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import InvalidArgument, JobState, Media, Snapshot, TokenError, errors
from soundstage._values.state import History, JobRef, read_token, write_token

STATES = st.sampled_from(JobState)
MEDIA = st.builds(Media, st.text(max_size=9), st.sampled_from(["video", "image"]))
SNAPSHOTS = st.builds(
    Snapshot, STATES, media=st.lists(MEDIA, max_size=2).map(tuple), reason=st.none() | st.text(max_size=5)
)
TEXTS = st.text(min_size=1, max_size=20)


@given(snapshots=st.lists(SNAPSHOTS, min_size=1))
def test_state_never_goes_back(snapshots: list[Snapshot]) -> None:
    """No accepted state is earlier than one before; a final state stays, unless a missing output appears."""
    history = History(snapshots[0]).after(snapshots[0])
    order = {JobState.QUEUED: 0, JobState.RUNNING: 1}
    furthest, over, without_output = -1, None, False
    for snapshot in snapshots:
        history = history.after(snapshot)
        state = history.latest.state
        rank = 2 if state.final else order.get(state, furthest)
        assert rank >= furthest
        assert over in {None, state} or (without_output and state is JobState.SUCCEEDED)
        furthest = rank
        over = state if state.final else None
        without_output = history.latest.failure is errors.NoOutput


@given(state=STATES, media=st.lists(MEDIA, max_size=2).map(tuple))
def test_success_requires_output(state: JobState, media: tuple[Media, ...]) -> None:
    """A snapshot has output if and only if it succeeded; success without output is a failure."""
    snapshot = Snapshot(state, media=media)
    assert bool(snapshot.media) == (snapshot.state is JobState.SUCCEEDED)
    assert snapshot.state is (JobState.FAILED if state is JobState.SUCCEEDED and not media else state)


@given(snapshot=SNAPSHOTS)
def test_error_if_and_only_if_ended_without_success(snapshot: Snapshot) -> None:
    """Every final state but success has a problem, and no other state has."""
    assert (snapshot.problem() is not None) == (snapshot.state.final and snapshot.state is not JobState.SUCCEEDED)


def test_every_final_state_has_its_own_error() -> None:
    """Failed, canceled, expired and empty jobs have errors of different classes."""
    kinds = {state: Snapshot(state).problem() for state in JobState}
    assert {state: problem[0] for state, problem in kinds.items() if problem} == {
        JobState.SUCCEEDED: errors.NoOutput,
        JobState.FAILED: errors.JobFailed,
        JobState.CANCELED: errors.JobCanceled,
        JobState.EXPIRED: errors.JobExpired,
    }


def test_new_address_of_an_ended_job_is_accepted() -> None:
    """Signed addresses expire: polling an ended job again gets a new one."""
    old = Snapshot(JobState.SUCCEEDED, media=(Media("https://a.example/1", "video"),))
    new = Snapshot(JobState.SUCCEEDED, media=(Media("https://a.example/2", "video"),))
    assert History(old).after(old).after(new).latest == new


@given(cost=st.floats(0, 9), later=st.none() | st.floats(0, 9), state=STATES)
def test_reported_cost_is_kept(cost: float, later: float | None, state: JobState) -> None:
    """A response without the cost keeps the earlier one; a response with it replaces it."""
    history = History(Snapshot(JobState.QUEUED, cost=cost)).after(Snapshot(state, cost=later))
    assert history.latest.cost == (cost if later is None else later)


@given(vendor=TEXTS, base=TEXTS, job_id=TEXTS, operation=st.none() | TEXTS)
def test_token_round_trip(vendor: str, base: str, job_id: str, operation: str | None) -> None:
    """A token is versioned JSON, and reading it returns the job."""
    token = write_token(vendor, base, JobRef(job_id, operation))
    assert json.loads(token)["soundstage"] == 1
    assert read_token(vendor, base, token) == JobRef(job_id, operation)


@given(vendor=TEXTS, base=TEXTS, other=TEXTS)
def test_token_of_another_service_or_address_is_refused(vendor: str, base: str, other: str) -> None:
    """A job is resumed only where it was started."""
    token = write_token(vendor, base, JobRef("t-1"))
    for elsewhere in ((vendor, base + other), (vendor + other, base)):
        with pytest.raises(TokenError, match="this job token is not allowed here"):
            read_token(*elsewhere, token)


@given(noise=st.text() | st.sampled_from(["{}", "[]", "1", "null", '{"soundstage": 1}', "[" * 100_000]))
def test_invalid_token_is_refused(noise: str) -> None:
    """Any other text is an invalid argument, and nothing else is raised."""
    with pytest.raises(InvalidArgument):
        read_token("tomoviee", "https://a.example", noise)


@pytest.mark.parametrize(("field", "value"), [("soundstage", 2), ("id", ""), ("id", 5), ("operation", 5)])
def test_token_with_an_invalid_field_is_refused(field: str, value: object) -> None:
    """A token of another version, or one without the id of a job, is refused."""
    fields = json.loads(write_token("tomoviee", "https://a.example", JobRef("t-1")))
    with pytest.raises(TokenError):
        read_token("tomoviee", "https://a.example", json.dumps({**fields, field: value}))


def test_only_documented_final_states_are_final() -> None:
    """An unknown state is not final."""
    assert [state for state in JobState if state.final] == [
        JobState.SUCCEEDED,
        JobState.FAILED,
        JobState.CANCELED,
        JobState.EXPIRED,
    ]
