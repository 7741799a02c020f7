"""Tomoviee's contracts: what the gateway promises, and what the client makes of it."""

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

FILM = CREATE + "tm_text2video_b"


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Speak as a new account."""
    return RawClient(target)


@proves("tomoviee:auth.rejected", side="server")
def test_another_secret_is_refused(raw: RawClient) -> None:
    """An account's secret is that of its first use."""
    raw.create()
    other = dict(vendor.headers(raw.account, "another"))
    assert_refused(raw.post(FILM, {"prompt": "A fox"}, headers=other), 680401, status=401)


@proves("tomoviee:create.route", "tomoviee:errors.codes", side="server")
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"null", b"\xff", b"NaN", b'{"prompt": NaN}'])
@pytest.mark.parametrize("path", [FILM, RESULT])
def test_a_body_that_is_no_json_object_is_refused(raw: RawClient, path: str, body: bytes) -> None:
    """A body that is not a flat JSON object is refused as bad parameters, on both routes."""
    assert_refused(raw.send(path, body), 680400)


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


def _statement(fact: str) -> str:
    return load_facts()[f"tomoviee:{fact}"].statement
