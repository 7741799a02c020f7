"""Veo's clients: one method for every video, for both kinds of client.

Source: ai.google.dev/gemini-api/docs/video, and the proxy's page and script; facts are cited by id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from soundstage._client.client import AsyncClient, Client, SyncClient
from soundstage._client.descriptors import submission
from soundstage._client.options import ClientOptions, constructor
from soundstage._io.http import AsyncHttp, HttpT, SyncHttp
from soundstage._protocol.credentials import find_credential
from soundstage.vendors.veo import bodies
from soundstage.vendors.veo.profile import PROFILE, family_of
from soundstage.vendors.veo.service import VeoService

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstage._protocol.inputs import ImageInput
    from soundstage._values.messages import Flow
    from soundstage._values.state import StartedJob
    from soundstage.vendors.veo.profile import AspectRatio, Duration, Model, PersonGeneration, Resolution


class _Operations(Client[HttpT, VeoService]):
    """The operation, written once for both kinds of client."""

    @constructor(PROFILE, ClientOptions)
    def __init__(
        self,
        api_key: str | None = None,
        **options: Unpack[ClientOptions[HttpT]],
    ) -> None:
        """Create a client; nothing is sent.

        The base address of a proxy ends in /gemini, with or without /v1beta after it;
        https://generativelanguage.googleapis.com is Google itself.

        Args:
            api_key: The proxy's key (or Google's, on Google's host). Default: LITELLM_API_KEY.

        Raises:
            MissingCredential: The key is neither given nor in the environment.
            InvalidArgument: An argument is out of range.
        """
        key = find_credential(PROFILE.slug, "api_key", api_key, PROFILE.credentials["api_key"])
        super().__init__(PROFILE, **options)
        self._service = VeoService(key, self._settings)

    @submission
    def generate_videos(
        self,
        prompt: str | None,
        *,
        model: Model | str = "veo-3.0-generate-preview",
        image: ImageInput | None = None,
        last_frame: ImageInput | None = None,
        reference_images: Sequence[ImageInput] = (),
        video: str | None = None,
        aspect_ratio: AspectRatio | None = None,
        resolution: Resolution | None = None,
        duration_seconds: Duration | None = None,
        negative_prompt: str | None = None,
        person_generation: PersonGeneration | None = None,
        sample_count: int | None = None,
        seed: int | None = None,
    ) -> Flow[StartedJob]:
        """Start a video (predictLongRunning); it takes half a minute to some minutes and is charged by the second.

        None lets the service decide: 16:9, 720p, one video of 8 seconds.

        Args:
            prompt: Description of the video, at most 1024 tokens; None only with `image`.
            model: A `Model`, or the name of another, for which only the checks of every model apply.
            image: The first frame: a path or bytes of a PNG or JPEG of at most 20 MB; not an address.
            last_frame: The last frame, likewise; with `image` only.
            reference_images: At most 3 images of what the video shows; Veo 3.1 only, 8 seconds.
            video: The address of a video to extend, as in `job.outputs[0].url`; Veo 3.1 only, 720p, 8 seconds.
            aspect_ratio: 16:9 or 9:16.
            resolution: 720p, 1080p or 4k; the larger two need 8 seconds, and Veo 2 does not have them.
            duration_seconds: 4, 6 or 8; with Veo 2 5, 6 or 8.
            negative_prompt: What the video must not show.
            person_generation: allow_all or allow_adult; with `image` allow_adult alone; with Veo 2 also dont_allow.
            sample_count: Number of videos: 1, with Veo 2 up to 2.
            seed: 0 to 4294967295; the same seed makes a similar video, not the same one.

        Returns:
            A queued job, whose id is the operation's name; its `outputs` will be the videos, which need the key and are
            kept for two days. If all videos are withheld for their content, the job fails with `ContentFiltered`; if
            only some are, `outputs` has the others and `snapshot.reason` the reason.

        Raises:
            InvalidArgument: An argument is out of range; nothing was sent.
            SubmitOutcomeUnknown: The request was sent, and its outcome is unknown.
            ApiError: The service refused.
            ConnectionFailed: The service could not be reached; nothing was sent.

        Facts: veo:create.route, create.parameters, create.person_generation, create.image, create.references,
        create.extension, download.retention.
        """
        name = bodies.model_name(model)
        family = family_of(name)
        bodies.check_together(family, image=image, last_frame=last_frame, references=reference_images)
        instance = bodies.prompt_part(prompt, needed=image is None)
        instance |= bodies.extension_part(family, video, resolution)
        full_duration_for = "video" if video is not None else "reference_images" if reference_images else None
        parameters = bodies.parameters(
            family,
            aspect_ratio=aspect_ratio,
            resolution=resolution,
            duration_seconds=duration_seconds,
            negative_prompt=negative_prompt,
            person_generation=person_generation,
            sample_count=sample_count,
            seed=seed,
            full_duration_for=full_duration_for,
            image=image is not None,
        )
        images = bodies.image_parts(image, last_frame, reference_images)
        return self._submit(name, instance, images, parameters)

    def _submit(
        self, model: str, instance: bodies.Body, images: Flow[bodies.Body], parameters: bodies.Body
    ) -> Flow[StartedJob]:
        instance |= yield from images
        body = {"instances": [instance], **({"parameters": parameters} if parameters else {})}
        return (yield from self._service.submit("generate_videos", model, body))


class Veo(_Operations[SyncHttp], SyncClient[VeoService]):
    """Veo through a LiteLLM proxy or on Google's host, with blocking calls; see `AsyncVeo` for coroutines.

    A submission is never sent twice unless the service provably did not receive it, or refused it for the moment.
    """


class AsyncVeo(_Operations[AsyncHttp], AsyncClient[VeoService]):
    """Veo through a LiteLLM proxy or on Google's host, with coroutines; see `Veo` for calls that block.

    A submission is never sent twice unless the service provably did not receive it, or refused it for the moment.
    """
