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
    """Return one simulator for this file."""
    with Target() as target:
        yield target


def statement(fact: str) -> str:
    """Return the statement of a fact."""
    return load_facts()[f"infrai:{fact}"].statement


@FEW
@given(body=vendor.bodies())
def test_valid_arguments_are_accepted_on_both_sides(target: Target, body: dict[str, Any]) -> None:
    """A generated body passes the client's and the simulator's validation: the names are the same."""
    assert target.client(CONTRACT, target.new_account()).generate(**body).state is JobState.QUEUED


@FEW
@given(data=st.data())
def test_arguments_of_the_machine_have_no_idempotency_key(target: Target, data: st.DataObject) -> None:
    """Two calls with the same generated arguments make two jobs, as the client makes a new key for each."""
    drawn = data.draw(CONTRACT.operations["generate"])
    client = target.client(CONTRACT, target.new_account())
    assert client.generate(**drawn).id != client.generate(**drawn).id


@FEW
@given(case=vendor.broken_bodies())
def test_broken_body_has_one_invalid_parameter(target: Target, case: tuple[str, dict[str, Any]]) -> None:
    """Without the parameter that is named invalid, the simulator accepts the body."""
    field, body = case
    repaired_body = {name: value for name, value in body.items() if name not in {field, "resolution"}}
    caller = raw_client.RawClient(target)
    assert caller.ask("POST", raw_client.GENERATE, {"prompt": "x", **repaired_body}).status_code == 200
    assert caller.ask("POST", raw_client.GENERATE, body).status_code == 400


def test_tables_agree_with_the_facts() -> None:
    """Aspects, resolutions, preferences, vendors, models and words agree with the statements of the fact file."""
    params = statement("generate.params")
    for table in (ASPECTS, RESOLUTIONS, PREFERENCES):
        assert "|".join(table) in params
    vendors = statement("generate.vendors")
    documented = re.findall(r"(\w+) up to (\w+) \((\d\.\d+)", vendors)
    assert {name: (most, float(rate)) for name, most, rate in documented} == {
        name: (able[-1], PRICES[name]) for name, able in ABILITIES.items()
    }
    assert all(model in vendors for model in MODELS)
    assert set(vendor.STATE_WORDS) == set(re.findall(r"[a-z]+", statement("job.states"))) - {"is", "read", "as"}
    assert CHEAPEST["720p"] == min(PRICES, key=lambda name: PRICES[name])


def test_contract_is_complete() -> None:
    """Its methods exist on both clients, its words are in-band words, and the state machine tests it."""
    assert CONTRACT.slug == "infrai"
    assert (CONTRACT.replays, CONTRACT.cancels) == (True, True)
    for method in CONTRACT.operations:
        assert callable(getattr(CONTRACT.client, method))
        assert callable(getattr(CONTRACT.async_client, method))
    assert set(CONTRACT.ends) <= set(WORDS)
    assert issubclass(InfraiMachine, JobMachine)
    assert InfraiMachine.contract is CONTRACT


@pytest.mark.parametrize("call", DEMO, ids=lambda call: str(call.arguments["prompt"]))
def test_demonstration_is_valid_and_succeeds(target: Target, call: Any) -> None:
    """Every call of the demonstration is accepted and has a result."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    assert getattr(client, call.method)(**call.arguments).result()


def test_undocumented_response_is_rejected(target: Target) -> None:
    """The raw client's checks fail on a refusal in place of a success, and the other way round."""
    caller = raw_client.RawClient(target)
    with pytest.raises(BrokenLawError, match="HTTP 400"):
        raw_client.data_of(caller.generate(aspect="4:3"))
    with pytest.raises(BrokenLawError, match="no refusal"):
        raw_client.assert_refused(caller.generate(), 400, "INVALID_REQUEST")
    with pytest.raises(BrokenLawError, match="not the documented metadata"):
        raw_client.check_metadata({})


def test_client_refuses_an_invalid_aspect(target: Target) -> None:
    """The client refuses a ratio that no video has, before it sends anything."""
    with pytest.raises(InvalidArgument, match="aspect"):
        target.client(CONTRACT, target.new_account()).generate("A fox", aspect="4:3")


def test_curl_pages_can_be_followed_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The example that follows the curl pages with Python's own means ends with a video and a canceled job."""
    example = runpy.run_path(str(EXAMPLE))
    with World(clock="auto", media="small") as world, Server(world) as server:
        video = example["follow"](server.base_url("infrai"), tmp_path)
        (account,) = world.accounts()
        assert [task.fate.value for task in account.tasks] == ["succeed", "cancel"]
    assert video.read_bytes()[4:8] == b"ftyp"
    assert "canceled: True cancelled" in capsys.readouterr().out
    with World(clock="auto") as world, Server(world) as server, pytest.raises(RuntimeError, match="UNAUTHORIZED"):
        example["curl"]("GET", f"{server.base_url('infrai')}/v1/video/status/vid_1")
