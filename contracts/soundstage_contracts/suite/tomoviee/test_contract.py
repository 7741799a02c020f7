"""Tomoviee's contracts: what the gateway promises, and what the client makes of it."""

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
from hypothesis.stateful import run_state_machine_as_test

from soundstage import CameraMove, InvalidArgument, JobState, Tomoviee, errors
from soundstage_contracts import load_facts, proves
from soundstage_contracts.simulators.target import IN_PROCESS, Target
from soundstage_contracts.transcripts.replay import Transcript, load_transcripts, replay_on_client, replay_on_simulator
from soundstage_contracts.vendors import tomoviee as vendor
from soundstage_contracts.vendors.tomoviee import CONTRACT, CREATE, RATIOS, RESOLUTIONS, RESULT, SIZES, TomovieeMachine
from soundstage_contracts.vendors.tomoviee.raw_client import RawClient, assert_refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

FILM = CREATE + "tm_text2video_b"
TRANSCRIPTS = list(load_transcripts("tomoviee"))
HOSTS = ("openapi.wondershare.cc", "open-api.wondershare.cc")


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Speak as a new account."""
    return RawClient(target)


@pytest.fixture(scope="module")
def full_target(target: Target) -> Iterator[Target]:
    """Reach a simulator that makes films in their full size: in this process, one of its own."""
    if target.where != IN_PROCESS:
        yield target
        return
    with Target(media="full") as full:
        yield full


@proves("tomoviee:gateway.hosts", side="server")
@pytest.mark.parametrize("host", HOSTS)
def test_both_gateway_hosts_answer(target: Target, host: str) -> None:
    """The documented host and its alias reach the same gateway, without a slug in the path."""
    headers = {**vendor.headers(target.new_account()), "Host": host}
    answer = target.http().post(target.url + FILM, json={"prompt": "A fox"}, headers=headers)
    assert answer.json()["code"] == 0


@proves("tomoviee:gateway.hosts", side="client")
def test_the_client_goes_to_the_documented_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a base address a client speaks to the documented host."""
    monkeypatch.delenv("TOMOVIEE_BASE_URL", raising=False)
    with Tomoviee("key", "secret") as client:
        assert client.base_url == f"https://{HOSTS[0]}"


@proves("tomoviee:auth.headers", "tomoviee:create.route", "tomoviee:poll.route", side="client")
def test_every_call_of_the_client_carries_key_and_token(target: Target) -> None:
    """Create and poll alike carry X-App-Key, Authorization and the JSON content type, on the documented routes."""
    sent: list[httpx.Request] = []
    account = target.new_account()
    http = target.http(event_hooks={"request": [sent.append]})
    target.client(CONTRACT, account, http=http).text_to_video("A fox").refresh()
    assert [request.url.path.partition("/tomoviee")[2] for request in sent] == [FILM, RESULT]
    for request in sent:
        assert request.method == "POST"
        assert {name: request.headers[name] for name in vendor.headers(account)} == vendor.headers(account)


@proves("tomoviee:auth.headers", "tomoviee:auth.rejected", "tomoviee:errors.http", side="server")
@pytest.mark.parametrize("path", [FILM, RESULT])
@pytest.mark.parametrize("missing", ["X-App-Key", "Authorization"])
def test_a_call_without_one_of_the_headers_is_refused(target: Target, path: str, missing: str) -> None:
    """Without key or token, HTTP 401."""
    headers = dict(vendor.headers(target.new_account()))
    del headers[missing]
    answer = target.http().post(target.base_url("tomoviee") + path, json={"prompt": "A fox"}, headers=headers)
    assert missing in assert_refused(answer, 680401, status=401, fact="auth.rejected")


@proves("tomoviee:auth.rejected", "tomoviee:errors.codes", side="server")
@pytest.mark.parametrize("token", ["Basic !", "Bearer abc", "Basic YTpi", "basic", "Basic a2V5"])
def test_a_token_that_does_not_fit_the_key_is_refused(raw: RawClient, token: str) -> None:
    """A token that is malformed, or made of another key, is HTTP 401 and code 680401."""
    assert_refused(raw.post(FILM, {"prompt": "A fox"}, headers={"Authorization": token}), 680401, status=401)


