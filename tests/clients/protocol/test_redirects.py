"""Redirects: followed by hand, to where they may lead, with the credentials that belong there."""

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
def test_an_unsafe_address_is_not_followed(kit: Kit, tmp_path: Path, name: str) -> None:
    """A redirect never leads from https to http, and no other scheme is fetched."""
    url, hops, text = REDIRECTS[name]
    wire = kit.answering(*(Response(302, {"location": hop}) for hop in hops), Response(200, {}, kit.film))
    with pytest.raises(errors.DownloadUnsafe, match=text):
        kit.save(wire, tmp_path / "film.mp4", Media(url, "video"))
    assert len(wire.sent) == len(hops)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_by_hand(kit: Kit, tmp_path: Path, status: int) -> None:
    """Relative and absolute places are found, also from http up to https."""
    hops = ["/second?sig=1", "//b.example/third", "https://c.example/fourth"]
    wire = kit.answering(*(Response(status, {"location": hop}) for hop in hops), Response(200, {}, kit.film))
    kit.save(wire, tmp_path / "film.mp4", Media("http://a.example/first", "video"))
    assert [request.url for request in wire.sent] == [
        "http://a.example/first",
        "http://a.example/second?sig=1",
        "http://b.example/third",
        "https://c.example/fourth",
    ]


def test_a_redirect_loop_ends(kit: Kit, tmp_path: Path) -> None:
    """After five hops the chase is over, and it is not begun again."""
    wire = kit.answering(Response(302, {"location": "/round"}))
    with pytest.raises(errors.DownloadRefused, match="more than 5 redirects"):
        kit.save(wire, tmp_path / "film.mp4")
    assert len(wire.sent) == 6


def test_credentials_go_to_their_own_origin_only(kit: Kit, tmp_path: Path) -> None:
    """Where a service wants its key for a file, the key is sent to the service and to nobody else on the way."""
    profile = replace(PROFILE, signed_downloads=False)
    hops = ["/moved", "https://storage.example/film", f"http://{kit.base.removeprefix('https://')}/film"]
    wire = kit.answering(
        Response(302, {"location": hops[0]}), Response(302, {"location": hops[1]}), Response(200, {}, kit.film)
    )
    kit.save(wire, tmp_path / "film.mp4", Media(f"{kit.base}:443/film", "video"), kit.service(profile=profile))
    assert ["Authorization" in request.headers for request in wire.sent] == [True, True, False]
    wire = kit.answering(Response(200, {}, kit.film))
    kit.save(wire, tmp_path / "film.mp4", Media(hops[2], "video"), kit.service(profile=profile))
    assert "Authorization" not in wire.sent[0].headers


def test_a_signed_address_gets_no_credentials(kit: Kit, tmp_path: Path) -> None:
    """A signed address needs no key, not even at the service's own host."""
    wire = kit.answering(Response(200, {}, kit.film))
    kit.save(wire, tmp_path / "film.mp4", Media(f"{kit.base}/film", "video"))
    assert set(wire.sent[0].headers) == {"Accept", "Accept-Encoding"}


@pytest.mark.parametrize(
    ("host", "trusted"),
    [
        ("a.trusted.example", True),
        ("trusted.example", True),
        ("untrusted.example", False),
        ("trusted.example.evil.example", False),
    ],
)
def test_only_trusted_hosts_are_asked(kit: Kit, tmp_path: Path, host: str, *, trusted: bool) -> None:
    """Where a vendor documents its hosts, no other is even connected to, also after a redirect."""
    service = kit.service(profile=replace(PROFILE, trusted_hosts=(".trusted.example",)))
    wire = kit.answering(Response(302, {"location": f"https://{host}/film"}), Response(200, {}, kit.film))
    start = Media("https://a.trusted.example/film", "video")
    if trusted:
        kit.save(wire, tmp_path / "film.mp4", start, service)
        return
    with pytest.raises(errors.DownloadUnsafe, match="not among the trusted hosts"):
        kit.save(wire, tmp_path / "film.mp4", start, service)
    assert len(wire.sent) == 1
