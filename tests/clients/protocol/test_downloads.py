"""Downloads: whole or not at all, from where they may come, as large and of the kind they should be."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from soundstage import FileSaved, Media, RetryPolicy, errors
from soundstage._protocol.downloads import Download, SaveOptions, job_file_names
from soundstage._values.messages import Interrupted, NotSent, Open, Read, Request, Response
from soundstage._values.redaction import hide_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.clients.conftest import Kit, ScriptedWire

URL = "https://cdn.example/films/film.mp4?Signature=planted"


@dataclass
class Host:
    """A host of one file that breaks off where it is told to, and understands Range and If-Range."""

    content: bytes
    etag: str = '"v1"'
    breaks: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    chunk: int = 700

    def __call__(self, request: Request) -> Response:
        """The head of the answer; `body` has the rest."""
        self.asked.append(dict(request.headers))
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
        """The pieces, as far as the next break."""
        end = self.breaks.pop(0) if self.breaks else len(self.rest) + 1
        for begin in range(0, min(end, len(self.rest)), self.chunk):
            yield self.rest[begin : min(begin + self.chunk, end)]
        if end <= len(self.rest):
            yield Interrupted("ReadError")


def serve(kit: Kit, host: Host) -> ScriptedWire:
    """A wire to *host* whose bodies come in pieces."""
    wire = kit.wire(host)
    ordinary = wire._perform
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

    wire._perform = perform  # type: ignore[method-assign]  # the script has bodies of its own
    return wire


def test_a_file_is_saved_whole(kit: Kit, tmp_path: Path) -> None:
    """The file stands at its path, with all its bytes and ordinary rights, and nothing else stands beside it."""
    told: list[object] = []
    wire = serve(kit, Host(kit.film))
    path = kit.save(wire, tmp_path / "new" / "film.mp4", service=kit.service(on_event=told.append))
    assert path.read_bytes() == kit.film
    assert [entry.name for entry in path.parent.iterdir()] == ["film.mp4"]
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    assert path.stat().st_mode == plain.stat().st_mode
    assert FileSaved("tomoviee", hide_query(URL), path, len(kit.film)) in told


def test_a_file_before_it_is_replaced(kit: Kit, tmp_path: Path) -> None:
    """Saving again replaces the file in one step."""
    (tmp_path / "film.mp4").write_bytes(b"old")
    assert kit.save(serve(kit, Host(kit.film)), tmp_path / "film.mp4").read_bytes() == kit.film


@pytest.mark.parametrize(
    ("url", "kind", "name"),
    [
        (URL, "video", "film.mp4"),
        ("https://a.example/%2e%2e%2fetc%2fpass wd?x", "video", "pass wd.mp4"),
        ("https://a.example/", "image", "image.png"),
        ("https://a.example/..", "audio", "audio.mp3"),
        ("https://a.example/a%00b;rm.webm", "video", "a_b_rm.webm"),
        ("https://a.example/" + "x" * 500 + ".mp4", "video", "x" * 116 + ".mp4"),
        ("https://a.example/file", "diagram", "file"),
    ],
)
def test_in_a_folder_a_file_is_named_after_its_address(
    kit: Kit, tmp_path: Path, url: str, kind: str, name: str
) -> None:
    """The name is the address's last part, without anything a path or a shell would mind."""
    content = {"image": b"\x89PNG\r\n\x1a\n", "audio": b"ID3", "diagram": b"flowchart"}.get(kind, kit.film)
    path = kit.save(serve(kit, Host(content)), tmp_path, Media(url, kind))
    assert path == tmp_path / name
    assert path.read_bytes() == content


