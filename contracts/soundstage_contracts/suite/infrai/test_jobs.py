"""The contracts of Infrai's jobs: what is told of them, how they go, how they are cancelled, and what they make."""

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
    """Speak as a new account."""
    return RawClient(target)


@proves("infrai:metadata.values", "infrai:job.shape", "infrai:job.states", side="client")
def test_the_client_knows_what_a_job_costs(target: Target) -> None:
    """`job.cost` is the cost_usd of the answer that began it, and later answers, which cost nothing, leave it."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    job = client.generate("A fox", duration_seconds=4, vendor="veo")
    assert job.cost == pytest.approx(price_of({"duration_seconds": 4, "vendor": "veo"}))
    states = [job.state, *(snapshot.state for snapshot in job.updates())]
    assert list(dict.fromkeys(states)) == [JobState.QUEUED, JobState.RUNNING, JobState.SUCCEEDED]
    assert job.cost == pytest.approx(0.2)


@proves("infrai:metadata", "infrai:metadata.values", side="server")
def test_every_answer_tells_of_its_call(raw: RawClient) -> None:
    """Answers and refusals alike have the metadata, with a request id that comes once; only a creation costs."""
    created = raw.generate()
    job = data_of(created)["job_id"]
    asked = ("GET", STATUS["status"].format(job)), ("GET", STATUS["jobs"].format("vid_0")), ("GET", "/v1/video/nowhere")
    answers = [created, *(raw.ask(*each) for each in (*asked, *asked)), raw.cancel(job)]
    told = [answer.json()["metadata"] for answer in answers]
    assert len({metadata["request_id"] for metadata in told}) == len(answers)
    assert [metadata["cost_usd"] > 0 for metadata in told] == [True] + [False] * 7
    for answer in answers:
        data_of(answer) if answer.is_success else assert_refused(answer, 404, "NOT_FOUND")


@proves("infrai:metadata", side="server")
def test_a_request_id_tells_the_time(raw: RawClient) -> None:
    """The first 48 bits of a UUID of version 7 are the milliseconds since 1970, of the account's time."""
    raw.create()
    raw.advance(5000)
    told = raw.generate().json()["metadata"]["request_id"]
    now = raw.target.control.now(raw.name)
    assert int(told.replace("-", "")[:12], 16) / 1000 == pytest.approx(now, abs=60)


@proves("infrai:status.route", "infrai:job.states", "infrai:job.shape", side="server")
@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_job_is_queued_then_running_then_done(raw: RawClient, generation: str) -> None:
    """On the routes of either generation a job is queued, running, succeeded, in this order."""
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
def test_a_cancelled_job_stops_for_good(raw: RawClient, generation: str, seconds: float) -> None:
    """Cancelling answers data {ok: true}; the job is cancelled from then on, and its money is back."""
    job = raw.create()
    raw.advance(seconds)
    assert data_of(raw.cancel(job, generation)) == {"ok": True}
    assert raw.read(job)["state"] == raw.finish(job)["state"] == "cancelled"
    assert raw.money().available == raw.money().granted


@proves("infrai:cancel.final", side="server")
@pytest.mark.parametrize("generation", GENERATIONS)
def test_cancelling_what_is_over_changes_nothing(raw: RawClient, generation: str) -> None:
    """A finished job, and one that was cancelled, answers HTTP 200 and data {ok: false}, and stays as it is."""
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
def test_the_client_cancels_a_job(target: Target, reading: str) -> None:
    """`cancel()` stops a running job, leaves a finished one as it is, and knows afterwards which it was."""
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
def test_a_film_is_as_it_was_asked_for(raw: RawClient, resolution: str, aspect: str | None) -> None:
    """A film has the ratio and the length that were asked for, 16:9 and 5 seconds by default; so has its picture."""
    data = raw.finish(raw.create(resolution=resolution, aspect=aspect, **({"duration_seconds": 2} if aspect else {})))
    width, height = map(int, (aspect or "16:9").split(":"))
    with av.open(BytesIO(raw.get(data["video_url"])), "r") as film:
        picture = film.streams.video[0]
        assert film.duration is not None
        assert film.duration / 1_000_000 == pytest.approx(2 if aspect else 5, abs=0.05)
        assert picture.width / picture.height == pytest.approx(width / height, rel=0.05)
    with Image.open(BytesIO(raw.get(data["thumbnail_url"]))) as thumbnail:
        assert thumbnail.format == "PNG"
        assert thumbnail.width / thumbnail.height == pytest.approx(width / height, rel=0.05)


@proves("infrai:job.outputs", "infrai:generate.params", side="server")
@pytest.mark.parametrize("resolution", [None, *RESOLUTIONS])
def test_the_resolution_is_the_short_side(full_target: Target, resolution: str | None) -> None:
    """720p, which is the default, 1080p and 4k are 720, 1080 and 2160 pixels high at 16:9, to the pixel."""
    raw = RawClient(full_target)
    data = raw.finish(raw.create(resolution=resolution, duration_seconds=1))
    with av.open(BytesIO(raw.get(data["video_url"])), "r") as film:
        picture = film.streams.video[0]
        short = SIZES[resolution or "720p"]
        assert (picture.width, picture.height) == (short * 16 // 9, short)


@proves("infrai:job.outputs", side="server")
def test_an_address_needs_no_key_and_expires(raw: RawClient) -> None:
    """Results are fetched without the key, for 30 days; changed or late they answer HTTP 403."""
    data = raw.finish(raw.create(duration_seconds=1))
    http = raw.target.http()
    for address in (data["video_url"], data["thumbnail_url"]):
        assert http.get(address).status_code == 200
        assert http.get(address.replace("Signature=", "Signature=0")).status_code == 403
    raw.advance(31 * 24 * 3600)
    assert http.get(data["video_url"]).status_code == 403


@proves("infrai:routes.more", side="server")
def test_the_newer_routes_tell_more(raw: RawClient) -> None:
    """The route get shows what status shows, download_url where the film is, capabilities who makes what."""
    job = raw.create()
    assert_refused(raw.ask("GET", f"/v1/video/download_url/{job}"), 404, "NOT_FOUND", fact="routes.more")
    shown = raw.finish(job)
    assert data_of(raw.ask("GET", f"/v1/video/get/{job}")) == shown
    assert data_of(raw.ask("GET", f"/v1/video/download_url/{job}")) == {"url": shown["video_url"]}
    told = data_of(raw.ask("GET", "/v1/video/capabilities"))
    assert {each["vendor"]: tuple(each["resolutions"]) for each in told["vendors"]} == ABILITIES


@proves("infrai:job.outputs", "infrai:generate.route", "infrai:job.shape", side="client")
@pytest.mark.parametrize("reading", ["both", *GENERATIONS])
def test_the_client_saves_the_film(target: Target, tmp_path: Path, reading: str) -> None:
    """A client waits and leaves a playable film and its picture on disk, whichever generation it is answered by."""
    raw = RawClient(target)
    raw.speak(reading)
    job = target.client(CONTRACT, raw.account, clock=target.advancing_clock()).generate("A fox", duration_seconds=1)
    film, thumbnail = job.save(tmp_path)
    assert [output.kind for output in job.outputs] == ["video", "image"]
    with av.open(str(film), "r") as opened:
        assert opened.streams.video[0].codec_context.name == "h264"
    with Image.open(thumbnail) as picture:
        assert picture.format == "PNG"
