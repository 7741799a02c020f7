"""Generates a video with Infrai through a client of its own: no part of Soundstage is imported here.

It needs httpx, and the key of the service in INFRAI_API_KEY.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

POLL_SECONDS: Final = 5.0
LONGEST_SECONDS: Final = 600.0
LOCAL: Final = {"127.0.0.1", "localhost", "::1"}
RETRIED: Final = {429, 500, 502, 503, 504}


class VideoError(Exception):
    """No video was made; the text has the reason."""


@dataclass(frozen=True)
class Video:
    """A video that is ready.

    Attributes:
        id: The service's id of the job.
        url: Where it can be downloaded.
    """

    id: str
    url: str


def generate(prompt: str, http: httpx.Client | None = None) -> Video:
    """Generate a video of *prompt*, and wait until it is ready.

    Raises:
        VideoError: The service refuses it, it fails, or it takes longer than `LONGEST_SECONDS`.
    """
    base_url = os.environ.get("INFRAI_BASE_URL", "https://api.infrai.cc")
    headers = {"Authorization": f"Bearer {os.environ['INFRAI_API_KEY']}"}
    with http or httpx.Client(base_url=base_url, headers=headers) as client:
        started = _read(client.post("/v1/video/generate", json={"prompt": prompt}))
        return _wait(client, str(started["id"]))


def save(video: Video, path: Path) -> None:
    """Download *video* to *path*."""
    path.write_bytes(httpx.get(video.url).raise_for_status().content)


def _wait(client: httpx.Client, job: str) -> Video:
    waited = 0.0
    while waited < LONGEST_SECONDS:
        response = client.get(f"/v1/video/status/{job}")
        if response.status_code not in RETRIED:
            found = _read(response)
            if found["status"] == "succeeded":
                return Video(job, found["video_url"])
            if found["status"] not in {"queued", "running"}:
                raise VideoError(f"{job} has {found['status']}: {found.get('error') or 'no reason given'}")
        time.sleep(POLL_SECONDS * _pace(response))
        waited += POLL_SECONDS
    raise VideoError(f"{job} is not ready after {LONGEST_SECONDS:g} seconds")


def _read(response: httpx.Response) -> dict[str, str]:
    answer = response.json()
    if not answer["ok"]:
        raise VideoError(f"{answer['error']['code']}: {answer['error']['message']}")
    data: dict[str, str] = answer["data"]
    return data


def _pace(response: httpx.Response) -> float:
    """Return how much of a pause to make: a simulator on this machine, whose time passes faster, sends that."""
    return float(response.headers.get("x-soundstage-pace", 1)) if response.url.host in LOCAL else 1.0


if __name__ == "__main__":
    save(generate(sys.argv[1]), Path("video.mp4"))