@given(names=st.lists(st.text(max_size=30), min_size=1, max_size=4), job_id=st.text(max_size=200))
def test_the_files_of_a_job_have_names_of_their_own(names: list[str], job_id: str) -> None:
    """Whatever ids and addresses say, the names are distinct and stay in their folder."""
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
def test_a_transfer_that_breaks_is_taken_up(
    kit: Kit, tmp_path_factory: pytest.TempPathFactory, *, breaks: list[int], etag: str, resume: bool, checked: bool
) -> None:
    """Wherever and however often it breaks: the file is the file, and with a strong ETag nothing is fetched twice."""
    host = Host(kit.film, etag=etag, breaks=list(breaks))
    folder = tmp_path_factory.mktemp("films")
    sha = hashlib.sha256(kit.film).hexdigest() if checked else None
    path = kit.save(serve(kit, host), folder / "film.mp4", resume=resume, sha256=sha)
    assert path.read_bytes() == kit.film
    assert [entry.name for entry in folder.iterdir()] == ["film.mp4"]
    if etag == '"v1"':
        arrived = 0
        for asked, end in zip(host.asked, breaks, strict=False):
            assert asked.get("Range") == (f"bytes={arrived}-" if arrived else None)
            arrived = min(arrived + end, len(kit.film)) if arrived + end <= len(kit.film) else arrived
    else:
        assert all("Range" not in asked for asked in host.asked)


def test_a_long_transfer_outlives_the_retry_policy(kit: Kit, tmp_path: Path) -> None:
    """A host that breaks off again and again is asked again as long as each round brings a mebibyte, and no longer."""
    film = b"\0\0\0\x18ftypmp42" + bytes(5 << 20)
    host = Host(film, breaks=[2 << 20, 2 << 20], chunk=1 << 16)
    service = kit.service(retry=RetryPolicy(attempts=1))
    assert kit.save(serve(kit, host), tmp_path / "film.mp4", service=service).read_bytes() == film
    assert [asked.get("Range") for asked in host.asked] == [None, f"bytes={2 << 20}-", f"bytes={4 << 20}-"]
    stingy = Host(film, breaks=[1000] * 99)
    with pytest.raises(errors.DownloadIncomplete):
        kit.save(serve(kit, stingy), tmp_path / "film.mp4", service=service)
    assert len(stingy.asked) == 1


def test_what_arrived_is_kept_for_a_later_download(kit: Kit, tmp_path: Path) -> None:
    """With resume a broken download leaves a part and its ETag, and the next one asks for the rest alone."""
    once = RetryPolicy(attempts=1)
    broken = serve(kit, Host(kit.film, breaks=[1500]))
    with pytest.raises(errors.DownloadIncomplete):
        kit.save(broken, tmp_path / "film.mp4", service=kit.service(retry=once), resume=True)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["film.mp4.part", "film.mp4.part.json"]
    assert "planted" not in (tmp_path / "film.mp4.part.json").read_text(encoding="utf-8")
    host = Host(kit.film)
    sha = hashlib.sha256(kit.film).hexdigest()
    renewed = Media(URL.replace("planted", "renewed"), "video")
    assert kit.save(serve(kit, host), tmp_path / "film.mp4", renewed, resume=True, sha256=sha).read_bytes() == kit.film
    assert (host.asked[0]["Range"], host.asked[0]["If-Range"]) == ("bytes=1500-", '"v1"')
    assert [entry.name for entry in tmp_path.iterdir()] == ["film.mp4"]


@pytest.mark.parametrize(
    "change", ["other etag", "no note", "bad note", "other address", "no part", "longer than the file"]
)
def test_a_part_of_another_file_is_not_taken_up(kit: Kit, tmp_path: Path, change: str) -> None:
    """A part is only continued when ETag and address say that it is the same file, and it is no longer than that."""
    part, note = tmp_path / "film.mp4.part", tmp_path / "film.mp4.part.json"
    part.write_bytes(b"\0\0\0\x18ftyp of another film" * 9)
    source = "https://cdn.example/films/film.mp4"
    note.write_text(json.dumps({"source": source, "etag": '"v1"'}), encoding="utf-8")
    host = Host(kit.film)
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
        part.write_bytes(part.read_bytes() + kit.film)
    assert kit.save(serve(kit, host), tmp_path / "film.mp4", resume=True).read_bytes() == kit.film
    assert [entry.name for entry in tmp_path.iterdir()] == ["film.mp4"]


