"""Contracts of Veo's operations and videos beside the shared laws."""

from __future__ import annotations

import json
import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

import av
import httpx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from soundstage import JobState, Veo, errors
from soundstage.vendors.veo import PROFILE
from soundstage_contracts import load_facts, proves
from soundstage_contracts.vendors import veo as vendor
from soundstage_contracts.vendors.veo import CONTRACT, CREATE, MODELS, RATIOS, RESOLUTIONS, RawClient
from soundstage_contracts.vendors.veo.arguments import VEO_2, VEO_3, VEO_3_1, body_of, price_of
from soundstage_contracts.vendors.veo.raw_client import DIRECT, PROXY, TYPE, new_raw_client

if TYPE_CHECKING:
    from soundstage_contracts.simulators.target import Target

BASE = load_facts("veo").vendors["veo"].base_url
both_addresses = pytest.mark.parametrize("prefix", [PROXY, DIRECT], ids=["proxy", "direct"])


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Return a raw client with a new key, through the proxy."""
    return RawClient(target)


@proves("veo:auth.header", "veo:create.route", "veo:poll.route", side="server")
@both_addresses
@pytest.mark.parametrize("where", ["header", "query"])
def test_key_is_accepted_in_header_and_query(target: Target, prefix: str, where: str) -> None:
    """Create, poll and download accept the key in x-goog-api-key and in ?key=, for the same account."""
    key = target.new_account()
    raw = new_raw_client(target, prefix, key)
    file = raw.file()
    given = {"headers": {"x-goog-api-key": key}} if where == "header" else {"params": {"key": key, "alt": "media"}}
    http = target.http(**given)
    created = http.post(raw.url + CREATE.format(model=VEO_3), json={"instances": [{"prompt": "A fox"}]})
    assert http.get(f"{raw.url}/v1beta/{created.json()['name']}").status_code == 200
    assert http.get(f"{raw.url}/download/v1beta/files/{file}:download").status_code == 200
    assert len(target.control.tasks(raw.name)) == 2


@proves("veo:auth.header", "veo:create.route", "veo:poll.route", "veo:download.through_proxy", side="client")
def test_client_sends_the_key_in_the_header_alone(target: Target, tmp_path: Any) -> None:
    """Create, poll and download send x-goog-api-key to the documented routes; no URL contains the key."""
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
def test_environment_names_the_proxy(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """LITELLM_API_KEY is required; LITELLM_BASE_URL may end in /v1beta, and is the guide's address by default."""
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
@given(case=vendor.bodies(), prefix=st.sampled_from([PROXY, DIRECT]))
def test_every_documented_shape_is_accepted(target: Target, case: tuple[str, dict[str, Any]], prefix: str) -> None:
    """A body in any documented shape starts an operation, and the response is its name and nothing else."""
    model, body = case
    response = new_raw_client(target, prefix).post(body, model)
    assert response.status_code == 200, response.text
    assert list(response.json()) == ["name"]
    assert re.fullmatch(rf"models/{re.escape(model)}/operations/[a-z0-9]{{12}}", response.json()["name"])


@proves("veo:create.ignored", "veo:create.route", side="server")
def test_other_members_of_the_sdk_are_ignored(raw: RawClient) -> None:
    """A body may have enhancePrompt, webhookConfig, empty parameters or none."""
    body: dict[str, Any] = {"instances": [{"prompt": "A fox"}]}
    raw.start({**body, "parameters": {"enhancePrompt": True}, "webhookConfig": {"uris": []}})
    raw.start({**body, "parameters": {}})
    raw.start(body)


@proves("veo:models.known")
@both_addresses
@pytest.mark.parametrize("model", MODELS)
def test_every_known_model_makes_videos(target: Target, prefix: str, model: str) -> None:
    """Each known model is available at any time of the clock, to a raw caller and to the client."""
    raw = new_raw_client(target, prefix)
    raw.create(model=model)
    raw.advance(10 * 366 * 24 * 3600.0)
    assert target.client(CONTRACT, raw.account).generate_videos("A fox", model=model).id.startswith(f"models/{model}/")
    assert model in load_facts()["veo:models.known"].statement


