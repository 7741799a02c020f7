"""Follow Tomoviee's skill for text to video without the client library, using the standard library only.

Create a task, poll until it ends, download the video. Every request is that of the skill's page, at the gateway's own
host; a video costs credits. To spend none: ``soundstage run -- python examples/tomoviee_by_hand.py``.
"""

from __future__ import annotations

import json
import os
import time
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

HOST = "https://openapi.wondershare.cc"
QUEUED, RUNNING, SUCCEEDED = 1, 2, 3


def post(url: str, key: str, secret: str, body: object) -> Any:
    """Send a JSON body, and return the data of the response.

    Raises:
        RuntimeError: The code is not 0; the message has the code and the gateway's message.
    """
    token = b64encode(f"{key}:{secret}".encode()).decode()
    headers = {"X-App-Key": key, "Authorization": f"Basic {token}", "Content-Type": "application/json"}
    request = Request(url, data=json.dumps(body).encode(), headers=headers)  # noqa: S310 - the URL is http or https
    with urlopen(request) as response:  # noqa: S310 - the same
        envelope = json.load(response)
    if envelope["code"] != 0:
        raise RuntimeError(f"{envelope['code']}: {envelope['msg']}")
    return envelope["data"]


def follow(base: str, key: str, secret: str, folder: Path, pause: float = 1.0) -> Path:
    """Send the requests of the page to *base*, and return the path of the video."""
    body = {"prompt": "A paper boat on a stream", "resolution": "720p", "aspect_ratio": "16:9", "duration": 5}
    task = post(f"{base}/v1/open/capacity/application/tm_text2video_b", key, secret, body)
    data: dict[str, Any] = {"status": QUEUED}
    while data["status"] in (QUEUED, RUNNING):
        time.sleep(pause)
        data = post(f"{base}/v1/open/pub/task", key, secret, {"task_id": task["task_id"]})
        print(task["task_id"], data["status"])
    if data["status"] != SUCCEEDED:
        raise RuntimeError(data["reason"])

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{task['task_id']}.mp4"
    (url,) = json.loads(data["result"])["video_path"]
    with urlopen(url) as video:  # noqa: S310 - a signed URL, which needs no key
        path.write_bytes(video.read())
    return path


def main() -> None:
    """Send the requests of the page to the gateway."""
    key, secret = os.environ["TOMOVIEE_APP_KEY"], os.environ["TOMOVIEE_APP_SECRET"]
    print("saved", follow(HOST, key, secret, Path("soundstage-demo")))


if __name__ == "__main__":
    main()
