"""Contracts about Tomoviee's capabilities other than text to video, the token route, and chains of jobs."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

import av
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from soundstage import Tomoviee, errors
from soundstage.vendors.tomoviee import BASE_URL_ALIAS, Voice
from soundstage_contracts import load_facts, proves
from soundstage_contracts.laws.outputs import made
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.vendors.tomoviee import CONTRACT
from soundstage_contracts.vendors.tomoviee.access import SECRET, headers
from soundstage_contracts.vendors.tomoviee.capabilities import (
    CAPABILITIES,
    Capability,
    arguments,
    bodies,
)
from soundstage_contracts.vendors.tomoviee.raw_client import CREATE, TOKEN, RawClient, assert_refused
from soundstage_contracts.vendors.tomoviee.readings import MISSING, READINGS, REFUSED

if TYPE_CHECKING:
    from pathlib import Path

    from soundstage_contracts.laws.declarations import Operation
    from soundstage_contracts.simulators.target import Target

PARAMETERS = [f"tomoviee:{capability.fact}" for capability in CAPABILITIES]
EACH = pytest.mark.parametrize("capability", CAPABILITIES, ids=lambda capability: capability.method)
RATES = (44_100, 48_000)
FEW = settings(max_examples=8)


@proves("tomoviee:img2img.params", side="server")
def test_subject_control_requires_an_initial_image(target: Target) -> None:
    """init_image is required with control_type 2, and with no other."""
    body = {
        "prompt": "a fox", "reference_image": "https://example.test/a.png", "width": 512, "height": 512,
        "batch_size": 1, "control_intensity": 0.5,
    }  # fmt: skip
    name = CREATE + "tm_reference_img2img"
    assert "init_image" in assert_refused(RawClient(target).post(name, {**body, "control_type": "2"}), 680400)
    assert RawClient(target).post(name, {**body, "control_type": "0"}).json()["code"] == 0


OTHER = [f"tomoviee:{name}.params" for name in ("img2img", "redrawing", "text2music", "text2sfx", "video_scoring")]


def _reader(target: Target, reading: str) -> RawClient:
    """Return a raw client for an account with another reading of the parameters."""
    raw = RawClient(target)
    raw.finish(raw.create())
    target.control.dialects(raw.name, tomoviee__parameters=reading)
    return raw


@proves("tomoviee:img2mask.params", "tomoviee:task.extra_fields", *OTHER, side="server")
@pytest.mark.parametrize(("reading", "operation"), READINGS, ids=str)
def test_other_documents_are_other_readings(full_target: Target, reading: str, operation: Operation) -> None:
    """In the reading of another document its required members alone make what they make with its defaults."""
    raw = _reader(full_target, reading)
    alone = made(raw, operation, operation.required)
    assert alone == made(raw, operation, {**operation.required, **operation.defaults})
    files, _ = alone
    seconds = {**operation.required, **operation.defaults}.get("duration")
    assert {file.seconds for file in files if file.kind == "audio"} == (set() if seconds is None else {seconds})
    progress = "process" if reading == "site" else "progress"
    assert raw.read(raw.jobs()[0])[progress] == 100


@proves("tomoviee:img2mask.params", *OTHER, side="server")
@pytest.mark.parametrize(("reading", "operation", "name"), MISSING, ids=str)
def test_other_documents_require_their_members(target: Target, reading: str, operation: Operation, name: str) -> None:
    """In the reading of another document each of its required members is required."""
    body = {member: value for member, value in operation.required.items() if member != name}
    assert name in assert_refused(_reader(target, reading).post(CREATE + operation.route, body), 680400)


@proves(*OTHER, side="server")
@pytest.mark.parametrize(("reading", "capability", "body"), REFUSED)
def test_a_reading_refuses_what_only_another_document_has(
    target: Target, reading: str, capability: str, body: dict[str, Any]
) -> None:
    """One reading is one document: the members and values of another one are refused."""
    assert_refused(_reader(target, reading).post(CREATE + capability, body), 680400)


@proves("tomoviee:img2img.params", "tomoviee:redrawing.params", side="server")
@pytest.mark.parametrize("resolution", ["512*512", "768*768", "1024*1024"])
@pytest.mark.parametrize("ratio", ["1:1", "16:9", "9:16", "4:3", "3:4"])
def test_general_pages_take_their_sizes(target: Target, resolution: str, ratio: str) -> None:
    """In the reading of the general pages, each resolution is accepted with each ratio, which the image has."""
    raw = _reader(target, "pages")
    body = {"prompt": "a fox", "image": "https://example.test/a.png", "resolution": resolution, "aspect_ratio": ratio}
    (address,) = json.loads(raw.finish(raw.start("tm_reference_img2img", body))["result"])["images_path"]
    width, height = map(int, ratio.split(":"))
    with Image.open(BytesIO(raw.get(address))) as image:
        assert image.width / image.height == pytest.approx(width / height, rel=0.05)


@proves("tomoviee:img2video.params", "tomoviee:tail2video.params", side="server")
@pytest.mark.parametrize(("name", "size"), [("tm_img2video_b", (320, 640)), ("tm_tail2video_b", (900, 300))])
def test_original_is_the_ratio_of_the_first_image(target: Target, name: str, size: tuple[int, int]) -> None:
    """With the aspect ratio original, a video has the ratio of its first image."""
    file = BytesIO()
    Image.new("RGB", size, "teal").save(file, "PNG")
    images = {"image": target.control.upload("fox.png", file.getvalue())["url"]}
    if name == "tm_tail2video_b":
        images["image_tail"] = "https://example.test/a.png"
    raw = RawClient(target)
    result = raw.finish(raw.start(name, {"prompt": "a fox", "aspect_ratio": "original", **images}))["result"]
    with av.open(BytesIO(raw.get(json.loads(result)["video_path"][0])), "r") as video:
        stream = video.streams.video[0]
        assert stream.width / stream.height == pytest.approx(size[0] / size[1], rel=0.1)


@proves("tomoviee:img2mask.params", side="server")
def test_masks_of_one_image_differ(target: Target) -> None:
    """Several masks of one image are different files, and each is the same whenever it is fetched."""
    raw = RawClient(target)
    for _ in range(20):
        task = raw.start("tm_reference_img2mask", {"image": "https://example.test/a.png"})
        addresses = json.loads(raw.finish(task)["result"])["mask_path"]
        if len(addresses) > 1:
            break
    files = [raw.get(address) for address in addresses]
    assert len(set(files)) == len(files) > 1
    assert [raw.get(address) for address in addresses] == files


@proves("tomoviee:continuation.params", "tomoviee:video_scoring.params", side="server")
def test_other_video_formats_and_lengths_are_refused(full_target: Target) -> None:
    """A video that is no MP4 cannot be continued; the site scores none of over 95 seconds or 120 MB."""
    raw = _reader(full_target, "site")
    body = {"prompt": "a fox", "video": _upload(full_target, "mov", 5, 720)}
    assert_refused(raw.post(CREATE + "tm_video_continuation_b", body), 680422)
    raw.start("tm_video_continuation_b", {**body, "video": _upload(full_target, "mp4", 5, 720)})
    for seconds, code in ((95, 0), (96, 680422)):
        body = {"prompt": "a fox", "file_link": _upload(full_target, "mp4", seconds, 32)}
        assert raw.post(CREATE + "tm_video_scoring", body).json()["code"] == code
    for size, code in ((120_000_000, 0), (120_000_001, 680413)):
        body = {"prompt": "a fox", "file_link": _upload(full_target, "mp4", 5, 32, size)}
        assert raw.post(CREATE + "tm_video_scoring", body).json()["code"] == code


def _upload(target: Target, form: str, seconds: int, side: int, size: int = 0) -> str:
    """Upload a square video with one frame a second, of at least *size* bytes, and return its address."""
    file = BytesIO()
    with av.open(file, "w", format=form) as video:
        stream = video.add_stream("mpeg4", rate=1)
        stream.width = stream.height = side
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame(side, side, "yuv420p")
        for number in range(seconds):
            frame.pts = number
            video.mux(stream.encode(frame))
        video.mux(stream.encode())
    return str(target.control.upload(f"fox.{form}", file.getvalue().ljust(size, b"\0"))["url"])


@proves("tomoviee:text2speech.params", side="client")
def test_voices_are_the_documented_ones(target: Target) -> None:
    """The client names each documented voice, and sends it as the documents write it."""
    documented = load_facts()["tomoviee:text2speech.params"].statement.partition("Voices named: ")[2]
    names = documented.partition(" (")[0].split(", ")
    assert sorted(Voice) == sorted(names)
    sent: list[httpx.Request] = []
    client = target.client(CONTRACT, target.new_account(), http=target.http(event_hooks={"request": [sent.append]}))
    client.text_to_speech("A fox.", Voice.EN_GB_SONIA)
    assert json.loads(sent[0].content)["voice_id"] == "en-GB-SoniaNeural"


@proves("tomoviee:gateway.hosts", side="client")
def test_other_host_is_the_documented_alias(target: Target) -> None:
    """The client's name of the other host is the documented alias, and takes the place of the base address."""
    assert f"{BASE_URL_ALIAS.removeprefix('https://')} is a compatible alias" in (
        load_facts()["tomoviee:gateway.hosts"].statement
    )
    sent: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(str(request.url.host))
        return httpx.Response(200, json={"code": 0, "msg": "", "data": {"task_id": "a"}})

    with httpx.Client(transport=httpx.MockTransport(respond)) as http:
        Tomoviee(target.new_account(), SECRET, base_url=BASE_URL_ALIAS, http=http).text_to_video("a fox")
    assert sent == ["open-api.wondershare.cc"]


