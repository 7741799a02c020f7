"""Veo's protocol, on the proxy and on Google's host: authentication, submissions, polls, downloads and refusals.

Source: the page and the script of the proxy at api.thucchien.ai, google-genai 2.34.0 and litellm 1.109.1; facts are
cited by id.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from soundstage import errors
from soundstage._protocol import responses
from soundstage._protocol.service import Service, Settings
from soundstage._protocol.spending import known, unknown
from soundstage._protocol.submission import Submission
from soundstage._values.messages import Flow, Request, Response
from soundstage._values.state import JobRef, JobState, Media, Snapshot, StartedJob
from soundstage.vendors.veo.profile import (
    DEFAULT_DURATION,
    DEFAULT_RESOLUTION,
    DOWNLOAD_ROUTE,
    GOOGLE_HOST,
    INVALID_KEY_REASON,
    PRICES,
    PROXY_REFUSALS,
    REFUSALS,
    VERSION,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from soundstage._protocol.credentials import Secret

_DELAY = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)s\Z")
_HTTP_STATUS = re.compile(r"[0-9]{3}\Z")


class VeoService(Service):
    """The proxy, or Google's host, as one client uses it."""

    def __init__(self, key: Secret, settings: Settings) -> None:
        self._key = key
        # The vendor's script has the version in its base address, the SDKs have not (env); the routes add it once.
        base_url = settings.base_url.removesuffix(VERSION)
        super().__init__(replace(settings, base_url=base_url), {"key": key.reveal()})

    def authorization(self) -> Mapping[str, str]:
        """Return the header with the key (auth.header)."""
        return {"x-goog-api-key": self._key.reveal()}

    def submit(self, operation: str, model: str, body: Mapping[str, object]) -> Flow[StartedJob]:
        """Start a video (create.route)."""
        url = self.url(f"{VERSION}/models/{model}:predictLongRunning")
        request = Request("POST", url, self.authorization(), body, paid=True)
        return Submission(
            service=self,
            operation=operation,
            request=request,
            parse=self._read_submission,
            price=lambda: self._price(operation, model, responses.as_object(body.get("parameters"))),
        ).flow()

    def _price(self, operation: str, model: str, parameters: Mapping[str, Any]) -> Flow[Decimal]:
        """Return the price of every second that a body requests; a proxy has prices of its own (price.google)."""
        if not _is_google(self.settings.base_url):
            return unknown(self.profile, operation, "a proxy has prices of its own")
        resolution = parameters.get("resolution", DEFAULT_RESOLUTION)
        rate = PRICES.get(model, {}).get(resolution)
        if rate is None:
            return unknown(self.profile, operation, f"no document states it for {model} in {resolution}")
        seconds = int(parameters.get("durationSeconds", DEFAULT_DURATION)) * int(parameters.get("sampleCount", 1))
        return known(rate * seconds)

    def poll(self, ref: JobRef, timeout: float | None) -> Flow[Snapshot]:
        """Poll an operation once (poll.route)."""
        # The name of an operation is its path, "models/{model}/operations/{id}", so its slashes stay as they are.
        url = self.url(f"{VERSION}/{quote(ref.id, safe='/:', errors='surrogatepass')}")
        return self.read_once(Request("GET", url, self.authorization(), timeout=timeout), self._read_poll)

    def is_named(self, ref: JobRef, name: str) -> bool:
        """Whether *name* is the operation's: its last part is the id, and a proxy may shorten the path before it."""
        return name.rpartition("/")[2] == ref.id.rpartition("/")[2]

    def _read_submission(self, response: Response) -> tuple[str, Snapshot]:
        """Return the operation's name, which is the job's id, and its first snapshot (create.route)."""
        operation = self._open(response)
        return self.required_text(operation, "name", response), Snapshot(JobState.QUEUED, raw=operation)

    def _read_poll(self, response: Response) -> Snapshot:
        """Return the operation's state (poll.done, poll.error)."""
        operation = self._open(response)
        ended = operation.get("done") is True or responses.as_object(operation.get("error"))
        if not ended and not isinstance(operation.get("name"), str):
            raise self.refusal(errors.UnreadableAnswerError, "the response is not an operation", response)
        return replace(self._read_job(operation), named=responses.identifiers(operation.get("name")))

    def _read_job(self, operation: Mapping[str, Any]) -> Snapshot:
        """Return the state of one operation; its error is read first, as one may come with `done` or without it."""
        done, error = operation.get("done"), responses.as_object(operation.get("error"))
        raw = done if isinstance(done, bool) else None
        if error:
            reason = str(error.get("message") or "the operation ended with an error")
            code = error.get("code")
            known = code if isinstance(code, (int, str)) else None
            return Snapshot(JobState.FAILED, state_raw=raw, reason=reason, code=known, raw=operation)
        if done is not True:
            return Snapshot(JobState.RUNNING, state_raw=raw, raw=operation)
        return self._read_ended(operation)

    def _read_ended(self, operation: Mapping[str, Any]) -> Snapshot:
        """Return the videos of an operation that is done, and why others are withheld (poll.done, poll.filtered)."""
        response = responses.as_object(operation.get("response"))
        result = responses.as_object(response.get("generateVideoResponse")) or response
        media = tuple(Media(self._fetchable(uri), "video") for uri in _uris(result))
        withheld = result.get("raiMediaFilteredCount") or result.get("raiMediaFilteredReasons")
        reasons = filter(None, map(responses.as_text, responses.as_list(result.get("raiMediaFilteredReasons"))))
        reason = "; ".join(dict.fromkeys(reasons)) or None
        if media or not withheld:
            return Snapshot(JobState.SUCCEEDED, state_raw=True, media=media, reason=reason, raw=operation)
        reason = reason or f"videos were withheld ({withheld}) without a reason"
        return Snapshot(JobState.FAILED, state_raw=True, reason=reason, failure=errors.ContentFiltered, raw=operation)

    def _fetchable(self, uri: str) -> str:
        """Return where a video can be downloaded with this client's key (download.through_proxy)."""
        # An operation names Google's address. Behind a proxy the client has only the proxy's key, which must not be
        # shown to Google, so it requests the same path from the proxy.
        path = uri.removeprefix(GOOGLE_HOST)
        if path == uri or not path.startswith("/") or _is_google(self.settings.base_url):
            return uri
        return self.url(path if path.startswith(f"{DOWNLOAD_ROUTE}/") else DOWNLOAD_ROUTE + path)

    def _open(self, response: Response) -> dict[str, Any]:
        """Return the object in a response.

        Raises:
            ApiError: The service refused, or the response is not an object.
        """
        body = responses.json_object(response)
        if response.status >= responses.REFUSALS:
            raise self._refused(response, responses.as_object(body.get("error")))
        if response.status not in responses.SUCCESSES or not body:
            message = f"the response is not a JSON object (HTTP {response.status})"
            raise self.refusal(errors.UnreadableAnswerError, message, response)
        return body

    def _refused(self, response: Response, error: Mapping[str, Any]) -> errors.ApiError:
        """Return the error for either envelope, or else for the HTTP status (errors.google, errors.proxy)."""
        word, proxy_type, number = error.get("status"), error.get("type"), error.get("code")
        details = [responses.as_object(detail) for detail in responses.as_list(error.get("details"))]
        kind = REFUSALS.get(str(word)) or PROXY_REFUSALS.get(str(proxy_type))
        kind = kind or responses.kind_by_status(_status(number, response))
        # Google reports a wrong key as INVALID_ARGUMENT; the reason in the details separates it from a bad request.
        if any(detail.get("reason") == INVALID_KEY_REASON for detail in details):
            kind = errors.AuthenticationError
        code = next((name for name in (word, proxy_type, number) if isinstance(name, (str, int)) and name), None)
        message = str(error.get("message") or f"refused with HTTP {response.status}")
        refusal = self.refusal(kind, message, response, code=code)
        if refusal.retry_after is None:
            refusal.retry_after = _delay(details)
        return refusal


def _is_google(base_url: str) -> bool:
    return urlsplit(base_url).hostname == urlsplit(GOOGLE_HOST).hostname


def _status(code: object, response: Response) -> int:
    """Return the HTTP status in a refusal, a string in the proxy's envelope, or else that of the response."""
    if isinstance(code, str) and _HTTP_STATUS.match(code):
        return int(code)
    return code if isinstance(code, int) and code >= responses.REFUSALS else response.status


def _delay(details: list[dict[str, Any]]) -> float | None:
    """Return the seconds to wait of a RetryInfo, if there is one (errors.google)."""
    for detail in details:
        found = _DELAY.match(str(detail.get("retryDelay", "")))
        if found:
            return float(found[1])
    return None


def _uris(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the address of each video; one that the response contains has a data: address (result.uri).

    google-genai reads `encodedVideo` and `encoding`, which the host sends in place of an address.
    """
    for sample in responses.as_list(result.get("generatedSamples")):
        video = responses.as_object(responses.as_object(sample).get("video"))
        if uri := responses.as_text(video.get("uri")):
            yield uri
        elif encoded := responses.as_text(video.get("encodedVideo")):
            yield f"data:{responses.as_text(video.get('encoding')) or 'video/mp4'};base64,{encoded}"
