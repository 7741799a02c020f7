"""EdrawMax's refusals as data.

Documents: the vendor's edrawmax-diagram skill, about the service at api.edrawmax.cn, read in November 2026.
"""

from __future__ import annotations

from typing import Final

from soundstage_server.model.messages import Refusal, Refusals

INVALID: Final = Refusal(400, 400, "bad param: prompt is required", "error.prompt")
INVALID_LANGUAGE: Final = Refusal(400, 400, "bad param: lang不合法", "error.lang")
RISK: Final = Refusal(2406, 403, "risk control rejection", "error.risk")
BLOCKED: Final = Refusal(2406, 403, "risk control rejection", "block")
TOO_MANY: Final = Refusal(3001, 429, "concurrency limit", "error.concurrency")
GENERATION: Final = Refusal(212200, 500, "生成失败", "error.generation")
RENDER: Final = Refusal(212201, 500, "渲染失败", "error.render")
INTERNAL: Final = Refusal(500, 500, "panic", "error.panic")
UNKNOWN_ROUTE: Final = Refusal(404, 404, "not found", "route.unknown")
UNREADABLE: Final = INVALID
UNAUTHENTICATED: Final = INTERNAL  # never raised: there is no credential (auth.none)
NO_CREDIT: Final = INTERNAL  # never raised: it is free (pricing)

REFUSALS: Final = Refusals(UNAUTHENTICATED, INVALID, UNREADABLE, NO_CREDIT, TOO_MANY, UNKNOWN_ROUTE, blocked=BLOCKED)
"""The refusals that shared code raises."""

CODES: Final = {str(refusal.code): refusal for refusal in (INVALID, RISK, TOO_MANY, GENERATION, RENDER, INTERNAL)}
"""Every refusal that a scenario can order, by its code."""
