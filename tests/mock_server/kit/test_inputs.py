"""Input files: uploads are inspected, inputs of create calls are validated, and jobs can be chained."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PILImage

from soundstage_server.kit.inputs import MEASURED, InputLimits
from soundstage_server.media import Audio, Image, Mask, Video, render
from soundstage_server.vendors.tomoviee import TomovieeService
from soundstage_server.world.uploads import UploadStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from soundstage_server import World
    from soundstage_server.model.account import Task
    from tests.mock_server.conftest import Caller, Kit, Reply

HOST = "http://127.0.0.1:8080"
ELSEWHERE = "https://example.test/a.png"
APPLICATION = "/v1/open/capacity/application/"


def image_bytes(width: int, height: int, kind: str = "PNG") -> bytes:
    """A plain image."""
    file = io.BytesIO()
    PILImage.new("L", (width, height)).save(file, kind)
    return file.getvalue()


@pytest.fixture(scope="module")
def videos() -> dict[str, bytes]:
    """A video that may be continued, and videos that break one rule each."""
    wanted = {"right": (1280, 720, 5.0), "short": (1280, 720, 4.5), "lines": (640, 360, 5.0), "tall": (720, 1280, 5.0)}
    return {name: render(Video(*size, "A fox", "input", 1, fps=2)) for name, size in wanted.items()}


@pytest.fixture
def world(kit: Kit) -> Iterator[World]:
    """A world with a manual clock and enough money."""
    with kit.world() as made:
        made.account("tomoviee", "key-1").ledger.set_available(10**6, 0.0)
        yield made


@pytest.fixture
def caller(kit: Kit, world: World) -> Caller:
    """A caller of that world."""
    return kit.caller(world)


def upload(world: World, name: str, content: bytes) -> str:
    """Upload a file, and return its URL."""
    return HOST + world.add_upload(name, content)


def create(caller: Caller, capability: str, **params: object) -> Reply:
    """Send a create call."""
    return caller.send("POST", APPLICATION + capability, params)


def made(caller: Caller, capability: str, **params: object) -> tuple[Task, list[str]]:
    """Create a task, let it end, and return it with its result URLs."""
    reply = create(caller, capability, **params).json()
    assert reply["code"] == 0, reply
    service = caller.app.world.services["tomoviee"]
    task = service.tasks[reply["data"]["task_id"]]
    task.account.advance(task.ends - task.account.now())
    return task, service.result_urls(task)


def refused(reply: Reply, code: int, fact: str, *words: str) -> None:
    """Check a refusal: its code, its fact, and what its message names."""
    body = reply.json()
    assert body["code"] == code, body
    assert reply.headers["x-soundstage-fact"] == f"tomoviee:{fact}"
    for word in words:
        assert word in body["msg"]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_uploaded_image_is_described_and_served(kit: Kit, caller: Caller, kind: str) -> None:
    """URL, digest, size and sides; the same bytes are served, to HEAD and range requests too."""
    content = image_bytes(60, 40, kind)
    reply = kit.control(caller.app, "POST", "/files", content, query="name=a%20fox.x")
    upload_json = reply.json()
    url = upload_json.pop("url")
    assert reply.status == 201
    assert url.startswith(f"{HOST}/_soundstage/files/")
    assert url.endswith("/a%20fox.x")
    assert upload_json == {
        "name": "a fox.x", "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content),
        "kind": "image", "format": kind, "width": 60, "height": 40, "seconds": None, "rate": None,
    }  # fmt: skip
    path = url.replace("%20", " ")
    got = caller.fetch(path)
    assert (got.status, got.content, got.headers["content-type"]) == (200, content, f"image/{kind.lower()}")
    assert caller.fetch(path, "HEAD").headers["content-length"] == str(len(content))
    assert caller.fetch(path, Range="bytes=0-3").content == content[:4]
    assert kit.control(caller.app, "POST", "/files", content, query="name=a%20fox.x").json()["url"] == url
    assert caller.fetch(path.replace("a fox", "another")).status == 404


def test_media_kind_is_detected_from_the_bytes(world: World, videos: dict[str, bytes]) -> None:
    """Names do not matter; an unreadable or incomplete file has no kind."""

    def looks(content: bytes) -> tuple[Any, ...]:
        return tuple(world.uploads.add("x.txt", content).info)

    assert looks(videos["right"]) == ("video", "MP4", 1280, 720, 5.0, 2.0)
    kind, label, width, height, seconds, _ = looks(render(Audio(2.0, 1, "music")))
    assert (kind, label, width, height) == ("audio", "MP3", None, None)
    assert seconds == pytest.approx(2.0, abs=0.1)
    assert looks(videos["right"].replace(b"ftypisom", b"ftypqt  ", 1))[:2] == ("video", "MOV")
    assert looks(b"\0\0\0\x18ftypheic" + bytes(50)) == ("image", "HEIC", None, None, None, None)
    size = b"ispe" + bytes(4) + (4032).to_bytes(4, "big") + (3024).to_bytes(4, "big")
    tile = b"ispe" + bytes(4) + (512).to_bytes(4, "big") * 2
    heic = b"\0\0\0\x18ftypheic" + bytes(12) + tile + size + tile
    assert looks(heic) == ("image", "HEIC", 4032, 3024, None, None)
    nothing = ("other", None, None, None, None, None)
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://192.0.2.1/a.ts\n#EXT-X-ENDLIST\n"
    for content in (
        b"",
        b"hello",
        b"<svg/>",
        playlist,
        videos["right"][:500],
        b"ID3" + bytes(50),
        b"\x89PNG\r\n\x1a\n",
    ):
        assert looks(content) == nothing, content[:20]


@pytest.mark.parametrize("name", ["", "a/b", "x" * 201, "a\nb"])
def test_invalid_upload_name_is_refused(kit: Kit, caller: Caller, name: str) -> None:
    """In Python and over HTTP, with what is allowed; a missing name, too."""
    with pytest.raises(ValueError, match="name must be 1 to 200 printable characters"):
        caller.app.world.add_upload(name, b"x")
    query = "name=" + "".join(f"%{byte:02x}" for byte in name.encode())
    reply = kit.control(caller.app, "POST", "/files", b"x", query=query)
    assert (reply.status, "name must be" in reply.json()["detail"]) == (422, True)
    assert kit.control(caller.app, "POST", "/files", b"x").status == 422


def test_uploads_are_bounded_and_removed_with_the_world(kit: Kit, caller: Caller) -> None:
    """The oldest are evicted; a file past the limit is refused; a reset and the end remove all."""
    world = caller.app.world
    world.uploads.max_bytes = 100
    first, second = (upload(world, name, name.encode() * 40) for name in "ab")
    assert caller.fetch(first).status == 200
    third = upload(world, "c", b"c" * 40)
    assert [caller.fetch(url).status for url in (first, second, third)] == [404, 200, 200]
    with pytest.raises(ValueError, match="at most 100 bytes; got 101"):
        world.add_upload("big", b"x" * 101)
    assert kit.control(caller.app, "POST", "/files", b"x" * 101, query="name=big").status == 413
    stored = world.uploads.find_by_url(third)
    assert stored is not None
    world.reset(world.account("tomoviee", "key-1"))
    assert stored.path.exists()
    world.reset()
    assert not stored.path.exists()
    folder: Path = stored.path.parent
    world.close()
    world.close()
    assert not folder.exists()
    with pytest.raises(RuntimeError, match="the upload store is closed"):
        world.add_upload("late", b"x")


def test_equal_upload_is_stored_once() -> None:
    """A file that is uploaded twice is stored once, and counts as the newest."""
    shelf = UploadStore(room=2)
    one = shelf.add("a", b"1")
    shelf.add("b", b"2")
    assert shelf.add("a", b"1") is one
    shelf.add("c", b"3")
    assert shelf.find_by_url(one.address) is one
    shelf.close()


LINKS: list[tuple[str, str, dict[str, Any]]] = [
    ("tm_img2video_b", "image", {"prompt": "A fox"}),
    ("tm_tail2video_b", "image_tail", {"prompt": "A fox", "image": ELSEWHERE}),
    ("tm_video_continuation_b", "video", {"prompt": "A fox"}),
    ("tm_redrawing", "init_image", {"prompt": "A fox"}),
    ("tm_redrawing", "mask_url", {"prompt": "A fox", "init_image": ELSEWHERE}),
    ("tm_reference_img2mask", "image", {}),
    ("tm_video_scoring", "video", {}),
]


@pytest.mark.parametrize("call", LINKS)
def test_upload_size_and_format_are_checked(
    monkeypatch: pytest.MonkeyPatch, world: World, caller: Caller, call: tuple[str, str, dict[str, Any]]
) -> None:
    """A file of the limit is too large, an unknown format is refused, and nothing is spent."""
    capability, name, others = call
    before = world.account("tomoviee", "key-1").ledger.available
    limits = TomovieeService.input_limits
    assert limits is not None
    assert limits.bytes == 200_000_000
    monkeypatch.setattr(TomovieeService, "input_limits", InputLimits(20, *limits[1:]))
    reply = create(caller, capability, **others, **{name: upload(world, "a", b"x" * 20)})
    refused(reply, 680413, "limits.input_size", name, "smaller than 20 bytes; got 20")
    reply = create(caller, capability, **others, **{name: upload(world, "a", b"x" * 19)})
    body = reply.json()
    assert body["code"] == 680422
    assert f"{name} must be one of" in body["msg"]
    assert list(world.tasks()) == []
    assert world.account("tomoviee", "key-1").ledger.available == before
    assert create(caller, capability, **others, **{name: ELSEWHERE}).json()["code"] == 0
    monkeypatch.setattr(TomovieeService, "input_limits", None)
    assert create(caller, capability, **others, **{name: upload(world, "a", b"x")}).json()["code"] == 0


def test_formats_are_the_documented_ones(world: World, caller: Caller, videos: dict[str, bytes]) -> None:
    """JPG, PNG and WEBP are images, MP4 is a video; redrawing takes no WEBP."""
    for kind, code in (("PNG", 0), ("JPEG", 0), ("WEBP", 0), ("GIF", 680422)):
        reply = create(caller, "tm_img2video_b", prompt="x", image=upload(world, "a", image_bytes(600, 600, kind)))
        assert reply.json()["code"] == code
    refused(reply, 680422, "limits.input_size", "image must be one of JPEG, PNG, WEBP; got GIF")
    reply = create(caller, "tm_redrawing", prompt="x", init_image=upload(world, "a", image_bytes(600, 600, "WEBP")))
    refused(reply, 680422, "redrawing.params", "init_image must be one of JPEG, PNG; got WEBP")
    reply = create(caller, "tm_img2video_b", prompt="x", image=upload(world, "a", videos["right"]))
    refused(reply, 680422, "limits.input_size", "got MP4")


@pytest.mark.parametrize(
    ("video", "expected"),
    [("right", ""), ("tall", ""), ("short", "last 5 seconds; got 4.5"), ("lines", "be 720p; got 640x360")],
)
def test_continuation_needs_five_seconds_of_720p(
    world: World, caller: Caller, videos: dict[str, bytes], video: str, expected: str
) -> None:
    """In either orientation; a refusal names the video's own size or duration."""
    reply = create(caller, "tm_video_continuation_b", prompt="x", video=upload(world, "a.mp4", videos[video]))
    if expected:
        refused(reply, 680422, "continuation.params", f"video must {expected}")
    else:
        assert reply.json()["code"] == 0


