"""Tomoviee's clients: a method for each capability, once for both kinds of client.

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
    from soundstage._values.state import Started
    from soundstage.vendors.tomoviee.profile import (
        AnyControl,
        AspectRatio,
        CameraMove,
        Duration,
        FrameAspectRatio,
        Resolution,
    )


class _Operations(Client[HttpT, TomovieeService]):
    """The capabilities, written once for both kinds of client."""

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

    def _start(
        self, operation: str, capability: str, body: bodies.Body, callback: str | None, params: str | None
    ) -> Flow[Started]:
        return self._service.submit(operation, capability, {**body, **bodies.told(callback, params)})

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
    ) -> Flow[Started]:
        """Start a film of 5 seconds from a text (tm_text2video_b); it takes 1 to 5 minutes and costs credits.

        Args:
            prompt: What the film shows.
            resolution: 720p or 1080p, which is the short side in pixels.
            aspect_ratio: 16:9, 9:16, 4:3, 3:4 or 1:1.
            duration: Seconds; 5 is all there is.
            camera_move: A `CameraMove` or its number from 1 to 46; None leaves it to the service.
            callback: An address that is told of the end.
            params: Any text, given back in the result and to the callback.

        Returns:
            A job, still queued; `outputs` will hold one video.

        Raises:
            InvalidArgument: An argument is out of range; nothing was sent.
            SubmitOutcomeUnknown: It was sent, and no answer says what became of it.
            ApiError: The gateway refused.
            ConnectionFailed: The gateway could not be reached; nothing was sent.

        Facts: tomoviee:text2video.params, video.common, camera.index, callback.request.
        """
        body = bodies.film(prompt, resolution, aspect_ratio, duration, camera_move)
        return self._start("text_to_video", "tm_text2video_b", body, callback, params)

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
    ) -> Flow[Started]:
        """Start a film of 5 seconds that sets an image in motion (tm_img2video_b); it takes 1 to 5 minutes.

        Args:
            prompt: What happens.
            image: Address of a JPG, PNG or WEBP of less than 200 MB.
            resolution: As for `text_to_video`, and so are all arguments that are not told here.
            aspect_ratio: One of `text_to_video`'s, or original: the image's own.
            duration: Seconds; 5 is all there is.
            camera_move: A `CameraMove`, its number or None.
            callback: An address that is told of the end.
            params: Any text, given back.

        Returns:
            A job whose `outputs` will hold one video; raises as `text_to_video` does.

        Facts: tomoviee:img2video.params, video.common, limits.input_size.
        """
        body = bodies.film_from_frames(prompt, resolution, aspect_ratio, duration, camera_move)
        body |= bodies.inputs(image=image)
        return self._start("image_to_video", "tm_img2video_b", body, callback, params)

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
    ) -> Flow[Started]:
        """Start a film of 5 seconds from one image to another (tm_tail2video_b); it takes 1 to 5 minutes.

        Args:
            prompt: What happens between the two.
            image: Address of the first frame: a JPG, PNG or WEBP of less than 200 MB.
            image_tail: Address of the last frame, likewise.
            resolution: As for `text_to_video`, and so are all arguments that are not told here.
            aspect_ratio: One of `text_to_video`'s, or original: the first image's own.
            duration: Seconds; 5 is all there is.
            camera_move: A `CameraMove`, its number or None.
            callback: An address that is told of the end.
            params: Any text, given back.

        Returns:
            A job whose `outputs` will hold one video; raises as `text_to_video` does.

        Facts: tomoviee:tail2video.params, video.common, limits.input_size.
        """
        body = bodies.film_from_frames(prompt, resolution, aspect_ratio, duration, camera_move)
        body |= bodies.inputs(image=image, image_tail=image_tail)
        return self._start("first_last_frame", "tm_tail2video_b", body, callback, params)

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
    ) -> Flow[Started]:
        """Start 5 seconds that go on where a film ends (tm_video_continuation_b); it takes 1 to 5 minutes.

        Args:
            prompt: What happens next.
            video: Address of an MP4 of exactly 5 seconds in 720p and less than 200 MB, such as a finished job's output.
            resolution: As for `text_to_video`, and so are all arguments that are not told here.
            aspect_ratio: One of `text_to_video`'s.
            duration: Seconds that are added; 5 is all there is.
            camera_move: A `CameraMove`, its number or None.
            callback: An address that is told of the end.
            params: Any text, given back.

        Returns:
            A job whose `outputs` will hold one video; raises as `text_to_video` does.

        Facts: tomoviee:continuation.params, video.common, limits.input_size.
        """
        body = bodies.film(prompt, resolution, aspect_ratio, duration, camera_move)
        body |= bodies.inputs(video=video)
        return self._start("video_continuation", "tm_video_continuation_b", body, callback, params)

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
    ) -> Flow[Started]:
        """Start 1 to 4 images after a reference (tm_reference_img2img); it takes 30 seconds to 2 minutes.

        Args:
            prompt: What the images show.
            reference_image: Address of a JPG, PNG or WEBP of less than 200 MB; required, under this name or `image`.
            control_type: What is kept of it: a `ControlType`, its string or its number.
            width: 512 to 2048 pixels.
            height: 512 to 2048 pixels.
            batch_size: How many images, 1 to 4; 1 where neither this nor `image_num` is given.
            control_intensity: How closely they keep to the reference, 0 to 1.
            init_image: Address of the image to begin with; for SUBJECT, which needs one, `reference_image` by default.
            image: The older name of `reference_image`.
            image_num: The older name of `batch_size`.
            callback: An address that is told of the end.
            params: Any text, given back.

        Returns:
            A job whose `outputs` will hold the images; raises as `text_to_video` does, and InvalidArgument also where
            the older and the newer name of one thing say different things.

        Facts: tomoviee:img2img.params, control_type.meaning, limits.input_size.
        """
        body = bodies.picture(
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
        return self._start("image_to_image", "tm_reference_img2img", body, callback, params)

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
    ) -> Flow[Started]:
        """Start an image with a part of it drawn anew (tm_redrawing); it takes 30 seconds to 2 minutes.

        Args:
            prompt: What the new part shows.
            init_image: Address of a JPG or PNG whose sides are over 512 and under 2048 pixels, one less than 3 times
                the other; required, under this name or `image`.
            mask_url: Address of a mask of the same size: white is redrawn, black is kept. `recognition` makes such.
            image: The older name of `init_image`.
            mask: The older name of `mask_url`.
            callback: An address that is told of the end.
            params: Any text, given back.

        Returns:
            A job whose `outputs` will hold one image; raises as `image_to_image` does.

        Facts: tomoviee:redrawing.params, workflow.recognise_then_redraw.
        """
        body = bodies.redrawn_picture(prompt, init_image=init_image, mask_url=mask_url, image=image, mask=mask)
        return self._start("redrawing", "tm_redrawing", body, callback, params)

    @submission
    def recognition(
        self,
        image: str,
        *,
        control_type: AnyControl = ControlType.SUBJECT,
        prompt: str | None = None,
        callback: str | None = None,
        params: str | None = None,
    ) -> Flow[Started]:
        """Start masks of what is in an image (tm_reference_img2mask); it takes 30 seconds to 2 minutes.

        Args:
            image: Address of a JPG, PNG or WEBP of less than 200 MB.
            control_type: By what it is recognised: a `ControlType`, its string or its number.
            prompt: What to look for; None leaves it to the service.
            callback: An address that is told of the end.
            params: Any text, given back.

        Returns:
            A job whose `outputs` will hold one mask or more, white where recognised; raises as `text_to_video` does.

        Facts: tomoviee:img2mask.params, control_type.meaning.
        """
        body = bodies.masks(image, control_type, prompt)
        return self._start("recognition", "tm_reference_img2mask", body, callback, params)

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
    ) -> Flow[Started]:
        """Start 1 to 4 pieces of music from a text (tm_text2music); it takes 30 seconds to 2 minutes.

        Args:
            prompt: What it sounds like; the service reads 77 tokens of it and cuts the rest.
            duration: 0 to 95 whole seconds.
            qty: How many pieces, 1 to 4.
            disable_translate: Whether the prompt is left in its own language; None leaves it to the service.
            callback: An address that is told of the end.
            params: Any text, given back.

        Returns:
            A job whose `outputs` will hold the pieces as MP3; raises as `text_to_video` does.

        Facts: tomoviee:text2music.params, output.audio.
        """
        body = bodies.music(prompt, duration, qty, disable_translate=disable_translate)
        return self._start("text_to_music", "tm_text2music", body, callback, params)

    @submission
    def text_to_sound_effect(
        self,
        prompt: str,
        duration: int,
        qty: int = 1,
        *,
        callback: str | None = None,
        params: str | None = None,
    ) -> Flow[Started]:
        """Start 1 to 4 sound effects from a text (tm_text2sfx); it takes 10 seconds to 1 minute.

        Args:
            prompt: What is heard.
            duration: 5 to 180 whole seconds.
            qty: How many, 1 to 4.
            callback: An address that is told of the end.
            params: Any text, given back.

        Returns:
            A job whose `outputs` will hold the effects as MP3; raises as `text_to_video` does.

        Facts: tomoviee:text2sfx.params, output.audio.
        """
        body = bodies.effect(prompt, duration, qty)
        return self._start("text_to_sound_effect", "tm_text2sfx", body, callback, params)

    @submission
    def text_to_speech(
        self,
        text: str,
        voice_id: Voice | str = Voice.ZH_CN_YUNXI,
        *,
        callback: str | None = None,
        params: str | None = None,
    ) -> Flow[Started]:
        """Start speech from a text (tm_text2speech); it takes 5 to 30 seconds.

        Args:
            text: What is said, of at most 5000 characters.
            voice_id: A `Voice`, or the id of another.
            callback: An address that is told of the end.
            params: Any text, given back.

        Returns:
            A job whose `outputs` will hold one MP3; raises as `text_to_video` does.

        Facts: tomoviee:text2speech.params, output.audio.
        """
        body = bodies.speech(text, voice_id)
        return self._start("text_to_speech", "tm_text2speech", body, callback, params)

    @submission
    def video_soundtrack(
        self,
        video: str,
        *,
        prompt: str | None = None,
        duration: int = 20,
        callback: str | None = None,
        params: str | None = None,
    ) -> Flow[Started]:
        """Start sound for a film (tm_video_scoring); it takes 1 to 3 minutes.

        Args:
            video: Address of an MP4 of less than 200 MB.
            prompt: What it sounds like; None leaves it to the service.
            duration: 5 to 900 whole seconds.
            callback: An address that is told of the end.
            params: Any text, given back.

        Returns:
            A job whose `outputs` will hold one MP3; raises as `text_to_video` does.

        Facts: tomoviee:video_scoring.params, output.audio.
        """
        body = bodies.soundtrack(video, prompt, duration)
        return self._start("video_soundtrack", "tm_video_scoring", body, callback, params)


class Tomoviee(_Operations[SyncHttp], SyncClient[TomovieeService]):
    """Tomoviee's gateway, by calls that block; see `AsyncTomoviee` for coroutines.

    A submission is never sent twice unless the gateway provably did not receive it, or refused it for the moment.
    """


class AsyncTomoviee(_Operations[AsyncHttp], AsyncClient[TomovieeService]):
    """Tomoviee's gateway, by coroutines; see `Tomoviee` for calls that block.

    A submission is never sent twice unless the gateway provably did not receive it, or refused it for the moment.
    """
