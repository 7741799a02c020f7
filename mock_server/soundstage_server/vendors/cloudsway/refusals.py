"""The refusals of Cloudsway's gateway and of Kling behind it, as data.

Documents: docs.cloudsway.net/maasapi/api-reference/video/kl and Kling's own API pages, read in November 2026.
"""

from __future__ import annotations

from typing import Final

from soundstage_server.model.messages import Refusal, Refusals

# Facts: refusals (errors.table, errors.messages, errors.which, auth.which).
UNAUTHENTICATED: Final = Refusal(1000, 401, "authentication failed", "auth.which")
NO_KEY: Final = Refusal(1001, 401, "Authorization is empty", "auth.which")
WRONG_KEY: Final = Refusal(1002, 401, "Authorization is invalid", "auth.which")
EARLY_KEY: Final = Refusal(1003, 401, "Authorization is not valid yet", "errors.table")
EXPIRED_KEY: Final = Refusal(1004, 401, "Authorization has expired", "auth.which")
ABNORMAL: Final = Refusal(1100, 429, "the account is in an abnormal state", "errors.table")
ARREARS: Final = Refusal(1101, 429, "the account is in arrears", "errors.table")
NO_CREDIT: Final = Refusal(1102, 429, "Account balance not enough", "price")
FORBIDDEN: Final = Refusal(1103, 403, "no permission for this API or model", "errors.table")
UNREADABLE: Final = Refusal(1200, 400, "the request is invalid", "errors.which")
INVALID: Final = Refusal(1201, 400, "a parameter is invalid", "errors.table")
WRONG_METHOD: Final = Refusal(1202, 404, "the method is not valid", "errors.table")
NOT_FOUND: Final = Refusal(1203, 404, "the resource does not exist", "errors.which")
PLATFORM_POLICY: Final = Refusal(1300, 400, "the platform's policy was triggered", "errors.table")
BLOCKED: Final = Refusal(1301, 400, "the content safety policy was triggered", "block")
TOO_FAST: Final = Refusal(1302, 429, "too many requests", "errors.table")
TOO_MANY: Final = Refusal(1303, 429, "parallel task over resource pack limit", "concurrency")
FORBIDDEN_ADDRESS: Final = Refusal(1304, 429, "the IP address is not on the list of those allowed", "errors.table")
INTERNAL: Final = Refusal(5000, 500, "internal error", "errors.table")
UNAVAILABLE: Final = Refusal(5001, 503, "temporarily unavailable", "errors.table")
TIMED_OUT: Final = Refusal(5002, 504, "internal timeout", "errors.table")
KLING: Final = (
    UNAUTHENTICATED, NO_KEY, WRONG_KEY, EARLY_KEY, EXPIRED_KEY, ABNORMAL, ARREARS, NO_CREDIT, FORBIDDEN, UNREADABLE,
    INVALID, WRONG_METHOD, NOT_FOUND, PLATFORM_POLICY, BLOCKED, TOO_FAST, TOO_MANY, FORBIDDEN_ADDRESS, INTERNAL,
    UNAVAILABLE, TIMED_OUT,
)  # fmt: skip
# The gateway's own (errors.gateway); a reason is in the message, the code is the HTTP status.
GATEWAY: Final = (
    *(
        Refusal(reason, 400, reason, "errors.gateway")
        for reason in (
            "NO_ENDPOINT", "NO_PASSAGEWAY", "NO_BALANCER_ERROR", "NO_PROVIDER_ERROR", "MODEL_TYPE_NOT_FOUND",
            "AI_PASSAGEWAY_GROUP_IS_EMPTY_ERROR", "AI_IMAGE_QUALITY_ERROR", "AI_IMAGE_SIZE_ERROR",
        )
    ),
    Refusal(401, 401, "the key is missing or invalid", "errors.gateway"),
    Refusal(403, 403, "the IP address is not allowed", "errors.gateway"),
    Refusal(404, 404, "no such resource or model", "errors.gateway"),
    Refusal(409, 409, "conflict", "errors.gateway"),
    Refusal(429, 429, "too many requests", "errors.gateway"),
    Refusal(500, 500, "internal error", "errors.gateway"),
    Refusal(503, 503, "unavailable", "errors.gateway"),
    Refusal(504, 504, "timeout", "errors.gateway"),
)  # fmt: skip
UNKNOWN_ROUTE: Final = NOT_FOUND

REFUSALS: Final = Refusals(
    UNAUTHENTICATED,
    INVALID,
    UNREADABLE,
    NO_CREDIT,
    TOO_MANY,
    UNKNOWN_ROUTE,
    not_found=NOT_FOUND,
    blocked=BLOCKED,
    too_fast=TOO_FAST,
)
"""The refusals that shared code raises."""

CODES: Final = {str(refusal.code): refusal for refusal in (*KLING, *GATEWAY)}
"""Every refusal that a scenario can order, by its code."""
