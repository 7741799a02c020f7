"""The dry run of a call: every check runs and the first request is built, but printed instead of sent."""

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

_MAX_TEXT: Final = 500


def first_request(
    vendor: Vendor, capability: Capability, arguments: Mapping[str, Any], extra: Mapping[str, Any], base_url: str | None
) -> str:
    """Return the first request of a call as JSON: method, URL and body, without headers and secrets.

    Raises:
        UsageError: The client refuses an argument, or a credential is missing.
    """
    import httpx

    sent: list[httpx.Request] = []

    def capture(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        raise httpx.ConnectError("a dry run sends nothing")

    with httpx.Client(transport=httpx.MockTransport(capture)) as http:
        try:
            client = vendor.client(
                base_url=base_url, http=http, retry=RetryPolicy(attempts=1), clock=SkippingClock(), **extra
            )
            getattr(client, capability.method)(**arguments)
        except errors.SoundstageError as error:
            if not sent:  # otherwise it is the ConnectError of the captured request
                raise command_error(vendor, error, "") from None
    return _as_json(vendor, sent[0])


def _as_json(vendor: Vendor, request: httpx.Request) -> str:
    content = request.content.decode(errors="replace")
    body = json.loads(content) if content else None
    shown = {"method": request.method, "url": hide_query(str(request.url)), "body": _shortened(body)}
    secrets = filter(None, map(os.environ.get, vendor.profile.credentials.values()))
    return Redactor(secrets)(json.dumps(shown, indent=2, ensure_ascii=False))


def _shortened(value: Any) -> Any:
    """Return *value* with long texts cut, such as an image in Base64."""
    if isinstance(value, dict):
        return {key: _shortened(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_shortened(each) for each in value]
    if isinstance(value, str) and len(value) > _MAX_TEXT:
        return f"{value[:60]}... ({len(value)} characters)"
    return value
