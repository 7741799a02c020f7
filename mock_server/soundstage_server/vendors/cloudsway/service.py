"""Cloudsway's gateway and Kling behind it: authentication, two kinds of task, lists, callbacks, refusals.

Documents: docs.cloudsway.net/maasapi/api-reference/video/kl and Kling's own API pages, read in November 2026.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import partial
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import orjson

from soundstage_server.kit.inputs import MEASURED, InputLimits
from soundstage_server.kit.service import Service, bearer_token
from soundstage_server.kit.uuids import uuid_of_digits
from soundstage_server.model.account import EXTRA
from soundstage_server.model.ledger import CREDITS
from soundstage_server.model.lifecycle import CallbackPlan, Fate
from soundstage_server.model.messages import JSON, Identity, Refusal, RefusedError, Request, Response, Route
from soundstage_server.model.suggestions import did_you_mean
from soundstage_server.vendors.cloudsway.capabilities import (
    ABOUT,
    AXES,
    FIELDS,
    GATEWAY_NAMES,
    GROUPS,
    MODELS,
    MODELS_OF,
    TIMES,
    broken_limits,
    image_inputs,
    price,
)
from soundstage_server.vendors.cloudsway.outputs import media_for
from soundstage_server.vendors.cloudsway.refusals import (
    CODES,
    EXPIRED_KEY,
    INVALID,
    NO_KEY,
    NOT_FOUND,
    REFUSALS,
    UNAUTHENTICATED,
    WRONG_KEY,
    WRONG_METHOD,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from soundstage_server.media import MediaSpec
    from soundstage_server.model.account import Account, Task
    from soundstage_server.model.lifecycle import Lifecycle, TaskState
    from soundstage_server.vendors.cloudsway.capabilities import Kind
    from soundstage_server.world.world import World

SUCCEED: Final = "SUCCEED"  # envelope.literals
PAGE, PAGES = "pageNum", "pageSize"
PAGING: Final = {PAGE: (1, 1000), PAGES: (30, 500)}  # routes.list: the default and the maximum

_READS: Final = (
    "routes", "routes.kind", "envelope", "envelope.literals", "get.answer", "get.before_success", "get.updated",
    "task_info", "video.id", "block.later",
    "status.values",
)  # fmt: skip
_CREATES: Final = (
    "routes", "create.answer", "task_info", "capability.matrix", "capability.master_mode", "image2video.exclusive",
    "image2video.params",
)  # fmt: skip
_CREATED: Final = {
    "code": 0,
    "message": SUCCEED,
    "request_id": "5e1c2c1c-55f1-4c2a-9f3f-2f7d6c1f8a10",
    "data": {
        "task_id": "831922345719271433",
        "task_status": "submitted",
        "task_info": {"external_task_id": "order-7"},
        "created_at": 1722769557708,
        "updated_at": 1722769557708,
    },
}


class CloudswayService(Service):
    """The simulated Cloudsway, with Kling behind it."""

    slug = "cloudsway"
    title = "Cloudsway (Kling)"
    hosts = ("genaiapi.cloudsway.net",)
    unit = CREDITS
    at_once = 20  # concurrency
    credential_headers = (b"authorization",)  # auth.bearer
    refusals = REFUSALS
    codes = CODES
    dialects = {  # noqa: RUF012 - likewise
        "errors": ("http", "envelope"),
        "callback": ("flat", "envelope"),
        "task_info": ("member", "empty"),
    }
    operations = tuple(FIELDS)
    input_limits = InputLimits(1 << 40, "image2video.params", INVALID, INVALID)  # each rule has its own size limit
    callback_plan = CallbackPlan(on="change", field="callback_url", delays=(10.0, 60.0))  # callback, callback.retries
    reasons = {  # noqa: RUF012 - likewise
        Fate.FAIL: "Failure to generate the video",
        Fate.BLOCK: "Failure to pass the risk control system",
        Fate.CANCEL: "Failure to generate the video: the task was stopped",
        Fate.TIMEOUT: "Failure to generate the video: it took too long",
    }

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._external: dict[tuple[str, str], Task] = {}

    def routes(self) -> Iterable[Route]:
        """Return the create, poll and list routes of each kind of task (routes)."""
        for kind in FIELDS:
            path = f"/v1/ai/{{endpoint}}/kling/videos/{kind}"
            about = ABOUT[kind]
            create, fields = partial(self.create, kind), FIELDS[kind]
            yield Route("POST", path, create, f"Create {about}", _CREATES, fields, _CREATED, paid=True)
            yield Route("GET", f"{path}/{{id}}", partial(self.poll, kind), f"Read {about}", _READS)
            listing = ("routes.list", "list.order", "envelope")
            yield Route("GET", path, partial(self.list_tasks, kind), f"List every such task: {about}", listing)

    def lifecycle(self, operation: str) -> Lifecycle:
        """Return the states of a task (status.values, generation.times)."""
        del operation  # both kinds have the same
        return TIMES

    def identify(self, credentials: tuple[bytes | None, ...]) -> Identity:
        """Return the key in ``Authorization: Bearer`` (auth.bearer)."""
        (authorization,) = credentials
        if not authorization:
            raise RefusedError(NO_KEY)
        key = bearer_token(authorization)
        if not key:
            raise RefusedError(UNAUTHENTICATED, "Authorization must be Bearer and a key")
        return Identity(key)

    def credential_refusal(self, word: str) -> Refusal:
        """Return the refusal of an expired or an invalid key (auth.which)."""
        return EXPIRED_KEY if word == "expired" else WRONG_KEY

    def create(self, kind: Kind, request: Request) -> Response:
        """Create a task (create.answer)."""
        task = self.submit(request, kind, self._parameters(kind, request))
        created = self._task_data(task, request.now)
        del created["task_status_msg"]  # only a poll has it (get.answer)
        return self._envelope(created)

    def _parameters(self, kind: Kind, request: Request) -> dict[str, Any]:
        """Return the validated parameters of a create call."""
        params = self.parse_body(FIELDS[kind], request)
        self._choose_model(kind, params)
        _check_camera(params)
        if kind == "image2video":
            _check_groups(params)
        for limit in broken_limits(kind, params):
            requested = "/".join(params[name] for name in ("model_name", "mode", "duration"))
            error = f"model/mode/duration({requested}) is not supported with {limit.of}"
            raise RefusedError(INVALID, error, limit.fact)
        self._take_external_id(request.account, params)
        self._validate_images(params)
        return params

    def poll(self, kind: Kind, request: Request) -> Response:
        """Return the current state of a task (get.answer, routes.kind)."""
        task = self._requested_task(kind, request)
        self.observe(request, task)
        return self._envelope(self._task_data(task, request.now))

    def list_tasks(self, kind: Kind, request: Request) -> Response:
        """Return a page of the caller's tasks, the newest first (routes.list, list.order)."""
        query = request.query_values()
        page, size = (_page(name, query.get(name, "")) for name in PAGING)
        mine = (task for task in reversed(request.account.tasks) if task.operation == kind)
        tasks = list(islice(mine, (page - 1) * size, page * size))
        states = [task.state_at(request.now, TIMES) for task in tasks]
        changes = [state.next_change for state in states if not state.final]
        if changes:
            request.account.advance_to_next_change(request.now, min(changes))
        return self._envelope([self._task_data(task, request.now) for task in tasks])

    def _task_data(self, task: Task, now: float) -> dict[str, Any]:
        """Return *task* as polls, lists and callbacks show it, at its account's time *now* (get.answer)."""
        state = task.state_at(now, TIMES)
        left = bisect_right(task.changes, now)
        created = _milliseconds(task.created)
        succeeded = state.final and task.fate is Fate.SUCCEED
        data = {
            "task_id": task.id,
            "task_status": state.word,
            "task_status_msg": self.reason(task) if state.final and not succeeded else "",
            "task_info": self._task_info(task),
            "created_at": created,
            "updated_at": _milliseconds(task.changes[left - 1]) if left else created,
        }
        if succeeded:
            data["task_result"] = {"videos": [self._video(task, url) for url in self.result_urls(task)]}
        return data

    def _task_info(self, task: Task) -> dict[str, str]:
        """Return the caller's own id for *task*; "" or, in the other reading, nothing without one (task_info)."""
        external = task.params.get(EXTRA, {}).get("external_task_id")
        if external is None and self.dialect("task_info", task.account) == "empty":
            return {}
        return {"external_task_id": external or ""}

    def callback_body(self, task: Task, state: TaskState) -> Mapping[str, Any]:
        """Return the body of the callback at a change of state: the task, or the envelope around it (callback)."""
        data = self._task_data(task, task.ends if state.final else task.changes[0])
        if self.dialect("callback", task.account) == "flat":
            return data
        return {"code": 0, "message": SUCCEED, "request_id": self._request_id(f"{task.id}/{state.word}"), "data": data}

    def refuse(self, refused: RefusedError, request: Request) -> Response:
        """Return ``{code, message, request_id}``, with the table's HTTP status or inside 200 (errors.http_status)."""
        refusal = refused.refusal
        gateway = refusal.fact == "errors.gateway"
        message = refused.detail if refusal is INVALID and refused.detail else refused.message
        # A refused key has no account here, and the dialect is still that of the account which it names.
        account = request.caller.name if request.caller else self.claimed_account(request.scope)
        inside = not gateway and self.world.dialects.reading(f"{self.slug}.errors", account) == "envelope"
        code = refusal.status if gateway else refusal.code
        body = {"code": code, "message": message, "request_id": self._request_id()}
        return Response(200 if inside else refusal.status, orjson.dumps(body), [JSON])

    def unknown_route(self, request: Request, allowed: Sequence[str]) -> Response:
        """Refuse an unknown method with 1202 and an unknown path with 1203; both have the status 404."""
        if allowed:
            refused = RefusedError(WRONG_METHOD, f"{request.path} takes {', '.join(allowed)}, not {request.method}")
        else:
            refused = RefusedError(NOT_FOUND, f"no route {request.method} {request.path}")
        return self._cite_fact(self.refuse(refused, request), refused)

    def outputs(self, task: Task) -> Sequence[MediaSpec]:
        """Return the video of a successful *task*."""
        return media_for(task)

    def price(self, operation: str, params: Mapping[str, Any]) -> int:
        """Return whole credits (price)."""
        del operation  # both kinds cost the same
        return price(params)

    def make_task_id(self, operation: str, now: float, seed: int) -> str:
        """Return 18 digits (create.answer)."""
        del operation, now
        return _number(seed)

    def index_task(self, task: Task) -> None:
        """Index *task* by its id and by the caller's own id for it (routes.kind)."""
        super().index_task(task)
        external = task.params.get(EXTRA, {}).get("external_task_id")
        if external is not None:
            self._external[task.account.name, external] = task

    def forget(self, accounts: Collection[Account]) -> None:
        """Forget *accounts*, their tasks and their own ids for them."""
        super().forget(accounts)
        self._external = {key: task for key, task in self._external.items() if task.account not in accounts}

    def drop_tasks(self, tasks: Iterable[Task]) -> None:
        """Forget *tasks* and their own ids."""
        for task in (tasks := tuple(tasks)):
            self._external.pop((task.account.name, task.params.get(EXTRA, {}).get("external_task_id")), None)
        super().drop_tasks(tasks)

    def _choose_model(self, kind: Kind, params: dict[str, Any]) -> None:
        """Replace the gateway's name of a model by Kling's, and refuse unknown models (text2video.models)."""
        given = params["model_name"]
        model = params["model_name"] = GATEWAY_NAMES.get(given, given)
        if model not in MODELS:
            raise RefusedError(NOT_FOUND, f"no model {given}{did_you_mean(given, (*MODELS, *GATEWAY_NAMES))}")
        if model not in MODELS_OF[kind]:
            error = f"model_name must be one of {', '.join(MODELS_OF[kind])} for {kind}; got {given!r}"
            raise RefusedError(INVALID, error, "text2video.models")

    def _take_external_id(self, account: Account, params: dict[str, Any]) -> None:
        """Move the caller's own id out of what makes two submissions equal, and refuse a used one (errors.which)."""
        external = params.pop("external_task_id", None)
        if external is None:
            return
        if (account.name, external) in self._external:
            error = f"external_task_id must be unique in the account; {external!r} was used before"
            raise RefusedError(INVALID, error, "errors.which")
        params[EXTRA] = {"external_task_id": external}

    def _validate_images(self, params: dict[str, Any]) -> None:
        """Validate every image, also masks within lists; keep sizes, and digests in place of base64."""
        fields, images = image_inputs(params)
        if not fields:
            return
        self.validate_inputs(fields, images)
        params.update({name: value for name, value in images.items() if name in params or name == MEASURED})
        if "dynamic_masks" in params:
            params["dynamic_masks"] = [
                {**one, "mask": images[f"dynamic_masks[{number}].mask"]}
                for number, one in enumerate(params["dynamic_masks"])
            ]

    def _requested_task(self, kind: Kind, request: Request) -> Task:
        """Return the caller's task of *kind* that the path names by its id or the caller's own (routes.kind)."""
        name = request.path_values["id"]
        for task in (self.tasks.get(name), self._external.get((request.account.name, name))):
            if task is None or task.account is not request.caller or task.operation != kind:
                continue
            if not self.has_expired(task, request.now):
                return task
        raise RefusedError(NOT_FOUND, f"no {kind} task {name}")

    def _video(self, task: Task, url: str) -> dict[str, str]:
        return {"id": _number(task.seed >> 3), "url": url, "duration": task.params["duration"]}

    def _envelope(self, data: object) -> Response:
        body = {"code": 0, "message": SUCCEED, "request_id": self._request_id(), "data": data}
        return Response(200, orjson.dumps(body), [JSON])

    def _request_id(self, what: str = "") -> str:
        """Return a UUID of version 4; equal seeds and equal histories repeat it."""
        text = f"{self.world.seed}/{self.slug}/{what or self.world.requests}"
        return uuid_of_digits(blake2b(text.encode(), digest_size=16).hexdigest())


