"""Contracts of GMI Cloud's requests, beside the shared laws: details of payloads, outcomes, images and lists."""

from __future__ import annotations

import json
from base64 import b64encode
from io import BytesIO
from typing import TYPE_CHECKING, Any

import av
import httpx
import pytest
from PIL import Image

from soundstage import GMICloud, InvalidArgument, JobState, errors
from soundstage_contracts import proves
from soundstage_contracts.laws.outputs import measure
from soundstage_contracts.transcripts.replay import Transcript, load_transcripts, replay_on_client, replay_on_simulator
from soundstage_contracts.vendors import gmicloud as vendor
from soundstage_contracts.vendors.gmicloud import CONTRACT, FACES, IMAGE_MODEL, SESSION, TEXT_MODEL, TWO_FACTOR
from soundstage_contracts.vendors.gmicloud.raw_client import (
    KEYED,
    QUEUE,
    RawClient,
    SessionRawClient,
    assert_refused,
    new_raw_client,
)

if TYPE_CHECKING:
    from pathlib import Path

    from soundstage_contracts.simulators.target import Target

ORDER = ("created", "queued", "dispatched", "processing", "success")
TWO_FACTOR_TRANSCRIPTS = [found for found in load_transcripts("gmicloud") if found.name.startswith("two_factor")]
both_faces = pytest.mark.parametrize("face", FACES)


@proves("gmicloud:credentials.env", "gmicloud:credentials.key", side="client")
def test_client_reads_credentials_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """E-mail and password are arguments or environment variables, which come before the key's variable."""
    for variable in ("GMI_CLOUD_EMAIL", "GMI_CLOUD_PASSWORD", "GMI_API_KEY", "GMI_CLOUD_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    sent: list[httpx.Request] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(401, json={"message": "no"})

    def first_request(*login: str) -> httpx.Request:
        http = httpx.Client(transport=httpx.MockTransport(refuse))
        with GMICloud(*login, http=http) as client, pytest.raises(errors.AuthenticationError):
            client.models()
        return sent[-1]

    monkeypatch.setenv("GMI_API_KEY", "a-key")
    request = first_request()
    assert (str(request.url), request.headers["authorization"]) == (f"{vendor.BASE_URL}{KEYED}/models", "Bearer a-key")
    monkeypatch.setenv("GMI_CLOUD_EMAIL", "fox@example.test")
    monkeypatch.setenv("GMI_CLOUD_PASSWORD", "secret")
    for login in ((), ("fox@example.test",), ("fox@example.test", "secret")):
        request = first_request(*login)
        assert str(request.url) == f"{vendor.BASE_URL}/me/auth-tokens"
        assert json.loads(request.content) == {"email": "fox@example.test", "password": "secret"}


@proves("gmicloud:requests.payload", side="server")
def test_payload_is_shown_as_it_was_sent(target: Target) -> None:
    """A payload may have members that its model does not declare; a poll shows it as it was sent."""
    raw = RawClient(target)
    payload = {"prompt": "A fox", "lens": "wide", "duration": "long", "video_length": 3}
    request = raw.submit(TEXT_MODEL, payload).json()["request_id"]
    assert raw.read(request)["payload"] == payload


def image_file(width: int, height: int, form: str = "PNG") -> bytes:
    """Return an image file."""
    file = BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, form)
    return file.getvalue()


@proves("gmicloud:inputs.image")
def test_local_image_is_sent_as_a_data_url(target: Target, tmp_path: Path) -> None:
    """A path or bytes become a data URL in the payload, and the video has the image's proportions."""
    (tmp_path / "fox.png").write_bytes(image_file(300, 600))
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    for image in (tmp_path / "fox.png", image_file(300, 600, "JPEG")):
        job = client.image_to_video("The fox looks up", image, duration=1)
        assert job.refresh().raw["payload"]["image"].startswith("data:image/")
        (saved,) = job.save(tmp_path)
        video = measure(saved.read_bytes())
        assert video.height / video.width == pytest.approx(2, rel=0.05)


