"""The server of the comparison: responds at once to every client in its own protocol, and counts connections.

The first segment of a path names the client. It runs in a process of its own, so that the figures are the clients'.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

FILE_SIZE: Final = 64 << 20
_VIDEO: Final = b"\0\0\0\x18ftypmp42" + bytes(12) + FILE_SIZE.to_bytes(4, "big") + b"mdat"
_PIECE: Final = bytes(1 << 20)


def responses(base: str) -> dict[str, Any]:
    """Return the body that each client gets for every request, by the first segment of the path."""
    video = {"id": "v-1", "object": "video", "model": "sora-2", "status": "completed", "progress": 100}
    replicate = {
        "id": "p-1",
        "status": "succeeded",
        "version": "v",
        "model": "m/m",
        "input": {},
        "output": f"{base}/file",
    }
    fal = {name: f"{base}/fal-client/x/requests/r-1{end}" for name, end in FAL_ADDRESSES.items()}
    data = {"task_id": "t-1", "status": 3, "progress": 100, "result": json.dumps({"video_path": [f"{base}/file"]})}
    return {
        "soundstage": {"code": 0, "msg": "", "data": data},
        "openai": {**video, "created_at": 1, "seconds": "4", "size": "720x1280"},
        "litellm": {**video, "created_at": 1, "seconds": "4", "size": "720x1280"},
        "replicate": {**replicate, "urls": {"get": f"{base}/replicate/p-1", "cancel": f"{base}/replicate/p-1"}},
        "runwayml": {"id": "17f20503-6c24-4c16-946b-35dbbce2af2f", "status": "SUCCEEDED", "output": [f"{base}/file"]},
        "lumaai": {"id": "g-1", "state": "completed", "assets": {"video": f"{base}/file"}},
        "google-genai": {"name": "models/veo/operations/o-1", "done": True, "response": {}},
        "fal-client": {"request_id": "r-1", "status": "COMPLETED", "logs": [], "metrics": {}, **fal},
    }


FAL_ADDRESSES: Final = {"response_url": "", "status_url": "/status", "cancel_url": "/cancel"}


class Server:
    """Serves until its other end closes."""

    def __init__(self, channel: Connection) -> None:
        self.channel = channel
        self.connections = 0
        self.bodies: dict[str, bytes] = {}

    async def serve(self) -> None:
        """Send the port; then, whenever something is received, the number of connections since the last time."""
        server = await asyncio.start_server(self.respond, "127.0.0.1", 0, backlog=2000)
        port = server.sockets[0].getsockname()[1]
        found = responses(f"http://127.0.0.1:{port}")
        self.bodies = {name: json.dumps(body).encode() for name, body in found.items()}
        self.channel.send(port)
        while await asyncio.to_thread(self.channel.recv):
            self.channel.send(self.connections)
            self.connections = 0

    async def respond(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        with contextlib.suppress(OSError, EOFError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                await reader.readexactly(int(lines[0].partition(b":")[2]) if lines else 0)
                path = head.split(b" ", 2)[1].decode()
                if "/file" in path or path.endswith("/content"):
                    await self._send_file(writer)
                else:
                    self._send(writer, self.bodies[path.split("/")[1]])
                await writer.drain()
        writer.close()

    @staticmethod
    def _send(writer: asyncio.StreamWriter, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        writer.write(head % len(body) + body)

    @staticmethod
    async def _send_file(writer: asyncio.StreamWriter) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: %d\r\n\r\n" % FILE_SIZE
        writer.write(head + _VIDEO)
        left = FILE_SIZE - len(_VIDEO)
        while left:
            writer.write(_PIECE[:left])
            await writer.drain()
            left -= min(left, len(_PIECE))


def run(channel: Connection) -> None:
    """Run the server until its other end sends False."""
    asyncio.run(Server(channel).serve())
