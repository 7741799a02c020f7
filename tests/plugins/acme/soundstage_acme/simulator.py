"""Acme's simulator. Source: docs.acme.example, read in November 2026."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from soundstage_server.vendor_kit import (
    CREDITS,
    CallbackPlan,
    Choice,
    Fate,
    Field,
    Image,
    KeyService,
    Lifecycle,
    Link,
    Refusal,
    Refusals,
    Request,
    Response,
    Route,
    Stage,
    Text,
    json_response,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from soundstage_server.vendor_kit import MediaSpec, Task, TaskState

FIELDS: Final = (
    Field("prompt", Text(500), "routes", required=True),
    Field("size", Choice(("256x256", "512x512")), "routes", default="512x512"),
    Field("callback", Link(), "callbacks"),
)
TIMES: Final = Lifecycle((Stage("queued", 2.0, 20.0),), {Fate.SUCCEED: "done", Fate.FAIL: "failed"})
INVALID: Final = Refusal("invalid", 400, "invalid request", "errors")
NO_KEY: Final = Refusal("no_key", 401, "a bearer key is needed", "errors")
NO_CREDIT: Final = Refusal("no_credit", 402, "not enough credits", "errors")
NOT_FOUND: Final = Refusal("not_found", 404, "not found", "errors")
TOO_MANY: Final = Refusal("too_many", 429, "too many images at once", "errors")


class AcmeSimulator(KeyService):
    """The simulated Acme."""

    slug = "acme"
    title = "Acme Images"
    hosts = ("api.acme.example",)
    unit = CREDITS
    at_once = 5
    callback_plan = CallbackPlan()
    times = TIMES
    refusals = Refusals(NO_KEY, INVALID, INVALID, NO_CREDIT, TOO_MANY, NOT_FOUND, not_found=NOT_FOUND)
    operations = ("text_to_image",)
    reasons = {Fate.FAIL: "the image could not be made", Fate.BLOCK: "refused by the content policy"}  # noqa: RUF012 - likewise

    def routes(self) -> Iterable[Route]:
        """Return the two routes (routes)."""
        yield Route("POST", "/v1/images", self.create, "Start an image", ("routes",), FIELDS, paid=True)
        yield Route("GET", "/v1/images/{id}", self.poll, "Read an image", ("routes", "states"))

    def create(self, request: Request) -> Response:
        """Start an image (routes)."""
        task = self.submit(request, "text_to_image", self.parse_body(FIELDS, request))
        return json_response({"id": task.id, "status": "queued"})

    def poll(self, request: Request) -> Response:
        """Show an image (routes, states)."""
        task = self.own_task(request, request.path_values["id"])
        return json_response(self._shown(task, self.observe(request, task)))

    def callback_body(self, task: Task, state: TaskState) -> Mapping[str, Any]:
        """Return what a poll shows (callbacks)."""
        return self._shown(task, state)

    def _shown(self, task: Task, state: TaskState) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": task.id, "status": state.word}
        if state.word == "done":
            shown["url"] = self.result_urls(task)[0]
        elif state.final:
            shown["error"] = self.reason(task)
        return shown

    def outputs(self, task: Task) -> Sequence[MediaSpec]:
        """Return the image."""
        width, _, height = task.params["size"].partition("x")
        return [Image(int(width), int(height), task.params["prompt"], "Acme", task.seed)]

    def price(self, operation: str, params: Mapping[str, Any]) -> int:
        """Return two credits for an image."""
        del operation, params
        return 2


SERVICE = AcmeSimulator
