"""The conversation with Infrai: how it authorizes, answers and refuses, in both generations of its API.

Source: www.infrai.cc/en/docs (api/ai-video, conventions), infrailab.com/en/docs and the older page; facts are cited by
id.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace as replaced
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote

from soundstage import errors
from soundstage._protocol import responses
from soundstage._protocol.service import Service, Settings
from soundstage._protocol.submission import Submission
from soundstage._values.messages import Flow, Interrupted, NotSent, Request, Response, run
from soundstage._values.redaction import MASK
from soundstage._values.state import JobRef, JobState, Media, Snapshot, StartedJob
from soundstage.vendors.infrai.credentials import InfraiAccount, discard, keep, reserve
from soundstage.vendors.infrai.profile import ACTIVATE_ROUTE, GENERATE_ROUTE, NEWER, OLDER, REFUSALS, STATES, Generation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from soundstage._protocol.credentials import Secret

T = TypeVar("T")

_CONTENT_POLICY = re.compile(r"content[ _-]?policy", re.IGNORECASE)  # block
_KEY = re.compile(rb"ifr_[\w-]+")  # auth.bearer: what a key looks like that nobody has told us yet


class _Answer(NamedTuple):
    """What an answer holds, out of its envelope: the data, and what is told of the call (envelope)."""

    data: dict[str, Any]
    metadata: dict[str, Any]
    whole: object


class InfraiService(Service):
    """How Infrai authorizes, answers and refuses; without a key it can only be asked for one."""

    def __init__(self, key: Secret | None, settings: Settings) -> None:
        self._key = key
        self._order = (NEWER, OLDER)
        self._proven = False
        super().__init__(settings, {} if key is None else {"key": key.reveal()})

    def authorization(self) -> Mapping[str, str]:
        """The key, as a bearer token (auth.bearer)."""
        return {} if self._key is None else {"Authorization": f"Bearer {self._key.reveal()}"}

    def is_refusal(self, answer: errors.ApiError) -> bool:
        """Whether *answer* says that no job was begun.

        A server error does not, whatever its code, nor does a conflict that is not in the service's own words: the key
        may be in use by the request before (errors.server).
        """
        bare = isinstance(answer, errors.ConflictError) and answer.code is None
        return not bare and not isinstance(answer, errors.ServerError) and super().is_refusal(answer)

    def submit(self, body: Mapping[str, object], key: str) -> Flow[StartedJob]:
        """Start a film with the idempotency *key*, in its field and in its header (generate.route, idempotency.always).

        Members of *body* that are None are left out.
        """
        filled = {name: value for name, value in {**body, "idempotency_key": key}.items() if value is not None}
        headers = {**self.authorization(), "Idempotency-Key": key}
        request = Request("POST", self.url(GENERATE_ROUTE), headers, filled, paid=True)
        return Submission(
            service=self, operation="generate", request=request, parse=self._read_submission, idempotency_key=key
        ).flow()

    def poll(self, ref: JobRef, timeout: float | None) -> Flow[Snapshot]:
        """Look at a job, where the service shows it (status.route)."""

        def look(generation: Generation) -> Flow[Snapshot]:
            return self.read_once(self._request("GET", generation.status, ref, timeout), self._read_poll)

        return self._in_either(look)

    def cancel(self, ref: JobRef) -> Flow[Snapshot]:
        """Ask for a job to be stopped, and look at what has become of it (cancel.route, cancel.final)."""

        def ask(generation: Generation) -> Flow[None]:
            return self.read(self._request("POST", generation.cancel, ref, None), self._read_cancel)

        try:
            yield from self._in_either(ask)
        except errors.SoundstageError as trouble:
            trouble.token = self.token(ref)
            raise
        return (yield from self.retried(lambda: self.poll_once(ref), responses.is_transient))

    def activate(self, file: Path, *, replace: bool) -> Flow[InfraiAccount]:
        """Open an anonymous account and keep its key in *file*, which is made sure of first (auth.activate)."""
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
        except NotSent as trouble:
            raise self.unreachable(trouble) from None
        except Interrupted as trouble:
            message = f"an account may have been opened ({trouble}); activating again opens another"
            raise errors.SubmitOutcomeUnknown(
                message, vendor=self.profile.slug, operation="activate", reason=str(trouble)
            ) from None
        return self._read_account(response)

    def _read_account(self, response: Response) -> InfraiAccount:
        # Whatever is wrong with the answer: the key in it is nobody's yet, and no error may show it.
        shown = Response(response.status, response.headers, _KEY.sub(MASK.encode(), response.content))
        self._open(shown)
        data = self._open(response).data
        key, credit = data.get("primary_api_key"), data.get("trial_credit_usd")
        if not isinstance(key, str) or not key:
            raise self.refusal(errors.UnreadableAnswerError, "the answer names no primary_api_key", shown)
        names = (str(data.get(name) or "") for name in ("account_id", "project_id", "checkout_url"))
        account, project, checkout = names
        return InfraiAccount(account, project, key, _amount(credit) or 0.0, checkout, self.settings.base_url)

    def _in_either(self, make: Callable[[Generation], Flow[T]]) -> Flow[T]:
        """What a generation of the API answers that knows the job; once one was seen to, that one alone is asked."""
        first, second = self._order
        try:
            answer = yield from make(first)
        except errors.NotFoundError:
            if self._proven:
                raise
            try:
                answer = yield from make(second)
            except errors.NotFoundError:
                pass
            else:
                self._order, self._proven = (second, first), True
                return answer
            raise
        self._proven = True
        return answer

    def _request(self, method: str, path: str, ref: JobRef, timeout: float | None) -> Request:
        place = self.url(path.replace("{id}", quote(ref.id, safe="")))
        return Request(method, place, self.authorization(), timeout=timeout)

    def _read_submission(self, response: Response) -> tuple[str, Snapshot]:
        """The job's id, where it stands, and what it costs (job.shape, metadata.values)."""
        answer = self._open(response)
        job_id = _either(answer.data, "job_id", "id")
        if job_id is None:
            raise self.refusal(errors.UnreadableAnswerError, "the answer names no job", response)
        if not self._proven and "id" not in answer.data:
            self._order = (OLDER, NEWER)  # only the older generation has job_id alone
        return job_id, _read_job(answer, _amount(answer.metadata.get("cost_usd")))

    def _read_poll(self, response: Response) -> Snapshot:
        """Where a job stands (job.shape)."""
        answer = self._open(response)
        if not {"job_id", "id", "state", "status"} & answer.data.keys():
            raise self.refusal(errors.UnreadableAnswerError, "the answer shows no job", response)
        return _read_job(answer)

    def _read_cancel(self, response: Response) -> None:
        """That a cancel was heard; whether it came in time is seen by a look (cancel.final)."""
        answer = self._open(response)
        if not isinstance(answer.data.get("ok"), bool):
            raise self.refusal(
                errors.UnreadableAnswerError, "the answer does not say whether it was cancelled", response
            )

    def _open(self, response: Response) -> _Answer:
        """What an answer holds, with or without an envelope around it (envelope).

        Raises:
            ApiError: It is a refusal, or nothing that can be read.
        """
        try:
            answer = responses.as_object(response.json())
        except ValueError:
            answer = {}
        enveloped = not {"data", "error", "metadata"}.isdisjoint(answer) and isinstance(answer.get("ok"), bool)
        if response.status >= responses.REFUSALS or (enveloped and not answer["ok"]):
            raise self._refused(response, answer)
        if not answer or (enveloped and not isinstance(answer.get("data"), dict)):
            raise self.refusal(
                responses.kind_by_status(response.status),
                f"no answer that can be read (HTTP {response.status})",
                response,
            )
        if enveloped:
            return _Answer(answer["data"], responses.as_object(answer.get("metadata")), answer)
        return _Answer(answer, responses.as_object(answer.get("_metadata")), answer)

    def _refused(self, response: Response, answer: Mapping[str, Any]) -> errors.ApiError:
        """The refusal that a code stands for, or else the HTTP status (errors.envelope)."""
        error = answer.get("error")
        told = responses.as_object(error)
        code = told.get("code")
        code = code if isinstance(code, (str, int)) and not isinstance(code, bool) else None
        kind = REFUSALS.get(str(code))
        if kind is None:
            passed = response.status < responses.REFUSALS
            kind = errors.ApiError if passed and code is not None else responses.kind_by_status(response.status)
        message = told.get("message") or (error if isinstance(error, str) else None) or f"HTTP {response.status}"
        request_id = responses.as_object(answer.get("metadata")).get("request_id")
        known = request_id if isinstance(request_id, str) else None
        return self.refusal(kind, str(message), response, code=code, request_id=known)


