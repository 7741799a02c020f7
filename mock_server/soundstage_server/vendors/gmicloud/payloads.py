"""Rules of payloads: images as a URL or as a data URL, and objects.

Documents: docs.gmicloud.ai, read in November 2026 (facts ``inputs.image``, ``inputs.limits``).
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from soundstage_server.kit.inputs import MediaLink

if TYPE_CHECKING:
    from collections.abc import Mapping

DATA: Final = "data:image/"


@dataclass(frozen=True, slots=True)
class ImagePayload(MediaLink):
    """The URL of an image, or the image itself as a data URL (inputs.image)."""

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        return "an http or https URL, or a data URL of an image in base64"

    @property
    def schema(self) -> Mapping[str, Any]:
        """What is allowed, as JSON Schema."""
        return {"type": "string", "format": "uri", "pattern": "^([Hh][Tt][Tt][Pp][Ss]?://|data:image/)"}

    def accepts(self, value: object) -> bool:
        """Return whether *value* is such a URL."""
        if isinstance(value, str) and value.startswith(DATA):
            return content_of(value) is not None
        return MediaLink.accepts(self, value)


@dataclass(frozen=True, slots=True)
class Members:
    """A JSON object with any members: the model that it is for validates them."""

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        return "an object"

    @property
    def schema(self) -> Mapping[str, Any]:
        """What is allowed, as JSON Schema."""
        return {"type": "object"}

    def accepts(self, value: object) -> bool:
        """Return whether *value* is an object."""
        return isinstance(value, dict)


def content_of(address: str) -> bytes | None:
    """Return the content of a data URL, or None if *address* is not the data URL of an image in base64."""
    head, comma, text = address.partition(",")
    if not comma or not head.startswith(DATA) or not head.endswith(";base64"):
        return None
    try:
        return b64decode(text, validate=True) or None
    except (Base64Error, ValueError):
        return None
