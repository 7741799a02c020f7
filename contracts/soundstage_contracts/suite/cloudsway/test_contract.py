"""Contracts about Cloudsway's tasks, lists and files, beyond the shared laws."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any

import anyio
import av
import pytest
from hypothesis import given

from soundstage import InvalidArgument, JobState, errors
from soundstage_contracts import proves
from soundstage_contracts.simulators.target import Target
from soundstage_contracts.vendors.cloudsway import CONTRACT, credentials
from soundstage_contracts.vendors.cloudsway.arguments import ENCODED, bodies
from soundstage_contracts.vendors.cloudsway.raw_client import (
    IMAGE,
    KINDS,
    SLUG,
    TEXT,
    VIDEOS,
    RawClient,
    assert_accepted,
    assert_refused,
)

if TYPE_CHECKING:
    import httpx

HOST = "genaiapi.cloudsway.net"
PATHS = {"text2video": TEXT, "image2video": IMAGE}


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Return the raw client of a new account."""
    return RawClient(target)


def recording_client(target: Target, account: str, **options: Any) -> tuple[Any, list[httpx.Request]]:
    """Return a client, and the requests that it sends."""
    sent: list[httpx.Request] = []
    http = target.http(event_hooks={"request": [sent.append]})
    return target.client(CONTRACT, account, http=http, **options), sent


@proves("cloudsway:routes", side="server")
def test_any_endpoint_segment_is_accepted(target: Target) -> None:
    """The documented host accepts any customer segment in the path."""
    headers = {**CONTRACT.headers(target.new_account()), "Host": HOST}
    for endpoint in ("PzKxYqWbRtLmNcVd", "x", "a-b.c"):
        path = f"/v1/ai/{endpoint}/kling/videos/text2video"
        assert_accepted(target.http().post(target.url + path, json={"prompt": "A fox"}, headers=headers))


@proves("cloudsway:auth.bearer", "cloudsway:routes", side="client")
@pytest.mark.parametrize("method", KINDS)
def test_list_requests_carry_the_key(target: Target, method: str) -> None:
    """Lists of both kinds are requested on their documented routes, with the bearer key."""
    account = target.new_account()
    client, sent = recording_client(target, account)
    words = {"prompt": "A fox"} if method == "text_to_video" else {"image": "https://example.test/a.png"}
    job = getattr(client, method)(**words).refresh()
    client.list_jobs(method)
    paths = [request.url.path.partition(f"/{SLUG}")[2] for request in sent]
    kind = KINDS[method]
    assert paths == [f"{VIDEOS}{kind}", f"{VIDEOS}{kind}/{job.id}", f"{VIDEOS}{kind}"]
    assert [request.method for request in sent] == ["POST", "GET", "GET"]
    assert {request.headers["authorization"] for request in sent} == {f"Bearer {account}"}


@proves(
    "cloudsway:status.values",
    "cloudsway:get.answer",
    "cloudsway:get.before_success",
    "cloudsway:get.updated",
    side="server",
)
@pytest.mark.parametrize("path", [TEXT, IMAGE])
def test_task_fields_follow_its_state(raw: RawClient, path: str) -> None:
    """A task shows its result at the end alone, and updated_at changes with its state."""
    task = raw.create(path, external_task_id="order-7")["task_id"]
    seen = [raw.read(task, path)]
    while seen[-1]["task_status"] != "succeed" and len(seen) < 600:
        raw.advance(1)
        seen.append(raw.read(task, path))
    words = [data["task_status"] for data in seen]
    assert list(dict.fromkeys(words)) == ["submitted", "processing", "succeed"]
    for data in seen:
        assert (data["task_id"], data["task_info"]) == (task, {"external_task_id": "order-7"})
        assert data["task_status_msg"] == ""
        assert ("task_result" in data) == (data["task_status"] == "succeed")
        assert data["created_at"] == seen[0]["created_at"]
    changes = dict.fromkeys((data["task_status"], data["updated_at"]) for data in seen)
    moments = [moment for _, moment in changes]
    assert len(changes) == len(set(moments)) == 3
    assert moments == sorted(moments)
    assert moments[0] == seen[0]["created_at"]
    (video,) = seen[-1]["task_result"]["videos"]
    assert set(video) == {"id", "url", "duration"}
    assert (type(video["id"]), video["duration"]) == (str, "5")


