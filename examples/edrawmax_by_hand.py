"""Follow EdrawMax's skill for diagrams without the client library, using the standard library only.

Draw a flowchart and save both of its files. Every request is that of the skill's page, at the vendor's own host;
diagrams are free. To send nothing to the vendor: ``soundstage run -- python examples/edrawmax_by_hand.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from urllib.request import Request, urlopen

HOST = "https://api.edrawmax.cn"


def follow(base: str, folder: Path) -> Path:
    """Send the request of the page to *base*, save its files, and return the path of the image."""
    body = {"prompt": "Order a coffee, pay, drink it", "lang": "en", "platform": "web"}
    headers = {"X-User-ID": "1001", "Content-Type": "application/json"}
    url = f"{base}/api/ai/skills/generate-flowchart"
    request = Request(url, data=json.dumps(body).encode(), headers=headers)  # noqa: S310 - the URL is http or https
    with urlopen(request) as response:  # noqa: S310 - the same
        envelope = json.load(response)
    if envelope["code"] != 0:
        raise RuntimeError(f"{envelope['code']}: {envelope['msg']}")

    folder.mkdir(parents=True, exist_ok=True)
    for kind in ("svg", "png"):
        path = folder / f"coffee.{kind}"
        with urlopen(envelope["data"][f"{kind}_url"]) as file:  # noqa: S310 - a signed URL
            path.write_bytes(file.read())
    print(envelope["data"]["mermaid_code"])
    return path


def main() -> None:
    """Send the request of the page to the service."""
    print("saved", follow(HOST, Path("soundstage-demo")))


if __name__ == "__main__":
    main()
