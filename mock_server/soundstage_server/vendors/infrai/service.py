"""Infrai's video service: create, poll and cancel in both generations, idempotency keys, activation.

Documents: www.infrai.cc/en/docs (api/ai-video, conventions), infrailab.com/en/docs and the older page, read in
November 2026.
"""

from __future__ import annotations

from functools import partial
from hashlib import blake2b
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from soundstage_server.kit.service import Service, bearer_token
from soundstage_server.kit.uuids import uuid_of_digits
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
    incompatibility,
    price,
    serving_vendor,
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
_MOST_ACTIVATIONS: Final = 100_000
"""How many keys are tried for a new account; a used one belongs to an earlier activation of the same world."""


class InfraiService(Service):
    """The simulated Infrai."""

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
        self._by_key: dict[tuple[str, str], Task] = {}
        self._activations = 0

    def routes(self) -> Iterable[Route]:
        """Return the routes of both generations, those of newer examples, and the activation."""
        keys = ("idempotency.same", "idempotency.absent", "idempotency.body")
        start = ("generate.route", "generate.params", "generate.vendors", *keys, "charge", "envelope", "auth.bearer")
        yield Route("POST", "/v1/video/generate", self.create, "Start a video", start, GENERATE, _EXAMPLE, paid=True)
        stop = ("cancel.route", "cancel.final")
        for generation, shown, cancelled in _ROUTES:
            yield Route("GET", shown, partial(self.poll, generation), "Show a job", _READ)
            yield Route("POST", cancelled, partial(self.cancel, generation), "Cancel a job", stop)
        more = ("routes.more",)
        yield Route("GET", "/v1/video/get/{id}", partial(self.poll, "status"), "Show a job", more)
        yield Route("GET", "/v1/video/download_url/{id}", self.download_url, "Show where a video is", more)
        yield Route("GET", "/v1/video/capabilities", self.capabilities, "List the upstream vendors", more)
        trial = ("auth.activate", "activate.trial")
        yield Route("POST", "/v1/activate", self.activate, "Open an anonymous trial", trial, open=True)

    def lifecycle(self, operation: str) -> Lifecycle:
        """Return the states of a job (job.states, job.times)."""
        del operation  # there is only one
        return TIMES

    def identify(self, credentials: tuple[bytes | None, ...]) -> Identity:
        """Return the Bearer key (auth.bearer, auth.any_key)."""
        key = bearer_token(credentials[0])
        if not key:
            raise RefusedError(NO_KEY, "Authorization must be Bearer <key>")
        return Identity(key)

    def create(self, request: Request) -> Response:
        """Start a video, or return the job that has the call's idempotency key (generate.route, idempotency.same)."""
        params = self._parameters(request)
        key = _idempotency_key(request, params.pop(_KEY, None))
        earlier = self._by_key.get((request.account.name, key)) if key is not None else None
        if earlier is not None and request.now < earlier.created + KEY_SECONDS:
            if {**params, EXTRA: earlier.params[EXTRA]} != earlier.params:
                raise RefusedError(
                    CONFLICT, f"idempotency key already used for job {earlier.id} with different parameters"
                )
            return self._task_response(request, earlier, cost=earlier.price, cache_hit=True)
        task = self.submit(request, "generate", params if key is None else {**params, EXTRA: {_KEY: key}})
        return self._task_response(request, task, cost=task.price)

    def poll(self, generation: Generation, request: Request) -> Response:
        """Return the current state of a job (status.route, job.shape)."""
        self._check_generation(generation, request)
        return self._task_response(request, self._requested_task(request), observe=True)

    def cancel(self, generation: Generation, request: Request) -> Response:
        """Cancel a job if it is unfinished (cancel.route, cancel.final)."""
        self._check_generation(generation, request)
        task = self._requested_task(request)
        return self._envelope(request, {"ok": self.end_early(task, request.now)}, task)

    def download_url(self, request: Request) -> Response:
        """Return the video's URL of a succeeded job (routes.more)."""
        task = self._requested_task(request)
        state = self.observe(request, task)
        if not state.final or task.fate is not Fate.SUCCEED:
            raise RefusedError(NOT_FOUND, f"job {task.id} is {state.word} and has no video", "routes.more")
        return self._envelope(request, {"url": self.result_urls(task)[0]}, task)

    def capabilities(self, request: Request) -> Response:
        """Return the upstream vendors with their models and resolutions (routes.more, generate.vendors)."""
        vendors = [
            {"vendor": vendor.name, "models": vendor.models, "resolutions": vendor.resolutions}
            for vendor in VENDORS.values()
        ]
        return self._envelope(request, {"vendors": vendors, "aspects": ASPECTS, "prefer": PREFERENCES})

    def activate(self, request: Request) -> Response:
        """Open an account with a trial credit and a new key (auth.activate, activate.trial)."""
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
        """Index *task* by its id and by its idempotency key (idempotency.same)."""
        super().index_task(task)
        if extra := task.params.get(EXTRA):
            self._by_key[task.account.name, extra[_KEY]] = task

    def forget(self, accounts: Collection[Account]) -> None:
        """Forget *accounts*, their tasks and their keys."""
        super().forget(accounts)
        self._by_key = {name: task for name, task in self._by_key.items() if task.account not in accounts}
        self._activations = 0

    def drop_tasks(self, tasks: Iterable[Task]) -> None:
        """Forget *tasks* and their keys."""
        for task in (tasks := tuple(tasks)):
            if extra := task.params.get(EXTRA):
                self._by_key.pop((task.account.name, extra[_KEY]), None)
        super().drop_tasks(tasks)

    def refuse(self, refused: RefusedError, request: Request) -> Response:
        """Return the envelope with ok false and a matching HTTP status (errors.envelope)."""
        refusal = refused.refusal
        if refusal.status == _TOO_MANY_STATUS and refused.retry_after is None:
            refused.retry_after = _retry_after(request)
        error = {"code": refusal.code, "message": refused.message}
        body = {"ok": False, "data": None, "error": error, "metadata": self._metadata(request)}
        return json_response(body, refusal.status)

    def outputs(self, task: Task) -> Sequence[MediaSpec]:
        """Return the video of a successful *task* and its thumbnail."""
        return media_for(task)

    def price(self, operation: str, params: Mapping[str, Any]) -> int:
        """Return millionths of a USD (charge)."""
        del operation  # there is only one
        return price(params)

    def make_task_id(self, operation: str, now: float, seed: int) -> str:
        """Return ``vid_`` and hexadecimal digits (job.id)."""
        del operation, now
        return f"vid_{seed:016x}"

    def _parameters(self, request: Request) -> dict[str, Any]:
        """Return the validated parameters, with the aspect under one name."""
        params = self.parse_body(GENERATE, request)
        other = params.pop("aspect_ratio", None)
        aspect = params.setdefault("aspect", other or DEFAULT_ASPECT)
        if other not in (None, aspect):
            raise RefusedError(INVALID, f"aspect is {aspect!r} and aspect_ratio {other!r}", "generate.aspect_name")
        if error := incompatibility(params):
            raise RefusedError(INVALID, error, "generate.params" if "resolution" in error else "generate.vendors")
        return params

    def _requested_task(self, request: Request) -> Task:
        """Return the caller's task that the path names."""
        return self.own_task(request, request.path_values["id"])

    def _check_generation(self, generation: Generation, request: Request) -> None:
        """Refuse a route of the generation that the caller's dialect excludes."""
        if self.dialect("names", request.caller) not in ("both", generation):
            raise RefusedError(UNKNOWN_ROUTE, f"no route {request.method} {request.path}")

    def _task_response(
        self, request: Request, task: Task, *, observe: bool = False, cost: int = 0, cache_hit: bool = False
    ) -> Response:
        """Return the current state of a job, with the field names of the caller's dialect (job.shape)."""
        state = self.observe(request, task) if observe else task.state_at(request.now, TIMES)
        reading = self.dialect("names", request.caller)
        data: dict[str, Any] = {}
        if reading != "status":
            data["job_id"], data["state"] = task.id, state.word
        if reading != "jobs":
            data["id"], data["status"] = task.id, state.word
        if state.final:
            data.update(self._outcome(task))
        return self._envelope(request, data, task, cost=cost, cache_hit=cache_hit, reading=reading)

    def _outcome(self, task: Task) -> dict[str, str]:
        """Return the URLs of a finished job, or its error (job.outputs, job.error)."""
        if task.fate is not Fate.SUCCEED:
            return {"error": self.reason(task)}
        video, thumbnail = self.result_urls(task)
        return {"video_url": video, "thumbnail_url": thumbnail}

    def _envelope(
        self,
        request: Request,
        data: dict[str, Any],
        task: Task | None = None,
        *,
        cost: int = 0,
        cache_hit: bool = False,
        reading: str | None = None,
    ) -> Response:
        """Return *data* in the envelope, or without one in the dialect of the older generation (envelope)."""
        metadata = self._metadata(request, serving_vendor(task.params) if task else None, cost, cache_hit=cache_hit)
        if (reading or self.dialect("names", request.caller)) == "jobs":
            return json_response({**data, "_metadata": metadata})
        return json_response({"ok": True, "data": data, "error": None, "metadata": metadata})

    def _metadata(
        self, request: Request, vendor: str | None = None, cost: int = 0, *, cache_hit: bool = False
    ) -> dict[str, Any]:
        """Return the metadata of a call (metadata, metadata.values); its random parts follow from the world's seed."""
        now = request.now or self.world.clock.now()
        caller = request.caller.name if request.caller else ""
        text = f"{self.world.seed}:{caller}:{self.world.requests}:{now!r}".encode()
        bits = int.from_bytes(blake2b(text, digest_size=16).digest(), "big")
        return {
            "cost_usd": self.unit.to_units(cost),
            "latency_ms": 20 + bits % 180,
            "vendor": vendor,
            "cache_hit": cache_hit,
            "request_id": _uuid7(now, bits),
        }

    def _open_trial_account(self) -> tuple[Account, str, str]:
        """Return a new account, its key, and the digest that its ids are made from."""
        # After a snapshot is restored, the keys of its accounts are skipped.
        for _ in range(_MOST_ACTIVATIONS):
            text = f"{self.world.seed}:activation:{self._activations}".encode()
            digest = blake2b(text, digest_size=32).hexdigest()
            key = f"ifr_pk_proj_{digest[32:]}"
            self._activations += 1
            if not self.world.is_account(account_name(self.slug, key)):
                break
        account = self.world.account(self.slug, key)
        account.ledger = Ledger(self.unit, TRIAL)
        return account, key, digest


