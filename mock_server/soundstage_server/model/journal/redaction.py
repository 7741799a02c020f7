"""Redaction: what is shown of a request without its secrets, however their names are written."""

from __future__ import annotations

import json
import re
from typing import Final
from urllib.parse import unquote_plus, urlsplit, urlunsplit

REDACTED: Final = "[redacted]"

_SECRET_MEMBERS: Final = frozenset(
    {
        *("password", "secret", "clientsecret", "secretkey", "token", "authtoken", "accesstoken", "refreshtoken"),
        *("apikey", "primaryapikey", "accesskey", "authorization", "otpcode"),
    }
)
_SECRET_PARAMETERS: Final = _SECRET_MEMBERS | {"key", "signature", "sig", "auth", "xamzsignature", "xgoogsignature"}

_STRING: Final = r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)'
# Every string is one match, so that a quote inside of one never begins another; a value may be cut off.
_TOKEN: Final = re.compile(rf'(?s)({_STRING})(?:(\s*:\s*)({_STRING}|[^\s",\[\]{{}}]+))?')
# Text that is no JSON has quotes in any order: the plain names are found wherever they are.
_PLAIN: Final = re.compile(
    r'(?is)("(?:password|secret|authToken|accessToken|refreshToken|access_token|primary_api_key|otpCode)"\s*:\s*")'
    r'[^"\\]*(?:\\.[^"\\]*)*'
)
_URL: Final = re.compile(r"(?i)https?://")


def redact_query(query: str) -> str:
    """Return *query* with the value of every secret in it redacted, also where its name is percent-encoded."""
    return "&".join(_redact_parameter(piece) for piece in query.split("&"))


def redact_url(url: str) -> str:
    """Return *url* without what may be secret in it: user name and password, and secrets in its query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return REDACTED
    netloc = parts.netloc.rpartition("@")[2]
    if netloc == parts.netloc and not parts.query:
        return url
    return urlunsplit(parts._replace(netloc=netloc, query=redact_query(parts.query)))


def redact_body(text: str) -> str:
    """Return the text of a body with its secrets redacted: JSON, whole or cut off, or a form."""
    if text.lstrip("\ufeff \t\r\n")[:1] not in ("{", "[", '"'):
        return _PLAIN.sub(rf"\1{REDACTED}", redact_query(text) if "=" in text else text)
    return _PLAIN.sub(rf"\1{REDACTED}", _TOKEN.sub(_redact_token, text))


def _redact_parameter(piece: str) -> str:
    # Some servers also separate parameters by semicolons; a secret may itself contain one.
    start = 0
    for part in piece.split(";"):
        name, equals, _ = part.partition("=")
        if equals and _plain(unquote_plus(name)) in _SECRET_PARAMETERS:
            return f"{piece[:start]}{name}={REDACTED}"
        start += len(part) + 1
    return piece


def _redact_token(found: re.Match[str]) -> str:
    name, colon, value = found.groups()
    if colon is None:
        return _redact_string(name)
    if _plain(_decoded(name)) not in _SECRET_MEMBERS:
        return f"{name}{colon}{_redact_string(value)}"
    if value == "null":
        return found[0]
    # A value that was cut off stays cut off, so that the text shows where it ends.
    return f'{name}{colon}"{REDACTED}' + ('"' if value[0] != '"' or (len(value) > 1 and value[-1] == '"') else "")


def _redact_string(quoted: str) -> str:
    """Return a JSON string with the secrets redacted if it is a URL."""
    decoded = _decoded(quoted) if quoted[:1] == '"' else ""
    if not _URL.match(decoded):
        return quoted
    shown = redact_url(decoded)
    return quoted if shown == decoded else json.dumps(shown, ensure_ascii=quoted.isascii())


def _decoded(quoted: str) -> str:
    try:
        return str(json.loads(quoted, strict=False))
    except ValueError:  # it was cut off
        return quoted[1:]


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "").replace("-", "")
