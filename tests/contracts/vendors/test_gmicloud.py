"""GMI Cloud's part of the contracts: its strategies are valid on both sides, or broken in the one named way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundstage import JobState
from soundstage_contracts import load_facts
from soundstage_contracts.declarations.vendor import WORDS
from soundstage_contracts.laws.machine import JobMachine
from soundstage_contracts.simulators.target import Target
from soundstage_contracts.transcripts.replay import load_transcripts
from soundstage_contracts.vendors import gmicloud as vendor
from soundstage_contracts.vendors.gmicloud import CONTRACT, DEMO, FACES, SESSION
from soundstage_contracts.vendors.gmicloud.raw_client import RawClient

if TYPE_CHECKING:
    from collections.abc import Iterator

FEW = settings(max_examples=30, deadline=None)


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """One simulator for this file."""
    with Target() as target:
        yield target


def says(fact: str) -> str:
    """Return what a fact states."""
    return load_facts()[f"gmicloud:{fact}"].statement


@FEW
@given(data=st.data())
@pytest.mark.parametrize("face", FACES)
def test_valid_arguments_are_accepted_on_both_sides(target: Target, face: str, data: st.DataObject) -> None:
    """Whatever a strategy makes for a method passes the client's checks and the simulator's, on either face."""
    method = data.draw(st.sampled_from(sorted(CONTRACT.operations)))
    arguments = data.draw(CONTRACT.operations[method])
    job = getattr(target.client(FACES[face], target.new_account()), method)(**arguments)
    assert job.state is JobState.QUEUED


@FEW
@given(case=vendor.broken_requests())
def test_a_broken_payload_breaks_its_one_parameter_alone(target: Target, case: tuple[str, str, dict[str, Any]]) -> None:
    """With the parameter that is named broken mended, the payload is taken; as it is, it is refused."""
    model, name, payload = case
    raw = RawClient(target)
    right = {"prompt": "x", "image": vendor.DOT}
    mended = {key: value for key, value in payload.items() if key != name} | {
        key: value for key, value in right.items() if key == name
    }
    assert raw.submit(model, mended).status_code == 200
    assert raw.submit(model, payload).status_code == 400


def test_the_tables_are_those_of_the_facts() -> None:
    """Statuses, models and the base address agree with the statements of the fact file, word by word."""
    words = re.split(r", ", says("status.values").partition(";")[0])
    assert list(vendor.STATUS_WORDS) == words
    assert vendor.TEXT_MODEL in says("models.known")
    assert vendor.IMAGE_MODEL in says("models.known")
    for model in (vendor.TEXT_MODELS[1], vendor.IMAGE_MODELS[1]):
        assert model in says("models.more")
    assert load_facts("gmicloud").vendors["gmicloud"].base_url == vendor.BASE_URL
    assert vendor.CODE in says("login.two_factor_on")
    assert all(f"{name}: {value}" in says("headers") for name, value in vendor.CLIENT_ID.items())


def test_the_contract_is_complete() -> None:
    """Every method that it names exists on both clients, its words are in-band words, and machines play both faces."""
    assert CONTRACT.slug == "gmicloud"
    for method in CONTRACT.operations:
        assert callable(getattr(CONTRACT.client, method))
        assert callable(getattr(CONTRACT.async_client, method))
    assert set(CONTRACT.ends) <= set(WORDS)
    assert all(state.final for state in CONTRACT.ends.values())
    for machine, contract in ((vendor.GMICloudMachine, CONTRACT), (vendor.GMICloudSessionMachine, SESSION)):
        assert issubclass(machine, JobMachine)
        assert machine.contract is contract


def test_every_transcript_has_somebody_to_play_it() -> None:
    """The name of each says which face it is of, and both are played, with a second factor, too."""
    played = [vendor.contract_of_transcript(transcript) for transcript in load_transcripts("gmicloud")]
    assert {id(contract) for contract in played} == {id(CONTRACT), id(SESSION), id(vendor.TWO_FACTOR)}


def test_each_face_has_its_own_words() -> None:
    """A key comes as a key, a login as e-mail and password, and its headers hold no credential."""
    assert (CONTRACT.credentials("a"), CONTRACT.headers("a")) == ({"api_key": "a"}, {"Authorization": "Bearer a"})
    assert (SESSION.credentials("a"), SESSION.headers("a")) == (
        {"email": "a", "password": vendor.PASSWORD},
        vendor.CLIENT_ID,
    )
    assert vendor.TWO_FACTOR.credentials("a")["email"] == "2fa-a"


@pytest.mark.parametrize("call", DEMO, ids=lambda call: f"{call.method} {call.about}")
def test_the_demonstration_is_valid_and_succeeds(target: Target, call: Any) -> None:
    """Every call of the demonstration is accepted and makes something, whoever comes."""
    url, clock = target.client_url("gmicloud"), target.advancing_clock()
    who = (call.credentials or CONTRACT.credentials)(target.new_account())
    client = CONTRACT.client(**who, base_url=url, http=target.http(), clock=clock)
    assert getattr(client, call.method)(**call.arguments).result()
    assert {call.credentials is None for call in DEMO} == {True, False}
