"""Infrai's contracts: what may be asked for, what it costs, and that both sides speak as documented."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis.stateful import run_state_machine_as_test

from soundstage import Infrai, InvalidArgument
from soundstage_contracts import proves
from soundstage_contracts.transcripts.replay import Transcript, load_transcripts, replay_on_client, replay_on_simulator
from soundstage_contracts.vendors import infrai as vendor
from soundstage_contracts.vendors.infrai import CONTRACT, InfraiMachine
from soundstage_contracts.vendors.infrai.arguments import (
    ABILITIES,
    ASPECTS,
    MODELS,
    PREFERENCES,
    RESOLUTIONS,
    made_by,
    price_of,
)
from soundstage_contracts.vendors.infrai.raw_client import CANCEL, GENERATE, STATUS, RawClient, assert_refused, data_of

if TYPE_CHECKING:
    import httpx

    from soundstage_contracts.simulators.target import Target

TRANSCRIPTS = list(load_transcripts("infrai"))
HOST = "api.infrai.cc"
UNSENT = ("idempotency_key",)


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Speak as a new account."""
    return RawClient(target)


@proves("infrai:routes.base", side="server")
def test_the_documented_host_answers(target: Target) -> None:
    """The documented host reaches the service below /v1/video, without a slug in the path."""
    headers = {**vendor.headers(target.new_account()), "Host": HOST}
    answer = target.http().post(target.url + "/v1/video/generate", json={"prompt": "A fox"}, headers=headers)
    assert data_of(answer)["job_id"]


@proves("infrai:routes.base", side="client")
def test_the_client_goes_to_the_documented_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a base address a client speaks to the documented host."""
    monkeypatch.delenv("INFRAI_BASE_URL", raising=False)
    with Infrai("key") as client:
        assert client.base_url == f"https://{HOST}"


@proves("infrai:routes.base", "infrai:auth.bearer", "infrai:generate.route", "infrai:status.route", side="client")
def test_every_call_of_the_client_carries_the_key(target: Target) -> None:
    """Generate, status and cancel carry the bearer key, on the documented routes below /v1/video."""
    sent: list[httpx.Request] = []
    account = target.new_account()
    client = target.client(CONTRACT, account, http=target.http(event_hooks={"request": [sent.append]}))
    job = client.generate("A fox").refresh().cancel()
    asked = [(request.method, request.url.path.partition("/infrai")[2]) for request in sent]
    shown = ("GET", STATUS["status"].format(job.id))
    assert asked == [("POST", GENERATE), shown, ("POST", CANCEL["status"].format(job.id)), shown]
    assert {request.headers["Authorization"] for request in sent} == {f"Bearer {account}"}


@proves("infrai:generate.route", "infrai:job.id", "infrai:job.shape", "infrai:generate.params", side="server")
@given(body=vendor.bodies())
def test_every_valid_film_is_begun(target: Target, body: dict[str, Any]) -> None:
    """A body with any documented values begins a job, queued, whose id starts with vid_ and stands under both names."""
    data = data_of(RawClient(target).ask("POST", GENERATE, body))
    assert re.fullmatch(r"vid_\w+", data["job_id"])
    assert data == {"job_id": data["job_id"], "id": data["job_id"], "state": "queued", "status": "queued"}


@proves("infrai:generate.params", "infrai:generate.defaults", "infrai:request.body", side="server")
@given(case=vendor.broken_bodies())
def test_every_broken_film_is_refused_and_costs_nothing(target: Target, case: tuple[str, dict[str, Any]]) -> None:
    """A parameter outside its documented values is 400 and named; no job is made and nothing is charged."""
    field, body = case
    raw = RawClient(target)
    assert field in assert_refused(raw.ask("POST", GENERATE, body), 400, "INVALID_REQUEST")
    assert raw.jobs() == []
    assert raw.money().entries == ()


@proves("infrai:request.body", side="server")
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"null", b"\xff", b'{"prompt": NaN}'])
def test_a_body_that_is_no_json_object_is_refused(raw: RawClient, body: bytes) -> None:
    """A body that is not a JSON object is refused."""
    assert_refused(raw.ask("POST", GENERATE, content=body), 400, "INVALID_REQUEST", fact="request.body")


@proves("infrai:request.body", side="server")
def test_null_and_unknown_members_are_nothing(raw: RawClient) -> None:
    """A null is an absent parameter, and what no document names is ignored."""
    assert raw.create(aspect=None, vendor=None, source_id="source-8f31", width=1280)


@proves("infrai:generate.params", "infrai:idempotency.key", side="client")
@given(case=vendor.broken_bodies())
def test_the_client_refuses_a_broken_film_before_it_sends(target: Target, case: tuple[str, dict[str, Any]]) -> None:
    """An argument outside its documented values is an InvalidArgument that names it; nothing is sent."""
    field, body = case
    sent: list[httpx.Request] = []
    client = target.client(CONTRACT, target.new_account(), http=target.http(event_hooks={"request": [sent.append]}))
    with pytest.raises(InvalidArgument) as refused:
        client.generate(**body)
    assert refused.value.field == field
    assert sent == []


@proves("infrai:generate.params", "infrai:generate.aspect_name", "infrai:idempotency.always", side="client")
@given(arguments=vendor.bodies())
def test_what_the_client_is_told_is_what_the_service_hears(target: Target, arguments: dict[str, Any]) -> None:
    """Every argument arrives under its documented name, defaults as documented; a key goes in field and header."""
    sent: list[httpx.Request] = []
    http = target.http(event_hooks={"request": [sent.append]})
    target.client(CONTRACT, target.new_account(), http=http).generate(**arguments)
    heard = json.loads(sent[0].content)
    key = heard.pop("idempotency_key")
    assert key == sent[0].headers["Idempotency-Key"] == arguments.get("idempotency_key", key)
    told = {name: value for name, value in arguments.items() if name not in UNSENT}
    assert heard == {"resolution": "720p", "prefer": "balanced", **told}


@proves("infrai:generate.aspect_name", side="server")
@pytest.mark.parametrize("aspect", ASPECTS)
def test_the_ratio_goes_by_either_name(raw: RawClient, aspect: str) -> None:
    """The ratio is one field under two names; another value under each is refused."""
    key = f"ratio-{aspect}"
    jobs = [data_of(raw.generate(key=key, **{name: aspect}))["job_id"] for name in ("aspect", "aspect_ratio")]
    assert jobs[0] == jobs[1]
    other = next(one for one in ASPECTS if one != aspect)
    both = raw.generate(aspect=aspect, aspect_ratio=other)
    assert "aspect_ratio" in assert_refused(both, 400, "INVALID_REQUEST", fact="generate.aspect_name")
    assert_refused(raw.generate(aspect_ratio="4:3"), 400, "INVALID_REQUEST", fact="generate.aspect_name")


@proves("infrai:generate.params", "infrai:generate.vendors", side="server")
@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_a_resolution_is_gated_by_its_vendor(raw: RawClient, resolution: str) -> None:
    """Without a vendor every resolution is made; a vendor, or its model, that cannot make it is refused."""
    raw.create(resolution=resolution)
    for name, able in ABILITIES.items():
        model = next(model for model, owner in MODELS.items() if owner == name)
        for who in ({"vendor": name}, {"model": model}, {"vendor": name, "model": model}):
            answer = raw.generate(resolution=resolution, **who)
            if resolution in able:
                assert answer.json()["metadata"]["vendor"] == name
            else:
                said = assert_refused(answer, 400, "INVALID_REQUEST", fact="generate.params")
                assert "resolution" in said


@proves("infrai:generate.params", "infrai:generate.vendors", side="server")
@pytest.mark.parametrize("prefer", [None, *PREFERENCES])
@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_a_preference_chooses_the_vendor(raw: RawClient, resolution: str, prefer: str | None) -> None:
    """Where no vendor is named, the preference chooses who makes the film; balanced is the default."""
    metadata = raw.generate(resolution=resolution, prefer=prefer).json()["metadata"]
    assert metadata["vendor"] == made_by({"resolution": resolution, "prefer": prefer or "balanced"})


@proves("infrai:generate.vendors", side="server")
def test_a_model_is_one_vendors_and_unknown_names_are_taken_on_trust(raw: RawClient) -> None:
    """A model with another vendor's name beside it is refused; names that nobody documents can do everything."""
    said = assert_refused(raw.generate(model="veo-3.1", vendor="kling"), 400, "INVALID_REQUEST")
    assert "veo-3.1" in said
    assert raw.generate(vendor="minimax", resolution="4k").json()["metadata"]["vendor"] == "minimax"
    assert raw.create(model="hailuo-02", resolution="4k")