@settings(deadline=None, max_examples=40)
@given(width=st.integers(500, 2060), height=st.integers(500, 2060))
def test_redrawing_takes_the_documented_sizes(kit: Kit, width: int, height: int) -> None:
    """Over 512, under 2048, ratio under 3; the result has the image's own size."""
    with kit.world() as world:
        caller = kit.caller(world)
        reply = create(caller, "tm_redrawing", prompt="x", init_image=upload(world, "a", image_bytes(width, height)))
        short, long = sorted((width, height))
        if short > 512 and long < 2048 and long < 3 * short:
            assert reply.json()["code"] == 0
            (task,) = world.tasks()
            (output,) = world.services["tomoviee"].outputs(task)
            assert isinstance(output, Image)
            assert (output.width, output.height) == (width, height)
        else:
            refused(reply, 680422, "redrawing.params", "init_image must", f"got {width}x{height}")


@pytest.mark.parametrize(
    ("size", "expected"),
    [((512, 600), "over 512"), ((600, 2048), "under 2048"), ((1800, 600), "ratio of its sides under 3")],
)
def test_redrawing_names_the_broken_rule(world: World, caller: Caller, size: tuple[int, int], expected: str) -> None:
    """At the boundary of each rule, with its fact."""
    reply = create(caller, "tm_redrawing", prompt="x", init_image=upload(world, "a", image_bytes(*size)))
    refused(reply, 680422, "redrawing.params", expected)


