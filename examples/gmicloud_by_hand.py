"""Follow GMI Cloud's API reference without the client library, using the standard library only.

List the models, create a request, poll it until it ends, download the video. Every request is that of the reference
for API keys, at the vendor's own host; a video costs money. To spend none: ``soundstage run -- python
examples/gmicloud_by_hand.py``.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

HOST = "https://console.gmicloud.ai"
MODEL = "Wan-AI_Wan2.1-T2V-14B"


def call(method: str, url: str, key: str, body: object = None) -> Any:
    """Send one request, and return the response's JSON."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data=data, headers=headers, method=method)  # noqa: S310 - the URL is http or https
    with urlopen(request) as response:  # noqa: S310 - the same
        return json.load(response)


def follow(base: str, key: str, folder: Path, pause: float = 1.0) -> Path:
    """Send the requests of the reference to *base*, and return the path of the video."""
    queue = f"{base}/api/v1/ie/requestqueue/apikey"
    print("offered:", MODEL in call("GET", f"{queue}/models", key)["model_ids"])
    body = {"model": MODEL, "payload": {"prompt": "A paper boat on a stream", "video_length": 2}}
    request = call("POST", f"{queue}/requests", key, body)
    number = request["request_id"]
    while request["status"] not in ("success", "failed", "cancelled"):
        time.sleep(pause)
        request = call("GET", f"{queue}/requests/{number}", key)
        print(number, request["status"])

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{number}.mp4"
    with urlopen(request["outcome"]["media_urls"][0]["url"]) as video:  # noqa: S310 - a signed URL, which needs no key
        path.write_bytes(video.read())
    return path


def main() -> None:
    """Send the requests of the reference to the service."""
    print("saved", follow(HOST, os.environ["GMI_API_KEY"], Path("soundstage-demo")))


if __name__ == "__main__":
    main()
