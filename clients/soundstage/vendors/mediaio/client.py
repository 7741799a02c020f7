"""Media.io's clients: one method for each endpoint, `generate` by the vendor's exact names, and the balance.

Source: the skill ``mediaio-aigc-generate`` and the pages of the API's endpoints; facts are cited by id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from soundstage._client.client import AsyncClient, Client, SyncClient
from soundstage._client.descriptors import operation
from soundstage._client.options import ClientOptions, constructor
from soundstage._io.http import AsyncHttp, HttpT, SyncHttp
from soundstage._protocol.credentials import find_credential
from soundstage._values.suggestions import did_you_mean
from soundstage._values.validation import invalid
from soundstage.vendors.mediaio.endpoints import ENDPOINTS
from soundstage.vendors.mediaio.image_to_image import ImageToImage
from soundstage.vendors.mediaio.image_to_video import ImageToVideo
from soundstage.vendors.mediaio.overloads import AwaitingGenerate, Generate
from soundstage.vendors.mediaio.profile import PROFILE
from soundstage.vendors.mediaio.service import MediaIOService
from soundstage.vendors.mediaio.text_to_image import TextToImage
from soundstage.vendors.mediaio.text_to_video import TextToVideo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage._client.jobs import AsyncJob, Job
    from soundstage._values.messages import Flow
    from soundstage._values.state import StartedJob
    from soundstage.vendors.mediaio.bodies import Endpoint


class _Operations(TextToVideo, ImageToVideo, ImageToImage, TextToImage, Client[HttpT, MediaIOService]):
    """The operations of both kinds of client; the methods of the endpoints are generated, one module a capability."""

    @constructor(PROFILE, ClientOptions)
    def __init__(
        self,
        api_key: str | None = None,
        **options: Unpack[ClientOptions[HttpT]],
    ) -> None:
        """Create a client; nothing is sent.

        Args:
            api_key: The key, or else MEDIAIO_API_KEY.

        Raises:
            MissingCredential: The key is neither given nor in the environment.
            InvalidArgument: An argument is out of range.
        """
        key = find_credential(PROFILE.slug, "api_key", api_key, PROFILE.credentials["api_key"])
        super().__init__(PROFILE, **options)
        self._service = MediaIOService(key, self._settings)

    @operation
    def credits(self) -> Flow[int]:
        """Read how many credits are left; it costs nothing.

        Raises:
            ApiError: Media.io refused.
            ConnectionFailed: There is no response.

        Facts: mediaio:credits.route.
        """
        return self._service.credits()

    def _submit(self, method: str, given: Mapping[str, object]) -> Flow[StartedJob]:
        return self._service.submit(method, given)


class MediaIO(_Operations[SyncHttp], Generate, SyncClient[MediaIOService]):
    """Media.io, with blocking calls; see `AsyncMediaIO` for coroutines.

    A submission is never sent twice unless Media.io provably did not receive it, or refused it for the moment.
    """

    def _generate(self, name: str, parameters: dict[str, Any]) -> Job:
        job: Job = getattr(self, _method(name, parameters))(**parameters)
        return job


class AsyncMediaIO(_Operations[AsyncHttp], AwaitingGenerate, AsyncClient[MediaIOService]):
    """Media.io, with coroutines; see `MediaIO` for calls that block.

    A submission is never sent twice unless Media.io provably did not receive it, or refused it for the moment.
    """

    async def _generate(self, name: str, parameters: dict[str, Any]) -> AsyncJob:
        job: AsyncJob = await getattr(self, _method(name, parameters))(**parameters)
        return job


def _method(name: object, parameters: Mapping[str, object]) -> str:
    """Return the method that calls the endpoint *name*, after checking the names of *parameters* (names.unique).

    Raises:
        InvalidArgument: The endpoint is unknown, or it takes other parameters; the message suggests the nearest.
    """
    known = {endpoint.name: endpoint for endpoint in ENDPOINTS.values()}
    if not isinstance(name, str) or name not in known:
        invalid("name", name, f"one of {', '.join(map(repr, known))}", hint=did_you_mean(name, known))
    endpoint = known[name]
    takes = {parameter.name: parameter.required for parameter in endpoint.parameters}
    for given in parameters:
        if given not in takes:
            hint = did_you_mean(given, takes) + _other_endpoint(endpoint, parameters)
            invalid(given, parameters[given], f"a parameter of {name!r}: {', '.join(takes)}", hint=hint)
    for needed, required in takes.items():
        if required and needed not in parameters:
            allowed = f"a value: {name!r} requires this parameter{_other_endpoint(endpoint, parameters)}"
            invalid(needed, None, allowed, shown="nothing")
    return endpoint.method


def _other_endpoint(endpoint: Endpoint, parameters: Mapping[str, object]) -> str:
    """Return the suggestion of another endpoint of the same model that takes *parameters*, or "".

    The quick reference shortens "Wan 2.6 (Text To Video)" to "Wan 2.6", which names the image-to-video endpoint.
    """
    for other in ENDPOINTS.values():
        needs = {parameter.name for parameter in other.parameters if parameter.required}
        takes = {parameter.name for parameter in other.parameters}
        if other.name.startswith(f"{endpoint.name} (") and needs <= set(parameters) <= takes:
            return f"; did you mean {other.name!r}?"
    return ""