@pytest.mark.parametrize(
    ("reading", "image", "mask"), [("skill", "init_image", "mask_url"), ("pages", "image", "mask")]
)
def test_mask_must_have_the_images_size(kit: Kit, reading: str, image: str, mask: str) -> None:
    """In both readings; for an unknown image, any mask is accepted."""
    with kit.world(dialects={"tomoviee.parameters": reading}) as world:
        caller = kit.caller(world)
        right, wrong = (upload(world, "m", image_bytes(width, 600)) for width in (700, 701))
        ours = upload(world, "i", image_bytes(700, 600))
        assert create(caller, "tm_redrawing", prompt="x", **{image: ours, mask: right}).json()["code"] == 0
        assert create(caller, "tm_redrawing", prompt="x", **{image: ELSEWHERE, mask: wrong}).json()["code"] == 0
        reply = create(caller, "tm_redrawing", prompt="x", **{image: ours, mask: wrong})
        refused(reply, 680422, "redrawing.params", f"{mask} must have the size of {image}, 700x600; got 701x600")


def test_recognized_mask_is_accepted_for_redrawing(world: World, caller: Caller) -> None:
    """A mask is accepted for the image that it was made from, and for no other."""
    ours = upload(world, "i", image_bytes(900, 600))
    task, masks = made(caller, "tm_reference_img2mask", image=ours)
    outputs = world.services["tomoviee"].outputs(task)
    assert all(isinstance(one, Mask) and (one.width, one.height) == (900, 600) for one in outputs)
    task, _ = made(caller, "tm_redrawing", prompt="x", init_image=ours, mask_url=masks[0])
    assert task.params[MEASURED] == {"init_image": [900, 600], "mask_url": [900, 600]}
    other = upload(world, "j", image_bytes(901, 600))
    refused(create(caller, "tm_redrawing", prompt="x", init_image=other, mask_url=masks[0]), 680422, "redrawing.params")