@proves("gmicloud:inputs.limits", side="server")
@pytest.mark.parametrize("content", [b"no image", image_file(64, 64, "GIF"), b"<html></html>"])
def test_file_that_is_no_image_is_refused(target: Target, content: bytes) -> None:
    """An uploaded file or a data URL that is no JPEG, PNG or WebP is HTTP 400, and costs nothing."""
    raw = RawClient(target)
    uploaded = target.control.upload("fox.png", content)["url"]
    for image in (uploaded, f"data:image/png;base64,{b64encode(content).decode()}"):
        assert "image" in assert_refused(raw.submit(IMAGE_MODEL, {"prompt": "A fox", "image": image}), 400)
    assert raw.untouched()


@proves("gmicloud:requests.detail", "gmicloud:status.values", "gmicloud:outcome.other", side="server")
@proves("gmicloud:times.seconds", "gmicloud:times.updated", side="server")
@both_faces
def test_request_goes_through_every_documented_state(target: Target, face: str) -> None:
    """A request is created, queued, dispatched, processing and success, in this order, with its times in seconds."""
    raw = new_raw_client(target, face)
    request = raw.create(seed=7)
    seen = [raw.read(request)]
    while seen[-1]["status"] != "success":
        assert len(seen) < 1000
        raw.advance(0.25)
        seen.append(raw.read(request))
    assert list(dict.fromkeys(body["status"] for body in seen)) == list(ORDER if face == "session" else ORDER[1:])
    for body in seen:
        assert (body["request_id"], body["model"]) == (request, TEXT_MODEL)
        assert body["payload"] == {"prompt": "A fox", "seed": 7}
        assert body["is_public"] is False
        assert (type(body["org_id"]), type(body["qworker_id"])) == (str, str)
        assert (body["qworker_id"] == "") is (body["status"] in {"created", "queued"}), (
            "no worker has a waiting request"
        )
        assert all(isinstance(body[name], int) for name in ("created_at", "queued_at", "updated_at"))
        assert body["created_at"] <= body["queued_at"] <= body["updated_at"]
        assert abs(body["created_at"] - target.control.now(raw.name)) < 3600
    changes = dict.fromkeys((body["status"], body["updated_at"]) for body in seen)
    # The API-key face shows a created request as queued, so that one change of status is not seen there.
    unseen = 0 if face == "session" else 1
    assert len(changes) <= len({word for word, _ in changes}) + unseen, "updated_at moves without a change of status"
    times = [time for _, time in changes]
    assert (times[0], times) == (seen[0]["created_at"], sorted(times))
    assert times[-1] > times[0]


@proves("gmicloud:times.generation", side="server")
def test_request_is_created_for_at_most_a_second(target: Target) -> None:
    """A second after its creation a request is queued."""
    raw = SessionRawClient(target)
    request = raw.create()
    raw.advance(1)
    assert raw.read(request)["status"] == "queued"


@proves("gmicloud:outcome.shape", side="server")
@pytest.mark.parametrize(
    ("reading", "members"),
    [
        ("both", {"video_url", "thumbnail_image_url", "media_urls"}),
        ("old", {"video_url", "thumbnail_image_url"}),
        ("new", {"media_urls"}),
    ],
)
def test_outcome_has_the_shape_of_the_dialect(target: Target, reading: str, members: set[str]) -> None:
    """An outcome has the older shape, the newer one, or both, which then name the same video."""
    raw = RawClient(target)
    request = raw.create()
    target.control.dialects(raw.name, gmicloud__outcome=reading)
    outcome = raw.finish(request)["outcome"]
    assert set(outcome) == members
    videos = {outcome.get("video_url")} | {item["url"] for item in outcome.get("media_urls", [])}
    assert len(videos - {None}) == 1
    assert [item["id"] for item in outcome.get("media_urls", [])] == ["0"] * ("media_urls" in outcome)


