"""A web service that orders videos and is called back when they are ready.

`POST /videos` starts a job and responds at once; the service of the vendor calls `/callbacks/...` at its end, and
`GET /videos/{reference}` shows what happened. The program polls nothing.

    uvicorn --app-dir examples/web_service service:app

It reads PUBLIC_URL (the address at which the vendor reaches this program), CALLBACK_SECRET and the variables of
`AsyncTomoviee`.
"""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from fastapi import FastAPI, HTTPException

from soundstage import AsyncTomoviee, Callback, CallbackReceiver, SoundstageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass
class Video:
    """One order: its state, and the file or the reason once it is over."""

    state: str
    file: str = ""
    reason: str = ""


def create_app(client: AsyncTomoviee, public_url: str, secret: str, folder: Path) -> FastAPI:
    """Return the application.

    Args:
        client: Starts the jobs; it is closed with the application.
        public_url: The address of this application for the vendor, without a slash at the end.
        secret: Signs the addresses of callbacks; the same in every process.
        folder: Where the videos are saved.
    """
    orders: dict[str, Video] = {}  # a service with several processes keeps them in its database

    async def finished(callback: Callback) -> None:
        """Save a video that is ready, or keep the reason why there is none."""
        order = orders[callback.reference]
        job = callback.job
        if job.error is None:
            (file,) = await job.save(folder)
            order.file = str(file)
        else:
            order.reason = str(job.error)
        order.state = job.state.name.lower()

    receiver = CallbackReceiver(client, finished, secret=secret)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await client.aclose()

    app = FastAPI(lifespan=lifespan)
    app.mount("/callbacks/tomoviee", receiver)

    @app.post("/videos", status_code=202)
    async def create(prompt: str) -> dict[str, str]:
        reference = uuid4().hex
        address = receiver.addresses.url(f"{public_url}/callbacks/tomoviee", reference)
        orders[reference] = Video("queued")  # before the call: the callback may be faster than its response
        try:
            await client.text_to_video(prompt, callback=address)
        except SoundstageError as error:
            del orders[reference]
            raise HTTPException(502, str(error)) from error
        return {"reference": reference}

    @app.get("/videos/{reference}")
    async def show(reference: str) -> Video:
        if reference not in orders:
            raise HTTPException(404, "no such order")
        return orders[reference]

    return app


def __getattr__(name: str) -> FastAPI:
    """Return `app`, which reads the environment; a test calls `create_app` instead."""
    if name != "app":
        raise AttributeError(name)
    return create_app(AsyncTomoviee(), os.environ["PUBLIC_URL"], os.environ["CALLBACK_SECRET"], Path("videos"))