@proves("veo:poll.route", "veo:poll.done", side="server")
@both_addresses
def test_operation_is_its_name_until_it_is_done(target: Target, prefix: str) -> None:
    """An operation is its name alone, without done, until done is true, with the documented response."""
    raw = new_raw_client(target, prefix)
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


@proves("veo:poll.error", "veo:poll.error_codes", side="server")
@pytest.mark.parametrize("word", ["fail", "timeout", "cancel"])
def test_failed_operation_has_code_13_and_names_its_cause(raw: RawClient, word: str) -> None:
    """A failed operation has done, and an error with code 13 and a message that names a time-out or cancellation."""
    operation = raw.create(f"A fox soundstage:{word}")
    raw.advance(1600)
    body = raw.read(operation)
    assert (set(body), body["done"], set(body["error"])) == ({"name", "done", "error"}, True, {"code", "message"})
    assert body["error"]["code"] == 13
    assert word == "fail" or word in body["error"]["message"]


@proves("veo:poll.filtered", "veo:block", side="server")
@pytest.mark.parametrize("count", [1, 2])
def test_blocked_content_has_counts_and_reasons(raw: RawClient, count: int) -> None:
    """A safety block is done without error and videos, with the number of filtered videos and a reason for each."""
    operation = raw.create("A fox soundstage:block", VEO_2, sampleCount=count)
    body = raw.finish(operation)
    assert (body["done"], "error" in body) == (True, False)
    made = body["response"]["generateVideoResponse"]
    assert set(made) == {"raiMediaFilteredCount", "raiMediaFilteredReasons"}
    assert made["raiMediaFilteredCount"] == len(made["raiMediaFilteredReasons"]) == count
    assert all(isinstance(reason, str) and reason for reason in made["raiMediaFilteredReasons"])


@proves("veo:poll.filtered", "veo:block.partial", side="server")
def test_partial_block_delivers_the_other_video(raw: RawClient) -> None:
    """Of two videos one is delivered, with the count and the reason of the other."""
    made = raw.response_of(raw.create("A fox soundstage:partial", VEO_2, sampleCount=2))
    assert (len(made["generatedSamples"]), made["raiMediaFilteredCount"]) == (1, 1)
    assert len(made["raiMediaFilteredReasons"]) == 1
    assert len(raw.uris(raw.create("A fox soundstage:partial", VEO_2, sampleCount=1))) == 1


@proves("veo:poll.filtered", side="client")
def test_filtered_job_is_content_filtered_with_its_reasons(target: Target) -> None:
    """A job whose video is filtered is ContentFiltered with the service's reason, and never a success."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    job = client.generate_videos("A fox soundstage:block").wait()
    assert (job.state, job.outputs) == (JobState.FAILED, [])
    reasons = job.raw["response"]["generateVideoResponse"]["raiMediaFilteredReasons"]
    with pytest.raises(errors.ContentFiltered, match=re.escape(reasons[0])):
        job.result()


@proves("veo:poll.filtered", "veo:poll.done", side="client")
def test_partly_filtered_job_saves_the_rest_and_has_the_reasons(target: Target, tmp_path: Any) -> None:
    """A partly filtered job is a success: the other videos can be saved, and the snapshot has the reasons."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    job = client.generate_videos("A fox soundstage:partial", model=VEO_2, sample_count=2)
    assert len(job.save(tmp_path)) == 1
    assert job.state is JobState.SUCCEEDED
    assert job.snapshot.reason == job.raw["response"]["generateVideoResponse"]["raiMediaFilteredReasons"][0]


