"""What the contracts know of Ark: credentials, valid and broken arguments, plain HTTP calls, terms of the shared laws.

Documents: as the fact file names them; the facts are cited by id. It is written from them, and imports neither the
client's nor the simulator's tables.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from soundstage import JobState, errors
from soundstage_ark.client import Ark, AsyncArk
from soundstage_contracts.vendor_kit import (
    Callbacks,
    DemoCall,
    JobView,
    KeyRawClient,
    LiveCall,
    LivePlan,
    Operation,
    RawRequest,
    Refusal,
    ResponseFormat,
    Terms,
    VendorContract,
    bad_keys,
    check_cites,
    data_of,
    job_machine,
    key_argument,
    key_headers,
    require,
    strategies,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

TASKS: Final = "/api/v3/contents/generations/tasks"
MODEL: Final = "doubao-seedance-1-0-pro-250528"
DAY: Final = 24 * 3600.0
RESOLUTIONS: Final = {"480p": 480, "720p": 720, "1080p": 1080}
RATIOS: Final = {"16:9": 16 / 9, "4:3": 4 / 3, "1:1": 1.0, "3:4": 3 / 4, "9:16": 9 / 16, "21:9": 21 / 9}
FRAMES: Final = ("first_frame", "last_frame")
STATE_WORDS: Final = {
    "queued": JobState.QUEUED,
    "running": JobState.RUNNING,
    "succeeded": JobState.SUCCEEDED,
    "failed": JobState.FAILED,
    "cancelled": JobState.CANCELED,
    "expired": JobState.EXPIRED,
}
TYPES: Final = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    429: "TooManyRequests",
    500: "InternalServerError",
}

LINKS: Final = st.sampled_from(["https://example.test/a.png", "http://127.0.0.1:9/b.png?x=1"])
_OPTIONS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "resolution": st.sampled_from(sorted(RESOLUTIONS)),
    "ratio": st.sampled_from([*RATIOS, "adaptive"]),
    "duration": st.integers(2, 15),
    "seed": st.integers(-1, 2**32 - 1),
    "camera_fixed": st.booleans(),
    "watermark": st.booleans(),
    "generate_audio": st.booleans(),
    "return_last_frame": st.booleans(),
    "service_tier": st.sampled_from(["default", "flex"]),
    "execution_expires_after": st.integers(3600, 259200),
}


def bodies() -> st.SearchStrategy[dict[str, Any]]:
    """Return valid parameters, the inputs beside them under their roles (create.params, create.values)."""
    model = {"model": st.sampled_from([MODEL, "ep-20260101-abcde"])}
    text = st.fixed_dictionaries({**model, "text": strategies.prompts(most=80)}, optional=_OPTIONS)
    frame = {"first_frame": LINKS}
    image = st.fixed_dictionaries(
        {**model, **frame}, optional={**_OPTIONS, "last_frame": LINKS, "text": strategies.prompts(most=80)}
    )
    return text | image


def broken_bodies() -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Return the name of a parameter, and a body in which only that one breaks its rule."""
    wrong: dict[str, st.SearchStrategy[Any]] = {
        "model": st.sampled_from(["", 5, [MODEL]]),
        "text": st.sampled_from(["", 5, ["a fox"]]),
        "first_frame": st.sampled_from(["ftp://example.test/a.png", "no address", 5]),
        "resolution": st.sampled_from(["4k", 720]) | strategies.other_texts(tuple(RESOLUTIONS)),
        "ratio": st.sampled_from(["16x9", 1.78]) | strategies.other_texts((*RATIOS, "adaptive")),
        "duration": st.sampled_from([1, 16, "5", True, 5.5]),
        "seed": st.sampled_from([-2, 2**32, "7", False]),
        "camera_fixed": st.sampled_from(["true", 1]),
        "watermark": st.sampled_from(["no", 0]),
        "generate_audio": st.sampled_from(["yes", 1]),
        "return_last_frame": st.sampled_from(["yes", 1]),
        "service_tier": st.sampled_from(["fast", 1]),
        "execution_expires_after": st.sampled_from([3599, 259201, "3600"]),
        "callback_url": st.sampled_from(["nowhere", "ftp://example.test/", 5]),
    }

    def broken(name: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
        return wrong[name].map(lambda bad: (name, {"model": MODEL, "text": "A fox", name: bad}))

    return st.sampled_from(sorted(wrong)).flatmap(broken)


def wrap(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON body of *members*: the text and the frames become items of the content (create.content)."""
    content = [{"type": "text", "text": members["text"]}] if "text" in members else []
    frames = [role for role in FRAMES if role in members]
    content += [{"type": "image_url", "image_url": {"url": members[role]}, "role": role} for role in frames]
    rest = {name: value for name, value in members.items() if name not in ("text", *FRAMES)}
    return {**rest, "content": content}


def unwrap(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that `wrap` made *body* of."""
    members = {name: value for name, value in body.items() if name != "content"}
    for item in body["content"]:
        if item["type"] == "text":
            members["text"] = item["text"]
        else:
            members[item["role"]] = item["image_url"]["url"]
    return members


def tokens(body: Mapping[str, Any]) -> int:
    """Return what a task of *body* costs (charge)."""
    short = RESOLUTIONS[body.get("resolution", "720p")]
    ratio = RATIOS[str(body.get("ratio", "16:9")).replace("adaptive", "16:9")]
    long = 2 * round(short * max(ratio, 1 / ratio) / 2)
    return short * long * (24 * int(body.get("duration", 5)) + 1) // 1024


class ArkRaw(KeyRawClient):
    """Sends plain HTTP requests to Ark."""

    slug = "ark"
    status_path = f"{TASKS}/{{}}"

    @classmethod
    def creation_request(cls, operation: Operation, body: Mapping[str, Any]) -> RawRequest:
        """Return the request that starts a task."""
        del operation
        return RawRequest("POST", TASKS, wrap(body))

    @classmethod
    def members(cls, body: Any) -> dict[str, Any]:
        """Return the parameters in a body."""
        return unwrap(body)

    def created_id(self, response: httpx.Response, operation: Operation) -> str:
        """Check that a task was created, and return its id (create.route, task.id)."""
        del operation
        body = data_of(response)
        require(set(body) == {"id"}, f"not {{id}}: {body}")
        require(re.fullmatch(r"cgt-\d{14}-[0-9a-z]{5}", body["id"]) is not None, f"not an id: {body}")
        return str(body["id"])

    def job_view(self, response: httpx.Response) -> JobView:
        """Check the members of a task, and return what is shown of it (task.shape)."""
        task = data_of(response)
        numbers = [task["created_at"], task["updated_at"]]
        require(all(isinstance(number, int) for number in numbers) and numbers == sorted(numbers), f"times: {numbers}")
        urls = list(task.get("content", {}).values())
        done = task["status"] == "succeeded"
        require(("usage" in task) == done and bool(urls) == done, f"results before the end: {task}")
        error = task.get("error", {})
        require((set(error) == {"code", "message"}) == (task["status"] == "failed"), f"error: {task}")
        ended = task["status"] in ("cancelled", "expired")
        return JobView(task["status"], error.get("message") or (task["status"] if ended else ""), urls)

    def check_refused(self, response: httpx.Response, refusal: Refusal, reading: str = "") -> str:
        """Check that *response* is *refusal*, and return its message (errors.body)."""
        del reading
        error = response.json()["error"]
        found = (response.status_code, error["code"])
        require(found == (refusal.status, refusal.code), f"not {refusal.status} {refusal.code}: {response.text}")
        require(set(error) == {"code", "message", "param", "type"}, f"members: {error}")
        require(error["type"] == TYPES[refusal.status], f"type: {error}")
        check_cites("ark", response, refusal.fact)
        return str(error["message"])

    def ask(self, method: str, path: str = "", body: Any = None, **options: Any) -> httpx.Response:
        """Send a request below the tasks."""
        return self.send_request(RawRequest(method, TASKS + path, body), **options)


def _start(client: Any, inputs: Mapping[str, str]) -> Any:
    return client.generate("A candle is blown out", model=inputs["model"], resolution="480p", duration=5)


LIVE: Final = LivePlan(
    unit="tokens",
    examples={"model": MODEL},
    calls=(
        LiveCall(
            name="unknown-task",
            about="read a task that does not exist",
            tier="free",
            call=lambda client, _: client.job("cgt-20260101000000-aaaaa").refresh(),
            facts=("hosts", "auth.bearer", "errors.body"),
            refused=errors.NotFoundError,
        ),
        LiveCall(
            name="list",
            about="list the account's tasks",
            tier="free",
            call=lambda client, _: client.list_jobs("generate", page_size=1) and None,
            facts=("list.route",),
        ),
        LiveCall(
            name="video",
            about="make a video of 480p and 5 seconds and download it",
            tier="generation",
            call=_start,
            facts=("create.route", "create.content", "get.route", "task.shape", "task.states"),
            price=None,
            needs=("model",),
        ),
    ),
)

CONTRACT: Final = VendorContract(
    slug="ark",
    client=Ark,
    async_client=AsyncArk,
    credentials=key_argument,
    headers=key_headers,
    operations={
        "generate": bodies().map(lambda body: {("prompt" if k == "text" else k): v for k, v in body.items()}),
    },
    ends={
        "fail": JobState.FAILED,
        "block": JobState.FAILED,
        "timeout": JobState.EXPIRED,
        "cancel": JobState.CANCELED,
    },
    callback="callback_url",
    refuses_blocked=True,
    reports_changes=True,
    live=LIVE,
    keeps=DAY,
)

DEMO: Final = (
    DemoCall("generate", {"prompt": "A kite over a beach", "model": MODEL, "duration": 4, "resolution": "480p"}),
    DemoCall(
        "generate",
        {
            "prompt": "Rain on a window at night",
            "model": MODEL,
            "ratio": "9:16",
            "duration": 5,
            "return_last_frame": True,
        },
        "a video and its last frame",
    ),
)


INVALID: Final = Refusal(code="InvalidParameter", status=400, error=errors.BadRequestError)
MISSING: Final = Refusal(code="MissingParameter", status=400, error=errors.BadRequestError)
SENSITIVE: Final = Refusal(code="InputTextSensitiveContentDetected", status=400, error=errors.ContentPolicyError)
UNAUTHENTICATED: Final = Refusal(code="AuthenticationError", status=401, error=errors.AuthenticationError)
OVERDUE: Final = Refusal(code="AccountOverdueError", status=403, error=errors.InsufficientCreditsError)
DENIED: Final = Refusal(code="AccessDenied", status=403, error=errors.PermissionDeniedError)
NO_MODEL: Final = Refusal(code="InvalidEndpointOrModel.NotFound", status=404, error=errors.NotFoundError)
NOT_OPEN: Final = Refusal(code="ModelNotOpen", status=404, error=errors.PermissionDeniedError)
NOT_FOUND: Final = Refusal(code="ResourceNotFound", status=404, error=errors.NotFoundError)
TOO_MANY: Final = Refusal(code="QuotaExceeded", status=429, error=errors.ConcurrencyLimitError)
TOO_FAST: Final = Refusal(code="RateLimitExceeded.FoundationModelRPMExceeded", status=429, error=errors.RateLimitError)
INTERNAL: Final = Refusal(code="InternalServiceError", status=500, error=errors.SubmitOutcomeUnknown)

GENERATE: Final = Operation(
    method="generate",
    required={"model": MODEL, "text": "A fox"},
    bodies=bodies(),
    broken=broken_bodies(),
    defaults={"resolution": "720p", "ratio": "16:9", "duration": 5, "service_tier": "default"},
    sent_defaults=(),
    names={"text": "prompt"},
    text="text",
    seconds=(31, 131),
    price=tokens,
)


def _polled(name: str, word: Any, urls: tuple[str, ...] = (), reason: str = "") -> dict[str, Any]:
    task: dict[str, Any] = {"id": name, "model": MODEL, "status": word, "created_at": 1, "updated_at": 2}
    if urls:
        task.update(content={"video_url": urls[0]}, usage={"completion_tokens": 108900})
    return {**task, "error": {"code": "Other", "message": reason}} if reason else task


TERMS: Final = Terms(
    contract=CONTRACT,
    raw_client=ArkRaw,
    hosts=("ark.cn-beijing.volces.com", "ark.ap-southeast.bytepluses.com"),
    operations=(GENERATE,),
    formats=[
        ResponseFormat(
            name="task",
            created=lambda name: {"id": name},
            polled=_polled,
            states=STATE_WORDS,
            unknown=("paused", "archiving"),
            without_id=[{}, [], None, {"id": ""}, {"id": True}, {"task_id": "a"}],
            without_output=[
                _polled("a", "succeeded") | {"content": made}
                for made in ({}, {"video_url": ""}, {"last_frame_url": "https://results.test/0.png"})
            ],
            ids=strategies.texts(least=1, most=60).filter(lambda text: bool(text.strip()) and text not in {".", ".."}),
        )
    ],
    refusals=(
        *(INVALID, MISSING, SENSITIVE, UNAUTHENTICATED, OVERDUE, DENIED),
        *(NO_MODEL, NOT_OPEN, NOT_FOUND, TOO_MANY, TOO_FAST, INTERNAL),
    ),
    malformed=INVALID,
    invalid=INVALID,
    not_found=NOT_FOUND,
    no_credit=OVERDUE,
    too_many=TOO_MANY,
    blocked=SENSITIVE,
    bad_credentials=bad_keys(UNAUTHENTICATED),
    rejected={"invalid-": UNAUTHENTICATED, "expired-": UNAUTHENTICATED},
    retention=DAY,
    pace=(3.0, 15.0),
    machine=job_machine(CONTRACT),
    callbacks=Callbacks(parameter="callback_url", number=2),
    facts={
        "test_documented_host_reaches_the_service": ["hosts"],
        "test_client_uses_the_documented_address": ["hosts"],
        "test_requests_go_to_documented_routes_with_credentials": [
            "hosts", "auth.bearer", "create.route", "get.route",
        ],
        "test_valid_body_is_accepted": ["create.route", "create.content", "create.params", "create.values", "task.id"],
        "test_broken_body_is_refused_by_name_and_costs_nothing": [
            "create.content", "create.params", "create.values", "errors.codes",
        ],
        "test_body_that_is_no_object_is_refused": ["create.body"],
        "test_unknown_member_is_ignored": ["create.null"],
        "test_client_refuses_broken_arguments_before_sending": ["create.values", "create.params"],
        "test_arguments_arrive_as_documented": ["create.content", "create.params", "create.roles", "create.values"],
        "test_required_arguments_alone_send_the_documented_defaults": ["create.content"],
        "test_required_members_alone_make_what_the_defaults_make": ["create.defaults"],
        "test_caller_without_valid_credentials_is_refused": ["auth.bearer", "errors.codes"],
        "test_rejected_credential_is_an_authentication_error": ["auth.bearer", "auth.any_key"],
        "test_account_without_credit_is_refused": ["errors.codes"],
        "test_one_job_too_many_is_refused_until_the_first_ends": ["queue.refusal"],
        "test_unknown_job_is_not_found": ["errors.other"],
        "test_job_of_another_account_is_not_found": ["errors.other"],
        "test_every_refusal_has_the_documented_form": ["errors.body", "errors.codes", "errors.other"],
        "test_every_refusal_has_its_client_error": ["errors.body", "errors.codes", "errors.other", "errors.server"],
        "test_every_state_word_is_read": ["task.states", "task.expired", "task.shape"],
        "test_unknown_state_keeps_polling": ["task.states"],
        "test_default_pace_is_the_documented_one": ["polling.interval"],
        "test_stale_response_changes_nothing_back": ["task.states"],
        "test_success_without_output_is_a_failure": ["task.outputs"],
        "test_creation_without_an_id_is_no_job": ["create.route", "create.once"],
        "test_job_is_queued_then_running_then_succeeded": ["get.route", "task.states", "task.shape"],
        "test_job_takes_the_documented_time": ["task.times"],
        "test_failed_job_has_a_reason_and_no_output": ["task.states", "task.expired", "task.shape"],
        "test_failed_job_costs_nothing": ["charge"],
        "test_client_saves_every_output": ["get.route", "task.outputs", "task.shape"],
        "test_result_needs_no_credential_and_expires": ["task.outputs"],
        "test_price_is_reserved_and_charged_on_success": ["charge"],
        "test_blocked_content_is_a_content_error": ["block"],
        "test_any_order_of_events_keeps_the_laws": ["create.once", "callback"],
    },
)  # fmt: skip
