"""The calls of a live run against EdrawMax: everything is free for now, and there are no jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from soundstage_contracts.declarations.live import LiveCall, LivePlan

if TYPE_CHECKING:
    from collections.abc import Mapping


def _draw_a_flowchart(client: Any, _: Mapping[str, str]) -> object:
    return client.flowchart("Knock, wait, is a person in? Enter, otherwise go home", lang="en")


def _draw_a_mind_map(client: Any, _: Mapping[str, str]) -> object:
    return client.mindmap("Tea: leaves, water, time", lang="en")


LIVE: Final = LivePlan(
    calls=(
        LiveCall(
            name="flowchart",
            about="draw a flowchart, and read the response",
            tier="free",
            call=_draw_a_flowchart,
            facts=("auth.none", "generate.routes", "generate.params", "answer.flowchart"),
        ),
        LiveCall(
            name="mindmap",
            about="draw a mind map and download both files",
            tier="generation",
            call=_draw_a_mind_map,
            facts=("generate.routes", "generate.params", "answer.others", "download.trusted_hosts", "download.files"),
        ),
    ),
)
