"""fal's clients: submit to any model, poll, result, cancel, webhooks.

Source: fal.ai/docs, its OpenAPI document of the queue, and the sources of fal-client and @fal-ai/client, read in
November 2026; facts are cited by id.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import quote, urlencode

from soundstage import errors
from soundstage.vendor_kit import (
    AsyncClient,
    AsyncHttp,
    HttpT,
    JobRef,
    JobState,
    JsonService,
    KeyClient,
    Media,
    PollPolicy,
    Request,
    Snapshot,
    StartedJob,
    Submission,
    SyncClient,
    SyncHttp,
    VendorProfile,
    operation,
    responses,
    submission,
    validation,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from soundstage.vendor_kit import Flow, Response, Secret, Settings

PROFILE = VendorProfile(
    slug="fal",
    name="fal",
    base_url="https://queue.fal.run",  # host
    base_url_variable="FAL_QUEUE_URL",
    credentials=MappingProxyType({"api_key": "FAL_KEY"}),  # auth.key
    poll=PollPolicy(first=1.0, factor=1.5, ceiling=10.0, timeout=3600.0, outage=600.0),  # polling.interval
    has_callback=True,  # webhook.query
    unit="USD",
    lookup="the requests of the model on fal's dashboard show it",  # submit.once
)
NAMESPACES = ("workflows", "comfy")  # requests.app
MODEL = re.compile(r"[\w.~-]+(/[\w.~-]+)+", re.ASCII)  # submit.route
FINISHED = 422  # the highest status of a result that a model itself refuses with (errors.model)

# status.states
STATES: Mapping[str, JobState] = MappingProxyType(
    {"IN_QUEUE": JobState.QUEUED, "IN_PROGRESS": JobState.RUNNING, "COMPLETED": JobState.SUCCEEDED}
)
# The types of errors that are no ordinary failure (errors.request, cancel.end).
ENDS: Mapping[str, JobState] = MappingProxyType(
    {
        "client_cancelled": JobState.CANCELED,
        "request_timeout": JobState.EXPIRED,
        "startup_timeout": JobState.EXPIRED,
    }
)
BLOCKED = "content_policy_violation"  # errors.model
KINDS = ("video", "image", "audio")
KEYS_URL = "https://rest.fal.ai/.well-known/jwks.json"  # webhook.keys
KEYS_SECONDS = 3600.0  # webhook.keys_kept
LEEWAY = 300  # seconds, webhook.timestamp
WEBHOOK_HEADERS = tuple(f"x-fal-webhook-{name}" for name in ("request-id", "user-id", "timestamp", "signature"))
SIGNATURE = re.compile(r"[0-9a-fA-F]{128}")  # webhook.headers: the 64 bytes of ED25519
Priority = Literal["normal", "low"]


class WebhookError(errors.SoundstageError):
    """A webhook is not proven to be fal's: do not act on it, and respond with HTTP 401."""


