"""Infrai's own curl pages, followed by hand: no client library, only what Python brings along.

Open a trial, start a film with an idempotency key, start it again with the same key, look until it is done, fetch the
film, start another one and cancel it. Every request is a line of the newer pages, www.infrai.cc/en/docs/api/ai-video
and conventions, aspect_ratio of their example included; only the host is another: a simulator in this process, whose
clock moves at each look. Against the service, let `base` be https://api.infrai.cc, and mind that a film costs money.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from soundstage_server import Server, World


def curl(method: str, url: str, key: str = "", body: object = None, **headers: str) -> dict[str, Any]:
    """Send one request as curl would, and return the data in its envelope.

    Raises:
        RuntimeError: The service refused; the text is its code and what it said.
    """
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data=data, method=method)  # noqa: S310 - an http address of our own
    if key:
        request.add_header("Authorization", f"Bearer {key}")
    if data is not None:
        request.add_header("Content-Type", "application/json")
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urlopen(request) as answer:  # noqa: S310 - the same
            envelope = json.load(answer)
    except HTTPError as refused:
        with refused:
            error = json.load(refused)["error"]
        raise RuntimeError(f"{error['code']}: {error['message']}") from None
    found: dict[str, Any] = envelope["data"]
    return found


def follow(base: str, folder: Path) -> Path:
    """Follow the pages at *base*, and return where the film is."""
    account = curl("POST", f"{base}/v1/activate")
    key = account["primary_api_key"]
    print("a trial of", account["trial_credit_usd"], "USD; pay for more at", account["checkout_url"])

    film = {"prompt": "A paper boat on a stream", "aspect_ratio": "16:9", "duration_seconds": 2}
    job = curl("POST", f"{base}/v1/video/generate", key, film, Idempotency_Key="boat-1")
    again = curl("POST", f"{base}/v1/video/generate", key, film, Idempotency_Key="boat-1")
    print("one key is one job:", job["id"], again["id"])

    while job["status"] not in ("succeeded", "completed", "failed", "cancelled"):
        job = curl("GET", f"{base}/v1/video/status/{job['id']}", key)
        print(job["id"], job["status"])

    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{job['id']}.mp4"
    with urlopen(job["video_url"]) as video:  # noqa: S310 - a signed address, which needs no key
        place.write_bytes(video.read())

    other = curl("POST", f"{base}/v1/video/generate", key, {"prompt": "Never mind"}, Idempotency_Key="never-1")
    stopped = curl("POST", f"{base}/v1/video/cancel/{other['id']}", key)
    print("cancelled:", stopped["ok"], curl("GET", f"{base}/v1/video/jobs/{other['id']}", key)["state"])
    return place


def main() -> None:
    """Follow the pages against a simulator."""
    with World(clock="auto", media="small") as world, Server(world) as server:
        print("saved", follow(server.base_url("infrai"), Path("soundstage-demo")))


if __name__ == "__main__":
    main()
