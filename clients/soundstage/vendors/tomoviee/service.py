"""The gateway's protocol: authentication, submissions, polls, callbacks and refusals, the same for every capability.

Source: the capabilities' own runnable clients, and the pages at tomoviee.ai/doc; facts are cited by id.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from soundstage import errors
from soundstage._protocol import responses
from soundstage._protocol.credentials import Secret
from soundstage._protocol.service import Service, Settings
from soundstage._protocol.submission import Submission
from soundstage._values.messages import Flow, Request, Response, omit_none
from soundstage._values.state import JobRef, JobState, Media, Snapshot, StartedJob
from soundstage.vendors.tomoviee.profile import CREATE_ROUTE, MEDIA_KINDS, REFUSALS, RESULT_ROUTE, STATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class TomovieeService(Service):
    """Tomoviee's gateway, as one client uses it."""

    def __init__(self, key: Secret, secret: Secret, settings: Settings) -> None:
        pair = base64.b64encode(f"{key.reveal()}:{secret.reveal()}".encode()).decode()
        self._key = key
        self._basic = Secret(pair)
        super().__init__(settings, {"key": key.reveal(), "secret": secret.reveal(), "basic": pair})

    def authorization(self) -> Mapping[str, str]:
        """Return both headers of every call (auth.headers)."""
        return {"X-App-Key": self._key.reveal(), "Authorization": f"Basic {self._basic.reveal()}"}

    def submit(self, operation: str, capability: str, body: Mapping[str, object]) -> Flow[StartedJob]:
        """Start a job of *capability* (create.route); parameters that are None are omitted."""
        filled = omit_none(body)
        request = Request("POST", self.url(CREATE_ROUTE + capability), self.authorization(), filled, paid=True)
        return Submission(service=self, operation=operation, request=request, parse=self._read_submission).flow()

    def poll(self, ref: JobRef, timeout: float | None) -> Flow[Snapshot]:
        """Poll a job once (poll.route): all capabilities share one route."""
        request = Request("POST", self.url(RESULT_ROUTE), self.authorization(), {"task_id": ref.id}, timeout=timeout)
        return self.read_once(request, self._read_poll)

    def parse_callback(self, body: object) -> StartedJob:
        """Return the job in the body of a callback (callback.payload)."""
        task = responses.callback_object(body)
        task_id = responses.as_identifier(task.get("task_id"))
        if task_id is None:
            allowed = "the JSON of a callback: {task_id, status, result, params}"
            raise errors.InvalidArgument(f"body must be {allowed}", field="body", value=body, allowed=allowed)
        return StartedJob(JobRef(task_id), self._read_job(task, task))

    def _read_submission(self, response: Response) -> tuple[str, Snapshot]:
        """Return the new job's id and first snapshot (create.answer)."""
        envelope = self._open(response)
        task_id = self.required_id(responses.as_object(envelope.get("data")), "data.task_id", response)
        return task_id, Snapshot(JobState.QUEUED, raw=envelope)

    def _read_poll(self, response: Response) -> Snapshot:
        """Return the job's state (poll.answer)."""
        envelope = self._open(response, data_decides=True)
        task = responses.as_object(envelope.get("data"))
        if not task:
            raise self.refusal(errors.UnreadableAnswerError, "the response has no data", response)
        return self._read_job(task, envelope)

    def _read_job(self, task: Mapping[str, Any], raw: object) -> Snapshot:
        """Return the state of one task, from a poll or a callback (status.codes, task.extra_fields)."""
        status = task.get("status")
        state = STATES.get(responses.as_integer(status) or 0, JobState.UNKNOWN)
        reason = str(task.get("reason") or "") or None
        return Snapshot(
            state,
            state_raw=status if isinstance(status, (int, str)) else None,
            # The documents disagree: the sample has `progress`, the table `process`.
            progress=responses.percent(task.get("progress", task.get("process"))),
            media=tuple(_read_media(task.get("result"))),
            reason=reason,
            failure=responses.content_failure(state, reason),
            raw=raw,
            named=responses.identifiers(task.get("task_id")),
        )

    def _open(self, response: Response, *, data_decides: bool = False) -> dict[str, Any]:
        """Return the envelope of a response (errors.envelope).

        Args:
            response: The response.
            data_decides: Whether a response with data is accepted whatever its code is.

        Raises:
            ApiError: The code refuses, or the response is not an envelope; then the HTTP status decides.
        """
        envelope = responses.json_object(response)
        code = responses.as_integer(envelope.get("code"))
        if code is None:
            kind = responses.kind_by_status(response.status)
            message = f"the response is not a {{code, msg, data}} envelope (HTTP {response.status})"
            raise self.refusal(kind, message, response)
        # A poll may have a non-zero code for a task that failed, with the task beside it: the task is then the answer.
        if code != 0 and not (data_decides and responses.as_object(envelope.get("data"))):
            raise self._refused(response, envelope, code)
        return envelope

    def _refused(self, response: Response, envelope: Mapping[str, Any], code: int) -> errors.ApiError:
        """Return the error for a code, or else for the HTTP status (errors.codes, errors.http)."""
        kind = responses.kind_by_code(REFUSALS.get(code), response.status)
        message = str(envelope.get("msg") or f"refused with code {code}")
        return self.refusal(kind, message, response, code=code)


def _read_media(result: object) -> Iterator[Media]:
    """Yield the outputs in the JSON text of a finished task (poll.result_is_string)."""
    # The result is JSON inside a JSON string; one that is parsed already is accepted, too.
    try:
        found = responses.as_object(json.loads(result) if isinstance(result, str) else result)
    except (ValueError, RecursionError):
        return
    for name, value in found.items():
        if not name.endswith("_path"):
            continue
        kind = MEDIA_KINDS.get(name, name.removesuffix("_path"))
        urls = responses.as_list(value) or [value]
        yield from (Media(url, kind) for url in urls if isinstance(url, str) and url)
