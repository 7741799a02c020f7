"""Contracts of Veo's files: their URIs, redirects, retention, owners, and the hosts that receive the key."""

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
from soundstage_contracts.vendors.veo.raw_client import DIRECT, PROXY, DirectRawClient, new_raw_client

if TYPE_CHECKING:
    from pathlib import Path

    from soundstage_contracts.simulators.target import Target

both_addresses = pytest.mark.parametrize("prefix", [PROXY, DIRECT], ids=["proxy", "direct"])
DAY = 24 * 3600.0
KEY = "sk-0123456789-planted"
FILE = "/v1beta/files/3j6svp4106e7:download?alt=media"
VIDEO = b"\0\0\0\x18ftypmp42" + bytes(2048)


@pytest.fixture
def raw(target: Target) -> RawClient:
    """Return a raw client with a new key, through the proxy."""
    return RawClient(target)


@proves("veo:result.uri", side="server")
@both_addresses
@pytest.mark.parametrize("reading", ["by_path", "own", "google"])
def test_uri_depends_on_the_address_of_the_poll(target: Target, prefix: str, reading: str) -> None:
    """Polled through the proxy a URI has Google's host, otherwise the server's own; a dialect can force either."""
    raw = new_raw_client(target, prefix)
    operation = raw.create()
    target.control.dialects(raw.name, veo__uri=reading)
    (uri,) = raw.uris(operation)
    own = reading == "own" or (reading == "by_path" and prefix == DIRECT)
    home = target.base_url("veo") + prefix if own else GOOGLE
    assert re.fullmatch(re.escape(home) + r"/v1beta/files/[a-z0-9]{12}:download\?alt=media", uri)


@proves("veo:download.through_proxy", "veo:download.redirect", "veo:auth.header", side="server")
@both_addresses
def test_file_is_one_redirect_away(target: Target, prefix: str) -> None:
    """A URI redirects with 302 to the same host, with /download before /v1beta, which returns an MP4."""
    raw = new_raw_client(target, prefix)
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
def test_redirect_keeps_the_query(raw: RawClient) -> None:
    """The redirect keeps a key in the query; alt is media, or may be left out."""
    file = raw.file()
    http = raw.target.http()
    address = f"{raw.url}/v1beta/files/{file}:download?key={raw.account}"
    assert http.get(address, follow_redirects=True).status_code == 200
    assert raw.get(f"/v1beta/files/{file}:download").headers["location"].endswith(f"{file}:download")
    for path in (f"/v1beta/files/{file}:download?alt=json", f"/download/v1beta/files/{file}:download?alt=json"):
        google(raw.get(path), 400, "INVALID_ARGUMENT", "download.query")


@proves("veo:result.uri", side="server")
@both_addresses
def test_sdk_path_of_an_http_uri_is_served(target: Target, prefix: str) -> None:
    """The path in which google-genai puts a whole http URI in place of an id redirects to the file."""
    raw = new_raw_client(target, prefix)
    file = raw.file()
    own = f"{target.base_url('veo')}/v1beta/files/{file}:download?alt=media"
    answer = raw.get(f"/v1beta/files/{own}:download?alt=media")
    assert answer.status_code == 302
    assert answer.headers["location"] == f"{raw.url}/download/v1beta/files/{file}:download?alt=media"


@proves("veo:download.retention", "veo:errors.google", side="server")
@both_addresses
def test_file_expires_after_two_days(target: Target, prefix: str) -> None:
    """A file can be downloaded for two days from the end of its job, and is then 403 PERMISSION_DENIED."""
    raw = new_raw_client(target, prefix)
    path = f"/v1beta/files/{raw.file()}:download?alt=media"
    raw.advance(2 * DAY - 600)
    assert (raw.get(path).status_code, raw.get(f"/download{path}").status_code) == (302, 200)
    raw.advance(600)
    for one in (path, f"/download{path}"):
        google(raw.get(one), 403, "PERMISSION_DENIED", "download.retention")


@proves("veo:download.retention", side="server")
def test_extension_restarts_the_retention(raw: RawClient) -> None:
    """A video that is extended is kept for two days from then on."""
    file = raw.file()
    raw.advance(DAY)
    video = {"uri": f"{GOOGLE}/v1beta/files/{file}:download?alt=media"}
    raw.start({"instances": [{"prompt": "On", "video": video}]}, VEO_3_1)
    raw.advance(1.5 * DAY)
    assert raw.get(f"/download/v1beta/files/{file}:download").status_code == 200
    raw.advance(DAY)
    google(raw.get(f"/download/v1beta/files/{file}:download"), 403, "PERMISSION_DENIED")


@proves("veo:download.owner", side="server")
def test_file_belongs_to_its_key(raw: RawClient) -> None:
    """Another key and an unknown id get the same 403 PERMISSION_DENIED, which does not reveal which it is."""
    file = raw.file()
    other = RawClient(raw.target)
    other.file()  # its time passes until the first video is done, too
    messages = set()
    for name in (file, "abcdefghij12"):
        for where in ("", "/download"):
            answer = other.get(f"{where}/v1beta/files/{name}:download")
            messages.add(google(answer, 403, "PERMISSION_DENIED", "download.owner")["message"].replace(name, "?"))
    assert len(messages) == 1


@proves("veo:download.retention", "veo:download.owner", side="client")
def test_expired_file_is_download_refused(target: Target, tmp_path: Path) -> None:
    """After two days a save is DownloadRefused with HTTP 403 and leaves no file; another key does not find the job."""
    raw = RawClient(target)
    client = target.client(CONTRACT, raw.account, clock=target.advancing_clock())
    job = client.generate_videos("A fox").wait()
    other = target.client(CONTRACT, target.new_account())
    with pytest.raises(errors.NotFoundError):
        other.job(job.id).refresh()
    raw.advance(2 * DAY)
    with pytest.raises(errors.DownloadRefused) as gone:
        job.save(tmp_path)
    assert (gone.value.status, gone.value.token) == (403, job.to_token())
    assert list(tmp_path.iterdir()) == []


class FileClient:
    """A client at *base_url* whose job has the file *uri*; *files* has the response of each URL."""

    def __init__(self, base_url: str, uri: str, files: dict[str, httpx.Response]) -> None:
        self.sent: list[httpx.Request] = []
        self._uri = uri
        self._files = files
        http = httpx.Client(transport=httpx.MockTransport(self._answer))
        self.client = Veo(KEY, base_url=base_url, http=http, clock=SkippingClock())

    def job(self) -> Any:
        """Return a job that has succeeded."""
        return self.client.job("models/veo-3.0-generate-preview/operations/abc").refresh()

    def fetched(self) -> list[tuple[str, str | None]]:
        """Return the URL of each request for a file, and the key that it had."""
        requests = [request for request in self.sent if "/operations/" not in str(request.url)]
        return [(str(request.url), request.headers.get("x-goog-api-key")) for request in requests]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        if "/operations/" in str(request.url):
            scripted = {"generatedSamples": [{"video": {"uri": self._uri}}]}
            return httpx.Response(
                200,
                json={
                    "name": "models/veo-3.0-generate-preview/operations/abc",
                    "done": True,
                    "response": {"generateVideoResponse": scripted},
                },
            )
        return self._files[str(request.url)]


def found(location: str) -> httpx.Response:
    """Return a redirect."""
    return httpx.Response(302, headers={"Location": location})


@proves("veo:download.through_proxy", "veo:result.uri", side="client")
@pytest.mark.parametrize("end", ["", "/v1beta"])
def test_google_uri_is_downloaded_through_the_proxy(tmp_path: Path, end: str) -> None:
    """Through a proxy the client puts /download before the path, and sends nothing to Google."""
    place = f"https://proxy.test/gemini/download{FILE}"
    scripted = FileClient(f"https://proxy.test/gemini{end}", GOOGLE + FILE, {place: httpx.Response(200, content=VIDEO)})
    (saved,) = scripted.job().save(tmp_path)
    assert saved.read_bytes() == VIDEO
    assert scripted.fetched() == [(place, KEY)]


@proves("veo:download.redirect", side="client")
@pytest.mark.parametrize("base", [GOOGLE, "https://proxy.test/gemini", "http://127.0.0.1:8080/veo"])
def test_key_is_sent_again_to_the_same_host(tmp_path: Path, base: str) -> None:
    """A URI of the client's own host is downloaded as it is, and a redirect on that host has the key, too."""
    first, second = base + FILE, f"{base}/download{FILE}"
    scripted = FileClient(base, first, {first: found(second), second: httpx.Response(200, content=VIDEO)})
    if base.startswith("https://proxy"):
        scripted = FileClient(
            base, first, {first: found(f"/gemini/download{FILE}"), second: httpx.Response(200, content=VIDEO)}
        )
    (saved,) = scripted.job().save(tmp_path)
    assert saved.read_bytes() == VIDEO
    assert scripted.fetched() == [(first, KEY), (second, KEY)]


@proves("veo:download.cross_host", side="client")
@pytest.mark.parametrize(
    "elsewhere",
    ["https://storage.googleapis.com/video.mp4", "https://proxy.test:8443/video.mp4", f"{GOOGLE}/video.mp4"],
)
def test_key_is_not_sent_to_another_host(tmp_path: Path, elsewhere: str) -> None:
    """A file on another host, of a URI or of a redirect, is downloaded without the key."""
    first = f"https://proxy.test/gemini/download{FILE}"
    scripted = FileClient("https://proxy.test/gemini", GOOGLE + FILE, {
        first: found(elsewhere), elsewhere: httpx.Response(200, content=VIDEO),
    })  # fmt: skip
    scripted.job().save(tmp_path)
    assert scripted.fetched() == [(first, KEY), (elsewhere, None)]
    if not elsewhere.startswith(GOOGLE):
        named = FileClient("https://proxy.test/gemini", elsewhere, {elsewhere: httpx.Response(200, content=VIDEO)})
        named.job().save(tmp_path)
        assert named.fetched() == [(elsewhere, None)]


@proves("veo:download.checks", side="client")
@pytest.mark.parametrize("content", [b"", b"<html>Please log in</html>", b'{"error": {"code": 403}}'])
def test_file_that_is_no_video_is_a_download_error(tmp_path: Path, content: bytes) -> None:
    """A file that is empty or no video is a DownloadError, and leaves no file."""
    place = f"https://proxy.test/gemini/download{FILE}"
    scripted = FileClient("https://proxy.test/gemini", GOOGLE + FILE, {place: httpx.Response(200, content=content)})
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
def test_download_survives_passing_faults(raw: RawClient, tmp_path: Path, fault: dict[str, Any]) -> None:
    """An interrupted download is resumed and leaves the whole video; nothing is submitted again."""
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
def test_lasting_fault_is_a_download_error(raw: RawClient, tmp_path: Path, fault: dict[str, Any]) -> None:
    """A fault that lasts is a DownloadError with the job's token, and leaves no file."""
    client = raw.target.client(CONTRACT, raw.account, clock=raw.target.advancing_clock())
    job = client.generate_videos("A fox").wait()
    raw.target.control.fault(**fault, vendor="veo", account=raw.name, path="/download/")
    with pytest.raises(errors.DownloadError) as refused:
        job.save(tmp_path)
    assert refused.value.token == job.to_token()
    assert list(tmp_path.iterdir()) == []


def test_file_is_the_same_at_both_addresses(target: Target) -> None:
    """A file has the same bytes through the proxy and without it."""
    through = RawClient(target)
    path = f"/download/v1beta/files/{through.file()}:download?alt=media"
    assert through.get(path).content == DirectRawClient(target, through.account).get(path).content
    assert vendor.GOOGLE == GOOGLE
