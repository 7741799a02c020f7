"""How Tomoviee's gateway behaves: authentication, create calls, the one result route, the token route, refusals.

Documents: tomoviee.ai/doc and the vendor's skills, read in November 2026.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from functools import lru_cache, partial
from time import gmtime, strftime
from typing import TYPE_CHECKING, Any, Final

import orjson

from soundstage_server.kit.inputs import InputLimits
from soundstage_server.kit.service import Service
from soundstage_server.model.fields import Field, FieldError, Text, check
from soundstage_server.model.ledger import CREDITS
from soundstage_server.model.lifecycle import CallbackPlan, Fate
from soundstage_server.model.messages import JSON, Identity, RefusedError, Request, Response, Route
from soundstage_server.model.suggestions import did_you_mean
from soundstage_server.vendors.tomoviee.capabilities import CAPABILITIES, FILES, fields_of
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


class TomovieeService(Service):
    """Tomoviee, as the simulator plays it."""

    slug = "tomoviee"
    title = "Tomoviee"
    hosts = ("openapi.wondershare.cc", "open-api.wondershare.cc")  # gateway.hosts
    unit = CREDITS
    credential_headers = (b"x-app-key", b"authorization")  # auth.headers
    refusals = REFUSALS
    codes = CODES
    dialects = {  # noqa: RUF012 - a table, as every vendor has it
        "parameters": ("skill", "pages"),
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
        """Return a create route for each capability, and the one result route (create.route, poll.route)."""
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
        """Return who ``X-App-Key`` and the Basic token name (auth.headers); the token must hold that same key."""
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
            said = "Authorization must be Basic base64(app_key:app_secret), of the app_key in X-App-Key"
            raise RefusedError(UNAUTHENTICATED, said)
        return Identity(key.decode("latin-1"), secret.decode("latin-1"))

    def create(self, capability: Capability, request: Request) -> Response:
        """Create a task (create.answer)."""
        reading = self._reading("parameters", request)
        params = self.parse_body(fields_of(capability, reading), request)
        if capability.needs is not None:
            name, when = capability.needs
            if name not in params and when(params):
                raise RefusedError(INVALID, f"{name} is required with these parameters", capability.fact)
        if files := FILES[capability.name, reading]:
            self.validate_inputs(files, params)
        task = self.submit(request, capability.name, params)
        return Response(200, _envelope(0, "", {"task_id": task.id}), [JSON])

    def make_token(self, request: Request) -> Response:
        """Answer the Authorization value of a key and its secret, ready to be sent (auth.token_route)."""
        try:
            given = check(_TOKEN, request.query_values())
        except FieldError as error:
            raise RefusedError(INVALID, str(error), error.fact) from None
        self.authenticate(Identity(given["access_key"], given["secret"]))
        value = b64encode(f"{given['access_key']}:{given['secret']}".encode()).decode()
        return Response(200, _envelope(0, "success", {"access_token": f"Basic {value}"}), [JSON])

    def unknown_capability(self, request: Request) -> Response:
        """Refuse a capability that does not exist (errors.codes)."""
        given = request.path_values["capability"]
        known = did_you_mean(given, CAPABILITIES) or f", which is not one of {', '.join(CAPABILITIES)}"
        raise RefusedError(UNKNOWN_CAPABILITY, f"no capability {given}{known}")

    def poll(self, request: Request) -> Response:
        """Answer what a task is now (poll.answer, poll.result_is_string, task.extra_fields)."""
        task = self._requested_task(request)
        moment = self.observe(request, task)
        succeeded = moment.final and task.fate is Fate.SUCCEED
        data = {
            "task_id": task.id,
            "status": moment.word,
            "progress" if self._reading("parameters", request) == "skill" else "process": moment.progress,
            "reason": self.reason(task) if moment.final and not succeeded else "",
            "result": self._result(task) if succeeded else "",
            "params": task.params.get("params", ""),
            "wsid": task.account.name,
            "priority": 0,
            "position": -1,
            "wait_time": max(0, int(task.changes[0] - request.now)),
            "delay": False,
        }
        return Response(200, orjson.dumps({"code": 0, "msg": "success", "data": data}), [JSON])

    def _requested_task(self, request: Request) -> Task:
        """Return the caller's task that the body names (poll.route)."""
        try:
            task = self.tasks[orjson.loads(request.body)["task_id"]]
        except (ValueError, TypeError, KeyError):  # rare: find out what exactly is wrong
            self.parse_body(_POLL, request)
            raise RefusedError(NOT_FOUND) from None
        if task.account is not request.caller:
            raise RefusedError(NOT_FOUND)
        return task

    def _result(self, task: Task) -> str:
        """Return the result, which is JSON in a string (poll.result_is_string, image.result_key)."""
        key = CAPABILITIES[task.operation].key
        if key in self.dialects["image_key"]:
            key = self.world.dialects.reading(f"{self.slug}.image_key", task.account.name)
        return orjson.dumps({key: self.result_urls(task)}).decode()

    def callback_body(self, task: Task, moment: TaskState) -> Mapping[str, Any]:
        """Return what is posted once a task has ended, the result again as JSON in a string (callback.payload)."""
        result = {"result": self._result(task)} if task.fate is Fate.SUCCEED else {}
        return {"task_id": task.id, "status": moment.word, **result, "params": task.params.get("params", "")}

    def refuse(self, refused: RefusedError, request: Request) -> Response:
        """Return the envelope with a code that starts with 68 (errors.envelope, auth.rejected)."""
        refusal = refused.refusal
        by_http = refusal is UNAUTHENTICATED or self._reading("errors", request) == "http"
        message = f"{refusal.message}: {refused.detail}" if refused.detail else refusal.message
        return Response(refusal.status if by_http else 200, _envelope(int(refusal.code), message), [JSON])

    def outputs(self, task: Task) -> Sequence[MediaSpec]:
        """Return what *task* has made."""
        return media_for(task)

    def price(self, operation: str, params: Mapping[str, Any]) -> int:
        """Return whole credits (credits)."""
        return CAPABILITIES[operation].price(params)

    def text_of(self, params: Mapping[str, Any]) -> str:
        """Return the prompt, or the text to be spoken."""
        return str(params.get("prompt") or params.get("text") or "")

    def _reading(self, name: str, request: Request) -> str:
        return self.world.dialects.reading(f"{self.slug}.{name}", request.caller.name if request.caller else None)

    def make_task_id(self, operation: str, now: float, seed: int) -> str:
        """Return ``<capability>-0-<timestamp><hex>`` (task.id)."""
        return f"{operation}-0-{_stamp(int(now) // 60)}{seed & 0xFF_FFFF_FFFF:010x}"


@lru_cache(maxsize=64)
def _stamp(minute: int) -> str:
    return strftime("%Y%m%d%H%M", gmtime(60 * minute))


def _envelope(code: int, message: str, data: object = None) -> bytes:
    """Return ``{code, msg, data}``; data is left out when it is None (errors.envelope)."""
    body = {"code": code, "msg": message}
    return orjson.dumps(body if data is None else {**body, "data": data})
