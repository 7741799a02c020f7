"""Downloads: complete files or none, resumed transfers, checks of size, kind and digest."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from soundstage import FileSaved, Media, RetryPolicy, errors
from soundstage._protocol.downloads import Download, SaveOptions
from soundstage._protocol.file_names import job_file_names
from soundstage._values.messages import Interrupted, NotSent, Open, Read, Request, Response
from soundstage._values.redaction import hide_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.clients.conftest import Kit, ScriptedDriver

URL = "https://cdn.example/videos/video.mp4?Signature=planted"


@dataclass
class Host:
    """A host of one file that breaks off at given places, and supports Range and If-Range."""

    content: bytes
    etag: str = '"v1"'
    breaks: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    requested: list[dict[str, str]] = field(default_factory=list)
    chunk: int = 700

    def __call__(self, request: Request) -> Response:
        """Return the head of the response; `body` has the rest."""
        self.requested.append(dict(request.headers))
        begin = 0
        span = request.headers.get("Range")
        if span and request.headers.get("If-Range") == self.etag:
            begin = int(span.removeprefix("bytes=").removesuffix("-"))
            if begin >= len(self.content):
                return self._answer(416, b"", {})
        rest = self.content[begin:]
        extra = {"content-range": f"bytes {begin}-{len(self.content) - 1}/{len(self.content)}"} if begin else {}
        return self._answer(206 if begin else 200, rest, extra)

    def _answer(self, status: int, rest: bytes, extra: dict[str, str]) -> Response:
        self.rest = rest
        etag = {"etag": self.etag} if self.etag else {}
        return Response(status, {"content-length": str(len(rest)), **etag, **extra, **self.headers})

    def body(self) -> Iterator[bytes | Exception]:
        """Yield the chunks up to the next break."""
        end = self.breaks.pop(0) if self.breaks else len(self.rest) + 1
        for begin in range(0, min(end, len(self.rest)), self.chunk):
            yield self.rest[begin : min(begin + self.chunk, end)]
        if end <= len(self.rest):
            yield Interrupted("ReadError")


def serve(kit: Kit, host: Host) -> ScriptedDriver:
    """Return a driver for *host* whose bodies come in chunks."""
    driver = kit.driver(host)
    ordinary = driver._perform
    pieces: Iterator[bytes | Exception] = iter(())

    def perform(effect: object) -> object:
        nonlocal pieces
        if isinstance(effect, Read):
            piece = next(pieces, b"")
            if isinstance(piece, Exception):
                raise piece
            return piece
        result = ordinary(effect)
        if isinstance(effect, Open):
            pieces = host.body()
        return result

    driver._perform = perform  # type: ignore[method-assign]  # the script has bodies of its own
    return driver


def test_file_is_saved_completely(kit: Kit, tmp_path: Path) -> None:
    """The file has all its bytes and ordinary permissions, and nothing else is left beside it."""
    recorded: list[object] = []
    driver = serve(kit, Host(kit.video))
    path = kit.save(driver, tmp_path / "new" / "video.mp4", service=kit.service(on_event=recorded.append))
    assert path.read_bytes() == kit.video
    assert [entry.name for entry in path.parent.iterdir()] == ["video.mp4"]
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    assert path.stat().st_mode == plain.stat().st_mode
    assert FileSaved("tomoviee", hide_query(URL), path, len(kit.video)) in recorded


def test_existing_file_is_replaced(kit: Kit, tmp_path: Path) -> None:
    """Saving again replaces the file in one step."""
    (tmp_path / "video.mp4").write_bytes(b"old")
    assert kit.save(serve(kit, Host(kit.video)), tmp_path / "video.mp4").read_bytes() == kit.video


@pytest.mark.parametrize(
    ("url", "kind", "name"),
    [
        (URL, "video", "video.mp4"),
        ("https://a.example/%2e%2e%2fetc%2fpass wd?x", "video", "pass wd.mp4"),
        ("https://a.example/", "image", "image.png"),
        ("https://a.example/..", "audio", "audio.mp3"),
        ("https://a.example/a%00b;rm.webm", "video", "a_b_rm.mp4"),
        ("https://a.example/" + "x" * 500 + ".mp4", "video", "x" * 116 + ".mp4"),
        ("https://a.example/file", "diagram", "file"),
    ],
)
def test_file_in_a_folder_is_named_after_its_address(kit: Kit, tmp_path: Path, url: str, kind: str, name: str) -> None:
    """The name is the last part of the address, without special characters, and the suffix that of the bytes."""
    content = {"image": b"\x89PNG\r\n\x1a\n", "audio": b"ID3", "diagram": b"flowchart"}.get(kind, kit.video)
    path = kit.save(serve(kit, Host(content)), tmp_path, Media(url, kind))
    assert path == tmp_path / name
    assert path.read_bytes() == content


@given(names=st.lists(st.text(max_size=30), min_size=1, max_size=4), job_id=st.text(max_size=200))
def test_files_of_a_job_have_distinct_names(names: list[str], job_id: str) -> None:
    """Whatever the ids and addresses, the names are distinct and stay in their folder."""
    results = [Media(f"https://a.example/{name}", "video") for name in names]
    made = [name for _, name in job_file_names(job_id, results)]
    assert len(set(made)) == len(results)
    assert all(Path("folder", name).parent == Path("folder") and not name.startswith(".") for name in made)
    assert all(len(name.encode()) <= 140 for name in made)


@example(breaks=[0, 0, 60, 2000], etag='"v1"', resume=False, checked=False)  # the last break comes after the last byte
@given(
    breaks=st.lists(st.integers(0, 2000), max_size=4),
    etag=st.sampled_from(['"v1"', "", 'W/"v1"']),
    resume=st.booleans(),
    checked=st.booleans(),
)
def test_broken_transfer_is_continued(
    kit: Kit, tmp_path_factory: pytest.TempPathFactory, *, breaks: list[int], etag: str, resume: bool, checked: bool
) -> None:
    """Wherever and however often it breaks, the file is correct, and with a strong ETag no byte is fetched twice."""
    host = Host(kit.video, etag=etag, breaks=list(breaks))
    folder = tmp_path_factory.mktemp("videos")
    sha = hashlib.sha256(kit.video).hexdigest() if checked else None
    path = kit.save(serve(kit, host), folder / "video.mp4", resume=resume, sha256=sha)
    assert path.read_bytes() == kit.video
    assert [entry.name for entry in folder.iterdir()] == ["video.mp4"]
    if etag == '"v1"':
        arrived = 0
        for requested, end in zip(host.requested, breaks, strict=False):
            assert requested.get("Range") == (f"bytes={arrived}-" if arrived else None)
            arrived = min(arrived + end, len(kit.video)) if arrived + end <= len(kit.video) else arrived
    else:
        assert all("Range" not in requested for requested in host.requested)


def test_progress_renews_the_retries(kit: Kit, tmp_path: Path) -> None:
    """A host that breaks off repeatedly is tried again while each round adds a mebibyte, and no longer."""
    video = b"\0\0\0\x18ftypmp42" + bytes(5 << 20)
    host = Host(video, breaks=[2 << 20, 2 << 20], chunk=1 << 16)
    service = kit.service(retry=RetryPolicy(attempts=1))
    assert kit.save(serve(kit, host), tmp_path / "video.mp4", service=service).read_bytes() == video
    assert [requested.get("Range") for requested in host.requested] == [None, f"bytes={2 << 20}-", f"bytes={4 << 20}-"]
    stingy = Host(video, breaks=[1000] * 99)
    with pytest.raises(errors.DownloadIncomplete):
        kit.save(serve(kit, stingy), tmp_path / "video.mp4", service=service)
    assert len(stingy.requested) == 1


def test_resume_continues_an_earlier_download(kit: Kit, tmp_path: Path) -> None:
    """With resume a broken download leaves a part and its ETag, and the next one requests only the rest."""
    once = RetryPolicy(attempts=1)
    broken = serve(kit, Host(kit.video, breaks=[1500]))
    with pytest.raises(errors.DownloadIncomplete):
        kit.save(broken, tmp_path / "video.mp4", service=kit.service(retry=once), resume=True)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["video.mp4.part", "video.mp4.part.json"]
    assert "planted" not in (tmp_path / "video.mp4.part.json").read_text(encoding="utf-8")
    host = Host(kit.video)
    sha = hashlib.sha256(kit.video).hexdigest()
    renewed = Media(URL.replace("planted", "renewed"), "video")
    assert (
        kit.save(serve(kit, host), tmp_path / "video.mp4", renewed, resume=True, sha256=sha).read_bytes() == kit.video
    )
    assert (host.requested[0]["Range"], host.requested[0]["If-Range"]) == ("bytes=1500-", '"v1"')
    assert [entry.name for entry in tmp_path.iterdir()] == ["video.mp4"]


@pytest.mark.parametrize(
    "change", ["other etag", "no note", "bad note", "other address", "no part", "longer than the file"]
)
def test_part_of_another_file_is_not_continued(kit: Kit, tmp_path: Path, change: str) -> None:
    """A part is continued only when ETag and address prove that it is the same file, and it is not longer."""
    part, note = tmp_path / "video.mp4.part", tmp_path / "video.mp4.part.json"
    part.write_bytes(b"\0\0\0\x18ftyp of another video" * 9)
    source = "https://cdn.example/videos/video.mp4"
    note.write_text(json.dumps({"source": source, "etag": '"v1"'}), encoding="utf-8")
    host = Host(kit.video)
    if change == "other etag":
        host.etag = '"v2"'
    elif change == "no note":
        note.unlink()
    elif change == "bad note":
        note.write_text("[]", encoding="utf-8")
    elif change == "other address":
        note.write_text(json.dumps({"source": source + "2", "etag": '"v1"'}), encoding="utf-8")
    elif change == "no part":
        part.unlink()
    else:
        part.write_bytes(part.read_bytes() + kit.video)
    assert kit.save(serve(kit, host), tmp_path / "video.mp4", resume=True).read_bytes() == kit.video
    assert [entry.name for entry in tmp_path.iterdir()] == ["video.mp4"]


@pytest.mark.parametrize(
    "answer",
    [
        {"content-range": "bytes 5-9/10"},
        {"content-range": "nonsense"},
        {},
        {"content-range": "bytes 700-2071/2072", "etag": '"v2"'},
    ],
)
def test_wrong_range_is_discarded(kit: Kit, tmp_path: Path, answer: dict[str, str]) -> None:
    """A partial response with another start, or of a changed file, is discarded, and the file is fetched again."""
    scenario = iter(
        [
            Response(200, {"etag": '"v1"', "content-length": str(len(kit.video))}, kit.video[:700]),
            Response(206, answer, kit.video[700:]),
            Response(200, {}, kit.video),
        ]
    )
    driver = kit.driver(lambda _: next(scenario))
    assert kit.save(driver, tmp_path / "video.mp4").read_bytes() == kit.video
    assert [request.headers.get("Range") for request in driver.sent] == [None, "bytes=700-", None]


@pytest.mark.parametrize(("ends", "total"), [("2072", 2072), ("*", None)])
def test_unrequested_range_is_checked_for_length(kit: Kit, tmp_path: Path, ends: str, total: int | None) -> None:
    """A partial response to a plain request is complete only when it has the reported length."""
    recorded: list[tuple[int, int | None]] = []
    answer = Response(206, {"content-range": f"bytes 0-699/{ends}"}, kit.video[:700])
    driver = kit.answering(answer)

    def progress(done: int, whole: int | None) -> None:
        recorded.append((done, whole))

    if total is None:
        assert len(kit.save(driver, tmp_path / "video.mp4", on_progress=progress).read_bytes()) == 700
    else:
        with pytest.raises(errors.DownloadIncomplete, match="700 of 2072"):
            kit.save(driver, tmp_path / "video.mp4", on_progress=progress)
    assert recorded[-1] == (700, total)


BAD: dict[str, tuple[Response | Exception, type[errors.DownloadError], str, dict[str, Any]]] = {
    "expired": (Response(403), errors.DownloadRefused, "may have expired", {}),
    "gone": (Response(404), errors.DownloadRefused, "HTTP 404", {}),
    "not ready": (Response(503, {"retry-after": "1"}), errors.DownloadRefused, "HTTP 503", {}),
    "no place to go": (Response(302), errors.DownloadRefused, "HTTP 302", {}),
    "a page": (Response(200, {}, b"<!DOCTYPE html><html>"), errors.ContentMismatch, "HTML", {}),
    "json": (Response(200, {}, b'{"code": 1}'), errors.ContentMismatch, "JSON", {}),
    "a long page": (Response(200, {}, b"<html>" + b"x" * 5000), errors.ContentMismatch, "HTML", {}),
    "empty": (Response(200, {"content-length": "0"}), errors.ContentMismatch, "an empty file", {}),
    "packed": (Response(200, {"content-encoding": "br"}, b"\x1f\x8b"), errors.ContentMismatch, "encoding br", {}),
    "damaged": (
        Response(200, {"content-encoding": "gzip"}, b"\x1f\x8b\x08" + b"\xff" * 99),
        errors.DownloadIncomplete,
        "damaged",
        {},
    ),
    "half of the packed file": (
        Response(200, {"content-encoding": "gzip"}, gzip.compress(b"\0\0\0\x18ftypmp42")[:-9]),
        errors.DownloadIncomplete,
        "ends too early",
        {},
    ),
    "half of an MP4": (
        Response(200, {}, b"\0\0\0\x18ftypmp42" + bytes(12) + b"\0\x10\0\0mdat" + bytes(999)),
        errors.DownloadIncomplete,
        "its part 'mdat' ends at byte 1048600, and 1031 bytes arrived",
        {},
    ),
    "announced too large": (
        Response(200, {"content-length": "5000"}, b""),
        errors.DownloadTooLarge,
        "5000 bytes",
        {"max_bytes": 4999},
    ),
    "found too large": (
        Response(200, {}, b"\0\0\0\x18ftyp" + b"x" * 5000),
        errors.DownloadTooLarge,
        "max_bytes=99",
        {"max_bytes": 99},
    ),
    "other bytes": (
        Response(200, {}, b"\0\0\0\x18ftypmp42"),
        errors.ChecksumMismatch,
        "SHA-256 is",
        {"sha256": "0" * 64},
    ),
    "short": (
        Response(200, {"content-length": "99"}, b"\0\0\0\x18ftypmp42"),
        errors.DownloadIncomplete,
        "12 of 99",
        {},
    ),
    "unreachable": (NotSent("ConnectError: no"), errors.DownloadIncomplete, "ConnectError", {}),
}


@pytest.mark.parametrize("name", sorted(BAD))
@pytest.mark.parametrize("resume", [False, True])
def test_failed_download_leaves_no_incomplete_file(kit: Kit, tmp_path: Path, name: str, *, resume: bool) -> None:
    """Each failure has its own error with address and token; the old file stays, and nothing else is left."""
    reaction, kind, text, options = BAD[name]
    (tmp_path / "video.mp4").write_bytes(b"the old video")
    driver = kit.answering(reaction)
    with pytest.raises(kind, match=text) as caught:
        kit.save(driver, tmp_path / "video.mp4", resume=resume, **options)
    assert [entry.name for entry in tmp_path.iterdir()] == ["video.mp4"]
    assert (tmp_path / "video.mp4").read_bytes() == b"the old video"
    assert (caught.value.url, caught.value.token, caught.value.vendor) == (hide_query(URL), "token", "tomoviee")
    assert "planted" not in str(caught.value)
    assert all(request.method == "GET" and not request.paid for request in driver.sent)


def test_only_transient_failures_are_retried(kit: Kit, tmp_path: Path) -> None:
    """A failure that will not change is tried once; one that may pass as often as the retry policy allows."""
    for reaction, kind, _, options in BAD.values():
        driver = kit.answering(reaction)
        with pytest.raises(kind):
            kit.save(driver, tmp_path / "video.mp4", **options)
        passing = kind is errors.DownloadIncomplete or (isinstance(reaction, Response) and reaction.status == 503)
        assert len(driver.sent) == (RetryPolicy().attempts if passing else 1)


@pytest.mark.parametrize("name", ["a long page", "found too large", "other bytes"])
def test_wrong_content_is_not_kept(kit: Kit, tmp_path: Path, name: str) -> None:
    """A part that can never become the file is deleted, also with resume."""
    reaction, kind, _, options = BAD[name]
    assert isinstance(reaction, Response)
    tagged = replace(reaction, headers={"etag": '"v1"'})
    with pytest.raises(kind):
        kit.save(kit.answering(tagged), tmp_path / "video.mp4", resume=True, **options)
    assert list(tmp_path.iterdir()) == []


def test_temporary_failures_are_retried(kit: Kit, tmp_path: Path) -> None:
    """A host that is not ready at first delivers the file."""
    driver = kit.answering(Response(503), Response(429), NotSent("no"), Response(200, {}, kit.video))
    assert kit.save(driver, tmp_path / "video.mp4").read_bytes() == kit.video


def test_error_of_a_callback_leaves_no_file(kit: Kit, tmp_path: Path) -> None:
    """The callback's own error is raised, and nothing is left."""

    def stop(done: int, whole: int | None) -> None:
        raise ZeroDivisionError(done, whole)

    with pytest.raises(ZeroDivisionError):
        kit.save(serve(kit, Host(kit.video)), tmp_path / "video.mp4", on_progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_progress_grows_to_the_file_size(kit: Kit, tmp_path: Path) -> None:
    """The callback gets growing sizes, the last being the file's."""
    recorded: list[tuple[int, int | None]] = []
    kit.save(
        serve(kit, Host(kit.video)),
        tmp_path / "video.mp4",
        on_progress=lambda done, whole: recorded.append((done, whole)),
    )
    assert recorded == sorted(recorded)
    assert recorded[-1] == (len(kit.video), len(kit.video))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_bytes", 0),
        ("max_bytes", 1.5),
        ("max_bytes", True),
        ("sha256", "abc"),
        ("sha256", 5),
        ("resume", 1),
        ("on_progress", 5),
    ],
)
def test_invalid_options_are_refused(field: str, value: Any) -> None:
    """The error of each option has what is allowed."""
    with pytest.raises(errors.InvalidArgument) as caught:
        SaveOptions(**{field: value})
    assert caught.value.field == field


