"""Result URLs: signed, expiring addresses of what a task has produced.

An address needs no credential, as with the vendors' own signed links; the signature keeps it from being guessed. The
signature covers the seed, the vendor, the task, the file and the time of expiry, and nothing is stored: an address from
before a restart is valid in a world with the same seed and state.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, quote, unquote

from soundstage_server.media import media_type, suffix
from soundstage_server.model.lifecycle import Fate
from soundstage_server.model.messages import Response, json_response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from soundstage_server.media import MediaSpec
    from soundstage_server.model.account import Task
    from soundstage_server.model.asgi import RawHeaders, Receive, Scope, Send
    from soundstage_server.world.world import World

SEGMENT: Final = "_files"
"""The path segment of results, after the slug."""

MAX_FILES: Final = 16
"""The limit of the files of one task; no vendor documents more than 4."""

# An address that redirects has the number of its redirect in its path: the server counts none.
_HOP: Final = re.compile(r"hop-([0-9]{1,2})/(.*)")
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9_.~-]+")
_METHODS: Final = ("GET", "HEAD")
_SMALL: Final = 256 * 1024


def file_count(requested: Any) -> int:
    """Return how many files a task makes, from its parameter.

    Raises:
        ValueError: It is not from 1 to `MAX_FILES`: only a restored task can have such a parameter, and a loop over it
            would not end.
    """
    number = int(requested)
    if not 1 <= number <= MAX_FILES:
        raise ValueError(f"a task makes 1 to {MAX_FILES} files; got {number}")
    return number


def sign_url(task: Task, index: int, medium: MediaSpec, world: World, *, redirected: bool = False) -> str:
    """Return the signed address of one result of *task*; with *redirected*, the one behind every redirect."""
    return sign_name(task, _file_name(world, task, index, medium), world, redirected=redirected)


def sign_name(task: Task, name: str, world: World, *, redirected: bool = False) -> str:
    """Return the signed address of the result of *task* that is called *name*; otherwise as `sign_url`."""
    return sign_names(task, (name,), world, redirected=redirected)[0]


def sign_names(task: Task, names: Iterable[str], world: World, *, redirected: bool = False) -> list[str]:
    """Return the signed addresses of the results of *task* that are called *names*; otherwise as `sign_url`."""
    hop = f"hop-{world.redirects}/" if redirected and world.redirects else ""
    folder = f"{task.base}/{SEGMENT}/{_segment_of(task.id)}/{hop}"
    expires = _expires(task, world)
    return [f"{folder}{name}?Expires={expires}&Signature={_sign(task, name, expires, world.seed)}" for name in names]


def _segment_of(task_id: str) -> str:
    """Return the path segment of a task's id, which may contain slashes."""
    # The ids of most vendors need no encoding, which a pattern finds in a tenth of the time.
    if _UNRESERVED.fullmatch(task_id):
        return task_id
    # Encoded twice: a server decodes a path once, and a slash would then end the segment.
    return quote(quote(task_id, safe=""), safe="")


def _file_name(world: World, task: Task, index: int, medium: MediaSpec) -> str:
    """Return the name of one result of *task*: the vendor's own, or its number."""
    names = world.services[task.account.vendor].result_names
    return names[index] if index < len(names) else f"{index}{suffix(medium)}"


def is_result_path(path: str) -> bool:
    """Return whether a vendor's *path* is the path of a result."""
    return path.startswith(f"/{SEGMENT}/")


def find_task(world: World, slug: str, path: str) -> Task | None:
    """Return the task of the result at *path*, or None if *path* is not a result's."""
    if not is_result_path(path):
        return None
    return world.services[slug].tasks.get(unquote(path.removeprefix(f"/{SEGMENT}/").partition("/")[0]))


