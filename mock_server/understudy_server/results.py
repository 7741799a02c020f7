"""Results: the addresses under which finished tasks hand out what they made.

An address needs no credential, as with the vendors' signed links; its signature keeps it from being guessed.
"""

from __future__ import annotations

from hashlib import blake2b
from hmac import compare_digest
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, quote

from understudy_server.lifecycle import Fate
from understudy_server.media import media_type, suffix
from understudy_server.wire import Answer, json_answer

if TYPE_CHECKING:
    from understudy_server.media import Medium
    from understudy_server.tasks import Task
    from understudy_server.wire import Receive, Scope, Send
    from understudy_server.world import World

SEGMENT: Final = "_files"
"""The path segment, after the slug, under which results live."""

_LIFETIME: Final = 30 * 24 * 3600
_METHODS: Final = ("GET", "HEAD")


def mint(task: Task, index: int, medium: Medium, world: World) -> str:
    """Return the address of one result of *task*."""
    name = f"{index}{suffix(medium)}"
    address = f"{task.base}/{SEGMENT}/{quote(task.id, safe='')}/{name}"
    return f"{address}?Expires={_expires(task)}&Signature={_sign(task, name, world)}"


def find(world: World, slug: str, method: str, rest: str, query: bytes) -> Medium | Answer:
    """Return the medium that an address means, or the answer of a store that does not hand it out."""
    if method not in _METHODS:
        refused = json_answer({"error": f"a file takes {' and '.join(_METHODS)}, not {method}"}, 405)
        return refused._replace(headers=[*refused.headers, (b"allow", ", ".join(_METHODS).encode())])
    task_id, _, name = rest.partition("/")
    service = world.services[slug]
    task = service.tasks.get(task_id)
    if task is None:
        return json_answer({"error": "no such file"}, 404)
    given = parse_qs(query.decode("latin-1"))
    signature, expires = (given.get(key, [""])[0] for key in ("Signature", "Expires"))
    signed = compare_digest(signature.encode(), _sign(task, name, world).encode())
    if not signed or expires != str(_expires(task)):
        return json_answer({"error": "the signature does not match"}, 403)
    if task.fate is not Fate.SUCCEED or task.account.now() < task.ends:
        return json_answer({"error": "no such file yet"}, 404)
    made = {f"{index}{suffix(medium)}": medium for index, medium in enumerate(service.outputs(task))}
    return made.get(name) or json_answer({"error": "no such file"}, 404)


async def serve(world: World, medium: Medium, scope: Scope, receive: Receive, send: Send) -> None:
    """Send *medium*, whole or the range that was asked for; it is made at its first download, off the event loop."""
    from starlette.responses import FileResponse

    path = await world.studio.file(medium)
    await FileResponse(path, media_type=media_type(medium))(scope, receive, send)


def _expires(task: Task) -> int:
    return int(task.ends) + _LIFETIME


def _sign(task: Task, name: str, world: World) -> str:
    text = f"{world.seed}/{task.account.vendor}/{task.id}/{name}/{_expires(task)}"
    return blake2b(text.encode(), digest_size=12).hexdigest()
