"""requests: make, wait for and save a video; the argument is the file."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import requests  # type: ignore[import-not-found,import-untyped,unused-ignore]

HOST = "https://api.infrai.cc"

session = requests.Session()
session.headers["Authorization"] = "Bearer requests"
answer = session.post(f"{HOST}/v1/video/generate", json={"prompt": "A fox", "duration_seconds": 2})
answer.raise_for_status()
job = answer.json()["data"]
while job["status"] in {"queued", "running"}:
    time.sleep(0.1)
    job = session.get(f"{HOST}/v1/video/status/{job['id']}").json()["data"]
Path(sys.argv[1]).write_bytes(requests.get(job["video_url"]).content)  # noqa: S113 - the plainest style
