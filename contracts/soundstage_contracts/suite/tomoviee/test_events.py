"""Contracts about Tomoviee's callbacks, input files and downloads."""

from __future__ import annotations

import hashlib
import json
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from soundstage import JobState, errors
from soundstage_contracts import proves
from soundstage_contracts.simulators.callback_receiver import CallbackReceiver
from soundstage_contracts.simulators.control import account_name
from soundstage_contracts.vendors.tomoviee import CONTRACT
from soundstage_contracts.vendors.tomoviee.raw_client import CREATE, RawClient, assert_refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from soundstage_contracts.simulators.target import Target

ENDS = {"": 3, "fail": 4, "cancel": 5, "timeout": 6}
STATES = {3: JobState.SUCCEEDED, 4: JobState.FAILED, 5: JobState.CANCELED, 6: JobState.EXPIRED}


@pytest.fixture
def receiver() -> Iterator[CallbackReceiver]:
    """Run a callback receiver."""
    with CallbackReceiver() as listening:
        yield listening


@pytest.fixture
def failing_receiver() -> Iterator[CallbackReceiver]:
    """Run a callback receiver that answers the first two callbacks with an error."""
    with CallbackReceiver(500, 404, 200) as listening:
        yield listening


@proves("tomoviee:callback.payload", "tomoviee:callback.request")
@pytest.mark.parametrize("word", ENDS)
def test_final_state_sends_one_callback(target: Target, receiver: CallbackReceiver, word: str) -> None:
    """At a final state one callback has id, status, result and params, and the client reads the job from it."""
    account = target.new_account()
    client = target.client(CONTRACT, account)
    job = client.text_to_video(f"a fox soundstage:{word}", callback=receiver.url, params="order-7")
    name = account_name("tomoviee", account)
    assert target.control.callbacks(name)["attempts"] == []
    target.control.advance(1800, name)
    payload = receiver.next()
    assert {"task_id", "status", "params"} <= set(payload)
    assert (payload["task_id"], payload["status"], payload["params"]) == (job.id, ENDS[word], "order-7")
    assert bool(payload.get("result")) == (word == "")
    if word == "":
        assert isinstance(payload["result"], str)
        assert json.loads(payload["result"])["video_path"]
    again = client.job_from_callback(json.dumps(payload))
    assert (again.id, again.state) == (job.id, STATES[ENDS[word]])
    assert [output.url for output in again.outputs] == [output.url for output in job.refresh().outputs]
    target.control.advance(3600, name)
    assert job.refresh().state is again.state
    assert receiver.callbacks.empty()


@proves("tomoviee:callback.payload", "tomoviee:callback.content_type", side="server")
def test_failed_callback_is_sent_again(target: Target, failing_receiver: CallbackReceiver) -> None:
    """A callback that is answered outside 2xx is sent again after 10 and 60 seconds of the account's time."""
    raw = RawClient(target)
    raw.create(callback=failing_receiver.url)
    raw.advance(600)
    first = failing_receiver.next()
    raw.advance(10)
    second = failing_receiver.next()
    raw.advance(50)
    assert first == second == failing_receiver.next()
    raw.advance(3600)
    raw.create()
    assert failing_receiver.callbacks.empty()


def image_file(width: int, height: int, form: str = "PNG") -> bytes:
    """Return an image file."""
    file = BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, form)
    return file.getvalue()


@proves("tomoviee:limits.input_size", "tomoviee:img2video.params", side="server")
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_documented_image_formats_are_accepted(target: Target, form: str) -> None:
    """JPEG, PNG and WEBP images are accepted."""
    uploaded = target.control.upload(f"fox.{form.lower()}", image_file(640, 480, form))
    RawClient(target).start("tm_img2video_b", {"prompt": "a fox", "image": uploaded["url"]})


@proves("tomoviee:limits.input_size", "tomoviee:errors.http", side="server")
@pytest.mark.parametrize(
    ("name", "content"),
    [("fox.gif", image_file(640, 480, "GIF")), ("fox.png", b"no image"), ("fox.jpg", b"<html></html>")],
)
def test_other_file_formats_are_refused(target: Target, name: str, content: bytes) -> None:
    """A file of any other format is refused with 680422 and costs nothing."""
    uploaded = target.control.upload(name, content)
    raw = RawClient(target)
    assert_refused(raw.post(CREATE + "tm_img2video_b", {"prompt": "a fox", "image": uploaded["url"]}), 680422)
    assert target.control.tasks(raw.name) == []


