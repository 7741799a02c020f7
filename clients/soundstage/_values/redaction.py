"""Redaction: addresses without their queries, texts without secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from soundstage._values.unpicklable import Unpicklable

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "***"
_MEDIA_TYPE = 60  # characters of a data: address that are shown
_SHORTEST = 6  # characters; masking anything shorter would make messages unreadable


class SecretHeaders(dict[str, str]):
    """Headers whose repr has no values: reports of errors show the local variables of every frame."""

    def __repr__(self) -> str:
        return repr(dict.fromkeys(self, MASK))


def hide_query(url: str) -> str:
    """Return *url* without its query, which may be a signature or a key, and without a user name.

    An address that contains a file is cut before it.
    """
    if url[:5].lower() == "data:":
        return f"{url.partition(',')[0][:_MEDIA_TYPE]},{MASK}"
    try:
        parts = urlsplit(url)
    except ValueError:
        return MASK
    host = parts.netloc.rpartition("@")[2]
    query = f"?{MASK}" if parts.query else ""
    return f"{parts.scheme}://{host}{parts.path}{query}" if parts.scheme else f"{host}{parts.path}{query}"


def _encodings(secret: str) -> tuple[str, ...]:
    return secret, json.dumps(secret)[1:-1], quote(secret, safe="")


class Redactor(Unpicklable):
    """Masks the secrets of one client, also JSON- and URL-encoded, wherever a service or a library echoes them.

    A secret of less than 6 characters is not masked.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._given = tuple(secrets)
        self._forms: tuple[str, ...] | None = None  # encoded when first needed: most clients mask nothing

    def __call__(self, text: str) -> str:
        """Return *text* with every secret masked."""
        for form in self._secrets():
            text = text.replace(form, MASK)
        return text

    def __repr__(self) -> str:
        """Show the number of secrets, and none of them."""
        return f"Redactor({len(self._secrets())} secrets)"

    def _secrets(self) -> tuple[str, ...]:
        if self._forms is None:
            forms = {form for secret in self._given if len(secret) >= _SHORTEST for form in _encodings(secret)}
            # The longest first, so that a secret that contains another one is masked as a whole.
            self._forms = tuple(sorted(forms, key=len, reverse=True))
        return self._forms