@proves("veo:poll.error", side="client")
@pytest.mark.parametrize("word", ["fail", "timeout", "cancel"])
def test_failed_job_has_the_code_and_message(target: Target, word: str) -> None:
    """An operation's error is JobFailed with google.rpc's code and the service's message."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    job = client.generate_videos(f"A fox soundstage:{word}")
    with pytest.raises(errors.JobFailed) as failed:
        job.result(timeout=2000)
    assert failed.value.code == job.raw["error"]["code"] == 13
    assert failed.value.message == job.raw["error"]["message"]


@proves("veo:output.video", "veo:create.parameters", "veo:create.defaults", side="server")
@pytest.mark.parametrize("ratio", [None, *RATIOS])
@pytest.mark.parametrize("seconds", [None, 4, "6", 8])
def test_video_has_the_requested_ratio_and_length(raw: RawClient, ratio: str | None, seconds: Any) -> None:
    """A video has the requested ratio and length, by default 16:9 and 8 seconds, and sound from Veo 3 on."""
    given = {"aspectRatio": ratio, "durationSeconds": seconds}
    (uri,) = raw.uris(raw.create(**{name: value for name, value in given.items() if value is not None}))
    path = uri.removeprefix(vendor.GOOGLE)
    with av.open(BytesIO(raw.get(f"/download{path}").content), "r") as video:
        stream = video.streams.video[0]
        width, height = map(int, (ratio or "16:9").split(":"))
        assert stream.width / stream.height == pytest.approx(width / height, rel=0.05)
        assert video.duration is not None
        assert video.duration / 1_000_000 == pytest.approx(int(seconds or 8), abs=0.1)
        assert len(video.streams.audio) == 1


@proves("veo:output.video", "veo:create.parameters", side="server")
@pytest.mark.parametrize(("count", "name"), [(1, "sampleCount"), (2, "sampleCount"), (2, "numberOfVideos")])
def test_veo_2_makes_up_to_two_silent_videos(raw: RawClient, count: int, name: str) -> None:
    """Either parameter sets the number of videos, which differ, last 5 seconds and have no sound."""
    parameters = {"durationSeconds": 5, name: count}
    uris = raw.uris(raw.start({"instances": [{"prompt": "A fox"}], "parameters": parameters}, VEO_2))
    videos = [raw.get(f"/download{uri.removeprefix(vendor.GOOGLE)}").content for uri in uris]
    assert len(set(videos)) == len(set(uris)) == count
    with av.open(BytesIO(videos[0]), "r") as video:
        assert list(video.streams.audio) == []


@proves("veo:output.video", side="server")
@pytest.mark.parametrize(("resolution", "short"), [(None, 720), ("720p", 720), ("1080p", 1080)])
def test_video_has_the_requested_resolution(full_target: Target, resolution: str | None, short: int) -> None:
    """At 16:9, 720p is 1280x720 and 1080p is 1920x1080; the default is 720p."""
    raw = RawClient(full_target)
    (uri,) = raw.uris(raw.create(**({"resolution": resolution} if resolution else {})))
    with av.open(BytesIO(raw.get(f"/download{uri.removeprefix(vendor.GOOGLE)}").content), "r") as video:
        stream = video.streams.video[0]
        assert (stream.width, stream.height) == (short * 16 // 9, short)


@proves("veo:charge", side="server")
@pytest.mark.parametrize(("word", "share"), [("fail", 0), ("block", 0), ("partial", 1), ("", 2)])
def test_undelivered_videos_are_not_charged(raw: RawClient, word: str, share: int) -> None:
    """Errors and whole blocks are refunded; of a partial block only the delivered video is charged."""
    raw.create(f"A fox soundstage:{word}" if word else "A fox", VEO_2, sampleCount=2, durationSeconds=5)
    raw.advance(400)
    raw.create(model=VEO_2, durationSeconds=5)
    assert raw.money().spent == pytest.approx(0.35 * 5 * share)


@proves("veo:price.google", side="client")
@given(arguments=vendor.video_arguments())
def test_estimate_on_google_is_what_the_service_reserves(target: Target, arguments: dict[str, Any]) -> None:
    """On Google's host the estimate is the documented price of the whole video, and nothing is sent."""
    # No document states a price in 4k for Veo 3.
    assume(arguments.get("resolution") != "4k" or "veo-3.0" not in arguments.get("model", VEO_3))
    sent: list[httpx.Request] = []
    with httpx.Client(event_hooks={"request": [sent.append]}) as http:
        estimate = Veo("key", base_url=vendor.GOOGLE, http=http).estimate("generate_videos", **arguments)
    raw = RawClient(target)
    target.client(CONTRACT, raw.account).generate_videos(**arguments)
    assert float(estimate) == pytest.approx(raw.money().reserved)
    assert sent == []


