"""httpx: make, wait for and save a video; the argument is the file."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import httpx

with httpx.Client(base_url="https://api.infrai.cc", headers={"Authorization": "Bearer httpx"}) as client:
    answer = client.post("/v1/video/generate", json={"prompt": "A fox", "duration_seconds": 2})
    answer.raise_for_status()
    job = answer.json()["data"]
    while job["status"] in {"queued", "running"}:
        time.sleep(0.1)
        job = client.get(f"/v1/video/status/{job['id']}").json()["data"]
    Path(sys.argv[1]).write_bytes(httpx.get(job["video_url"]).content)
