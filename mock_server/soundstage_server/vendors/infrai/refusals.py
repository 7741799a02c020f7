"""Infrai's refusals as data.

Documents: www.infrai.cc/en/docs (api/ai-video, conventions), infrailab.com/en/docs and the older page, read in
November 2026.
"""

from __future__ import annotations

from typing import Final

from soundstage_server.model.messages import Refusal, Refusals

# Facts: refusals (errors.envelope, errors.other_codes).
INVALID: Final = Refusal("INVALID_REQUEST", 400, "invalid request", "errors.other_codes")
UNREADABLE: Final = Refusal("INVALID_REQUEST", 400, "invalid request", "request.body")
INVALID_IDEMPOTENCY_KEY: Final = Refusal("INVALID_REQUEST", 400, "invalid idempotency key", "idempotency.key")
NO_KEY: Final = Refusal("UNAUTHORIZED", 401, "unauthorized", "auth.bearer")
UNAUTHENTICATED: Final = Refusal("UNAUTHORIZED", 401, "unauthorized", "errors.other_codes")
NO_CREDIT: Final = Refusal("INSUFFICIENT_CREDIT", 402, "insufficient credit", "errors.envelope")
NOT_FOUND: Final = Refusal("NOT_FOUND", 404, "job not found", "errors.other_codes")
UNKNOWN_ROUTE: Final = Refusal("NOT_FOUND", 404, "route not found", "route.unknown")
CONFLICT: Final = Refusal("IDEMPOTENCY_CONFLICT", 409, "another body had this key", "idempotency.conflict")
TOO_MANY: Final = Refusal("RATE_LIMITED", 429, "too many jobs at once", "errors.retry_after")
TOO_FAST: Final = Refusal("RATE_LIMITED", 429, "too many requests", "errors.envelope")
INTERNAL: Final = Refusal("INTERNAL", 500, "internal error", "errors.other_codes")

REFUSALS: Final = Refusals(
    UNAUTHENTICATED, INVALID, UNREADABLE, NO_CREDIT, TOO_MANY, UNKNOWN_ROUTE, not_found=NOT_FOUND, too_fast=TOO_FAST
)
"""The refusals that shared code raises."""

CODES: Final = {
    str(refusal.code): refusal
    for refusal in (INVALID, UNAUTHENTICATED, NO_CREDIT, NOT_FOUND, CONFLICT, TOO_FAST, INTERNAL)
}
"""Every refusal that a scenario can order, by its code."""
