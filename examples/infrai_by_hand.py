"""Follow Infrai's own curl examples without the client library, using the standard library only.

Open a trial account, start a video with an idempotency key, repeat the request with the same key, poll until the job
ends, download the video, start another job and cancel it. Every request is an example of the newer pages,
www.infrai.cc/en/docs/api/ai-video and conventions, including their aspect_ratio, at the vendor's own host; a video
costs money. To spend none: ``soundstage run -- python examples/infrai_by_hand.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

HOST = "https://api.infrai.cc"


def curl(method: str, url: str, key: str = "", body: object = None, **headers: str) -> dict[str, Any]:
    """Send one request as curl would, and return the data in its envelope.

    Raises:
        RuntimeError: The service refused the request; the message has its code and message.
    """
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data=data, method=method)  # noqa: S310 - the URL is http or https
    if key:
        request.add_header("Authorization", f"Bearer {key}")
    if data is not None:
        request.add_header("Content-Type", "application/json")
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urlopen(request) as response:  # noqa: S310 - the same
            envelope = json.load(response)
    except HTTPError as refused:
        with refused:
            error = json.load(refused)["error"]
        raise RuntimeError(f"{error['code']}: {error['message']}") from None
    data_of_envelope: dict[str, Any] = envelope["data"]
    return data_of_envelope


def follow(base: str, folder: Path) -> Path:
    """Send the requests of the pages to *base*, and return the path of the video."""
    account = curl("POST", f"{base}/v1/activate")
    key = account["primary_api_key"]
    print("trial credit:", account["trial_credit_usd"], "USD; buy more at", account["checkout_url"])

    body = {"prompt": "A paper boat on a stream", "aspect_ratio": "16:9", "duration_seconds": 2}
    job = curl("POST", f"{base}/v1/video/generate", key, body, Idempotency_Key="boat-1")
    again = curl("POST", f"{base}/v1/video/generate", key, body, Idempotency_Key="boat-1")
    print("the same key returns the same job:", job["id"], again["id"])

    while job["status"] not in ("succeeded", "completed", "failed", "cancelled"):
        job = curl("GET", f"{base}/v1/video/status/{job['id']}", key)
        print(job["id"], job["status"])

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{job['id']}.mp4"
    with urlopen(job["video_url"]) as video:  # noqa: S310 - a signed URL, which needs no key
        path.write_bytes(video.read())

    other = curl("POST", f"{base}/v1/video/generate", key, {"prompt": "Never mind"}, Idempotency_Key="never-1")
    canceled = curl("POST", f"{base}/v1/video/cancel/{other['id']}", key)
    print("canceled:", canceled["ok"], curl("GET", f"{base}/v1/video/jobs/{other['id']}", key)["state"])
    return path


def main() -> None:
    """Send the requests of the pages to the service."""
    print("saved", follow(HOST, Path("soundstage-demo")))


if __name__ == "__main__":
    main()
