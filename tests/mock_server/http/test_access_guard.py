"""The control API obeys programs on this machine, and no web page in a browser on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from soundstage_server import InProcess, Server, Simulator, World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.mock_server.conftest import Kit, Reply

OWN_HOSTS = [
    "127.0.0.1:8080",
    "127.9.9.9",
    "localhost",
    "localhost:1",
    "LOCALHOST:80",
    "[::1]:8080",
    "mock.example:443",
]
FOREIGN_HOSTS = [
    "evil.example",
    "evil.example:8080",
    "127.0.0.1.evil.example",
    "[::2]",
    "192.168.0.7",
    "[",
    "localhost.x",
]


def control(kit: Kit, world: World, headers: Mapping[str, str], method: str = "POST", route: str = "/reset") -> Reply:
    """Send a control call with *headers*."""
    app = Simulator(world)
    scope = kit.scope(method, f"/_soundstage{route}", b"", headers)
    scope["headers"] = list(dict(scope["headers"]).items())
    reply = kit.exchange(app, scope, [{"type": "http.request"}])
    assert reply is not None
    return reply


@pytest.mark.parametrize("host", OWN_HOSTS)
def test_own_names_are_accepted(kit: Kit, host: str) -> None:
    """Loopback addresses, localhost, and the host of the public URL."""
    with kit.world(public_url="https://mock.example/x") as world:
        assert control(kit, world, {"Host": host}).status == 204
        assert control(kit, world, {"Host": host, "Origin": f"http://{host}"}).status == 204


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
@pytest.mark.parametrize("route", ["/reset", "/clock/advance", "/requests", "/files?name=a", "/snapshot"])
def test_rebound_name_is_refused(kit: Kit, host: str, route: str) -> None:
    """A DNS name that points to this machine commands and reads nothing; the refusal names it and what is allowed."""
    with kit.world() as world:
        kit.caller(world).create()
        for method in ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"):
            reply = control(kit, world, {"Host": host}, method, route)
            assert (reply.status, repr(host) in reply.json()["detail"]) == (403, True)
            assert "--public-url" in reply.json()["detail"]
        assert len(list(world.tasks())) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1.evil.example:8080"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "nonsense"},
    ],
    ids=str,
)
def test_foreign_page_is_refused(kit: Kit, headers: dict[str, str]) -> None:
    """A form, a script or an image of another site changes nothing."""
    with kit.world() as world:
        kit.caller(world).create()
        reply = control(kit, world, headers)
        assert (reply.status, "web pages" in reply.json()["detail"]) == (403, True)
        assert len(list(world.tasks())) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
    ],
    ids=str,
)
def test_own_page_is_accepted(kit: Kit, headers: dict[str, str]) -> None:
    """The simulator's pages, a page of a development server on this machine, and a typed address."""
    with kit.world() as world:
        assert control(kit, world, headers).status == 204


def test_vendors_take_any_host_and_origin(kit: Kit) -> None:
    """The guard concerns the control API alone."""
    with kit.world() as world:
        caller = kit.caller(world)
        headers = {**caller.headers, "Host": "evil.example", "Origin": "https://evil.example"}
        assert caller.send("POST", caller.row.create, {"prompt": "A fox"}, headers=headers).json()["code"] == 0


def test_server_that_is_not_loopback_takes_any_host(kit: Kit) -> None:
    """Its names are not known; foreign pages are refused all the same."""
    with kit.world() as world, Server(world, host="0.0.0.0") as server:  # noqa: S104 - the case to test
        url = f"http://127.0.0.1:{server.port}/_soundstage/reset"
        assert httpx.post(url, headers={"Host": "mock.example"}).status_code == 204
        own = {"Host": "mock.example:8080", "Origin": "http://mock.example:8080"}
        assert httpx.post(url, headers=own).status_code == 204
        assert httpx.post(url, headers={**own, "Origin": "http://evil.example"}).status_code == 403


def test_in_process_has_no_foreign_hosts(kit: Kit) -> None:
    """No browser reaches it."""
    with kit.world() as world, InProcess(world) as simulator, simulator.client() as client:
        assert client.post(f"{simulator.url}/_soundstage/reset").status_code == 204


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"X-Soundstage-Token": "wrong"}, 401),
        ({"Authorization": "Basic secret"}, 401),
        ({"X-Soundstage-Token": "secret"}, 204),
        ({"Authorization": "Bearer secret"}, 204),
    ],
)
def test_control_token(kit: Kit, headers: dict[str, str], status: int) -> None:
    """With a token, every control call must carry it; health and vendors need none."""
    with kit.world() as world, Server(world, control_token="secret") as server:
        answer = httpx.post(f"{server.url}/_soundstage/reset", headers=headers)
        assert answer.status_code == status
        assert "secret" not in answer.text
        assert httpx.get(f"{server.url}/_soundstage/health").status_code == 200


@pytest.mark.parametrize(("option", "value"), [("control_token", ""), ("max_body", 0), ("max_body", -1)])
def test_invalid_options_are_refused(option: str, value: Any) -> None:
    """An empty token would protect nothing."""
    with pytest.raises(ValueError, match=option):
        Server(**{option: value})


@pytest.mark.parametrize("path", ["/_soundstage/reset", "//_soundstage/reset", "/%5fsoundstage/reset", "/_soundstage"])
def test_callback_does_not_reach_the_control_api(kit: Kit, path: str) -> None:
    """Any caller of a vendor could otherwise command the simulator."""
    with kit.world() as world, Server(world) as server:
        caller = kit.caller(world)
        caller.create(callback=server.url + path)
        world.advance(600)
        world.settle_callbacks()
        (attempt,) = world.callbacks()
        assert (attempt.outcome, "control API" in attempt.detail) == ("refused", True)
        assert len(list(world.tasks())) == 1