def _idempotency_key(request: Request, field: str | None) -> str | None:
    """Return the call's idempotency key, from its field or its header (idempotency.key)."""
    value = request.headers.get(b"idempotency-key")
    if value is None:
        return field
    header = value.decode("latin-1").strip()
    if not 0 < len(header) <= LONGEST_KEY:
        raise RefusedError(INVALID_IDEMPOTENCY_KEY, f"Idempotency-Key must be a text of 1 to {LONGEST_KEY} characters")
    if field not in (None, header):
        raise RefusedError(INVALID_IDEMPOTENCY_KEY, "idempotency_key and the header Idempotency-Key must be the same")
    return header


def _retry_after(request: Request) -> int:
    """Return the seconds until the caller's first unfinished job ends, at least one (errors.retry_after)."""
    ends = None if request.caller is None else request.caller.next_end
    return max(1, ceil(ends - request.now)) if ends is not None else 1


def _uuid7(now: float, bits: int) -> str:
    """Return a UUID of version 7 for the time *now*, in seconds since 1970, with these random *bits*."""
    milliseconds, digits = int(now * 1000) & 0xFFFF_FFFF_FFFF, f"{bits:032x}"
    return uuid_of_digits(f"{milliseconds:012x}{digits[28:]}{digits[:16]}", 7)
