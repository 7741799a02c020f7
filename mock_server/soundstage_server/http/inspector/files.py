"""The page itself: HTML, style and script, served from the package with a policy that allows nothing from elsewhere."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from soundstage_server.model.asgi import CONTROL
from soundstage_server.model.messages import Response

PREFIX: Final = f"{CONTROL}/inspector/static/"
"""The path of style and script. They contain nothing of the world, so they need no token."""

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TYPES: Final = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_PAGE: Final = "index.html"


def is_page_path(path: str) -> bool:
    """Return whether *path* is the page or one of its files."""
    return path == "/" or path.startswith(PREFIX)


def page_file(path: str) -> Response:
    """Return the page or one of its files; HTTP 404 for a file that does not exist."""
    name = path.removeprefix(PREFIX) if path.startswith(PREFIX) else _PAGE
    content = _content().get(name)
    if content is None:
        return Response(404, b'{"detail":"no such file"}', [(b"content-type", b"application/json")])
    kind = f"{_TYPES[name.rpartition('.')[2]]}; charset=utf-8"
    headers = {
        "content-type": kind,
        "content-security-policy": _POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-cache",
    }
    return Response(200, content, [(key.encode(), value.encode()) for key, value in headers.items()])


@cache
def _content() -> dict[str, bytes]:
    folder = files("soundstage_server.http.inspector") / "static"
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name.rpartition(".")[2] in _TYPES}