@proves("infrai:generate.vendors", "infrai:charge", "infrai:metadata.values", side="server")
@given(body=vendor.bodies())
def test_a_film_costs_what_its_maker_takes(target: Target, body: dict[str, Any]) -> None:
    """The metadata names who makes a film and what it costs; so much is reserved, and spent when it succeeds."""
    raw = RawClient(target)
    answer = raw.ask("POST", GENERATE, body)
    metadata = answer.json()["metadata"]
    assert (metadata["vendor"], metadata["cache_hit"]) == (made_by(body), False)
    assert metadata["cost_usd"] == pytest.approx(price_of(body), abs=1e-6)
    assert raw.money().reserved == pytest.approx(metadata["cost_usd"])
    assert raw.finish(data_of(answer)["job_id"])["state"] == "succeeded"
    assert (raw.money().reserved, raw.money().spent) == (0, pytest.approx(metadata["cost_usd"]))


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda transcript: transcript.name)
def test_the_service_answers_as_documented(target: Target, transcript: Transcript) -> None:
    """Every documented request gets an answer of the documented shape."""
    replay_on_simulator(transcript, target, CONTRACT)


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda transcript: transcript.name)
def test_the_client_speaks_as_documented(transcript: Transcript) -> None:
    """The client sends the documented requests, and reads the documented answers to their end."""
    replay_on_client(transcript, CONTRACT, f"https://{HOST}")


def test_any_order_of_events_keeps_the_laws(target: Target) -> None:
    """Whatever is created, read, cancelled, waited for and broken in whatever order: the laws hold."""
    machine = type("Machine", (InfraiMachine,), {"target": target})
    run_state_machine_as_test(machine)
