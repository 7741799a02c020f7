"""The dry run of a call: every check runs and the first request is built, but printed instead of sent."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from soundstage import RetryPolicy, SkippingClock, errors
from soundstage._values.redaction import Redactor, hide_query
from soundstage_cli.generate.messages import command_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from soundstage_cli.generate.catalog import Capability, Vendor

_MAX_TEXT: Final = 500


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a call would send and cost.

    Attributes:
        request: The first request as JSON: method, URL and body, without headers and secrets.
        price: A sentence with the price and its unit, or with the reason why there is none.
        missing: The variables of the credentials that are not set; the request has their names in place of values.
    """

    request: str
    price: str
    missing: tuple[str, ...]


def dry_run(
    vendor: Vendor, capability: Capability, arguments: Mapping[str, Any], extra: Mapping[str, Any], base_url: str | None
) -> DryRun:
    """Make a call up to its first request, which is not sent; no credential is needed.

    Raises:
        UsageError: The client refuses an argument.
    """
    import httpx

    sent: list[httpx.Request] = []

    def capture(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        raise httpx.ConnectError("a dry run sends nothing")

    with httpx.Client(transport=httpx.MockTransport(capture)) as http:
        try:
            client, missing = _client(
                vendor, base_url=base_url, http=http, retry=RetryPolicy(attempts=1), clock=SkippingClock(), **extra
            )
            getattr(client, capability.method)(**arguments)
        except errors.SoundstageError as error:
            if not sent:  # otherwise it is the ConnectError of the captured request
                raise command_error(vendor, error, "") from None
        return DryRun(_as_json(vendor, sent[0]), _price(vendor, client, capability, arguments), missing)


def _client(vendor: Vendor, **given: Any) -> tuple[Any, tuple[str, ...]]:
    """Return a client with the name of its variable for each missing credential, and these names."""
    credentials, missing = vendor.profile.credentials, dict[str, str]()
    while True:
        try:
            return vendor.client(**given, **missing), tuple(missing.values())
        except errors.MissingCredential as error:
            # Where a key and a login are allowed, a login would be the first request.
            argument = error.argument if missing or "api_key" not in credentials else "api_key"
            if argument in missing or argument in given or argument not in credentials:
                raise
            missing[argument] = credentials[argument]


def _price(vendor: Vendor, client: Any, capability: Capability, arguments: Mapping[str, Any]) -> str:
    try:
        amount = client.estimate(capability.method, **arguments)
    except errors.InvalidArgument:  # it starts no job, so that it has no price
        return "it starts no job, so it has no price"
    except errors.UnsupportedError as error:
        return error.message
    except errors.SoundstageError:
        return "the service states the price on request, and a dry run sends none"
    return f"the price is {amount:f} {vendor.profile.unit}"


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