class FalService(JsonService):
    """fal's queue, as one client uses it."""

    scheme = "Key"  # auth.key

    def __init__(self, key: Secret, settings: Settings) -> None:
        super().__init__(key, settings)
        self._keys: tuple[bytes, ...] = ()
        self._keys_end = 0.0

    def submit(
        self, model: str, body: Mapping[str, Any], webhook: str | None, headers: Mapping[str, str]
    ) -> Flow[StartedJob]:
        """Put a request into the queue (submit.route)."""
        query = "" if webhook is None else f"?{urlencode({'fal_webhook': webhook})}"
        sent = {**self.authorization(), **headers}
        request = Request("POST", f"{self.url(f'/{model}')}{query}", sent, dict(body), paid=True)

        def parse(response: Response) -> tuple[str, Snapshot]:
            answer = self._open(response)
            job_id = f"{app_of(model)}/requests/{self.required_text(answer, 'request_id', response)}"
            return job_id, Snapshot(JobState.QUEUED, "IN_QUEUE", raw=answer)

        # fal knows no idempotency key: a lost response leaves the outcome unknown, and nothing is resent (submit.once).
        return Submission(service=self, operation="submit", request=request, parse=parse).flow()

    def poll(self, ref: JobRef, timeout: float | None) -> Flow[Snapshot]:
        """Poll a request once, and read its result when it has completed (status.route, result.route)."""
        snapshot = yield from self.read_once(self._request("GET", ref, "/status", timeout), self._read_status)
        self.check_named(ref, snapshot)  # before the result is read, which does not name the request
        if snapshot.state is not JobState.SUCCEEDED:
            return snapshot
        return (yield from self.read_once(self._request("GET", ref, "", timeout), self._read_result))

    def cancel(self, ref: JobRef) -> Flow[Snapshot]:
        """Cancel a request, and poll it (cancel.route, cancel.end)."""
        try:
            yield from self.read(self._request("PUT", ref, "/cancel"), self._read_cancel)
        except errors.SoundstageError as error:
            error.token = self.token(ref)
            raise
        return (yield from self.retried(lambda: self.poll_once(ref), responses.is_transient))

    def parse_callback(self, body: object) -> StartedJob:
        """Return the request in the body of a webhook (webhook.body).

        Raises:
            UnsupportedError: It is one: it does not name the app that the routes of the request need.
            InvalidArgument: It is none.
        """
        _webhook(body)
        message = "a webhook does not name the model; keep the job's token, and poll the job when a webhook comes"
        raise errors.UnsupportedError(message, vendor=PROFILE.slug)

    def verify_webhook(self, body: bytes, headers: Mapping[str, str], now: float) -> Flow[dict[str, Any]]:
        """Check who sent a webhook, and when, and return its body (webhook.signature)."""
        signature, message = _signed(body, headers, now)
        # Last, since it may send a request: what is wrong in itself must not cost one.
        keys = yield from self._webhook_keys()
        if not any(_verifies(key, signature, message) for key in keys):
            raise _unproven("no key of fal verifies X-Fal-Webhook-Signature: another sender, or a changed body")
        return _webhook(body)

    def _webhook_keys(self) -> Flow[tuple[bytes, ...]]:
        """Return the public keys of webhooks, read again when they are old (webhook.keys, webhook.keys_kept)."""
        clock = self.settings.clock
        if not self._keys or clock.now() >= self._keys_end:
            # Without the key of the account: another host has the list, and needs none.
            at_home = self.settings.base_url == PROFILE.base_url
            request = Request("GET", KEYS_URL if at_home else self.url("/.well-known/jwks.json"))
            self._keys = yield from self.read(request, self._read_keys)
            self._keys_end = clock.now() + KEYS_SECONDS
        return self._keys

    def _read_keys(self, response: Response) -> tuple[bytes, ...]:
        listed = self._open(response).get("keys")
        found = [_key(responses.as_object(each).get("x")) for each in listed] if isinstance(listed, list) else []
        keys = tuple(key for key in found if key is not None)
        if not keys:
            raise self.refusal(errors.UnreadableAnswerError, "the list of keys has no ED25519 key", response)
        return keys

    def is_named(self, ref: JobRef, name: str) -> bool:
        """Whether a request_id is that of the job, whose id is the path of the request (requests.id)."""
        return name in {ref.id, ref.id.rpartition("/requests/")[2]}

    def _request(self, method: str, ref: JobRef, path: str, timeout: float | None = None) -> Request:
        place = quote(ref.id, safe="/", errors="surrogatepass")
        return Request(method, self.url(f"/{place}{path}"), self.authorization(), timeout=timeout)

    def _read_status(self, response: Response) -> Snapshot:
        """Return the state in the response to a poll."""
        status = self._open(response)
        if not isinstance(status.get("status"), str):
            raise self.refusal(errors.UnreadableAnswerError, "the response has no status", response)
        return self._read_job(status)

    def _read_job(self, data: Mapping[str, Any]) -> Snapshot:
        """Return the state of a request; the output is not part of it (status.states, status.error)."""
        word = str(data["status"])
        named = responses.identifiers(data.get("request_id"))
        kind, reason = responses.as_text(data.get("error_type")), responses.as_text(data.get("error"))
        if word == "COMPLETED" and (kind or reason):
            return _failed(kind, reason, data, named)
        state = STATES.get(word, JobState.UNKNOWN)
        if state is JobState.SUCCEEDED:  # a success without its output would be read as a failure
            return Snapshot(state, word, media=(Media("data:,", "file"),), raw=data, named=named)
        return Snapshot(state, word, raw=data, named=named)

    def _read_result(self, response: Response) -> Snapshot:
        """Return the success with its files, or the failure of the model (result.files, errors.model)."""
        output = responses.json_object(response)
        refused = response.status >= responses.REFUSALS
        kind = responses.as_text(output.get("error_type")) or response.headers.get("x-fal-error-type")
        if refused and (kind or (response.status == FINISHED and "detail" in output)):
            found, reason = _detail(output)
            return _failed(kind or found, reason, output, ())
        output = self._open(response)
        files = tuple(dict.fromkeys(_files(output, "file")))
        return Snapshot(JobState.SUCCEEDED, "COMPLETED", media=files, raw=output)

    def _read_cancel(self, response: Response) -> None:
        """Check that the service understood a cancel; what had completed before stays (cancel.route)."""
        word = responses.json_object(response).get("status")
        if word not in {"OK", "CANCELLATION_REQUESTED", "ALREADY_COMPLETED"}:
            self._open(response)
            raise self.refusal(errors.UnreadableAnswerError, "the response to the cancel has no status", response)

    def _refused(self, response: Response) -> errors.ApiError:
        """Return the error for a type of error, or else for the HTTP status (errors.detail, errors.request)."""
        body = responses.json_object(response)
        found, reason = _detail(body)
        code = responses.as_text(body.get("error_type")) or found
        kind = errors.ContentPolicyError if code == BLOCKED else responses.kind_by_status(response.status)
        if response.status == 403:
            kind = errors.InsufficientCreditsError
        message = reason or f"refused with HTTP {response.status}"
        request_id = response.headers.get("x-fal-request-id")
        return self.refusal(kind, message, response, code=code, request_id=request_id)


