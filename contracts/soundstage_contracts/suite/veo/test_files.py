"""The contracts of Veo's films as files: their addresses, the way to them, how long they live, and who sees the key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from soundstage import JobState, SkippingClock, Veo, errors
from soundstage_contracts import proves
from soundstage_contracts.vendors import veo as vendor
from soundstage_contracts.vendors.veo import CONTRACT, GOOGLE, RawClient
from soundstage_contracts.vendors.veo import refusal_of_google as google
from soundstage_contracts.vendors.veo.arguments import VEO_3_1
from soundstage_contracts.vendors.veo.raw_client import DIRECT, PROXY

if TYPE_CHECKING:
    from pathlib import Path

    from soundstage_contracts.simulators.target import Target

EITHER_WAY = pytest.mark.parametrize("before", [PROXY, DIRECT], ids=["through the proxy", "without it"])
DAY = 24 * 3600.0
KEY = "sk-0123456789-planted"
FILE = "/v1beta/files/3j6svp4106e7:download?alt=media"
FILM = b"\0\0\0\x18ftypmp42" + bytes(2048)


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Speak through the proxy, with a new key."""
    return RawClient(target)


@proves("veo:result.uri", side="server")
@EITHER_WAY
@pytest.mark.parametrize("reading", ["by_path", "own", "google"])
def test_a_films_address_is_told_by_where_it_is_asked(target: Target, before: str, reading: str) -> None:
    """Under /gemini it is Google's, without it the server's own, or as the dialect has it; the path is the same."""
    raw = RawClient(target, before=before)
    operation = raw.create()
    target.control.dialects(raw.name, veo__uri=reading)
    (uri,) = raw.uris(operation)
    own = reading == "own" or (reading == "by_path" and before == DIRECT)
    home = target.base_url("veo") + before if own else GOOGLE
    assert re.fullmatch(re.escape(home) + r"/v1beta/files/[a-z0-9]{12}:download\?alt=media", uri)


@proves("veo:download.through_proxy", "veo:download.redirect", "veo:auth.header", side="server")
@EITHER_WAY
def test_a_file_is_one_redirect_away(target: Target, before: str) -> None:
    """The file's route is a 302 to the same host, /download before /v1beta, and there are the bytes of an MP4."""
    raw = RawClient(target, before=before)
    path = f"/v1beta/files/{raw.file()}:download?alt=media"
    redirect = raw.get(path)
    assert (redirect.status_code, redirect.content) == (302, b"")
    assert redirect.headers["location"] == f"{raw.url}/download{path}"
    file = raw.get(redirect.headers["location"])
    assert (file.status_code, file.headers["content-type"]) == (200, "video/mp4")
    assert file.content[4:8] == b"ftyp"
    assert raw.get(f"/download{path}").content == file.content
    assert raw.get(f"/download{path}", headers={"Range": "bytes=4-7"}).content == b"ftyp"


@proves("veo:download.query", side="server")
def test_the_redirect_keeps_the_query(raw: RawClient) -> None:
    """A key in the query is there again; alt is media, or is left out."""
    file = raw.file()
    http = raw.target.http()
    address = f"{raw.url}/v1beta/files/{file}:download?key={raw.account}"
    assert http.get(address, follow_redirects=True).status_code == 200
    assert raw.get(f"/v1beta/files/{file}:download").headers["location"].endswith(f"{file}:download")
    for path in (f"/v1beta/files/{file}:download?alt=json", f"/download/v1beta/files/{file}:download?alt=json"):
        google(raw.get(path), 400, "INVALID_ARGUMENT", "download.query")


@proves("veo:result.uri", side="server")
@EITHER_WAY
def test_the_path_that_the_sdk_makes_of_an_http_address_is_served(target: Target, before: str) -> None:
    """google-genai puts a whole http address where an id belongs, and asks for its content twice: it gets the film."""
    raw = RawClient(target, before=before)
    file = raw.file()
    own = f"{target.base_url('veo')}/v1beta/files/{file}:download?alt=media"
    answer = raw.get(f"/v1beta/files/{own}:download?alt=media")
    assert answer.status_code == 302
    assert answer.headers["location"] == f"{raw.url}/download/v1beta/files/{file}:download?alt=media"


