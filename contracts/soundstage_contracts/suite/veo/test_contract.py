"""Veo's contracts: what proxy and host promise of films and operations, and what the client makes of it."""

from __future__ import annotations

import json
import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

import anyio
import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundstage import JobState, Veo, errors
from soundstage.vendors.veo import PROFILE
from soundstage_contracts import load_facts, proves
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.simulators.target import IN_PROCESS, Target
from soundstage_contracts.transcripts.replay import Transcript, load_transcripts, replay_on_client, replay_on_simulator
from soundstage_contracts.vendors import veo as vendor
from soundstage_contracts.vendors.veo import CONTRACT, CREATE, MODELS, RATIOS, RESOLUTIONS, RawClient
from soundstage_contracts.vendors.veo.arguments import VEO_2, VEO_3, VEO_3_1
from soundstage_contracts.vendors.veo.raw_client import DIRECT, PROXY

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

TRANSCRIPTS = list(load_transcripts("veo"))
BASE = load_facts("veo").vendors["veo"].base_url
TYPE = "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse"
EITHER_WAY = pytest.mark.parametrize("before", [PROXY, DIRECT], ids=["through the proxy", "without it"])


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Speak through the proxy, with a new key."""
    return RawClient(target)


@pytest.fixture(scope="module")
def full_target(target: Target) -> Iterator[Target]:
    """Reach a simulator that makes films in their full size: in this process, one of its own."""
    if target.where != IN_PROCESS:
        yield target
        return
    with Target(media="full") as full:
        yield full


@proves("veo:auth.header", "veo:create.route", "veo:poll.route", side="server")
@EITHER_WAY
@pytest.mark.parametrize("where", ["header", "query"])
def test_a_key_is_taken_in_the_header_and_in_the_query(target: Target, before: str, where: str) -> None:
    """Create, poll and download take the key in x-goog-api-key and in ?key=, and it is the same account."""
    key = target.new_account()
    raw = RawClient(target, key, before)
    file = raw.file()
    given = {"headers": {"x-goog-api-key": key}} if where == "header" else {"params": {"key": key, "alt": "media"}}
    http = target.http(**given)
    created = http.post(raw.url + CREATE.format(model=VEO_3), json={"instances": [{"prompt": "A fox"}]})
    assert http.get(f"{raw.url}/v1beta/{created.json()['name']}").status_code == 200
    assert http.get(f"{raw.url}/download/v1beta/files/{file}:download").status_code == 200
    assert len(target.control.tasks(raw.name)) == 2


@proves("veo:auth.header", "veo:create.route", "veo:poll.route", "veo:download.through_proxy", side="client")
def test_every_call_of_the_client_carries_the_key(target: Target, tmp_path: Any) -> None:
    """Create, poll and download carry x-goog-api-key, on the documented routes, and no key is in an address."""
    sent: list[httpx.Request] = []
    account = target.new_account()
    http = target.http(event_hooks={"request": [sent.append]})
    client = target.client(CONTRACT, account, clock=target.advancing_clock(), http=http)
    job = client.generate_videos("A fox")
    job.save(tmp_path)
    paths = [f"{request.method} {request.url.path.partition('/veo')[2]}" for request in sent]
    assert paths[0] == "POST /gemini/v1beta/models/veo-3.0-generate-preview:predictLongRunning"
    assert set(paths[1:-1]) == {f"GET /gemini/v1beta/{job.id}"}
    assert re.fullmatch(r"GET /gemini/download/v1beta/files/[a-z0-9]{12}:download", paths[-1])
    assert {request.headers["x-goog-api-key"] for request in sent} == {account}
    assert not [request for request in sent if account in str(request.url)]


@proves("veo:env", side="client")
@pytest.mark.parametrize("address", ["https://proxy.test/gemini/v1beta", "https://proxy.test/gemini/v1beta/"])
def test_the_environment_names_the_proxy(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """LITELLM_BASE_URL and LITELLM_API_KEY are enough, /v1beta at its end; without the first it is the guide's."""
    monkeypatch.setenv("LITELLM_API_KEY", "sk-1234")
    monkeypatch.setenv("LITELLM_BASE_URL", address)
    with Veo() as client:
        assert client.base_url == "https://proxy.test/gemini"
    monkeypatch.delenv("LITELLM_BASE_URL")
    with Veo() as client:
        assert client.base_url == BASE == "https://api.thucchien.ai/gemini"
    monkeypatch.delenv("LITELLM_API_KEY")
    with pytest.raises(errors.MissingCredential, match="LITELLM_API_KEY"):
        Veo()


