"""GMI Cloud's contracts: what requests promise on both faces, and what the client makes of them."""

from __future__ import annotations

import json
from base64 import b64encode
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from uuid import UUID

import anyio
import av
import httpx
import pytest
from hypothesis import given
from PIL import Image

from soundstage import GMICloud, InvalidArgument, JobState, errors
from soundstage_contracts import proves
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.transcripts.replay import Transcript, load_transcripts, replay_on_client, replay_on_simulator
from soundstage_contracts.vendors import gmicloud as vendor
from soundstage_contracts.vendors.gmicloud import CONTRACT, FACES, IMAGE_MODEL, TEXT_MODEL
from soundstage_contracts.vendors.gmicloud.raw_client import KEYED, QUEUE, RawClient, assert_refused

if TYPE_CHECKING:
    from soundstage_contracts.simulators.target import Target

TRANSCRIPTS = list(load_transcripts("gmicloud"))
HOST = "console.gmicloud.ai"
ORDER = ("created", "queued", "dispatched", "processing", "success")
both_faces = pytest.mark.parametrize("face", FACES)


def wire_of(target: Target, face: str) -> RawClient:
    """Speak as a new account on *face*."""
    return RawClient(target) if face == "key" else RawClient.logged_in(target)


def client_of(target: Target, face: str, **options: Any) -> Any:
    """Return a client of a new account on *face*."""
    return target.client(FACES[face], target.new_account(), **options)


def listening(target: Target, sent: list[httpx.Request]) -> Any:
    """Return an HTTP client that notes what is sent."""
    return target.http(event_hooks={"request": [sent.append]})


@proves("gmicloud:credentials.env", "gmicloud:credentials.key", side="client")
def test_the_client_finds_its_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """E-mail and password come from arguments or their variables, and a key from its own; the host is documented."""
    for variable in ("GMI_CLOUD_EMAIL", "GMI_CLOUD_PASSWORD", "GMI_API_KEY", "GMI_CLOUD_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    sent: list[httpx.Request] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(401, json={"message": "no"})

    def ask(*login: str) -> httpx.Request:
        http = httpx.Client(transport=httpx.MockTransport(refuse))
        with GMICloud(*login, http=http) as client, pytest.raises(errors.AuthenticationError):
            client.models()
        return sent[-1]

    monkeypatch.setenv("GMI_API_KEY", "a-key")
    request = ask()
    assert (str(request.url), request.headers["authorization"]) == (f"{vendor.BASE_URL}{KEYED}/models", "Bearer a-key")
    monkeypatch.setenv("GMI_CLOUD_EMAIL", "fox@example.test")
    monkeypatch.setenv("GMI_CLOUD_PASSWORD", "secret")
    for login in ((), ("fox@example.test",), ("fox@example.test", "secret")):
        request = ask(*login)
        assert str(request.url) == f"{vendor.BASE_URL}/me/auth-tokens"
        assert json.loads(request.content) == {"email": "fox@example.test", "password": "secret"}


@proves("gmicloud:requests.create", "gmicloud:accepted.status", "gmicloud:requests.payload", side="server")
@both_faces
@given(request=vendor.requests())
def test_every_valid_request_is_accepted(target: Target, face: str, request: tuple[str, dict[str, Any]]) -> None:
    """A model and a payload of its own make a request: HTTP 200, a UUID, a status, and times in seconds."""
    answer = wire_of(target, face).submit(*request)
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"request_id", "model", "status", "created_at", "queued_at", "updated_at"}
    assert str(UUID(body["request_id"])) == body["request_id"]
    assert body["model"] == request[0]
    assert body["status"] in ORDER[:3]


@proves("gmicloud:requests.payload", "gmicloud:requests.ranges", "gmicloud:errors.unknown", side="server")
@given(case=vendor.broken_requests())
def test_every_broken_payload_is_refused_and_costs_nothing(
    target: Target, case: tuple[str, str, dict[str, Any]]
) -> None:
    """A parameter that is missing or outside what its model declares is HTTP 400 by name, and nothing is charged."""
    model, name, payload = case
    raw = RawClient(target)
    said = assert_refused(raw.submit(model, payload), 400)
    assert name in said
    assert target.control.tasks(raw.name) == []
    assert target.control.money("gmicloud", raw.name).entries == ()


@proves("gmicloud:requests.payload", side="server")
def test_what_a_model_does_not_declare_is_ignored(target: Target) -> None:
    """A payload may hold more than its model declares; it is shown again as it was sent."""
    raw = RawClient(target)
    payload = {"prompt": "A fox", "lens": "wide", "duration": "long", "video_length": 3}
    request = raw.submit(TEXT_MODEL, payload).json()["request_id"]
    assert raw.read(request)["payload"] == payload


