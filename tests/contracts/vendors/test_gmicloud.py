"""GMI Cloud's declaration to the contracts: strategies, tables, faces, transcripts and the demonstration."""

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
    """Start one simulator for this module."""
    with Target() as target:
        yield target


def statement(fact: str) -> str:
    """Return the statement of a fact."""
    return load_facts()[f"gmicloud:{fact}"].statement


@FEW
@given(data=st.data())
@pytest.mark.parametrize("face", FACES)
def test_valid_arguments_pass_client_and_simulator(target: Target, face: str, data: st.DataObject) -> None:
    """Arguments of the strategies pass the validation of the client and of the simulator, on either face."""
    method = data.draw(st.sampled_from(sorted(CONTRACT.operations)))
    arguments = data.draw(CONTRACT.operations[method])
    job = getattr(target.client(FACES[face], target.new_account()), method)(**arguments)
    assert job.state is JobState.QUEUED


@FEW
@given(case=vendor.broken_requests())
def test_broken_payload_has_one_invalid_parameter(target: Target, case: tuple[str, str, dict[str, Any]]) -> None:
    """A broken payload is refused, and is accepted once its named parameter is valid."""
    model, name, payload = case
    raw = RawClient(target)
    valid = {"prompt": "x", "image": vendor.DOT}
    fixed = {key: value for key, value in payload.items() if key != name} | {
        key: value for key, value in valid.items() if key == name
    }
    assert raw.submit(model, fixed).status_code == 200
    assert raw.submit(model, payload).status_code == 400


def test_tables_agree_with_the_facts() -> None:
    """State words, models and the base address are those in the statements of the fact file."""
    words = re.split(r", ", statement("status.values").partition(";")[0])
    assert list(vendor.STATUS_WORDS) == words
    assert vendor.TEXT_MODEL in statement("models.known")
    assert vendor.IMAGE_MODEL in statement("models.known")
    for model in (vendor.TEXT_MODELS[1], vendor.IMAGE_MODELS[1]):
        assert model in statement("models.more")
    assert load_facts("gmicloud").vendors["gmicloud"].base_url == vendor.BASE_URL
    assert vendor.CODE in statement("login.two_factor_on")
    assert all(f"{name}: {value}" in statement("headers") for name, value in vendor.CLIENT_ID.items())


def test_contract_is_complete() -> None:
    """Its methods exist on both clients, its outcomes are in-prompt words, and each face has a state machine."""
    assert CONTRACT.slug == "gmicloud"
    for method in CONTRACT.operations:
        assert callable(getattr(CONTRACT.client, method))
        assert callable(getattr(CONTRACT.async_client, method))
    assert set(CONTRACT.ends) <= set(WORDS)
    assert all(state.final for state in CONTRACT.ends.values())
    for machine, contract in ((vendor.GMICloudMachine, CONTRACT), (vendor.GMICloudSessionMachine, SESSION)):
        assert issubclass(machine, JobMachine)
        assert machine.contract is contract


def test_every_transcript_belongs_to_a_face() -> None:
    """The name of a transcript starts with its face, and each face has one, as has the second factor."""
    found = [vendor.contract_of_transcript(transcript) for transcript in load_transcripts("gmicloud")]
    assert {id(contract) for contract in found} == {id(CONTRACT), id(SESSION), id(vendor.TWO_FACTOR)}


def test_faces_have_their_own_credentials() -> None:
    """A key is an api_key, a login is e-mail and password, and its headers contain no credential."""
    assert (CONTRACT.credentials("a"), CONTRACT.headers("a")) == ({"api_key": "a"}, {"Authorization": "Bearer a"})
    assert (SESSION.credentials("a"), SESSION.headers("a")) == (
        {"email": "a", "password": vendor.PASSWORD},
        vendor.CLIENT_ID,
    )
    assert vendor.TWO_FACTOR.credentials("a")["email"] == "2fa-a"


@pytest.mark.parametrize("call", DEMO, ids=lambda call: f"{call.method} {call.about}")
def test_demonstration_succeeds(target: Target, call: Any) -> None:
    """Every call of the demonstration is accepted and makes a file, for any account."""
    url, clock = target.client_url("gmicloud"), target.advancing_clock()
    credentials = (call.credentials or CONTRACT.credentials)(target.new_account())
    client = CONTRACT.client(**credentials, base_url=url, http=target.http(), clock=clock)
    assert getattr(client, call.method)(**call.arguments).result()
    assert {call.credentials is None for call in DEMO} == {True, False}