@proves("veo:create.route", "veo:operation.name", "veo:create.image", "veo:create.references", side="server")
@given(case=vendor.bodies(), before=st.sampled_from([PROXY, DIRECT]))
def test_every_valid_body_is_accepted(target: Target, case: tuple[str, dict[str, Any]], before: str) -> None:
    """A body in any documented shape starts an operation, and the answer is its name and nothing else."""
    model, body = case
    answer = RawClient(target, before=before).post(body, model)
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["name"]
    assert re.fullmatch(rf"models/{re.escape(model)}/operations/[a-z0-9]{{12}}", answer.json()["name"])


@proves("veo:create.parameters", "veo:create.image", "veo:create.references", "veo:create.route", side="client")
@given(arguments=vendor.film_arguments())
def test_what_the_client_is_told_is_what_the_service_hears(target: Target, arguments: dict[str, Any]) -> None:
    """Every argument arrives under its documented name, in the SDK's shape; what is left out is not sent."""
    sent: list[httpx.Request] = []
    http = target.http(event_hooks={"request": [sent.append]})
    target.client(CONTRACT, target.new_account(), http=http).generate_videos(**arguments)
    assert json.loads(sent[0].content) == vendor.body_of(arguments)
    assert sent[0].url.path.endswith(CREATE.format(model=arguments["model"]))


@proves("veo:create.ignored", "veo:create.route", side="server")
def test_what_the_sdk_sends_besides_changes_nothing(raw: RawClient) -> None:
    """EnhancePrompt and webhookConfig are taken; so is a body with empty parameters, or none."""
    film: dict[str, Any] = {"instances": [{"prompt": "A fox"}]}
    raw.start({**film, "parameters": {"enhancePrompt": True}, "webhookConfig": {"uris": []}})
    raw.start({**film, "parameters": {}})
    raw.start(film)


@proves("veo:models.known")
@EITHER_WAY
@pytest.mark.parametrize("model", MODELS)
def test_every_known_model_makes_films(target: Target, before: str, model: str) -> None:
    """Each of the models is there, whatever the clock says, and the client can name it."""
    raw = RawClient(target, before=before)
    raw.create(model=model)
    raw.advance(10 * 366 * 24 * 3600.0)
    assert target.client(CONTRACT, raw.account).generate_videos("A fox", model=model).id.startswith(f"models/{model}/")
    assert model in load_facts()["veo:models.known"].statement


@proves("veo:poll.route", "veo:poll.done", side="server")
@EITHER_WAY
def test_an_operation_is_its_name_until_it_is_done(target: Target, before: str) -> None:
    """Until the end there is the name alone, without done; then done is true, with the documented response."""
    raw = RawClient(target, before=before)
    operation = raw.create()
    seen = [raw.read(operation)]
    for _ in range(400):
        raw.advance(1)
        seen.append(raw.read(operation))
        if "done" in seen[-1]:
            break
    assert len(seen) > 10
    assert all(body == {"name": operation} for body in seen[:-1])
    assert (seen[-1]["name"], seen[-1]["done"], list(seen[-1]["response"])) == (
        operation, True, ["@type", "generateVideoResponse"],
    )  # fmt: skip
    assert seen[-1]["response"]["@type"] == TYPE
    assert raw.finish(operation) == seen[-1]


