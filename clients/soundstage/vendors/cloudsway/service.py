"""Cloudsway's protocol: authentication, submissions, polls, lookups by name, lists, callbacks and refusals.

Source: docs.cloudsway.net/maasapi/api-reference/video/kl, and Kling's own API pages; facts are cited by id.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlencode

from soundstage import errors
from soundstage._protocol import responses
from soundstage._protocol.service import Service, Settings
from soundstage._protocol.submission import Submission
from soundstage._values import validation
from soundstage._values.messages import Flow, Request, Response, omit_none
from soundstage._values.state import JobRef, JobState, Media, Snapshot, StartedJob
from soundstage.vendors.cloudsway.profile import (
    JOB_NOT_FOUND,
    MAX_PAGE,
    MAX_PAGE_SIZE,
    OPERATION_ROUTES,
    REFUSALS,
    STATES,
    UNCERTAIN_CODES,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage._protocol.credentials import Secret

_CONTENT_POLICY = re.compile(r"risk control|content[ _-]?(policy|safety)", re.IGNORECASE)  # get.answer


class CloudswayService(Service):
    """Cloudsway's gateway to Kling, as one client uses it: the same for both kinds of video."""

    def __init__(self, key: Secret, endpoint: str, settings: Settings) -> None:
        self._key = key
        self._videos = f"/v1/ai/{quote(endpoint, safe='')}/kling/videos/"  # routes
        super().__init__(settings, {"key": key.reveal()})

    def authorization(self) -> Mapping[str, str]:
        """Return the header of every call (auth.bearer)."""
        return {"Authorization": f"Bearer {self._key.reveal()}"}

    def is_refusal(self, answer: errors.ApiError) -> bool:
        """Whether *answer* proves that no job was started (errors.gateway)."""
        # A documented code proves it, except the two that report a failure in the middle of the work.
        if answer.code in REFUSALS:
            return answer.code not in UNCERTAIN_CODES
        # The gateway in front has refusals of its own, whose code is the HTTP status or a word. Any other number is
        # undocumented, and what it leaves behind is unknown.
        if isinstance(answer.code, int) and answer.code != answer.status:
            return False
        certain = not isinstance(answer, (errors.ServerError, errors.UnreadableAnswerError))
        return certain and answer.status is not None and answer.status >= responses.REFUSALS

    def submit(self, operation: str, body: Mapping[str, Any]) -> Flow[StartedJob]:
        """Start a job (create.answer); parameters that are None are omitted."""
        # Every submission carries an external id. The service rejects a second job of the same name but does not
        # return the first one, so nothing is resent; `find` looks a lost job up by that name instead.
        filled = omit_none(body)
        request = Request("POST", self._address(OPERATION_ROUTES[operation]), self.authorization(), filled, paid=True)
        return Submission(
            service=self,
            operation=operation,
            request=request,
            parse=self._read_submission,
            external_id=filled["external_task_id"],
        ).flow()

    def poll(self, ref: JobRef, timeout: float | None) -> Flow[Snapshot]:
        """Poll a job once, under its kind (routes.kind)."""
        # A callback does not name the kind of its job. Such a job is looked up under both kinds, and only the
        # service's own 1203 moves on to the second: any other 404 may come from a proxy.
        known = OPERATION_ROUTES.get(ref.operation or "")
        kinds = [known] if known else list(OPERATION_ROUTES.values())
        while True:
            kind = kinds.pop(0)
            request = Request("GET", self._address(kind, ref.id), self.authorization(), timeout=timeout)
            try:
                return (yield from self.read_once(request, self._read_poll))
            except errors.NotFoundError as error:
                if error.code != JOB_NOT_FOUND or not kinds:
                    raise

    def find(self, unknown: errors.SubmitOutcomeUnknown) -> Flow[StartedJob | None]:
        """Look a job up by its external id; only 1203 proves that there is none (routes.kind)."""
        kind = OPERATION_ROUTES.get(unknown.operation or "")
        if kind is None or unknown.external_id is None:
            return (yield from super().find(unknown))
        address = self._address(kind, unknown.external_id)
        try:
            job_id, snapshot = yield from self.read(Request("GET", address, self.authorization()), self._read_task)
            if len(snapshot.named) > 1:  # the response has the caller's name, too
                self.check_named(JobRef(unknown.external_id), snapshot)
        except errors.NotFoundError as error:
            if error.code != JOB_NOT_FOUND:  # a proxy's own 404 proves nothing
                raise
            return None
        return StartedJob(JobRef(job_id, unknown.operation), snapshot)

    def list_jobs(self, operation: str, page: int, page_size: int) -> Flow[list[StartedJob]]:
        """Return a page of the account's jobs of one kind (routes.list)."""
        kind = OPERATION_ROUTES[validation.choice("operation", operation, tuple(OPERATION_ROUTES))]
        number = validation.whole_number("page", page, least=1, most=MAX_PAGE)
        size = validation.whole_number("page_size", page_size, least=1, most=MAX_PAGE_SIZE)
        address = f"{self._address(kind)}?{urlencode({'pageNum': number, 'pageSize': size})}"
        found = yield from self.read(Request("GET", address, self.authorization()), self._read_list)
        return [StartedJob(JobRef(job_id, operation), snapshot) for job_id, snapshot in found]

    def parse_callback(self, body: object) -> StartedJob:
        """Return the job in the body of a callback, with or without an envelope (callback)."""
        callback = responses.callback_object(body)
        task = responses.as_object(callback.get("data")) or callback
        task_id = responses.as_identifier(task.get("task_id"))
        if task_id is None:
            allowed = "the JSON of a callback: {task_id, task_status, task_result, ...}"
            raise errors.InvalidArgument(f"body must be {allowed}", field="body", value=body, allowed=allowed)
        return StartedJob(JobRef(task_id), self._read_job(task, callback))

    def _address(self, kind: str, job_id: str = "") -> str:
        return self.url(f"{self._videos}{kind}{'/' if job_id else ''}{quote(job_id, safe='', errors='surrogatepass')}")

    def _read_submission(self, response: Response) -> tuple[str, Snapshot]:
        """Return the new job's id and first snapshot (create.answer)."""
        return self._read_task(response)

    def _read_poll(self, response: Response) -> Snapshot:
        """Return the job's state (get.answer)."""
        return self._read_task(response)[1]

    def _read_task(self, response: Response) -> tuple[str, Snapshot]:
        """Return the id and the state of the task in a response."""
        envelope = self._open(response)
        return self._read_item(envelope.get("data"), envelope, response)

    def _read_list(self, response: Response) -> list[tuple[str, Snapshot]]:
        """Return the tasks of a list, which have no envelope of their own (routes.list)."""
        data = self._open(response).get("data")
        if not isinstance(data, list):
            raise self.refusal(errors.UnreadableAnswerError, "the data of the response is not a list", response)
        return [self._read_item(item, item, response) for item in cast("list[object]", data)]

    def _read_item(self, data: object, raw: object, response: Response) -> tuple[str, Snapshot]:
        task = responses.as_object(data)
        return self.required_id(task, "data.task_id", response), self._read_job(task, raw)

    def _read_job(self, task: Mapping[str, Any], raw: object) -> Snapshot:
        """Return the state of one task (status.values, get.answer, get.before_success)."""
        status = task.get("task_status")
        state = STATES.get(status, JobState.UNKNOWN) if isinstance(status, str) else JobState.UNKNOWN
        reason = str(task.get("task_status_msg") or "") or None
        info = responses.as_object(task.get("task_info"))
        videos = responses.as_list(responses.as_object(task.get("task_result")).get("videos"))
        urls = [responses.as_text(responses.as_object(video).get("url")) for video in videos]
        return Snapshot(
            state,
            state_raw=status if isinstance(status, (int, str)) else None,
            media=tuple(Media(url, "video") for url in urls if url),
            reason=reason,
            failure=responses.content_failure(state, reason, pattern=_CONTENT_POLICY),
            raw=raw,
            # A job may also be polled by the caller's own name for it (routes.kind).
            named=responses.identifiers(task.get("task_id"), info.get("external_task_id")),
        )

    def _open(self, response: Response) -> dict[str, Any]:
        """Return the envelope of a response; its code decides, and the HTTP status only without one (envelope).

        Raises:
            ApiError: The code refuses, or the response is not an envelope.
        """
        envelope = responses.json_object(response)
        code = _code(envelope.get("code"))
        if code is None:
            kind = responses.kind_by_status(response.status)
            message = f"the response is not a {{code, message, request_id, data}} envelope (HTTP {response.status})"
            raise self.refusal(kind, message, response)
        if code != 0:
            raise self._refused(response, envelope, code)
        return envelope

    def _refused(self, response: Response, envelope: Mapping[str, Any], code: int | str) -> errors.ApiError:
        """Return the error for a code, or else for the HTTP status (errors.table, errors.gateway)."""
        known = REFUSALS.get(code) if isinstance(code, int) else None
        kind = responses.kind_by_code(known, response.status)
        message = str(envelope.get("message") or f"refused with code {code}")
        request_id = envelope.get("request_id")
        named = request_id if isinstance(request_id, str) else None
        return self.refusal(kind, message, response, code=code, request_id=named)


def _code(value: object) -> int | str | None:
    """Return a code as a number, also one written as text; the gateway's own reasons (`NO_ENDPOINT`) stay text."""
    number = responses.as_integer(value)
    return responses.as_text(value) if number is None else number