@proves("veo:price.google", "veo:charge.prices")
@pytest.mark.parametrize("model", MODELS)
def test_every_price_is_the_documented_one(target: Target, model: str) -> None:
    """Each model costs its price a second in each resolution, for each video: the estimate, and what is reserved."""
    resolutions = ("720p",) if model == VEO_2 else ("720p", "1080p", "4k")
    client = Veo("key", base_url=vendor.GOOGLE)
    for resolution in resolutions:
        arguments = {"model": model, "resolution": resolution, "sample_count": 2 if model == VEO_2 else 1}
        expected = pytest.approx(price_of(arguments))
        raw = RawClient(target)
        raw.start(body_of({"prompt": "A fox", "duration_seconds": 8, **arguments}), model)
        assert raw.money().reserved == expected
        if resolution != "4k" or "veo-3.0" not in model:
            assert float(client.estimate("generate_videos", "A fox", **arguments)) == expected


@proves("veo:price.google", side="client")
@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ({}, {}),
        ({"base_url": vendor.GOOGLE}, {"model": "veo-4.0-generate"}),
        ({"base_url": vendor.GOOGLE}, {"model": VEO_3, "resolution": "4k", "duration_seconds": 8}),
    ],
    ids=["proxy", "model", "resolution"],
)
def test_price_that_no_document_states_is_not_guessed(options: dict[str, Any], arguments: dict[str, Any]) -> None:
    """Behind a proxy, for an unknown model and for 4k of Veo 3 there is no estimate."""
    with pytest.raises(errors.UnsupportedError, match="price of generate_videos is unknown"):
        Veo("key", **options).estimate("generate_videos", "A fox", **arguments)


@proves("veo:create.extension", "veo:create.extension_file")
@both_addresses
def test_video_can_be_extended(target: Target, prefix: str) -> None:
    """The client extends a video by its output's URL: it sends the file's URI, and the service makes a longer video."""
    sent: list[httpx.Request] = []
    raw = new_raw_client(target, prefix)
    client = CONTRACT.client(
        raw.account, base_url=raw.url, http=target.http(event_hooks={"request": [sent.append]}),
        clock=target.advancing_clock(),
    )  # fmt: skip
    (first,) = client.generate_videos("A fox").result()
    client.generate_videos("It looks up", model=VEO_3_1, video=first.url).result()
    received = json.loads(next(one for one in sent if VEO_3_1 in one.url.path and one.method == "POST").content)
    file = first.url.partition("/files/")[2].partition(":")[0]
    uri = f"{vendor.GOOGLE}/v1beta/files/{file}:download?alt=media"
    assert received["instances"][0] == {"prompt": "It looks up", "video": {"uri": uri}}
    assert received["parameters"] == {"durationSeconds": 8}


def test_client_polls_as_the_vendors_script() -> None:
    """The client polls after 10 seconds, then after 1.2 times longer each time up to 30, for 600 at most."""
    poll = PROFILE.poll
    assert [poll.delay(count) for count in (1, 2, 3)] == pytest.approx([10, 12, 14.4])
    assert (poll.delay(50), poll.timeout) == (30, 600)


def test_tables_agree_with_the_facts() -> None:
    """Models, ratios and resolutions are those in the statements of the facts."""
    statement = load_facts()["veo:create.parameters"].statement
    assert f"resolution {'|'.join(RESOLUTIONS)}" in statement
    assert f"aspectRatio {'|'.join(RATIOS)}" in statement
    assert re.findall(r"veo-[\w.-]+", load_facts()["veo:models.known"].statement) == list(MODELS)
