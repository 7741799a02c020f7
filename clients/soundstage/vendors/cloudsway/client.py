"""Cloudsway's clients: one method for each kind of video, for both kinds of client.

Source: docs.cloudsway.net/maasapi/api-reference/video/kl, and Kling's own API pages; facts are cited by id.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Unpack

from soundstage._client.client import AsyncClient, Client, SyncClient
from soundstage._client.descriptors import submission
from soundstage._client.options import ClientOptions, constructor
from soundstage._io.http import AsyncHttp, HttpT, SyncHttp
from soundstage._protocol.credentials import find_credential
from soundstage._values.validation import invalid
from soundstage.vendors.cloudsway import bodies
from soundstage.vendors.cloudsway.profile import OPERATION_ROUTES, PROFILE
from soundstage.vendors.cloudsway.service import CloudswayService

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstage._protocol.inputs import ImageInput
    from soundstage._values.messages import Flow
    from soundstage._values.state import JobRef, StartedJob
    from soundstage.vendors.cloudsway.profile import AspectRatio, Duration, ImageModel, Mode, Sound, TextModel
    from soundstage.vendors.cloudsway.values import CameraControl, DynamicMask

_SEGMENT = re.compile(r"[^/\\?#\s]+\Z")


class _Operations(Client[HttpT, CloudswayService]):
    """The operations, one for each kind of video, written once for both kinds of client."""

    @constructor(PROFILE, ClientOptions)
    def __init__(
        self,
        api_key: str | None = None,
        endpoint: str | None = None,
        **options: Unpack[ClientOptions[HttpT]],
    ) -> None:
        """Create a client; nothing is sent.

        Args:
            api_key: The static key, or else CLOUDSWAY_API_KEY.
            endpoint: The customer's own segment of every path, as the console shows it, or else CLOUDSWAY_ENDPOINT.

        Raises:
            MissingCredential: Key or endpoint is neither given nor in the environment.
            InvalidArgument: An argument is out of range.
        """
        names = PROFILE.credentials
        key = find_credential(PROFILE.slug, "api_key", api_key, names["api_key"])
        segment = find_credential(PROFILE.slug, "endpoint", endpoint, names["endpoint"]).reveal()
        if not _SEGMENT.match(segment) or not segment.strip("."):
            invalid("endpoint", segment, "one segment of a path: no slash, ?, # or blank")
        super().__init__(PROFILE, **options)
        self._service = CloudswayService(key, segment, self._settings)

    def _job_ref(self, job_id: str, operation: str | None) -> JobRef:
        """Require the kind of a job: it is found under the kind that it was started as, and no other (routes.kind)."""
        if operation not in OPERATION_ROUTES:
            invalid(
                "operation",
                operation,
                f"one of {', '.join(map(repr, OPERATION_ROUTES))}: a job is found under its kind only",
            )
        return super()._job_ref(job_id, operation)

    @submission
    def text_to_video(
        self,
        prompt: str,
        *,
        model_name: TextModel = "kling-v1",
        negative_prompt: str | None = None,
        cfg_scale: float | None = None,
        mode: Mode | None = None,
        aspect_ratio: AspectRatio = "16:9",
        duration: Duration = "5",
        camera_control: CameraControl | None = None,
        sound: Sound | None = None,
        callback_url: str | None = None,
        external_task_id: str | None = None,
    ) -> Flow[StartedJob]:
        """Start a video of 5 or 10 seconds from a text; it takes minutes and costs units.

        Args:
            prompt: Description of the video, at most 2500 characters.
            model_name: The model, by Kling's name or by the gateway's own.
            negative_prompt: What the video must not show, at most 2500 characters.
            cfg_scale: How closely the video follows the prompt, 0 to 1; models of version 2 do not take it.
            mode: std (the service's default) or pro; master models have one mode and refuse pro.
            aspect_ratio: 16:9, 9:16 or 1:1.
            duration: Seconds, 5 or 10.
            camera_control: Camera movement; with kling-v1 in std for 5 seconds only.
            sound: on or off (the service's default); on needs kling-v2-6 in pro.
            callback_url: Address of a callback at every change of state.
            external_task_id: The caller's own name for the job, unique in the account. Default: a new UUID.

        Returns:
            A queued job; its `outputs` will be one video.

        Raises:
            InvalidArgument: An argument, or a combination with this model, is not allowed; nothing was sent.
            SubmitOutcomeUnknown: The request was sent, and its outcome is unknown; `resolve()` looks the job up.
            ApiError: The service refused.
            ConnectionFailed: The service could not be reached; nothing was sent.

        Facts: cloudsway:text2video.params, text2video.models, capability.matrix, camera.control, callback.
        """
        given = {
            "model_name": model_name,
            "negative_prompt": negative_prompt,
            "cfg_scale": cfg_scale,
            "mode": mode,
            "duration": duration,
            "camera_control": camera_control,
            "sound": sound,
            "callback_url": callback_url,
            "external_task_id": bodies.external_id(external_task_id),
        }
        return self._service.submit("text_to_video", bodies.video_from_text(prompt, aspect_ratio, given))

    @submission
    def image_to_video(
        self,
        image: ImageInput | None = None,
        prompt: str | None = None,
        *,
        image_tail: ImageInput | None = None,
        static_mask: ImageInput | None = None,
        dynamic_masks: Sequence[DynamicMask] | None = None,
        model_name: ImageModel = "kling-v1",
        negative_prompt: str | None = None,
        cfg_scale: float | None = None,
        mode: Mode | None = None,
        duration: Duration = "5",
        camera_control: CameraControl | None = None,
        sound: Sound | None = None,
        callback_url: str | None = None,
        external_task_id: str | None = None,
    ) -> Flow[StartedJob]:
        """Start a video of 5 or 10 seconds that animates an image; it takes minutes and costs units.

        Of `image_tail`, masks and `camera_control` only one may be given.

        Args:
            image: The first frame, by address, path or bytes: a JPG or PNG of at most 10 MB, both sides at least 300
                pixels, in a ratio from 1:2.5 to 2.5:1. It, or an image_tail, is needed.
            prompt: Description of the video, at most 2500 characters.
            image_tail: The last frame, as image; most models take it in pro only, kling-v1 for 5 seconds.
            static_mask: The part that does not move: an image of the same aspect ratio.
            dynamic_masks: At most 6 moving parts, each along its own path.
            model_name: The model; kling-v1-5 and kling-v2-1 make videos from images only.
            negative_prompt: As for `text_to_video`, like all arguments that are not described here.
            cfg_scale: From 0 to 1; models of version 2 do not take it.
            mode: std (the service's default) or pro.
            duration: Seconds, 5 or 10.
            camera_control: Camera movement; with kling-v1-5 a simple one in pro for 5 seconds only.
            sound: on or off (the service's default); on needs kling-v2-6 in pro.
            callback_url: Address of a callback at every change of state.
            external_task_id: The caller's own name for the job, unique in the account. Default: a new UUID.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `text_to_video`.

        Facts: cloudsway:image2video.params, image2video.masks, image2video.exclusive, capability.matrix.
        """
        given = {
            "model_name": model_name,
            "negative_prompt": negative_prompt,
            "cfg_scale": cfg_scale,
            "mode": mode,
            "duration": duration,
            "camera_control": camera_control,
            "sound": sound,
            "callback_url": callback_url,
            "external_task_id": bodies.external_id(external_task_id),
        }
        masks = {"static_mask": static_mask, "dynamic_masks": dynamic_masks}
        return self._submit_with_images(bodies.video_from_image(image, image_tail, prompt, masks, given))

    def _submit_with_images(self, loading: Flow[bodies.Body]) -> Flow[StartedJob]:
        """Load the images, and then submit."""
        body = yield from loading
        return (yield from self._service.submit("image_to_video", body))


class Cloudsway(_Operations[SyncHttp], SyncClient[CloudswayService]):
    """Kling through Cloudsway, with blocking calls; see `AsyncCloudsway` for coroutines.

    A submission is never sent twice unless the service provably did not receive it, or refused it for the moment.
    """


class AsyncCloudsway(_Operations[AsyncHttp], AsyncClient[CloudswayService]):
    """Kling through Cloudsway, with coroutines; see `Cloudsway` for calls that block.

    A submission is never sent twice unless the service provably did not receive it, or refused it for the moment.
    """