def app_of(model: str) -> str:
    """Return the part of a model's id that the routes of its requests have (requests.app)."""
    parts = model.split("/")
    return "/".join(parts[: 3 if parts[0] in NAMESPACES else 2])


def _webhook(body: object) -> dict[str, Any]:
    """Return the object in the body of a webhook (webhook.body)."""
    webhook = responses.callback_object(body)
    if responses.as_text(webhook.get("request_id")) is None:
        allowed = "the JSON of a webhook: {request_id, gateway_request_id, status, payload}"
        raise errors.InvalidArgument(f"body must be {allowed}", field="body", value=body, allowed=allowed)
    return webhook


def _signed(body: bytes, headers: Mapping[str, str], now: float) -> tuple[bytes, bytes]:
    """Return the signature of a webhook, and what it signs (webhook.headers, webhook.timestamp, webhook.signature)."""
    given = {str(name).lower(): str(value) for name, value in headers.items()}
    missing = [name for name in WEBHOOK_HEADERS if not given.get(name)]
    if missing:
        raise _unproven(f"it has no {', no '.join(name.title() for name in missing)}")
    *parts, signature = [given[name] for name in WEBHOOK_HEADERS]
    sent = parts[-1]
    if not (sent.isascii() and sent.isdigit() and len(sent) < 16):
        raise _unproven(f"X-Fal-Webhook-Timestamp is {sent[:40]!r}, which is no whole number of seconds")
    age = now - int(sent)
    if abs(age) > LEEWAY:
        when = f"{abs(age):.0f} seconds {'ago' if age > 0 else 'in the future'}"
        raise _unproven(f"X-Fal-Webhook-Timestamp is {when}; allowed: {LEEWAY}, or someone could repeat an old webhook")
    if not SIGNATURE.fullmatch(signature):
        raise _unproven(f"X-Fal-Webhook-Signature is {signature[:40]!r}; it must have 128 hexadecimal digits")
    message = "\n".join([*parts, hashlib.sha256(body).hexdigest()])
    return bytes.fromhex(signature), message.encode("utf-8", "surrogatepass")


def _unproven(reason: str) -> WebhookError:
    return WebhookError(f"the webhook is not proven to be fal's: {reason}", vendor=PROFILE.slug)


def _key(text: object) -> bytes | None:
    """Return the public key in base64url, with its padding or without (webhook.keys, webhook.signer)."""
    try:
        raw = base64.urlsafe_b64decode(f"{text}{'=' * (-len(text) % 4)}") if isinstance(text, str) else b""
    except ValueError:
        return None
    return raw if len(raw) == 32 else None


def _verifies(key: bytes, signature: bytes, message: bytes) -> bool:
    # Imported here: its library is large, and most programs receive no webhook.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):  # ValueError: 32 bytes that are no key
        return False
    return True


def _failed(kind: str | None, reason: str | None, raw: object, named: tuple[str, ...]) -> Snapshot:
    """Return the end of a request that did not succeed; the type of its error is its state's word."""
    failure = errors.ContentFiltered if kind == BLOCKED else None
    state = ENDS.get(kind or "", JobState.FAILED)
    reason = reason or kind
    return Snapshot(state, kind or "COMPLETED", reason=reason, failure=failure, code=kind, raw=raw, named=named)


