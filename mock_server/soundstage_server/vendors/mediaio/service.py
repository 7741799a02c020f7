"""Media.io's API: the key, the wrapped body, 22 generation routes, two queries, refusals in an envelope.

Documents: the skill ``mediaio-aigc-generate`` and the API's JSON bundled with it, for openapi.media.io, read in
November 2026.
"""

from __future__ import annotations

from functools import partial
from hashlib import blake2b
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import orjson

from soundstage_server.kit.inputs import InputLimits
from soundstage_server.kit.service import Service
from soundstage_server.model.fields import check
from soundstage_server.model.ledger import CREDITS
from soundstage_server.model.lifecycle import Fate
from soundstage_server.model.messages import JSON, Identity, Refusal, RefusedError, Request, Response, Route
from soundstage_server.vendors.mediaio.capabilities import CAPABILITIES, FILES, body_of
from soundstage_server.vendors.mediaio.outputs import media_for
from soundstage_server.vendors.mediaio.refusals import (
    CODES,
    EXPIRED_KEY,
    INVALID,
    REFUSALS,
    UNAUTHENTICATED,
    WRONG_KEY,
    WRONG_KEY_ON_QUERY,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from soundstage_server.media import MediaSpec
    from soundstage_server.model.account import Task
    from soundstage_server.model.lifecycle import Lifecycle
    from soundstage_server.vendors.mediaio.capabilities import Capability
    from soundstage_server.world.world import World


CREDITS_PATH: Final = "/user/credits"
RESULT_PATH: Final = "/generation/result/"
# Facts: the second vocabulary of states, which has none for a timeout (status.vocabulary).
PAGES: Final = {"waiting": "pending", "completed": "succeeded", "timeout": "failed"}

_TRACE: Final = "6f1ed002ab5595859014ebf0951522d9"
_CREATED: Final = {
    "code": 0,
    "msg": "",
    "data": {"task_id": "0b06dbd1-6ee9-4ea8-9c16-3ab2a28b8c5e"},
    "trace_id": _TRACE,
}


class MediaIOService(Service):
    """The simulated Media.io."""

    slug = "mediaio"
    title = "Media.io"
    hosts = ("openapi.media.io",)
    unit = CREDITS
    credential_headers = (b"x-api-key",)  # auth.header
    refusals = REFUSALS
    codes = CODES
    dialects = {"status": ("prose", "pages")}  # noqa: RUF012 - a table, as every vendor has it
    operations = tuple(CAPABILITIES)
    input_limits = InputLimits(None, "limits.inputs_checked", INVALID, INVALID)
    reasons = {  # noqa: RUF012 - a table, as every vendor has it
        Fate.FAIL: "generation failed",
        Fate.BLOCK: "the content policy was violated",
        Fate.TIMEOUT: "the task timed out",
    }

    def __init__(self, world: World) -> None:
        """Start the count of trace ids, which makes each of them unique."""
        super().__init__(world)
        self._traces = count()

    def routes(self) -> Iterable[Route]:
        """Return a route for each endpoint: 22 that generate, and two queries (method.post)."""
        for capability in CAPABILITIES.values():
            yield Route(
                "POST",
                f"/generation/{capability.path}",
                partial(self.create, capability),
                f"Create a task of {capability.name}",
                ("create.answer", *(field.fact for field in capability.fields)),
                body_of(capability),
                _CREATED,
                paid=True,
            )
        read = ("result.route", "result.shape", "status.vocabulary", "endpoint.generation-result.task_id")
        yield Route("POST", f"{RESULT_PATH}{{task_id}}", self.poll, "Read a task", read)
        example = {"code": 0, "msg": "", "data": {"credits": 1000}, "trace_id": _TRACE}
        yield Route(
            "POST", CREDITS_PATH, self.credits, "Read how many credits are left", ("credits.route",), example=example
        )

    def lifecycle(self, operation: str) -> Lifecycle:
        """Return the states of a task (status.vocabulary, generation.times)."""
        return CAPABILITIES[operation].times

    def identify(self, credentials: tuple[bytes | None, ...]) -> Identity:
        """Return the key in ``X-API-KEY`` (auth.header)."""
        (key,) = credentials
        if not key:
            raise RefusedError(UNAUTHENTICATED, "the header X-API-KEY is missing")
        return Identity(key.decode("latin-1"))

    def credential_refusal(self, word: str) -> Refusal:
        """Return the refusal of an expired or an invalid key (errors.unauthenticated)."""
        return EXPIRED_KEY if word == "expired" else WRONG_KEY

    def create(self, capability: Capability, request: Request) -> Response:
        """Create a task (create.answer)."""
        task = self.submit(request, capability.code, self._parameters(capability, request))
        return self._envelope({"task_id": task.id})

    def _parameters(self, capability: Capability, request: Request) -> dict[str, Any]:
        """Return the validated parameters in the wrapper of a create call's body."""
        params = check(capability.fields, self.parse_body(body_of(capability), request)["data"])
        if capability.needs is not None:
            find_error, fact = capability.needs
            if error := find_error(params):
                raise RefusedError(INVALID, error, fact)
        if files := FILES[capability.code]:
            self.validate_inputs(files, params)
        return params

    def poll(self, request: Request) -> Response:
        """Return the current state of a task (result.route, result.shape)."""
        self._check_body(request)
        task = self.own_task(request, request.path_values["task_id"])
        state = self.observe(request, task)
        pages = self.dialect("status", task.account) == "pages"
        status = PAGES.get(state.word, state.word) if pages else state.word
        data: dict[str, Any] = {"task_id": task.id, "status": status}
        if state.final and task.fate is Fate.SUCCEED:
            data["result"] = [self._result_item(task, url, status) for url in self.result_urls(task)]
        elif state.final:
            data["reason"] = self.reason(task)
        return self._envelope(data)

    def credits(self, request: Request) -> Response:
        """Return the credits left, without those reserved for unfinished tasks (credits.route, ledger.charge)."""
        self._check_body(request)
        request.account.settle(request.now)
        return self._envelope({"credits": request.account.ledger.available})

    def _envelope(self, data: Mapping[str, Any], code: int = 0, message: str = "") -> Response:
        """Return the envelope with a unique trace id (envelope, ids)."""
        trace = blake2b(b"%d/%d" % (self.world.seed, next(self._traces)), digest_size=16).hexdigest()
        return Response(200, orjson.dumps({"code": code, "msg": message, "data": data, "trace_id": trace}), [JSON])

    def refuse(self, refused: RefusedError, request: Request) -> Response:
        """Return the envelope with a code and empty data; an invalid key has another code on the two queries."""
        refusal = refused.refusal
        if refusal is WRONG_KEY and (request.path == CREDITS_PATH or request.path.startswith(RESULT_PATH)):
            refusal = WRONG_KEY_ON_QUERY
        return self._envelope({}, int(refusal.code), refused.message)

    def outputs(self, task: Task) -> Sequence[MediaSpec]:
        """Return the media of a successful *task*."""
        return media_for(task)

    def price(self, operation: str, params: Mapping[str, Any]) -> int:
        """Return whole credits: the endpoint's price for each image or video (ledger.charge)."""
        return CAPABILITIES[operation].price * int(params.get("counts", "1"))

    def make_task_id(self, operation: str, now: float, seed: int) -> str:
        """Return an id in the form of a UUID (ids)."""
        digits = blake2b(f"{operation}/{now}/{seed}".encode(), digest_size=16).hexdigest()
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def _result_item(self, task: Task, url: str, status: str) -> dict[str, str]:
        """Return one result: its storage path, its download URL and its status (result.shape)."""
        name = url.partition("?")[0].rpartition("/")[2]
        return {"val": f"aigc/{task.operation}/{task.id}/{name}", "preview": url, "status": status}

    def _check_body(self, request: Request) -> None:
        """Refuse a query whose body is no JSON object; its members are ignored."""
        if request.body != b"{}":
            self.parse_body((), request)