def test_sha256_may_be_upper_case(kit: Kit, tmp_path: Path) -> None:
    """Hexadecimal digits of either case are the same digest."""
    sha = hashlib.sha256(kit.video).hexdigest().upper()
    assert kit.save(serve(kit, Host(kit.video)), tmp_path / "video.mp4", sha256=sha).exists()


@pytest.mark.parametrize("stage", range(1, 11))
def test_interruption_at_any_step_leaves_no_file(kit: Kit, tmp_path: Path, stage: int) -> None:
    """After Ctrl-C at any effect of the download no incomplete file is left."""
    driver = serve(kit, Host(kit.video))
    ordinary: Callable[[object], object] = driver._perform
    steps = 0

    def perform(effect: object) -> object:
        nonlocal steps
        steps += 1
        if steps == stage:
            raise KeyboardInterrupt
        return ordinary(effect)

    driver._perform = perform  # type: ignore[method-assign]  # the interruption comes from outside
    flow = Download(kit.service(), Media(URL, "video"), None, tmp_path / "video.mp4", SaveOptions()).flow()
    with pytest.raises(KeyboardInterrupt):
        driver.run(flow)
    flow.close()
    assert [entry.name for entry in tmp_path.iterdir()] == []


def test_folder_at_the_target_is_an_os_error(kit: Kit, tmp_path: Path) -> None:
    """A folder is never replaced by a file."""
    (tmp_path / "video.mp4").mkdir()
    with pytest.raises(IsADirectoryError):
        kit.save(serve(kit, Host(kit.video)), tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["video.mp4"]


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("aws-chunked", bytes),
        ("gzip", bytes),
        ("br", bytes),
        ("identity", bytes),
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
    ],
)
@pytest.mark.parametrize("etag", ['"v1"', ""])
def test_labeled_file_is_saved_by_its_bytes(kit: Kit, tmp_path: Path, encoding: str, packed: Any, etag: str) -> None:
    """A content encoding that is only a label is ignored, and a real one is undone, wherever the transfer breaks."""
    recorded: list[tuple[int, int | None]] = []
    video = kit.video * 5
    host = Host(packed(video), etag=etag, headers={"content-encoding": encoding}, breaks=[300])
    sha = hashlib.sha256(video).hexdigest()
    path = kit.save(
        serve(kit, host),
        tmp_path / "video.mp4",
        sha256=sha,
        on_progress=lambda done, whole: recorded.append((done, whole)),
    )
    assert path.read_bytes() == video
    assert recorded[-1] == (len(video), None if packed is not bytes else len(video))


