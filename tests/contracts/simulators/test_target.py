"""Targets: a simulator in this process and one behind an address are the same to a contract."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from soundstage import JobState, errors
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.simulators.target import IN_PROCESS, Target, TargetError
from soundstage_contracts.transcripts.replay import load_transcripts, replay_on_simulator
from soundstage_contracts.vendors.tomoviee import CONTRACT
from soundstage_server import Server, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from soundstage_contracts.transcripts.replay import Transcript


@pytest.fixture(scope="module", params=["in process", "by address"])
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """The same simulator, reached in both ways."""
    if request.param == "in process":
        with Target() as target:
            yield target
        return
    with World(clock="manual", media="small") as world, Server(world) as server, Target(server.url + "/") as target:
        assert target.url == server.url
        yield target


@pytest.mark.parametrize("transcript", list(load_transcripts("tomoviee")), ids=lambda transcript: transcript.name)
def test_both_answer_as_documented(target: Target, transcript: Transcript) -> None:
    """The documented conversations go the same way in process and by address."""
    replay_on_simulator(transcript, target, CONTRACT)


def test_a_client_of_a_target_waits_for_nothing(target: Target, tmp_path: Any) -> None:
    """A client whose clock advances the simulator's sees its job succeed, and saves the video."""
    job = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock()).text_to_video("A fox")
    (saved,) = job.save(tmp_path)
    assert saved.stat().st_size > 0


def test_an_awaiting_client_of_a_target_does_the_same(target: Target) -> None:
    """Each event loop can have a client of its own, and nothing outlives it."""

    async def state() -> Any:
        client = target.async_client(CONTRACT, target.new_account(), clock=target.advancing_clock())
        return (await (await client.text_to_video("A fox"))).state

    assert [asyncio.run(state()) for _ in range(2)] == [JobState.SUCCEEDED] * 2


def test_an_account_name_is_new_and_begins_with_its_word(target: Target) -> None:
    """No two account names are equal, and a prefix has its effect."""
    names = [target.new_account() for _ in range(5)] + [target.new_account("broke-")]
    assert len(set(names)) == 6
    with pytest.raises(errors.InsufficientCreditsError):
        target.client(CONTRACT, names[-1]).text_to_video("A fox")


def test_a_seed_makes_a_target_repeatable() -> None:
    """Two targets of one seed give equal ids to equal calls of one account at one time."""

    def durations(seed: int) -> list[float]:
        with Target(seed=seed) as target:
            job = target.client(CONTRACT, "the-same").text_to_video("A fox")
            (task,) = target.control.tasks(account_name("tomoviee", "the-same"))
            assert task["id"] == job.id
            return [change - task["created"] for change in task["changes"]]

    assert durations(1) == pytest.approx(durations(1), abs=1e-3)
    assert durations(1) != pytest.approx(durations(2), abs=1e-3)


@pytest.mark.parametrize("where", ["", "127.0.0.1:8080", "ftp://127.0.0.1", "live"])
def test_what_is_no_address_is_refused(where: str) -> None:
    """The error has the value and what is allowed."""
    with pytest.raises(TargetError, match=rf"target must be 'in-process' or an http address; got '{where}'"):
        Target(where)


def test_an_address_without_a_simulator_is_refused() -> None:
    """Without a simulator at the address, the error names it."""
    with pytest.raises(TargetError, match=r"no simulator answers at http://127\.0\.0\.1:9: "):
        Target("http://127.0.0.1:9")
    with World() as world, Server(world) as server, pytest.raises(TargetError, match=r"no simulator answers at .*404"):
        Target(f"{server.url}/tomoviee")


def test_a_target_closes_what_it_opened() -> None:
    """Its clients are closed with it, and closing twice is closing once."""
    target = Target(IN_PROCESS)
    http = target.http()
    target.close()
    target.close()
    assert http.is_closed
    assert isinstance(http, httpx.Client)
