"""Contracts about Infrai's jobs: metadata, cancellation, files and routes of both generations."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import av
import pytest
from PIL import Image

from soundstage import JobState, errors
from soundstage_contracts import proves
from soundstage_contracts.vendors.infrai import CONTRACT
from soundstage_contracts.vendors.infrai.arguments import ABILITIES, ASPECTS, RESOLUTIONS, SIZES, price_of
from soundstage_contracts.vendors.infrai.raw_client import STATUS, RawClient, assert_refused, data_of

if TYPE_CHECKING:
    from pathlib import Path

    from soundstage_contracts.simulators.target import Target

GENERATIONS = tuple(STATUS)


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Return the raw client of a new account."""
    return RawClient(target)


@proves("infrai:metadata.values", "infrai:job.shape", "infrai:job.states", side="client")
def test_client_keeps_the_cost_of_a_job(target: Target) -> None:
    """`job.cost` is the cost_usd of the creation, and later responses do not change it."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    job = client.generate("A fox", duration_seconds=4, vendor="veo")
    assert job.cost == pytest.approx(price_of({"duration_seconds": 4, "vendor": "veo"}))
    states = [job.state, *(snapshot.state for snapshot in job.updates())]
    assert list(dict.fromkeys(states)) == [JobState.QUEUED, JobState.RUNNING, JobState.SUCCEEDED]
    assert job.cost == pytest.approx(0.2)


@proves("infrai:metadata", "infrai:metadata.values", side="server")
def test_every_response_has_metadata(raw: RawClient) -> None:
    """Responses and refusals have metadata with a unique request id; only a creation has a cost."""
    created = raw.generate()
    job = data_of(created)["job_id"]
    arguments = (
        ("GET", STATUS["status"].format(job)),
        ("GET", STATUS["jobs"].format("vid_0")),
        ("GET", "/v1/video/nowhere"),
    )
    responses = [created, *(raw.ask(*each) for each in (*arguments, *arguments)), raw.cancel(job)]
    payload = [response.json()["metadata"] for response in responses]
    assert len({metadata["request_id"] for metadata in payload}) == len(responses)
    assert [metadata["cost_usd"] > 0 for metadata in payload] == [True] + [False] * 7
    assert all(type(metadata["latency_ms"]) is int and metadata["latency_ms"] >= 0 for metadata in payload)
    for response in responses:
        data_of(response) if response.is_success else assert_refused(response, 404, "NOT_FOUND")


@proves("infrai:metadata", side="server")
def test_request_id_contains_the_time(raw: RawClient) -> None:
    """The first 48 bits of a request id are the account's time in milliseconds, as in a UUID of version 7."""
    raw.create()
    raw.advance(5000)
    payload = raw.generate().json()["metadata"]["request_id"]
    now = raw.target.control.now(raw.name)
    assert int(payload.replace("-", "")[:12], 16) / 1000 == pytest.approx(now, abs=60)


@proves("infrai:status.route", "infrai:job.states", "infrai:job.shape", side="server")
@pytest.mark.parametrize("generation", GENERATIONS)
def test_both_generations_show_the_same_states(raw: RawClient, generation: str) -> None:
    """On both generations' routes a job is queued, running and succeeded, in this order."""
    job = raw.create()
    seen = [raw.read(job, generation)]
    for _ in range(300):
        raw.advance(1)
        seen.append(raw.read(job, generation))
        if seen[-1]["state"] == "succeeded":
            break
    words = [data["state"] for data in seen]
    assert list(dict.fromkeys(words)) == ["queued", "running", "succeeded"]
    for data in seen:
        assert (data["job_id"], data["id"], data["status"]) == (job, job, data["state"])
        assert ("video_url" in data) == (data["state"] == "succeeded")


@proves("infrai:cancel.route", "infrai:charge", side="server")
@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("seconds", [0, 20])
def test_canceled_job_stays_canceled(raw: RawClient, generation: str, seconds: float) -> None:
    """Canceling returns {ok: true}; the job stays canceled and its price is given back."""
    job = raw.create()
    raw.advance(seconds)
    assert data_of(raw.cancel(job, generation)) == {"ok": True}
    assert raw.read(job)["state"] == raw.finish(job)["state"] == "cancelled"
    assert raw.money().available == raw.money().granted


@proves("infrai:cancel.final", side="server")
@pytest.mark.parametrize("generation", GENERATIONS)
def test_canceling_a_finished_job_changes_nothing(raw: RawClient, generation: str) -> None:
    """A finished or canceled job is answered with {ok: false} and stays as it is."""
    done, stopped = raw.create(), raw.create(prompt="A hare")
    raw.cancel(stopped)
    before = raw.finish(done)
    for job in (done, stopped):
        assert data_of(raw.cancel(job, generation)) == {"ok": False}
    assert raw.read(done) == before
    assert raw.read(stopped)["state"] == "cancelled"
    assert_refused(raw.cancel("vid_nothing", generation), 404, "NOT_FOUND")


