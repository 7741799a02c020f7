"""The contracts of what happens around a Tomoviee task: callbacks, files as inputs, and connections that break."""

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
    """Listen for callbacks."""
    with CallbackReceiver() as listening:
        yield listening


@pytest.fixture
def grumpy() -> Iterator[CallbackReceiver]:
    """Listen for callbacks, and answer the first two with an error."""
    with CallbackReceiver(500, 404, 200) as listening:
        yield listening


@proves("tomoviee:callback.payload", "tomoviee:callback.request")
@pytest.mark.parametrize("word", ENDS)
def test_an_end_is_told_once(target: Target, receiver: CallbackReceiver, word: str) -> None:
    """At a final state the address is told id, status, result and params, from which the client makes a job again."""
    account = target.new_account()
    client = target.client(CONTRACT, account)
    job = client.text_to_video(f"a fox soundstage:{word}", callback=receiver.url, params="order-7")
    name = account_name("tomoviee", account)
    assert target.control.callbacks(name)["attempts"] == []
    target.control.advance(1800, name)
    told = receiver.next()
    assert {"task_id", "status", "params"} <= set(told)
    assert (told["task_id"], told["status"], told["params"]) == (job.id, ENDS[word], "order-7")
    assert bool(told.get("result")) == (word == "")
    if word == "":
        assert isinstance(told["result"], str)
        assert json.loads(told["result"])["video_path"]
    again = client.job_from_callback(json.dumps(told))
    assert (again.id, again.state) == (job.id, STATES[ENDS[word]])
    assert [output.url for output in again.outputs] == [output.url for output in job.refresh().outputs]
    target.control.advance(3600, name)
    assert job.refresh().state is again.state
    assert receiver.callbacks.empty()


@proves("tomoviee:callback.payload", side="server")
def test_who_does_not_listen_is_told_again(target: Target, grumpy: CallbackReceiver) -> None:
    """A callback that is answered outside 2xx is sent again after 10 and 60 seconds of the account's clock."""
    raw = RawClient(target)
    raw.create(callback=grumpy.url)
    raw.advance(600)
    first = grumpy.next()
    raw.advance(10)
    second = grumpy.next()
    raw.advance(50)
    assert first == second == grumpy.next()
    raw.advance(3600)
    raw.create()
    assert grumpy.callbacks.empty()


def picture(width: int, height: int, form: str = "PNG") -> bytes:
    """Return an image file."""
    file = BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, form)
    return file.getvalue()


@proves("tomoviee:limits.input_size", "tomoviee:img2video.params", side="server")
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_an_image_of_a_documented_format_is_taken(target: Target, form: str) -> None:
    """JPG, JPEG, PNG and WEBP are images."""
    held = target.control.upload(f"fox.{form.lower()}", picture(640, 480, form))
    RawClient(target).start("tm_img2video_b", {"prompt": "a fox", "image": held["url"]})


@proves("tomoviee:limits.input_size", "tomoviee:errors.http", side="server")
@pytest.mark.parametrize(
    ("name", "content"),
    [("fox.gif", picture(640, 480, "GIF")), ("fox.png", b"no image"), ("fox.jpg", b"<html></html>")],
)
def test_a_file_that_is_no_such_image_is_refused(target: Target, name: str, content: bytes) -> None:
    """A file of any other format is refused with 680422, and costs nothing."""
    held = target.control.upload(name, content)
    raw = RawClient(target)
    assert_refused(raw.post(CREATE + "tm_img2video_b", {"prompt": "a fox", "image": held["url"]}), 680422)
    assert target.control.tasks(raw.name) == []


@proves("tomoviee:redrawing.params", "tomoviee:errors.http", side="server")
@pytest.mark.parametrize(
    ("size", "mask"), [((500, 600), None), ((2048, 900), None), ((1900, 600), None), ((800, 600), (600, 800))]
)
def test_an_image_of_another_size_is_not_redrawn(
    target: Target, size: tuple[int, int], mask: tuple[int, int] | None
) -> None:
    """Sides are over 512 and under 2048, the ratio is under 3, and a mask has the size of its image."""
    body = {"prompt": "a wolf", "init_image": target.control.upload("fox.png", picture(*size))["url"]}
    if mask is not None:
        body["mask_url"] = target.control.upload("mask.png", picture(*mask))["url"]
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
def test_a_download_outlives_trouble_that_passes(target: Target, tmp_path: Path, fault: dict[str, Any]) -> None:
    """A broken download is taken up again and leaves the whole file and nothing else; nothing is submitted again."""
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
def test_a_download_that_cannot_be_is_an_error_and_leaves_nothing(
    target: Target, tmp_path: Path, fault: dict[str, Any]
) -> None:
    """What never passes ends in a DownloadError, with nothing on disk; the job can be saved later."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    output = client.text_to_video("a fox").result()[0]
    target.control.fault(**fault, vendor="tomoviee", path=output.url.partition("/_files/")[2].partition("/")[0])
    with pytest.raises(errors.DownloadError):
        output.save(tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_film_with_another_checksum_is_not_kept(target: Target, tmp_path: Path) -> None:
    """A film whose SHA-256 is another than was asked for leaves nothing; with its own it is saved."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    output = client.text_to_video("a fox").result()[0]
    with pytest.raises(errors.ChecksumMismatch):
        output.save(tmp_path / "film.mp4", sha256="0" * 64)
    assert list(tmp_path.iterdir()) == []
    digest = hashlib.sha256(output.save(tmp_path / "film.mp4").read_bytes()).hexdigest()
    output.save(tmp_path / "film.mp4", sha256=digest)


def test_a_film_that_is_too_large_is_not_kept(target: Target, tmp_path: Path) -> None:
    """A film of more bytes than are allowed leaves nothing; one of exactly as many is saved."""
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock())
    output = client.text_to_video("a fox").result()[0]
    size = output.save(tmp_path / "film.mp4").stat().st_size
    (tmp_path / "film.mp4").unlink()
    with pytest.raises(errors.DownloadTooLarge):
        output.save(tmp_path / "film.mp4", max_bytes=size - 1)
    assert list(tmp_path.iterdir()) == []
    output.save(tmp_path / "film.mp4", max_bytes=size)


def test_what_arrived_of_a_film_can_be_kept_and_gone_on_with(target: Target, tmp_path: Path) -> None:
    """With resume, a broken download keeps its part, and the next one asks for the rest only."""
    sent: list[httpx.Request] = []
    http = target.http(event_hooks={"request": [sent.append]})
    client = target.client(CONTRACT, target.new_account(), clock=target.advancing_clock(), http=http)
    output = client.text_to_video("a fox").result()[0]
    whole = output.save(tmp_path / "whole.mp4").read_bytes()
    path = output.url.partition("/_files/")[2].partition("/")[0]
    target.control.fault("truncate", vendor="tomoviee", path=path, times=5)
    with pytest.raises(errors.DownloadError):
        output.save(tmp_path / "film.mp4", resume=True)
    assert not (tmp_path / "film.mp4").exists()
    assert len(list(tmp_path.iterdir())) > 1
    assert output.save(tmp_path / "film.mp4", resume=True).read_bytes() == whole
    assert sent[-1].headers["range"].startswith("bytes=")
    assert sorted(kept.name for kept in tmp_path.iterdir()) == ["film.mp4", "whole.mp4"]
