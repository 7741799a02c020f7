"""How EdrawMax answers: four routes that hold the connection until the diagram is there, and nine ways to refuse.

Documents: the vendor's edrawmax-diagram skill, about the service at api.edrawmax.cn, read in November 2026.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import orjson

from soundstage_server.kit.service import Service
from soundstage_server.model.fields import Choice, Field, FieldError, Text, check
from soundstage_server.model.ledger import CREDITS
from soundstage_server.model.lifecycle import Fate, Lifecycle, Stage
from soundstage_server.model.messages import JSON, Identity, RefusedError, Request, Response, Route
from soundstage_server.vendors.edrawmax.mermaid import write
from soundstage_server.vendors.edrawmax.outputs import content_of, media_for
from soundstage_server.vendors.edrawmax.refusals import (
    CODES,
    GENERATION,
    INVALID,
    INVALID_LANGUAGE,
    REFUSALS,
    UNKNOWN_ROUTE,
)
from soundstage_server.vendors.edrawmax.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from soundstage_server.media import MediaSpec
    from soundstage_server.model.account import Account, Task
    from soundstage_server.model.scenarios import Plan

ROOT: Final = "/api/ai/skills/generate-"
DIAGRAMS: Final = {
    "flowchart": "a flowchart",
    "infographic": "an infographic",
    "gantt": "a Gantt chart",
    "mindmap": "a mind map",
}
"""What can be asked for (generate.routes)."""

LANGUAGES: Final = tuple(WORDS)
PLATFORMS: Final = ("web", "win", "mac", "ios", "android", "linux")
BODY: Final = (
    Field("prompt", Text(), "error.prompt", required=True),
    Field("lang", Choice(LANGUAGES), "error.lang", default="cn"),
    Field("platform", Choice(PLATFORMS), "platform.enum"),
)
CHECKED: Final = BODY[:2]
"""A platform outside of the list is accepted (platform.invalid)."""

ANONYMOUS: Final = b"0"
"""Who calls without X-User-ID (auth.none)."""
AT_ONCE: Final = 5
WORKING: Final = "working"
SECONDS: Final = (10.0, 30.0)
"""How long an answer takes (answer.time)."""

FATES: Final = "fates"
"""The fact behind a failure that the vendor has no code for."""
PREFIX: Final = "bad param: "
"""What the skill page's messages begin without (error.prompt, error.lang)."""

_EXAMPLE: Final = {
    "code": 0,
    "msg": "",
    "data": {
        "png_url": "https://bucket.oss.com/work/2026/thumb.png",
        "svg_url": "https://bucket.oss.com/work/2026/main.svg",
        "mermaid_code": 'flowchart TD\n    A(["Start"]) --> B["End"]',
    },
}


class EdrawMaxService(Service):
    """EdrawMax, as the simulator plays it."""

    slug = "edrawmax"
    title = "EdrawMax"
    hosts = ("api.edrawmax.cn",)
    unit = CREDITS
    at_once = AT_ONCE
    is_synchronous = True
    credential_headers = (b"x-user-id",)  # auth.none
    refusals = REFUSALS
    codes = CODES
    dialects = {  # noqa: RUF012 - a table, as every vendor has it
        "errors": ("envelope", "http"),
        "messages": ("reference", "skill"),
    }
    operations = tuple(DIAGRAMS)
    reasons = {Fate.FAIL: GENERATION.message}  # noqa: RUF012 - a table, as every vendor has it

    def routes(self) -> Iterable[Route]:
        """Return the four routes (generate.routes)."""
        for name, about in DIAGRAMS.items():
            facts = ("generate.routes", "answer.flowchart" if name == "flowchart" else "answer.others")
            handle = partial(self.create, name)
            yield Route("POST", ROOT + name, handle, f"Draw {about}", facts, BODY, _EXAMPLE)

    def facts(self) -> set[str]:
        """Return the ids that this service can cite, in its tables and of failures that have no code."""
        return super().facts() | {INVALID_LANGUAGE.fact, FATES, "request.body"}

    def lifecycle(self, operation: str) -> Lifecycle:
        """Return the one state of a diagram (answer.time), which a clock that is moved by hand does not wait for."""
        del operation
        seconds = (0.0, 0.0) if self.world.clock.kind == "manual" else SECONDS
        return Lifecycle((Stage(WORKING, *seconds),), {Fate.SUCCEED: "done", Fate.FAIL: "failed"})

    def identify(self, credentials: tuple[bytes | None, ...]) -> Identity:
        """Return the user in X-User-ID, or 0 (auth.none)."""
        (user,) = credentials
        return Identity((user or ANONYMOUS).decode("latin-1"))

    def authenticate(self, identity: Identity) -> Account:
        """Return the user's account: there is no credential, so that none can be invalid (auth.none)."""
        return self.world.account(self.slug, identity.credential)

    def create(self, operation: str, request: Request) -> Response:
        """Draw a diagram, and answer when it is there (generate.routes, answer.flowchart, answer.others)."""
        task = self.submit(request, operation, self._parameters(request))
        request.account.advance_to_next_change(request.now, task.ends)
        png, svg = self.result_urls(task)
        code = "mermaid_code" if operation == "flowchart" else "source_code"
        data = {"png_url": png, "svg_url": svg, code: write(content_of(task))}
        message = "success" if self._reading("messages", request) == "skill" else ""
        return Response(200, _envelope(0, message, data), [JSON], until=task.ends)

    def _parameters(self, request: Request) -> dict[str, Any]:
        """Return the prompt and the language (generate.params, lang.empty).

        Raises:
            RefusedError: One of them is not allowed.
        """
        try:
            body = request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise RefusedError(INVALID, fact="request.body")
        if body.get("lang") == "":
            body = {**body, "lang": None}
        try:
            params = check(CHECKED, body)
        except FieldError as error:
            raise RefusedError(INVALID if error.field == "prompt" else INVALID_LANGUAGE) from None
        if not params["prompt"].strip():
            raise RefusedError(INVALID)
        return params

    def refuse(self, refused: RefusedError, request: Request) -> Response:
        """Return the envelope, in which data is null (answer.error_data, error.http_status)."""
        refusal, message = refused.refusal, refused.refusal.message
        if self._reading("messages", request) == "skill":
            message = message.removeprefix(PREFIX)
        if refused.fact in (UNKNOWN_ROUTE.fact, FATES):
            message += f": {refused.detail}"
        status = refusal.status if self._reading("errors", request) == "http" else 200
        return Response(status, _envelope(int(refusal.code), message, None), [JSON])

    def outputs(self, task: Task) -> Sequence[MediaSpec]:
        """Return the PNG and the SVG."""
        return media_for(task)

    def price(self, operation: str, params: Mapping[str, Any]) -> int:
        """Return nothing: it is free (pricing)."""
        del operation, params
        return 0

    def _refuse_as_planned(self, plan: Plan) -> None:
        """Refuse at once what an order or a word in the prompt lets fail: there is no task that could (fates)."""
        super()._refuse_as_planned(plan)
        if plan.fate is Fate.FAIL:
            raise RefusedError(GENERATION)
        if plan.fate is not Fate.SUCCEED:
            raise RefusedError(GENERATION, plan.fate.value, FATES)

    def _reading(self, name: str, request: Request) -> str:
        return self.world.dialects.reading(f"{self.slug}.{name}", request.caller.name if request.caller else None)


def _envelope(code: int, message: str, data: Mapping[str, Any] | None) -> bytes:
    return orjson.dumps({"code": code, "msg": message, "data": data})
