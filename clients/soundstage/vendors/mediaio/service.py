"""The conversation with Media.io: the key, the wrapper, the envelope, and results in every documented shape.

Source: the skill ``mediaio-aigc-generate``, other skills of the vendor's for the same API, and the pages of its
endpoints; facts are cited by id.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlsplit

from soundstage import errors
from soundstage._protocol import responses
from soundstage._protocol.service import Service, Settings
from soundstage._protocol.submission import Submission
from soundstage._values.messages import Flow, Request, Response
from soundstage._values.state import JobRef, JobState, Media, Snapshot, StartedJob
from soundstage._values.validation import is_web_address
from soundstage.vendors.mediaio import bodies
from soundstage.vendors.mediaio.endpoints import ENDPOINTS
from soundstage.vendors.mediaio.profile import CREDITS_ROUTE, MEDIA_KINDS, REFUSALS, RESULT_ROUTE, STATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from soundstage._protocol.credentials import Secret

_CONTENT_POLICY = re.compile(r"content[ _-]?policy", re.IGNORECASE)  # block
_URL_MEMBERS = ("preview", "url")
"""Members of a result that hold its address, the documented one first; `val` is a path of the vendor's own store."""


class MediaIOService(Service):
    """How Media.io authorizes, answers and refuses: the same for every endpoint."""

    def __init__(self, key: Secret, settings: Settings) -> None:
        self._key = key
        super().__init__(settings, {"key": key.reveal()})

    def authorization(self) -> Mapping[str, str]:
        """The header of every call (auth.header)."""
        return {"X-API-KEY": self._key.reveal()}

    def submit(self, method: str, given: Mapping[str, object]) -> Flow[StartedJob]:
        """Start a job by the endpoint that *method* calls (request.wrapper).

        Raises:
            InvalidArgument: Something that is given is not allowed; nothing was sent.
        """
        endpoint = ENDPOINTS[method]
        wrapped = {"data": bodies.body(endpoint, given)}
        request = Request("POST", self.url(endpoint.path), self.authorization(), wrapped, paid=True)
        return Submission(service=self, operation=method, request=request, parse=self._read_submission).flow()

    def poll(self, ref: JobRef, timeout: float | None) -> Flow[Snapshot]:
        """Look at a job (result.route): its id stands in the path."""
        path = RESULT_ROUTE + quote(ref.id, safe="")
        if not ref.id.strip("."):  # a path of dots alone would be taken for a step up
            path = RESULT_ROUTE + ref.id.replace(".", "%2E")
        request = Request("POST", self.url(path), self.authorization(), {}, timeout=timeout)
        endpoint = ENDPOINTS.get(ref.operation or "")
        return self.read_once(request, lambda response: self._read_poll(response, endpoint))

    def credits(self) -> Flow[int]:
        """How many credits are left (credits.route)."""
        request = Request("POST", self.url(CREDITS_ROUTE), self.authorization(), {})
        return self.read(request, self._read_credits)

    def _read_submission(self, response: Response) -> tuple[str, Snapshot]:
        """The task's id (create.answer)."""
        answer, data = self._open(response)
        task_id = data.get("task_id")
        if not isinstance(task_id, str) or not task_id:
            raise self._unreadable("the answer names no data.task_id", response, answer)
        return task_id, Snapshot(JobState.QUEUED, raw=answer)

    def _read_poll(self, response: Response, endpoint: bodies.Endpoint | None) -> Snapshot:
        """What the task says (result.shape)."""
        answer, data = self._open(response)
        if "status" not in data:
            raise self._unreadable("the answer has no data.status", response, answer)
        return _read_job(data, answer, endpoint)

    def _read_credits(self, response: Response) -> int:
        answer, data = self._open(response)
        told = data.get("credits")
        if not isinstance(told, int) or isinstance(told, bool):
            raise self._unreadable("the answer has no data.credits", response, answer)
        return told

    def _open(self, response: Response) -> tuple[dict[str, Any], dict[str, Any]]:
        """The answer, and the data in its envelope (envelope).

        Raises:
            ApiError: It refuses by its code, or is no envelope; the HTTP status then says what it is.
        """
        try:
            answer = responses.as_object(response.json())
        except ValueError:
            answer = {}
        code = answer.get("code")
        if not isinstance(code, int) or isinstance(code, bool):
            kind = responses.kind_by_status(response.status)
            raise self._unreadable(
                f"an answer that is no {{code, msg, data}} envelope (HTTP {response.status})", response, answer, kind
            )
        if code != 0:
            raise self._refused(response, answer, code)
        return answer, responses.as_object(answer.get("data"))

    def _refused(self, response: Response, answer: Mapping[str, Any], code: int) -> errors.ApiError:
        """The refusal that a code stands for, or else its HTTP status (errors.http_status)."""
        kind = REFUSALS.get(code)
        if kind is None:
            passed = response.status < responses.REFUSALS
            kind = errors.ApiError if passed else responses.kind_by_status(response.status)
        message = str(answer.get("msg") or f"refused with code {code}")
        return self.refusal(kind, message, response, code=code, request_id=_trace_id(answer))

    def is_refusal(self, answer: errors.ApiError) -> bool:
        """Whether no task was made: a documented code says so, and an undocumented one with no server error does."""
        if answer.code in REFUSALS:
            return True
        return super().is_refusal(answer) and not isinstance(answer, errors.ServerError)

    def _unreadable(
        self,
        message: str,
        response: Response,
        answer: Mapping[str, Any],
        kind: type[errors.ApiError] = errors.UnreadableAnswerError,
    ) -> errors.ApiError:
        return self.refusal(kind, message, response, request_id=_trace_id(answer))


def _trace_id(answer: Mapping[str, Any]) -> str | None:
    trace = answer.get("trace_id")
    return trace if isinstance(trace, str) and trace else None


def _read_job(data: Mapping[str, Any], answer: object, endpoint: bodies.Endpoint | None) -> Snapshot:
    """One task of the result route, in either vocabulary (status.vocabulary)."""
    raw = data.get("status")
    state = STATES.get(raw, JobState.UNKNOWN) if isinstance(raw, str) else JobState.UNKNOWN
    reason = str(data.get("reason") or "") or None
    blocked = state is JobState.FAILED and reason is not None and _CONTENT_POLICY.search(reason)
    addresses = _addresses(data.get("result")) if state is JobState.SUCCEEDED else ()
    return Snapshot(
        state,
        state_raw=raw if isinstance(raw, (int, str)) else None,
        media=tuple(Media(url, endpoint.kind if endpoint else _kind(url)) for url in dict.fromkeys(addresses)),
        reason=reason,
        failure=errors.ContentFiltered if blocked else None,
        raw=answer,
    )


def _addresses(result: object) -> Iterator[str]:
    """The addresses in a result: an array of {val, preview, status}, an object, or a bare list of addresses."""
    if isinstance(result, str):
        if is_web_address(result):
            yield result
    elif isinstance(result, list):
        for one in cast("list[object]", result):
            yield from _addresses(one)
    elif isinstance(result, dict):
        yield from _of_object(cast("dict[str, object]", result))


def _of_object(result: Mapping[str, object]) -> Iterator[str]:
    """The address that an object names as its own, or else all that it holds: the page names no member."""
    for name in _URL_MEMBERS:
        own = list(_addresses(result.get(name)))
        if own:
            yield from own
            return
    for value in result.values():
        yield from _addresses(value)


def _kind(url: str) -> str:
    """What stands at *url*, by its ending."""
    return MEDIA_KINDS.get(urlsplit(url).path.rpartition(".")[2].lower(), "file")
