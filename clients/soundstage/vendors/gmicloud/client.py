"""GMI Cloud's clients: requests to any model, and the catalog of models, for both kinds of client.

Source: the vendor's guide, its package gmicloud 0.1.10 and docs.gmicloud.ai; facts are cited by id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from soundstage._client.client import AsyncClient, Client, SyncClient
from soundstage._client.descriptors import operation, submission
from soundstage._client.options import ClientOptions, constructor
from soundstage._io.http import AsyncHttp, HttpT, SyncHttp
from soundstage._values import validation
from soundstage.vendors.gmicloud import bodies
from soundstage.vendors.gmicloud.access import find_access
from soundstage.vendors.gmicloud.profile import IMAGE_MODEL, PROFILE, TEXT_MODEL
from soundstage.vendors.gmicloud.service import GMICloudService

if TYPE_CHECKING:
    from soundstage._protocol.inputs import ImageInput
    from soundstage._values.messages import Flow
    from soundstage._values.state import StartedJob
    from soundstage.vendors.gmicloud.access import Otp
    from soundstage.vendors.gmicloud.models import Model, Profile, RequestRecord


class _Operations(Client[HttpT, GMICloudService]):
    """The operations, written once for both kinds of client."""

    @constructor(PROFILE, ClientOptions)
    def __init__(
        self,
        email: str | None = None,
        password: str | None = None,
        *,
        otp: Otp | None = None,
        api_key: str | None = None,
        organization_id: str | None = None,
        **options: Unpack[ClientOptions[HttpT]],
    ) -> None:
        """Create a client, by e-mail and password or by an API key; nothing is sent.

        A login happens at the first call, is refreshed when its token has expired, and is made anew when that is
        refused; once, however many threads or tasks need it.

        Args:
            email: The e-mail to log in with, or else GMI_CLOUD_EMAIL.
            password: The password, or else GMI_CLOUD_PASSWORD.
            otp: For an account with a second factor: its one-time code, or a callable that returns one and is called up
                to three times.
            api_key: An API key instead, or else GMI_API_KEY where the environment has no login.
            organization_id: With an API key, the organization that it is used for.

        Raises:
            MissingCredential: Neither a login nor a key is given or in the environment.
            InvalidArgument: An argument is out of range, or a key is given beside a login.
        """
        access = find_access(email, password, otp, api_key, organization_id)
        super().__init__(PROFILE, **options)
        self._service = GMICloudService(access, self._settings)

    @operation
    def profile(self) -> Flow[Profile]:
        """Read the user who is logged in, and the organization; not with an API key.

        Raises:
            UnsupportedError: The client has an API key, whose face documents no profile.
            ApiError: The service refused the call or the login.
            ConnectionFailed: It could not be reached.

        Facts: gmicloud:login.profile.
        """
        return self._service.account()

    @operation
    def models(self) -> Flow[list[Model]]:
        """List the models; with an API key only their ids, and `model` reads the rest.

        Raises:
            ApiError: The service refused.
            ConnectionFailed: It could not be reached.

        Facts: gmicloud:models.list, apikey.face.
        """
        return self._service.models()

    @operation
    def model(self, model_id: str) -> Flow[Model]:
        """Read one model: its parameters, with their ranges and defaults, and its price.

        Args:
            model_id: The model's id.

        Raises:
            InvalidArgument: The id is blank; nothing was sent.
            NotFoundError: The model is unknown.
            ApiError, ConnectionFailed: As `models` raises them.

        Facts: gmicloud:models.detail, models.parameter.
        """
        return self._service.model(validation.text("model_id", model_id))

    @operation
    def requests(self, model_id: str) -> Flow[list[RequestRecord]]:
        """List the organization's requests to a model, by any client; not with an API key.

        Args:
            model_id: The model's id.

        Raises:
            InvalidArgument: The id is blank; nothing was sent.
            UnsupportedError: The client has an API key, whose face documents no list.
            ApiError, ConnectionFailed: As `models` raises them.

        Facts: gmicloud:requests.list.
        """
        return self._service.requests(validation.text("model_id", model_id))

    @submission
    def create_request(self, model: str, payload: dict[str, Any]) -> Flow[StartedJob]:
        """Start any model with a payload of its own, which `model` describes. It costs money.

        Args:
            model: The model's id.
            payload: The parameters of the model, such as {"prompt": ..., "video_length": 5}.

        Returns:
            A queued job.

        Raises:
            InvalidArgument: Model or payload is empty, or not JSON; nothing was sent.
            SpendLimitExceeded: It would exceed the `spend_limit`; nothing was started.
            SubmitOutcomeUnknown: The request was sent, and its outcome is unknown.
            ContentPolicyError: The service does not allow the content; nothing was started.
            ApiError: The service refused.
            ConnectionFailed: The service could not be reached; nothing was started.

        Facts: gmicloud:requests.create, requests.payload, client.validation.
        """
        return self._service.submit("create_request", validation.text("model", model), bodies.payload(payload))

    @submission
    def text_to_video(
        self,
        prompt: str,
        *,
        model: str = TEXT_MODEL,
        video_length: int | None = None,
        negative_prompt: str | None = None,
        cfg_scale: float | None = None,
        seed: int | None = None,
    ) -> Flow[StartedJob]:
        """Start a video from a text, as the Wan models take it; it takes minutes and costs money by the second.

        Args:
            prompt: Description of the video.
            model: The model's id.
            video_length: Whole seconds; None lets the model decide, here and for all that follow.
            negative_prompt: What the video must not show.
            cfg_scale: How closely the video follows the prompt, from 0 to 20.
            seed: The same seed and prompt make the same video.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `create_request`.

        Facts: gmicloud:models.known, requests.payload.
        """
        body = bodies.video_from_text(prompt, video_length, negative_prompt, cfg_scale, seed)
        return self._service.submit("text_to_video", validation.text("model", model), body)

    @submission
    def image_to_video(
        self,
        prompt: str,
        image: ImageInput,
        *,
        model: str = IMAGE_MODEL,
        duration: int | None = None,
        cfg_scale: float | None = None,
        negative_prompt: str | None = None,
        seed: int | None = None,
    ) -> Flow[StartedJob]:
        """Start a video that animates an image; it takes minutes and costs money by the second.

        Args:
            prompt: Description of the video.
            image: An address, or a path or the bytes of a PNG or JPEG, which are then sent in the request.
            model: The model's id.
            duration: Whole seconds; None lets the model decide, here and for all that follow.
            cfg_scale: How closely the video follows the prompt, from 0 to 1.
            negative_prompt: What the video must not show.
            seed: The same seed, prompt and image make the same video.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `create_request`.

        Facts: gmicloud:models.known, requests.payload, inputs.image.
        """
        named = validation.text("model", model)
        body = yield from bodies.video_from_image(prompt, image, duration, cfg_scale, negative_prompt, seed)
        return (yield from self._service.submit("image_to_video", named, body))


class GMICloud(_Operations[SyncHttp], SyncClient[GMICloudService]):
    """GMI Cloud, with blocking calls; see `AsyncGMICloud` for coroutines.

    A submission is never sent twice unless the service provably did not receive it, or refused it for the moment.
    """


class AsyncGMICloud(_Operations[AsyncHttp], AsyncClient[GMICloudService]):
    """GMI Cloud, with coroutines; see `GMICloud` for calls that block.

    A submission is never sent twice unless the service provably did not receive it, or refused it for the moment.
    """