@proves("cloudsway:task_info", side="server")
@pytest.mark.parametrize("path", [TEXT, IMAGE])
def test_task_info_has_the_callers_id(raw: RawClient, path: str) -> None:
    """task_info has external_task_id, empty where the caller gave none; the other reading then has no member."""
    named = raw.create(path, external_task_id="order-7")
    unnamed = raw.create(path)
    assert named["task_info"] == raw.read(named["task_id"], path)["task_info"] == {"external_task_id": "order-7"}
    listed = [task["task_info"]["external_task_id"] for task in assert_accepted(raw.ask("GET", path))]
    assert [*listed, unnamed["task_info"]["external_task_id"]] == ["", "order-7", ""]
    raw.target.control.dialects(raw.name, cloudsway__task_info="empty")
    assert raw.read(unnamed["task_id"], path)["task_info"] == {}
    assert raw.read(named["task_id"], path)["task_info"] == {"external_task_id": "order-7"}


@proves("cloudsway:video.id", side="server")
def test_video_ids_are_unique(target: Target) -> None:
    """Every video has an id of its own, which is a text, in one account and across accounts."""
    seen: list[str] = []
    for raw in (RawClient(target), RawClient(target)):
        for path in (TEXT, IMAGE, TEXT):
            task = raw.create(path)["task_id"]
            first, again = (raw.finish(task, path)["task_result"]["videos"][0]["id"] for _ in range(2))
            assert first == again
            seen.append(first)
    assert all(isinstance(name, str) and name for name in seen)
    assert len(set(seen)) == len(seen)


@proves("cloudsway:block", "cloudsway:block.later", "cloudsway:get.answer")
def test_content_found_by_the_risk_control_fails_with_a_reason(target: Target) -> None:
    """Blocked content is refused at creation, or on request its task fails and task_status_msg has the reason."""
    raw = RawClient(target)
    assert_refused(raw.post(TEXT, {"prompt": "A fox soundstage:block"}), 1301, fact="block")
    data = raw.finish(raw.create(prompt="A fox soundstage:block_later")["task_id"])
    assert (data["task_status"], "task_result" in data) == ("failed", False)
    assert data["task_status_msg"] == "Failure to pass the risk control system"
    raw.target.control.order("block_later", vendor=SLUG, account=raw.name, times=1)
    client = target.client(CONTRACT, raw.account, clock=target.advancing_clock())
    with pytest.raises(errors.ContentFiltered, match="risk control"):
        client.text_to_video("A fox").result()
    assert raw.money().spent == 0


@proves("cloudsway:generation.times", side="server")
@given(body=bodies("text2video"))
def test_task_is_submitted_before_it_is_processed(target: Target, body: dict[str, Any]) -> None:
    """A task is submitted at first and processing 20 seconds later."""
    raw = RawClient(target)
    task = raw.create(**body)["task_id"]
    assert raw.read(task)["task_status"] == "submitted"
    raw.advance(20.5)
    assert raw.read(task)["task_status"] == "processing"
    raw.advance(39)
    assert raw.read(task)["task_status"] == "processing"
    raw.advance(241)
    assert raw.read(task)["task_status"] == "succeed"


@proves("cloudsway:output.size", "cloudsway:text2video.params", side="server")
@pytest.mark.parametrize(
    ("path", "body", "made"),
    [
        (TEXT, {}, (16 / 9, 5, False)),
        (TEXT, {"aspect_ratio": "9:16", "duration": "10"}, (9 / 16, 10, False)),
        (TEXT, {"aspect_ratio": "1:1", "mode": "pro", "model_name": "kling-v2-6", "sound": "on"}, (1, 5, True)),
        (IMAGE, {"image": ENCODED}, (1, 5, False)),
    ],
)
def test_video_matches_the_request(
    raw: RawClient, path: str, body: dict[str, Any], made: tuple[float, int, bool]
) -> None:
    """A video has the requested ratio, length and sound, and its duration is a string of seconds."""
    shape, seconds, sound = made
    data = raw.finish(raw.create(path, **body)["task_id"], path)
    (shown,) = data["task_result"]["videos"]
    assert shown["duration"] == str(seconds)
    with av.open(BytesIO(raw.get(shown["url"]).content), "r") as video:
        stream = video.streams.video[0]
        assert video.duration is not None
        assert video.duration / 1_000_000 == pytest.approx(seconds, abs=0.1)
        assert stream.width / stream.height == pytest.approx(shape, rel=0.05)
        assert bool(video.streams.audio) == sound


