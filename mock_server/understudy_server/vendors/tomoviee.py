"""Tomoviee, Wondershare's open capacity gateway: films, pictures and sounds as tasks that are created and polled.

Documents: the vendor's Tomoviee skills and the API pages bundled beside them, and its public pages on results and
callbacks (tomoviee.ai/doc, tomoviee.cn/doc), read in October and November 2026. The statements taken from them are the
facts ``tomoviee:...``; the ids in the tables below name them.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from functools import lru_cache
from time import gmtime, strftime
from typing import TYPE_CHECKING, Any, Final

import orjson

from understudy_server.fields import Choice, Field, Link, Rule, Text, Whole
from understudy_server.ledger import CREDITS
from understudy_server.lifecycle import Fate, Lifecycle, Stage
from understudy_server.media import Film, frame_size
from understudy_server.service import Identity, Refusals, Service, envelope
from understudy_server.wire import JSON, Answer, Call, Refusal, RefusedError, Route

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from understudy_server.media import Medium
    from understudy_server.tasks import Task

# Facts: refusals (errors.codes, errors.http).
PARAMETERS: Final = Refusal(680400, 400, "invalid parameters", "errors.codes")
AUTHENTICATION: Final = Refusal(680401, 401, "authentication failed", "auth.rejected")
CREDITS_SHORT: Final = Refusal(680402, 402, "insufficient credits", "credits")
UNKNOWN_TASK: Final = Refusal(680404, 404, "task not found", "poll.unknown_task")
UNKNOWN_CAPABILITY: Final = Refusal(680404, 404, "capability not found", "errors.codes")
TOO_LARGE: Final = Refusal(680413, 413, "file too large", "errors.http")
UNPROCESSABLE: Final = Refusal(680422, 422, "invalid file", "errors.http")
TOO_MANY: Final = Refusal(680429, 429, "too many tasks at once", "errors.codes")
INTERNAL: Final = Refusal(680500, 500, "internal error", "errors.codes")

# Facts: states (status.codes) and how long they last (generation.times: a film takes 1 to 5 minutes).
ENDS: Final = {Fate.SUCCEED: 3, Fate.FAIL: 4, Fate.BLOCK: 4, Fate.CANCEL: 5, Fate.TIMEOUT: 6}
VIDEO: Final = Lifecycle((Stage(1, 2.0, 20.0), Stage(2, 58.0, 280.0)), ENDS)

# Facts: parameters (video.common, text2video.params, callback.request).
RATIOS: Final = ("16:9", "9:16", "4:3", "3:4", "1:1")
COMMON: Final = (
    Field("callback", Link(), "callback.request"),
    Field("params", Text(empty=True), "callback.request"),
)
VIDEO_COMMON: Final = (
    Field("prompt", Text(), "video.common", required=True),
    Field("resolution", Choice(("720p", "1080p")), "video.common", default="720p"),
    Field("duration", Choice((5,)), "video.common", default=5),
    Field("camera_move_index", Whole(1, 46), "video.common"),
    *COMMON,
)


def _ratio(fact: str, rule: Rule = Choice(RATIOS)) -> Field:  # noqa: B008 - a frozen value
    return Field("aspect_ratio", rule, fact, default="16:9")


PARAMETERS_OF: Final[dict[str, tuple[Field, ...]]] = {
    "tm_text2video_b": (*VIDEO_COMMON, _ratio("text2video.params")),
}
"""Capability to the fields of its create call."""

LIFECYCLES: Final = {"tm_text2video_b": VIDEO}

# Prices are not documented (credits): whole credits for a film, by resolution.
PRICES: Final = {"tm_text2video_b": {"720p": 10, "1080p": 20}}

_POLL: Final = (Field("task_id", Text(), "poll.route", required=True),)
_CREATED: Final = {"code": 0, "msg": "", "data": {"task_id": "tm_text2video_b-0-2025080109295bd73652d4"}}


class TomovieeService(Service):
    """Tomoviee, as the simulator plays it."""

    slug = "tomoviee"
    title = "Tomoviee"
    hosts = ("openapi.wondershare.cc", "open-api.wondershare.cc")  # gateway.hosts
    unit = CREDITS
    credential_headers = (b"x-app-key", b"authorization")  # auth.headers
    refusals = Refusals(AUTHENTICATION, PARAMETERS, CREDITS_SHORT, TOO_MANY, UNKNOWN_CAPABILITY)
    codes = {  # noqa: RUF012 - a table, as every vendor has it
        str(refusal.code): refusal
        for refusal in (
            PARAMETERS, AUTHENTICATION, CREDITS_SHORT, UNKNOWN_TASK, TOO_LARGE, UNPROCESSABLE, TOO_MANY, INTERNAL,
        )
    }  # fmt: skip
    dialects = {"errors": ("envelope", "http")}  # noqa: RUF012 - a table, as every vendor has it
    operations = tuple(PARAMETERS_OF)
    reasons = {  # noqa: RUF012 - a table, as every vendor has it
        Fate.FAIL: "generation failed",
        Fate.BLOCK: "the content policy was violated",
        Fate.CANCEL: "the task was cancelled",
        Fate.TIMEOUT: "the task timed out",
    }

    def routes(self) -> Iterable[Route]:
        """Return a create route for each capability, and the one result route (create.route, poll.route)."""
        for capability, fields in PARAMETERS_OF.items():
            yield Route(
                "POST",
                f"/v1/open/capacity/application/{capability}",
                lambda call, capability=capability: self.create(call, capability),  # type: ignore[misc] # bound early
                f"Create a {capability} task",
                ("create.route", "create.answer"),
                fields,
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
        yield Route(
            "POST", "/v1/open/pub/task", self.poll, "Read a task", ("poll.route", "poll.answer", "status.codes"), _POLL
        )

    def lifecycle(self, operation: str) -> Lifecycle:
        """Return the states of a task (status.codes, generation.times)."""
        return LIFECYCLES[operation]

    def identify(self, credentials: tuple[bytes | None, ...]) -> Identity:
        """Return who ``X-App-Key`` and the Basic token name (auth.headers); the token must hold that same key."""
        key, authorization = credentials
        if not key or not authorization:
            missing = "X-App-Key" if not key else "Authorization"
            raise RefusedError(AUTHENTICATION, f"the header {missing} is missing")
        scheme, _, token = authorization.partition(b" ")
        try:
            user, _, secret = b64decode(token, validate=True).partition(b":")
        except Base64Error:
            user = secret = b""
        if scheme != b"Basic" or user != key or not secret:
            said = "Authorization must be Basic base64(app_key:app_secret), of the app_key in X-App-Key"
            raise RefusedError(AUTHENTICATION, said)
        return Identity(key.decode("latin-1"), secret.decode("latin-1"))

    def create(self, call: Call, capability: str) -> Answer:
        """Create a task (create.answer)."""
        task = self.submit(call, capability, self.checked(PARAMETERS_OF[capability], call))
        return Answer(200, envelope(0, "", {"task_id": task.id}), [JSON])

    def unknown_capability(self, call: Call) -> Answer:
        """Refuse a capability that does not exist (errors.codes)."""
        known = ", ".join(PARAMETERS_OF)
        raise RefusedError(UNKNOWN_CAPABILITY, f"{call.path_values['capability']} is not one of {known}")

    def poll(self, call: Call) -> Answer:
        """Answer what a task is now (poll.answer, poll.result_is_string, task.extra_fields)."""
        task = self.asked_for(call)
        moment = self.look(call, task)
        succeeded = moment.final and task.fate is Fate.SUCCEED
        data = {
            "task_id": task.id,
            "status": moment.word,
            "progress": moment.progress,
            "reason": self.reason(task) if moment.final and not succeeded else "",
            "result": self.result(task) if succeeded else "",
            "params": task.params.get("params", ""),
            "wsid": task.account.name,
            "priority": 0,
            "position": -1,
            "wait_time": max(0, int(task.changes[0] - call.now)),
            "delay": False,
        }
        return Answer(200, orjson.dumps({"code": 0, "msg": "success", "data": data}), [JSON])

    def asked_for(self, call: Call) -> Task:
        """Return the caller's task that the body names (poll.route)."""
        try:
            task = self.tasks[orjson.loads(call.body)["task_id"]]
        except (ValueError, TypeError, KeyError):  # rare: find out what exactly is wrong
            self.checked(_POLL, call)
            raise RefusedError(UNKNOWN_TASK) from None
        if task.account is not call.caller:
            raise RefusedError(UNKNOWN_TASK)
        return task

    def result(self, task: Task) -> str:
        """Return the result, which is JSON in a string (poll.result_is_string)."""
        return orjson.dumps({"video_path": self.result_urls(task)}).decode()

    def refuse(self, refused: RefusedError, call: Call) -> Answer:
        """Return the envelope with a code that starts with 68 (errors.envelope, auth.rejected)."""
        refusal = refused.refusal
        account = call.caller.name if call.caller else None
        by_http = refusal is AUTHENTICATION or self.world.dialects.spoken("tomoviee.errors", account) == "http"
        message = f"{refusal.message}: {refused.detail}" if refused.detail else refusal.message
        return Answer(refusal.status if by_http else 200, envelope(int(refusal.code), message), [JSON])

    def outputs(self, task: Task) -> Sequence[Medium]:
        """Return one film of 5 seconds (output.video)."""
        params = task.params
        width, height = frame_size(params["resolution"], params["aspect_ratio"])
        caption = f"Tomoviee · {task.operation} · {params['resolution']} · {params['aspect_ratio']}"
        return [Film(width, height, 5.0, params["prompt"], caption, task.seed)]

    def price(self, operation: str, params: Mapping[str, Any]) -> int:
        """Return whole credits (credits)."""
        return PRICES[operation][params["resolution"]]

    def name_task(self, operation: str, now: float, seed: int) -> str:
        """Return ``<capability>-0-<timestamp><hex>`` (task.id)."""
        return f"{operation}-0-{_stamp(int(now) // 60)}{seed & 0xFF_FFFF_FFFF:010x}"


@lru_cache(maxsize=64)
def _stamp(minute: int) -> str:
    return strftime("%Y%m%d%H%M", gmtime(60 * minute))


def basic_token(app_key: str, app_secret: str) -> str:
    """Return the Authorization value for a key and its secret (auth.token_route)."""
    return "Basic " + b64encode(f"{app_key}:{app_secret}".encode()).decode()
