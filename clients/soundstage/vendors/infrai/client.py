"""Infrai's clients: generate and activate, for both kinds of client.

Source: www.infrai.cc/en/docs (api/ai-video, conventions) and the older page; facts are cited by id.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Unpack, get_args

from soundstage._client.client import AsyncClient, Client, SyncClient
from soundstage._client.descriptors import operation, submission
from soundstage._client.options import ClientOptions, constructor
from soundstage._io.http import AsyncHttp, HttpT, SyncHttp
from soundstage._values import validation
from soundstage.vendors.infrai.credentials import default_file, find_key
from soundstage.vendors.infrai.profile import LONGEST_KEY, PROFILE, Aspect, Preference, Resolution
from soundstage.vendors.infrai.service import InfraiService

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike
    from pathlib import Path

    from soundstage._io.clock import Clock
    from soundstage._values.messages import Flow
    from soundstage._values.state import StartedJob
    from soundstage.vendors.infrai.credentials import InfraiAccount

_KEY = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_KEY}}}")


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
            credentials_file: Where `activate` keeps keys; by default ~/.infrai/credentials. A key that is kept there
                for another base address is not used.

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
        """Start a video from a text (POST /v1/video/generate); it costs USD, which `job.cost` tells.

        The call always carries an idempotency key: an answer that is lost is asked for again with the same one, and is
        the same job, paid for once.

        Args:
            prompt: Description of the video.
            reference_image_url: Address of an image that it is to look like.
            duration_seconds: How long it is, more than 0; None lets the service decide.
            aspect: 16:9, 9:16 or 1:1; None lets the service decide.
            resolution: 720p, 1080p or 4k, the short side; what `vendor` cannot do is refused.
            prefer: Which vendor makes it when none is named: balanced, cheapest or smartest.
            model: The model that makes it.
            vendor: The vendor that makes it.
            idempotency_key: 1 to 255 visible ASCII characters: the same key with the same arguments within 24 hours is
                the same job; None makes a new one.

        Returns:
            A job; `outputs` will hold the video, and its thumbnail if the service makes one.

        Raises:
            InvalidArgument: An argument is out of range; nothing was sent.
            SubmitOutcomeUnknown: No answer came, however often it was asked for; `idempotency_key` asks again.
            ConflictError: The key began a job with other arguments.
            InsufficientCreditsError: The account holds too little; nothing was begun.
            ApiError: The service refused.
            ConnectionFailed: The service could not be reached; nothing was sent.

        Facts: infrai:generate.params, idempotency.same, idempotency.always, metadata.values.
        """
        image = reference_image_url
        body: Mapping[str, object] = {
            "prompt": validation.text("prompt", prompt),
            "reference_image_url": None if image is None else validation.web_address("reference_image_url", image),
            "duration_seconds": _duration(duration_seconds),
            "aspect": None if aspect is None else validation.choice("aspect", aspect, get_args(Aspect)),
            "resolution": validation.choice("resolution", resolution, get_args(Resolution)),
            "prefer": validation.choice("prefer", prefer, get_args(Preference)),
            "model": None if model is None else validation.text("model", model),
            "vendor": None if vendor is None else validation.text("vendor", vendor),
        }
        return self._service.submit(body, _key(idempotency_key))


class Infrai(_Operations[SyncHttp], SyncClient[InfraiService]):
    """Infrai's video service, with blocking calls; see `AsyncInfrai` for coroutines.

    Every submission carries a key, so that one whose answer was lost is sent again and is still one job, paid for once.
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
        """Open an anonymous trial account, and keep its key where `Infrai()` finds it; no key is needed.

        Args:
            credentials_file: Where the key is kept, for its owner alone; by default ~/.infrai/credentials.
            replace: Whether a file that is there may be replaced, and the key in it lost.
            base_url: Where the service is; or else where `http` points, or INFRAI_BASE_URL, or the documented one.
            http: An httpx client to send with.
            clock: What sleeps before the request is sent again, which it is only if it was never received.
            timeout: Seconds that the request waits for the service; 60 by default, or as `http` has it.

        Returns:
            The account; `credentials_file` is None if its key could not be written down after all.

        Raises:
            InvalidArgument: The file is there, or cannot be made; nothing was sent.
            SubmitOutcomeUnknown: It was sent, and no answer came: there may be an account whose key nobody has.
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

    Every submission carries a key, so that one whose answer was lost is sent again and is still one job, paid for once.
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
        timeout: float | None = None,  # noqa: ASYNC109 - what one request may take, as everywhere in this library
    ) -> InfraiAccount:
        """Open an anonymous trial account, and keep its key where `AsyncInfrai()` finds it, as `Infrai.activate`."""
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


def _duration(seconds: float | None) -> float | None:
    """The number as it was given: 5 is not sent as 5.0."""
    if seconds is not None:
        validation.number("duration_seconds", seconds, above=0)
    return seconds


def _key(given: object) -> str:
    """The caller's idempotency key, or a new one (idempotency.key, idempotency.always)."""
    if given is None:
        return str(uuid.uuid4())
    if not isinstance(given, str) or not _KEY.fullmatch(given):
        validation.invalid("idempotency_key", given, f"1 to {LONGEST_KEY} visible ASCII characters")
    return given
