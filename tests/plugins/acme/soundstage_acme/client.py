"""Acme's client. Source: docs.acme.example, read in November 2026."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Unpack
from urllib.parse import quote

from soundstage import errors
from soundstage.vendor_kit import (
    AsyncClient,
    AsyncHttp,
    Client,
    ClientOptions,
    Flow,
    HttpT,
    JobRef,
    JobState,
    Media,
    PollPolicy,
    Request,
    Response,
    Secret,
    Service,
    Settings,
    Snapshot,
    StartedJob,
    Submission,
    SyncClient,
    SyncHttp,
    VendorProfile,
    constructor,
    find_credential,
    known_price,
    omit_none,
    responses,
    submission,
    validation,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

PROFILE = VendorProfile(
    slug="acme",
    name="Acme Images",
    base_url="https://api.acme.example",
    base_url_variable="ACME_BASE_URL",
    credentials=MappingProxyType({"api_key": "ACME_API_KEY"}),
    poll=PollPolicy(first=2.0, timeout=1800.0, outage=600.0),
    has_cancel=False,
    has_credits=False,
    has_callback=True,
    unit="credits",
)
SIZES = ("256x256", "512x512")
Size = Literal["256x256", "512x512"]
STATES = {"queued": JobState.QUEUED, "done": JobState.SUCCEEDED, "failed": JobState.FAILED}
PRICE = Decimal(2)
REFUSALS: Mapping[str, type[errors.ApiError]] = {
    "invalid": errors.BadRequestError,
    "no_key": errors.AuthenticationError,
    "no_credit": errors.InsufficientCreditsError,
    "not_found": errors.NotFoundError,
    "too_many": errors.RateLimitError,
}


class AcmeService(Service):
    """Acme's API, as one client uses it."""

    def __init__(self, key: Secret, settings: Settings) -> None:
        self._key = key
        super().__init__(settings, {"key": key.reveal()})

    def authorization(self) -> Mapping[str, str]:
        """Return the key as a bearer token (routes)."""
        return {"Authorization": f"Bearer {self._key.reveal()}"}

    def submit(self, body: Mapping[str, Any]) -> Flow[StartedJob]:
        """Start an image (routes)."""
        request = Request("POST", self.url("/v1/images"), self.authorization(), body, paid=True)
        return Submission(
            service=self,
            operation="text_to_image",
            request=request,
            parse=self._read_submission,
            price=lambda: known_price(PRICE),
        ).flow()

    def poll(self, ref: JobRef, timeout: float | None) -> Flow[Snapshot]:
        """Poll an image once (routes)."""
        address = self.url(f"/v1/images/{quote(ref.id, safe='')}")
        request = Request("GET", address, self.authorization(), timeout=timeout)
        return self.read_once(request, lambda response: self._read_job(self._open(response)))

    def parse_callback(self, body: object) -> StartedJob:
        """Return the job in the body of a callback, which is that of a poll (callbacks)."""
        data = responses.callback_object(body)
        job_id = responses.as_identifier(data.get("id"))
        if job_id is None:
            allowed = "the JSON of a callback: {id, status, url, error}"
            raise errors.InvalidArgument(f"body must be {allowed}", field="body", value=body, allowed=allowed)
        return StartedJob(JobRef(job_id), self._read_job(data))

    def _read_submission(self, response: Response) -> tuple[str, Snapshot]:
        data = self._open(response)
        return self.required_id(data, "id", response), self._read_job(data)

    def _read_job(self, data: Mapping[str, Any]) -> Snapshot:
        """Return the state of an image (states)."""
        word, url, reason = data.get("status"), responses.as_text(data.get("url")), responses.as_text(data.get("error"))
        state = STATES.get(word, JobState.UNKNOWN) if isinstance(word, str) else JobState.UNKNOWN
        return Snapshot(
            state,
            state_raw=word if isinstance(word, str) else None,
            media=(Media(url, "image"),) if url else (),
            reason=reason,
            failure=responses.content_failure(state, reason),
            raw=data,
            named=responses.identifiers(data.get("id")),
        )

    def _open(self, response: Response) -> dict[str, Any]:
        data = responses.json_object(response)
        if response.status >= responses.REFUSALS:
            raise self._refused(response, data)
        if not data:
            raise self.refusal(errors.UnreadableAnswerError, "the response is not a JSON object", response)
        return data

    def _refused(self, response: Response, data: Mapping[str, Any]) -> errors.ApiError:
        """Return the error for a refusal (errors)."""
        error = responses.as_object(data.get("error"))
        code = responses.as_text(error.get("code"))
        kind = responses.kind_by_code(REFUSALS.get(code or ""), response.status)
        return self.refusal(kind, str(error.get("message") or f"HTTP {response.status}"), response, code=code)


class _Operations(Client[HttpT, AcmeService]):
    @constructor(PROFILE, ClientOptions)
    def __init__(self, api_key: str | None = None, **options: Unpack[ClientOptions[HttpT]]) -> None:
        """Create a client; nothing is sent.

        Args:
            api_key: The key, or else ACME_API_KEY.

        Raises:
            MissingCredential: No key is given, and none is in the environment.
        """
        key = find_credential(PROFILE.slug, "api_key", api_key, PROFILE.credentials["api_key"])
        super().__init__(PROFILE, **options)
        self._service = AcmeService(key, self._settings)

    @submission
    def text_to_image(self, prompt: str, *, size: Size = "512x512", callback: str | None = None) -> Flow[StartedJob]:
        """Start an image from a text.

        Args:
            prompt: What the image shows, at most 500 characters.
            size: Width and height in pixels.
            callback: Address of a callback at the end.

        Facts: acme:routes, acme:callbacks.
        """
        body = {
            "prompt": validation.text("prompt", prompt, longest=500),
            "size": validation.choice("size", size, SIZES),
            "callback": None if callback is None else validation.web_address("callback", callback),
        }
        return self._service.submit(omit_none(body))


class Acme(_Operations[SyncHttp], SyncClient[AcmeService]):
    """Acme's client, with blocking calls."""


class AsyncAcme(_Operations[AsyncHttp], AsyncClient[AcmeService]):
    """Acme's client, with coroutines."""
