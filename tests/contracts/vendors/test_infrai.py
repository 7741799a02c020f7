"""Infrai's part of the contracts: what its strategies make is valid on both sides, or broken in the one named way."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage import InvalidArgument, JobState
from soundstage_contracts import load_facts
from soundstage_contracts.declarations.vendor import WORDS
from soundstage_contracts.laws.machine import JobMachine
from soundstage_contracts.outcomes import BrokenLawError
from soundstage_contracts.simulators.target import Target
from soundstage_contracts.vendors import infrai as vendor
from soundstage_contracts.vendors.infrai import CONTRACT, DEMO, InfraiMachine, raw_client
from soundstage_contracts.vendors.infrai.arguments import (
    ABILITIES,
    ASPECTS,
    CHEAPEST,
    MODELS,
    PREFERENCES,
    PRICES,
    RESOLUTIONS,
)
from soundstage_server import Server, World

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = Path(__file__).parents[3] / "examples" / "infrai_by_hand.py"
FEW = settings(max_examples=40)


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """One simulator for this file."""
    with Target() as target:
        yield target


def says(fact: str) -> str:
    """Return what a fact states."""
    return load_facts()[f"infrai:{fact}"].statement


@FEW
@given(body=vendor.bodies())
def test_valid_arguments_are_accepted_on_both_sides(target: Target, body: dict[str, Any]) -> None:
    """Whatever a strategy makes passes the client's checks and the simulator's: the names are the same."""
    assert target.client(CONTRACT, target.new_account()).generate(**body).state is JobState.QUEUED


@FEW
@given(data=st.data())
def test_arguments_of_the_machine_leave_the_key_to_the_client(target: Target, data: st.DataObject) -> None:
    """Two calls with what the machine draws are two jobs."""
    drawn = data.draw(CONTRACT.operations["generate"])
    client = target.client(CONTRACT, target.new_account())
    assert client.generate(**drawn).id != client.generate(**drawn).id


@FEW
@given(case=vendor.broken_bodies())
def test_a_broken_body_breaks_its_one_parameter_alone(target: Target, case: tuple[str, dict[str, Any]]) -> None:
    """Without the parameter that is named broken, what is left is taken by the simulator."""
    field, body = case
    mended = {name: value for name, value in body.items() if name not in {field, "resolution"}}
    caller = raw_client.RawClient(target)
    assert caller.ask("POST", raw_client.GENERATE, {"prompt": "x", **mended}).status_code == 200
    assert caller.ask("POST", raw_client.GENERATE, body).status_code == 400


def test_the_tables_are_those_of_the_facts() -> None:
    """Aspects, resolutions, preferences, vendors, models and words agree with the statements of the fact file."""
    params = says("generate.params")
    for table in (ASPECTS, RESOLUTIONS, PREFERENCES):
        assert "|".join(table) in params
    vendors = says("generate.vendors")
    told = re.findall(r"(\w+) up to (\w+) \((\d\.\d+)", vendors)
    assert {name: (most, float(rate)) for name, most, rate in told} == {
        name: (able[-1], PRICES[name]) for name, able in ABILITIES.items()
    }
    assert all(model in vendors for model in MODELS)
    assert set(vendor.STATE_WORDS) == set(re.findall(r"[a-z]+", says("job.states"))) - {"is", "read", "as"}
    assert CHEAPEST["720p"] == min(PRICES, key=lambda name: PRICES[name])


def test_the_contract_is_complete() -> None:
    """Its methods exist on both clients, its words are in-band words, and the machine plays it."""
    assert CONTRACT.slug == "infrai"
    assert (CONTRACT.replays, CONTRACT.cancels) == (True, True)
    for method in CONTRACT.operations:
        assert callable(getattr(CONTRACT.client, method))
        assert callable(getattr(CONTRACT.async_client, method))
    assert set(CONTRACT.ends) <= set(WORDS)
    assert issubclass(InfraiMachine, JobMachine)
    assert InfraiMachine.contract is CONTRACT


@pytest.mark.parametrize("call", DEMO, ids=lambda call: str(call.arguments["prompt"]))
def test_the_demonstration_is_valid_and_succeeds(target: Target, call: Any) -> None:
    """Every call of the demonstration is accepted and makes something."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    assert getattr(client, call.method)(**call.arguments).result()


def test_what_is_no_answer_of_the_service_is_told(target: Target) -> None:
    """The plain caller's checks fail on a refusal that ought to be a success, and the other way round."""
    caller = raw_client.RawClient(target)
    with pytest.raises(BrokenLawError, match="HTTP 400"):
        raw_client.data_of(caller.generate(aspect="4:3"))
    with pytest.raises(BrokenLawError, match="no refusal"):
        raw_client.assert_refused(caller.generate(), 400, "INVALID_REQUEST")
    with pytest.raises(BrokenLawError, match="not the documented metadata"):
        raw_client.check_metadata({})


def test_what_is_broken_for_the_service_is_broken_for_the_client(target: Target) -> None:
    """A ratio that videos do not have is refused by the client before it is sent."""
    with pytest.raises(InvalidArgument, match="aspect"):
        target.client(CONTRACT, target.new_account()).generate("A fox", aspect="4:3")


def test_the_pages_can_be_followed_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The example that follows the curl pages with Python's own means ends with a video and a canceled job."""
    example = runpy.run_path(str(EXAMPLE))
    with World(clock="auto", media="small") as world, Server(world) as server:
        film = example["follow"](server.base_url("infrai"), tmp_path)
        (account,) = world.accounts()
        assert [task.fate.value for task in account.tasks] == ["succeed", "cancel"]
    assert film.read_bytes()[4:8] == b"ftyp"
    assert "canceled: True cancelled" in capsys.readouterr().out
    with World(clock="auto") as world, Server(world) as server, pytest.raises(RuntimeError, match="UNAUTHORIZED"):
        example["curl"]("GET", f"{server.base_url('infrai')}/v1/video/status/vid_1")