@proves("gmicloud:requests.payload", "gmicloud:requests.create", "gmicloud:models.known", side="client")
@given(arguments=CONTRACT.operations["text_to_video"])
def test_what_the_client_is_told_of_a_film_is_what_the_service_hears(target: Target, arguments: dict[str, Any]) -> None:
    """Every argument arrives in the payload under its own name, and what is left out is left to the model."""
    sent: list[httpx.Request] = []
    client_of(target, "key", http=listening(target, sent)).text_to_video(**arguments)
    payload = {name: value for name, value in arguments.items() if name != "model"}
    assert json.loads(sent[0].content) == {"model": arguments.get("model", TEXT_MODEL), "payload": payload}
    assert sent[0].url.path.endswith(f"{KEYED}/requests")


@proves("gmicloud:requests.payload", "gmicloud:inputs.image", "gmicloud:models.known", side="client")
@given(arguments=CONTRACT.operations["image_to_video"])
def test_what_the_client_is_told_of_an_image_is_what_the_service_hears(
    target: Target, arguments: dict[str, Any]
) -> None:
    """An image goes as its address, a data address among them, beside the other parameters."""
    sent: list[httpx.Request] = []
    client_of(target, "key", http=listening(target, sent)).image_to_video(**arguments)
    payload = {name: value for name, value in arguments.items() if name != "model"}
    assert json.loads(sent[0].content) == {"model": arguments.get("model", IMAGE_MODEL), "payload": payload}


def picture(width: int, height: int, form: str = "PNG") -> bytes:
    """Return an image file."""
    file = BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, form)
    return file.getvalue()


@proves("gmicloud:inputs.image")
def test_an_image_of_our_own_travels_in_the_payload(target: Target, tmp_path: Any) -> None:
    """A path or bytes become a data address, and the film has the shape of the image."""
    (tmp_path / "fox.png").write_bytes(picture(300, 600))
    client = client_of(target, "key", clock=target.advancing_clock())
    for image in (tmp_path / "fox.png", picture(300, 600, "JPEG")):
        job = client.image_to_video("The fox looks up", image, duration=1)
        assert job.refresh().raw["payload"]["image"].startswith("data:image/")
        (saved,) = job.save(tmp_path)
        with av.open(str(saved), "r") as film:
            sides = film.streams.video[0]
            assert sides.height / sides.width == pytest.approx(2, rel=0.05)


@proves("gmicloud:inputs.limits", side="server")
@pytest.mark.parametrize("content", [b"no image", picture(64, 64, "GIF"), b"<html></html>"])
def test_a_file_that_is_no_image_is_refused(target: Target, content: bytes) -> None:
    """What is held or sent and is no JPEG, PNG or WebP is HTTP 400, and costs nothing."""
    raw = RawClient(target)
    held = target.control.upload("fox.png", content)["url"]
    for image in (held, f"data:image/png;base64,{b64encode(content).decode()}"):
        assert "image" in assert_refused(raw.submit(IMAGE_MODEL, {"prompt": "A fox", "image": image}), 400)
    assert target.control.tasks(raw.name) == []


@proves("gmicloud:requests.detail", "gmicloud:status.values", "gmicloud:outcome.other", "gmicloud:times.seconds")
@both_faces
def test_a_request_goes_through_its_states(target: Target, face: str) -> None:
    """It is created, queued, dispatched, processed and done, in this order; an outcome comes with the end alone."""
    raw = wire_of(target, face)
    request = raw.create(seed=7)
    seen = [raw.read(request)]
    for _ in range(1000):
        raw.advance(0.25)
        seen.append(raw.read(request))
        if seen[-1]["status"] == "success":
            break
    words = list(dict.fromkeys(body["status"] for body in seen))
    assert words == list(ORDER if face == "session" else ORDER[1:])
    for body in seen:
        assert (body["request_id"], body["model"], body["payload"]) == (
            request,
            TEXT_MODEL,
            {"prompt": "A fox", "seed": 7},
        )
        assert (body["outcome"] is None) == (body["status"] != "success")
        assert body["is_public"] is False
        assert isinstance(body["org_id"], str)
        assert isinstance(body["qworker_id"], str)
        assert all(isinstance(body[name], int) for name in ("created_at", "queued_at", "updated_at"))
        assert body["created_at"] <= body["queued_at"] <= body["updated_at"]
        assert abs(body["created_at"] - target.control.now(raw.name)) < 3600


@proves("gmicloud:apikey.created", side="server")
def test_a_new_request_is_queued_to_the_key_face(target: Target) -> None:
    """The answer to a creation with a key says queued or dispatched."""
    answer = RawClient(target).submit(TEXT_MODEL, {"prompt": "A fox"}).json()
    assert answer["status"] in ("queued", "dispatched")


