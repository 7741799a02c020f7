"""The simulated queue of fal: submit to any model, status, stream, result, cancel, webhooks.

Documents: fal.ai/docs, its OpenAPI document of the queue, and the sources of fal-client and @fal-ai/client, read in
November 2026; the ids in the tables name the facts ``fal:...``.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from math import ceil
from time import time as unix_time
from typing import TYPE_CHECKING, Any, ClassVar, Final

from soundstage_server.vendor_kit import (
    USD,
    CallbackPlan,
    Fate,
    Image,
    KeyService,
    Lifecycle,
    Link,
    Refusal,
    Refusals,
    RefusedError,
    Response,
    Route,
    Stage,
    Video,
    json_response,
    uuid_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from soundstage_server.vendor_kit import MediaSpec, Request, Task, TaskState, World

# Facts: states (status.states), and how long they last (request.times).
TIMES: Final = Lifecycle(
    (Stage("IN_QUEUE", 1.0, 6.0), Stage("IN_PROGRESS", 4.0, 40.0)),
    dict.fromkeys(Fate, "COMPLETED"),
)
NAMESPACES: Final = ("workflows", "comfy")  # requests.app
IMAGE_PRICE: Final = 25_000  # charge, in millionths of a USD
SECOND_PRICE: Final = 100_000
SECONDS: Final = (1.0, 60.0)  # submit.any_model
MOST_IMAGES: Final = 4
SIZE: Final = {"image": (1024, 768), "video": (1280, 720)}
ENDS: Final = {  # errors.request, errors.model, cancel.end: error_type, HTTP status and message of each end
    Fate.FAIL: ("runner_disconnected", 503, "Runner disconnected"),
    Fate.TIMEOUT: ("request_timeout", 504, "Request timed out"),
    Fate.CANCEL: ("client_cancelled", 499, "Request was cancelled by the client"),
    Fate.BLOCK: ("content_policy_violation", 422, "The content was flagged by a content checker"),
}
LOGS_WANTED: Final = ("1", "true", "True")

# Facts: refusals (errors.detail); a refusal has no code of its own.
UNAUTHENTICATED: Final = Refusal("unauthorized", 401, "a valid key is required", "errors.detail")
NO_CREDIT: Final = Refusal("locked", 403, "the account is locked: its balance is exhausted", "errors.detail")
NOT_FOUND: Final = Refusal("not_found", 404, "not found", "errors.detail")
UNREADABLE: Final = Refusal("unprocessable", 422, "the input cannot be processed", "submit.body")
INVALID: Final = Refusal("unprocessable", 422, "the input cannot be processed", "webhook.query")
TOO_MANY: Final = Refusal("too_many", 429, "too many requests", "errors.detail")
INTERNAL: Final = Refusal("internal", 500, "the service failed", "errors.detail")


class FalQueue(KeyService):
    """The simulated queue of fal."""

    slug = "fal"
    title = "fal (queue)"
    hosts = ("queue.fal.run", "rest.fal.ai", "rest.alpha.fal.ai")  # host, webhook.keys
    unit = USD
    scheme = "Key"  # auth.key, auth.any_key
    times = TIMES
    refusals = Refusals(
        UNAUTHENTICATED, INVALID, UNREADABLE, NO_CREDIT, TOO_MANY, NOT_FOUND, not_found=NOT_FOUND, too_fast=TOO_MANY
    )
    codes: ClassVar[Mapping[str, Refusal]] = {
        str(refusal.code): refusal
        for refusal in (UNAUTHENTICATED, NO_CREDIT, NOT_FOUND, UNREADABLE, TOO_MANY, INTERNAL)
    }
    operations = ("submit",)
    callback_plan = CallbackPlan(on="end", field="fal_webhook", delays=(10, 30, 60, *[900.0] * 7))  # webhook.retries
    reasons: ClassVar[Mapping[Fate, str]] = {fate: message for fate, (_, _, message) in ENDS.items()}

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._app = ""
        self._keys: tuple[Ed25519PrivateKey, ...] = ()

    def routes(self) -> Iterable[Route]:
        """Return the routes; the app is the first parts of the model's id (requests.app)."""
        request = "/{app:path}/requests/{id}"
        read = ("status.route", "status.states", "status.error", "requests.app")
        yield Route("GET", f"{request}/status", self.status, "Show a request", read)
        yield Route("GET", f"{request}/status/stream", self.stream, "Follow a request", ("status.stream",))
        yield Route("PUT", f"{request}/cancel", self.cancel, "Cancel a request", ("cancel.route",), statuses=(202,))
        result = ("result.route", "result.files", "errors.request", "errors.model")
        yield Route("GET", request, self.result, "Return the output of a request", result)
        keys = ("webhook.keys", "webhook.signer")
        yield Route("GET", "/.well-known/jwks.json", self.keys, "Return the keys of webhooks", keys, open=True)
        start = ("submit.route", "submit.answer", "submit.any_model", "submit.once", "webhook.query", "charge")
        example = {"status": "IN_QUEUE", "request_id": "764cabcf-b745-4b3e-ae38-1200304cf45b", "queue_position": 0}
        yield Route("POST", "/{model:path}", self.create, "Put a request into the queue", start, (), example, paid=True)

    def create(self, request: Request) -> Response:
        """Put a request into the queue (submit.route)."""
        model = request.path_values["model"].strip("/")
        params: dict[str, Any] = {"input": self._input(request), "model": model}
        webhook = request.query_values().get("fal_webhook")
        if webhook is not None:
            if not Link().accepts(webhook):
                raise RefusedError(INVALID, f"fal_webhook must be an http or https URL; got {webhook[:60]!r}")
            params["fal_webhook"] = webhook
        # A request's id is its path: two apps never share one, and a client polls by it. The world's lock is held.
        self._app = _app_of(model)
        task = self.submit(request, "submit", params)
        return json_response({**self._links(task, request), **self._state(task, request.now, logs=False)})

    def status(self, request: Request) -> Response:
        """Return the state of a request (status.route)."""
        task = self._task(request)
        self.observe(request, task)
        logs = request.query_values().get("logs") in LOGS_WANTED
        return json_response({**self._links(task, request), **self._state(task, request.now, logs=logs)})

    def stream(self, request: Request) -> Response:
        """Return each status of a request from now on as an event, when it has ended (status.stream)."""
        task = self._task(request)
        logs = request.query_values().get("logs") in LOGS_WANTED
        events, sent = "", 0
        for time in (request.now, *(change for change in task.changes if change > request.now)):
            state = self._state(task, time, logs=logs)
            if known := state.get("logs"):
                state["logs"], sent = known[sent:], len(known)
            events += f"data: {json.dumps({**self._links(task, request), **state})}\n\n"
        # A client that has seen the end reads the result: under `auto` the account's time is the end's, too.
        request.account.advance_to_next_change(request.now, task.ends)
        headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
        return Response(200, events.encode(), headers, until=task.ends)

    def result(self, request: Request) -> Response:
        """Return the output of a request, or the error that ended it (result.route, errors.request, errors.model)."""
        task = self._task(request)
        state = self.observe(request, task)
        identity = (b"x-fal-request-id", _name(task).encode())
        if not state.final:
            response = json_response({"detail": "Request is still in progress"}, 400)
        elif task.fate is Fate.SUCCEED:
            response = json_response(self._output(task))
        else:
            kind, status, _ = ENDS[task.fate]
            response = json_response(self._failure(task), status)
            name = b"x-fal-retryable" if task.fate is Fate.BLOCK else b"x-fal-error-type"
            value = b"false" if task.fate is Fate.BLOCK else kind.encode()
            response = response._replace(headers=[*response.headers, (name, value)])
        return response._replace(headers=[*response.headers, identity])

    def cancel(self, request: Request) -> Response:
        """Cancel a request (cancel.route, cancel.end)."""
        task = self.tasks.get(self._path(request))
        if task is None or task.account is not request.caller or self.has_expired(task, request.now):
            return json_response({"status": "NOT_FOUND"}, 404)
        if self.end_early(task, request.now):
            return json_response({"status": "CANCELLATION_REQUESTED"}, 202)
        return json_response({"status": "ALREADY_COMPLETED"}, 400)

    def unknown_route(self, request: Request, allowed: Sequence[str]) -> Response:
        """Refuse a request that no route takes; a poll or cancel of no request is not found (errors.detail)."""
        # Any path may be a model's, which takes POST: without this, /nothing/status would be one with a wrong method.
        allowed = () if request.path.endswith(("/status", "/cancel")) else allowed
        return super().unknown_route(request, allowed)

    def refuse(self, refused: RefusedError, request: Request) -> Response:
        """Return {detail} (errors.detail)."""
        del request
        return json_response({"detail": refused.message}, refused.refusal.status)

    def outputs(self, task: Task) -> Sequence[MediaSpec]:
        """Return a video, or images, by the model's name (submit.any_model)."""
        kind = _kind(task.params)
        width, height = SIZE[kind]
        title, caption = self.text_of(task.params), f"fal · {task.params['model']}"
        if kind == "video":
            return [Video(width, height, _seconds(task.params), title, caption, task.seed)]
        return [Image(width, height, title, caption, task.seed + index) for index in range(_count(task.params))]

    def price(self, operation: str, params: Mapping[str, Any]) -> int:
        """Return millionths of a USD (charge)."""
        del operation  # there is only one
        return round(SECOND_PRICE * _seconds(params)) if _kind(params) == "video" else IMAGE_PRICE * _count(params)

    def make_task_id(self, operation: str, now: float, seed: int) -> str:
        """Return the path of a request: its app and a UUID (requests.id)."""
        del operation, now
        return f"{self._app}/requests/{uuid_text(seed << 64 | seed * 0x9E3779B97F4A7C15 % 2**64)}"

    def text_of(self, params: Mapping[str, Any]) -> str:
        """Return the prompt of a request."""
        return str(params["input"].get("prompt") or "")

    def callback_body(self, task: Task, state: TaskState) -> Mapping[str, Any]:
        """Return the body of a webhook (webhook.body)."""
        del state  # it is the end
        name = _name(task)
        done = task.fate is Fate.SUCCEED
        body = {"request_id": name, "gateway_request_id": name, "status": "OK" if done else "ERROR"}
        if done:
            return {**body, "payload": self._output(task)}
        return {**body, "error": self.reason(task), "payload": self._failure(task)}

    def callback_headers(self, task: Task, body: bytes) -> Mapping[str, str]:
        """Return the four headers of a webhook, signed now (webhook.headers, webhook.signature, webhook.signer)."""
        parts = (_name(task), task.account.name, str(int(unix_time())))
        message = "\n".join([*parts, hashlib.sha256(body).hexdigest()]).encode()
        names = ("Request-Id", "User-Id", "Timestamp", "Signature")
        values = (*parts, self._signers()[-1].sign(message).hex())
        return {f"X-Fal-Webhook-{name}": value for name, value in zip(names, values, strict=True)}

    def keys(self, request: Request) -> Response:
        """Return the public keys of webhooks (webhook.keys)."""
        del request  # all callers have the same
        raw = [key.public_key().public_bytes_raw() for key in self._signers()]
        known = [{"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(key).decode()} for key in raw]
        return json_response({"keys": known})

    def _signers(self) -> tuple[Ed25519PrivateKey, ...]:
        """Return the private keys, the one in use last (webhook.signer)."""
        if not self._keys:
            # Imported here: its library is large, and most runs have no webhook.
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

            # From the seed, so that keys which a receiver has cached are still right after a restart.
            seeds = [f"fal webhook key {number} of {self.world.seed}" for number in (1, 2)]
            digests = [hashlib.sha256(seed.encode()).digest() for seed in seeds]
            self._keys = tuple(Ed25519PrivateKey.from_private_bytes(digest) for digest in digests)
        return self._keys

    def _input(self, request: Request) -> dict[str, Any]:
        try:
            body = request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise RefusedError(UNREADABLE, "the body must be a JSON object")
        return body

    def _path(self, request: Request) -> str:
        return f"{request.path_values['app'].strip('/')}/requests/{request.path_values['id']}"

    def _task(self, request: Request) -> Task:
        return self.own_task(request, self._path(request), "no such request")

    def _links(self, task: Task, request: Request) -> dict[str, Any]:
        """Return the id of a request, and its addresses (submit.answer)."""
        url = f"{self.base_url(request)}/{task.id}"
        links = {"response_url": url, "status_url": f"{url}/status", "cancel_url": f"{url}/cancel"}
        return {"request_id": _name(task), "gateway_request_id": _name(task), **links}

    def _state(self, task: Task, now: float, *, logs: bool) -> dict[str, Any]:
        """Return the state of a request at its account's time *now* (status.states, status.error)."""
        word = task.state_at(now, TIMES).word
        if word == "IN_QUEUE":
            return {"status": word, "queue_position": max(0, ceil(task.changes[0] - now) - 1)}
        data = {"status": word, "logs": _logs(task, now) if logs else None}
        if word == "IN_PROGRESS":
            return data
        data["metrics"] = {"inference_time": round(task.ends - task.changes[0], 3)}
        if task.fate is not Fate.SUCCEED:
            data.update(error=self.reason(task), error_type=ENDS[task.fate][0])
        return data

    def _failure(self, task: Task) -> dict[str, Any]:
        """Return what the result of a failed request has: a text and a type, or errors of the model."""
        kind, _, message = ENDS[task.fate]
        if task.fate is Fate.BLOCK:
            error = {"loc": ["body", "prompt"], "msg": message, "type": kind, "input": self.text_of(task.params)}
            return {"detail": [error]}
        return {"detail": message, "error_type": kind}

    def _output(self, task: Task) -> dict[str, Any]:
        """Return the model's output (result.files, result.video)."""
        kind = _kind(task.params)
        width, height = SIZE[kind]
        seed = task.params["input"].get("seed", task.seed % 2**32)
        urls = self.result_urls(task)
        if kind == "video":
            file = {"url": urls[0], "content_type": "video/mp4", "file_name": "output.mp4", "file_size": 100_000}
            return {"video": file, "seed": seed}
        images = [
            {
                "url": url,
                "content_type": "image/png",
                "file_name": f"{index}.png",
                "file_size": 100_000,
                "width": width,
                "height": height,
            }
            for index, url in enumerate(urls)
        ]
        return {"images": images, "seed": seed, "prompt": self.text_of(task.params)}


SERVICE = FalQueue


def _app_of(model: str) -> str:
    parts = model.split("/")
    return "/".join(parts[: 3 if parts[0] in NAMESPACES else 2])


def _name(task: Task) -> str:
    return task.id.rpartition("/")[2]


def _kind(params: Mapping[str, Any]) -> str:
    return "video" if "video" in params["model"] else "image"


def _count(params: Mapping[str, Any]) -> int:
    given = params["input"].get("num_images")
    return given if isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= MOST_IMAGES else 1


def _seconds(params: Mapping[str, Any]) -> float:
    """Return the duration of a video: a number of seconds, also as text ("8s"); 5 where there is none."""
    given = str(params["input"].get("duration", "")).removesuffix("s")
    seconds = float(given) if given.replace(".", "", 1).isdigit() and given.isascii() and len(given) < 9 else 5.0
    return seconds if SECONDS[0] <= seconds <= SECONDS[1] else 5.0


def _logs(task: Task, now: float) -> list[dict[str, str]]:
    """Return the logs of a request until *now* (status.logs)."""
    lines = [(task.changes[0], f"Running {task.params['model']}"), (task.ends, "Finished")]
    return [
        {
            "message": message,
            "level": "INFO",
            "source": "USER",
            "timestamp": datetime.fromtimestamp(time, UTC).isoformat(),
        }
        for time, message in lines
        if time <= now
    ]
