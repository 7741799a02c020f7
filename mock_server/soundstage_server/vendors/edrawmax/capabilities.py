"""EdrawMax's four diagrams as data: the routes, the parameters and the duration.

Documents: the vendor's edrawmax-diagram skill, about the service at api.edrawmax.cn, read in November 2026.
"""

from __future__ import annotations

from typing import Final

from soundstage_server.model.fields import Choice, Field, Text
from soundstage_server.vendors.edrawmax.words import WORDS

ROOT: Final = "/api/ai/skills/generate-"
DIAGRAMS: Final = {
    "flowchart": "a flowchart",
    "infographic": "an infographic",
    "gantt": "a Gantt chart",
    "mindmap": "a mind map",
}
"""The kinds of diagram (generate.routes)."""

LANGUAGES: Final = tuple(WORDS)
PLATFORMS: Final = ("web", "win", "mac", "ios", "android", "linux")
BODY: Final = (
    Field("prompt", Text(), "error.prompt", required=True),
    Field("lang", Choice(LANGUAGES), "error.lang", default="cn"),
    Field("platform", Choice(PLATFORMS), "platform.enum"),
)
"""The documented body."""
CHECKED: Final = BODY[:2]
"""The parameters that are validated: other platforms are accepted (platform.invalid)."""

ANONYMOUS: Final = b"0"
"""The user of a call without X-User-ID (auth.none)."""
AT_ONCE: Final = 5
SECONDS: Final = (10.0, 30.0)
"""How long a diagram takes (answer.time)."""
