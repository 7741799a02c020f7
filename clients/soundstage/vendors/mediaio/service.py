"""Media.io's protocol: authentication, submissions, polls, the balance and refusals, the same for every endpoint.

Source: the skill ``mediaio-aigc-generate``, other skills of the vendor's for the same API, and the pages of its
endpoints; facts are cited by id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from soundstage import errors
from soundstage._protocol import responses
from soundstage._protocol.service import Service, Settings
from soundstage._protocol.submission import Submission
from soundstage._values.media_type import kind_by_suffix
from soundstage._values.messages import Flow, Request, Response
from soundstage._values.state import JobRef, JobState, Media, Snapshot, StartedJob
from soundstage._values.validation import is_web_address
from soundstage.vendors.mediaio import bodies
from soundstage.vendors.mediaio.endpoints import ENDPOINTS
from soundstage.vendors.mediaio.profile import CREDITS_ROUTE, REFUSALS, RESULT_ROUTE, STATES, URL_MEMBERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from soundstage._protocol.credentials import Secret


class MediaIOService(Service):
    """Media.io's API, as one client uses it."""

    def __init__(self, key: Secret, settings: Settings) -> None:
        self._key = key
        super().__init__(settings, {"key": key.reveal()})

    def authorization(self) -> Mapping[str, str]:
        """Return the header of every call (auth.header)."""
        return {"X-API-KEY": self._key.reveal()}

    def is_refusal(self, answer: errors.ApiError) -> bool:
        """Whether no task was made."""
        # The documents list no HTTP status for refusals, so a documented code counts beside any status, also 408.
        return answer.code in REFUSALS or super().is_refusal(answer)

    def submit(self, method: str, given: Mapping[str, object]) -> Flow[StartedJob]:
        """Start a job at the endpoint of *method* (request.wrapper).

        Raises:
            InvalidArgument: A parameter is not allowed; nothing was sent.
        """
        endpoint = ENDPOINTS[method]
        wrapped = {"data": bodies.body(endpoint, given)}
        request = Request("POST", self.url(endpoint.path), self.authorization(), wrapped, paid=True)
        return Submission(service=self, operation=method, request=request, parse=self._read_submission).flow()

    def poll(self, ref: JobRef, timeout: float | None) -> Flow[Snapshot]:
        """Poll a job once (result.route): its id is part of the path."""
        path = RESULT_ROUTE + quote(ref.id, safe="", errors="surrogatepass")
        if not ref.id.strip("."):  # a segment of dots alone means the folder above, also to the HTTP client
            path = RESULT_ROUTE + ref.id.replace(".", "%2E")
        request = Request("POST", self.url(path), self.authorization(), {}, timeout=timeout)
        endpoint = ENDPOINTS.get(ref.operation or "")
        return self.read_once(request, lambda response: self._read_poll(response, endpoint))

    def credits(self) -> Flow[int]:
        """Return how many credits are left (credits.route)."""
        request = Request("POST", self.url(CREDITS_ROUTE), self.authorization(), {})
        return self.read(request, self._read_credits)

    def _read_submission(self, response: Response) -> tuple[str, Snapshot]:
        """Return the new job's id and first snapshot (create.answer)."""
        envelope, data = self._open(response)
        task_id = responses.as_identifier(data.get("task_id"))
        if task_id is None:
            raise self._unreadable("the response has no data.task_id", response, envelope)
        return task_id, Snapshot(JobState.QUEUED, raw=envelope)

    def _read_poll(self, response: Response, endpoint: bodies.Endpoint | None) -> Snapshot:
        """Return the job's state (result.shape)."""
        envelope, data = self._open(response)
        if "status" not in data:
            raise self._unreadable("the response has no data.status", response, envelope)
        return self._read_job(data, envelope, endpoint)

    def _read_job(self, task: Mapping[str, Any], raw: object, endpoint: bodies.Endpoint | None) -> Snapshot:
        """Return the state of one task, in either vocabulary (status.vocabulary)."""
        status = task.get("status")
        state = STATES.get(status, JobState.UNKNOWN) if isinstance(status, str) else JobState.UNKNOWN
        reason = str(task.get("reason") or "") or None
        urls = dict.fromkeys(_addresses(task.get("result")))
        return Snapshot(
            state,
            state_raw=status if isinstance(status, (int, str)) else None,
            # A job made from its id alone has no endpoint; the suffix then determines what the file is.
            media=tuple(
                Media(url, endpoint.kind if endpoint else kind_by_suffix(url) or "file", guessed=endpoint is None)
                for url in urls
            ),
            reason=reason,
            failure=responses.content_failure(state, reason),
            raw=raw,
            named=responses.identifiers(task.get("task_id")),
        )

    def _read_credits(self, response: Response) -> int:
        envelope, data = self._open(response)
        left = responses.as_integer(data.get("credits"))
        if left is None:
            raise self._unreadable("the response has no data.credits", response, envelope)
        return left

    def _open(self, response: Response) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the envelope of a response, and the data in it (envelope).

        Raises:
            ApiError: The code refuses, or the response is not an envelope; then the HTTP status decides.
        """
        envelope = responses.json_object(response)
        code = responses.as_integer(envelope.get("code"))
        if code is None:
            kind = responses.kind_by_status(response.status)
            message = f"the response is not a {{code, msg, data}} envelope (HTTP {response.status})"
            raise self._unreadable(message, response, envelope, kind)
        if code != 0:
            raise self._refused(response, envelope, code)
        return envelope, responses.as_object(envelope.get("data"))

    def _refused(self, response: Response, envelope: Mapping[str, Any], code: int) -> errors.ApiError:
        """Return the error for a code, or else for the HTTP status (errors.http_status)."""
        kind = responses.kind_by_code(REFUSALS.get(code), response.status)
        message = str(envelope.get("msg") or f"refused with code {code}")
        return self.refusal(kind, message, response, code=code, request_id=_trace_id(envelope))

    def _unreadable(
        self,
        message: str,
        response: Response,
        envelope: Mapping[str, Any],
        kind: type[errors.ApiError] = errors.UnreadableAnswerError,
    ) -> errors.ApiError:
        return self.refusal(kind, message, response, request_id=_trace_id(envelope))


def _trace_id(envelope: Mapping[str, Any]) -> str | None:
    return responses.as_text(envelope.get("trace_id"))


def _addresses(result: object) -> Iterator[str]:
    """Yield the addresses in a result: an array of {val, preview, status}, an object, or a bare list of addresses."""
    if isinstance(result, str):
        if is_web_address(result) or result.startswith("data:"):
            yield result
    elif isinstance(result, list):
        for item in cast("list[object]", result):
            yield from _addresses(item)
    elif isinstance(result, dict):
        yield from _object_addresses(cast("dict[str, object]", result))


def _object_addresses(result: Mapping[str, object]) -> Iterator[str]:
    """Yield the address in the documented member of an object, or else all addresses in it.

    The page states only that the result is an object and names no member of it.
    """
    for name in URL_MEMBERS:
        own = list(_addresses(result.get(name)))
        if own:
            yield from own
            return
    for value in result.values():
        yield from _addresses(value)
