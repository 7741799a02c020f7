"""Tomoviee's gateway: authentication, create calls, the result route, the token route, the form of refusals.

Documents: tomoviee.ai/doc and the vendor's skills, read in November 2026.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from functools import lru_cache, partial
from time import gmtime, strftime
from typing import TYPE_CHECKING, Any, Final

import orjson

from soundstage_server.kit.inputs import InputLimits, media_fields
from soundstage_server.kit.service import Service
from soundstage_server.model.fields import Field, FieldError, Text, check
from soundstage_server.model.ledger import CREDITS
from soundstage_server.model.lifecycle import CallbackPlan, Fate
from soundstage_server.model.messages import JSON, Identity, RefusedError, Request, Response, Route
from soundstage_server.model.suggestions import did_you_mean
from soundstage_server.vendors.tomoviee.capabilities import CAPABILITIES, READINGS, fields_of
from soundstage_server.vendors.tomoviee.outputs import media_for
from soundstage_server.vendors.tomoviee.refusals import (
    CODES,
    INVALID,
    INVALID_FILE,
    NOT_FOUND,
    REFUSALS,
    TOO_LARGE,
    UNAUTHENTICATED,
    UNKNOWN_CAPABILITY,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from soundstage_server.media import MediaSpec
    from soundstage_server.model.account import Task
    from soundstage_server.model.lifecycle import Lifecycle, TaskState
    from soundstage_server.vendors.tomoviee.capabilities import Capability


_POLL: Final = (Field("task_id", Text(), "poll.route", required=True),)
_CREATED: Final = {"code": 0, "msg": "", "data": {"task_id": "tm_text2video_b-0-2025080109295bd73652d4"}}
_TOKEN: Final = (
    Field("access_key", Text(), "auth.token_route", required=True),
    Field("secret", Text(), "auth.token_route", required=True),
)
_FILES: Final[Mapping[tuple[str, str], tuple[Field, ...]]] = {
    (capability.name, reading): media_fields(fields_of(capability, reading))
    for capability in CAPABILITIES.values()
    for reading in READINGS
}
"""The parameters that name files, by capability and dialect."""


class TomovieeService(Service):
    """The simulated Tomoviee."""

    slug = "tomoviee"
    title = "Tomoviee"
    hosts = ("openapi.wondershare.cc", "open-api.wondershare.cc")  # gateway.hosts
    unit = CREDITS
    credential_headers = (b"x-app-key", b"authorization")  # auth.headers
    refusals = REFUSALS
    codes = CODES
    dialects = {  # noqa: RUF012 - a table, as every vendor has it
        "parameters": READINGS,
        "errors": ("envelope", "http"),
        "image_key": ("images_path", "image_path"),
    }
    operations = tuple(CAPABILITIES)
    input_limits = InputLimits(200_000_000, "limits.input_size", TOO_LARGE, INVALID_FILE)
    callback_plan = CallbackPlan(on="end", field="callback", delays=(10.0, 60.0, 300.0))  # callback.payload
    reasons = {  # noqa: RUF012 - a table, as every vendor has it
        Fate.FAIL: "generation failed",
        Fate.BLOCK: "the content policy was violated",
        Fate.CANCEL: "the task was cancelled",
        Fate.TIMEOUT: "the task timed out",
    }

    def routes(self) -> Iterable[Route]:
        """Return a create route for each capability, and the result and token routes (create.route, poll.route)."""
        for capability in CAPABILITIES.values():
            yield Route(
                "POST",
                f"/v1/open/capacity/application/{capability.name}",
                partial(self.create, capability),
                f"Create {capability.about}",
                ("create.route", "create.answer"),
                capability.skill,
                _CREATED,
                paid=True,
            )
        yield Route(
            "POST",
            "/v1/open/capacity/application/{capability}",
            self.unknown_capability,
            "Refuse a capability that does not exist",
            ("errors.codes",),
        )
        read = ("poll.route", "poll.answer", "status.codes")
        yield Route("POST", "/v1/open/pub/task", self.poll, "Read a task", read, _POLL)
        yield Route(
            "GET",
            "/v1/open/capacity/get/token",
            self.make_token,
            "Make the Authorization value of a key and its secret",
            ("auth.token_route",),
            open=True,
        )

    def lifecycle(self, operation: str) -> Lifecycle:
        """Return the states of a task (status.codes, generation.times)."""
        return CAPABILITIES[operation].times

    def identify(self, credentials: tuple[bytes | None, ...]) -> Identity:
        """Return the key and the secret; ``X-App-Key`` and the Basic token must contain the same key (auth.headers)."""
        key, authorization = credentials
        if not key or not authorization:
            missing = "X-App-Key" if not key else "Authorization"
            raise RefusedError(UNAUTHENTICATED, f"the header {missing} is missing")
        scheme, _, token = authorization.partition(b" ")
        try:
            user, _, secret = b64decode(token, validate=True).partition(b":")
        except Base64Error:
            user = secret = b""
        if scheme != b"Basic" or user != key or not secret:
            expected = "Authorization must be Basic base64(app_key:app_secret), of the app_key in X-App-Key"
            raise RefusedError(UNAUTHENTICATED, expected)
        return Identity(key.decode("latin-1"), secret.decode("latin-1"))

    def create(self, capability: Capability, request: Request) -> Response:
        """Create a task (create.answer)."""
        task = self.submit(request, capability.name, self._parameters(capability, request))
        return _envelope({"task_id": task.id})

    def _parameters(self, capability: Capability, request: Request) -> dict[str, Any]:
        """Return the validated parameters of a create call, in the dialect of its account."""
        reading = self.dialect("parameters", request.caller)
        params = self.parse_body(fields_of(capability, reading), request)
        if capability.needs is not None:
            name, when = capability.needs
            if name not in params and when(params):
                raise RefusedError(INVALID, f"{name} is required with these parameters", capability.fact)
        if files := _FILES[capability.name, reading]:
            self.validate_inputs(files, params)
        return params

    def make_token(self, request: Request) -> Response:
        """Return the complete Authorization value for a key and its secret (auth.token_route)."""
        try:
            given = check(_TOKEN, request.query_values())
        except FieldError as error:
            raise RefusedError(INVALID, str(error), error.fact) from None
        self.authenticate(Identity(given["access_key"], given["secret"]))
        value = b64encode(f"{given['access_key']}:{given['secret']}".encode()).decode()
        return _envelope({"access_token": f"Basic {value}"}, message="success")

    def unknown_capability(self, request: Request) -> Response:
        """Refuse a capability that does not exist (errors.codes)."""
        given = request.path_values["capability"]
        known = did_you_mean(given, CAPABILITIES) or f", which is not one of {', '.join(CAPABILITIES)}"
        raise RefusedError(UNKNOWN_CAPABILITY, f"no capability {given}{known}")

    def poll(self, request: Request) -> Response:
        """Return the current state of a task (poll.answer, poll.result_is_string, task.extra_fields)."""
        task = self._requested_task(request)
        state = self.observe(request, task)
        succeeded = state.final and task.fate is Fate.SUCCEED
        data = {
            "task_id": task.id,
            "status": state.word,
            "process" if self.dialect("parameters", request.caller) == "site" else "progress": state.progress,
            "reason": self.reason(task) if state.final and not succeeded else "",
            "result": self._result(task) if succeeded else "",
            "params": task.params.get("params", ""),
            "wsid": task.account.name,
            "priority": 0,
            "position": -1,
            "wait_time": max(0, int(task.changes[0] - request.now)),
            "delay": False,
        }
        return _envelope(data, message="success")

    def _requested_task(self, request: Request) -> Task:
        """Return the caller's task that the body names (poll.route)."""
        # Polls are most of a load test, so the body is validated only where no task is found.
        try:
            return self.own_task(request, request.json()["task_id"])
        except (ValueError, TypeError, KeyError, RefusedError):
            self.parse_body(_POLL, request)
            raise RefusedError(NOT_FOUND) from None

    def _result(self, task: Task) -> str:
        """Return the result: JSON in a string (poll.result_is_string, image.result_key)."""
        key = CAPABILITIES[task.operation].key
        if key in self.dialects["image_key"]:
            key = self.dialect("image_key", task.account)
        return orjson.dumps({key: self.result_urls(task)}).decode()

    def callback_body(self, task: Task, state: TaskState) -> Mapping[str, Any]:
        """Return the body of the callback at the end of a task; the result is JSON in a string (callback.payload)."""
        result = {"result": self._result(task)} if task.fate is Fate.SUCCEED else {}
        return {"task_id": task.id, "status": state.word, **result, "params": task.params.get("params", "")}

    def refuse(self, refused: RefusedError, request: Request) -> Response:
        """Return the envelope with a code that starts with 68 (errors.envelope, auth.rejected)."""
        refusal = refused.refusal
        by_status = refusal is UNAUTHENTICATED or self.dialect("errors", request.caller) == "http"
        return _envelope(None, int(refusal.code), refused.message, status=refusal.status if by_status else 200)

    def outputs(self, task: Task) -> Sequence[MediaSpec]:
        """Return the media of a successful *task*."""
        return media_for(task)

    def price(self, operation: str, params: Mapping[str, Any]) -> int:
        """Return whole credits (credits)."""
        return CAPABILITIES[operation].price(params)

    def text_of(self, params: Mapping[str, Any]) -> str:
        """Return the prompt, or the text to speak."""
        return str(params.get("prompt") or params.get("text") or "")

    def make_task_id(self, operation: str, now: float, seed: int) -> str:
        """Return ``<capability>-0-<timestamp><hex>`` (task.id)."""
        return f"{operation}-0-{_stamp(int(now) // 60)}{seed & 0xFF_FFFF_FFFF:010x}"


@lru_cache(maxsize=64)
def _stamp(minute: int) -> str:
    return strftime("%Y%m%d%H%M", gmtime(60 * minute))


def _envelope(data: object, code: int = 0, message: str = "", *, status: int = 200) -> Response:
    """Return ``{code, msg, data}`` without data where that is None (errors.envelope)."""
    body = {"code": code, "msg": message}
    return Response(status, orjson.dumps(body if data is None else {**body, "data": data}), [JSON])