@proves("veo:download.retention", "veo:errors.google", side="server")
@EITHER_WAY
def test_a_file_lives_two_days(target: Target, before: str) -> None:
    """It is there for two days from the film's end, and then 403 PERMISSION_DENIED."""
    raw = RawClient(target, before=before)
    path = f"/v1beta/files/{raw.file()}:download?alt=media"
    raw.advance(2 * DAY - 400)
    assert (raw.get(path).status_code, raw.get(f"/download{path}").status_code) == (302, 200)
    raw.advance(400)
    for one in (path, f"/download{path}"):
        google(raw.get(one), 403, "PERMISSION_DENIED", "download.retention")


@proves("veo:download.retention", side="server")
def test_being_gone_on_with_starts_the_two_days_anew(raw: RawClient) -> None:
    """A film that is extended lives two days from then on."""
    file = raw.file()
    raw.advance(DAY)
    video = {"uri": f"{GOOGLE}/v1beta/files/{file}:download?alt=media"}
    raw.start({"instances": [{"prompt": "On", "video": video}]}, VEO_3_1)
    raw.advance(1.5 * DAY)
    assert raw.get(f"/download/v1beta/files/{file}:download").status_code == 200
    raw.advance(DAY)
    google(raw.get(f"/download/v1beta/files/{file}:download"), 403, "PERMISSION_DENIED")


@proves("veo:download.owner", side="server")
def test_a_file_belongs_to_its_key(raw: RawClient) -> None:
    """Another key, and an id that does not exist, are 403 PERMISSION_DENIED: nobody is told which."""
    file = raw.file()
    other = RawClient(raw.target)
    other.file()  # by whose time the first film is over, too
    said = set()
    for name in (file, "abcdefghij12"):
        for where in ("", "/download"):
            answer = other.get(f"{where}/v1beta/files/{name}:download")
            said.add(google(answer, 403, "PERMISSION_DENIED", "download.owner")["message"].replace(name, "?"))
    assert len(said) == 1


@proves("veo:download.retention", "veo:download.owner", side="client")
def test_the_client_says_that_a_film_is_gone(target: Target, tmp_path: Path) -> None:
    """After two days, and with another key, a save is DownloadRefused with HTTP 403, and leaves nothing."""
    raw = RawClient(target)
    client = target.client(CONTRACT, raw.account, clock=target.advancing_clock())
    job = client.generate_videos("A fox").wait()
    stranger = target.client(CONTRACT, target.new_account())
    with pytest.raises(errors.NotFoundError):
        stranger.job(job.id).refresh()
    raw.advance(2 * DAY)
    with pytest.raises(errors.DownloadRefused) as gone:
        job.save(tmp_path)
    assert (gone.value.status, gone.value.token) == (403, job.to_token())
    assert list(tmp_path.iterdir()) == []


class ScriptedClient:
    """A client at *base_url*, and what it sent; each address answers as *files* has it, operations with *uri*."""

    def __init__(self, base_url: str, uri: str, files: dict[str, httpx.Response]) -> None:
        self.sent: list[httpx.Request] = []
        self._uri = uri
        self._files = files
        http = httpx.Client(transport=httpx.MockTransport(self._answer))
        self.client = Veo(KEY, base_url=base_url, http=http, clock=SkippingClock())

    def job(self) -> Any:
        """Return a job that has made its film."""
        return self.client.job("models/veo-3.0-generate-preview/operations/abc").refresh()

    def fetched(self) -> list[tuple[str, str | None]]:
        """Return which files were asked for, and the key that was shown for each."""
        asked = [request for request in self.sent if "/operations/" not in str(request.url)]
        return [(str(request.url), request.headers.get("x-goog-api-key")) for request in asked]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        if "/operations/" in str(request.url):
            scripted = {"generatedSamples": [{"video": {"uri": self._uri}}]}
            return httpx.Response(
                200, json={"name": "x", "done": True, "response": {"generateVideoResponse": scripted}}
            )
        return self._files[str(request.url)]


def found(location: str) -> httpx.Response:
    """Return a redirect."""
    return httpx.Response(302, headers={"Location": location})


@proves("veo:download.through_proxy", "veo:result.uri", side="client")
@pytest.mark.parametrize("end", ["", "/v1beta"])
def test_googles_address_is_fetched_through_the_proxy(tmp_path: Path, end: str) -> None:
    """The client that talks to a proxy puts /download before the path, and shows Google nothing."""
    place = f"https://proxy.test/gemini/download{FILE}"
    scripted = ScriptedClient(
        f"https://proxy.test/gemini{end}", GOOGLE + FILE, {place: httpx.Response(200, content=FILM)}
    )
    (saved,) = scripted.job().save(tmp_path)
    assert saved.read_bytes() == FILM
    assert scripted.fetched() == [(place, KEY)]