@proves("veo:generation.times", side="server")
@given(case=vendor.bodies())
def test_a_film_takes_eleven_seconds_to_six_minutes(target: Target, case: tuple[str, dict[str, Any]]) -> None:
    """An operation is not done within 11 seconds, and is done after 360."""
    raw = RawClient(target)
    operation = raw.start(case[1], case[0])
    raw.advance(10)
    assert "done" not in raw.read(operation)
    raw.advance(351)
    assert raw.read(operation)["done"] is True


@proves("veo:poll.error", "veo:poll.error_codes", side="server")
@pytest.mark.parametrize("word", ["fail", "timeout", "cancel"])
def test_a_failed_operation_has_an_error_and_no_response(raw: RawClient, word: str) -> None:
    """Done is true, error has a google.rpc code and a message, and nothing else comes; a missing word is named."""
    operation = raw.create(f"A fox soundstage:{word}")
    raw.advance(1600)
    body = raw.read(operation)
    assert (set(body), body["done"], set(body["error"])) == ({"name", "done", "error"}, True, {"code", "message"})
    assert body["error"]["code"] == 13
    assert word == "fail" or word in body["error"]["message"]


@proves("veo:poll.filtered", "veo:block", side="server")
@pytest.mark.parametrize("count", [1, 2])
def test_blocked_content_is_withheld_whole(raw: RawClient, count: int) -> None:
    """A safety block is done without error and without films: how many are withheld, and why, in sentences."""
    operation = raw.create("A fox soundstage:block", VEO_2, sampleCount=count)
    body = raw.finish(operation)
    assert (body["done"], "error" in body) == (True, False)
    told = body["response"]["generateVideoResponse"]
    assert set(told) == {"raiMediaFilteredCount", "raiMediaFilteredReasons"}
    assert told["raiMediaFilteredCount"] == len(told["raiMediaFilteredReasons"]) == count
    assert all(isinstance(reason, str) and reason for reason in told["raiMediaFilteredReasons"])


@proves("veo:poll.filtered", "veo:block.partial", side="server")
def test_blocked_content_may_be_withheld_in_part(raw: RawClient) -> None:
    """Of two films one is delivered, and the count and the reason of the other stand beside it."""
    told = raw.told(raw.create("A fox soundstage:partial", VEO_2, sampleCount=2))
    assert (len(told["generatedSamples"]), told["raiMediaFilteredCount"]) == (1, 1)
    assert len(told["raiMediaFilteredReasons"]) == 1
    assert len(raw.uris(raw.create("A fox soundstage:partial", VEO_2, sampleCount=1))) == 1


@proves("veo:poll.filtered", side="client")
def test_a_filtered_job_is_a_content_failure_with_its_reasons(target: Target) -> None:
    """Without a film it is ContentFiltered, in the service's words, and never a success."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    job = client.generate_videos("A fox soundstage:block").wait()
    assert (job.state, job.outputs) == (JobState.FAILED, [])
    reasons = job.raw["response"]["generateVideoResponse"]["raiMediaFilteredReasons"]
    with pytest.raises(errors.ContentFiltered, match=re.escape(reasons[0])):
        job.result()


@proves("veo:poll.filtered", "veo:poll.done", side="client")
def test_a_job_filtered_in_part_has_what_is_left_and_the_reasons(target: Target, tmp_path: Any) -> None:
    """What was not withheld can be saved, and the reasons for the rest are there."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    job = client.generate_videos("A fox soundstage:partial", model=VEO_2, sample_count=2)
    assert len(job.save(tmp_path)) == 1
    assert job.state is JobState.SUCCEEDED
    assert job.snapshot.reason == job.raw["response"]["generateVideoResponse"]["raiMediaFilteredReasons"][0]


