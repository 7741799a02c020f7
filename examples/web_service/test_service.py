"""Tests of the service before a simulator that calls it back; both have real sockets on this machine."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
import uvicorn
from service import create_app

from soundstage import AsyncTomoviee
from soundstage_server import Server, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def running(folder: Path) -> Iterator[tuple[World, httpx.Client]]:
    """Run the service before a simulator; yield the simulator's world and a client of the service."""
    with (
        World(clock="auto", media="small") as world,
        Server(world) as simulator,
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        vendor = AsyncTomoviee("key", "secret", base_url=simulator.base_url("tomoviee"))
        app = create_app(vendor, url, "a secret of the tests", folder)
        service = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=service.run, args=([listening],))
        thread.start()
        try:
            with httpx.Client(base_url=url) as client:
                yield world, client
        finally:
            service.should_exit = True
            thread.join()


@pytest.mark.parametrize(
    ("prompt", "state", "reason"),
    [("a red kite over the sea", "succeeded", ""), ("a red kite, soundstage:fail", "failed", "generation failed")],
)
def test_callback_ends_the_order(prompt: str, state: str, reason: str, tmp_path: Path) -> None:
    """The order is accepted at once; after the callback it has its file, or the reason why there is none."""
    with running(tmp_path) as (world, client):
        created = client.post("/videos", params={"prompt": prompt})
        assert created.status_code == 202
        world.settle_callbacks()
        order = client.get(f"/videos/{created.json()['reference']}").json()
    assert order["state"] == state
    assert reason in order["reason"]
    assert [str(path) for path in tmp_path.iterdir()] == ([order["file"]] if state == "succeeded" else [])


def test_forged_callback_is_refused(tmp_path: Path) -> None:
    """An address without our signature is unknown, and so is an order that does not exist."""
    with running(tmp_path) as (_, client):
        assert client.post("/callbacks/tomoviee/order-7/forged", json={}).status_code == 404
        assert client.get("/videos/order-7").status_code == 404


def test_refused_order_is_reported(tmp_path: Path) -> None:
    """What the vendor refuses is a 502 with its reason, and leaves no order behind."""
    with running(tmp_path) as (_, client):
        refused = client.post("/videos", params={"prompt": ""})
    assert refused.status_code == 502
    assert "prompt" in refused.json()["detail"]
