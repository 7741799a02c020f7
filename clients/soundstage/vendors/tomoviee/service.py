"""The conversation with Tomoviee's gateway: how it authorizes, answers and refuses, the same for every capability.

Source: the capabilities' own runnable clients, and the pages at tomoviee.ai/doc; facts are cited by id.
"""

from __future__ import annotations

import base64
import json
import math
import re
from typing import TYPE_CHECKING, Any, cast

from soundstage import errors
from soundstage._protocol import responses
from soundstage._protocol.credentials import Secret
from soundstage._protocol.service import Service, Settings
from soundstage._protocol.submission import Submission
from soundstage._values.messages import Flow, Request, Response
from soundstage._values.state import JobRef, JobState, Media, Snapshot, StartedJob
from soundstage.vendors.tomoviee.profile import CREATE_ROUTE, MEDIA_KINDS, REFUSALS, RESULT_ROUTE, STATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHORT_NUMBER = re.compile(r"[0-9]{1,9}\Z")
_CONTENT_POLICY = re.compile(r"content[ _-]?policy", re.IGNORECASE)  # block


class TomovieeService(Service):
    """How the gateway authorizes, answers and refuses: the same for every capability."""

    def __init__(self, key: Secret, secret: Secret, settings: Settings) -> None:
        pair = base64.b64encode(f"{key.reveal()}:{secret.reveal()}".encode()).decode()
        self._key = key
        self._basic = Secret(pair)
        super().__init__(settings, {"key": key.reveal(), "secret": secret.reveal(), "basic": pair})

    def authorization(self) -> Mapping[str, str]:
        """Both headers of every call (auth.headers)."""
        return {"X-App-Key": self._key.reveal(), "Authorization": f"Basic {self._basic.reveal()}"}

    def submit(self, operation: str, capability: str, body: Mapping[str, object]) -> Flow[StartedJob]:
        """Start a job of *capability* (create.route); parameters that are None are left out."""
        filled = {name: value for name, value in body.items() if value is not None}
        request = Request("POST", self.url(CREATE_ROUTE + capability), self.authorization(), filled, paid=True)
        return Submission(service=self, operation=operation, request=request, parse=self._read_submission).flow()

    def poll(self, ref: JobRef, timeout: float | None) -> Flow[Snapshot]:
        """Look at a job (poll.route): one route for all capabilities."""
        request = Request("POST", self.url(RESULT_ROUTE), self.authorization(), {"task_id": ref.id}, timeout=timeout)
        return self.read_once(request, self._read_poll)

    def parse_callback(self, body: object) -> StartedJob:
        """The task that a callback tells of (callback.payload)."""
        told = responses.as_object(_parsed(body))
        task_id = told.get("task_id")
        if not isinstance(task_id, str) or not task_id:
            allowed = "the JSON of a callback: {task_id, status, result, params}"
            raise errors.InvalidArgument(f"body must be {allowed}", field="body", value=body, allowed=allowed)
        return StartedJob(JobRef(task_id), _read_job(told, told))

    def _read_submission(self, response: Response) -> tuple[str, Snapshot]:
        """The task's id (create.answer)."""
        answer, code = self._open(response)
        if code != 0:
            raise self._refused(response, answer, code)
        task_id = responses.as_object(answer.get("data")).get("task_id")
        if not isinstance(task_id, str) or not task_id:
            raise self.refusal(errors.UnreadableAnswerError, "the answer names no data.task_id", response)
        return task_id, Snapshot(JobState.QUEUED, raw=answer)

    def _read_poll(self, response: Response) -> Snapshot:
        """What the task says, which is read whatever the envelope's code is (poll.answer)."""
        answer, code = self._open(response)
        data = responses.as_object(answer.get("data"))
        if data:
            return _read_job(data, answer)
        if code != 0:
            raise self._refused(response, answer, code)
        raise self.refusal(errors.UnreadableAnswerError, "the answer has no data", response)

    def _open(self, response: Response) -> tuple[dict[str, Any], int]:
        """The answer and its code.

        Raises:
            ApiError: It is no envelope; the HTTP status then says what it is.
        """
        try:
            answer = responses.as_object(response.json())
        except ValueError:
            answer = {}
        code = answer.get("code")
        if isinstance(code, int) and not isinstance(code, bool):
            return answer, code
        kind = responses.kind_by_status(response.status)
        raise self.refusal(
            kind, f"an answer that is no {{code, msg, data}} envelope (HTTP {response.status})", response
        )

    def _refused(self, response: Response, answer: Mapping[str, Any], code: int) -> errors.ApiError:
        """The refusal a code stands for, or else its HTTP status (errors.envelope, errors.http)."""
        kind = REFUSALS.get(code)
        if kind is None:
            passed = response.status < responses.REFUSALS
            kind = errors.ApiError if passed else responses.kind_by_status(response.status)
        message = answer.get("msg")
        return self.refusal(kind, str(message or f"refused with code {code}"), response, code=code)


def _read_job(data: Mapping[str, Any], answer: object) -> Snapshot:
    """One task of the result route (status.codes, task.extra_fields)."""
    raw = data.get("status")
    state = STATES.get(_number(raw), JobState.UNKNOWN)
    progress = data.get("progress", data.get("process"))
    reason = str(data.get("reason") or "") or None
    blocked = state is JobState.FAILED and reason is not None and _CONTENT_POLICY.search(reason)
    return Snapshot(
        state,
        state_raw=raw if isinstance(raw, (int, str)) else None,
        progress=_percent(progress),
        media=tuple(_read_media(data.get("result"))) if state is JobState.SUCCEEDED else (),
        reason=reason,
        failure=errors.ContentFiltered if blocked else None,
        raw=answer,
    )


def _parsed(body: object) -> object:
    """What a body says, if it is text that has to be parsed first."""
    try:
        return json.loads(body) if isinstance(body, (str, bytes, bytearray)) else body
    except (ValueError, RecursionError):
        return None


def _number(value: object) -> int:
    """A status as a number, also when it comes as a string; 0 for anything else."""
    if isinstance(value, str) and _SHORT_NUMBER.match(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _percent(value: Any) -> float | None:
    """Progress in percent, whatever type it comes in."""
    try:
        percent = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return min(100.0, max(0.0, percent)) if math.isfinite(percent) else None


def _read_media(result: object) -> Iterator[Media]:
    """The addresses in the JSON text of a finished task (poll.result_is_string)."""
    try:
        found = responses.as_object(json.loads(result) if isinstance(result, str) else result)
    except (ValueError, RecursionError):
        return
    for key, value in found.items():
        if not key.endswith("_path"):
            continue
        kind = MEDIA_KINDS.get(key, key.removesuffix("_path"))
        addresses = cast("list[object]", value) if isinstance(value, list) else [value]
        yield from (Media(url, kind) for url in addresses if isinstance(url, str) and url)
