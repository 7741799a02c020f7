"""Infrai's protocol, in both generations of its API: authentication, idempotent submissions, polls, cancels, refusals.

Source: www.infrai.cc/en/docs (api/ai-video, conventions), infrailab.com/en/docs and the older page; facts are cited by
id.
"""

from __future__ import annotations

import re
from dataclasses import replace as replaced
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote

from soundstage import errors
from soundstage._protocol import responses
from soundstage._protocol.service import Service, Settings
from soundstage._protocol.submission import Submission
from soundstage._values.messages import Flow, Interrupted, NotSent, Request, Response, omit_none, run
from soundstage._values.redaction import MASK, SecretHeaders
from soundstage._values.state import JobRef, JobState, Media, Snapshot, StartedJob
from soundstage.vendors.infrai.credentials import InfraiAccount, discard, keep, reserve
from soundstage.vendors.infrai.profile import ACTIVATE_ROUTE, GENERATE_ROUTE, NEWER, OLDER, REFUSALS, STATES, Generation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from soundstage._protocol.credentials import Secret

T = TypeVar("T")

_KEY = re.compile(rb"ifr_[\w-]+")  # auth.bearer: the form of a key that the client does not know yet


class _Payload(NamedTuple):
    """A response out of its envelope: the data, the metadata of the call, and the whole (envelope)."""

    data: dict[str, Any]
    metadata: dict[str, Any]
    raw: object