@pytest.mark.parametrize(
    "answer",
    [
        {"content-range": "bytes 5-9/10"},
        {"content-range": "nonsense"},
        {},
        {"content-range": "bytes 700-2071/2072", "etag": '"v2"'},
    ],
)
def test_a_host_that_sends_another_part_is_not_believed(kit: Kit, tmp_path: Path, answer: dict[str, str]) -> None:
    """A partial answer that begins elsewhere, or is of a changed file, is dropped, and the file fetched anew."""
    story = iter(
        [
            Response(200, {"etag": '"v1"', "content-length": str(len(kit.film))}, kit.film[:700]),
            Response(206, answer, kit.film[700:]),
            Response(200, {}, kit.film),
        ]
    )
    wire = kit.wire(lambda _: next(story))
    assert kit.save(wire, tmp_path / "film.mp4").read_bytes() == kit.film
    assert [request.headers.get("Range") for request in wire.sent] == [None, "bytes=700-", None]


@pytest.mark.parametrize(("ends", "total"), [("2072", 2072), ("*", None)])
def test_a_part_nobody_asked_for_counts_as_what_it_is(kit: Kit, tmp_path: Path, ends: str, total: int | None) -> None:
    """A partial answer to a plain request is whole only when it is as long as the file is said to be."""
    told: list[tuple[int, int | None]] = []
    answer = Response(206, {"content-range": f"bytes 0-699/{ends}"}, kit.film[:700])
    wire = kit.answering(answer)

    def progress(done: int, whole: int | None) -> None:
        told.append((done, whole))

    if total is None:
        assert len(kit.save(wire, tmp_path / "film.mp4", on_progress=progress).read_bytes()) == 700
    else:
        with pytest.raises(errors.DownloadIncomplete, match="700 of 2072"):
            kit.save(wire, tmp_path / "film.mp4", on_progress=progress)
    assert told[-1] == (700, total)


