"""Laws about states: how the client reads each state, and how a job goes from creation to its end."""

from __future__ import annotations

import json
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from soundstage import JobState, errors
from soundstage_contracts.laws.binding import law
from soundstage_contracts.laws.scripted_client import ScriptedClient

if TYPE_CHECKING:
    from hypothesis import strategies as st

    from soundstage_contracts.laws.declarations import Operation, ResponseFormat, StateWord
    from soundstage_contracts.laws.terms import Terms
    from soundstage_contracts.simulators.target import Target

ORDER = (JobState.QUEUED, JobState.RUNNING)
URL = "https://results.test/0.mp4"
REASON = "the lens is dirty"
OTHER = "another-job"
POLLS = 20
"""Polls of an unfinished job that the law about the pace makes."""
TINY = 1e-6
"""The error of sums of seconds."""


def scripted(vendor: Terms, *responses: Any) -> ScriptedClient:
    """Return a client that is given *responses*."""
    return ScriptedClient(vendor.contract, *responses, login=vendor.login)


def polled(case: StateWord) -> Any:
    """Return a poll's response with the word of *case*, and a file or a reason where the state has one."""
    urls = (URL,) if case.state is JobState.SUCCEEDED else ()
    reason = REASON if case.state.final and not urls else ""
    return case.format.polled("a", case.word, urls=urls, reason=reason)


@law("client", case="words")
def test_every_state_word_is_read(vendor: Terms, case: StateWord) -> None:
    """Each documented word is its state, with the service's reason or its file, and with the whole response."""
    job = scripted(vendor, polled(case)).client.job("a", vendor.first.method).refresh()
    assert (job.state, job.state_raw, job.raw) == (case.state, case.word, polled(case))
    assert [output.url for output in job.outputs] == ([URL] if case.state is JobState.SUCCEEDED else [])
    assert (job.error is not None) == (case.state.final and case.state is not JobState.SUCCEEDED)
    assert job.error is None or REASON in str(job.error)


@law("client", response_format="formats_with_unknown")
def test_unknown_state_keeps_polling(vendor: Terms, response_format: ResponseFormat) -> None:
    """An undocumented state word is no end: the client polls until there is a documented one."""
    failed = next(
        word for word, state in response_format.states.items() if state.final and state is not JobState.SUCCEEDED
    )
    words = [*response_format.unknown, failed]
    client = scripted(vendor, *(response_format.polled("a", word, reason=REASON) for word in words))
    job = client.client.job("a", vendor.first.method).wait()
    assert (job.state, len(client.sent)) == (response_format.states[failed], len(words))


@law("client", needs=["pace"], response_format="formats")
def test_default_pace_is_the_documented_one(vendor: Terms, response_format: ResponseFormat) -> None:
    """By default a client polls neither faster nor slower than documented, from the first pause to the last."""
    assert vendor.pace is not None
    least, most = vendor.pace
    unfinished = [word for word, state in response_format.states.items() if not state.final]
    running = response_format.polled("a", unfinished[-1])
    failed = response_format.polled("a", response_format.word(JobState.FAILED), reason=REASON)
    # The script ends the job: a client that never pauses fails at once too.
    client = scripted(vendor, *[running] * POLLS, failed)
    client.client.job("a", vendor.first.method).wait()
    assert len(client.times) == POLLS + 1
    pauses = [later - earlier for earlier, later in pairwise(client.times)]
    assert min(pauses) >= least - TINY, f"polled after {min(pauses):g} s; documented: at least {least:g} s"
    assert max(pauses) <= most + TINY, f"polled after {max(pauses):g} s; documented: at most {most:g} s"


@law("client", case="later_words")
def test_stale_response_changes_nothing_back(vendor: Terms, case: StateWord) -> None:
    """A job keeps the furthest state that was seen, whatever an older response shows afterwards."""
    first = next(iter(case.format.states))
    client = scripted(vendor, polled(case), case.format.polled("a", first))
    job = client.client.job("a", vendor.first.method).refresh()
    assert job.refresh().state is case.state


@law("client", response_format="formats_without_output")
def test_success_without_output_is_a_failure(vendor: Terms, response_format: ResponseFormat) -> None:
    """A job that succeeded with nothing to download is a failure, and its result is NoOutput."""
    for response in response_format.without_output:
        job = scripted(vendor, response).client.job("a", vendor.first.method).wait()
        assert job.state is JobState.FAILED, response
        with pytest.raises(errors.NoOutput):
            job.result()


@law("client", response_format="formats_without_output")
def test_first_contrary_response_is_no_verdict(vendor: Terms, response_format: ResponseFormat) -> None:
    """A success whose file comes a moment later is a success, and a 404 at first is no end: a wait polls again."""
    done = response_format.polled("a", response_format.word(JobState.SUCCEEDED), urls=(URL,))
    for response in (*response_format.without_output, (404, {})):
        client = scripted(vendor, response, done)
        job = client.client.job("a", vendor.first.method).wait()
        assert (job.state, [output.url for output in job.outputs]) == (JobState.SUCCEEDED, [URL]), response
        assert len(client.sent) > 1