@proves("veo:download.redirect", side="client")
@pytest.mark.parametrize("base", [GOOGLE, "https://proxy.test/gemini", "http://127.0.0.1:8080/veo"])
def test_the_key_is_shown_again_to_the_same_host(tmp_path: Path, base: str) -> None:
    """An address of the host that the client talks to is fetched as it is, and its redirect with the key, too."""
    first, second = base + FILE, f"{base}/download{FILE}"
    scripted = ScriptedClient(base, first, {first: found(second), second: httpx.Response(200, content=FILM)})
    if base.startswith("https://proxy"):
        scripted = ScriptedClient(
            base, first, {first: found(f"/gemini/download{FILE}"), second: httpx.Response(200, content=FILM)}
        )
    (saved,) = scripted.job().save(tmp_path)
    assert saved.read_bytes() == FILM
    assert scripted.fetched() == [(first, KEY), (second, KEY)]


@proves("veo:download.cross_host", side="client")
@pytest.mark.parametrize(
    "elsewhere", ["https://storage.googleapis.com/film.mp4", "https://proxy.test:8443/film.mp4", f"{GOOGLE}/film.mp4"]
)
def test_the_key_is_shown_to_no_other_host(tmp_path: Path, elsewhere: str) -> None:
    """A film on another host, named at once or by a redirect, is fetched without the key."""
    first = f"https://proxy.test/gemini/download{FILE}"
    scripted = ScriptedClient("https://proxy.test/gemini", GOOGLE + FILE, {
        first: found(elsewhere), elsewhere: httpx.Response(200, content=FILM),
    })  # fmt: skip
    scripted.job().save(tmp_path)
    assert scripted.fetched() == [(first, KEY), (elsewhere, None)]
    if not elsewhere.startswith(GOOGLE):
        named = ScriptedClient("https://proxy.test/gemini", elsewhere, {elsewhere: httpx.Response(200, content=FILM)})
        named.job().save(tmp_path)
        assert named.fetched() == [(elsewhere, None)]


@proves("veo:download.checks", side="client")
@pytest.mark.parametrize("content", [b"", b"<html>Please log in</html>", b'{"error": {"code": 403}}'])
def test_an_empty_file_is_a_failed_download(tmp_path: Path, content: bytes) -> None:
    """An empty file, or what is no film, is an error, and nothing of it is left."""
    place = f"https://proxy.test/gemini/download{FILE}"
    scripted = ScriptedClient("https://proxy.test/gemini", GOOGLE + FILE, {place: httpx.Response(200, content=content)})
    job = scripted.job()
    assert job.state is JobState.SUCCEEDED
    with pytest.raises(errors.DownloadError):
        job.save(tmp_path)
    assert list(tmp_path.iterdir()) == []


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
def test_a_download_outlives_trouble_that_passes(raw: RawClient, tmp_path: Path, fault: dict[str, Any]) -> None:
    """A broken download is taken up again and leaves the whole film; nothing is submitted again."""
    client = raw.target.client(CONTRACT, raw.account, clock=raw.target.advancing_clock())
    output = client.generate_videos("A fox").result()[0]
    whole = output.save(tmp_path / "whole.mp4").read_bytes()
    raw.target.control.fault(**fault, vendor="veo", account=raw.name, path="/download/", times=2)
    assert output.save(tmp_path / "broken.mp4").read_bytes() == whole
    assert len(raw.target.control.tasks(raw.name)) == 1


@pytest.mark.parametrize(
    "fault",
    [{"kind": "redirect"}, {"kind": "status", "status": 503}, {"kind": "truncate"}],
    ids=lambda fault: str(fault["kind"]),
)
def test_a_download_that_cannot_be_is_an_error_and_leaves_nothing(
    raw: RawClient, tmp_path: Path, fault: dict[str, Any]
) -> None:
    """What never passes ends in a DownloadError that carries the job's token, with nothing on disk."""
    client = raw.target.client(CONTRACT, raw.account, clock=raw.target.advancing_clock())
    job = client.generate_videos("A fox").wait()
    raw.target.control.fault(**fault, vendor="veo", account=raw.name, path="/download/")
    with pytest.raises(errors.DownloadError) as refused:
        job.save(tmp_path)
    assert refused.value.token == job.to_token()
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_the_same_by_every_way(target: Target) -> None:
    """One film has equal bytes through the proxy and without it."""
    through = RawClient(target)
    path = f"/download/v1beta/files/{through.file()}:download?alt=media"
    assert through.get(path).content == RawClient(target, through.account, DIRECT).get(path).content
    assert vendor.GOOGLE == GOOGLE
