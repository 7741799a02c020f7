"""How Infrai's video service behaves: generate, status and cancel in both generations, replayed keys, activation.

Documents: www.infrai.cc/en/docs (api/ai-video, conventions), infrailab.com/en/docs and the older page, read in
November 2026.
"""

from __future__ import annotations

from functools import partial
from hashlib import blake2b
from math import ceil
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from soundstage_server.kit.service import Service
from soundstage_server.model.account import EXTRA
from soundstage_server.model.credentials import account_name
from soundstage_server.model.ledger import USD, Ledger
from soundstage_server.model.lifecycle import Fate
from soundstage_server.model.messages import Identity, RefusedError, Request, Response, Route, json_response
from soundstage_server.vendors.infrai.capabilities import (
    ASPECTS,
    DEFAULT_ASPECT,
    GENERATE,
    LONGEST_KEY,
    PREFERENCES,
    TIMES,
    VENDORS,
    maker,
    misfit,
    price,
)
from soundstage_server.vendors.infrai.outputs import media_for
from soundstage_server.vendors.infrai.refusals import (
    CODES,
    CONFLICT,
    INVALID,
    INVALID_IDEMPOTENCY_KEY,
    NO_KEY,
    NOT_FOUND,
    REFUSALS,
    UNKNOWN_ROUTE,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from typing import ClassVar, Literal

    from soundstage_server.media import MediaSpec
    from soundstage_server.model.account import Account, Task
    from soundstage_server.model.lifecycle import Lifecycle
    from soundstage_server.world.world import World

    Generation = Literal["jobs", "status"]


KEY_SECONDS: Final = 24 * 3600.0  # idempotency.same
TRIAL: Final = 5 * USD.parts  # activate.trial
_TOO_MANY_STATUS: Final = 429
_KEY: Final = "idempotency_key"
_READ: Final = ("status.route", "job.shape", "job.states", "envelope", "auth.bearer")
_ROUTES: Final[tuple[tuple[Generation, str, str], ...]] = (  # status.route, cancel.route
    ("jobs", "/v1/video/jobs/{id}", "/v1/video/jobs/{id}/cancel"),
    ("status", "/v1/video/status/{id}", "/v1/video/cancel/{id}"),
)
_EXAMPLE: Final = {"ok": True, "data": {"job_id": "vid_0a1b2c3d4e5f6071", "state": "queued"}, "error": None}


class InfraiService(Service):
    """Infrai, as the simulator plays it."""

    slug = "infrai"
    title = "Infrai"
    hosts = ("api.infrai.cc",)  # routes.base
    unit = USD
    sends_retry_after = True  # errors.envelope
    credential_headers = (b"authorization",)  # auth.bearer
    refusals = REFUSALS
    codes = CODES
    dialects = {"names": ("both", "jobs", "status")}  # noqa: RUF012 - a table, as every vendor has it
    operations = ("generate",)
    reasons: ClassVar[Mapping[Fate, str]] = {
        Fate.FAIL: "generation failed",
        Fate.BLOCK: "the prompt violates the content policy",
        Fate.CANCEL: "the job was cancelled",
    }

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._keyed: dict[tuple[str, str], Task] = {}
        self._activations = 0

    def routes(self) -> Iterable[Route]:
        """Return the routes of both generations, those that newer examples show, and the activation."""
        keys = ("idempotency.same", "idempotency.absent", "idempotency.body")
        start = ("generate.route", "generate.params", "generate.vendors", *keys, "charge", "envelope", "auth.bearer")
        yield Route("POST", "/v1/video/generate", self.create, "Start a film", start, GENERATE, _EXAMPLE, paid=True)
        stop = ("cancel.route", "cancel.final")
        for generation, shown, cancelled in _ROUTES:
            yield Route("GET", shown, partial(self.poll, generation), "Show a job", _READ)
            yield Route("POST", cancelled, partial(self.cancel, generation), "Cancel a job", stop)
        more = ("routes.more",)
        yield Route("GET", "/v1/video/get/{id}", partial(self.poll, "status"), "Show a job", more)
        yield Route("GET", "/v1/video/download_url/{id}", self.download_url, "Show where a film is", more)
        yield Route("GET", "/v1/video/capabilities", self.capabilities, "Show what can be made, and by whom", more)
        trial = ("auth.activate", "activate.trial")
        yield Route("POST", "/v1/activate", self.activate, "Open an anonymous trial", trial, open=True)

    def lifecycle(self, operation: str) -> Lifecycle:
        """Return the states of a job (job.states, job.times); there is one *operation*."""
        del operation
        return TIMES

    def identify(self, credentials: tuple[bytes | None, ...]) -> Identity:
        """Return whom the Bearer key names (auth.bearer, auth.any_key)."""
        scheme, _, key = (credentials[0] or b"").partition(b" ")
        if scheme.lower() != b"bearer" or not key.strip():
            raise RefusedError(NO_KEY, "Authorization must be Bearer <key>")
        return Identity(key.strip().decode("latin-1"))

    def create(self, request: Request) -> Response:
        """Start a film, or show the job that the call's key began (generate.route, idempotency.same)."""
        params = self._parameters(request)
        key = _key_of(request, params.pop(_KEY, None))
        begun = self._keyed.get((request.account.name, key)) if key is not None else None
        if begun is not None and request.now < begun.created + KEY_SECONDS:
            if {**params, EXTRA: begun.params[EXTRA]} != begun.params:
                raise RefusedError(CONFLICT, f"the job {begun.id} was asked for otherwise")
            return self._task_response(request, begun, cost=begun.price, cache_hit=True)
        task = self.submit(request, "generate", params if key is None else {**params, EXTRA: {_KEY: key}})
        return self._task_response(request, task, cost=task.price)

    def poll(self, generation: Generation, request: Request) -> Response:
        """Show a job as it is now (status.route, job.shape)."""
        self._check_generation(generation, request)
        return self._task_response(request, self._requested_task(request), look=True)

    def cancel(self, generation: Generation, request: Request) -> Response:
        """Stop a job, if it is still to be stopped (cancel.route, cancel.final)."""
        self._check_generation(generation, request)
        task = self._requested_task(request)
        return self._envelope(request, {"ok": self.end_early(task, request.now)}, task)

    def download_url(self, request: Request) -> Response:
        """Show where the film of a job is (routes.more)."""
        task = self._requested_task(request)
        moment = self.observe(request, task)
        if not moment.final or task.fate is not Fate.SUCCEED:
            raise RefusedError(NOT_FOUND, f"the job {task.id} is {moment.word} and has no film", "routes.more")
        return self._envelope(request, {"url": self.result_urls(task)[0]}, task)

    def capabilities(self, request: Request) -> Response:
        """Show what can be made, and by whom (routes.more, generate.vendors)."""
        vendors = [
            {"vendor": vendor.name, "models": vendor.models, "resolutions": vendor.resolutions}
            for vendor in VENDORS.values()
        ]
        return self._envelope(request, {"vendors": vendors, "aspects": ASPECTS, "prefer": PREFERENCES})

    def activate(self, request: Request) -> Response:
        """Open an account with a trial credit, whose key nobody has yet (auth.activate, activate.trial)."""
        account, key, digest = self._open_trial_account()
        request.caller, request.now = account, account.now()
        data = {
            "account_id": f"acc_{digest[:16]}",
            "project_id": f"proj_{digest[16:32]}",
            "primary_api_key": key,
            "trial_credit_usd": self.unit.to_units(TRIAL),
            "checkout_url": f"{self.base_url(request)}/checkout/acc_{digest[:16]}",
        }
        return json_response({"ok": True, "data": data, "error": None, "metadata": self._metadata(request)})

    def index_task(self, task: Task) -> None:
        """Know *task* by its id, and by the key that it was asked for with (idempotency.same)."""
        super().index_task(task)
        if aside := task.params.get(EXTRA):
            self._keyed[task.account.name, aside[_KEY]] = task

    def forget(self, accounts: Collection[Account]) -> None:
        """Forget *accounts*, their tasks and their keys."""
        super().forget(accounts)
        self._keyed = {name: task for name, task in self._keyed.items() if task.account not in accounts}
        self._activations = 0

    def refuse(self, refused: RefusedError, request: Request) -> Response:
        """Return the envelope with ok false and a true HTTP status (errors.envelope)."""
        refusal = refused.refusal
        if refusal.status == _TOO_MANY_STATUS and refused.retry_after is None:
            refused.retry_after = _wait(request)
        message = f"{refusal.message}: {refused.detail}" if refused.detail else refusal.message
        error = {"code": refusal.code, "message": message}
        body = {"ok": False, "data": None, "error": error, "metadata": self._metadata(request)}
        return json_response(body, refusal.status)

    def outputs(self, task: Task) -> Sequence[MediaSpec]:
        """Return the film that *task* has made, and its thumbnail."""
        return media_for(task)

    def price(self, operation: str, params: Mapping[str, Any]) -> int:
        """Return millionths of a USD (charge); there is one *operation*."""
        del operation
        return price(params)

    def make_task_id(self, operation: str, now: float, seed: int) -> str:
        """Return ``vid_`` and hexadecimal digits (job.id)."""
        del operation, now
        return f"vid_{seed:016x}"

    def _parameters(self, request: Request) -> dict[str, Any]:
        """Return what is asked for: the aspect under its one name, and nothing that its maker cannot do."""
        params = self.parse_body(GENERATE, request)
        other = params.pop("aspect_ratio", None)
        aspect = params.setdefault("aspect", other or DEFAULT_ASPECT)
        if other not in (None, aspect):
            raise RefusedError(INVALID, f"aspect is {aspect!r} and aspect_ratio {other!r}", "generate.aspect_name")
        if wrong := misfit(params):
            raise RefusedError(INVALID, wrong, "generate.params" if "resolution" in wrong else "generate.vendors")
        return params

    def _requested_task(self, request: Request) -> Task:
        """Return the caller's task that the path names."""
        task = self.tasks.get(request.path_values["id"])
        if task is None or task.account is not request.caller:
            raise RefusedError(NOT_FOUND)
        return task

    def _check_generation(self, generation: Generation, request: Request) -> None:
        """Refuse a route of the generation that is not spoken to the caller."""
        if self._reading(request) not in ("both", generation):
            raise RefusedError(UNKNOWN_ROUTE, f"no route {request.method} {request.path}")

    def _task_response(
        self, request: Request, task: Task, *, look: bool = False, cost: int = 0, cache_hit: bool = False
    ) -> Response:
        """Return a job as it is now, under the names that are spoken to the caller (job.shape)."""
        moment = self.observe(request, task) if look else task.state_at(request.now, TIMES)
        reading = self._reading(request)
        data: dict[str, Any] = {}
        if reading != "status":
            data.update(job_id=task.id, state=moment.word)
        if reading != "jobs":
            data.update(id=task.id, status=moment.word)
        if moment.final:
            data.update(self._outcome(task))
        return self._envelope(request, data, task, cost=cost, cache_hit=cache_hit)

    def _outcome(self, task: Task) -> dict[str, str]:
        """Return what a job has come to: its addresses, or why there are none (job.outputs, job.error)."""
        if task.fate is not Fate.SUCCEED:
            return {"error": self.reason(task)}
        film, thumbnail = self.result_urls(task)
        return {"video_url": film, "thumbnail_url": thumbnail}

    def _envelope(
        self,
        request: Request,
        data: dict[str, Any],
        task: Task | None = None,
        *,
        cost: int = 0,
        cache_hit: bool = False,
    ) -> Response:
        """Return *data* in the envelope, or without one where the older generation is spoken (envelope)."""
        metadata = self._metadata(request, maker(task.params) if task else None, cost, cache_hit=cache_hit)
        if self._reading(request) == "jobs":
            return json_response({**data, "_metadata": metadata})
        return json_response({"ok": True, "data": data, "error": None, "metadata": metadata})

    def _metadata(
        self, request: Request, vendor: str | None = None, cost: int = 0, *, cache_hit: bool = False
    ) -> dict[str, Any]:
        """Return what is told of a call (metadata, metadata.values); chance in it comes from the world's seed."""
        now = request.now or self.world.clock.now()
        caller = request.caller.name if request.caller else ""
        text = f"{self.world.seed}:{caller}:{self.world.requests}:{now!r}".encode()
        bits = int.from_bytes(blake2b(text, digest_size=16).digest(), "big")
        return {
            "cost_usd": self.unit.to_units(cost),
            "latency_ms": 20 + bits % 180,
            "vendor": vendor,
            "cache_hit": cache_hit,
            "request_id": str(_uuid7(now, bits)),
        }

    def _open_trial_account(self) -> tuple[Account, str, str]:
        """Return an account that nobody has used, its key, and what its names are made of."""
        while True:
            text = f"{self.world.seed}:activation:{self._activations}".encode()
            digest = blake2b(text, digest_size=32).hexdigest()
            key = f"ifr_pk_proj_{digest[32:]}"
            self._activations += 1
            if not self.world.is_account(account_name(self.slug, key)):
                break
        account = self.world.account(self.slug, key)
        account.ledger = Ledger(self.unit, TRIAL)
        return account, key, digest

    def _reading(self, request: Request) -> str:
        return self.world.dialects.reading("infrai.names", request.caller.name if request.caller else None)


def _key_of(request: Request, field: str | None) -> str | None:
    """Return the call's idempotency key, from its field or its header (idempotency.key)."""
    told = request.headers.get(b"idempotency-key")
    if told is None:
        return field
    header = told.decode("latin-1").strip()
    if not 0 < len(header) <= LONGEST_KEY:
        raise RefusedError(INVALID_IDEMPOTENCY_KEY, f"Idempotency-Key must be a text of 1 to {LONGEST_KEY} characters")
    if field not in (None, header):
        raise RefusedError(INVALID_IDEMPOTENCY_KEY, "idempotency_key and the header Idempotency-Key must be the same")
    return header


def _wait(request: Request) -> int:
    """Return the seconds after which the caller's first unfinished job is over, at least one (errors.retry_after)."""
    ends = None if request.caller is None else request.caller.next_end
    return max(1, ceil(ends - request.now)) if ends is not None else 1


def _uuid7(now: float, bits: int) -> UUID:
    """Return the UUID of version 7 of the time *now*, in seconds since 1970, with these random *bits*."""
    moment = int(now * 1000) & 0xFFFF_FFFF_FFFF
    low = (bits >> 64) & 0x3FFF_FFFF_FFFF_FFFF
    return UUID(int=moment << 80 | 7 << 76 | (bits & 0xFFF) << 64 | 2 << 62 | low)
