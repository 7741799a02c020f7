"""Acme's client. Source: docs.acme.example, read in November 2026."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from soundstage import errors
from soundstage.vendor_kit import (
    AsyncClient,
    AsyncHttp,
    Flow,
    HttpT,
    JobState,
    JsonService,
    KeyClient,
    Media,
    PollPolicy,
    Snapshot,
    StartedJob,
    SyncClient,
    SyncHttp,
    VendorProfile,
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


class AcmeService(JsonService):
    """Acme's API, as one client uses it (errors)."""

    states = STATES
    codes = REFUSALS
    job_path = "/v1/images/{}"  # routes

    def parse_callback(self, body: object) -> StartedJob:
        """Return the job in the body of a callback, which is that of a poll (callbacks)."""
        return self.parse_job(body, "the JSON of a callback: {id, status, url, error}")

    def _read_job(self, data: Mapping[str, Any]) -> Snapshot:
        """Return the state of an image (states)."""
        url = responses.as_text(data.get("url"))
        return self.snapshot(
            data,
            data.get("status"),
            media=(Media(url, "image"),) if url else (),
            reason=responses.as_text(data.get("error")),
            job_id=data.get("id"),
        )


class _Operations(KeyClient[HttpT, AcmeService], profile=PROFILE, service=AcmeService):
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
        return self._service.start("text_to_image", "/v1/images", omit_none(body), PRICE)


class Acme(_Operations[SyncHttp], SyncClient[AcmeService]):
    """Acme's client, with blocking calls."""


class AsyncAcme(_Operations[AsyncHttp], AsyncClient[AcmeService]):
    """Acme's client, with coroutines."""