@proves("infrai:cancel.route", "infrai:cancel.final", side="client")
@pytest.mark.parametrize("reading", ["both", *GENERATIONS])
def test_client_cancels_a_job(target: Target, reading: str) -> None:
    """`cancel()` stops a running job, leaves a finished one as it is, and returns the state after it."""
    raw = RawClient(target)
    raw.speak(reading)
    client = target.client(CONTRACT, raw.account, clock=target.advancing_clock())
    stopped, done = client.generate("A fox"), client.generate("A hare").wait()
    assert stopped.cancel().state is (JobState.CANCELED if not stopped.refresh().outputs else JobState.SUCCEEDED)
    running = client.generate("A deer").cancel()
    assert running.state is JobState.CANCELED
    with pytest.raises(errors.JobCanceled):
        running.result()
    assert done.cancel().state is JobState.SUCCEEDED
    assert client.job(running.id).cancel().state is JobState.CANCELED
    with pytest.raises(errors.NotFoundError) as unknown:
        client.job("vid_nothing").cancel()
    assert unknown.value.token == client.job("vid_nothing").to_token()


@proves("infrai:job.outputs", "infrai:generate.defaults", side="server")
@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("aspect", [None, *ASPECTS])
def test_video_has_the_requested_ratio_and_length(raw: RawClient, resolution: str, aspect: str | None) -> None:
    """Video and thumbnail have the requested ratio and length, by default 16:9 and 5 seconds."""
    data = raw.finish(raw.create(resolution=resolution, aspect=aspect, **({"duration_seconds": 2} if aspect else {})))
    width, height = map(int, (aspect or "16:9").split(":"))
    with av.open(BytesIO(raw.get(data["video_url"])), "r") as video:
        image = video.streams.video[0]
        assert video.duration is not None
        assert video.duration / 1_000_000 == pytest.approx(2 if aspect else 5, abs=0.05)
        assert image.width / image.height == pytest.approx(width / height, rel=0.05)
    with Image.open(BytesIO(raw.get(data["thumbnail_url"]))) as thumbnail:
        assert thumbnail.format == "PNG"
        assert thumbnail.width / thumbnail.height == pytest.approx(width / height, rel=0.05)


@proves("infrai:job.outputs", "infrai:generate.params", side="server")
@pytest.mark.parametrize("resolution", [None, *RESOLUTIONS])
def test_resolution_is_the_short_side(full_target: Target, resolution: str | None) -> None:
    """At 16:9 the heights are 720 (the default), 1080 and 2160 pixels."""
    raw = RawClient(full_target)
    data = raw.finish(raw.create(resolution=resolution, duration_seconds=1))
    with av.open(BytesIO(raw.get(data["video_url"])), "r") as video:
        stream = video.streams.video[0]
        short = SIZES[resolution or "720p"]
        assert (stream.width, stream.height) == (short * 16 // 9, short)


@proves("infrai:job.outputs", side="server")
def test_changed_result_address_is_refused(raw: RawClient) -> None:
    """A result is downloaded without a key by its exact address; a changed or expired address is HTTP 403."""
    data = raw.finish(raw.create(duration_seconds=1))
    http = raw.target.http()
    for address in (data["video_url"], data["thumbnail_url"]):
        assert http.get(address).status_code == 200
        assert http.get(address.replace("Signature=", "Signature=0")).status_code == 403
    raw.advance(31 * 24 * 3600)
    assert http.get(data["video_url"]).status_code == 403


@proves("infrai:routes.more", side="server")
def test_newer_routes_show_job_file_and_capabilities(raw: RawClient) -> None:
    """The routes get, download_url and capabilities return the job, its file and the vendors."""
    job = raw.create()
    assert_refused(raw.ask("GET", f"/v1/video/download_url/{job}"), 404, "NOT_FOUND", fact="routes.more")
    shown = raw.finish(job)
    assert data_of(raw.ask("GET", f"/v1/video/get/{job}")) == shown
    assert data_of(raw.ask("GET", f"/v1/video/download_url/{job}")) == {"url": shown["video_url"]}
    payload = data_of(raw.ask("GET", "/v1/video/capabilities"))
    assert {each["vendor"]: tuple(each["resolutions"]) for each in payload["vendors"]} == ABILITIES


@proves("infrai:job.outputs", "infrai:generate.route", "infrai:job.shape", side="client")
@pytest.mark.parametrize("reading", ["both", *GENERATIONS])
def test_client_saves_files_in_every_dialect(target: Target, tmp_path: Path, reading: str) -> None:
    """A client saves the video and its thumbnail whichever generation the service uses."""
    raw = RawClient(target)
    raw.speak(reading)
    job = target.client(CONTRACT, raw.account, clock=target.advancing_clock()).generate("A fox", duration_seconds=1)
    video, thumbnail = job.save(tmp_path)
    assert [output.kind for output in job.outputs] == ["video", "image"]
    with av.open(str(video), "r") as opened:
        assert opened.streams.video[0].codec_context.name == "h264"
    with Image.open(thumbnail) as image:
        assert image.format == "PNG"
