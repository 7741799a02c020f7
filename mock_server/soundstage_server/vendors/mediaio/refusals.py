"""Media.io's refusals as data.

Documents: the skill ``mediaio-aigc-generate`` and the API's JSON bundled with it, for openapi.media.io, read in
November 2026.
"""

from __future__ import annotations

from typing import Final

from soundstage_server.model.messages import Refusal, Refusals

# Facts: refusals; all of them come with HTTP 200 (errors.http_status).
UNAUTHENTICATED: Final = Refusal(374004, 200, "authentication failed", "errors.unauthenticated")
WRONG_KEY: Final = Refusal(374004, 200, "invalid API key", "errors.unauthenticated")
WRONG_KEY_ON_QUERY: Final = Refusal(40001, 200, "invalid API key", "errors.unauthenticated")
EXPIRED_KEY: Final = Refusal(40002, 200, "API key expired", "errors.unauthenticated")
NOT_FOUND: Final = Refusal(40003, 200, "task not found", "errors.task_not_found")
NO_CREDIT: Final = Refusal(490505, 200, "insufficient credits", "errors.credits")
INVALID: Final = Refusal(490000, 200, "parameter error", "errors.invalid_parameter")
TOO_MANY: Final = Refusal(490429, 200, "too many tasks at once", "errors.too_many")
UNKNOWN_ROUTE: Final = Refusal(404, 404, "route not found", "errors.http_status")
UNREADABLE: Final = INVALID

REFUSALS: Final = Refusals(
    UNAUTHENTICATED, INVALID, UNREADABLE, NO_CREDIT, TOO_MANY, UNKNOWN_ROUTE, not_found=NOT_FOUND
)
"""The refusals that shared code raises."""

CODES: Final = {
    str(refusal.code): refusal
    for refusal in (UNAUTHENTICATED, WRONG_KEY_ON_QUERY, EXPIRED_KEY, NOT_FOUND, NO_CREDIT, INVALID, TOO_MANY)
}
"""Every refusal that a scenario can order, by its code."""
