"""Options around the application: a trusted proxy's address, CORS for named origins, a vendor's host as public URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from soundstage_server import Server, Simulator, World
from soundstage_server.http.access_guard import ControlGuard
from soundstage_server.http.middleware import TrustedProxy, check_origins

if TYPE_CHECKING:
    from tests.mock_server.conftest import Caller, Kit, Reply

CREATE = "/v1/open/capacity/application/tm_text2video_b"
POLL = "/v1/open/pub/task"
ORIGIN = "http://localhost:3000"


def results_of(world: World) -> list[str]:
    """Return the result URLs of every task, once all have ended."""
    world.advance(600)
    return [url for task in world.tasks() for url in world.services[task.account.vendor].result_urls(task)]


@pytest.mark.parametrize(
    ("headers", "base"),
    [
        ({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "sim.example, inner"}, "https://sim.example"),
        ({"X-Forwarded-Proto": "HTTPS"}, "https://"),
        ({"X-Forwarded-Proto": "gopher", "X-Forwarded-Host": "sim.example"}, "http://sim.example"),
        ({}, "http://"),
    ],
)
@pytest.mark.parametrize("trusted", [True, False])
def test_result_address_follows_a_trusted_proxy(kit: Kit, headers: dict[str, str], base: str, *, trusted: bool) -> None:
    """Scheme and host are the first forwarded ones; without the option both headers are ignored."""
    with kit.world() as world, Server(world, trust_proxy=trusted) as server:
        credentials = kit.rows["tomoviee"].headers("key", "secret")
        sent = httpx.post(
            f"{server.url}/tomoviee{CREATE}", json={"prompt": "A fox"}, headers={**credentials, **headers}
        )
        assert sent.status_code == 200
        (url,) = results_of(world)
        scheme, _, host = base.partition("://")
        expected = f"{scheme}://{host or server.url.partition('://')[2]}" if trusted else server.url
        assert url.startswith(f"{expected}/tomoviee/_files/")


def test_forwarded_host_opens_no_control_api(kit: Kit) -> None:
    """A rebound page that sends X-Forwarded-Host is refused like one that does not, and so is a foreign proxy name."""
    with kit.world() as world:
        app = TrustedProxy(Simulator(world, guard=ControlGuard(world, bound_to="127.0.0.1")))
        for host, forwarded in (("evil.example", "127.0.0.1"), ("127.0.0.1:8080", "evil.example")):
            headers = {"Host": host, "X-Forwarded-Host": forwarded}
            scope = kit.scope("GET", "/_soundstage/clock", b"", headers)
            reply: Reply | None = kit.exchange(app, scope, [{"type": "http.request"}])
            assert reply is not None
            assert (reply.status, "evil.example" in reply.json()["detail"]) == (403, True)


def test_cors_is_off_by_default_and_named_by_origin(kit: Kit) -> None:
    """A named origin gets the headers, on preflights and responses; no other does, and none without it."""
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-app-key"}
    with kit.world() as world, Server(world, cors=[ORIGIN]) as server:
        allowed = httpx.options(f"{server.url}/tomoviee{CREATE}", headers={"Origin": ORIGIN, **preflight})
        assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, ORIGIN)
        refused = httpx.options(
            f"{server.url}/tomoviee{CREATE}", headers={"Origin": "http://evil.example", **preflight}
        )
        assert "access-control-allow-origin" not in refused.headers
        read = httpx.post(f"{server.url}/tomoviee{POLL}", headers={"Origin": ORIGIN})
        assert read.headers["access-control-allow-origin"] == ORIGIN
        assert "X-Soundstage-Fact" in read.headers["access-control-expose-headers"]
        control = httpx.get(f"{server.url}/_soundstage/clock", headers={"Origin": "http://pages.example"})
        assert control.status_code == 403
    with kit.world() as world, Server(world) as server:
        plain = httpx.options(f"{server.url}/tomoviee{CREATE}", headers={"Origin": ORIGIN, **preflight})
        assert (plain.status_code, "access-control-allow-origin" in plain.headers) == (405, False)
        assert "--cors" in plain.text


@pytest.mark.parametrize("origin", ["localhost:3000", "http://a/b", "ftp://a", "", "null", "http://[", "http://a/"])
def test_origin_that_no_browser_sends_is_refused(origin: str) -> None:
    """The message names the value and what is allowed; one text is not taken for its letters."""
    with pytest.raises(ValueError, match="cors must be"):
        Server(cors=[origin])
    with pytest.raises(ValueError, match="not one text"):
        check_origins(ORIGIN)
    assert check_origins([ORIGIN, "*"]) == (ORIGIN, "*")


def test_public_url_may_be_the_host_of_a_vendor(kit: Kit) -> None:
    """The results of every vendor are answered below it, and its own routes as before."""
    with kit.world() as world:
        host = world.services["tomoviee"].hosts[0]
        world.public_url = f"https://{host}"
        callers: list[Caller] = [kit.caller(world, slug) for slug in ("tomoviee", "cloudsway")]
        for caller in callers:
            assert caller.create().status == 200
        urls = results_of(world)
        assert {url.split("/")[3] for url in urls} == {"tomoviee", "cloudsway"}
        for url in urls:
            assert url.startswith(f"https://{host}/")
            assert callers[0].fetch(url, Host=host).status == 200
        own = callers[0].send("POST", POLL, headers={**callers[0].headers, "Host": host})
        assert own.status == callers[0].send("POST", POLL).status
