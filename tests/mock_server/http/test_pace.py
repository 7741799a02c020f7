"""The simulator sends its pace with every response of a vendor, and clients wait at that pace."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from soundstage import Tomoviee, WaitTimeout
from soundstage_server import Clock, Fault, Server, World

if TYPE_CHECKING:
    from tests.mock_server.conftest import Kit


@pytest.mark.parametrize(
    ("clock", "pace"), [("auto", "0"), ("manual", None), ("real", None), ("60", "0.0166667"), ("0.5", None)]
)
def test_pace_is_sent_where_time_is_faster_than_real(kit: Kit, clock: str, pace: str | None) -> None:
    """`auto` and speeds above 1 send the real seconds of a simulated one; slower clocks send nothing."""
    with kit.world(clock=Clock.parse(clock)) as world:
        caller = kit.caller(world)
        sent = [caller.create().headers, caller.send("POST", "/v1/open/pub/task", {"task_id": "nothing"}).headers]
        assert [headers.get("x-soundstage-pace") for headers in sent] == [pace, pace]


@pytest.mark.parametrize("fault", [Fault("status", status=503), Fault("malformed")], ids=lambda fault: fault.kind)
def test_pace_is_sent_once_with_a_fault(kit: Kit, fault: Fault) -> None:
    """A program that retries after an injected fault waits at the pace of the simulator, too."""
    with kit.world(clock=Clock.parse("auto")) as world:
        world.fault(replace(fault))
        headers = kit.caller(world).create().headers
        assert headers["x-soundstage-fault"] == fault.kind
        assert headers["x-soundstage-pace"] == "0"


@pytest.mark.parametrize("word", ["", "soundstage:never"])
def test_default_client_waits_at_the_pace_of_auto(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    """Against `auto`, a client with its own clock waits no real second, also until its own time-out."""
    paused: list[float] = []
    monkeypatch.setattr(time, "sleep", paused.append)
    with World(clock="auto", media="small") as world, Server(world) as server:
        client = Tomoviee("key", "secret", base_url=server.base_url("tomoviee"))
        with client:
            job = client.text_to_video(f"A fox {word}")
            if word:
                with pytest.raises(WaitTimeout):
                    job.wait(timeout=600)
            else:
                assert job.wait().state.value == "succeeded"
    assert sum(paused) == 0
