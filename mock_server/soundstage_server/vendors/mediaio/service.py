"""How Media.io's API behaves: the key, the wrapper, 22 generation routes, two queries, refusals in an envelope.

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
    NOT_FOUND,
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
# Facts: the second vocabulary of states, which has no word for a timeout (status.vocabulary).
PAGES: Final = {"waiting": "pending", "completed": "succeeded", "timeout": "failed"}

_TRACE: Final = "6f1ed002ab5595859014ebf0951522d9"
_CREATED: Final = {
    "code": 0,
    "msg": "",
    "data": {"task_id": "0b06dbd1-6ee9-4ea8-9c16-3ab2a28b8c5e"},
    "trace_id": _TRACE,
}


class MediaIOService(Service):
    """Media.io, as the simulator plays it."""

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
        """Begin to count traces, which are told apart by nothing else."""
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
        told = {"code": 0, "msg": "", "data": {"credits": 1000}, "trace_id": _TRACE}
        yield Route(
            "POST", CREDITS_PATH, self.credits, "Read how many credits are left", ("credits.route",), example=told
        )

    def lifecycle(self, operation: str) -> Lifecycle:
        """Return the states of a task (status.vocabulary, generation.times)."""
        return CAPABILITIES[operation].times

    def identify(self, credentials: tuple[bytes | None, ...]) -> Identity:
        """Return who ``X-API-KEY`` names (auth.header)."""
        (key,) = credentials
        if not key:
            raise RefusedError(UNAUTHENTICATED, "the header X-API-KEY is missing")
        return Identity(key.decode("latin-1"))

    def credential_refusal(self, word: str) -> Refusal:
        """Return how a key is refused that says of itself that it is wrong or has expired (errors.unauthenticated)."""
        return EXPIRED_KEY if word == "expired" else WRONG_KEY

    def create(self, capability: Capability, request: Request) -> Response:
        """Create a task (create.answer)."""
        params = check(capability.fields, self.parse_body(body_of(capability), request)["data"])
        if capability.needs is not None:
            wrong, fact = capability.needs
            if said := wrong(params):
                raise RefusedError(INVALID, said, fact)
        if files := FILES[capability.code]:
            self.validate_inputs(files, params)
        task = self.submit(request, capability.code, params)
        return self._envelope({"task_id": task.id})

    def poll(self, request: Request) -> Response:
        """Answer what a task is now (result.route, result.shape)."""
        self._check_body(request)
        task = self.tasks.get(request.path_values["task_id"])
        if task is None or task.account is not request.caller:
            raise RefusedError(NOT_FOUND)
        moment = self.observe(request, task)
        pages = self.world.dialects.reading(f"{self.slug}.status", task.account.name) == "pages"
        status = PAGES.get(moment.word, moment.word) if pages else moment.word
        data: dict[str, Any] = {"task_id": task.id, "status": status}
        if moment.final and task.fate is Fate.SUCCEED:
            data["result"] = [self._result_item(task, url, status) for url in self.result_urls(task)]
        elif moment.final:
            data["reason"] = self.reason(task)
        return self._envelope(data)

    def credits(self, request: Request) -> Response:
        """Answer how many credits are left, those of unfinished tasks taken off (credits.route, ledger.charge)."""
        self._check_body(request)
        request.account.settle(request.now)
        return self._envelope({"credits": request.account.ledger.available})

    def _envelope(self, data: Mapping[str, Any], code: int = 0, message: str = "") -> Response:
        """Return the envelope, with a trace id that no other answer has (envelope, ids)."""
        trace = blake2b(b"%d/%d" % (self.world.seed, next(self._traces)), digest_size=16).hexdigest()
        return Response(200, orjson.dumps({"code": code, "msg": message, "data": data, "trace_id": trace}), [JSON])

    def refuse(self, refused: RefusedError, request: Request) -> Response:
        """Return the envelope with a code, and no data in it; a wrong key has another code on the two queries."""
        refusal = refused.refusal
        if refusal is WRONG_KEY and (request.path == CREDITS_PATH or request.path.startswith(RESULT_PATH)):
            refusal = WRONG_KEY_ON_QUERY
        message = f"{refusal.message}: {refused.detail}" if refused.detail else refusal.message
        return self._envelope({}, int(refusal.code), message)

    def outputs(self, task: Task) -> Sequence[MediaSpec]:
        """Return what *task* has made."""
        return media_for(task)

    def price(self, operation: str, params: Mapping[str, Any]) -> int:
        """Return whole credits: the endpoint's, for each picture or film (ledger.charge)."""
        return CAPABILITIES[operation].price * int(params.get("counts", "1"))

    def make_task_id(self, operation: str, now: float, seed: int) -> str:
        """Return what looks like a uuid (ids)."""
        digits = blake2b(f"{operation}/{now}/{seed}".encode(), digest_size=16).hexdigest()
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def _result_item(self, task: Task, url: str, status: str) -> dict[str, str]:
        """Return one result: where the vendor keeps it, where it can be fetched, and its status (result.shape)."""
        name = url.partition("?")[0].rpartition("/")[2]
        return {"val": f"aigc/{task.operation}/{task.id}/{name}", "preview": url, "status": status}

    def _check_body(self, request: Request) -> None:
        """Refuse a query whose body is no JSON object; what it holds is ignored."""
        if request.body != b"{}":
            self.parse_body((), request)