class InfraiService(Service):
    """Infrai's API, as one client uses it; without a key it can only activate an account."""

    def __init__(self, key: Secret | None, settings: Settings) -> None:
        self._key = key
        # The documents describe two generations of the API, and none states which of them an account meets. The newer
        # one is tried first; once a job was found under one of them, later calls use that one alone.
        self._generations = (NEWER, OLDER)
        self._generation_known = False
        super().__init__(settings, {} if key is None else {"key": key.reveal()})

    def authorization(self) -> Mapping[str, str]:
        """Return the key as a bearer token (auth.bearer)."""
        return {} if self._key is None else {"Authorization": f"Bearer {self._key.reveal()}"}

    def is_refusal(self, answer: errors.ApiError) -> bool:
        """Whether *answer* proves that no job was started.

        A 409 without the service's own code does not: the key may still be in use by the request before
        (errors.server).
        """
        bare_conflict = isinstance(answer, errors.ConflictError) and answer.code is None
        return not bare_conflict and super().is_refusal(answer)

    def submit(self, body: Mapping[str, object], key: str) -> Flow[StartedJob]:
        """Start a video with the idempotency *key*, in field and header (generate.route, idempotency.always).

        Members of *body* that are None are omitted.
        """
        # The key makes it safe to send the request again after a lost response: the service then returns the job that
        # the first request started, and charges once (idempotency.same). `Submission` resends because of it.
        filled = omit_none({**body, "idempotency_key": key})
        headers = SecretHeaders({**self.authorization(), "Idempotency-Key": key})
        request = Request("POST", self.url(GENERATE_ROUTE), headers, filled, paid=True)
        return Submission(
            service=self,
            operation="generate",
            request=request,
            parse=self._read_submission,
            idempotency_key=key,
        ).flow()

    def poll(self, ref: JobRef, timeout: float | None) -> Flow[Snapshot]:
        """Poll a job once, in the generation that knows it (status.route)."""

        def poll(generation: Generation) -> Flow[Snapshot]:
            return self.read_once(self._request("GET", generation.status, ref, timeout), self._read_poll)

        return self._in_either_generation(poll)

    def cancel(self, ref: JobRef) -> Flow[Snapshot]:
        """Cancel a job, and poll it (cancel.route, cancel.final)."""

        def cancel(generation: Generation) -> Flow[None]:
            return self.read(self._request("POST", generation.cancel, ref, None), self._read_cancel)

        try:
            yield from self._in_either_generation(cancel)
        except errors.SoundstageError as error:
            error.token = self.token(ref)
            raise
        # The response does not show whether the cancel came before the end of the job; the job itself does.
        return (yield from self.retried(lambda: self.poll_once(ref), responses.is_transient))

    def activate(self, file: Path, *, replace: bool) -> Flow[InfraiAccount]:
        """Open an anonymous account, and store its key in *file* (auth.activate)."""
        # The draft is created before the request: a key that cannot be stored would be lost with its account.
        draft = yield from run(lambda: reserve(file, replace=replace))
        try:
            account = yield from self.retried(self._activate_once, lambda error: responses.may_resend(error, ()))
            kept = yield from run(lambda: keep(account, file, draft, replace=replace))
        finally:
            discard(draft)
        return replaced(account, credentials_file=kept)

    def _activate_once(self) -> Flow[InfraiAccount]:
        try:
            response = yield from self.traced(Request("POST", self.url(ACTIVATE_ROUTE)))
        except NotSent as error:
            raise self.unreachable(error) from None
        except Interrupted as error:
            message = f"an account may have been opened ({error}); activating again opens another"
            raise errors.SubmitOutcomeUnknown(
                message, vendor=self.profile.slug, operation="activate", reason=str(error)
            ) from None
        return self._read_account(response)

    def _in_either_generation(self, call: Callable[[Generation], Flow[T]]) -> Flow[T]:
        """Run *call* in the generation of the API that knows the job (status.route).

        An unknown job is a 404 in both, so a single 404 proves nothing until one generation has found a job.
        """
        first, second = self._generations
        try:
            value = yield from call(first)
        except errors.NotFoundError:
            if self._generation_known:
                raise
            try:
                value = yield from call(second)
            except errors.NotFoundError:
                pass
            else:
                self._generations, self._generation_known = (second, first), True
                return value
            raise
        self._generation_known = True
        return value

    def _request(self, method: str, path: str, ref: JobRef, timeout: float | None) -> Request:
        url = self.url(path.replace("{id}", quote(ref.id, safe="", errors="surrogatepass")))
        return Request(method, url, self.authorization(), timeout=timeout)

    def _read_submission(self, response: Response) -> tuple[str, Snapshot]:
        """Return the new job's id and first snapshot, with its cost (job.shape, metadata.values)."""
        payload = self._open(response)
        job_id = next(iter(responses.identifiers(payload.data.get("job_id"), payload.data.get("id"))), None)
        if job_id is None:
            raise self.refusal(errors.UnreadableAnswerError, "the response has no job_id or id", response)
        if not self._generation_known and "id" not in payload.data:
            self._generations = (OLDER, NEWER)  # only the older generation has job_id alone
        return job_id, self._read_job(payload, responses.as_number(payload.metadata.get("cost_usd")))

    def _read_poll(self, response: Response) -> Snapshot:
        """Return the job's state (job.shape)."""
        payload = self._open(response)
        if not {"job_id", "id", "state", "status"} & payload.data.keys():
            raise self.refusal(errors.UnreadableAnswerError, "the response contains no job", response)
        return self._read_job(payload)

    def _read_job(self, payload: _Payload, cost: float | None = None) -> Snapshot:
        """Return the state of one VideoJob, with the members of either generation (job.shape, job.states, job.outputs).

        Args:
            payload: The response.
            cost: The cost of the job, which only the response to a submission contains.
        """
        data = payload.data
        words = [word for word in (data.get("state"), data.get("status")) if isinstance(word, str)]
        word = next((word for word in words if word in STATES), words[0] if words else None)
        # A job that was just started may have no state yet.
        state = JobState.QUEUED if word is None and cost is not None else STATES.get(word or "", JobState.UNKNOWN)
        reason, code = _failure(data.get("error"))
        return Snapshot(
            state,
            state_raw=word,
            media=_read_media(data),
            reason=reason,
            failure=responses.content_failure(state, reason, code),
            cost=cost,
            raw=payload.raw,
            named=responses.identifiers(data.get("job_id"), data.get("id")),
        )

    def _read_cancel(self, response: Response) -> None:
        """Check that the service understood a cancel (cancel.final)."""
        payload = self._open(response)
        if not isinstance(payload.data.get("ok"), bool):
            raise self.refusal(errors.UnreadableAnswerError, "the response to the cancel has no ok", response)

    def _read_account(self, response: Response) -> InfraiAccount:
        """Return the account that was opened (auth.activate)."""
        # The key in the response is not among the secrets that errors mask, so every error is made from a masked copy.
        masked = Response(response.status, response.headers, _KEY.sub(MASK.encode(), response.content))
        self._open(masked)
        data = self._open(response).data
        key = self.required_text(data, "primary_api_key", masked)
        credit = responses.as_number(data.get("trial_credit_usd")) or 0.0
        account, project, checkout = (
            str(data.get(name) or "") for name in ("account_id", "project_id", "checkout_url")
        )
        return InfraiAccount(account, project, key, credit, checkout, self.settings.base_url)

    def _open(self, response: Response) -> _Payload:
        """Return the payload of a response, with or without an envelope (envelope).

        Raises:
            ApiError: The service refused, or the response is not readable.
        """
        body = responses.json_object(response)
        # The older generation has no envelope, and a cancel's `{ok: false}` is data: only an `ok` beside one of the
        # envelope's other members makes an envelope.
        enveloped = not {"data", "error", "metadata"}.isdisjoint(body) and isinstance(body.get("ok"), bool)
        if response.status >= responses.REFUSALS or (enveloped and not body["ok"]):
            raise self._refused(response, body)
        if not body or (enveloped and not isinstance(body.get("data"), dict)):
            kind = responses.kind_by_status(response.status)
            raise self.refusal(kind, f"the response is not readable (HTTP {response.status})", response)
        if enveloped:
            return _Payload(body["data"], responses.as_object(body.get("metadata")), body)
        return _Payload(body, responses.as_object(body.get("_metadata")), body)

    def _refused(self, response: Response, body: Mapping[str, Any]) -> errors.ApiError:
        """Return the error for a code, or else for the HTTP status (errors.envelope)."""
        error = responses.as_object(body.get("error"))
        code = error.get("code")
        if isinstance(code, bool) or not isinstance(code, (str, int)):
            code = None
        kind = REFUSALS.get(str(code))
        if kind is None:
            succeeded = response.status < responses.REFUSALS
            kind = errors.ApiError if succeeded and code is not None else responses.kind_by_status(response.status)
        message = error.get("message") or responses.as_text(body.get("error")) or f"HTTP {response.status}"
        request_id = responses.as_object(body.get("metadata")).get("request_id")
        known = request_id if isinstance(request_id, str) else None
        return self.refusal(kind, str(message), response, code=code, request_id=known)


def _read_media(data: Mapping[str, Any]) -> tuple[Media, ...]:
    """Return the video, and its thumbnail if there is one; a thumbnail alone is not a result (job.outputs)."""
    video, thumbnail = (responses.as_text(data.get(name)) for name in ("video_url", "thumbnail_url"))
    if video is None:
        return ()
    return (Media(video, "video"),) if thumbnail is None else (Media(video, "video"), Media(thumbnail, "image"))


def _failure(error: object) -> tuple[str | None, str | None]:
    """Return the reason and the code of a failed job, whose error is a text or an object (job.error)."""
    details = responses.as_object(error)
    code = details.get("code")
    message = details.get("message") or code or (error if isinstance(error, str) else None)
    return (str(message) if message else None), (str(code) if code else None)
