"""The simulated Ark: create, get, list, and cancel or delete content generation tasks.

Documents: volcengine.com/docs/82379, docs.byteplus.com/en/docs/ModelArk, and the sources of the official SDKs, read in
November 2026; the ids in the tables name the facts ``ark:...``.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import parse_qs

from soundstage_server.vendor_kit import (
    CallbackPlan,
    Choice,
    Fate,
    Field,
    Flag,
    Image,
    Integer,
    KeyService,
    Lifecycle,
    Link,
    Refusal,
    Refusals,
    RefusedError,
    Response,
    Route,
    Stage,
    Text,
    Unit,
    Video,
    frame_size,
    json_response,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from soundstage_server.vendor_kit import Account, MediaSpec, Request, Task, TaskState, World

TOKENS: Final = Unit("tokens", 1, 100_000_000)
TASKS: Final = "/api/v3/contents/generations/tasks"
FRAMES_PER_SECOND: Final = 24  # create.defaults
QUEUED_AT_MOST: Final = 120  # queue.limit
PAGE: Final = (1, 500)  # list.order
PAGE_SIZE: Final = 10
CHINA: Final = timezone(timedelta(hours=8))  # the hour in an id

# Facts: states (task.states, task.expired), and how long they last (task.times).
TIMES: Final = Lifecycle(
    (Stage("queued", 1.0, 10.0), Stage("running", 30.0, 120.0)),
    {
        Fate.SUCCEED: "succeeded",
        Fate.FAIL: "failed",
        Fate.BLOCK: "failed",
        Fate.TIMEOUT: "expired",
        Fate.CANCEL: "cancelled",
    },
)


class Content:
    """The list of inputs; `check_content` names what is wrong in it."""

    allowed = "a list of 1 to 32 objects with a type"
    schema: ClassVar[Mapping[str, Any]] = {"type": "array", "minItems": 1, "maxItems": 32, "items": {"type": "object"}}

    def accepts(self, value: object) -> bool:
        """Return whether *value* is such a list."""
        return isinstance(value, list) and 0 < len(value) <= 32 and all(isinstance(item, dict) for item in value)


RESOLUTIONS: Final = ("480p", "720p", "1080p")
RATIOS: Final = ("16:9", "4:3", "1:1", "3:4", "9:16", "21:9", "adaptive")
FIELDS: Final = (
    Field("model", Text(), "create.model", required=True),
    Field("content", Content(), "create.content", required=True),
    Field("resolution", Choice(RESOLUTIONS), "create.values"),
    Field("ratio", Choice(RATIOS), "create.values"),
    Field("duration", Integer(2, 15), "create.values"),
    Field("seed", Integer(-1, 2**32 - 1), "create.values"),
    Field("camera_fixed", Flag(), "create.params"),
    Field("watermark", Flag(), "create.params"),
    Field("generate_audio", Flag(), "create.params", default=False),
    Field("return_last_frame", Flag(), "create.params", default=False),
    Field("service_tier", Choice(("default", "flex")), "create.values", default="default"),
    Field("execution_expires_after", Integer(3600, 259200), "create.values", default=172800),
    Field("callback_url", Link(), "create.params"),
)
DEFAULTS: Final = {"resolution": "720p", "duration": 5}  # create.defaults; the ratio depends on the images
SHAPE: Final = "16:9"
IN_TEXT: Final = {  # create.text_params
    name: field
    for field in FIELDS
    for name in {"resolution": ("resolution", "rs"), "ratio": ("ratio", "rt"), "duration": ("duration", "dur")}.get(
        field.name, ()
    )
}
ROLES: Final = ("first_frame", "last_frame", "reference_image")  # create.roles
INPUTS: Final = {"image_url": "url", "video_url": "url", "audio_url": "url", "draft_task": "id"}  # create.content

# Facts: refusals (errors.codes, errors.other, queue.refusal, block).
INVALID: Final = Refusal("InvalidParameter", 400, "a parameter is not valid", "errors.codes")
MISSING: Final = Refusal("MissingParameter", 400, "a required parameter is missing", "errors.codes")
UNREADABLE: Final = Refusal("InvalidParameter", 400, "the body is not valid", "create.body")
SENSITIVE: Final = Refusal("InputTextSensitiveContentDetected", 400, "the input text may be sensitive", "block")
UNAUTHENTICATED: Final = Refusal("AuthenticationError", 401, "the API key is missing or invalid", "auth.bearer")
OVERDUE: Final = Refusal("AccountOverdueError", 403, "the account is overdue", "errors.codes")
DENIED: Final = Refusal("AccessDenied", 403, "no access to this resource", "errors.codes")
NO_MODEL: Final = Refusal("InvalidEndpointOrModel.NotFound", 404, "no such model or endpoint", "errors.codes")
NOT_OPEN: Final = Refusal("ModelNotOpen", 404, "the account has not activated the model", "errors.codes")
NOT_FOUND: Final = Refusal("ResourceNotFound", 404, "no such resource", "errors.other")
TOO_MANY: Final = Refusal("QuotaExceeded", 429, "too many queued tasks", "queue.refusal")
TOO_FAST: Final = Refusal("RateLimitExceeded.FoundationModelRPMExceeded", 429, "too many requests", "errors.codes")
INTERNAL: Final = Refusal("InternalServiceError", 500, "the service failed", "errors.other")
NOT_QUEUED: Final = Refusal("InvalidParameter", 400, "the task cannot be canceled or deleted", "delete.states")
TYPES: Final = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    429: "TooManyRequests",
    500: "InternalServerError",
}
"""The HTTP status to the member type of an error (errors.codes)."""


class ArkService(KeyService):
    """The simulated Ark, on both of its hosts."""

    slug = "ark"
    title = "Ark (Seedance)"
    hosts = ("ark.cn-beijing.volces.com", "ark.ap-southeast.bytepluses.com")  # hosts
    unit = TOKENS
    times = TIMES
    refusals = Refusals(
        UNAUTHENTICATED,
        INVALID,
        UNREADABLE,
        OVERDUE,
        TOO_MANY,
        NOT_FOUND,
        not_found=NOT_FOUND,
        blocked=SENSITIVE,
        too_fast=TOO_FAST,
    )
    codes: ClassVar[Mapping[str, Refusal]] = {
        str(refusal.code): refusal
        for refusal in (
            *(INVALID, MISSING, SENSITIVE, UNAUTHENTICATED, OVERDUE, DENIED),
            *(NO_MODEL, NOT_OPEN, NOT_FOUND, TOO_MANY, TOO_FAST, INTERNAL),
        )
    }
    operations = ("generate",)
    result_seconds = 24 * 3600  # task.outputs
    callback_plan = CallbackPlan(on="change", field="callback_url", delays=(5.0, 10.0, 15.0))  # callback
    reasons: ClassVar[Mapping[Fate, str]] = {
        Fate.FAIL: "the video could not be generated",
        Fate.BLOCK: "the output video may be sensitive",
        Fate.TIMEOUT: "the task was not finished in time",
        Fate.CANCEL: "the task was cancelled",
    }

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._deleted: set[str] = set()

    def routes(self) -> Iterable[Route]:
        """Return the routes."""
        create = ("create.route", "create.content", "create.params", "create.once", "charge", "queue.limit")
        example = {"id": "cgt-20261129120000-ab1cd"}
        yield Route("POST", TASKS, self.create, "Start a task", create, FIELDS, example, paid=True)
        read = ("get.route", "task.shape", "task.states")
        yield Route("GET", f"{TASKS}/{{id}}", self.get, "Show a task", read)
        yield Route("GET", TASKS, self.list, "List tasks", ("list.route", "list.order"))
        end = ("delete.route", "delete.states")
        yield Route("DELETE", f"{TASKS}/{{id}}", self.delete, "Cancel or delete a task", end)

    def create(self, request: Request) -> Response:
        """Start a task (create.route)."""
        params = self._parameters(request)
        self._check_queue(request.account, request.now)
        return json_response({"id": self.submit(request, "generate", params).id})

    def get(self, request: Request) -> Response:
        """Return a task (get.route)."""
        task = self._task(request)
        self.observe(request, task)
        return json_response(self._shown(task, request.now))

    def list(self, request: Request) -> Response:
        """Return a page of the caller's tasks, the newest first (list.route, list.order)."""
        query = parse_qs(request.scope["query_string"].decode("latin-1"))
        given = {name: values[-1] for name, values in query.items()}
        page, size = _number(given, "page_num", PAGE[0]), _number(given, "page_size", PAGE_SIZE)
        kept = [task for task in reversed(request.account.tasks) if self._is_listed(task, query, given, request.now)]
        chosen = kept[(page - 1) * size : page * size]
        changes = [state.next_change for task in chosen if not (state := task.state_at(request.now, TIMES)).final]
        items = [self._shown(task, request.now) for task in chosen]
        if changes:  # a client that polls by lists sees a new state each time, too
            request.account.advance_to_next_change(request.now, min(changes))
        return json_response({"total": len(kept), "items": items})

    def delete(self, request: Request) -> Response:
        """Cancel a queued task, or delete a finished one (delete.states)."""
        task = self._task(request)
        word = task.state_at(request.now, TIMES).word
        if word in ("running", "cancelled"):
            raise RefusedError(NOT_QUEUED, f"task {task.id} is {word}")
        if word == "queued":
            self.end_early(task, request.now)
        else:
            self._deleted.add(task.id)
        return json_response({})

    def refuse(self, refused: RefusedError, request: Request) -> Response:
        """Return {error: {code, message, param, type}} (errors.body)."""
        del request
        refusal = refused.refusal
        kind = TYPES.get(refusal.status, "BadRequest")
        error = {"code": refusal.code, "message": refused.message, "param": "", "type": kind}
        return json_response({"error": error}, refusal.status)

    def outputs(self, task: Task) -> Sequence[MediaSpec]:
        """Return the video, and its last frame if requested (task.outputs)."""
        params = task.params
        width, height = frame_size(params["resolution"], params["ratio"])
        caption = f"Ark · {params['model']} · {params['resolution']} · {params['ratio']}"
        title, seconds = self.text_of(params), float(params["duration"])
        audio = bool(params.get("generate_audio"))
        video = Video(width, height, seconds, title, caption, task.seed, audio=audio, fps=FRAMES_PER_SECOND)
        frame = Image(width, height, title, caption, task.seed)
        return [video, frame] if params.get("return_last_frame") else [video]

    def price(self, operation: str, params: Mapping[str, Any]) -> int:
        """Return tokens (charge)."""
        del operation  # there is only one
        width, height = frame_size(params["resolution"], params["ratio"])
        return width * height * (FRAMES_PER_SECOND * int(params["duration"]) + 1) // 1024

    def make_task_id(self, operation: str, now: float, seed: int) -> str:
        """Return cgt-, the time in China, and five letters or digits (task.id)."""
        del operation
        letters = "0123456789abcdefghijklmnopqrstuvwxyz"
        tail = "".join(letters[seed // 36**place % 36] for place in range(5))
        return f"cgt-{datetime.fromtimestamp(now, CHINA):%Y%m%d%H%M%S}-{tail}"

    def text_of(self, params: Mapping[str, Any]) -> str:
        """Return the text of a task."""
        return str(params.get("text", ""))

    def callback_body(self, task: Task, state: TaskState) -> Mapping[str, Any]:
        """Return the task as a GET shows it (callback)."""
        return self._shown(task, task.ends if state.final else task.changes[0])

    def has_expired(self, task: Task, now: float) -> bool:
        """Return whether *task* is unknown: deleted, or out of its retention."""
        return task.id in self._deleted or super().has_expired(task, now)

    def forget(self, accounts: Collection[Account]) -> None:
        """Forget *accounts*, their tasks and which of these were deleted."""
        super().forget(accounts)
        self._deleted &= self.tasks.keys()

    def _parameters(self, request: Request) -> dict[str, Any]:
        """Return the validated parameters, with the inputs and the parameters in the text taken out of the content."""
        try:
            body = request.json()
        except ValueError:
            body = None
        for name in ("model", "content"):
            if isinstance(body, dict) and body.get(name) is None:
                raise RefusedError(MISSING, f"{name} must be given", "create.route")
        params = self.parse_body(FIELDS, request)
        params.update(check_content(params.pop("content")))
        shape = "adaptive" if params["inputs"] else SHAPE
        params = {**DEFAULTS, "ratio": shape, **_in_text(params.get("text", "")), **params}
        return {**params, "ratio": SHAPE} if params["ratio"] == "adaptive" else params

    def _check_queue(self, account: Account, now: float) -> None:
        """Refuse one queued task too many (queue.limit)."""
        account.settle(now)
        if account.unfinished < QUEUED_AT_MOST:
            return
        queued = sum(task.state_at(now, TIMES).word == "queued" for task in account.tasks)
        if queued >= QUEUED_AT_MOST:
            raise RefusedError(TOO_MANY, f"{queued} tasks are queued", "queue.limit")

    def _task(self, request: Request) -> Task:
        name = request.path_values["id"]
        return self.own_task(request, name, f"task {name}")

    def _is_listed(self, task: Task, query: Mapping[str, Sequence[str]], given: Mapping[str, str], now: float) -> bool:
        """Return whether the filters of a list select *task*."""
        own = {
            "filter.status": str(task.state_at(now, TIMES).word),
            "filter.model": str(task.params["model"]),
            "filter.service_tier": str(task.params["service_tier"]),
        }
        wanted = query.get("filter.task_ids")
        fits = all(given.get(name, value) == value for name, value in own.items())
        return fits and (wanted is None or task.id in wanted) and not self.has_expired(task, now)

    def _shown(self, task: Task, now: float) -> dict[str, Any]:
        """Return *task* as every route and callback shows it (task.shape)."""
        state, params = task.state_at(now, TIMES), task.params
        data: dict[str, Any] = {
            "id": task.id,
            "model": params["model"],
            "status": state.word,
            "created_at": int(task.created),
            "updated_at": int(max((task.created, *(time for time in task.changes if time <= now)))),
            "service_tier": params["service_tier"],
            "execution_expires_after": params["execution_expires_after"],
        }
        if state.word == "succeeded":
            data.update(self._result(task))
        elif state.word == "failed":
            code = "OutputVideoSensitiveContentDetected" if task.fate is Fate.BLOCK else INTERNAL.code
            data["error"] = {"code": code, "message": self.reason(task)}
        return data

    def _result(self, task: Task) -> dict[str, Any]:
        params, urls = task.params, self.result_urls(task)
        names = ("resolution", "ratio", "duration", "generate_audio")
        seed = params.get("seed", -1)
        return {
            "content": dict(zip(("video_url", "last_frame_url"), urls, strict=False)),
            "usage": {"completion_tokens": task.price, "total_tokens": task.price},
            "seed": seed if seed >= 0 else task.seed % 2**32,
            "framespersecond": FRAMES_PER_SECOND,
            "draft": False,
            **{name: params[name] for name in names},
        }


SERVICE = ArkService


def check_content(content: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the text of *content* and its other inputs, each as [role, address].

    Raises:
        RefusedError: An item breaks a rule; the message names it (create.content, create.roles).
    """
    texts: list[str] = []
    inputs: list[list[str]] = []
    for index, item in enumerate(content):
        kind, where = item.get("type"), f"content[{index}]"
        if kind == "text":
            texts.append(_required(item, "text", where))
        elif isinstance(kind, str) and kind in INPUTS:
            inner = item.get(kind)
            role = _role(item, where) if kind == "image_url" else str(item.get("role") or kind)
            if not isinstance(inner, dict):
                raise RefusedError(INVALID, f"{where}.{kind} must be an object ({role})", "create.content")
            inputs.append([role, _address(inner, INPUTS[kind], f"{where}.{kind}", role)])
        else:
            allowed = ", ".join(("text", *INPUTS))
            raise RefusedError(INVALID, f"{where}.type must be one of {allowed}; got {kind!r}"[:200], "create.content")
    roles = [role for role, _ in inputs]
    if "last_frame" in roles and "first_frame" not in roles:
        raise RefusedError(INVALID, "content has a last_frame and no first_frame", "create.roles")
    if not texts and not inputs:
        raise RefusedError(INVALID, "content must have a text or an image", "create.content")
    return {"text": "\n".join(texts), "inputs": inputs}


def _role(item: Mapping[str, Any], where: str) -> str:
    role = item.get("role") or "first_frame"
    if role not in ROLES:
        raise RefusedError(
            INVALID, f"{where}.role must be one of {', '.join(ROLES)}; got {role!r}"[:200], "create.roles"
        )
    return str(role)


def _required(item: Mapping[str, Any], name: str, where: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not value:
        raise RefusedError(INVALID, f"{where}.{name} must be a non-empty string", "create.content")
    return value


def _address(inner: Mapping[str, Any], name: str, where: str, role: str) -> str:
    """Return an address or a task's id, or the digest of a file in base64 (create.image)."""
    value = _required(inner, name, f"{where} ({role})")
    if name == "id" or Link().accepts(value):
        return value
    if value.startswith("data:") and ";base64," in value:
        return f"sha256:{sha256(value.encode()).hexdigest()}"
    raise RefusedError(INVALID, f"{where}.{name} ({role}) must be an http or https URL or base64", "create.image")


def _in_text(text: str) -> dict[str, Any]:
    """Return the parameters that follow a text, such as ``--ratio 16:9`` (create.text_params)."""
    found: dict[str, Any] = {}
    for name, word in re.findall(r"--(\w+)\s+(\S+)", text):
        field = IN_TEXT.get(name)
        value: Any = int(word) if word.isascii() and word.isdigit() and len(word) < 9 else word
        if field is not None and field.rule.accepts(value):
            found[field.name] = value
    return found


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    given = query.get(name, str(default))
    if not (given.isascii() and given.isdigit() and len(given) < 9 and PAGE[0] <= int(given) <= PAGE[1]):
        allowed = f"a whole number from {PAGE[0]} to {PAGE[1]}"
        raise RefusedError(INVALID, f"{name} must be {allowed}; got {given[:60]!r}", "list.order")
    return int(given)