@proves("veo:poll.error", side="client")
@pytest.mark.parametrize("word", ["fail", "timeout", "cancel"])
def test_a_failed_job_tells_the_code(target: Target, word: str) -> None:
    """An operation's error is JobFailed with google.rpc's code and the service's words, and no output."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    job = client.generate_videos(f"A fox soundstage:{word}")
    with pytest.raises(errors.JobFailed) as failed:
        job.result(timeout=2000)
    assert failed.value.code == job.raw["error"]["code"] == 13
    assert failed.value.message == job.raw["error"]["message"]


@proves("veo:output.film", "veo:create.parameters", "veo:create.defaults", side="server")
@pytest.mark.parametrize("ratio", [None, *RATIOS])
@pytest.mark.parametrize("seconds", [None, 4, "6", 8])
def test_a_film_is_as_it_was_asked_for(raw: RawClient, ratio: str | None, seconds: Any) -> None:
    """A film has ratio and length as asked for, 16:9 and 8 seconds when nothing is said, and sound from Veo 3 on."""
    asked = {"aspectRatio": ratio, "durationSeconds": seconds}
    (uri,) = raw.uris(raw.create(**{name: value for name, value in asked.items() if value is not None}))
    path = uri.removeprefix(vendor.GOOGLE)
    with av.open(BytesIO(raw.get(f"/download{path}").content), "r") as film:
        picture = film.streams.video[0]
        width, height = map(int, (ratio or "16:9").split(":"))
        assert picture.width / picture.height == pytest.approx(width / height, rel=0.05)
        assert film.duration is not None
        assert film.duration / 1_000_000 == pytest.approx(int(seconds or 8), abs=0.1)
        assert len(film.streams.audio) == 1


@proves("veo:output.film", "veo:create.parameters", side="server")
@pytest.mark.parametrize(("count", "name"), [(1, "sampleCount"), (2, "sampleCount"), (2, "numberOfVideos")])
def test_veo_2_makes_up_to_two_silent_films(raw: RawClient, count: int, name: str) -> None:
    """As many films as are asked for under either name, each another one, of 5 seconds and without sound."""
    parameters = {"durationSeconds": 5, name: count}
    uris = raw.uris(raw.start({"instances": [{"prompt": "A fox"}], "parameters": parameters}, VEO_2))
    films = [raw.get(f"/download{uri.removeprefix(vendor.GOOGLE)}").content for uri in uris]
    assert len(set(films)) == len(set(uris)) == count
    with av.open(BytesIO(films[0]), "r") as film:
        assert list(film.streams.audio) == []


@proves("veo:output.film", side="server")
@pytest.mark.parametrize(("resolution", "short"), [(None, 720), ("720p", 720), ("1080p", 1080)])
def test_a_film_is_as_large_as_it_was_asked_for(full_target: Target, resolution: str | None, short: int) -> None:
    """At 16:9, 720p is 1280x720 and 1080p is 1920x1080; 720p is what comes when nothing is said."""
    raw = RawClient(full_target)
    (uri,) = raw.uris(raw.create(**({"resolution": resolution} if resolution else {})))
    with av.open(BytesIO(raw.get(f"/download{uri.removeprefix(vendor.GOOGLE)}").content), "r") as film:
        picture = film.streams.video[0]
        assert (picture.width, picture.height) == (short * 16 // 9, short)


@proves("veo:charge", side="server")
@given(arguments=vendor.film_arguments())
def test_a_film_is_charged_by_the_second(target: Target, arguments: dict[str, Any]) -> None:
    """Its price is set aside at creation and is spent at the end: so much a second of each film."""
    account = target.new_account()
    target.client(CONTRACT, account).generate_videos(**arguments)
    name = account_name("veo", account)
    before = target.control.money("veo", name)
    assert before.unit == "USD"
    assert before.reserved == pytest.approx(vendor.price_of(arguments))
    target.control.advance(400, name)
    target.client(CONTRACT, account).generate_videos("A fox")
    assert target.control.money("veo", name).spent == pytest.approx(vendor.price_of(arguments))


@proves("veo:charge", side="server")
@pytest.mark.parametrize(("word", "share"), [("fail", 0), ("block", 0), ("partial", 1), ("", 2)])
def test_what_is_not_delivered_is_not_charged(raw: RawClient, word: str, share: int) -> None:
    """Errors and whole blocks are refunded, and of a partial block only what is delivered was charged."""
    raw.create(f"A fox soundstage:{word}" if word else "A fox", VEO_2, sampleCount=2, durationSeconds=5)
    raw.advance(400)
    raw.create(model=VEO_2, durationSeconds=5)
    assert raw.target.control.money("veo", raw.name).spent == pytest.approx(0.35 * 5 * share)


@proves("veo:create.extension", "veo:create.extension_file")
@EITHER_WAY
def test_a_film_can_be_gone_on_with(target: Target, before: str) -> None:
    """The client names a film by its output's address, the service hears its uri, and makes another film."""
    sent: list[httpx.Request] = []
    raw = RawClient(target, before=before)
    client = CONTRACT.client(
        raw.account, base_url=raw.url, http=target.http(event_hooks={"request": [sent.append]}),
        clock=target.advancing_clock(),
    )  # fmt: skip
    (first,) = client.generate_videos("A fox").result()
    client.generate_videos("It looks up", model=VEO_3_1, video=first.url).result()
    heard = json.loads(next(one for one in sent if VEO_3_1 in one.url.path and one.method == "POST").content)
    file = first.url.partition("/files/")[2].partition(":")[0]
    uri = f"{vendor.GOOGLE}/v1beta/files/{file}:download?alt=media"
    assert heard["instances"][0] == {"prompt": "It looks up", "video": {"uri": uri}}
    assert heard["parameters"] == {"durationSeconds": 8}