def test_mask_of_a_tiny_image_has_the_minimum_size(world: World, caller: Caller) -> None:
    """An image below the minimum gets the smallest possible mask."""
    task, _ = made(caller, "tm_reference_img2mask", image=upload(world, "i", image_bytes(3, 600)))
    mask = world.services["tomoviee"].outputs(task)[0]
    assert isinstance(mask, Mask)
    assert (mask.width, mask.height) == (16, 600)


def test_videos_are_chained_by_result_url(kit: Kit, world: World, caller: Caller) -> None:
    """A 720p video is continued repeatedly; 1080p, audio, unfinished and expired ones are refused."""
    task, (url,) = made(caller, "tm_text2video_b", prompt="x")
    for _ in range(3):
        task, (url,) = made(caller, "tm_video_continuation_b", prompt="x", video=url)
    _, (large,) = made(caller, "tm_text2video_b", prompt="x", resolution="1080p")
    refused(
        create(caller, "tm_video_continuation_b", prompt="x", video=large), 680422, "continuation.params", "be 720p"
    )
    _, (sound,) = made(caller, "tm_text2sfx", prompt="x", duration=5)
    refused(
        create(caller, "tm_video_continuation_b", prompt="x", video=sound), 680422, "continuation.params", "got MP3"
    )
    create(caller, "tm_text2video_b", prompt="x")
    (early,) = world.services["tomoviee"].result_urls(list(world.tasks())[-1])
    refused(create(caller, "tm_video_continuation_b", prompt="x", video=early), 680422, "continuation.params", "yet")
    forged = url.replace("Signature=", "Signature=0")
    refused(create(caller, "tm_video_continuation_b", prompt="x", video=forged), 680422, "continuation.params")
    assert create(kit.caller(world, credential="other"), "tm_video_scoring", video=url).json()["code"] == 0
    task.account.advance(31 * 24 * 3600)
    reply = create(caller, "tm_video_continuation_b", prompt="x", video=url)
    refused(reply, 680422, "continuation.params", "video: the address has expired")


def test_missing_upload_is_refused_and_foreign_urls_are_trusted(world: World, caller: Caller) -> None:
    """Uploads are recognized by path; other addresses are never requested."""
    url = upload(world, "a", image_bytes(600, 600))
    assert create(caller, "tm_img2video_b", prompt="x", image=url.replace(HOST, "http://[::1]:1")).json()["code"] == 0
    world.uploads.clear()
    reply = create(caller, "tm_img2video_b", prompt="x", image=url)
    refused(reply, 680422, "img2video.params", "image: no such file was uploaded")
    for other in ("https://example.test/_files/nothing/0.mp4", "https://example.test/x.gif", ELSEWHERE):
        assert create(caller, "tm_img2video_b", prompt="x", image=other).json()["code"] == 0