@proves("tomoviee:rate", side="server")
def test_request_above_the_rate_is_refused_with_its_code(target: Target) -> None:
    """An account with a limit of requests a minute is refused with 680429 above it, without Retry-After."""
    raw = RawClient(target)
    raw.create()
    assert target.http().put(f"{target.url}/_soundstage/limits/{raw.name}", json={"per_minute": 1}).is_success
    raw.create()
    refused = raw.post(CREATE + "tm_text2video_b", {"prompt": "a fox"})
    assert_refused(refused, 680429)
    assert refused.headers["x-soundstage-fact"] == "tomoviee:rate"
    assert "retry-after" not in refused.headers


BOUNDS = [
    ("image_to_image", "width", 512, 2048),
    ("image_to_image", "height", 512, 2048),
    ("image_to_image", "batch_size", 1, 4),
    ("image_to_image", "control_intensity", 0.0, 1.0),
    ("text_to_music", "duration", 0, 95),
    ("text_to_music", "qty", 1, 4),
    ("text_to_sound_effect", "duration", 5, 180),
    ("text_to_sound_effect", "qty", 1, 4),
    ("video_soundtrack", "duration", 5, 900),
]
"""Every number with documented bounds: method, parameter, the least and the most."""
NUMBERS = [f"tomoviee:{name}.params" for name in ("img2img", "text2music", "text2sfx", "video_scoring")]
BOUND = pytest.mark.parametrize(("method", "name", "least", "most"), BOUNDS)


