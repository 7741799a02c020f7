"""GMI Cloud's refusals as data.

Documents: the vendor's package gmicloud 0.1.10 and its guide, and docs.gmicloud.ai, read in November 2026.
"""

from __future__ import annotations

from typing import Final

from soundstage_server.model.messages import Refusal, Refusals

# Facts: refusals (auth.expired, login.refused, apikey.errors, errors.unknown).
WRONG_TOKEN: Final = Refusal(401, 401, "access token expired or invalid", "auth.expired")
UNAUTHENTICATED: Final = Refusal(401, 401, "invalid API key", "apikey.errors")
LOGIN_FAILED: Final = Refusal(401, 401, "login failed", "login.refused")
WRONG_FACE: Final = Refusal(401, 401, "this credential belongs to the other face", "faces.apart")
FORBIDDEN: Final = Refusal(403, 403, "the key does not allow this", "apikey.errors")
INVALID: Final = Refusal(400, 400, "invalid payload", "errors.unknown")
UNREADABLE: Final = Refusal(400, 400, "invalid request body", "request.body")
BLOCKED: Final = Refusal(400, 400, "the request violates the content policy", "block")
NO_CREDIT: Final = Refusal(402, 402, "insufficient balance", "charge")
UNKNOWN_MODEL: Final = Refusal(404, 404, "model not found", "errors.unknown")
NOT_FOUND: Final = Refusal(404, 404, "request not found", "errors.unknown")
UNKNOWN_ROUTE: Final = Refusal(404, 404, "route not found", "route.unknown")
TOO_MANY: Final = Refusal(429, 429, "hourly limit reached", "apikey.errors")
INTERNAL: Final = Refusal(500, 500, "internal error", "apikey.errors")
UNAVAILABLE: Final = Refusal(503, 503, "service unavailable", "apikey.errors")

REFUSALS: Final = Refusals(
    UNAUTHENTICATED, INVALID, UNREADABLE, NO_CREDIT, TOO_MANY, UNKNOWN_ROUTE, not_found=NOT_FOUND, blocked=BLOCKED
)
"""The refusals that shared code raises."""

CODES: Final = {
    str(refusal.code): refusal
    for refusal in (INVALID, WRONG_TOKEN, NO_CREDIT, FORBIDDEN, UNKNOWN_MODEL, TOO_MANY, INTERNAL, UNAVAILABLE)
}
"""Every refusal that a scenario can order, by its code."""
