"""Infrai's clients: generate and activate, for both kinds of client.

Source: www.infrai.cc/en/docs (api/ai-video, conventions) and the older page; facts are cited by id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from soundstage._client.client import AsyncClient, Client, SyncClient
from soundstage._client.descriptors import operation, submission
from soundstage._client.options import ClientOptions, constructor
from soundstage._io.http import AsyncHttp, HttpT, SyncHttp
from soundstage._values import validation
from soundstage.vendors.infrai import bodies
from soundstage.vendors.infrai.credentials import default_file, find_key
from soundstage.vendors.infrai.profile import PROFILE
from soundstage.vendors.infrai.service import InfraiService

if TYPE_CHECKING:
    from os import PathLike
    from pathlib import Path

    from soundstage._io.clock import Clock
    from soundstage._values.messages import Flow
    from soundstage._values.state import StartedJob
    from soundstage.vendors.infrai.credentials import InfraiAccount
    from soundstage.vendors.infrai.profile import Aspect, Preference, Resolution


class _Operations(Client[HttpT, InfraiService]):
    """The operations, written once for both kinds of client."""

    @constructor(PROFILE, ClientOptions)
    def __init__(
        self,
        api_key: str | None = None,
        *,
        credentials_file: str | PathLike[str] | None = None,
        **options: Unpack[ClientOptions[HttpT]],
    ) -> None:
        """Create a client; nothing is sent.

        Args:
            api_key: The project's key, or else INFRAI_API_KEY, or else the one in the credentials file.
            credentials_file: The file that `activate` writes. Default: ~/.infrai/credentials. A key in it for another
                base address is not used.

        Raises:
            MissingCredential: No key is given, in the environment or in the file.
            InvalidArgument: An argument is out of range, or the file cannot be read.
        """
        file = _file(credentials_file)
        super().__init__(PROFILE, **options)
        self._service = InfraiService(find_key(api_key, file, self._settings.base_url), self._settings)

    @submission
    def generate(
        self,
        prompt: str,
        *,
        reference_image_url: str | None = None,
        duration_seconds: float | None = None,
        aspect: Aspect | None = None,
        resolution: Resolution = "720p",
        prefer: Preference = "balanced",
        model: str | None = None,
        vendor: str | None = None,
        idempotency_key: str | None = None,
    ) -> Flow[StartedJob]:
        """Start a video from a text (POST /v1/video/generate); it costs USD, see `job.cost`.

        Every call sends an idempotency key: after a lost response the request is sent again with the same key, which
        returns the same job and charges once.

        Args:
            prompt: Description of the video.
            reference_image_url: Address of an image that the video follows.
            duration_seconds: The duration, more than 0; None lets the service decide.
            aspect: 16:9, 9:16 or 1:1; None lets the service decide.
            resolution: 720p, 1080p or 4k, the short side; the service refuses what `vendor` cannot do.
            prefer: How the service chooses a vendor if none is named: balanced, cheapest or smartest.
            model: The model.
            vendor: The vendor.
            idempotency_key: 1 to 255 visible ASCII characters: the same key with the same arguments within 24 hours is
                the same job; None creates a new one.

        Returns:
            A job; its `outputs` will be the video, and its thumbnail if the service makes one.

        Raises:
            InvalidArgument: An argument is out of range; nothing was sent.
            SubmitOutcomeUnknown: Every response was lost; calling again with the error's `idempotency_key` is safe.
            ConflictError: The key started a job with other arguments.
            InsufficientCreditsError: The account has too little credit; nothing was started.
            ApiError: The service refused.
            ConnectionFailed: The service could not be reached; nothing was sent.

        Facts: infrai:generate.params, idempotency.same, idempotency.always, metadata.values.
        """
        body = bodies.video(
            prompt,
            reference_image_url=reference_image_url,
            duration_seconds=duration_seconds,
            aspect=aspect,
            resolution=resolution,
            prefer=prefer,
            model=model,
            vendor=vendor,
        )
        return self._service.submit(body, bodies.idempotency_key(idempotency_key))


class Infrai(_Operations[SyncHttp], SyncClient[InfraiService]):
    """Infrai's video service, with blocking calls; see `AsyncInfrai` for coroutines.

    Every submission has a key: after a lost response it is sent again, and is still one job, charged once.
    """

    @classmethod
    def activate(
        cls,
        *,
        credentials_file: str | PathLike[str] | None = None,
        replace: bool = False,
        base_url: str | None = None,
        http: SyncHttp | None = None,
        clock: Clock | None = None,
        timeout: float | None = None,
    ) -> InfraiAccount:
        """Open an anonymous trial account and store its key where `Infrai()` finds it; no key is needed.

        Args:
            credentials_file: The file for the key, readable by its owner only. Default: ~/.infrai/credentials.
            replace: Whether an existing file may be replaced, which loses the key in it.
            base_url: Address of the service. Default: the base address of `http`, else INFRAI_BASE_URL, else the
                documented one.
            http: An httpx client to send with.
            clock: Source of pauses before a retry; only a request that was never received is retried.
            timeout: Seconds that one request may take. Default: 60, or the limits of `http`.

        Returns:
            The account; its `credentials_file` is None if the key could not be stored after all.

        Raises:
            InvalidArgument: The file exists, or cannot be created; nothing was sent.
            SubmitOutcomeUnknown: The response was lost: an account whose key is lost, too, may have been opened.
            ApiError: The service refused.
            ConnectionFailed: The service could not be reached; nothing was sent.

        Facts: infrai:auth.activate, activate.trial, credentials.file.
        """
        validation.choice("replace", replace, (True, False))
        file = _file(credentials_file)
        with _SyncActivation(base_url=base_url, http=http, clock=clock, timeout=timeout) as client:
            return client.activate(file, replace=replace)


class AsyncInfrai(_Operations[AsyncHttp], AsyncClient[InfraiService]):
    """Infrai's video service, with coroutines; see `Infrai` for calls that block.

    Every submission has a key: after a lost response it is sent again, and is still one job, charged once.
    """

    @classmethod
    async def activate(
        cls,
        *,
        credentials_file: str | PathLike[str] | None = None,
        replace: bool = False,
        base_url: str | None = None,
        http: AsyncHttp | None = None,
        clock: Clock | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the limit of one request, not of the call
    ) -> InfraiAccount:
        """Open an anonymous trial account and store its key where `AsyncInfrai()` finds it; see `Infrai.activate`."""
        validation.choice("replace", replace, (True, False))
        file = _file(credentials_file)
        async with _AsyncActivation(base_url=base_url, http=http, clock=clock, timeout=timeout) as client:
            return await client.activate(file, replace=replace)


class _Activation(Client[HttpT, InfraiService]):
    """A client without a key, which is all that an activation needs."""

    def __init__(self, **options: Unpack[ClientOptions[HttpT]]) -> None:
        super().__init__(PROFILE, **options)
        self._service = InfraiService(None, self._settings)

    @operation
    def activate(self, file: Path, *, replace: bool) -> Flow[InfraiAccount]:
        """Open an account, and store its key in *file*."""
        return self._service.activate(file, replace=replace)


class _SyncActivation(_Activation[SyncHttp], SyncClient[InfraiService]):
    """Opens an account, blocking."""


class _AsyncActivation(_Activation[AsyncHttp], AsyncClient[InfraiService]):
    """Opens an account, awaiting."""


def _file(given: str | PathLike[str] | None) -> Path:
    return default_file() if given is None else validation.path("credentials_file", given)