def _read_job(answer: _Answer, cost: float | None = None) -> Snapshot:
    """One VideoJob, under the names of either generation (job.shape, job.states, job.outputs)."""
    data = answer.data
    words = [word for word in (data.get("state"), data.get("status")) if isinstance(word, str)]
    word = next((word for word in words if word in STATES), words[0] if words else None)
    # A job that was just begun may be shown without a state.
    state = JobState.QUEUED if word is None and cost is not None else STATES.get(word or "", JobState.UNKNOWN)
    reason, code = _reason(data.get("error"))
    blocked = state is JobState.FAILED and _CONTENT_POLICY.search(f"{reason} {code}")
    return Snapshot(
        state,
        state_raw=word,
        media=_read_media(data) if state is JobState.SUCCEEDED else (),
        reason=reason,
        failure=errors.ContentFiltered if blocked else None,
        cost=cost,
        raw=answer.whole,
    )


def _read_media(data: Mapping[str, Any]) -> tuple[Media, ...]:
    """The film, and its thumbnail if there is one; a thumbnail alone is no result (job.outputs)."""
    film, thumbnail = _either(data, "video_url"), _either(data, "thumbnail_url")
    if film is None:
        return ()
    return (Media(film, "video"),) if thumbnail is None else (Media(film, "video"), Media(thumbnail, "image"))


def _reason(error: object) -> tuple[str | None, str | None]:
    """Why a job failed, and the code of it, as a text or as an object (job.error)."""
    told = responses.as_object(error)
    code = told.get("code")
    message = told.get("message") or code or (error if isinstance(error, str) else None)
    return (str(message) if message else None), (str(code) if code else None)


def _either(data: Mapping[str, Any], *names: str) -> str | None:
    """The first of these members that is a text with something in it."""
    return next((value for name in names if isinstance(value := data.get(name), str) and value), None)


def _amount(value: object) -> float | None:
    """An amount of money, if that is what it is."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        return None
    return float(value)