def _number(seed: int) -> str:
    return str(10**17 + seed % (9 * 10**17))


def _milliseconds(time: float) -> int:
    return int(time * 1000)


def _page(name: str, given: str) -> int:
    """Return the query parameter *name* as a number, or its default (routes.list)."""
    default, most = PAGING[name]
    if not given:
        return default
    if not (given.isascii() and given.isdigit() and len(given) < len(str(10**6)) and 1 <= int(given) <= most):
        error = f"{name} must be a whole number from 1 to {most}; got {given[:60]!r}"
        raise RefusedError(INVALID, error, "routes.list")
    return int(given)


def _check_camera(params: Mapping[str, Any]) -> None:
    """Refuse a movement along several axes, or a config with another type than ``simple`` (camera.control)."""
    camera = params.get("camera_control")
    if camera is None:
        return
    config = camera.get("config")
    if (camera["type"] == "simple") != (config is not None):
        need = "must hold config" if config is None else "must not hold config"
        raise RefusedError(INVALID, f"camera_control {need} with type {camera['type']}", "camera.control")
    moved = [axis for axis in AXES if (config or {}).get(axis)]
    if config is not None and len(moved) != 1:
        error = f"camera_control.config must have exactly one value that is not 0; got {', '.join(moved) or 'none'}"
        raise RefusedError(INVALID, error, "camera.control")


def _check_groups(params: Mapping[str, Any]) -> None:
    """Require one image at least, and refuse parameters that exclude each other (image2video.params, .exclusive)."""
    if "image" not in params and "image_tail" not in params:
        raise RefusedError(INVALID, "image or image_tail must be given; both are missing", "image2video.params")
    given = [" and ".join(name for name in group if name in params) for group in GROUPS]
    together = [names for names in given if names]
    if len(together) > 1:
        raise RefusedError(INVALID, f"{' and '.join(together)} exclude one another", "image2video.exclusive")