@proves("tomoviee:auth.rejected", side="server")
def test_another_secret_is_refused(raw: RawClient) -> None:
    """An account's secret is that of its first use."""
    raw.create()
    other = dict(vendor.headers(raw.account, "another"))
    assert_refused(raw.post(FILM, {"prompt": "A fox"}, headers=other), 680401, status=401)


@proves("tomoviee:auth.rejected", "tomoviee:errors.codes", "tomoviee:errors.http", side="client")
@pytest.mark.parametrize("word", ["invalid-", "expired-"])
def test_the_client_calls_a_refused_credential_by_its_name(target: Target, word: str) -> None:
    """HTTP 401 is an AuthenticationError that names the vendor, the code and the status."""
    with pytest.raises(errors.AuthenticationError) as refused:
        target.client(CONTRACT, target.new_account(word)).text_to_video("A fox")
    assert (refused.value.vendor, refused.value.code, refused.value.status) == ("tomoviee", 680401, 401)


@proves("tomoviee:create.route", "tomoviee:create.answer", "tomoviee:task.id", side="server")
@given(body=vendor.text_to_video_body())
def test_every_valid_film_is_accepted(target: Target, body: dict[str, Any]) -> None:
    """A flat JSON body with any documented values creates a task, whose id has the documented form."""
    answer = RawClient(target).post(FILM, body).json()
    assert answer["code"] == 0
    assert answer["msg"] == ""
    assert re.fullmatch(r"tm_text2video_b-0-\d{12}[0-9a-f]+", answer["data"]["task_id"])


@proves("tomoviee:text2video.params", "tomoviee:video.common", "tomoviee:create.answer", side="server")
@given(case=vendor.broken_text_to_video())
def test_every_broken_film_is_refused_and_costs_nothing(target: Target, case: tuple[str, dict[str, Any]]) -> None:
    """A parameter outside its documented values is refused by name, no task is made and nothing is charged."""
    field, body = case
    raw = RawClient(target)
    said = assert_refused(raw.post(FILM, body), 680400)
    assert field in said
    assert target.control.tasks(raw.name) == []
    assert target.control.money("tomoviee", raw.name).entries == ()


@proves("tomoviee:create.route", "tomoviee:errors.codes", side="server")
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"null", b"\xff", b"NaN", b'{"prompt": NaN}'])
@pytest.mark.parametrize("path", [FILM, RESULT])
def test_a_body_that_is_no_json_object_is_refused(raw: RawClient, path: str, body: bytes) -> None:
    """A body that is not a flat JSON object is refused as bad parameters, on both routes."""
    assert_refused(raw.send(path, body), 680400)


@proves("tomoviee:text2video.params", "tomoviee:video.common", side="client")
@given(case=vendor.broken_text_to_video())
def test_the_client_refuses_a_broken_film_before_it_sends(target: Target, case: tuple[str, dict[str, Any]]) -> None:
    """An argument outside its documented values is an InvalidArgument that names it; nothing is sent."""
    field, body = case
    sent: list[httpx.Request] = []
    client = target.client(CONTRACT, target.new_account(), http=target.http(event_hooks={"request": [sent.append]}))
    if "camera_move_index" in body:
        body = {**body, "camera_move": body["camera_move_index"]}
        del body["camera_move_index"]
    with pytest.raises(InvalidArgument) as refused:
        client.text_to_video(**body)
    assert refused.value.field == field.removesuffix("_index")
    assert sent == []


@proves("tomoviee:text2video.params", "tomoviee:video.common", "tomoviee:camera.index", "tomoviee:callback.request")
@given(arguments=vendor.text_to_video(), callback=st.none() | st.just("http://127.0.0.1:9/done"))
def test_what_the_client_is_told_is_what_the_gateway_hears(
    target: Target, arguments: dict[str, Any], callback: str | None
) -> None:
    """Every argument arrives under its documented name, defaults as documented, and what is None is left out."""
    sent: list[httpx.Request] = []
    account = target.new_account()
    client = target.client(CONTRACT, account, http=target.http(event_hooks={"request": [sent.append]}))
    client.text_to_video(**arguments, callback=callback)
    heard = json.loads(sent[0].content)
    names = {"camera_move": "camera_move_index"}
    told = {names.get(name, name): value for name, value in arguments.items() if value is not None}
    if callback:
        told["callback"] = callback
    assert {"resolution": "720p", "aspect_ratio": "16:9", "duration": 5, **told} == heard


