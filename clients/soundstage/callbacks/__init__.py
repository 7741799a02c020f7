"""Receive callbacks (webhooks): signed addresses, and an ASGI application that acts once on the end of each job.

    from soundstage import AsyncTomoviee
    from soundstage.callbacks import Callback, CallbackReceiver

    async def finished(callback: Callback) -> None:
        await callback.job.save("videos")

    client = AsyncTomoviee()
    receiver = CallbackReceiver(client, finished, secret=os.environ["CALLBACK_SECRET"])
    app.mount("/callbacks/tomoviee", receiver)  # Starlette, FastAPI, or any other ASGI application
    address = receiver.addresses.url("https://app.example/callbacks/tomoviee", "order-7")
    job = await client.text_to_video("a kite", callback=address)

No vendor of this project signs its callbacks. What is verified instead: the address contains a signature over the
caller's own reference, so that no one can send a callback for another one, and the state of the job is always what the
service reports when it is polled, never what the body of the callback claims.
"""

from __future__ import annotations

from soundstage.callbacks.addresses import CallbackAddresses
from soundstage.callbacks.receiver import Callback, CallbackReceiver

__all__ = ["Callback", "CallbackAddresses", "CallbackReceiver"]
