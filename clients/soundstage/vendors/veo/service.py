"""The conversation with the proxy, or with Google: how it authorizes, answers and refuses.

Source: the page and the script of the proxy at api.thucchien.ai, google-genai 2.34.0 and litellm 1.109.1; facts are
cited by id.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlsplit

from soundstage import errors
from soundstage._protocol import responses
from soundstage._protocol.service import Service, Settings
from soundstage._protocol.submission import Submission
from soundstage._values.messages import Flow, Request, Response
from soundstage._values.state import JobRef, JobState, Media, Snapshot, StartedJob
from soundstage.vendors.veo.profile import (
    DOWNLOAD_ROUTE,
    GOOGLE_HOST,
    INVALID_KEY_REASON,
    PROXY_REFUSALS,
    REFUSALS,
    UNAVAILABLE,
    VERSION,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from soundstage._protocol.credentials import Secret

_DELAY = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)s\Z")
_SHORT_NUMBER = re.compile(r"[0-9]{3}\Z")


class VeoService(Service):
    """How proxy and host authorize, answer and refuse."""

    def __init__(self, key: Secret, settings: Settings) -> None:
        self._key = key
        base_url = settings.base_url.removesuffix(VERSION)  # the vendor's script has it there, others have not (env)
        super().__init__(replace(settings, base_url=base_url), {"key": key.reveal()})

    def authorization(self) -> Mapping[str, str]:
        """The key (auth.header)."""
        return {"x-goog-api-key": self._key.reveal()}

    def submit(self, operation: str, model: str, body: Mapping[str, object]) -> Flow[StartedJob]:
        """Start a film (create.route)."""
        url = self.url(f"{VERSION}/models/{model}:predictLongRunning")
        request = Request("POST", url, self.authorization(), body, paid=True)
        return Submission(service=self, operation=operation, request=request, parse=self._read_submission).flow()

    def poll(self, ref: JobRef, timeout: float | None) -> Flow[Snapshot]:
        """Look at an operation (poll.route): its name is its address."""
        url = self.url(f"{VERSION}/{quote(ref.id, safe='/:')}")
        return self.read_once(Request("GET", url, self.authorization(), timeout=timeout), self._read_poll)

    def _read_submission(self, response: Response) -> tuple[str, Snapshot]:
        """The operation's name (create.route).

        Raises:
            ApiError: It was refused; without a code, where nothing proves that no film was begun.
        """
        try:
            answer = self._open(response)
        except errors.ServerError as trouble:
            if trouble.code != UNAVAILABLE:  # errors.unknown_outcome
                trouble.code = None
            raise
        name = answer.get("name")
        if not isinstance(name, str) or not name:
            raise self.refusal(errors.UnreadableAnswerError, "the answer names no operation", response)
        return name, Snapshot(JobState.QUEUED, raw=answer)

    def _read_poll(self, response: Response) -> Snapshot:
        """What an operation says (poll.done, poll.error, poll.filtered); its error is looked for first."""
        answer = self._open(response)
        done, trouble = answer.get("done"), responses.as_object(answer.get("error"))
        raw = done if isinstance(done, bool) else None
        if trouble:
            reason, code = str(trouble.get("message") or "the operation ended with an error"), trouble.get("code")
            told = code if isinstance(code, (int, str)) else None
            return Snapshot(JobState.FAILED, state_raw=raw, reason=reason, code=told, raw=answer)
        if done is not True:
            if not isinstance(answer.get("name"), str):
                raise self.refusal(errors.UnreadableAnswerError, "the answer is no operation", response)
            return Snapshot(JobState.RUNNING, state_raw=raw, raw=answer)
        return self._read_ended(answer)

    def _read_ended(self, answer: Mapping[str, Any]) -> Snapshot:
        """The films of an operation that is done, and why others are withheld (poll.done, poll.filtered)."""
        response = responses.as_object(answer.get("response"))
        told = responses.as_object(response.get("generateVideoResponse")) or response
        media = tuple(Media(self._fetchable(uri), "video") for uri in _uris(told))
        withheld = told.get("raiMediaFilteredCount") or told.get("raiMediaFilteredReasons")
        reason = "; ".join(dict.fromkeys(_texts(told.get("raiMediaFilteredReasons")))) or None
        if media or not withheld:
            return Snapshot(JobState.SUCCEEDED, state_raw=True, media=media, reason=reason, raw=answer)
        reason = reason or f"films were withheld ({withheld}), and no reason was given"
        return Snapshot(JobState.FAILED, state_raw=True, reason=reason, failure=errors.ContentFiltered, raw=answer)

    def _fetchable(self, uri: str) -> str:
        """Where a film can be fetched with this client's key: behind a proxy, through it (download.through_proxy)."""
        path = uri.removeprefix(GOOGLE_HOST)
        if path == uri or not path.startswith("/") or _at_google(self.settings.base_url):
            return uri
        return self.url(path if path.startswith(f"{DOWNLOAD_ROUTE}/") else DOWNLOAD_ROUTE + path)

    def _open(self, response: Response) -> dict[str, Any]:
        """The object in an answer.

        Raises:
            ApiError: It is a refusal, or no object at all.
        """
        try:
            answer = responses.as_object(response.json())
        except ValueError:
            answer = {}
        if response.status >= responses.REFUSALS:
            raise self._refused(response, responses.as_object(answer.get("error")))
        if response.status != 200 or not answer:  # noqa: PLR2004 - the one status of an answer
            said = f"an answer that is no JSON object (HTTP {response.status})"
            raise self.refusal(errors.UnreadableAnswerError, said, response)
        return answer

    def _refused(self, response: Response, told: Mapping[str, Any]) -> errors.ApiError:
        """The refusal in either envelope, or else what the HTTP status stands for (errors.google, errors.proxy)."""
        word, of_proxy, number = told.get("status"), told.get("type"), told.get("code")
        details = [responses.as_object(detail) for detail in _items(told.get("details"))]
        kind = (
            REFUSALS.get(str(word))
            or PROXY_REFUSALS.get(str(of_proxy))
            or responses.kind_by_status(_status(number, response))
        )
        if any(detail.get("reason") == INVALID_KEY_REASON for detail in details):
            kind = errors.AuthenticationError
        code = next((name for name in (word, of_proxy, number) if isinstance(name, (str, int)) and name), None)
        message = str(told.get("message") or f"refused with HTTP {response.status}")
        refusal = self.refusal(kind, message, response, code=code)
        if refusal.retry_after is None:
            refusal.retry_after = _delay(details)
        return refusal


def _at_google(base_url: str) -> bool:
    return urlsplit(base_url).hostname == urlsplit(GOOGLE_HOST).hostname


def _status(code: object, response: Response) -> int:
    """The HTTP status that a refusal names, in either envelope's type, or else the one that it came with."""
    if isinstance(code, str) and _SHORT_NUMBER.match(code):
        return int(code)
    return code if isinstance(code, int) and code >= responses.REFUSALS else response.status


def _delay(details: list[dict[str, Any]]) -> float | None:
    """Seconds that a RetryInfo asks to wait, if there is one (errors.google)."""
    for detail in details:
        found = _DELAY.match(str(detail.get("retryDelay", "")))
        if found:
            return float(found[1])
    return None


def _uris(told: Mapping[str, Any]) -> Iterator[str]:
    for sample in _items(told.get("generatedSamples")):
        uri = responses.as_object(responses.as_object(sample).get("video")).get("uri")
        if isinstance(uri, str) and uri:
            yield uri


def _texts(value: object) -> Iterator[str]:
    return (text for text in _items(value) if isinstance(text, str) and text)


def _items(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []
