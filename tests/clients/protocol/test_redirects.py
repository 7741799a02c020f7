"""Redirects: allowed targets, and credentials for their own origin only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from soundstage import Media, errors
from soundstage._values.messages import Response
from soundstage.vendors.tomoviee import PROFILE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.conftest import Kit


REDIRECTS = {
    "down to http": ("https://a.example/1", ["http://b.example/2"], "redirected from https"),
    "to a file": ("https://a.example/1", ["file:///etc/passwd"], "not an http or https address"),
    "down to http in capitals": ("HTTPS://a.example/1", ["HTTP://b.example/2"], "redirected from https"),
    "to a host behind a backslash": ("https://a.example/1", ["https://b.example\\@a.example"], "not an http or https"),
    "to nowhere": ("https://a.example/1", ["http://[bad"], "not an http or https address"),
    "from a strange scheme": ("ftp://a.example/1", [], "not an http or https address"),
    "from no address": ("//a.example/1", [], "not an http or https address"),
}


@pytest.mark.parametrize("name", sorted(REDIRECTS))
def test_unsafe_redirect_is_refused(kit: Kit, tmp_path: Path, name: str) -> None:
    """A redirect never leads from https to http, and no other scheme is fetched."""
    url, hops, text = REDIRECTS[name]
    driver = kit.answering(*(Response(302, {"location": hop}) for hop in hops), Response(200, {}, kit.video))
    with pytest.raises(errors.DownloadUnsafe, match=text):
        kit.save(driver, tmp_path / "video.mp4", Media(url, "video"))
    assert len(driver.sent) == len(hops)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_safe_redirect_is_followed(kit: Kit, tmp_path: Path, status: int) -> None:
    """Relative and absolute targets are followed, also from http to https."""
    hops = ["/second?sig=1", "//b.example/third", "https://c.example/fourth"]
    driver = kit.answering(*(Response(status, {"location": hop}) for hop in hops), Response(200, {}, kit.video))
    kit.save(driver, tmp_path / "video.mp4", Media("http://a.example/first", "video"))
    assert [request.url for request in driver.sent] == [
        "http://a.example/first",
        "http://a.example/second?sig=1",
        "http://b.example/third",
        "https://c.example/fourth",
    ]


def test_redirect_loop_ends(kit: Kit, tmp_path: Path) -> None:
    """After five redirects the download fails, and is not tried again."""
    driver = kit.answering(Response(302, {"location": "/round"}))
    with pytest.raises(errors.DownloadRefused, match="more than 5 redirects"):
        kit.save(driver, tmp_path / "video.mp4")
    assert len(driver.sent) == 6


def test_credentials_are_sent_to_their_origin_only(kit: Kit, tmp_path: Path) -> None:
    """Where a service requires its key for a file, only its own origin gets the key."""
    profile = replace(PROFILE, signed_downloads=False)
    hops = ["/moved", "https://storage.example/video", f"http://{kit.base.removeprefix('https://')}/video"]
    driver = kit.answering(
        Response(302, {"location": hops[0]}), Response(302, {"location": hops[1]}), Response(200, {}, kit.video)
    )
    kit.save(driver, tmp_path / "video.mp4", Media(f"{kit.base}:443/video", "video"), kit.service(profile=profile))
    assert ["Authorization" in request.headers for request in driver.sent] == [True, True, False]
    driver = kit.answering(Response(200, {}, kit.video))
    kit.save(driver, tmp_path / "video.mp4", Media(hops[2], "video"), kit.service(profile=profile))
    assert "Authorization" not in driver.sent[0].headers


def test_signed_address_gets_no_credentials(kit: Kit, tmp_path: Path) -> None:
    """A signed address needs no key, not even at the service's own host."""
    driver = kit.answering(Response(200, {}, kit.video))
    kit.save(driver, tmp_path / "video.mp4", Media(f"{kit.base}/video", "video"))
    assert set(driver.sent[0].headers) == {"Accept", "Accept-Encoding"}


@pytest.mark.parametrize(
    ("host", "trusted"),
    [
        ("a.trusted.example", True),
        ("trusted.example", True),
        ("untrusted.example", False),
        ("trusted.example.evil.example", False),
    ],
)
def test_only_trusted_hosts_are_contacted(kit: Kit, tmp_path: Path, host: str, *, trusted: bool) -> None:
    """Where a vendor documents its hosts, no other is connected to, also after a redirect."""
    service = kit.service(profile=replace(PROFILE, trusted_hosts=(".trusted.example",)))
    driver = kit.answering(Response(302, {"location": f"https://{host}/video"}), Response(200, {}, kit.video))
    start = Media("https://a.trusted.example/video", "video")
    if trusted:
        kit.save(driver, tmp_path / "video.mp4", start, service)
        return
    with pytest.raises(errors.DownloadUnsafe, match="not among the trusted hosts"):
        kit.save(driver, tmp_path / "video.mp4", start, service)
    assert len(driver.sent) == 1
