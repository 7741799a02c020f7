"""What may be shown: addresses without their queries, texts without their secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from soundstage._values.unpicklable import Unpicklable

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "***"
_SHORTEST = 6


def hide_query(url: str) -> str:
    """*url* without the values a signed address or a key in a query would give away, and without user names."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return MASK
    host = parts.netloc.rpartition("@")[2]
    query = f"?{MASK}" if parts.query else ""
    return f"{parts.scheme}://{host}{parts.path}{query}" if parts.scheme else f"{host}{parts.path}{query}"


def _forms(secret: str) -> tuple[str, ...]:
    return secret, json.dumps(secret)[1:-1], quote(secret, safe="")


class Redactor(Unpicklable):
    """Masks the secrets of one client, and their JSON and URL forms, wherever a service or a library echoes them.

    What is shorter than 6 characters is left alone, as it would mask half of every sentence and is no secret.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= _SHORTEST for form in _forms(secret)}
        self._secrets = tuple(sorted(forms, key=len, reverse=True))

    def __call__(self, text: str) -> str:
        """*text* with every secret masked."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def __repr__(self) -> str:
        """Says how many secrets are known, and none of them."""
        return f"Redactor({len(self._secrets)} secrets)"