def lookup(world: World, slug: str, method: str, rest: str, query: bytes) -> MediaSpec | Response:
    """Return the media at an address, or the response in its place: a redirect, or a refusal.

    Args:
        world: The world.
        slug: The vendor.
        method: The HTTP method.
        rest: The path after the segment: task, redirects so far, file.
        query: The query with expiry and signature.
    """
    if method not in _METHODS:
        refused = json_response({"error": f"a file takes {' and '.join(_METHODS)}, not {method}"}, 405)
        return refused._replace(headers=[*refused.headers, (b"allow", ", ".join(_METHODS).encode())])
    segment, _, name = rest.partition("/")
    task_id = unquote(segment)
    hops, name = (int(hop[1]), hop[2]) if (hop := _HOP.fullmatch(name)) else (0, name)
    found = resolve(world, slug, task_id, name, query)
    # An address that is refused does not redirect first.
    if hops >= world.redirects or isinstance(found, Response):
        return found
    base = world.services[slug].tasks[task_id].base
    location = f"{base}/{SEGMENT}/{_segment_of(task_id)}/hop-{hops + 1}/{name}?{query.decode('latin-1')}"
    return Response(302, b"", [(b"location", location.encode("latin-1"))])


def resolve(world: World, slug: str, task_id: str, name: str, query: bytes) -> MediaSpec | Response:
    """Return the media behind a signed file name, or a refusal: unknown, wrong signature, expired, or not made yet."""
    service = world.services[slug]
    task = service.tasks.get(task_id)
    if task is None or task.account.now() - task.ends > world.retention.kept:
        return json_response({"error": "no such file"}, 404)
    given = parse_qs(query.decode("latin-1"))
    signature, expires = (given.get(key, [""])[0] for key in ("Signature", "Expires"))
    # The signature is checked before the state: a guessed address must not reveal whether a task has ended.
    valid_until = _expires(task, world)
    signed = compare_digest(signature.encode(), _sign(task, name, valid_until, world.seed).encode())
    # The signature covers the true time of expiry and not the given one, which is therefore compared, too.
    if not signed or expires != str(valid_until):
        return json_response({"error": "the signature does not match"}, 403)
    if task.account.now() > valid_until:
        return json_response({"error": "the address has expired"}, 403)
    if task.fate is not Fate.SUCCEED or task.account.now() < task.ends:
        return json_response({"error": "no such file yet"}, 404)
    made = {_file_name(world, task, index, medium): medium for index, medium in enumerate(service.outputs(task))}
    return made.get(name) or json_response({"error": "no such file"}, 404)


async def send_media(
    world: World, medium: MediaSpec, scope: Scope, receive: Receive, send: Send, *, headers: RawHeaders | None = None
) -> None:
    """Send *medium*, whole or the requested range; it is rendered at its first download, off the event loop."""
    from starlette.responses import FileResponse

    try:
        path = await world.media_cache.file(medium)
    except OSError as error:
        refused = json_response({"error": f"the file cannot be rendered: {error}"}, 507)
        await send({"type": "http.response.start", "status": refused.status, "headers": refused.headers})
        await send({"type": "http.response.body", "body": refused.body})
        return
    # The ETag is derived from the media and not from the file: when a cached file was evicted and is rendered again,
    # its bytes are equal, and a client may resume its download.
    tag = blake2b(repr(medium).encode(errors="replace"), digest_size=12).hexdigest()
    found = path.stat()
    response = FileResponse(path, headers={"etag": f'"{tag}"'}, media_type=media_type(medium), stat_result=found)
    response.raw_headers.extend(headers or ())
    if found.st_size <= _SMALL and scope["method"] == "GET" and all(name != b"range" for name, _ in scope["headers"]):
        # Starlette stats, opens and reads a file in threads, which takes longer than to read a small one here.
        content = path.read_bytes()
        await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
        await send({"type": "http.response.body", "body": content})
        return
    await response(scope, receive, send)


def _expires(task: Task, world: World) -> int:
    return int(task.ends) + world.services[task.account.vendor].result_seconds


def _sign(task: Task, name: str, expires: int, seed: int) -> str:
    # The account's name is a digest of its credential: a caller who knows the seed, which is 0 by default, cannot
    # sign an address of another account.
    text = f"{seed}/{task.account.vendor}/{task.account.name}/{task.id}/{name}/{expires}"
    return blake2b(text.encode(), digest_size=12).hexdigest()