@proves("gmicloud:outcome.file", side="server")
@pytest.mark.parametrize(("model", "name"), [(TEXT_MODEL, "video_length"), (IMAGE_MODEL, "duration")])
@pytest.mark.parametrize("seconds", [None, 1, 3])
def test_video_has_the_requested_length(target: Target, model: str, name: str, seconds: int | None) -> None:
    """The video has the requested length, 5 seconds by default; it and its PNG thumbnail need no credential."""
    raw = RawClient(target)
    extra: dict[str, Any] = {} if seconds is None else {name: seconds}
    if model == IMAGE_MODEL:
        extra["image"] = "https://example.test/fox.png"
    outcome = raw.finish(raw.create(model=model, **extra))["outcome"]
    with av.open(BytesIO(raw.fetch(outcome["video_url"]).content), "r") as video:
        assert video.duration is not None
        assert video.duration / 1_000_000 == pytest.approx(seconds or 5, abs=0.05)
        assert video.streams.video[0].codec_context.name == "h264"
    assert Image.open(BytesIO(raw.fetch(outcome["thumbnail_image_url"]).content)).format == "PNG"


@proves("gmicloud:requests.list")
def test_list_has_the_organizations_requests_of_one_model(target: Target) -> None:
    """A list has the organization's own requests of one model; the client returns a record of each."""
    mine, other = SessionRawClient(target), SessionRawClient(target)
    requests = [mine.create(), mine.create("A hare")]
    mine.create(model=IMAGE_MODEL, image="https://example.test/fox.png")
    other.create("A crow")
    mine.advance(600)
    body = mine.get(f"{QUEUE}/requests?model_id={TEXT_MODEL}")
    assert body["total"] == len(body["requests"]) == 2
    assert body["requests"] == [mine.read(name) for name in requests]
    client = target.client(SESSION, mine.account)
    records = client.requests(TEXT_MODEL)
    assert [(record.id, record.model, record.state) for record in records] == [
        (name, TEXT_MODEL, JobState.SUCCEEDED) for name in requests
    ]
    assert client.job(records[0].id).refresh().outputs[0].url == records[0].media[0].url
    assert client.requests("nothing") == []


@proves("gmicloud:client.validation", side="client")
@pytest.mark.parametrize(
    ("method", "arguments", "field"),
    [
        ("create_request", {"model": "", "payload": {"prompt": "x"}}, "model"),
        ("create_request", {"model": "  ", "payload": {"prompt": "x"}}, "model"),
        ("create_request", {"model": TEXT_MODEL, "payload": {}}, "payload"),
        ("create_request", {"model": TEXT_MODEL, "payload": None}, "payload"),
        ("create_request", {"model": TEXT_MODEL, "payload": {"prompt": object()}}, "payload"),
        ("create_request", {"model": TEXT_MODEL, "payload": {"cfg_scale": float("nan")}}, "payload"),
        ("text_to_video", {"prompt": "x", "model": ""}, "model"),
        ("model", {"model_id": ""}, "model_id"),
        ("requests", {"model_id": " "}, "model_id"),
        ("job", {"id": ""}, "id"),
    ],
)
def test_client_refuses_empty_model_payload_or_id_before_sending(
    target: Target, method: str, arguments: dict[str, Any], field: str
) -> None:
    """An empty model, payload or id is an InvalidArgument, which is a ValueError, and nothing is sent."""
    sent: list[httpx.Request] = []
    client = target.client(SESSION, target.new_account(), http=target.http(event_hooks={"request": [sent.append]}))
    with pytest.raises(InvalidArgument) as refused:
        getattr(client, method)(**arguments)
    assert isinstance(refused.value, ValueError)
    assert refused.value.field == field
    assert sent == []


@pytest.mark.parametrize("transcript", TWO_FACTOR_TRANSCRIPTS, ids=lambda transcript: transcript.name)
def test_two_factor_login_goes_as_documented(target: Target, transcript: Transcript) -> None:
    """A login with a second factor goes as the documents show it, on both sides."""
    replay_on_simulator(transcript, target, TWO_FACTOR)
    replay_on_client(transcript, TWO_FACTOR, vendor.BASE_URL)
