"""Veo's declaration to the contracts: strategies, tables, checks of refusals, and the demonstration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from soundstage import JobState
from soundstage_cli.env import server_address, variables
from soundstage_contracts import load_facts
from soundstage_contracts.declarations.vendor import WORDS
from soundstage_contracts.laws.machine import JobMachine
from soundstage_contracts.outcomes import BrokenLawError
from soundstage_contracts.simulators.target import Target
from soundstage_contracts.vendors import veo as vendor
from soundstage_contracts.vendors.veo import BROKEN, CONTRACT, DEMO, RawClient, VeoMachine
from soundstage_contracts.vendors.veo.arguments import VEO_2, VEO_3

if TYPE_CHECKING:
    from collections.abc import Iterator

FEW = settings(max_examples=40, deadline=None)


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """Start one simulator for this module."""
    with Target() as target:
        yield target


@FEW
@given(arguments=vendor.video_arguments())
def test_valid_arguments_pass_client_and_simulator(target: Target, arguments: dict[str, Any]) -> None:
    """Arguments of the strategy pass the validation of the client and of the simulator."""
    assert target.client(CONTRACT, target.new_account()).generate_videos(**arguments).state is JobState.QUEUED


@FEW
@given(case=vendor.bodies())
def test_valid_bodies_are_accepted(target: Target, case: tuple[str, dict[str, Any]]) -> None:
    """A body of any documented shape starts an operation."""
    model, body = case
    assert RawClient(target).start(body, model).startswith(f"models/{model}/")


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: f"{case.names} {case.fact}")
def test_broken_call_names_a_fact_of_the_service(case: Any) -> None:
    """Each broken call names a fact of Veo that binds the service, and has a body."""
    fact = load_facts()[f"veo:{case.fact}"]
    assert "server" in fact.sides
    assert vendor.broken_body(case)["instances"]


@pytest.mark.parametrize(
    ("arguments", "price"),
    [
        ({}, 3.2),
        ({"duration_seconds": 4}, 1.6),
        ({"resolution": "4k"}, 4.8),
        ({"model": "veo-3.1-fast-generate-preview"}, 1.2),
        ({"model": VEO_2, "sample_count": 2, "duration_seconds": 5}, 3.5),
    ],
)
def test_prices_agree_with_the_facts(arguments: dict[str, Any], price: float) -> None:
    """A price is dollars a second times seconds times videos, from the table in the fact's statement."""
    assert vendor.price_of(arguments) == pytest.approx(price)
    rates = re.findall(r"0\.\d\d", load_facts()["veo:charge.prices"].statement)
    assert {float(rate) for rate in rates} == {rate for pair in vendor.PRICES.values() for rate in pair}


def test_contract_is_complete() -> None:
    """Its methods exist on both clients, its outcomes are in-prompt words, and it has a state machine."""
    assert CONTRACT.slug == "veo"
    for method in CONTRACT.operations:
        assert callable(getattr(CONTRACT.client, method))
        assert callable(getattr(CONTRACT.async_client, method))
    assert set(CONTRACT.ends) <= set(WORDS)
    assert all(state.final for state in CONTRACT.ends.values())
    assert issubclass(VeoMachine, JobMachine)
    assert VeoMachine.contract is CONTRACT


def test_key_is_the_only_credential() -> None:
    """The header and the client's argument are the account's name."""
    assert vendor.headers("sk-1") == {"x-goog-api-key": "sk-1"}
    assert vendor.credentials("sk-1") == {"api_key": "sk-1"}


def test_variables_point_every_program_to_the_simulator() -> None:
    """The proxy's variables have its path; google-genai goes through the proxy, and litellm to the host."""
    shown = dict(variables(load_facts("veo").vendors.values(), server_address("http://127.0.0.1:8080"), {}))
    assert shown["LITELLM_BASE_URL"] == "http://127.0.0.1:8080/veo/gemini/v1beta"
    assert shown["GOOGLE_GEMINI_BASE_URL"] == "http://127.0.0.1:8080/veo/gemini"
    assert shown["GEMINI_API_BASE"] == "http://127.0.0.1:8080/veo"
    assert shown["LITELLM_API_KEY"] == shown["GEMINI_API_KEY"] == shown["GOOGLE_API_KEY"] == "soundstage"


@pytest.mark.parametrize("call", DEMO, ids=lambda call: str(call.arguments.get("model", VEO_3)))
def test_demonstration_succeeds(target: Target, call: Any) -> None:
    """Every call of the demonstration is accepted and makes a video."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    assert getattr(client, call.method)(**call.arguments).result()


def test_refusal_checks_detect_the_other_envelope(target: Target) -> None:
    """The checks of refusals detect the other envelope, another status, and a response that is no refusal."""
    raw = RawClient(target)
    of_google = raw.post({"instances": []})
    of_proxy = target.http().get(f"{raw.url}/v1beta/{raw.create()}")
    with pytest.raises(BrokenLawError):
        vendor.refusal_of_proxy(of_google, 400, "auth_error")
    with pytest.raises(BrokenLawError):
        vendor.refusal_of_google(of_proxy, 401, "auth_error")
    with pytest.raises(BrokenLawError):
        vendor.refusal_of_google(of_google, 404, "INVALID_ARGUMENT")
    with pytest.raises(BrokenLawError):
        vendor.refusal_of_google(of_google, 400, "INVALID_ARGUMENT", "charge")
    with pytest.raises(BrokenLawError, match="refused"):
        raw.start({"instances": []})
    with pytest.raises(BrokenLawError, match="cannot be read"):
        raw.read("models/x/operations/y")


def test_raw_client_makes_and_downloads_a_video(target: Target) -> None:
    """The raw client creates, waits, polls, and downloads the file by its id."""
    raw = RawClient(target)
    file = raw.file(prompt="A hare", durationSeconds=4)
    assert raw.get(f"/download/v1beta/files/{file}:download?alt=media").content[4:8] == b"ftyp"
    assert raw.get(f"{raw.url}/v1beta/files/{file}:download").status_code == 302


def test_live_calls_pass_against_the_simulator(target: Target) -> None:
    """The free live call is refused as expected, and the cheapest video is made."""
    assert CONTRACT.live is not None
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    free, video = CONTRACT.live.ordered_calls()
    assert free.refused is not None
    with pytest.raises(free.refused):
        free.call(client, {})
    assert video.call(client, {}).result()
    assert all(f"veo:{fact}" in load_facts() for call in (free, video) for fact in call.facts)