@law("client", response_format="formats_with_ids")
def test_job_id_is_passed_through_unchanged(
    vendor: Terms, response_format: ResponseFormat, data: st.DataObject
) -> None:
    """Whatever id the service chooses, the job has that id, polls by it and is resumed by it from its token."""
    assert response_format.ids is not None
    name = data.draw(response_format.ids, label="id")
    waiting = next(word for word, state in response_format.states.items() if not state.final)
    client = scripted(vendor, response_format.created(name), response_format.polled(name, waiting))
    job = getattr(client.client, vendor.first.method)(**vendor.first.arguments(vendor.first.required))
    assert (job.id, job.raw) == (name, response_format.created(name))
    job.refresh()
    client.client.job_from_token(job.to_token()).refresh()
    request_for = response_format.status_request or partial(vendor.raw_client.status_request, operation=vendor.first)
    path = request_for(vendor.raw_client.quoted(name)).path
    body = request_for(name).body
    for request in client.sent[1:]:
        assert unquote(request.url.raw_path.decode()) == unquote(path)
        assert request.url.raw_path.count(b"/") == path.count("/")
        assert body is None or json.loads(request.content) == body


@law("client", response_format="formats_with_names")
def test_response_about_another_job_is_not_read(vendor: Terms, response_format: ResponseFormat) -> None:
    """A response that names another job is an UnreadableAnswerError: no job gets the state or file of another."""
    done = response_format.polled(OTHER, response_format.word(JobState.SUCCEEDED), urls=(URL,))
    job = scripted(vendor, done).client.job("a", vendor.first.method)
    with pytest.raises(errors.UnreadableAnswerError, match=OTHER):
        job.refresh()
    assert (job.state.final, list(job.outputs)) == (False, [])


@law("client", response_format="formats_without_id")
def test_creation_without_an_id_is_no_job(vendor: Terms, response_format: ResponseFormat) -> None:
    """A response to a creation that names no job leaves its outcome unknown, and starts no second job."""
    for response in response_format.without_id:
        client = scripted(vendor, response)
        with pytest.raises(errors.SubmitOutcomeUnknown) as unknown:
            getattr(client.client, vendor.first.method)(**vendor.first.arguments(vendor.first.required))
        assert unknown.value.operation == vendor.first.method
        assert len({(request.url, request.content) for request in client.sent}) == 1, response
        assert vendor.contract.replays or len(client.sent) == 1, response


@law("server", needs=["formats"], operation="started")
def test_job_is_queued_then_running_then_succeeded(vendor: Terms, target: Target, operation: Operation) -> None:
    """A job's states come in order, none comes back, and it has files when it has succeeded and not before."""
    raw = vendor.new_raw_client(target)
    job = raw.start_job(operation)
    seen: list[JobState] = []
    while not seen or not seen[-1].final:
        assert len(seen) < raw.longest
        view = raw.read_job(job, operation)
        seen.append(vendor.state_of(view.word))
        assert bool(view.urls) == (seen[-1] is JobState.SUCCEEDED)
        raw.advance(1)
    documented = dict.fromkeys(vendor.formats[0].states.values())
    expected = [state for state in ORDER if state in documented]
    assert list(dict.fromkeys(seen)) == [*expected, JobState.SUCCEEDED]


@law("server", operation="timed", needs=["formats"])
def test_job_takes_the_documented_time(
    vendor: Terms, target: Target, operation: Operation, data: st.DataObject
) -> None:
    """A job has not ended before the documented least time, and has by the most."""
    assert operation.seconds is not None
    least, most = operation.seconds
    raw = vendor.new_raw_client(target)
    job = raw.start_job(operation, data.draw(operation.bodies, label="body"))
    raw.advance(least - 0.5)
    assert not vendor.state_of(raw.read_job(job, operation).word).final
    raw.advance(most - least + 1)
    assert vendor.state_of(raw.read_job(job, operation).word) is JobState.SUCCEEDED


@law("server", word="failures", operation="started", needs=["formats"])
def test_failed_job_has_a_reason_and_no_output(vendor: Terms, target: Target, word: str, operation: Operation) -> None:
    """A job that does not succeed has its documented state, a reason and no files, and stays as it is."""
    raw = vendor.new_raw_client(target)
    job = raw.start_job(operation, operation.with_outcome(word))
    raw.advance(3 * raw.longest)
    first, second = raw.read_job(job, operation), raw.finish_job(job, operation)
    assert first == second
    assert vendor.state_of(first.word) is vendor.contract.ends[word]
    assert first.reason
    assert not first.urls