@proves("gmicloud:times.generation", side="server")
@given(request=vendor.requests())
def test_a_request_takes_as_long_as_documented(target: Target, request: tuple[str, dict[str, Any]]) -> None:
    """It is created for at most a second, not done within 40 seconds, and done after 240."""
    raw = RawClient.logged_in(target)
    name = raw.submit(*request).json()["request_id"]
    raw.advance(1)
    assert raw.read(name)["status"] == "queued"
    raw.advance(38.5)
    assert raw.read(name)["status"] in ORDER[1:4]
    raw.advance(201)
    assert raw.read(name)["status"] == "success"


@proves("gmicloud:outcome.shape", side="server")
@pytest.mark.parametrize(
    ("reading", "members"),
    [
        ("both", {"video_url", "thumbnail_image_url", "media_urls"}),
        ("old", {"video_url", "thumbnail_image_url"}),
        ("new", {"media_urls"}),
    ],
)
def test_an_outcome_has_the_shape_of_the_reading(target: Target, reading: str, members: set[str]) -> None:
    """The older shape, the newer one, or both at once; either names the same film."""
    raw = RawClient(target)
    request = raw.create()
    target.control.dialects(raw.name, gmicloud__outcome=reading)
    outcome = raw.finish(request)["outcome"]
    assert set(outcome) == members
    films = {outcome.get("video_url")} | {item["url"] for item in outcome.get("media_urls", [])}
    assert len(films - {None}) == 1
    assert [item["id"] for item in outcome.get("media_urls", [])] == ["0"] * ("media_urls" in outcome)


@proves("gmicloud:outcome.shape", side="client")
@pytest.mark.parametrize("reading", ["both", "old", "new"])
def test_the_client_reads_every_shape_of_an_outcome(target: Target, reading: str, tmp_path: Any) -> None:
    """Whatever the shape, the job has one output, the film, and saves it."""
    account = target.new_account()
    client = target.client(CONTRACT, account, clock=target.advancing_clock())
    job = client.text_to_video("A fox", video_length=1)
    target.control.dialects(account_name("gmicloud", account), gmicloud__outcome=reading)
    assert [output.kind for output in job.wait().outputs] == ["video"]
    (saved,) = job.save(tmp_path)
    with av.open(str(saved), "r") as film:
        assert film.streams.video[0].codec_context.name == "h264"


@proves("gmicloud:outcome.file", side="server")
@pytest.mark.parametrize(("model", "name"), [(TEXT_MODEL, "video_length"), (IMAGE_MODEL, "duration")])
@pytest.mark.parametrize("seconds", [None, 1, 3])
def test_a_film_is_as_long_as_was_asked_for(target: Target, model: str, name: str, seconds: int | None) -> None:
    """The film lasts what the payload says, 5 seconds by default, and is there for anybody, as is a PNG of it."""
    raw = RawClient(target)
    extra: dict[str, Any] = {} if seconds is None else {name: seconds}
    if model == IMAGE_MODEL:
        extra["image"] = "https://example.test/fox.png"
    outcome = raw.finish(raw.create(model=model, **extra))["outcome"]
    with av.open(BytesIO(raw.http.get(outcome["video_url"]).content), "r") as film:
        assert film.duration is not None
        assert film.duration / 1_000_000 == pytest.approx(seconds or 5, abs=0.05)
    assert Image.open(BytesIO(raw.http.get(outcome["thumbnail_image_url"]).content)).format == "PNG"


@proves("gmicloud:requests.detail", "gmicloud:status.values", "gmicloud:apikey.face", "gmicloud:headers", side="client")
@both_faces
def test_the_client_saves_the_film(target: Target, face: str, tmp_path: Any) -> None:
    """A client waits, sees the states in order, and leaves a playable film on disk."""
    sent: list[httpx.Request] = []
    client = client_of(target, face, clock=target.advancing_clock(), http=listening(target, sent))
    job = client.text_to_video("A fox", video_length=2)
    states = [job.state, *(snapshot.state for snapshot in job.updates())]
    assert list(dict.fromkeys(states)) == [JobState.QUEUED, JobState.RUNNING, JobState.SUCCEEDED]
    (saved,) = job.save(tmp_path)
    with av.open(str(saved), "r") as film:
        assert film.streams.video[0].codec_context.name == "h264"
    asked = [request for request in sent if "/requests" in request.url.path]
    root = QUEUE if face == "session" else KEYED
    assert {request.url.path.partition("/api/v1")[2].rpartition("/")[0] for request in asked[1:]} == {
        f"{root}/requests"
    }
    assert all(request.headers["authorization"].startswith("Bearer ") for request in asked)
    assert {request.headers.get("ce-clientid") for request in asked} == {"gmisdk" if face == "session" else None}


