"""Kling's curl pages by way of Cloudsway, followed by hand: no client library, only what Python brings along.

Start a film under a name of one's own, find it by that name, look until it is done, fetch it. Every request is a line
of the gateway's pages; only the host is another: a simulator in this process, whose clock moves at each look. Against
the service, let `base` be the gateway's address and `endpoint` your own, and mind that a film costs money.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from soundstage_server import Server, World


def curl(method: str, url: str, key: str, body: object = None) -> Any:
    """Send one request as curl would, and return the data in its envelope.

    Raises:
        RuntimeError: The code is not 0; the text is the code and what was said.
    """
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data=data, headers=headers, method=method)  # noqa: S310 - an http address of our own
    with urlopen(request) as answer:  # noqa: S310 - the same
        envelope = json.load(answer)
    if envelope["code"] != 0:
        raise RuntimeError(f"{envelope['code']}: {envelope['message']}")
    return envelope["data"]


def follow(base: str, endpoint: str, folder: Path) -> Path:
    """Follow the pages at *base*, and return where the film is."""
    films, key = f"{base}/v1/ai/{endpoint}/kling/videos/text2video", "a-key-of-the-console"
    asked = {
        "model_name": "kling-v1-6", "prompt": "A paper boat on a stream", "duration": "5", "external_task_id": "boat-1",
    }  # fmt: skip
    task = curl("POST", films, key, asked)
    print("by its own name:", curl("GET", f"{films}/boat-1", key)["task_id"] == task["task_id"])

    while task["task_status"] not in ("succeed", "failed"):
        task = curl("GET", f"{films}/{task['task_id']}", key)
        print(task["task_id"], task["task_status"])

    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{task['task_id']}.mp4"
    with urlopen(task["task_result"]["videos"][0]["url"]) as video:  # noqa: S310 - a signed address, which needs no key
        place.write_bytes(video.read())
    return place


def main() -> None:
    """Follow the pages against a simulator."""
    with World(clock="auto", media="small") as world, Server(world) as server:
        print("saved", follow(server.base_url("cloudsway"), "my-endpoint", Path("soundstage-demo")))


if __name__ == "__main__":
    main()