@proves("tomoviee:redrawing.params", "tomoviee:errors.http", side="server")
@pytest.mark.parametrize(
    ("size", "mask"), [((500, 600), None), ((2048, 900), None), ((1900, 600), None), ((800, 600), (600, 800))]
)
def test_redrawing_limits_the_image_size(target: Target, size: tuple[int, int], mask: tuple[int, int] | None) -> None:
    """Sides must be over 512 and under 2048, the ratio under 3, and a mask must have the size of its image."""
    body = {"prompt": "a wolf", "init_image": target.control.upload("fox.png", image_file(*size))["url"]}
    if mask is not None:
        body["mask_url"] = target.control.upload("mask.png", image_file(*mask))["url"]
    assert_refused(RawClient(target).post(CREATE + "tm_redrawing", body), 680422)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "truncate"},
        {"kind": "reset_before"},
        {"kind": "reset_during"},
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 429, "retry_after": 5},
    ],
    ids=lambda fault: str(fault.get("status", fault["kind"])),
)
def test_download_survives_temporary_faults(target: Target, tmp_path: Path, fault: dict[str, Any]) -> None:
    """An interrupted download is continued and leaves the whole file alone; nothing is submitted again."""
    account = target.new_account()
    client = target.client(CONTRACT, account, clock=target.advancing_clock())
    output = client.text_to_video("a fox").result()[0]
    whole = output.save(tmp_path / "whole.mp4").read_bytes()
    target.control.fault(**fault, vendor="tomoviee", path="_files", times=2)
    assert output.save(tmp_path / "broken.mp4").read_bytes() == whole
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.mp4", "whole.mp4"]
    assert len(target.control.tasks(account_name("tomoviee", account))) == 1


@pytest.mark.parametrize(
    "fault",
    [{"kind": "redirect"}, {"kind": "expired"}, {"kind": "status", "status": 503}, {"kind": "truncate"}],
    ids=lambda fault: str(fault["kind"]),
)
def test_failed_download_leaves_no_file(target: Target, tmp_path: Path, fault: dict[str, Any]) -> None:
    """A permanent fault is a DownloadError and leaves no file; the job can be saved later."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    output = client.text_to_video("a fox").result()[0]
    target.control.fault(**fault, vendor="tomoviee", path=output.url.partition("/_files/")[2].partition("/")[0])
    with pytest.raises(errors.DownloadError):
        output.save(tmp_path / "video.mp4")
    assert list(tmp_path.iterdir()) == []


def test_checksum_mismatch_leaves_no_file(target: Target, tmp_path: Path) -> None:
    """A file with another SHA-256 than requested is not kept; with the right one it is."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    output = client.text_to_video("a fox").result()[0]
    with pytest.raises(errors.ChecksumMismatch):
        output.save(tmp_path / "video.mp4", sha256="0" * 64)
    assert list(tmp_path.iterdir()) == []
    digest = hashlib.sha256(output.save(tmp_path / "video.mp4").read_bytes()).hexdigest()
    output.save(tmp_path / "video.mp4", sha256=digest)


def test_file_above_max_bytes_is_not_kept(target: Target, tmp_path: Path) -> None:
    """A file of more than max_bytes is not kept; one of exactly that size is."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    output = client.text_to_video("a fox").result()[0]
    size = output.save(tmp_path / "video.mp4").stat().st_size
    (tmp_path / "video.mp4").unlink()
    with pytest.raises(errors.DownloadTooLarge):
        output.save(tmp_path / "video.mp4", max_bytes=size - 1)
    assert list(tmp_path.iterdir()) == []
    output.save(tmp_path / "video.mp4", max_bytes=size)


def test_resumed_download_requests_the_rest(target: Target, tmp_path: Path) -> None:
    """With resume, an interrupted download keeps its part, and the next one requests only the rest."""
    sent: list[httpx.Request] = []
    http = target.http(event_hooks={"request": [sent.append]})
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock(), http=http)
    output = client.text_to_video("a fox").result()[0]
    whole = output.save(tmp_path / "whole.mp4").read_bytes()
    path = output.url.partition("/_files/")[2].partition("/")[0]
    target.control.fault("truncate", vendor="tomoviee", path=path, times=5)
    with pytest.raises(errors.DownloadError):
        output.save(tmp_path / "video.mp4", resume=True)
    assert not (tmp_path / "video.mp4").exists()
    assert len(list(tmp_path.iterdir())) > 1
    assert output.save(tmp_path / "video.mp4", resume=True).read_bytes() == whole
    assert sent[-1].headers["range"].startswith("bytes=")
    assert sorted(kept.name for kept in tmp_path.iterdir()) == ["video.mp4", "whole.mp4"]
