"""A service with one API key whose requests and responses are JSON objects: what most vendors' services share.

A vendor adds its routes and `_read_job`; whatever it documents otherwise, it overrides.
"""

from __future__ import annotations

from abc import abstractmethod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from soundstage import errors
from soundstage._protocol import responses
from soundstage._protocol.service import Service, Settings
from soundstage._protocol.spending import known
from soundstage._protocol.submission import Submission
from soundstage._values.messages import Flow, Request, Response
from soundstage._values.state import JobRef, JobState, Media, Snapshot, StartedJob

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from soundstage._protocol.credentials import Secret


class JsonService(Service):
    """A service with one API key and JSON objects in both directions.

    Attributes:
        scheme: The word before the key in the header Authorization.
        states: Each documented state word and what it means; any other word is `JobState.UNKNOWN`.
        codes: Each documented code of a refusal and its error; others are read by the HTTP status.
        job_path: The path that polls a job; ``{}`` stands for its id.
        id_path: Where the response to a submission has the job's id, such as "data.task_id".
    """

    scheme: ClassVar[str] = "Bearer"
    states: ClassVar[Mapping[str, JobState]] = MappingProxyType({})
    codes: ClassVar[Mapping[str, type[errors.ApiError]]] = MappingProxyType({})
    job_path: ClassVar[str] = ""
    id_path: ClassVar[str] = "id"

    def __init__(self, key: Secret, settings: Settings) -> None:
        self._key = key
        super().__init__(settings, {"key": key.reveal()})

    def authorization(self) -> Mapping[str, str]:
        """Return the key in the header Authorization."""
        return {"Authorization": f"{self.scheme} {self._key.reveal()}"}

    def submit(self, *args: Any, **kwargs: Any) -> Flow[Any]:
        """Do as `start`; a vendor that prepares a submission overrides this."""
        return self.start(*args, **kwargs)

    def start(
        self, operation: str, path: str, body: Mapping[str, Any], price: Decimal | None = None
    ) -> Flow[StartedJob]:
        """Start a job with a POST of *body*.

        Args:
            operation: The client's method.
            path: The path below the address of the service.
            body: The JSON body.
            price: The documented price in the vendor's unit; None where none is documented.
        """
        request = Request("POST", self.url(path), self.authorization(), body, paid=True)
        return Submission(
            service=self,
            operation=operation,
            request=request,
            parse=self._read_submission,
            price=None if price is None else lambda: known(price),
        ).flow()

    def poll(self, ref: JobRef, timeout: float | None) -> Flow[Snapshot]:
        """Poll a job once with a GET of `job_path`, within *timeout* seconds."""
        path = self.job_path.format(quote(ref.id, safe="", errors="surrogatepass"))
        request = Request("GET", self.url(path), self.authorization(), timeout=timeout)
        return self.read_once(request, lambda response: self._read_job(self._open(response)))

    def snapshot(
        self,
        data: Mapping[str, Any],
        word: object,
        *,
        media: tuple[Media, ...] = (),
        reason: str | None = None,
        job_id: object = None,
    ) -> Snapshot:
        """Return the state of a job.

        Args:
            data: The object in the response, which becomes `job.raw`.
            word: The state word in it; one that is not text is no state.
            media: The files of a success.
            reason: The service's text about a failure.
            job_id: The id of the job in the response, None where there is none.
        """
        text = word if isinstance(word, str) else None
        state = self.states.get(text or "", JobState.UNKNOWN)
        failure = responses.content_failure(state, reason)
        named = responses.identifiers(job_id)
        return Snapshot(state, text, media=media, reason=reason, failure=failure, raw=data, named=named)

    @abstractmethod
    def _read_job(self, data: Mapping[str, Any]) -> Snapshot:
        """Return the state of the job in the object of a response, most often by `snapshot`."""

    def parse_job(self, body: object, allowed: str) -> StartedJob:
        """Return the job in the body of a callback that has what a poll has, with its id in ``id``.

        Raises:
            InvalidArgument: There is no id; the message has *allowed*.
        """
        data = responses.callback_object(body)
        job_id = responses.as_identifier(data.get("id"))
        if job_id is None:
            raise errors.InvalidArgument(f"body must be {allowed}", field="body", value=body, allowed=allowed)
        return StartedJob(JobRef(job_id), self._read_job(data))

    def _read_submission(self, response: Response) -> tuple[str, Snapshot]:
        """Return the id of the new job, which is queued whatever else the response has."""
        data = self._open(response)
        inner = data
        for name in self.id_path.split(".")[:-1]:
            inner = responses.as_object(inner.get(name))
        return self.required_id(inner, self.id_path, response), Snapshot(JobState.QUEUED, raw=data)

    def _open(self, response: Response) -> dict[str, Any]:
        """Return the object in a response.

        Raises:
            ApiError: The service refused, or the response is no JSON object with members.
        """
        if response.status >= responses.REFUSALS:
            raise self._refused(response)
        data = responses.json_object(response)
        if response.status not in responses.SUCCESSES or not data:
            raise self.refusal(errors.UnreadableAnswerError, "the response is not a JSON object", response)
        return data

    def _refused(self, response: Response, *_: Any, **__: Any) -> errors.ApiError:
        """Return the error for the code of a refusal, or else for its HTTP status."""
        code, message = self._error(responses.json_object(response))
        kind = responses.kind_by_code(self.codes.get(code or ""), response.status)
        return self.refusal(kind, message or f"refused with HTTP {response.status}", response, code=code)

    def _error(self, data: Mapping[str, Any]) -> tuple[str | None, str | None]:
        """Return code and message of a refusal: those of ``{"error": {"code": ..., "message": ...}}`` by default."""
        error = responses.as_object(data.get("error"))
        return responses.as_text(error.get("code")), responses.as_text(error.get("message"))