@proves("tomoviee:camera.index", side="client")
def test_the_camera_moves_are_named_as_documented() -> None:
    """There are 46 camera moves, numbered from 1, and they bear the documented names."""
    said = re.split(r", (?=\d+ )", _statement("camera.index").partition(": ")[2].rstrip("."))
    documented = dict(entry.split(" ", 1) for entry in said)
    assert [int(number) for number in documented] == list(range(1, 47)) == [move.value for move in CameraMove]
    for number, words in documented.items():
        plain = re.sub(r"\W+", "_", words.replace("'", "").replace("(again)", "again")).strip("_").upper()
        assert CameraMove(int(number)).name == plain


@proves("tomoviee:camera.index", "tomoviee:video.common", side="server")
@pytest.mark.parametrize("index", range(1, 47))
def test_every_camera_move_is_accepted(raw: RawClient, index: int) -> None:
    """Each number from 1 to 46 is a camera move."""
    raw.create(camera_move_index=index)


@proves("tomoviee:poll.answer", "tomoviee:status.codes", "tomoviee:task.extra_fields", side="server")
def test_a_film_is_queued_then_processed_then_done(raw: RawClient) -> None:
    """A task is 1, then 2, then 3; progress never falls and ends at 100; the other documented fields are there."""
    task = raw.create(params="order-7")
    seen = [raw.read(task)]
    for _ in range(600):
        raw.advance(1)
        seen.append(raw.read(task))
        if seen[-1]["status"] == 3:
            break
    statuses = [data["status"] for data in seen]
    assert sorted(set(statuses)) == [1, 2, 3]
    assert statuses == sorted(statuses)
    progress = [data["progress"] for data in seen]
    assert progress == sorted(progress)
    assert (progress[0], progress[-1]) == (0, 100)
    for data in seen:
        assert {"task_id", "reason", "result", "wsid", "priority", "wait_time", "delay"} <= set(data)
        assert (data["position"], data["params"], data["task_id"]) == (-1, "order-7", task)
        assert bool(data["result"]) == (data["status"] == 3)


@proves("tomoviee:generation.times", side="server")
@given(body=vendor.text_to_video_body())
def test_a_film_takes_one_to_five_minutes(target: Target, body: dict[str, Any]) -> None:
    """A film is not done within a minute, and is done after five."""
    raw = RawClient(target)
    task = raw.create(**body)
    raw.advance(59)
    assert raw.read(task)["status"] in (1, 2)
    raw.advance(242)
    assert raw.read(task)["status"] == 3


@proves("tomoviee:poll.answer", "tomoviee:status.codes", side="server")
@pytest.mark.parametrize(("word", "status"), [("fail", 4), ("block", 4), ("cancel", 5), ("timeout", 6)])
def test_what_does_not_succeed_says_why(raw: RawClient, word: str, status: int) -> None:
    """Statuses 4, 5 and 6 come with a reason and without a result, and stay."""
    task = raw.create(prompt=f"A fox soundstage:{word}")
    raw.advance(1800)
    first, second = raw.read(task), raw.finish(task)
    assert first["status"] == second["status"] == status
    assert first["reason"]
    assert first["result"] == ""


@proves("tomoviee:poll.result_is_string", "tomoviee:text2video.params", side="server")
def test_a_result_is_json_in_a_string(raw: RawClient) -> None:
    """The result is a string that holds JSON, in which video_path is a list of addresses."""
    result = raw.finish(raw.create())["result"]
    assert isinstance(result, str)
    addresses = json.loads(result)["video_path"]
    assert [address.startswith(("http://", "https://")) for address in addresses] == [True]


