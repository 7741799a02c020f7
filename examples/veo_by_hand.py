"""Follow the Gemini API's page on Veo without a client library, using the standard library only.

Start an operation, poll until it is done, download the video with the key. Every request is a curl line of
ai.google.dev/gemini-api/docs/video, at Google's own host; a video costs money. To spend none: ``soundstage run --
python examples/veo_by_hand.py``.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from urllib.request import Request, urlopen

HOST = "https://generativelanguage.googleapis.com"
MODEL = "veo-3.0-generate-001"


def curl(url: str, key: str, body: object = None) -> bytes:
    """Send one request as curl would, and return the content of the response."""
    headers = {"x-goog-api-key": key, "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(url, data=data, headers=headers)) as response:  # noqa: S310 - the URL is http or https
        content: bytes = response.read()
        return content


def follow(base: str, key: str, folder: Path, pause: float = 1.0) -> Path:
    """Send the requests of the page to *base*, and return the path of the video."""
    body = {"instances": [{"prompt": "A paper boat on a stream"}]}
    operation = json.loads(curl(f"{base}/v1beta/models/{MODEL}:predictLongRunning", key, body))
    name = operation["name"]
    while not operation.get("done"):
        time.sleep(pause)
        operation = json.loads(curl(f"{base}/v1beta/{name}", key))
        print(name, operation.get("done", False))

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name.rpartition('/')[2]}.mp4"
    (sample,) = operation["response"]["generateVideoResponse"]["generatedSamples"]
    path.write_bytes(curl(sample["video"]["uri"], key))
    return path


def main() -> None:
    """Send the requests of the page to Google."""
    print("saved", follow(HOST, os.environ["GEMINI_API_KEY"], Path("soundstage-demo")))


if __name__ == "__main__":
    main()