def test_size_limit_counts_decoded_bytes(kit: Kit, tmp_path: Path) -> None:
    """A small body that decodes to a large file is refused at the limit."""
    bomb = gzip.compress(b"\0\0\0\x18ftyp" + bytes(64 << 20))
    driver = serve(kit, Host(bomb, headers={"content-encoding": "gzip"}))
    with pytest.raises(errors.DownloadTooLarge):
        kit.save(driver, tmp_path / "video.mp4", max_bytes=1 << 20)
    assert list(tmp_path.iterdir()) == []


def test_guessed_kind_yields_to_the_bytes(kit: Kit, tmp_path: Path) -> None:
    """An output whose kind the service does not report is saved as what it is, and is still no page and no JSON."""
    url = "https://cdn.example/f/8c1?sig=1"
    png = b"\x89PNG\r\n\x1a\n" + bytes(2000)
    guessed = Media(url, "video", guessed=True)
    assert kit.save(serve(kit, Host(png)), tmp_path, guessed) == tmp_path / "8c1.png"
    with pytest.raises(errors.ContentMismatch, match="another kind"):
        kit.save(serve(kit, Host(png)), tmp_path, Media(url, "video"))
    for wrong in (b'{"code": 1}', b"<html>", b""):
        with pytest.raises(errors.ContentMismatch):
            kit.save(serve(kit, Host(wrong)), tmp_path, guessed)


