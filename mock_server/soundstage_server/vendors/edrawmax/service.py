"""EdrawMax: four routes that respond when the diagram is finished, and nine refusals.

Documents: the vendor's edrawmax-diagram skill, about the service at api.edrawmax.cn, read in November 2026.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

import orjson

from soundstage_server.kit.results import sign_names
from soundstage_server.kit.service import Service
from soundstage_server.model.fields import FieldError, check
from soundstage_server.model.ledger import CREDITS
from soundstage_server.model.lifecycle import Fate, Lifecycle, Stage
from soundstage_server.model.messages import JSON, Identity, RefusedError, Request, Response, Route
from soundstage_server.vendors.edrawmax.capabilities import ANONYMOUS, AT_ONCE, BODY, CHECKED, DIAGRAMS, ROOT, SECONDS
from soundstage_server.vendors.edrawmax.refusals import (
    CODES,
    GENERATION,
    INVALID,
    INVALID_LANGUAGE,
    REFUSALS,
    UNKNOWN_ROUTE,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import ModuleType

    from soundstage_server.media import MediaSpec
    from soundstage_server.model.account import Account, Task
    from soundstage_server.model.scenarios import Plan

FATES: Final = "fates"
"""The fact behind a failure for which the vendor has no code."""
PREFIX: Final = "bad param: "
"""The start of a message that the skill page omits (error.prompt, error.lang)."""

_ENDS: Final = {Fate.SUCCEED: "done", Fate.FAIL: "failed"}
_TIMES: Final = Lifecycle((Stage("working", *SECONDS),), _ENDS)
_AT_ONCE: Final = Lifecycle((Stage("working", 0.0, 0.0),), _ENDS)

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
    """The simulated EdrawMax."""

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
    result_names = ("thumb.png", "main.svg")  # answer.file_names
    reasons = {Fate.FAIL: GENERATION.message}  # noqa: RUF012 - a table, as every vendor has it

    def routes(self) -> Iterable[Route]:
        """Return the four routes (generate.routes)."""
        for name, about in DIAGRAMS.items():
            answer = "answer.flowchart" if name == "flowchart" else "answer.others"
            facts = ("generate.routes", answer, "answer.file_names")
            handle = partial(self.create, name)
            yield Route("POST", ROOT + name, handle, f"Draw {about}", facts, BODY, _EXAMPLE)

    def facts(self) -> set[str]:
        """Return the ids of all facts that this service can cite, also for failures without a code."""
        return super().facts() | {INVALID_LANGUAGE.fact, FATES, "request.body"}

    def lifecycle(self, operation: str) -> Lifecycle:
        """Return the one state of a diagram (answer.time); under a manual clock it takes no time, so no call blocks."""
        del operation
        return _AT_ONCE if self.world.clock.kind == "manual" else _TIMES

    def identify(self, credentials: tuple[bytes | None, ...]) -> Identity:
        """Return the user in X-User-ID, or 0 (auth.none)."""
        (user,) = credentials
        return Identity((user or ANONYMOUS).decode("latin-1"))

    def authenticate(self, identity: Identity) -> Account:
        """Return the user's account; no credential exists, so none can be invalid (auth.none)."""
        return self.world.account(self.slug, identity.credential)

    def create(self, operation: str, request: Request) -> Response:
        """Draw a diagram, and respond when it is finished (generate.routes, answer.flowchart, answer.others)."""
        task = self.submit(request, operation, self._parameters(request))
        request.account.advance_to_next_change(request.now, task.ends)
        png, svg = self.result_urls(task)
        code = "mermaid_code" if operation == "flowchart" else "source_code"
        data = {"png_url": png, "svg_url": svg, code: _drawing().code_of(task)}
        message = "success" if self.dialect("messages", request.caller) == "skill" else ""
        return _envelope(data, message=message, until=task.ends)

    def _parameters(self, request: Request) -> dict[str, Any]:
        """Return the validated parameters (generate.params, lang.empty).

        Raises:
            RefusedError: A parameter breaks its rule.
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
        """Return the envelope with data null (answer.error_data, error.http_status)."""
        refusal, message = refused.refusal, refused.refusal.message
        if self.dialect("messages", request.caller) == "skill":
            message = message.removeprefix(PREFIX)
        if refused.fact in (UNKNOWN_ROUTE.fact, FATES):
            message += f": {refused.detail}"
        status = refusal.status if self.dialect("errors", request.caller) == "http" else 200
        return _envelope(None, int(refusal.code), message, status=status)

    def result_urls(self, task: Task) -> list[str]:
        """Return the addresses of the PNG and the SVG of *task*, whose names are known without the diagram."""
        return sign_names(task, self.result_names, self.world)

    def outputs(self, task: Task) -> Sequence[MediaSpec]:
        """Return the PNG and the SVG of *task*."""
        media: Sequence[MediaSpec] = _drawing().media_for(task)
        return media

    def price(self, operation: str, params: Mapping[str, Any]) -> int:
        """Return 0: diagrams are free (pricing)."""
        del operation, params
        return 0

    def _refuse_as_planned(self, plan: Plan) -> None:
        """Refuse a call that a scenario lets fail: a synchronous vendor has no task that could fail later (fates)."""
        super()._refuse_as_planned(plan)
        if plan.fate is Fate.FAIL:
            raise RefusedError(GENERATION)
        if plan.fate is not Fate.SUCCEED:
            raise RefusedError(GENERATION, plan.fate.value, FATES)


@cache
def _drawing() -> ModuleType:
    """Return the module that draws, imported with the first diagram: its patterns of twelve languages take long."""
    from soundstage_server.vendors.edrawmax import outputs

    return outputs


def _envelope(
    data: Mapping[str, Any] | None, code: int = 0, message: str = "", *, status: int = 200, until: float | None = None
) -> Response:
    body = {"code": code, "msg": message, "data": data}
    return Response(status, orjson.dumps(body), [JSON], until=until)