@proves("veo:poll.done", "veo:result.uri", side="client")
def test_the_awaiting_client_saves_the_film(target: Target, tmp_path: Any) -> None:
    """The awaiting client waits, and leaves a playable film on disk."""

    async def make() -> tuple[Any, list[Any]]:
        async with target.async_http() as http:
            client = target.async_client(CONTRACT, target.new_account(), clock=target.advancing_clock(), http=http)
            job = await (await client.generate_videos("A fox"))
            return job, await job.save(tmp_path)

    job, (saved,) = anyio.run(make)
    assert job.state is JobState.SUCCEEDED
    with av.open(str(saved), "r") as film:
        assert film.streams.video[0].codec_context.name == "h264"


def test_the_client_looks_as_the_vendors_script_does() -> None:
    """It looks after 10 seconds, then 1.2 times later each time up to 30, for 600 at most."""
    poll = PROFILE.poll
    assert [poll.delay(look) for look in (1, 2, 3)] == pytest.approx([10, 12, 14.4])
    assert (poll.delay(50), poll.timeout) == (30, 600)


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda transcript: transcript.name)
def test_the_service_answers_as_documented(target: Target, transcript: Transcript) -> None:
    """Every documented request gets an answer of the documented shape."""
    replay_on_simulator(transcript, target, CONTRACT)


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda transcript: transcript.name)
def test_the_client_speaks_as_documented(transcript: Transcript) -> None:
    """The client sends the documented requests, and reads the documented answers to their end."""
    replay_on_client(transcript, CONTRACT, BASE)


def test_the_tables_are_those_of_the_facts() -> None:
    """Models, ratios and resolutions are those that the statements name."""
    said = load_facts()["veo:create.parameters"].statement
    assert f"resolution {'|'.join(RESOLUTIONS)}" in said
    assert f"aspectRatio {'|'.join(RATIOS)}" in said
    assert re.findall(r"veo-[\w.-]+", load_facts()["veo:models.known"].statement) == list(MODELS)