def _detail(body: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return type and message of a refusal, whose detail is a text or a list of errors (errors.model)."""
    detail = body.get("detail")
    if isinstance(detail, list):
        found = [responses.as_object(each) for each in detail]
        kinds = [kind for each in found if (kind := responses.as_text(each.get("type")))]
        texts = [text for each in found if (text := responses.as_text(each.get("msg")))]
        return next(iter(kinds), None), "; ".join(texts) or None
    return None, responses.as_text(detail)


def _files(value: Any, name: str) -> Iterator[Media]:
    """Yield every file in an output: each object with a url, in order (result.files, result.video)."""
    if isinstance(value, list):
        for item in value:
            yield from _files(item, name)
    if isinstance(value, dict):
        url = responses.as_text(value.get("url"))
        if url is not None and (validation.is_web_address(url) or url.startswith("data:")):
            kind = str(value.get("content_type") or "").partition("/")[0]
            known = next((each for each in KINDS if each == kind or (not kind and each in name)), None)
            yield Media(url, known or "file", guessed=known is None)
        for key, item in value.items():
            yield from _files(item, key)


class _Operations(KeyClient[HttpT, FalService], profile=PROFILE, service=FalService):
    """The operations, written once for both kinds of client."""

    @submission
    def submit(
        self,
        prompt: str | None = None,
        *,
        model: str,
        input: dict[str, Any] | None = None,  # noqa: A002 - the name in fal's own clients
        webhook_url: str | None = None,
        priority: Priority | None = None,
        hint: str | None = None,
        start_timeout: float | None = None,
    ) -> Flow[StartedJob]:
        """Put a request for any model into the queue (POST /{model}).

        fal cannot recognize a repeated submission: after a lost response, look at the dashboard before another one.

        Args:
            prompt: The member prompt of the input, which most models have.
            model: The model's endpoint id, such as fal-ai/flux/dev.
            input: The other members of the input, as the model documents them.
            webhook_url: Address of a webhook that is called at the end; it does not name the model, so keep the
                job's token.
            priority: normal (the service's default) or low.
            hint: A text that routes the request to a runner that has seen it before.
            start_timeout: Seconds, above 1, after which a request that no runner has started fails.

        Returns:
            A queued job; its `outputs` will be every file in the model's output, and `job.raw` the output.

        Raises:
            InvalidArgument: An argument is out of range; nothing was sent.
            SubmitOutcomeUnknown: The response was lost, or the service failed; the request may exist.
            InsufficientCreditsError: The account cannot pay; nothing was started.
            ApiError: The service refused.
            ConnectionFailed: The service could not be reached; nothing was sent.

        Facts: fal:submit.route, submit.headers, submit.once, requests.app, webhook.query.
        """
        if not isinstance(model, str) or not MODEL.fullmatch(model) or set(model.split("/")) & {".", ".."}:
            validation.invalid("model", model, "an endpoint id such as 'fal-ai/flux/dev'")
        given = validation.instance("input", input, dict)
        body = {**given} if given else {}
        if prompt is not None:
            if "prompt" in body:
                validation.invalid("prompt", prompt, "given once; the input has a prompt, too")
            body["prompt"] = validation.text("prompt", prompt)
        headers = {}
        if priority is not None:
            headers["X-Fal-Queue-Priority"] = validation.choice("priority", priority, get_args(Priority))
        if hint is not None:
            headers["X-Fal-Runner-Hint"] = _header("hint", hint)
        if start_timeout is not None:
            headers["X-Fal-Request-Timeout"] = str(validation.number("start_timeout", start_timeout, above=1))
        webhook = None if webhook_url is None else validation.web_address("webhook_url", webhook_url)
        return self._service.submit(model, body, webhook, headers)

    @operation
    def verify_webhook(
        self, body: bytes, headers: Mapping[str, str], *, now: float | None = None
    ) -> Flow[dict[str, Any]]:
        """Check that fal sent a webhook, now and as it arrived, and return its body (GET /.well-known/jwks.json).

        fal's public keys are read at the first call, and then once an hour.

        Args:
            body: The bytes of the request's body, as they arrived and not parsed.
            headers: The request's headers, whatever the case of their names.
            now: The time to compare the timestamp with, in seconds of the Unix epoch; the system's by default.

        Returns:
            The JSON object: request_id, status OK or ERROR, payload, and error.

        Raises:
            WebhookError: A header is missing, the timestamp differs by more than 300 seconds, or no key of fal verifies
                the signature. Respond with 401.
            InvalidArgument: The body is no bytes, or no webhook although fal has signed it.
            ConnectionFailed: The keys could not be read. Respond with 503, so that fal sends the webhook again.
            ApiError: Likewise.

        Facts: fal:webhook.headers, webhook.timestamp, webhook.signature, webhook.keys, webhook.keys_kept.
        """
        if not isinstance(body, bytes):  # pyright: ignore[reportUnnecessaryIsInstance]
            validation.invalid("body", body, "the bytes of the request's body, as they arrived")
        if not hasattr(headers, "items"):
            validation.invalid("headers", headers, "a mapping of header names and values")
        return self._service.verify_webhook(body, headers, time.time() if now is None else now)


class Fal(_Operations[SyncHttp], SyncClient[FalService]):
    """fal's queue, with blocking calls; see `AsyncFal` for coroutines.

    A submission is never sent twice unless the service provably did not receive it.
    """


class AsyncFal(_Operations[AsyncHttp], AsyncClient[FalService]):
    """fal's queue, with coroutines; see `Fal` for calls that block.

    A submission is never sent twice unless the service provably did not receive it.
    """


def _header(name: str, value: Any) -> str:
    text = validation.text(name, value)
    if not text.isascii() or not text.isprintable():
        validation.invalid(name, value, "visible ASCII characters")
    return text