@proves("tomoviee:output.video", "tomoviee:text2video.params", "tomoviee:video.common", side="server")
@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("ratio", RATIOS)
def test_a_film_has_the_size_that_was_asked_for(raw: RawClient, resolution: str, ratio: str) -> None:
    """Every film lasts 5 seconds and has the ratio asked for, in either resolution."""
    data = raw.finish(raw.create(resolution=resolution, aspect_ratio=ratio))
    address = json.loads(data["result"])["video_path"][0]
    with av.open(BytesIO(raw.get(address)), "r") as film:
        picture = film.streams.video[0]
        assert film.duration is not None
        assert film.duration / 1_000_000 == pytest.approx(5, abs=0.05)
        width, height = SIZES[resolution, ratio]
        assert picture.width / picture.height == pytest.approx(width / height, rel=0.05)


@proves("tomoviee:output.video", "tomoviee:video.common", "tomoviee:text2video.params", side="server")
@pytest.mark.parametrize("resolution", [None, *RESOLUTIONS])
def test_720p_and_1080p_are_as_large_as_documented(full_target: Target, resolution: str | None) -> None:
    """At 16:9, which is the default, 720p is 1280x720 and 1080p is 1920x1080, to the pixel; 720p is the default."""
    raw = RawClient(full_target)
    data = raw.finish(raw.create(resolution=resolution))
    with av.open(BytesIO(raw.get(json.loads(data["result"])["video_path"][0])), "r") as film:
        picture = film.streams.video[0]
        assert (picture.width, picture.height) == SIZES[resolution or "720p", "16:9"]


@proves("tomoviee:poll.route", side="server")
def test_one_route_reads_every_task(raw: RawClient) -> None:
    """A task is read by POST with its task_id, and by nothing else; a missing task_id is refused by name."""
    first, second = raw.create(), raw.create(prompt="A hare")
    assert [raw.read(task)["task_id"] for task in (first, second)] == [first, second]
    assert "task_id" in assert_refused(raw.post(RESULT, {}), 680400, fact="poll.route")
    assert raw.request("GET", f"{RESULT}?task_id={first}").status_code == 405


@proves("tomoviee:poll.result_is_string", "tomoviee:poll.answer", "tomoviee:status.codes", side="client")
def test_the_client_saves_the_film(target: Target, tmp_path: Any) -> None:
    """A client waits, sees the states in order, and leaves a playable film on disk."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    job = client.text_to_video("A fox")
    states = [job.state, *(snapshot.state for snapshot in job.updates())]
    assert list(dict.fromkeys(states)) == [JobState.QUEUED, JobState.RUNNING, JobState.SUCCEEDED]
    (saved,) = job.save(tmp_path)
    with av.open(str(saved), "r") as film:
        assert film.streams.video[0].codec_context.name == "h264"


@proves("tomoviee:poll.result_is_string", "tomoviee:poll.answer", "tomoviee:create.answer", side="client")
def test_the_awaiting_client_saves_the_film(target: Target, tmp_path: Any) -> None:
    """The awaiting client does the same."""

    async def make() -> tuple[Any, list[Any]]:
        async with target.async_http() as http:
            client = target.async_client(CONTRACT, target.new_account(), clock=target.advancing_clock(), http=http)
            job = await (await client.text_to_video("A fox"))
            return job, await job.save(tmp_path)

    job, (saved,) = anyio.run(make)
    assert job.state is JobState.SUCCEEDED
    with av.open(str(saved), "r") as film:
        assert film.streams.video[0].codec_context.name == "h264"


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda transcript: transcript.name)
def test_the_gateway_answers_as_documented(target: Target, transcript: Transcript) -> None:
    """Every documented request gets an answer of the documented shape."""
    replay_on_simulator(transcript, target, CONTRACT)


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda transcript: transcript.name)
def test_the_client_speaks_as_documented(transcript: Transcript) -> None:
    """The client sends the documented requests, and reads the documented answers to their end."""
    replay_on_client(transcript, CONTRACT, "https://openapi.wondershare.cc")


def test_any_order_of_events_keeps_the_laws(target: Target) -> None:
    """Whatever is created, read, waited for and ordered in whatever order: the laws of jobs and money hold."""
    machine = type("Machine", (TomovieeMachine,), {"target": target})
    run_state_machine_as_test(machine)


def _statement(fact: str) -> str:
    return load_facts()[f"tomoviee:{fact}"].says
