"""Tomoviee's clients: one method for each capability, for both kinds of client.

Source: the capabilities' own skills, and the pages at tomoviee.ai/doc; facts are cited by id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from soundstage._client.client import AsyncClient, Client, SyncClient
from soundstage._client.descriptors import submission
from soundstage._client.options import ClientOptions, constructor
from soundstage._io.http import AsyncHttp, HttpT, SyncHttp
from soundstage._protocol.credentials import find_credential
from soundstage.vendors.tomoviee import bodies
from soundstage.vendors.tomoviee.profile import PROFILE, ControlType, Voice
from soundstage.vendors.tomoviee.service import TomovieeService

if TYPE_CHECKING:
    from soundstage._values.messages import Flow
    from soundstage._values.state import StartedJob
    from soundstage.vendors.tomoviee.profile import (
        AnyControl,
        AspectRatio,
        CameraMove,
        Duration,
        FrameAspectRatio,
        Resolution,
    )


class _Operations(Client[HttpT, TomovieeService]):
    """The operations, one for each capability, written once for both kinds of client."""

    @constructor(PROFILE, ClientOptions)
    def __init__(
        self,
        app_key: str | None = None,
        app_secret: str | None = None,
        **options: Unpack[ClientOptions[HttpT]],
    ) -> None:
        """Create a client; nothing is sent.

        Args:
            app_key: The gateway's key, or else TOMOVIEE_APP_KEY.
            app_secret: The gateway's secret, or else TOMOVIEE_APP_SECRET.

        Raises:
            MissingCredential: Key or secret is neither given nor in the environment.
            InvalidArgument: An argument is out of range.
        """
        names = PROFILE.credentials
        key = find_credential(PROFILE.slug, "app_key", app_key, names["app_key"])
        secret = find_credential(PROFILE.slug, "app_secret", app_secret, names["app_secret"])
        super().__init__(PROFILE, **options)
        self._service = TomovieeService(key, secret, self._settings)

    def _submit(
        self, operation: str, capability: str, body: bodies.Body, callback: str | None, params: str | None
    ) -> Flow[StartedJob]:
        return self._service.submit(operation, capability, {**body, **bodies.callback_params(callback, params)})

    @submission
    def text_to_video(
        self,
        prompt: str,
        *,
        resolution: Resolution = "720p",
        aspect_ratio: AspectRatio = "16:9",
        duration: Duration = 5,
        camera_move: CameraMove | int | None = None,
        callback: str | None = None,
        params: str | None = None,
    ) -> Flow[StartedJob]:
        """Start a video of 5 seconds from a text (tm_text2video_b); it takes 1 to 5 minutes and costs credits.

        Args:
            prompt: Description of the video.
            resolution: 720p or 1080p, which is the short side in pixels.
            aspect_ratio: 16:9, 9:16, 4:3, 3:4 or 1:1.
            duration: Seconds; only 5 is available.
            camera_move: A `CameraMove` or its number from 1 to 46; None lets the service decide.
            callback: Address of a callback at the end.
            params: Any text; returned in the result and in the callback.

        Returns:
            A queued job; its `outputs` will be one video.

        Raises:
            InvalidArgument: An argument is out of range; nothing was sent.
            SubmitOutcomeUnknown: The request was sent, and its outcome is unknown.
            ApiError: The gateway refused.
            ConnectionFailed: The gateway could not be reached; nothing was sent.

        Facts: tomoviee:text2video.params, video.common, camera.index, callback.request.
        """
        body = bodies.video(prompt, resolution, aspect_ratio, duration, camera_move)
        return self._submit("text_to_video", "tm_text2video_b", body, callback, params)

    @submission
    def image_to_video(
        self,
        prompt: str,
        image: str,
        *,
        resolution: Resolution = "720p",
        aspect_ratio: FrameAspectRatio = "16:9",
        duration: Duration = 5,
        camera_move: CameraMove | int | None = None,
        callback: str | None = None,
        params: str | None = None,
    ) -> Flow[StartedJob]:
        """Start a video of 5 seconds that animates an image (tm_img2video_b); it takes 1 to 5 minutes.

        Args:
            prompt: What happens.
            image: Address of a JPG, PNG or WEBP of less than 200 MB.
            resolution: As for `text_to_video`, like all arguments that are not described here.
            aspect_ratio: A ratio of `text_to_video`, or original: that of the image.
            duration: Seconds; only 5 is available.
            camera_move: A `CameraMove`, its number from 1 to 46, or None.
            callback: Address of a callback at the end.
            params: Any text; returned.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `text_to_video`.

        Facts: tomoviee:img2video.params, video.common, limits.input_size.
        """
        body = bodies.video_from_frames(prompt, resolution, aspect_ratio, duration, camera_move)
        body |= bodies.input_files(image=image)
        return self._submit("image_to_video", "tm_img2video_b", body, callback, params)

    @submission
    def first_last_frame(
        self,
        prompt: str,
        image: str,
        image_tail: str,
        *,
        resolution: Resolution = "720p",
        aspect_ratio: FrameAspectRatio = "16:9",
        duration: Duration = 5,
        camera_move: CameraMove | int | None = None,
        callback: str | None = None,
        params: str | None = None,
    ) -> Flow[StartedJob]:
        """Start a video of 5 seconds from one image to another (tm_tail2video_b); it takes 1 to 5 minutes.

        Args:
            prompt: What happens between the two.
            image: Address of the first frame: a JPG, PNG or WEBP of less than 200 MB.
            image_tail: Address of the last frame, likewise.
            resolution: As for `text_to_video`, like all arguments that are not described here.
            aspect_ratio: A ratio of `text_to_video`, or original: that of the first image.
            duration: Seconds; only 5 is available.
            camera_move: A `CameraMove`, its number from 1 to 46, or None.
            callback: Address of a callback at the end.
            params: Any text; returned.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `text_to_video`.

        Facts: tomoviee:tail2video.params, video.common, limits.input_size.
        """
        body = bodies.video_from_frames(prompt, resolution, aspect_ratio, duration, camera_move)
        body |= bodies.input_files(image=image, image_tail=image_tail)
        return self._submit("first_last_frame", "tm_tail2video_b", body, callback, params)

    @submission
    def video_continuation(
        self,
        prompt: str,
        video: str,
        *,
        resolution: Resolution = "720p",
        aspect_ratio: AspectRatio = "16:9",
        duration: Duration = 5,
        camera_move: CameraMove | int | None = None,
        callback: str | None = None,
        params: str | None = None,
    ) -> Flow[StartedJob]:
        """Start 5 seconds that continue a video (tm_video_continuation_b); it takes 1 to 5 minutes.

        Args:
            prompt: What happens next.
            video: Address of an MP4 of exactly 5 seconds in 720p and less than 200 MB, such as a finished job's output.
            resolution: As for `text_to_video`, like all arguments that are not described here.
            aspect_ratio: A ratio of `text_to_video`.
            duration: Seconds that are added; only 5 is available.
            camera_move: A `CameraMove`, its number from 1 to 46, or None.
            callback: Address of a callback at the end.
            params: Any text; returned.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `text_to_video`.

        Facts: tomoviee:continuation.params, video.common, limits.input_size.
        """
        body = bodies.video(prompt, resolution, aspect_ratio, duration, camera_move)
        body |= bodies.input_files(video=video)
        return self._submit("video_continuation", "tm_video_continuation_b", body, callback, params)

    @submission
    def image_to_image(
        self,
        prompt: str,
        reference_image: str | None = None,
        *,
        control_type: AnyControl = ControlType.SUBJECT,
        width: int = 1024,
        height: int = 1024,
        batch_size: int | None = None,
        control_intensity: float = 0.5,
        init_image: str | None = None,
        image: str | None = None,
        image_num: int | None = None,
        callback: str | None = None,
        params: str | None = None,
    ) -> Flow[StartedJob]:
        """Start 1 to 4 images that follow a reference image (tm_reference_img2img); it takes 30 seconds to 2 minutes.

        Args:
            prompt: Description of the images.
            reference_image: Address of a JPG, PNG or WEBP of less than 200 MB; required, under this name or `image`.
            control_type: What is kept of the reference: a `ControlType`, its string or its number.
            width: 512 to 2048 pixels.
            height: 512 to 2048 pixels.
            batch_size: Number of images, 1 to 4; 1 if neither this nor `image_num` is given.
            control_intensity: How closely the images follow the reference, 0 to 1.
            init_image: Address of the image to start with; SUBJECT needs one, by default `reference_image`.
            image: The older name of `reference_image`.
            image_num: The older name of `batch_size`.
            callback: Address of a callback at the end.
            params: Any text; returned.

        Returns:
            A queued job; its `outputs` will be the images. Raises what `text_to_video` raises, and InvalidArgument
            also if the older and the newer name of an argument have different values.

        Facts: tomoviee:img2img.params, control_type.meaning, limits.input_size.
        """
        body = bodies.image_from_reference(
            prompt,
            reference_image=reference_image,
            control=control_type,
            width=width,
            height=height,
            batch_size=batch_size,
            control_intensity=control_intensity,
            init_image=init_image,
            image=image,
            image_num=image_num,
        )
        return self._submit("image_to_image", "tm_reference_img2img", body, callback, params)

    @submission
    def redrawing(
        self,
        prompt: str,
        init_image: str | None = None,
        mask_url: str | None = None,
        *,
        image: str | None = None,
        mask: str | None = None,
        callback: str | None = None,
        params: str | None = None,
    ) -> Flow[StartedJob]:
        """Start an image with a redrawn part (tm_redrawing); it takes 30 seconds to 2 minutes.

        Args:
            prompt: Description of the new part.
            init_image: Address of a JPG or PNG whose sides are over 512 and under 2048 pixels, one less than 3 times
                the other; required, under this name or `image`.
            mask_url: Address of a mask of the same size: white is redrawn, black is kept. `recognition` makes one.
            image: The older name of `init_image`.
            mask: The older name of `mask_url`.
            callback: Address of a callback at the end.
            params: Any text; returned.

        Returns:
            A queued job; its `outputs` will be one image. Raises what `image_to_image` raises.

        Facts: tomoviee:redrawing.params, workflow.recognise_then_redraw.
        """
        body = bodies.redrawn_image(prompt, init_image=init_image, mask_url=mask_url, image=image, mask=mask)
        return self._submit("redrawing", "tm_redrawing", body, callback, params)

    @submission
    def recognition(
        self,
        image: str,
        *,
        control_type: AnyControl = ControlType.SUBJECT,
        prompt: str | None = None,
        callback: str | None = None,
        params: str | None = None,
    ) -> Flow[StartedJob]:
        """Start masks of the objects in an image (tm_reference_img2mask); it takes 30 seconds to 2 minutes.

        Args:
            image: Address of a JPG, PNG or WEBP of less than 200 MB.
            control_type: What is recognized: a `ControlType`, its string or its number.
            prompt: Which objects to find; None lets the service decide.
            callback: Address of a callback at the end.
            params: Any text; returned.

        Returns:
            A queued job; its `outputs` will be one mask or more, white where recognized. Raises the errors of
            `text_to_video`.

        Facts: tomoviee:img2mask.params, control_type.meaning.
        """
        body = bodies.masks(image, control_type, prompt)
        return self._submit("recognition", "tm_reference_img2mask", body, callback, params)

    @submission
    def text_to_music(
        self,
        prompt: str,
        duration: int,
        qty: int = 1,
        *,
        disable_translate: bool | None = None,
        callback: str | None = None,
        params: str | None = None,
    ) -> Flow[StartedJob]:
        """Start 1 to 4 pieces of music from a text (tm_text2music); it takes 30 seconds to 2 minutes.

        Args:
            prompt: Description of the music; the service reads 77 tokens and ignores the rest.
            duration: 0 to 95 whole seconds.
            qty: Number of pieces, 1 to 4.
            disable_translate: Whether the prompt stays in its own language; None lets the service decide.
            callback: Address of a callback at the end.
            params: Any text; returned.

        Returns:
            A queued job; its `outputs` will be the pieces as MP3. Raises the errors of `text_to_video`.

        Facts: tomoviee:text2music.params, output.audio.
        """
        body = bodies.music(prompt, duration, qty, disable_translate=disable_translate)
        return self._submit("text_to_music", "tm_text2music", body, callback, params)

    @submission
    def text_to_sound_effect(
        self,
        prompt: str,
        duration: int,
        qty: int = 1,
        *,
        callback: str | None = None,
        params: str | None = None,
    ) -> Flow[StartedJob]:
        """Start 1 to 4 sound effects from a text (tm_text2sfx); it takes 10 seconds to 1 minute.

        Args:
            prompt: Description of the sound.
            duration: 5 to 180 whole seconds.
            qty: Number of effects, 1 to 4.
            callback: Address of a callback at the end.
            params: Any text; returned.

        Returns:
            A queued job; its `outputs` will be the effects as MP3. Raises the errors of `text_to_video`.

        Facts: tomoviee:text2sfx.params, output.audio.
        """
        body = bodies.sound_effect(prompt, duration, qty)
        return self._submit("text_to_sound_effect", "tm_text2sfx", body, callback, params)

    @submission
    def text_to_speech(
        self,
        text: str,
        voice_id: Voice | str = Voice.ZH_CN_YUNXI,
        *,
        callback: str | None = None,
        params: str | None = None,
    ) -> Flow[StartedJob]:
        """Start speech from a text (tm_text2speech); it takes 5 to 30 seconds.

        Args:
            text: The text to speak, at most 5000 characters.
            voice_id: A `Voice`, or the id of another voice.
            callback: Address of a callback at the end.
            params: Any text; returned.

        Returns:
            A queued job; its `outputs` will be one MP3. Raises the errors of `text_to_video`.

        Facts: tomoviee:text2speech.params, output.audio.
        """
        body = bodies.speech(text, voice_id)
        return self._submit("text_to_speech", "tm_text2speech", body, callback, params)

    @submission
    def video_soundtrack(
        self,
        video: str,
        *,
        prompt: str | None = None,
        duration: int = 20,
        callback: str | None = None,
        params: str | None = None,
    ) -> Flow[StartedJob]:
        """Start a soundtrack for a video (tm_video_scoring); it takes 1 to 3 minutes.

        Args:
            video: Address of an MP4 of less than 200 MB.
            prompt: Description of the soundtrack; None lets the service decide.
            duration: 5 to 900 whole seconds.
            callback: Address of a callback at the end.
            params: Any text; returned.

        Returns:
            A queued job; its `outputs` will be one MP3. Raises the errors of `text_to_video`.

        Facts: tomoviee:video_scoring.params, output.audio.
        """
        body = bodies.soundtrack(video, prompt, duration)
        return self._submit("video_soundtrack", "tm_video_scoring", body, callback, params)


class Tomoviee(_Operations[SyncHttp], SyncClient[TomovieeService]):
    """Tomoviee's gateway, with blocking calls; see `AsyncTomoviee` for coroutines.

    A submission is never sent twice unless the gateway provably did not receive it, or refused it for the moment.
    """


class AsyncTomoviee(_Operations[AsyncHttp], AsyncClient[TomovieeService]):
    """Tomoviee's gateway, with coroutines; see `Tomoviee` for calls that block.

    A submission is never sent twice unless the gateway provably did not receive it, or refused it for the moment.
    """