@pytest.mark.parametrize("form", ["base64", "percent"])
def test_output_inside_the_response_is_saved(kit: Kit, tmp_path: Path, form: str) -> None:
    """An output that its address contains is saved like any other, without a request."""
    encoded = base64.b64encode(kit.video).decode()
    percent = "".join(f"%{byte:02x}" for byte in kit.video)
    url = f"data:video/mp4;base64,{encoded}" if form == "base64" else f"data:video/mp4,{percent}"
    driver = kit.answering(Response(500))
    media = Media(url, "video")
    path = kit.save(driver, tmp_path, media, sha256=hashlib.sha256(kit.video).hexdigest())
    assert path == tmp_path / "video.mp4"
    assert path.read_bytes() == kit.video
    assert driver.sent == []
    assert len(repr(media)) < 100
    with pytest.raises(errors.DownloadTooLarge):
        kit.save(driver, tmp_path, media, max_bytes=10)


@pytest.mark.parametrize("url", ["data:video/mp4;base64,%%%", "data:video/mp4", "data:text/html,%3Chtml%3E"])
def test_bad_output_inside_the_response_is_refused(kit: Kit, tmp_path: Path, url: str) -> None:
    """An address that contains no file, or another kind of file, is refused, and its content is not in the message."""
    with pytest.raises(errors.ContentMismatch) as caught:
        kit.save(kit.answering(Response(500)), tmp_path, Media(url, "video"))
    assert list(tmp_path.iterdir()) == []
    assert "%" not in str(caught.value)


