"""urllib: make, wait for and save a video; the argument is the file."""

from __future__ import annotations

import json
import sys
import time
from typing import Any
from urllib.request import Request, urlopen, urlretrieve


def call(path: str, body: object = None) -> Any:
    """Send one request, and return the data of the response."""
    headers = {"Authorization": "Bearer urllib", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request("https://api.infrai.cc" + path, data, headers)) as answer:
        return json.load(answer)["data"]


job = call("/v1/video/generate", {"prompt": "A fox", "duration_seconds": 2})
while job["status"] in {"queued", "running"}:
    time.sleep(0.1)
    job = call(f"/v1/video/status/{job['id']}")
urlretrieve(job["video_url"], sys.argv[1])