def _numbers_around(least: float, most: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the numbers at both bounds, and those next to them that are beyond."""
    step = 1 if isinstance(least, int) else 0.01
    return (least, most), (least - step, most + step)


@proves(*NUMBERS, side="server")
@BOUND
def test_numbers_beyond_a_bound_are_refused(target: Target, method: str, name: str, least: float, most: float) -> None:
    """The least and the most documented number are accepted, and the next one beyond is refused by name."""
    (capability,) = (one for one in CAPABILITIES if one.method == method)
    raw, body = RawClient(target), _example(capability)
    within, beyond = _numbers_around(least, most)
    for number in within:
        raw.start(capability.name, {**body, name: number})
    for number in beyond:
        assert name in assert_refused(raw.post(CREATE + capability.name, {**body, name: number}), 680400)


@proves(*NUMBERS, side="client")
@BOUND
def test_client_refuses_numbers_beyond_a_bound(
    target: Target, method: str, name: str, least: float, most: float
) -> None:
    """The least and the most documented number are sent; the next one beyond is refused and not sent."""
    (capability,) = (one for one in CAPABILITIES if one.method == method)
    sent: list[httpx.Request] = []
    client = target.client(CONTRACT, target.new_account(), http=target.http(event_hooks={"request": [sent.append]}))
    body, call = _example(capability), getattr(client, method)
    within, beyond = _numbers_around(least, most)
    for number in within:
        call(**arguments(capability, {**body, name: number}))
    for number in beyond:
        with pytest.raises(errors.InvalidArgument) as refused:
            call(**arguments(capability, {**body, name: number}))
        assert (refused.value.field, refused.value.value) == (name, number)
    assert [json.loads(request.content)[name] for request in sent] == list(within)


@proves("tomoviee:poll.result_is_string", "tomoviee:output.audio", "tomoviee:output.video", *PARAMETERS, side="server")
@EACH
@FEW
@given(data=st.data())
def test_result_matches_the_request(target: Target, capability: Capability, data: st.DataObject) -> None:
    """Results have the documented key, and the requested number, kind and length."""
    raw = RawClient(target)
    body = data.draw(bodies(capability))
    result = json.loads(raw.finish(raw.start(capability.name, body))["result"])
    addresses = result[capability.key]
    if capability.counts is not None:
        assert len(addresses) == body.get(capability.counts, 1)
    assert addresses
    for address in addresses:
        _look(raw.get(address), capability, body)


def _look(content: bytes, capability: Capability, body: dict[str, Any]) -> None:
    if capability.kind == "image":
        with Image.open(BytesIO(content)) as image:
            image.load()
            if "width" in body:
                assert image.width / image.height == pytest.approx(body["width"] / body["height"], rel=0.1)
    elif capability.kind == "mask":
        with Image.open(BytesIO(content)) as mask:
            assert {shade for _, shade in mask.convert("L").getcolors() or []} == {0, 255}
    else:
        with av.open(BytesIO(content), "r") as media:
            seconds = cast("int", media.duration) / 1_000_000
            if capability.kind == "video":
                assert seconds == pytest.approx(5, abs=0.1)
                return
            sound = media.streams.audio[0]
            assert (sound.codec_context.name.removesuffix("float"), sound.channels) == ("mp3", 2)
            assert sound.rate in RATES
            assert 128_000 <= (sound.bit_rate or 0) <= 320_000
            if body.get("duration"):
                assert seconds == pytest.approx(body["duration"], abs=0.1)


@proves("tomoviee:image.result_key", side="server")
def test_image_key_follows_the_dialect(target: Target) -> None:
    """Images have the key images_path, or image_path in the other dialect."""
    raw = RawClient(target)
    task = raw.start("tm_redrawing", {"prompt": "a fox", "init_image": "https://example.test/a.png"})
    assert list(json.loads(raw.finish(task)["result"])) == ["images_path"]
    target.control.dialects(raw.name, tomoviee__image_key="image_path")
    assert list(json.loads(raw.read(task)["result"])) == ["image_path"]


@proves("tomoviee:text2speech.params", side="server")
def test_speech_is_as_long_as_its_text(target: Target) -> None:
    """A longer text makes a longer speech."""
    raw = RawClient(target)
    lengths = []
    for text in ("A fox.", "A fox trots over the snow. " * 6, "雪の中の狐。" * 20):
        address = json.loads(raw.finish(raw.start("tm_text2speech", {"text": text}))["result"])["audio_path"][0]
        with av.open(BytesIO(raw.get(address)), "r") as media:
            lengths.append(cast("int", media.duration))
    assert lengths == sorted(set(lengths))


@proves("tomoviee:poll.result_is_string", "tomoviee:image.result_key", side="client")
@EACH
def test_client_saves_results_in_both_dialects(target: Target, capability: Capability, tmp_path: Path) -> None:
    """A client saves as many files of the documented kind as were requested, in both dialects of the image key."""
    body = _example(capability)
    for reading in ("images_path", "image_path"):
        account = target.new_account()
        client = target.client(CONTRACT, account, clock=target.advancing_clock())
        job = getattr(client, capability.method)(**arguments(capability, body))
        target.control.dialects(_name(account), tomoviee__image_key=reading)
        assert [output.kind for output in job.result()] == [capability.kind] * len(job.outputs)
        if capability.counts is not None:
            assert len(job.outputs) == body[capability.counts]
        for path in job.save(tmp_path / reading):
            _look(path.read_bytes(), capability, body)


def _name(account: str) -> str:
    return account_name("tomoviee", account)


def _example(capability: Capability) -> dict[str, Any]:
    """Return a body without extremes."""
    link = "https://example.test/a.png"
    values = {
        "prompt": "a fox", "text": "A fox.", "image": link, "image_tail": link, "video": link, "reference_image": link,
        "init_image": link, "control_type": "1", "width": 768, "height": 512, "control_intensity": 0.5,
        "batch_size": 2, "qty": 2, "duration": 7,
    }  # fmt: skip
    named = [*capability.needs, *([capability.counts] if capability.counts else [])]
    return {name: values[name] for name in named}


@proves("tomoviee:auth.token_route")
def test_token_route_returns_the_client_token(target: Target) -> None:
    """The token of a key and secret is the Authorization value that the client sends."""
    account = target.new_account()
    sent: list[httpx.Request] = []
    client = target.client(CONTRACT, account, http=target.http(event_hooks={"request": [sent.append]}))
    client.text_to_video("a fox")
    http = target.http()
    response = http.get(target.base_url("tomoviee") + TOKEN, params={"access_key": account, "secret": SECRET}).json()
    assert response["code"] == 0
    assert response["data"]["access_token"] == sent[0].headers["authorization"] == headers(account)["Authorization"]
    wrong = http.get(target.base_url("tomoviee") + TOKEN, params={"access_key": account, "secret": "another"})
    assert_refused(wrong, 680401, status=401)
    assert "secret" in assert_refused(http.get(target.base_url("tomoviee") + TOKEN, params={"access_key": "x"}), 680400)


@proves("tomoviee:workflow.recognise_then_redraw")
def test_recognized_mask_can_be_used_for_redrawing(target: Target, tmp_path: Path) -> None:
    """The URL of a mask that was recognized in an image is valid as mask_url of a redrawing of that image."""
    sent: list[httpx.Request] = []
    http = target.http(event_hooks={"request": [sent.append]})
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock(), http=http)
    file = BytesIO()
    Image.new("RGB", (640, 600), "teal").save(file, "PNG")
    image = target.control.upload("fox.png", file.getvalue())["url"]
    mask = client.recognition(image, prompt="the fox").result()[0]
    redrawn = client.redrawing("a wolf instead", image, mask_url=mask.url)
    assert json.loads(sent[-1].content)["mask_url"] == mask.url
    (saved,) = redrawn.save(tmp_path)
    assert saved.stat().st_size > 0


@proves("tomoviee:img2video.params", "tomoviee:tail2video.params", side="server")
@pytest.mark.parametrize("name", ["tm_img2video_b", "tm_tail2video_b"])
def test_video_may_have_the_ratio_of_its_image(target: Target, name: str) -> None:
    """The aspect ratio original is accepted wherever there is an image."""
    images = dict.fromkeys(("image", "image_tail"), "https://example.test/a.png")
    RawClient(target).start(name, {"prompt": "a fox", "aspect_ratio": "original", **images})


@proves("tomoviee:continuation.params")
def test_video_can_be_continued(target: Target, tmp_path: Path) -> None:
    """The URL of a finished video is valid as the video of a continuation."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    first = client.text_to_video("a fox").result()[0]
    (saved,) = client.video_continuation("the fox goes home", first.url).save(tmp_path)
    assert saved.suffix == ".mp4"


@proves("tomoviee:control_type.meaning", side="client")
@pytest.mark.parametrize(("word", "number"), [("EDGE", "0"), ("POSE", "1"), ("SUBJECT", "2"), ("DEPTH", "3")])
def test_control_types_are_sent_as_numbers(target: Target, word: str, number: str) -> None:
    """Edge, pose, subject and depth are sent as the strings 0, 1, 2 and 3."""
    from soundstage import ControlType

    sent: list[httpx.Request] = []
    client = target.client(CONTRACT, target.new_account(), http=target.http(event_hooks={"request": [sent.append]}))
    client.recognition("https://example.test/a.png", control_type=ControlType[word])
    assert json.loads(sent[0].content)["control_type"] == number


@proves("tomoviee:limits.input_size", side="client")
@pytest.mark.parametrize("code", ["680413", "680422"])
def test_refused_file_is_a_bad_request(target: Target, code: str) -> None:
    """A file that is too large or of a wrong format is a BadRequestError, and nothing is charged."""
    account = target.new_account()
    client = target.client(CONTRACT, account)
    with pytest.raises(errors.NotFoundError):
        client.job("nothing").refresh()
    target.control.order("refuse", code=code, vendor="tomoviee", account=_name(account), times=1)
    with pytest.raises(errors.BadRequestError):
        client.image_to_video("a fox", "https://example.test/a.png")
    assert target.control.tasks(_name(account)) == []
