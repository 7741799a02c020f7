"""What a job store keeps of a request: a hash that is equal for equal calls, and a summary for people."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, cast

from soundstage._values.names import GeneratedName
from soundstage._values.redaction import hide_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from soundstage._values.messages import Request

_LONGEST_VALUE = 80  # characters of one parameter in a summary
_LONGEST = 600


def match_hash(request: Request, key: str | None, name: str | None) -> str:
    """Return a hash that is equal for equal calls: names that the client made up do not count."""
    generated = {str(one) for one in (key, name) if isinstance(one, GeneratedName)}
    body = request.json
    if generated and isinstance(body, dict):
        members = cast("Mapping[str, object]", body)
        body = {member: value for member, value in members.items() if str(value) not in generated}
    text = json.dumps([request.method, request.url, body], sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def summary(body: object, redact: Callable[[str], str]) -> str:
    """Return the parameters of a request in one line, for people: shortened, and with secrets masked."""
    text = ", ".join(_parameters("", body, redact))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _parameters(path: str, value: object, redact: Callable[[str], str]) -> Iterator[str]:
    if isinstance(value, dict):
        for name, one in cast("Mapping[str, object]", value).items():
            word = redact(name) if name.isidentifier() else _shown(name, redact)
            yield from _parameters(f"{path}.{word}" if path else word, one, redact)
    elif isinstance(value, list):
        for place, one in enumerate(cast("list[object]", value)):
            yield from _parameters(f"{path}[{place}]", one, redact)
    else:
        yield f"{path}={_shown(value, redact)}"


def _shown(value: object, redact: Callable[[str], str]) -> str:
    if not isinstance(value, str):
        return repr(value)
    # Masked before it is cut: half a secret would not be recognized.
    text = redact(hide_query(value) if "://" in value or value[:5].lower() == "data:" else value)
    return repr(text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}… ({len(value)} characters)")