def test_truncated_file_is_accepted_with_its_length_or_digest(kit: Kit, tmp_path: Path) -> None:
    """Boxes that contradict what arrived matter only where nothing else proves that the file is complete."""
    odd = b"\0\0\0\x18ftypmp42" + bytes(12) + b"\0\x10\0\0mdat" + bytes(999)
    kit.save(serve(kit, Host(odd)), tmp_path / "a.mp4")
    sha = hashlib.sha256(odd).hexdigest()
    kit.save(kit.answering(Response(200, {}, odd)), tmp_path / "b.mp4", sha256=sha)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes() == odd


def test_outputs_of_one_name_are_numbered(kit: Kit, tmp_path: Path) -> None:
    """Outputs whose addresses differ in the query only have files of their own; the same output again has the same."""
    service = kit.service()

    def saved(url: str, folder: Path = tmp_path) -> str:
        return kit.save(serve(kit, Host(kit.video)), folder, Media(url, "video"), service).name

    address = "https://cdn.example/view.mp4?id="
    assert [saved(f"{address}{number}") for number in (0, 1, 2)] == ["view.mp4", "view-2.mp4", "view-3.mp4"]
    assert saved(f"{address}1") == "view-2.mp4"
    assert saved("https://other.example/VIEW.mp4") == "VIEW-4.mp4"
    (tmp_path / "sub").mkdir()
    assert saved(f"{address}2", tmp_path / "sub") == "view.mp4"


