"""Tomoviee's refusals as data.

Documents: tomoviee.ai/doc and the vendor's skills, read in November 2026.
"""

from __future__ import annotations

from typing import Final

from soundstage_server.model.messages import Refusal, Refusals

# Facts: refusals (errors.codes, errors.http).
INVALID: Final = Refusal(680400, 400, "invalid parameters", "errors.codes")
UNAUTHENTICATED: Final = Refusal(680401, 401, "authentication failed", "auth.rejected")
NO_CREDIT: Final = Refusal(680402, 402, "insufficient credits", "credits")
NOT_FOUND: Final = Refusal(680404, 404, "task not found", "poll.unknown_task")
UNKNOWN_CAPABILITY: Final = Refusal(680404, 404, "capability not found", "errors.codes")
UNKNOWN_ROUTE: Final = Refusal(680404, 404, "route not found", "route.unknown")
UNREADABLE: Final = Refusal(680400, 400, "invalid parameters", "request.body")
TOO_LARGE: Final = Refusal(680413, 413, "file too large", "errors.http")
INVALID_FILE: Final = Refusal(680422, 422, "invalid file", "errors.http")
TOO_MANY: Final = Refusal(680429, 429, "too many tasks at once", "errors.codes")
TOO_FAST: Final = Refusal(680429, 429, "too many requests", "rate")
INTERNAL: Final = Refusal(680500, 500, "internal error", "errors.codes")

REFUSALS: Final = Refusals(
    UNAUTHENTICATED, INVALID, UNREADABLE, NO_CREDIT, TOO_MANY, UNKNOWN_ROUTE, not_found=NOT_FOUND, too_fast=TOO_FAST
)
"""The refusals that shared code raises."""

CODES: Final = {
    str(refusal.code): refusal
    for refusal in (
        INVALID, UNAUTHENTICATED, NO_CREDIT, NOT_FOUND, TOO_LARGE, INVALID_FILE, TOO_MANY, INTERNAL,
    )
}  # fmt: skip
"""Every refusal that a scenario can order, by its code."""
