"""Contracts about Tomoviee's gateway and text to video, beyond the shared laws."""

from __future__ import annotations

import json
import re
from io import BytesIO
from typing import TYPE_CHECKING

import av
import pytest

from soundstage import CameraMove
from soundstage_contracts import load_facts, proves
from soundstage_contracts.vendors import tomoviee as vendor
from soundstage_contracts.vendors.tomoviee import CREATE, RATIOS, RESOLUTIONS, RESULT, SIZES
from soundstage_contracts.vendors.tomoviee.raw_client import RawClient, assert_refused

if TYPE_CHECKING:
    from soundstage_contracts.simulators.target import Target

VIDEO = CREATE + "tm_text2video_b"


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Return the raw client of a new account."""
    return RawClient(target)


@proves("tomoviee:auth.rejected", side="server")
def test_another_secret_is_refused(raw: RawClient) -> None:
    """After an account's first request, any other secret is refused."""
    raw.create()
    other = dict(vendor.headers(raw.account, "another"))
    assert_refused(raw.post(VIDEO, {"prompt": "A fox"}, headers=other), 680401, status=401)


@proves("tomoviee:create.route", "tomoviee:errors.codes", side="server")
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"null", b"\xff", b"NaN", b'{"prompt": NaN}'])
@pytest.mark.parametrize("path", [VIDEO, RESULT])
def test_poll_body_must_be_an_object(raw: RawClient, path: str, body: bytes) -> None:
    """A body that is no JSON object is refused on the result route, as on creation."""
    assert_refused(raw.send(path, body), 680400)


@proves("tomoviee:camera.index", side="client")
def test_camera_moves_have_the_documented_names() -> None:
    """The 46 camera moves have the documented numbers and names."""
    message = re.split(r", (?=\d+ )", _statement("camera.index").partition(": ")[2].rstrip("."))
    documented = dict(entry.split(" ", 1) for entry in message)
    assert [int(number) for number in documented] == list(range(1, 47)) == [move.value for move in CameraMove]
    for number, words in documented.items():
        plain = re.sub(r"\W+", "_", words.replace("'", "").replace("(again)", "again")).strip("_").upper()
        assert CameraMove(int(number)).name == plain


@proves("tomoviee:camera.index", "tomoviee:video.common", side="server")
@pytest.mark.parametrize("index", range(1, 47))
def test_every_camera_move_is_accepted(raw: RawClient, index: int) -> None:
    """Each number from 1 to 46 is accepted as camera move."""
    raw.create(camera_move_index=index)


@proves("tomoviee:poll.answer", "tomoviee:status.codes", "tomoviee:task.extra_fields", side="server")
def test_progress_and_extra_fields_are_shown(raw: RawClient) -> None:
    """Progress rises from 0 to 100 with the states 1, 2 and 3, and the other documented fields are present."""
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


@proves("tomoviee:poll.result_is_string", "tomoviee:text2video.params", side="server")
def test_result_is_json_in_a_string(raw: RawClient) -> None:
    """The result is a string of JSON in which video_path is a list of URLs."""
    result = raw.finish(raw.create())["result"]
    assert isinstance(result, str)
    addresses = json.loads(result)["video_path"]
    assert [address.startswith(("http://", "https://")) for address in addresses] == [True]


@proves("tomoviee:output.video", "tomoviee:text2video.params", "tomoviee:video.common", side="server")
@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("ratio", RATIOS)
def test_video_has_the_requested_ratio(raw: RawClient, resolution: str, ratio: str) -> None:
    """Every video has 5 seconds and the requested ratio, in both resolutions."""
    data = raw.finish(raw.create(resolution=resolution, aspect_ratio=ratio))
    address = json.loads(data["result"])["video_path"][0]
    with av.open(BytesIO(raw.get(address)), "r") as video:
        stream = video.streams.video[0]
        assert video.duration is not None
        assert video.duration / 1_000_000 == pytest.approx(5, abs=0.05)
        width, height = SIZES[resolution, ratio]
        assert stream.width / stream.height == pytest.approx(width / height, rel=0.05)


@proves("tomoviee:output.video", "tomoviee:video.common", "tomoviee:text2video.params", side="server")
@pytest.mark.parametrize("resolution", [None, *RESOLUTIONS])
def test_resolutions_have_the_documented_size(full_target: Target, resolution: str | None) -> None:
    """At 16:9, the default, 720p (the default) is 1280x720 and 1080p is 1920x1080 pixels."""
    raw = RawClient(full_target)
    data = raw.finish(raw.create(resolution=resolution))
    with av.open(BytesIO(raw.get(json.loads(data["result"])["video_path"][0])), "r") as video:
        stream = video.streams.video[0]
        assert (stream.width, stream.height) == SIZES[resolution or "720p", "16:9"]


@proves("tomoviee:poll.route", side="server")
def test_one_route_polls_every_task(raw: RawClient) -> None:
    """A task is polled by POST with its task_id; a missing task_id is refused by name, and GET is refused."""
    first, second = raw.create(), raw.create(prompt="A hare")
    assert [raw.read(task)["task_id"] for task in (first, second)] == [first, second]
    assert "task_id" in assert_refused(raw.post(RESULT, {}), 680400, fact="poll.route")
    assert raw.request("GET", f"{RESULT}?task_id={first}").status_code == 405


def _statement(fact: str) -> str:
    return load_facts()[f"tomoviee:{fact}"].statement