BAD: dict[str, tuple[Response | Exception, type[errors.DownloadError], str, dict[str, Any]]] = {
    "expired": (Response(403), errors.DownloadRefused, "may have expired", {}),
    "gone": (Response(404), errors.DownloadRefused, "HTTP 404", {}),
    "not ready": (Response(503, {"retry-after": "1"}), errors.DownloadRefused, "HTTP 503", {}),
    "no place to go": (Response(302), errors.DownloadRefused, "HTTP 302", {}),
    "a page": (Response(200, {}, b"<!DOCTYPE html><html>"), errors.ContentMismatch, "HTML", {}),
    "json": (Response(200, {}, b'{"code": 1}'), errors.ContentMismatch, "JSON", {}),
    "a long page": (Response(200, {}, b"<html>" + b"x" * 5000), errors.ContentMismatch, "HTML", {}),
    "empty": (Response(200, {"content-length": "0"}), errors.ContentMismatch, "an empty file", {}),
    "packed": (Response(200, {"content-encoding": "gzip"}, b"\x1f\x8b"), errors.ContentMismatch, "encoding", {}),
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
def test_a_failed_download_leaves_nothing_half_written(kit: Kit, tmp_path: Path, name: str, *, resume: bool) -> None:
    """Each failure has its own error with address and token; the old file stands, and nothing else."""
    reaction, kind, text, options = BAD[name]
    (tmp_path / "film.mp4").write_bytes(b"the old film")
    wire = kit.answering(reaction)
    with pytest.raises(kind, match=text) as caught:
        kit.save(wire, tmp_path / "film.mp4", resume=resume, **options)
    assert [entry.name for entry in tmp_path.iterdir()] == ["film.mp4"]
    assert (tmp_path / "film.mp4").read_bytes() == b"the old film"
    assert (caught.value.url, caught.value.token, caught.value.vendor) == (hide_query(URL), "token", "tomoviee")
    assert "planted" not in str(caught.value)
    assert all(request.method == "GET" and not request.paid for request in wire.sent)


def test_a_verdict_is_final_and_trouble_is_not(kit: Kit, tmp_path: Path) -> None:
    """What will not change is fetched once; what may pass is fetched as often as the retry policy says."""
    for reaction, kind, _, options in BAD.values():
        wire = kit.answering(reaction)
        with pytest.raises(kind):
            kit.save(wire, tmp_path / "film.mp4", **options)
        passing = kind is errors.DownloadIncomplete or (isinstance(reaction, Response) and reaction.status == 503)
        assert len(wire.sent) == (RetryPolicy().attempts if passing else 1)


@pytest.mark.parametrize("name", ["a long page", "found too large", "other bytes"])
def test_what_was_judged_is_not_kept(kit: Kit, tmp_path: Path, name: str) -> None:
    """A part that can never become the file is dropped, also where parts are kept."""
    reaction, kind, _, options = BAD[name]
    assert isinstance(reaction, Response)
    tagged = replace(reaction, headers={"etag": '"v1"'})
    with pytest.raises(kind):
        kit.save(kit.answering(tagged), tmp_path / "film.mp4", resume=True, **options)
    assert list(tmp_path.iterdir()) == []


def test_trouble_that_passes_is_not_noticed(kit: Kit, tmp_path: Path) -> None:
    """A host that is not ready, then is, gives the file."""
    wire = kit.answering(Response(503), Response(429), NotSent("no"), Response(200, {}, kit.film))
    assert kit.save(wire, tmp_path / "film.mp4").read_bytes() == kit.film


def test_a_callback_that_raises_ends_the_download_cleanly(kit: Kit, tmp_path: Path) -> None:
    """The callback's own error comes through, and nothing is left."""

    def stop(done: int, whole: int | None) -> None:
        raise ZeroDivisionError(done, whole)

    with pytest.raises(ZeroDivisionError):
        kit.save(serve(kit, Host(kit.film)), tmp_path / "film.mp4", on_progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_progress_grows_to_the_whole(kit: Kit, tmp_path: Path) -> None:
    """The callback hears growing sizes, the last being the file's."""
    told: list[tuple[int, int | None]] = []
    kit.save(
        serve(kit, Host(kit.film)),
        tmp_path / "film.mp4",
        on_progress=lambda done, whole: told.append((done, whole)),
    )
    assert told == sorted(told)
    assert told[-1] == (len(kit.film), len(kit.film))


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
def test_bad_options_are_refused(field: str, value: Any) -> None:
    """Each option says what it allows."""
    with pytest.raises(errors.InvalidArgument) as caught:
        SaveOptions(**{field: value})
    assert caught.value.field == field


def test_a_checksum_may_be_in_capitals(kit: Kit, tmp_path: Path) -> None:
    """Hexadecimal digits of either case are the same digest."""
    sha = hashlib.sha256(kit.film).hexdigest().upper()
    assert kit.save(serve(kit, Host(kit.film)), tmp_path / "film.mp4", sha256=sha).exists()


@pytest.mark.parametrize("stage", range(1, 12))
def test_an_interruption_at_any_step_leaves_nothing(kit: Kit, tmp_path: Path, stage: int) -> None:
    """Ctrl-C at any effect of the download: nothing half-written stays."""
    wire = serve(kit, Host(kit.film))
    ordinary: Callable[[object], object] = wire._perform
    steps = 0

    def perform(effect: object) -> object:
        nonlocal steps
        steps += 1
        if steps == stage:
            raise KeyboardInterrupt
        return ordinary(effect)

    wire._perform = perform  # type: ignore[method-assign]  # the interruption comes from outside
    flow = Download(kit.service(), Media(URL, "video"), None, tmp_path / "film.mp4", SaveOptions()).flow()
    with pytest.raises(KeyboardInterrupt):
        wire.run(flow)
    flow.close()
    assert [entry.name for entry in tmp_path.iterdir()] == []


def test_a_folder_in_the_place_is_an_error_of_the_file_system(kit: Kit, tmp_path: Path) -> None:
    """A folder is never replaced by a file."""
    (tmp_path / "film.mp4").mkdir()
    with pytest.raises(IsADirectoryError):
        kit.save(serve(kit, Host(kit.film)), tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["film.mp4"]
