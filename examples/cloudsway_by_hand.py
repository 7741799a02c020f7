"""Follow Cloudsway's curl examples for Kling without the client library, using the standard library only.

Start a video with an external id, look it up by that id, poll until it ends, download it. Every request is an example
of the gateway's pages, at its own host; a video costs money. To spend none: ``soundstage run -- python
examples/cloudsway_by_hand.py``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

HOST = "https://genaiapi.cloudsway.net"


def curl(method: str, url: str, key: str, body: object = None) -> Any:
    """Send one request as curl would, and return the data in its envelope.

    Raises:
        RuntimeError: The code is not 0; the message has the code and the service's message.
    """
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data=data, headers=headers, method=method)  # noqa: S310 - the URL is http or https
    with urlopen(request) as response:  # noqa: S310 - the same
        envelope = json.load(response)
    if envelope["code"] != 0:
        raise RuntimeError(f"{envelope['code']}: {envelope['message']}")
    return envelope["data"]


def follow(base: str, endpoint: str, folder: Path) -> Path:
    """Send the requests of the pages to *base*, and return the path of the video."""
    videos, key = f"{base}/v1/ai/{endpoint}/kling/videos/text2video", "a-key-of-the-console"
    body = {
        "model_name": "kling-v1-6", "prompt": "A paper boat on a stream", "duration": "5", "external_task_id": "boat-1",
    }  # fmt: skip
    task = curl("POST", videos, key, body)
    print("found by its external id:", curl("GET", f"{videos}/boat-1", key)["task_id"] == task["task_id"])

    while task["task_status"] not in ("succeed", "failed"):
        task = curl("GET", f"{videos}/{task['task_id']}", key)
        print(task["task_id"], task["task_status"])

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{task['task_id']}.mp4"
    with urlopen(task["task_result"]["videos"][0]["url"]) as video:  # noqa: S310 - a signed URL, which needs no key
        path.write_bytes(video.read())
    return path


def main() -> None:
    """Send the requests of the pages to the gateway."""
    print("saved", follow(HOST, os.environ["CLOUDSWAY_ENDPOINT"], Path("soundstage-demo")))


if __name__ == "__main__":
    main()
