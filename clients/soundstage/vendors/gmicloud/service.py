"""The conversation with GMI Cloud: how it lets in, answers and refuses, the same for every model and on both faces.

Source: the vendor's guide, its package gmicloud 0.1.10 and docs.gmicloud.ai; facts are cited by id.
"""

from __future__ import annotations

from collections import deque
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import quote, urlencode, urlsplit

from soundstage import errors
from soundstage._protocol import responses
from soundstage._protocol.service import Service, Settings
from soundstage._protocol.spend_limit import SpendLimit
from soundstage._protocol.submission import Submission
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
    SUCCESS_STATUSES,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from soundstage.vendors.gmicloud.bodies import Body

T = TypeVar("T")

_POLICY_STATUS = 400
_MAX_TOKENS_MASKED = 16  # tokens and codes that answers may still echo
_MEDIA_KINDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("mp4", "webm", "mov", "mkv"), "video"),
        **dict.fromkeys(("png", "jpg", "jpeg", "webp", "gif"), "image"),
        **dict.fromkeys(("mp3", "wav", "ogg", "flac", "m4a"), "audio"),
    }
)


class GMICloudService(Service):
    """How the queue lets in, answers and refuses."""

    def __init__(self, access: Access, settings: Settings, max_spend: float | None = None) -> None:
        super().__init__(settings, {})
        self._fixed = access.secrets
        self._seen: deque[str] = deque(maxlen=_MAX_TOKENS_MASKED)
        self._key = access if isinstance(access, KeyAccess) else None
        self._login = None if isinstance(access, KeyAccess) else Login(self, access)
        self._queue = QUEUE_ROUTE if self._key is None else KEYED_QUEUE_ROUTE
        self._models: dict[str, Model] = {}
        self.spend_limit = SpendLimit(PROFILE.slug, max_spend, "US dollars")
        self.hide()

    def hide(self, *secrets: str) -> None:
        """Mask *secrets*, too, wherever they are echoed: tokens are not known before a login gives them."""
        self._seen.extend(secret for secret in secrets if secret not in self._seen)
        self.redact = Redactor([*self._fixed, *self._seen])

    def authorization(self) -> Mapping[str, str]:
        """The headers of every call, as far as they are known (headers, apikey.face)."""
        return self._login.headers if self._login is not None else self._key.headers if self._key is not None else {}

    # Flows.

    def submit(self, operation: str, model: str, payload: Body) -> Flow[StartedJob]:
        """Make a request (requests.create), within what the client may spend."""
        amount = 0.0
        if self.spend_limit.limit is not None:
            amount = yield from self.estimate(model, payload)
        self.spend_limit.reserve(amount)
        body = {"model": model, "payload": payload}

        def submit(headers: Mapping[str, str]) -> Flow[StartedJob]:
            request = Request("POST", self.url(f"{self._queue}/requests"), headers, body, paid=True)
            return Submission(service=self, operation=operation, request=request, parse=self._read_submission).flow()

        try:
            return (yield from self._authorized(submit))
        except errors.SubmitOutcomeUnknown:
            raise
        except errors.SoundstageError:
            self.spend_limit.release(amount)
            raise

    def poll(self, ref: JobRef, timeout: float | None) -> Flow[Snapshot]:
        """Look at a request (requests.detail)."""
        url = self.url(f"{self._queue}/requests/{quote(ref.id, safe='')}")
        return self._authorized(
            lambda headers: self.read_once(Request("GET", url, headers, timeout=timeout), self._read_poll)
        )

    def read_tokens(self, request: Request, *names: str) -> Flow[dict[str, Any]]:
        """Send one request of a login and return its response; each of *names* in it is a token, and masked."""

        def read(response: Response) -> dict[str, Any]:
            found = self._open(response)
            for name in names:
                token = found.get(name)
                # A token becomes a header, which carries visible ASCII only.
                if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
                    raise self.refusal(errors.UnreadableAnswerError, f"the response has no {name}", response)
                self.hide(token)
            return found

        return self.read(request, read)

    def models(self) -> Flow[list[Model]]:
        """List the models (models.list); with a key, nothing but their ids (apikey.face)."""
        return self._get(f"{self._queue}/models", self._read_models)

    def model(self, model: str) -> Flow[Model]:
        """Describe a model (models.detail)."""
        found = yield from self._get(f"{self._queue}/models/{quote(model, safe='')}", self._read_model)
        self._models[model] = found
        return found

    def estimate(self, model: str, payload: Body) -> Flow[float]:
        """US dollars that a request costs (pricing); a model's price is asked for once."""
        found = self._models.get(model)
        if found is None:
            found = yield from self.model(model)
        return found.estimate(payload)

    def who(self) -> Flow[Profile]:
        """Say who is logged in (login.profile).

        Raises:
            UnsupportedError: The API-key face documents no profile.
        """
        if self._login is None:
            raise errors.UnsupportedError("the API-key face documents no profile", vendor=PROFILE.slug)
        return (yield from self._get(PROFILE_ROUTE, self._read_profile))

    def requests(self, model: str) -> Flow[list[RequestRecord]]:
        """List the requests of a model (requests.list).

        Raises:
            UnsupportedError: The API-key face documents no list.
        """
        if self._login is None:
            raise errors.UnsupportedError("the API-key face documents no list of requests", vendor=PROFILE.slug)
        return (yield from self._get(f"{self._queue}/requests?{urlencode({'model_id': model})}", self._read_requests))

    def _get(self, path: str, parse: Callable[[Response], T]) -> Flow[T]:
        """Read something, again as the retry policy says."""
        yield from self._headers()  # here, so that a login's own tries are not multiplied

        def once() -> Flow[T]:
            return self._authorized(lambda headers: self.read_once(Request("GET", self.url(path), headers), parse))

        return (yield from self.retried(once, responses.is_transient))

    def _authorized(self, make: Callable[[Mapping[str, str]], Flow[T]]) -> Flow[T]:
        """Run what *make* makes of the headers; once more with fresh ones when they are refused (auth.expired).

        HTTP 401 refuses for certain, so that a paid request, too, may be sent again.
        """
        headers = yield from self._headers()
        try:
            return (yield from make(headers))
        except errors.AuthenticationError:
            if self._login is None:
                raise
        return (yield from make((yield from self._headers(headers))))

    def _headers(self, refused: Mapping[str, str] | None = None) -> Flow[Mapping[str, str]]:
        if self._login is None:
            return self.authorization()
        return (yield from self._login.authorize(refused))

    # Answers.

    def _open(self, response: Response) -> dict[str, Any]:
        """The object that an answer is.

        Raises:
            ApiError: It is a refusal (errors.body), or no JSON (answers.json).
        """
        said = _parsed(response)
        if response.status not in SUCCESS_STATUSES:
            raise self._refused(response, said or {})
        if said is None:
            raise self.refusal(errors.UnreadableAnswerError, "an answer that is no JSON object", response)
        return said

    def _refused(self, response: Response, said: Mapping[str, Any]) -> errors.ApiError:
        """The refusal that an HTTP status stands for, in the words of either field (errors.body, apikey.errors)."""
        kind = responses.kind_by_status(response.status)
        words = next((text for name in ("error", "message") if isinstance(text := said.get(name), str) and text), "")
        if response.status == _POLICY_STATUS and CONTENT_POLICY.search(words):
            kind = errors.ContentPolicyError
        return self.refusal(kind, words or f"refused with HTTP {response.status}", response)

    def _read_submission(self, response: Response) -> tuple[str, Snapshot]:
        """The request's id (requests.create). What is over at once is still to be read: no outcome stands here."""
        said = self._open(response)
        name = said.get("request_id")
        if not isinstance(name, str) or not name:
            raise self.refusal(errors.UnreadableAnswerError, "the answer names no request_id", response)
        snapshot = _read_job(said)
        if snapshot.state.final and not said.get("outcome"):
            snapshot = Snapshot(JobState.RUNNING, snapshot.state_raw, raw=said)
        return name, snapshot

    def _read_poll(self, response: Response) -> Snapshot:
        said = self._open(response)
        if not isinstance(said.get("status"), str):
            raise self.refusal(errors.UnreadableAnswerError, "the answer has no status", response)
        return _read_job(said)

    def _read_models(self, response: Response) -> list[Model]:
        said = self._open(response)
        if self._key is not None:
            return [Model(name) for name in self._items(said, "model_ids", response) if isinstance(name, str)]
        return [read_model(responses.as_object(item)) for item in self._items(said, "models", response)]

    def _read_model(self, response: Response) -> Model:
        return read_model(self._open(response))

    def _read_profile(self, response: Response) -> Profile:
        return read_profile(self._open(response))

    def _read_requests(self, response: Response) -> list[RequestRecord]:
        found = map(responses.as_object, self._items(self._open(response), "requests", response))
        return [_record(item) for item in found if isinstance(item.get("request_id"), str)]

    def _items(self, said: Mapping[str, Any], name: str, response: Response) -> list[object]:
        """A list in an answer; null is an empty one."""
        items = said.get(name, said)
        if items is None:
            return []
        if not isinstance(items, list):
            raise self.refusal(errors.UnreadableAnswerError, f"the answer has no list {name}", response)
        return cast("list[object]", items)