def test_path_of_the_caller_is_never_numbered(kit: Kit, tmp_path: Path) -> None:
    """The caller's own path is used as it is, suffix included, and no other output takes its name later."""
    service = kit.service()
    for number in (1, 2):
        media = Media(f"https://cdn.example/{number}", "video")
        path = kit.save(serve(kit, Host(kit.video)), tmp_path / "view.webm", media, service)
        assert path == tmp_path / "view.webm"
    media = Media("https://cdn.example/3/view.webm", "video")
    assert kit.save(serve(kit, Host(b"\x1aE\xdf\xa3webm")), tmp_path, media, service).name == "view-2.webm"


def test_failed_download_gives_its_name_back(kit: Kit, tmp_path: Path) -> None:
    """A name is taken by a file and not by a try, so that a renewed address continues under the same name."""
    service = kit.service(retry=RetryPolicy(attempts=1))
    with pytest.raises(errors.DownloadIncomplete):
        kit.save(serve(kit, Host(kit.video, breaks=[1500])), tmp_path, service=service, resume=True)
    renewed = Media(URL.replace("planted", "renewed"), "video")
    host = Host(kit.video)
    path = kit.save(serve(kit, host), tmp_path, renewed, service, resume=True)
    assert path == tmp_path / "video.mp4"
    assert host.requested[0]["Range"] == "bytes=1500-"


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("length", [234, 240, 246, 251, 255])
def test_longest_file_names_are_possible(kit: Kit, tmp_path: Path, length: int, *, resume: bool) -> None:
    """Every name that the file system allows can be saved to; its part has a shorter name beside it."""
    path = tmp_path / ("é" * ((length - 4) // 2) + "x" * (length % 2) + ".mp4")
    assert kit.save(serve(kit, Host(kit.video, breaks=[900])), path, resume=resume).read_bytes() == kit.video
    assert list(tmp_path.iterdir()) == [path]


def test_job_id_with_a_lone_surrogate_names_a_file() -> None:
    """Text that cannot be encoded becomes an underscore in a file's name."""
    (made,) = job_file_names("a\ud800b", [Media("https://a.example/x.mp4", "video")])
    assert made[1] == "a_b.mp4"
