"""Rehearses a call: everything is checked and built, and the first request is shown instead of sent."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final

from soundstage import RetryPolicy, SkippingClock, errors
from soundstage._values.redaction import Redactor, hide_query
from soundstage_cli.generate.messages import command_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from soundstage_cli.generate.catalog import Capability, Vendor

_LONGEST: Final = 500


def first_request(
    vendor: Vendor, capability: Capability, arguments: Mapping[str, Any], extra: Mapping[str, Any], base_url: str | None
) -> str:
    """Return the first request of a call as JSON: method, address and body, without headers and secrets.

    Raises:
        UsageError: The client refuses an argument, or misses a credential.
    """
    import httpx

    sent: list[httpx.Request] = []

    def keep(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        raise httpx.ConnectError("a rehearsal sends nothing")

    with httpx.Client(transport=httpx.MockTransport(keep)) as http:
        try:
            client = vendor.client(
                base_url=base_url, http=http, retry=RetryPolicy(attempts=1), clock=SkippingClock(), **extra
            )
            getattr(client, capability.method)(**arguments)
        except errors.SoundstageError as error:
            if not sent:
                raise command_error(vendor, error, "") from None
    return _shown(vendor, sent[0])


def _shown(vendor: Vendor, request: httpx.Request) -> str:
    content = request.content.decode(errors="replace")
    body = json.loads(content) if content else None
    shown = {"method": request.method, "url": hide_query(str(request.url)), "body": _short(body)}
    secrets = filter(None, map(os.environ.get, vendor.profile.credentials.values()))
    return Redactor(secrets)(json.dumps(shown, indent=2, ensure_ascii=False))


def _short(value: Any) -> Any:
    """*value* with long texts, such as a picture in base64, cut."""
    if isinstance(value, dict):
        return {key: _short(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_short(each) for each in value]
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"{value[:60]}... ({len(value)} characters)"
    return value
