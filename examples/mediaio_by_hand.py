"""Follow Media.io's API pages without the client library, using the standard library only.

Read the credits, create a video from an image, poll its result until it ends, download it. Every request is that of a
page, at the vendor's own host; a video costs credits. To spend none: ``soundstage run -- python
examples/mediaio_by_hand.py``.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

HOST = "https://openapi.media.io"


def post(url: str, key: str, body: object) -> Any:
    """Send a JSON body, and return the data of the response.

    Raises:
        RuntimeError: The code is not 0; the message has the code and the service's message.
    """
    headers = {"X-API-KEY": key, "Content-Type": "application/json"}
    request = Request(url, data=json.dumps(body).encode(), headers=headers)  # noqa: S310 - the URL is http or https
    with urlopen(request) as response:  # noqa: S310 - the same
        envelope = json.load(response)
    if envelope["code"] != 0:
        raise RuntimeError(f"{envelope['code']}: {envelope['msg']}")
    return envelope["data"]


def follow(base: str, key: str, folder: Path, pause: float = 1.0) -> Path:
    """Send the requests of the pages to *base*, and return the path of the video."""
    print("credits:", post(f"{base}/user/credits", key, {})["credits"])
    data = {
        "prompt": "The fox looks up", "image": "https://example.com/fox.png", "resolution": "1080P",
        "duration": "5s", "multi_shots": "False", "generate_audio": "False",
    }  # fmt: skip
    task = post(f"{base}/generation/kling/i2v-kling-v3-0", key, {"data": data})["task_id"]
    result: dict[str, Any] = {"status": "waiting"}
    while result["status"] not in ("completed", "failed", "timeout"):
        time.sleep(pause)
        result = post(f"{base}/generation/result/{task}", key, {})
        print(task, result["status"])

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{task}.mp4"
    with urlopen(result["result"][0]["preview"]) as video:  # noqa: S310 - a signed URL, which needs no key
        path.write_bytes(video.read())
    return path


def main() -> None:
    """Send the requests of the pages to the service."""
    print("saved", follow(HOST, os.environ["MEDIAIO_API_KEY"], Path("soundstage-demo")))


if __name__ == "__main__":
    main()
