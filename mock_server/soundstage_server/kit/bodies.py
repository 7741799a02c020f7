"""Why the body of a request cannot be read as JSON, in words."""

from __future__ import annotations

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from typing import TYPE_CHECKING

from soundstage_server.model.bounds import DepthError

if TYPE_CHECKING:
    from soundstage_server.model.messages import Request


def flaw_of(request: Request, error: ValueError) -> str:
    """Return why the body of *request* cannot be read as JSON, in words; *error* is what its parser reported."""
    if isinstance(error, DepthError):
        return str(error)
    encoding = request.headers.get(b"content-encoding", b"identity").decode("latin-1")
    if encoding.lower() != "identity":
        return f"its Content-Encoding {encoding!r} is not decoded: send it uncompressed"
    if request.body.startswith(BOM_UTF8):
        return "it begins with a byte order mark (BOM), which JSON must not have (RFC 8259, section 8.1)"
    if request.body.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "it is UTF-16, and JSON is sent in UTF-8 (RFC 8259, section 8.1)"
    return "it is not JSON"