def _parsed(response: Response) -> dict[str, Any] | None:
    """The object in an answer of JSON by its own word, or None (answers.json)."""
    if "application/json" not in response.headers.get("content-type", "").lower():
        return None
    try:
        said = response.json()
    except ValueError:
        return None
    return cast("dict[str, Any]", said) if isinstance(said, dict) else None


def _read_job(said: Mapping[str, Any]) -> Snapshot:
    """What an answer says of a request (status.values, outcome.shape, outcome.other)."""
    word = said.get("status")
    state = STATES.get(word, JobState.UNKNOWN) if isinstance(word, str) else JobState.UNKNOWN
    outcome = responses.as_object(said.get("outcome"))
    reason = next((text for name in ("error", "message", "reason") if (text := _words(outcome, name))), None)
    blocked = state is JobState.FAILED and reason is not None and CONTENT_POLICY.search(reason)
    return Snapshot(
        state,
        state_raw=word if isinstance(word, str) else None,
        media=tuple(_read_media(outcome)) if state is JobState.SUCCEEDED else (),
        reason=reason,
        failure=errors.ContentFiltered if blocked else None,
        raw=said,
    )


def _read_media(outcome: Mapping[str, Any]) -> Iterator[Media]:
    """The addresses of both shapes, each once; the thumbnail is no output and stays in the answer (outcome.shape)."""
    known = {_words(outcome, f"{kind}_url"): kind for kind in ("video", "audio", "image") if outcome.get(f"{kind}_url")}
    items = outcome.get("media_urls")
    found = cast("list[object]", items) if isinstance(items, list) else []
    listed = [_words(responses.as_object(item), "url") for item in found]
    for url in dict.fromkeys([*listed, *known]):
        if url:
            suffix = urlsplit(url).path.rpartition(".")[2].lower()
            yield Media(url, known.get(url) or _MEDIA_KINDS.get(suffix, "video"))


def _record(said: Mapping[str, Any]) -> RequestRecord:
    snapshot = _read_job(said)
    created = said.get("created_at")
    return RequestRecord(
        str(said["request_id"]),
        _words(said, "model"),
        snapshot.state,
        str(snapshot.state_raw or ""),
        created if isinstance(created, int) else None,
        snapshot.media,
        said,
    )


def _words(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    return value if isinstance(value, str) else ""
