"""The conversation with Cloudsway: how it authorizes, answers and refuses, the same for both kinds of film.

Source: docs.cloudsway.net/maasapi/api-reference/video/kl, and Kling's own API pages; facts are cited by id.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlencode

from soundstage import errors
from soundstage._protocol import responses
from soundstage._protocol.service import Service, Settings
from soundstage._protocol.submission import Submission
from soundstage._values import validation
from soundstage._values.messages import Flow, Request, Response
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
_DIGITS = re.compile(r"[0-9]{1,6}\Z")


class CloudswayService(Service):
    """How Cloudsway authorizes, answers and refuses: the same for both kinds of film."""

    def __init__(self, key: Secret, endpoint: str, settings: Settings) -> None:
        self._key = key
        self._videos = f"/v1/ai/{quote(endpoint, safe='')}/kling/videos/"  # routes
        super().__init__(settings, {"key": key.reveal()})

    def authorization(self) -> Mapping[str, str]:
        """The header of every call (auth.bearer)."""
        return {"Authorization": f"Bearer {self._key.reveal()}"}

    def submit(self, operation: str, body: Mapping[str, Any]) -> Flow[StartedJob]:
        """Start a job (create.answer); parameters that are None are left out."""
        filled = {name: value for name, value in body.items() if value is not None}
        request = Request("POST", self._address(OPERATION_ROUTES[operation]), self.authorization(), filled, paid=True)
        return Submission(
            service=self,
            operation=operation,
            request=request,
            parse=self._read_submission,
            external_id=filled["external_task_id"],
        ).flow()

    def poll(self, ref: JobRef, timeout: float | None) -> Flow[Snapshot]:
        """Look at a job under its kind, or under both where a callback told of it, which says none (routes.kind)."""
        known = OPERATION_ROUTES.get(ref.operation or "")
        kinds = [known] if known else list(OPERATION_ROUTES.values())
        while True:
            kind = kinds.pop(0)
            request = Request("GET", self._address(kind, ref.id), self.authorization(), timeout=timeout)
            try:
                _, snapshot = yield from self.read_once(request, self._read_task)
            except errors.NotFoundError as absent:
                if absent.code != JOB_NOT_FOUND or not kinds:
                    raise
            else:
                return snapshot

    def find(self, unknown: errors.SubmitOutcomeUnknown) -> Flow[StartedJob | None]:
        """Look for a job by the caller's own name for it; that there is none is proven by 1203 alone (routes.kind)."""
        kind = OPERATION_ROUTES.get(unknown.operation or "")
        if kind is None or unknown.external_id is None:
            return (yield from super().find(unknown))
        address = self._address(kind, unknown.external_id)
        try:
            job_id, snapshot = yield from self.read(Request("GET", address, self.authorization()), self._read_task)
        except errors.NotFoundError as absent:
            if absent.code != JOB_NOT_FOUND:  # a proxy's own 404 proves nothing
                raise
            return None
        return StartedJob(JobRef(job_id, unknown.operation), snapshot)

    def list_jobs(self, operation: str, page: int, page_size: int) -> Flow[list[StartedJob]]:
        """The account's jobs of one kind (routes.list)."""
        kind = OPERATION_ROUTES[validation.choice("operation", operation, tuple(OPERATION_ROUTES))]
        number = validation.whole_number("page", page, least=1, most=MAX_PAGE)
        size = validation.whole_number("page_size", page_size, least=1, most=MAX_PAGE_SIZE)
        address = f"{self._address(kind)}?{urlencode({'pageNum': number, 'pageSize': size})}"
        found = yield from self.read(Request("GET", address, self.authorization()), self._read_list)
        return [StartedJob(JobRef(job_id, operation), snapshot) for job_id, snapshot in found]

    def parse_callback(self, body: object) -> StartedJob:
        """The task that a callback tells of, bare or in an envelope (callback)."""
        told = responses.as_object(_parsed(body))
        data = responses.as_object(told.get("data")) or told
        task_id = data.get("task_id")
        if not isinstance(task_id, str) or not task_id:
            allowed = "the JSON of a callback: {task_id, task_status, task_result, ...}"
            raise errors.InvalidArgument(f"body must be {allowed}", field="body", value=body, allowed=allowed)
        return StartedJob(JobRef(task_id), _read_job(data, told))

    def is_refusal(self, answer: errors.ApiError) -> bool:
        """Whether no job was begun for certain: a documented code says so, except where the service failed at work."""
        if answer.code in REFUSALS:
            return answer.code not in UNCERTAIN_CODES
        if isinstance(answer.code, int) and answer.code != answer.status:
            return False  # a code that nobody documents
        answers_itself = not isinstance(answer, (errors.ServerError, errors.UnreadableAnswerError))
        return answers_itself and answer.status is not None and answer.status >= responses.REFUSALS  # errors.gateway

    def _address(self, kind: str, job_id: str = "") -> str:
        return self.url(f"{self._videos}{kind}{'/' if job_id else ''}{quote(job_id, safe='')}")

    def _read_submission(self, response: Response) -> tuple[str, Snapshot]:
        job_id, snapshot = self._read_task(response)
        return job_id, snapshot

    def _read_task(self, response: Response) -> tuple[str, Snapshot]:
        """The task that an answer holds (create.answer, get.answer)."""
        answer = self._open(response)
        return self._read_item(answer.get("data"), answer, response)

    def _read_list(self, response: Response) -> list[tuple[str, Snapshot]]:
        """The tasks of a list, which is bare (routes.list)."""
        answer = self._open(response)
        data = answer.get("data")
        if not isinstance(data, list):
            raise self.refusal(errors.UnreadableAnswerError, "the answer's data is no list", response)
        return [self._read_item(one, one, response) for one in cast("list[object]", data)]

    def _read_item(self, data: object, answer: object, response: Response) -> tuple[str, Snapshot]:
        task = responses.as_object(data)
        task_id = task.get("task_id")
        if not isinstance(task_id, str) or not task_id:
            raise self.refusal(errors.UnreadableAnswerError, "the answer names no data.task_id", response)
        return task_id, _read_job(task, answer)

    def _open(self, response: Response) -> dict[str, Any]:
        """The envelope, if its code is 0: the code decides, and the HTTP status only where there is none (envelope).

        Raises:
            ApiError: The code is another, or the answer is no envelope.
        """
        try:
            answer = responses.as_object(response.json())
        except ValueError:
            answer = {}
        code = _code(answer.get("code"))
        if code == 0:
            return answer
        by_status = responses.kind_by_status(response.status)
        if code is None:
            told = f"an answer that is no {{code, message, request_id, data}} envelope (HTTP {response.status})"
            raise self.refusal(by_status, told, response)
        kind = REFUSALS.get(code) if isinstance(code, int) else None
        if kind is None:
            kind = errors.ApiError if response.status < responses.REFUSALS else by_status
        message, named = answer.get("message"), answer.get("request_id")
        request_id = named if isinstance(named, str) else None
        raise self.refusal(
            kind, str(message or f"refused with code {code}"), response, code=code, request_id=request_id
        )


def _code(value: object) -> int | str | None:
    """A code as a number, also where it comes as text; a reason of the gateway stays text."""
    if isinstance(value, str) and value:
        return int(value) if _DIGITS.match(value) else value
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _read_job(task: Mapping[str, Any], answer: object) -> Snapshot:
    """One task (status.values, get.answer, get.before_success)."""
    raw = task.get("task_status")
    state = STATES.get(raw, JobState.UNKNOWN) if isinstance(raw, str) else JobState.UNKNOWN
    reason = str(task.get("task_status_msg") or "") or None
    blocked = state is JobState.FAILED and reason is not None and _CONTENT_POLICY.search(reason)
    videos = responses.as_object(task.get("task_result")).get("videos")
    listed = cast("list[object]", videos) if isinstance(videos, list) else []
    found = [responses.as_object(one).get("url") for one in listed]
    return Snapshot(
        state,
        state_raw=raw if isinstance(raw, (int, str)) else None,
        media=tuple(Media(url, "video") for url in found if isinstance(url, str) and url),
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
