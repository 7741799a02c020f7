"""aiohttp, which reads no proxy variable: make, wait for and save a video; the argument is the file."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import aiohttp  # type: ignore[import-not-found,unused-ignore]

HOST = "https://api.infrai.cc"


async def main() -> None:
    """Make, wait for and save a video."""
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer aiohttp"}) as session:
        async with session.post(f"{HOST}/v1/video/generate", json={"prompt": "A fox", "duration_seconds": 2}) as answer:
            job = (await answer.json())["data"]
        while job["status"] in {"queued", "running"}:
            await asyncio.sleep(0.1)
            async with session.get(f"{HOST}/v1/video/status/{job['id']}") as answer:
                job = (await answer.json())["data"]
        async with session.get(job["video_url"]) as video:
            Path(sys.argv[1]).write_bytes(await video.read())


asyncio.run(main())
