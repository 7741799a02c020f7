"""The refusals of Google and of the proxy before it, as data.

Documents: the page and the script of the proxy at api.thucchien.ai, ai.google.dev/gemini-api/docs/video, and litellm
1.109.1, read and run in November 2026.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from soundstage_server.model.messages import Refusal, Refusals

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_LONGER: Final = "the model is no longer available; use a newer one"

# Facts: Google's refusals (errors.google, download.owner, models.retired, charge, route.unknown).
NO_KEY: Final = Refusal("PERMISSION_DENIED", 403, "the caller is not known: send an API key", "errors.google")
UNAUTHENTICATED: Final = Refusal("INVALID_ARGUMENT", 400, "the API key is not valid: send a valid one", "errors.google")
UPSTREAM_KEY: Final = Refusal("INVALID_ARGUMENT", 400, "Google does not take the proxy's key", "errors.google")
INVALID: Final = Refusal("INVALID_ARGUMENT", 400, "invalid argument", "create.parameters")
UNREADABLE: Final = Refusal("INVALID_ARGUMENT", 400, "invalid JSON", "create.route")
FILE_NOT_FOUND: Final = Refusal(
    "PERMISSION_DENIED", 403, "the caller may not use the file, or it may not exist", "download.owner"
)
FORBIDDEN: Final = Refusal("PERMISSION_DENIED", 403, "the key may not be used here", "errors.google")
UNKNOWN_MODEL: Final = Refusal("NOT_FOUND", 404, "the model is not found, or not supported here", "errors.google")
RETIRED_MODEL: Final = Refusal("NOT_FOUND", 404, NO_LONGER, "models.retired")
NOT_FOUND: Final = Refusal("NOT_FOUND", 404, "the operation is not found", "errors.google")
UNKNOWN_ROUTE: Final = Refusal("NOT_FOUND", 404, "nothing is found here", "route.unknown")
TOO_MANY: Final = Refusal("RESOURCE_EXHAUSTED", 429, "the quota is used up", "errors.google")
NO_CREDIT: Final = Refusal("RESOURCE_EXHAUSTED", 429, "the budget is used up", "charge")
INTERNAL: Final = Refusal("INTERNAL", 500, "an internal error has occurred", "errors.google")
UNAVAILABLE: Final = Refusal("UNAVAILABLE", 503, "the service is overloaded", "errors.google")
# Facts: the proxy's own refusals (errors.proxy, charge); their codes are its types.
PROXY_KEY: Final = Refusal("auth_error", 401, "Authentication Error, the key is missing or invalid", "errors.proxy")
PROXY_NO_CREDIT: Final = Refusal("budget_exceeded", 429, "the budget of this key is used up", "charge")
PROXY_NO_KEY: Final = Refusal("internal_server_error", 500, "the proxy has no key for Google", "errors.proxy")

PROXY_REFUSALS: Final = {UNAUTHENTICATED: PROXY_KEY, NO_KEY: PROXY_KEY, NO_CREDIT: PROXY_NO_CREDIT}
"""The proxy's refusals in place of Google's, under its own path (errors.where)."""
PROXY_TYPES: Final = {refusal.code for refusal in (PROXY_KEY, PROXY_NO_CREDIT, PROXY_NO_KEY)}
_RETRY: Final = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "41s"}  # quota.retry
_REASON: Final = {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    "reason": "API_KEY_INVALID",
    "domain": "googleapis.com",
    "metadata": {"service": "generativelanguage.googleapis.com"},
}
_LOCALIZED: Final = {
    "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
    "locale": "en-US",
    "message": UNAUTHENTICATED.message,
}
DETAILS: Final[Mapping[Refusal, list[dict[str, Any]]]] = {
    UNAUTHENTICATED: [_REASON, _LOCALIZED],
    UPSTREAM_KEY: [_REASON, _LOCALIZED],
    TOO_MANY: [_RETRY],
    NO_CREDIT: [_RETRY],
}

REFUSALS: Final = Refusals(
    UNAUTHENTICATED, INVALID, UNREADABLE, NO_CREDIT, TOO_MANY, UNKNOWN_ROUTE, not_found=NOT_FOUND
)
"""The refusals that shared code raises."""

CODES: Final = {
    "INVALID_ARGUMENT": INVALID,
    "API_KEY_INVALID": UPSTREAM_KEY,
    "PERMISSION_DENIED": FORBIDDEN,
    "NOT_FOUND": UNKNOWN_MODEL,
    "MODEL_RETIRED": RETIRED_MODEL,
    "RESOURCE_EXHAUSTED": TOO_MANY,
    "INTERNAL": INTERNAL,
    "UNAVAILABLE": UNAVAILABLE,
    "auth_error": PROXY_KEY,
    "budget_exceeded": PROXY_NO_CREDIT,
    "internal_server_error": PROXY_NO_KEY,
}
"""Every refusal that a scenario can order, by its code."""