@both_faces
def test_the_awaiting_client_saves_the_film(target: Target, face: str, tmp_path: Any) -> None:
    """The awaiting client does the same."""

    async def make() -> tuple[Any, list[Any]]:
        async with target.async_http() as http:
            account, clock = target.new_account(), target.advancing_clock()
            client = target.async_client(FACES[face], account, clock=clock, http=http)
            job = await (await client.image_to_video("A fox", vendor.DOT, duration=1))
            return job, await job.save(tmp_path)

    job, (saved,) = anyio.run(make)
    assert job.state is JobState.SUCCEEDED
    with av.open(str(saved), "r") as film:
        assert film.streams.video[0].codec_context.name == "h264"


@proves("gmicloud:requests.list")
def test_a_list_has_the_callers_requests_of_one_model(target: Target) -> None:
    """Only the model's, and only the organization's own; the client makes a record of each, and none of nothing."""
    mine, yours = RawClient.logged_in(target), RawClient.logged_in(target)
    made = [mine.create(), mine.create("A hare")]
    mine.create(model=IMAGE_MODEL, image="https://example.test/fox.png")
    yours.create("A crow")
    mine.advance(600)
    body = mine.get(f"{QUEUE}/requests?model_id={TEXT_MODEL}")
    assert body["total"] == len(body["requests"]) == 2
    assert body["requests"] == [mine.read(name) for name in made]
    client = target.client(vendor.SESSION, mine.account)
    records = client.requests(TEXT_MODEL)
    assert [(record.id, record.model, record.state) for record in records] == [
        (name, TEXT_MODEL, JobState.SUCCEEDED) for name in made
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
        ("text_to_video", {"prompt": ""}, "prompt"),
        ("text_to_video", {"prompt": "x", "model": ""}, "model"),
        ("text_to_video", {"prompt": "x", "cfg_scale": 20.5}, "cfg_scale"),
        ("text_to_video", {"prompt": "x", "video_length": 0}, "video_length"),
        ("image_to_video", {"prompt": "x", "image": ""}, "image"),
        ("image_to_video", {"prompt": "", "image": vendor.DOT}, "prompt"),
        ("image_to_video", {"prompt": "x", "image": vendor.DOT, "cfg_scale": 1.5}, "cfg_scale"),
        ("model", {"model_id": ""}, "model_id"),
        ("requests", {"model_id": " "}, "model_id"),
        ("estimate", {"model": "", "payload": {"prompt": "x"}}, "model"),
        ("job", {"id": ""}, "id"),
    ],
)
def test_what_is_missing_is_refused_before_anything_is_sent(
    target: Target, method: str, arguments: dict[str, Any], field: str
) -> None:
    """An empty model, payload or id is an InvalidArgument, which is a ValueError, before any call."""
    sent: list[httpx.Request] = []
    client = client_of(target, "session", http=listening(target, sent))
    with pytest.raises(InvalidArgument) as refused:
        getattr(client, method)(**arguments)
    assert isinstance(refused.value, ValueError)
    assert refused.value.field == field
    assert sent == []


def test_the_vendors_own_host_reaches_the_simulator(target: Target) -> None:
    """Who keeps the vendor's host reaches it without a slug in the path."""
    headers = {**vendor.CONTRACT.headers(target.new_account()), "Host": HOST}
    answer = target.http().get(f"{target.url}/api/v1{KEYED}/models", headers=headers)
    assert TEXT_MODEL in answer.json()["model_ids"]


@proves("gmicloud:requests.create", side="client")
@pytest.mark.parametrize("name", ["ec6f/1f1b", "a b", "ü", "?x=1", "%2f"])
def test_the_client_asks_for_an_id_as_it_is(target: Target, name: str) -> None:
    """Whatever the service calls a request, the client asks for that, and for nothing else."""
    sent: list[httpx.Request] = []
    with pytest.raises(errors.NotFoundError):
        client_of(target, "key", http=listening(target, sent)).job(name).refresh()
    assert unquote(sent[0].url.raw_path.decode()).endswith(f"{KEYED}/requests/{name}")
    assert not sent[0].url.query


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda transcript: transcript.name)
def test_the_service_answers_as_documented(target: Target, transcript: Transcript) -> None:
    """Every documented request gets an answer of the documented shape."""
    replay_on_simulator(transcript, target, vendor.contract_of_transcript(transcript))


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda transcript: transcript.name)
def test_the_client_speaks_as_documented(transcript: Transcript) -> None:
    """The client sends the documented requests, and reads the documented answers to their end."""
    replay_on_client(transcript, vendor.contract_of_transcript(transcript), vendor.BASE_URL)