@pytest.mark.parametrize(
    ("size", "video"),
    [
        ((1600, 900), (1280, 720)), ((900, 1600), (720, 1280)), ((500, 500), (720, 720)), ((800, 600), (960, 720)),
        ((4000, 10), (2880, 720)), ((10, 4000), (720, 2880)),
    ],
)  # fmt: skip
def test_original_ratio_is_that_of_the_uploaded_image(
    world: World, caller: Caller, size: tuple[int, int], video: tuple[int, int]
) -> None:
    """Within the limits of a video; 16:9 for an unknown image."""
    image = upload(world, "a", image_bytes(*size))
    for capability, more in (("tm_img2video_b", {}), ("tm_tail2video_b", {"image_tail": ELSEWHERE})):
        task, _ = made(caller, capability, prompt="x", image=image, aspect_ratio="original", **more)
        (output,) = world.services["tomoviee"].outputs(task)
        assert isinstance(output, Video)
        assert (output.width, output.height) == video
    task, _ = made(caller, "tm_img2video_b", prompt="x", image=ELSEWHERE, aspect_ratio="original")
    (output,) = world.services["tomoviee"].outputs(task)
    assert isinstance(output, Video)
    assert (output.width, output.height) == (1280, 720)


def test_site_reading_limits_a_video_to_be_scored(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, videos: dict[str, bytes]
) -> None:
    """At most 120 MB and 95 seconds in that reading, and neither limit in another."""
    long = render(Video(64, 64, 96.0, "x", "input", 1, fps=1))
    with kit.world(dialects={"tomoviee.parameters": "site"}) as world:
        caller = kit.caller(world)
        reply = create(caller, "tm_video_scoring", prompt="x", file_link=upload(world, "a", long))
        refused(reply, 680422, "video_scoring.params", "file_link must last at most 95 seconds; got 96")
        video = upload(world, "a", videos["right"])
        assert create(caller, "tm_video_scoring", prompt="x", file_link=video).json()["code"] == 0
        stored = world.uploads.find_by_url(video)
        assert stored is not None
        monkeypatch.setattr(world.uploads, "find_by_url", lambda _: replace(stored, bytes=120_000_001))
        reply = create(caller, "tm_video_scoring", prompt="x", file_link=video)
        refused(reply, 680413, "video_scoring.params", "file_link must have at most 120000000 bytes; got 120000001")
        world.dialects.choose({"tomoviee.parameters": "skill"})
        assert create(caller, "tm_video_scoring", video=video).json()["code"] == 0


def test_upload_url_uses_the_public_url(kit: Kit) -> None:
    """Upload URLs use the world's public URL."""
    with kit.world(public_url="https://sim.example.test/base") as world:
        upload_json = kit.control(kit.caller(world).app, "POST", "/files", b"x", query="name=a").json()
        assert upload_json["url"].startswith("https://sim.example.test/base/_soundstage/files/")
        found = world.uploads.find_by_url(upload_json["url"])
        assert found is not None


def with_latin1_title(content: bytes) -> bytes:
    """Return an MP3 file whose ID3 tag has a title in Latin-1."""
    title = b"TIT2" + (8).to_bytes(4) + b"\0\0" + b"\x00Caf\xe9 \xfc!"
    return b"ID3\x03\0\0" + bytes([0, 0, 0, len(title)]) + title + content


def test_title_in_latin_1_is_no_obstacle(world: World) -> None:
    """An MP3 file is described, whatever the encoding of its tags."""
    stored = world.uploads.get(
        world.add_upload("a.mp3", with_latin1_title(render(Audio(2.0, 1, "music")))).split("/")[3]
    )
    assert stored is not None
    assert (stored.info.kind, stored.info.format, round(stored.info.seconds or 0)) == ("audio", "MP3", 2)


def test_unknown_codec_is_described_without_its_size(world: World, videos: dict[str, bytes]) -> None:
    """The container is still a video; a limit on sides does not apply to what is unknown."""
    content = next(iter(videos.values())).replace(b"avc1", b"zzzz")
    stored = world.uploads.get(world.add_upload("a.mp4", content).split("/")[3])
    assert stored is not None
    assert stored.info.kind in ("video", "other")


def test_refused_file_leaves_nothing_on_disk(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one that breaks the library that reads it, nor half of one that does not fit on the disk."""
    world.add_upload("good.txt", b"good")
    folder = next(iter(world.uploads._uploads.values())).path.parent
    before = sorted(folder.iterdir())

    def fail(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("soundstage_server.world.uploads.inspect_file", fail)
    with pytest.raises(RuntimeError, match="broken"):
        world.add_upload("bad.txt", b"bad")
    assert sorted(folder.iterdir()) == before
