"""The vendor's own package, gmicloud 0.1.10, against the simulator: `nox -s gmicloud_sdk`.

Its base address is a constant that three of its modules copy and that no setting changes: only those copies are
replaced. The package logs in, lists models, creates requests, polls them until they end, and downloads the same bytes
as this project's client. A second factor, an expired session, a cached refresh token and refusals are handled by it.
"""

from __future__ import annotations

import builtins
import logging
import os
import sys
import urllib.request
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from soundstage import GMICloud
from soundstage_cli.env import server_address, variables
from soundstage_contracts import load_facts
from soundstage_contracts.testing.outside import is_local_host
from soundstage_server import Server, World

TEXT, MOTION = "Wan-AI_Wan2.1-T2V-14B", "Image-to-Video-Model"
HOUR = 3600
ENDS = ("success", "failed", "cancelled")
ORDER = ["created", "queued", "dispatched", "processing", "success"]


def only_here(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse connections that leave this machine."""
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        assert is_local_host(str(arguments[1][0])), f"a connection to {arguments[1]}"


def pointed_at(base_url: str) -> Any:
    """Import the package and replace its base address, which no environment variable sets."""
    for module in ("_config", "_client._iam_client", "_client._video_client"):
        import_module(f"gmicloud._internal.{module}").IAM_SERVICE_BASE_URL = base_url  # type: ignore[attr-defined] # theirs
    logging.disable(logging.CRITICAL)  # it logs every refusal, and refusals are expected here
    return import_module("gmicloud")


def request_of(model: str, **payload: Any) -> Any:
    """Return a request in the package's own type."""
    return import_module("gmicloud._internal._models").SubmitRequestRequest(model=model, payload=payload)


def ended(videos: Any, request: str) -> list[Any]:
    """Poll a request until it is final and return every response."""
    seen: list[Any] = []
    while not seen or seen[-1].status.value not in ENDS:
        seen.append(videos.get_request_detail(request))
        assert len(seen) < 20, seen
    return seen


def fetched(url: str) -> bytes:
    """Download a file without this project's client."""
    with urllib.request.urlopen(url) as response:  # noqa: S310 - the simulator's address
        content: bytes = response.read()
        return content


def check_models(client: Any) -> None:
    """The package validates every model; its prices are integers."""
    found = client.video_manager.get_models()
    assert {TEXT, MOTION} <= {model.model for model in found}
    for model in found:
        detail = client.video_manager.get_model_detail(model.model)
        assert detail == model
        assert isinstance(detail.price_info.price, int)
        assert detail.host_type.value == "internal"
        assert all(parameter["key"] for parameter in detail.parameters)


def check_videos(client: Any, base_url: str, email: str) -> None:
    """Requests of both kinds succeed, and the videos equal those that this project's client downloads."""
    videos = client.video_manager
    made = videos.create_request(request_of(TEXT, prompt="A fox", video_length=2, cfg_scale=7.5))
    assert made.status.value == "created"
    seen = ended(videos, made.request_id)
    assert [one.status.value for one in seen] == ORDER
    assert seen[-1].org_id == client.iam_client.get_organization_id()
    image = "https://example.com/fox.png"
    moved = videos.create_request(request_of(MOTION, prompt="It looks up", image=image, duration=1, cfg_scale=0.5))
    outcome = ended(videos, moved.request_id)[-1].outcome
    with TemporaryDirectory() as folder, GMICloud(email, "soundstage", base_url=base_url) as mine:
        for request, url in ((made, seen[-1].outcome["video_url"]), (moved, outcome["media_urls"][0]["url"])):
            (output,) = mine.job(request.request_id).result()
            video = fetched(url)
            assert video[4:8] == b"ftyp"
            assert Path(output.save(Path(folder) / f"{request.request_id}.mp4")).read_bytes() == video
        assert [record.id for record in mine.requests(TEXT)] == [made.request_id]
    assert [one.request_id for one in videos.get_requests(TEXT)] == [made.request_id]
    assert videos.get_requests("nothing") is None


def check_keys(client: Any) -> None:
    """The package creates an API key and lists it; an empty name is refused before any request."""
    keys = client.iam_manager
    assert keys.get_org_api_keys() == []
    key = keys.create_org_api_key("ci")
    (listed,) = keys.get_org_api_keys()
    assert (listed.name, listed.scope, bool(listed.partialKey)) == ("ci", "ie_model", True)
    assert listed.owner.id == client.iam_client.get_user_id()
    assert key != listed.partialKey


def check_failures(client: Any) -> None:
    """The package reports failures as dictionaries with a code and an error."""
    videos = client.video_manager
    for word, status in (("fail", "failed"), ("cancel", "cancelled")):
        made = videos.create_request(request_of(TEXT, prompt=f"A fox soundstage:{word}"))
        last = ended(videos, made.request_id)[-1]
        assert (last.status.value, bool(last.outcome["error"])) == (status, True)
    for code, request in (
        ("400", request_of(TEXT, prompt="A fox soundstage:block")),
        ("400", request_of(TEXT, prompt="A fox", video_length=600)),
        ("404", request_of("nothing", prompt="A fox")),
    ):
        refused = videos.create_request(request)
        assert refused["code"].strip() == code, refused
        assert refused["error"], refused
    assert videos.get_request_detail("nothing")["error"] == "request not found"


def check_sessions(gmicloud: Any, client: Any, world: World, email: str) -> None:
    """The package refreshes an expired session, reuses a cached token and requests a second factor."""
    world.advance(25 * HOUR, world.account("gmicloud", email))
    assert client.video_manager.get_models()["code"].strip() == "401"
    assert client.iam_client.refresh_token()
    assert client.video_manager.get_models()
    first = client.iam_client.get_refresh_token()
    again = gmicloud.Client(email, "soundstage")
    assert again.iam_client.get_user_id() == client.iam_client.get_user_id()
    assert again.iam_client.get_refresh_token() != first
    codes = ["123456", "000000"]

    def at_the_terminal(_: object) -> str:
        return codes.pop(0)

    vars(builtins)["input"] = at_the_terminal
    guarded = gmicloud.Client("2fa-fox@example.test", "soundstage")
    assert guarded.video_manager.get_models()
    unauthorized = import_module("gmicloud._internal._exceptions").UnauthorizedError
    try:  # its three attempts wait for an error that its own HTTP client never raises
        gmicloud.Client("2fa-hare@example.test", "soundstage")
    except unauthorized:
        assert codes == []
    else:
        raise AssertionError("a wrong code was accepted")
    other = gmicloud.Client("hare@example.test", "soundstage")
    assert other.iam_client.get_organization_id() != client.iam_client.get_organization_id()


def main() -> None:
    """Run all checks."""
    with TemporaryDirectory() as home, World(clock="auto", media="small") as world, Server(world) as server:
        facts = load_facts("gmicloud").vendors["gmicloud"]
        os.environ.update(variables([facts], server_address(server.url), {}))
        os.environ["HOME"] = home  # the package stores refresh tokens there
        sys.addaudithook(only_here)
        base_url = os.environ["GMI_CLOUD_BASE_URL"]
        gmicloud = pointed_at(base_url)
        client = gmicloud.Client()
        assert client.iam_client.get_user_id()
        check_models(client)
        check_videos(client, base_url, os.environ["GMI_CLOUD_EMAIL"])
        check_keys(client)
        check_failures(client)
        check_sessions(gmicloud, client, world, os.environ["GMI_CLOUD_EMAIL"])
        refused = [entry.fact for entry in world.journal() if entry.status >= 400]
        assert all(refused), refused
        print(f"gmicloud 0.1.10: {world.requests} requests, {len(refused)} of them refused as expected")


if __name__ == "__main__":
    main()
