"""GMI Cloud's protocol, on both faces: login or key, submissions, prices, polls, models and refusals.

Source: the vendor's guide, its package gmicloud 0.1.10 and docs.gmicloud.ai; facts are cited by id.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import quote, urlencode

from soundstage import errors
from soundstage._protocol import responses
from soundstage._protocol.service import Service, Settings
from soundstage._protocol.submission import Submission
from soundstage._values.media_type import kind_by_suffix
from soundstage._values.messages import Flow, Request, Response
from soundstage._values.redaction import Redactor
from soundstage._values.state import JobRef, JobState, Media, Snapshot, StartedJob
from soundstage.vendors.gmicloud.access import Access, KeyAccess
from soundstage.vendors.gmicloud.login import Login
from soundstage.vendors.gmicloud.models import Model, Profile, RequestRecord, read_model, read_profile
from soundstage.vendors.gmicloud.profile import (
    CONTENT_POLICY,
    KEYED_QUEUE_ROUTE,
    PROFILE,
    PROFILE_ROUTE,
    QUEUE_ROUTE,
    STATES,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from decimal import Decimal

    from soundstage.vendors.gmicloud.bodies import Body

T = TypeVar("T")

_TOKENS = ("authToken", "accessToken", "refreshToken")
_POLICY_STATUS = 400
_MAX_TOKENS_MASKED = 16  # the newest tokens and codes, which responses may still echo


class GMICloudService(Service):
    """GMI Cloud's request queue, as one client uses it."""

    def __init__(self, access: Access, settings: Settings) -> None:
        super().__init__(settings, {}, access.identity)
        self._credentials = access.secrets
        self._tokens: deque[str] = deque(maxlen=_MAX_TOKENS_MASKED)
        self._key = access if isinstance(access, KeyAccess) else None
        self._login = None if isinstance(access, KeyAccess) else Login(self, access)
        self._queue = QUEUE_ROUTE if self._key is None else KEYED_QUEUE_ROUTE
        self._models: dict[str, Model] = {}
        self.hide()

    def hide(self, *secrets: str) -> None:
        """Mask *secrets* in every message from now on: tokens are known only after a login."""
        self._tokens.extend(secret for secret in secrets if secret not in self._tokens)
        self.redact = Redactor([*self._credentials, *self._tokens])

    def authorization(self) -> Mapping[str, str]:
        """Return the headers of every call, as far as they are known (headers, apikey.face)."""
        return self._login.headers if self._login is not None else self._key.headers if self._key is not None else {}

    def submit(self, operation: str, model: str, payload: Body) -> Flow[StartedJob]:
        """Create a request (requests.create)."""
        body = {"model": model, "payload": payload}

        def submit(headers: Mapping[str, str]) -> Flow[StartedJob]:
            request = Request("POST", self.url(f"{self._queue}/requests"), headers, body, paid=True)
            return Submission(
                service=self,
                operation=operation,
                request=request,
                parse=self._read_submission,
                price=lambda: self.price(model, payload),
            ).flow()

        return self._authorized(submit)

    def poll(self, ref: JobRef, timeout: float | None) -> Flow[Snapshot]:
        """Poll a request once (requests.detail)."""
        url = self.url(f"{self._queue}/requests/{quote(ref.id, safe='', errors='surrogatepass')}")
        return self._authorized(
            lambda headers: self.read_once(Request("GET", url, headers, timeout=timeout), self._read_poll)
        )

    def models(self) -> Flow[list[Model]]:
        """Return the models (models.list); with a key only their ids (apikey.face)."""
        return self._get(f"{self._queue}/models", self._read_models)

    def model(self, model: str) -> Flow[Model]:
        """Return one model (models.detail)."""
        found = yield from self._get(f"{self._queue}/models/{quote(model, safe='')}", self._read_model)
        self._models[model] = found
        return found

    def price(self, model: str, payload: Body) -> Flow[Decimal]:
        """Return the US dollars that a request costs (pricing); a model's price is requested once."""
        found = self._models.get(model)
        if found is None:
            found = yield from self.model(model)
        return found.estimate(payload)

    def account(self) -> Flow[Profile]:
        """Return the user who is logged in (login.profile).

        Raises:
            UnsupportedError: The API-key face documents no profile.
        """
        if self._login is None:
            raise errors.UnsupportedError("the API-key face documents no profile", vendor=PROFILE.slug)
        return (yield from self._get(PROFILE_ROUTE, self._read_profile))

    def requests(self, model: str) -> Flow[list[RequestRecord]]:
        """Return the requests of a model (requests.list).

        Raises:
            UnsupportedError: The API-key face documents no list.
        """
        if self._login is None:
            raise errors.UnsupportedError("the API-key face documents no list of requests", vendor=PROFILE.slug)
        return (yield from self._get(f"{self._queue}/requests?{urlencode({'model_id': model})}", self._read_requests))

    def read_tokens(self, request: Request, *names: str) -> Flow[dict[str, Any]]:
        """Send one request of a login and return its response, after checking and masking the tokens *names* in it."""

        def read(response: Response) -> dict[str, Any]:
            # Masked before anything is checked: an error quotes the response, which may have one token of two.
            answered = responses.json_object(response)
            self.hide(*filter(None, map(responses.as_text, map(answered.get, _TOKENS))))
            found = self._open(response)
            for name in names:
                token = self.required_text(found, name, response)
                if not token.isascii() or not token.isprintable():  # a token becomes a header
                    raise self.refusal(errors.UnreadableAnswerError, f"{name} is not visible ASCII", response)
                self.hide(token)
            return found

        return self.read(request, read)

    def _get(self, path: str, parse: Callable[[Response], T]) -> Flow[T]:
        """Read *path*, and again as the retry policy allows."""
        # Log in before the retries start: a login has retries of its own, and they would multiply.
        yield from self._headers()

        def once() -> Flow[T]:
            return self._authorized(lambda headers: self.read_once(Request("GET", self.url(path), headers), parse))

        return (yield from self.retried(once, responses.is_transient))

    def _authorized(self, make: Callable[[Mapping[str, str]], Flow[T]]) -> Flow[T]:
        """Run the flow that *make* makes of the headers, and once more with fresh headers if needed (auth.expired)."""
        headers = yield from self._headers()
        try:
            return (yield from make(headers))
        except errors.AuthenticationError:
            if self._login is None:
                raise
        # HTTP 401 is a certain refusal: nothing was started, so also a paid request may be sent again.
        return (yield from make((yield from self._headers(headers))))

    def _headers(self, refused: Mapping[str, str] | None = None) -> Flow[Mapping[str, str]]:
        if self._login is None:
            return self.authorization()
        return (yield from self._login.authorize(refused))

    def _read_submission(self, response: Response) -> tuple[str, Snapshot]:
        """Return the new request's id and first snapshot (requests.create)."""
        created = self._open(response)
        request_id = self.required_id(created, "request_id", response)
        snapshot = self._read_job(created)
        # The response to a creation has no outcome. A request that is final at once is read by a poll, which has it;
        # unchanged it would count as a success without output.
        if snapshot.state.final and not created.get("outcome"):
            snapshot = Snapshot(JobState.RUNNING, snapshot.state_raw, raw=created)
        return request_id, snapshot

    def _read_poll(self, response: Response) -> Snapshot:
        """Return the request's state (requests.detail)."""
        request = self._open(response)
        if not isinstance(request.get("status"), str):
            raise self.refusal(errors.UnreadableAnswerError, "the response has no status", response)
        return self._read_job(request)

    def _read_job(self, request: Mapping[str, Any]) -> Snapshot:
        """Return the state of one request (status.values, outcome.shape, outcome.other)."""
        status = request.get("status")
        word = status if isinstance(status, str) else None
        state = STATES.get(word or "", JobState.UNKNOWN)
        outcome = responses.as_object(request.get("outcome"))
        reason = responses.first_text(outcome, "error", "message", "reason")
        return Snapshot(
            state,
            state_raw=word,
            media=tuple(_read_media(outcome)),
            reason=reason,
            failure=responses.content_failure(state, reason, pattern=CONTENT_POLICY),
            raw=request,
            named=responses.identifiers(request.get("request_id")),
        )

    def _read_models(self, response: Response) -> list[Model]:
        body = self._open(response)
        if self._key is not None:
            return [Model(name) for name in self._items(body, "model_ids", response) if isinstance(name, str)]
        return [read_model(responses.as_object(item)) for item in self._items(body, "models", response)]

    def _read_model(self, response: Response) -> Model:
        return read_model(self._open(response))

    def _read_profile(self, response: Response) -> Profile:
        return read_profile(self._open(response))

    def _read_requests(self, response: Response) -> list[RequestRecord]:
        requests = map(responses.as_object, self._items(self._open(response), "requests", response))
        return [self._read_record(request) for request in requests if isinstance(request.get("request_id"), str)]

    def _read_record(self, request: Mapping[str, Any]) -> RequestRecord:
        snapshot = self._read_job(request)
        created = request.get("created_at")
        return RequestRecord(
            str(request["request_id"]),
            responses.as_text(request.get("model")) or "",
            snapshot.state,
            str(snapshot.state_raw or ""),
            responses.as_integer(created),
            snapshot.media,
            request,
        )

    def _items(self, body: Mapping[str, Any], name: str, response: Response) -> list[object]:
        """Return a list in a response; null is an empty one."""
        items = body.get(name, body)
        if items is not None and not isinstance(items, list):
            raise self.refusal(errors.UnreadableAnswerError, f"the response has no list {name}", response)
        return cast("list[object]", items or [])

    def _open(self, response: Response) -> dict[str, Any]:
        """Return the object in a response.

        Raises:
            ApiError: The service refused (errors.body), or the response is not a JSON object (answers.json).
        """
        body = _json_object(response)
        if response.status not in responses.SUCCESSES:
            raise self._refused(response, body or {})
        if body is None:
            raise self.refusal(errors.UnreadableAnswerError, "the response is not a JSON object", response)
        return body

    def _refused(self, response: Response, body: Mapping[str, Any]) -> errors.ApiError:
        """Return the error for an HTTP status, with the text of either member (errors.body, apikey.errors)."""
        kind = responses.kind_by_status(response.status)
        message = responses.first_text(body, "error", "message") or ""
        if response.status == _POLICY_STATUS and CONTENT_POLICY.search(message):
            kind = errors.ContentPolicyError
        return self.refusal(kind, message or f"refused with HTTP {response.status}", response)


def _json_object(response: Response) -> dict[str, Any] | None:
    """Return the object in a response whose Content-Type is JSON, or None (answers.json)."""
    # A proxy's page may contain parsable text under HTTP 200, so the body alone does not decide.
    if "application/json" not in response.headers.get("content-type", "").lower():
        return None
    try:
        body = response.json()
    except ValueError:
        return None
    return cast("dict[str, Any]", body) if isinstance(body, dict) else None


def _read_media(outcome: Mapping[str, Any]) -> Iterator[Media]:
    """Yield the outputs in either shape of an outcome, each URL once (outcome.shape).

    The thumbnail is not an output; its URL stays in the raw response.
    """
    named = {responses.as_text(outcome.get(f"{kind}_url")): kind for kind in ("video", "audio", "image")}
    listed = [
        responses.as_text(responses.as_object(item).get("url")) for item in responses.as_list(outcome.get("media_urls"))
    ]
    for url in dict.fromkeys([*listed, *named]):
        if url:
            known = named.get(url)
            yield Media(url, known or kind_by_suffix(url) or "video", guessed=known is None)