@proves("cloudsway:output.size", side="server")
@pytest.mark.parametrize(("mode", "sides"), [("std", (1280, 720)), ("pro", (1920, 1080))])
def test_modes_have_the_documented_size(mode: str, sides: tuple[int, int]) -> None:
    """At 16:9 std is 1280x720 and pro 1920x1080 pixels."""
    with Target(media="full") as full:
        raw = RawClient(full)
        data = raw.finish(raw.create(mode=mode, model_name="kling-v1-6")["task_id"])
        with av.open(BytesIO(raw.get(data["task_result"]["videos"][0]["url"]).content), "r") as video:
            stream = video.streams.video[0]
            assert (stream.width, stream.height) == sides


@proves("cloudsway:result.retention", side="client")
def test_expired_result_is_download_refused(target: Target, tmp_path: Any) -> None:
    """A video whose URL has expired is DownloadRefused with its status, and leaves no file."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    job = client.text_to_video("A fox").wait()
    target.control.advance(31 * 24 * 3600)
    with pytest.raises(errors.DownloadRefused) as gone:
        job.save(tmp_path)
    assert gone.value.status == 403
    assert list(tmp_path.iterdir()) == []


@proves("cloudsway:routes.kind", side="server")
@pytest.mark.parametrize(("mine", "other"), [(TEXT, IMAGE), (IMAGE, TEXT)])
def test_task_is_found_by_both_ids_under_its_kind(target: Target, mine: str, other: str) -> None:
    """The task_id and external_task_id find the same task, under its kind and for its account alone."""
    raw, stranger = RawClient(target), RawClient(target)
    task = raw.create(mine, external_task_id="order-7")["task_id"]
    assert raw.read(task, mine) == raw.read("order-7", mine)
    stranger.create(mine)
    for name in (task, "order-7"):
        assert raw.ask("GET", f"{other}/{name}").status_code == 404
        assert stranger.ask("GET", f"{mine}/{name}").status_code == 404
    assert stranger.create(mine, external_task_id="order-7")["task_id"] != task


@proves("cloudsway:routes.kind", side="client")
def test_job_handle_requires_its_operation(target: Target) -> None:
    """A handle requires the method that started the job; another method's route does not find it."""
    client, sent = recording_client(target, target.new_account())
    job = client.image_to_video("https://example.test/a.png", external_task_id="order-7")
    del sent[:]
    for operation in (None, "text2video", "", 5):
        with pytest.raises(InvalidArgument) as refused:
            client.job(job.id, operation)
        assert refused.value.field == "operation"
    assert sent == []
    for name in (job.id, "order-7"):
        assert client.job(name, "image_to_video").refresh().state is JobState.QUEUED
        with pytest.raises(errors.NotFoundError):
            client.job(name, "text_to_video").refresh()
    assert client.job_from_token(job.to_token()).refresh().id == job.id


@proves("cloudsway:routes.list", "cloudsway:list.order", side="server")
def test_list_is_an_array_in_pages(raw: RawClient) -> None:
    """A list has the account's tasks of one kind, newest first, 30 per page by default."""
    texts = [raw.create()["task_id"] for _ in range(12)]
    raw.advance(600)
    texts += [raw.create()["task_id"] for _ in range(19)]
    images = [raw.create(IMAGE)["task_id"]]
    pages = [assert_accepted(raw.ask("GET", TEXT, params=given)) for given in ({}, {"pageNum": "2"}, {"pageNum": "3"})]
    assert [[task["task_id"] for task in page] for page in pages] == [texts[:0:-1], texts[:1], []]
    assert assert_accepted(raw.ask("GET", IMAGE))[0]["task_id"] == images[0]
    three = assert_accepted(raw.ask("GET", TEXT, params={"pageNum": 2, "pageSize": 3}))
    assert [task["task_id"] for task in three] == texts[-4:-7:-1]
    assert pages[1][0] == raw.read(texts[0])
    for number, size in ((1, 500), (1000, 500), (1000, 1)):
        assert_accepted(raw.ask("GET", TEXT, params={"pageNum": number, "pageSize": size}))
    assert assert_accepted(RawClient(raw.target).ask("GET", TEXT)) == []


@proves("cloudsway:routes.list", side="client")
def test_client_lists_jobs_by_kind_and_page(target: Target) -> None:
    """The method list_jobs returns jobs that can be waited for; page and page_size are checked and sent."""
    client, sent = recording_client(target, target.new_account(), clock=target.advancing_clock())
    ids = [client.text_to_video(f"A fox, number {number}").id for number in range(5)]
    client.image_to_video("https://example.test/a.png")
    jobs = client.list_jobs("text_to_video", page=2, page_size=2)
    assert [job.id for job in jobs] == [ids[2], ids[1]]
    assert dict(sent[-1].url.params) == {"pageNum": "2", "pageSize": "2"}
    assert jobs[0].state is JobState.QUEUED
    assert jobs[0].wait().state is JobState.SUCCEEDED
    assert [job.id for job in client.list_jobs("text_to_video")] == ids[::-1]
    before = len(sent)
    for wrong in ({"page": 0}, {"page": 1001}, {"page_size": 0}, {"page_size": 501}, {"page": "1"}):
        with pytest.raises(InvalidArgument, match=next(iter(wrong))):
            client.list_jobs("text_to_video", **wrong)
    with pytest.raises(InvalidArgument) as refused:
        client.list_jobs("text2video")
    assert (refused.value.field, refused.value.value) == ("operation", "text2video")
    assert len(sent) == before


@proves("cloudsway:routes.list", side="client")
def test_async_client_lists_jobs(target: Target) -> None:
    """The async client lists jobs, which can be awaited."""

    async def story() -> tuple[list[str], Any]:
        async with target.async_http() as http:
            client = target.async_client(CONTRACT, target.new_account(), clock=target.advancing_clock(), http=http)
            job = await client.text_to_video("A fox")
            found = await client.list_jobs("text_to_video")
            return [job.id], await found[0]

    ids, job = anyio.run(story)
    assert (ids, job.state) == ([job.id], JobState.SUCCEEDED)


@proves("cloudsway:routes", "cloudsway:create.answer", "cloudsway:get.answer", side="server")
def test_documented_curl_calls_make_a_video(target: Target, tmp_path: Any) -> None:
    """The vendor's own curl calls, in plain HTTP, create a task, poll it and download its video."""
    http, base = target.http(), f"{target.base_url(SLUG)}/v1/ai/{credentials('')['endpoint']}/kling/videos"
    account = target.new_account()
    headers = {"Authorization": f"Bearer {account}", "Content-Type": "application/json"}
    astronaut = {"prompt": "The astronaut stood up and walked away", "model_name": "kling-v1"}
    for kind, more in (("text2video", {}), ("image2video", {"image": "https://h2.inkwai.com/astronaut.png"})):
        content = json.dumps({**astronaut, **more})
        created = http.post(f"{base}/{kind}", content=content, headers=headers).json()
        task = created["data"]["task_id"]
        response: dict[str, Any] = {}
        for _ in range(60):
            response = http.get(f"{base}/{kind}/{task}", headers={"Authorization": f"Bearer {account}"}).json()
            if response["data"]["task_status"] in {"succeed", "failed"}:
                break
            target.control.advance(10)
        assert (response["code"], response["data"]["task_status"]) == (0, "succeed")
        video = tmp_path / f"{kind}.mp4"
        video.write_bytes(http.get(response["data"]["task_result"]["videos"][0]["url"]).content)
        with av.open(str(video), "r") as played:
            assert played.streams.video
