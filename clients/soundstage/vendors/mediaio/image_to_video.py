"""Videos that start with an image: one method for each of Media.io's endpoints, for both kinds of client.

Source: the pages of the API's endpoints, read in November 2026. `tools/mediaio_methods.py` generates this module;
do not edit it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from soundstage._client.descriptors import submission
from soundstage.vendors.mediaio.bodies import EndpointMethods

if TYPE_CHECKING:
    from soundstage._values.messages import Flow
    from soundstage._values.state import StartedJob


class ImageToVideo(EndpointMethods):
    """Videos that start with an image."""

    @submission
    def wan_2_6(
        self,
        prompt: str,
        image: str,
        *,
        resolution: Literal["720P", "1080P"] = "720P",
        duration: Literal["5s", "10s", "15s", 5, 10, 15] = "5s",
        shot_type: Literal["Multi", "Single"] = "Multi",
        generate_audio: bool | Literal["True", "False"] = True,
    ) -> Flow[StartedJob]:
        """Start a video by Wan 2.6; it costs credits.

        Args:
            prompt: Description of the result, at most 1500 characters.
            image: Address of a file of PNG, JPEG, WEBP or BMP, at most 10 MB, 300 to 2000 pixels a side, width to
                height 0.4:1 to 2.5:1.
            resolution: Output resolution: 720P or 1080P.
            duration: Duration in seconds: 5s, 10s or 15s.
            shot_type: Several shots or a single one: Multi or Single.
            generate_audio: Whether the video has sound.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `generate`.

        Facts: mediaio:endpoint.i2v-wan-v2-6.prompt, endpoint.i2v-wan-v2-6.image, endpoint.i2v-wan-v2-6.resolution,
            endpoint.i2v-wan-v2-6.duration, endpoint.i2v-wan-v2-6.shot_type, endpoint.i2v-wan-v2-6.generate_audio.
        """
        return self._submit(
            "wan_2_6",
            {
                "prompt": prompt,
                "image": image,
                "resolution": resolution,
                "duration": duration,
                "shot_type": shot_type,
                "generate_audio": generate_audio,
            },
        )

    @submission
    def wan_2_2(
        self,
        prompt: str,
        image: str,
        *,
        resolution: Literal["1080P"] = "1080P",
        duration: Literal["5s", 5] = "5s",
    ) -> Flow[StartedJob]:
        """Start a video by Wan 2.2; it costs credits.

        Args:
            prompt: Description of the result, at most 800 characters.
            image: Address of a file of PNG, JPEG, WEBP or BMP, at most 10 MB, 300 to 2000 pixels a side, width to
                height 0.4:1 to 2.5:1.
            resolution: Output resolution: 1080P.
            duration: Duration in seconds: 5s.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `generate`.

        Facts: mediaio:endpoint.i2v-wan-v2-2.prompt, endpoint.i2v-wan-v2-2.image, endpoint.i2v-wan-v2-2.resolution,
            endpoint.i2v-wan-v2-2.duration.
        """
        return self._submit(
            "wan_2_2",
            {"prompt": prompt, "image": image, "resolution": resolution, "duration": duration},
        )

    @submission
    def hailuo_02(
        self,
        prompt: str,
        image: str,
        *,
        duration: Literal["6s", 6] = "6s",
        resolution: Literal["768P", "1080P"] = "768P",
    ) -> Flow[StartedJob]:
        """Start a video by Hailuo 02; it costs credits.

        Args:
            prompt: Description of the result, at most 2000 characters.
            image: Address of a file of PNG, JPEG, WEBP, GIF or HEIC, at most 20 MB, 300 to 4000 pixels a side, width to
                height 0.4:1 to 2.5:1.
            duration: Duration in seconds: 6s.
            resolution: Output resolution: 768P or 1080P.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `generate`.

        Facts: mediaio:endpoint.i2v-minimax-02.prompt, endpoint.i2v-minimax-02.image, endpoint.i2v-minimax-02.duration,
            endpoint.i2v-minimax-02.resolution.
        """
        return self._submit(
            "hailuo_02",
            {"prompt": prompt, "image": image, "duration": duration, "resolution": resolution},
        )

    @submission
    def kling_2_1(
        self,
        prompt: str,
        image: str,
        *,
        duration: Literal["5s", "10s", 5, 10] = "5s",
        resolution: Literal["720P", "1080P"] = "720P",
    ) -> Flow[StartedJob]:
        """Start a video by Kling 2.1; it costs credits.

        Args:
            prompt: Description of the result, at most 2000 characters.
            image: Address of a file of PNG, JPEG, WEBP, GIF or HEIC, at most 20 MB, 300 to 4000 pixels a side, width to
                height 0.4:1 to 2.5:1.
            duration: Duration in seconds: 5s or 10s.
            resolution: Output resolution: 720P or 1080P.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `generate`.

        Facts: mediaio:endpoint.i2v-kling-v2-1.prompt, endpoint.i2v-kling-v2-1.image, endpoint.i2v-kling-v2-1.duration,
            endpoint.i2v-kling-v2-1.resolution.
        """
        return self._submit(
            "kling_2_1",
            {"prompt": prompt, "image": image, "duration": duration, "resolution": resolution},
        )

    @submission
    def vidu_q3(
        self,
        prompt: str,
        image: str,
        *,
        resolution: Literal["540P", "720P", "1080P"] = "720P",
        duration: Literal["4s", "8s", "12s", "16s", 4, 8, 12, 16] = "4s",
        generate_audio: bool | Literal["True", "False"] = True,
    ) -> Flow[StartedJob]:
        """Start a video by Vidu Q3; it costs credits.

        Args:
            prompt: Description of the result, at most 2000 characters.
            image: Address of a file of PNG or JPEG, at most 10 MB, 150 to 4000 pixels a side, width to height 1:4 to
                4:1.
            resolution: Output resolution: 540P, 720P or 1080P.
            duration: Duration in seconds: 4s, 8s, 12s or 16s.
            generate_audio: Whether the video has sound.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `generate`.

        Facts: mediaio:endpoint.i2v-vidu-q3.prompt, endpoint.i2v-vidu-q3.image, endpoint.i2v-vidu-q3.resolution,
            endpoint.i2v-vidu-q3.duration, endpoint.i2v-vidu-q3.generate_audio.
        """
        return self._submit(
            "vidu_q3",
            {
                "prompt": prompt,
                "image": image,
                "resolution": resolution,
                "duration": duration,
                "generate_audio": generate_audio,
            },
        )

    @submission
    def kling_2_5_turbo(
        self,
        prompt: str,
        image: str,
        *,
        duration: Literal["5s", "10s", 5, 10] = "5s",
        resolution: Literal["720P", "1080P"] = "1080P",
    ) -> Flow[StartedJob]:
        """Start a video by Kling 2.5 Turbo; it costs credits.

        Args:
            prompt: Description of the result, at most 2500 characters.
            image: Address of a file of PNG, JPEG, WEBP, GIF or HEIC, at most 20 MB, 300 to 4000 pixels a side, width to
                height 0.4:1 to 2.5:1.
            duration: Duration in seconds: 5s or 10s.
            resolution: Output resolution: 720P or 1080P.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `generate`.

        Facts: mediaio:endpoint.i2v-kling-v2-5-turbo.prompt, endpoint.i2v-kling-v2-5-turbo.image,
            endpoint.i2v-kling-v2-5-turbo.duration, endpoint.i2v-kling-v2-5-turbo.resolution.
        """
        return self._submit(
            "kling_2_5_turbo",
            {"prompt": prompt, "image": image, "duration": duration, "resolution": resolution},
        )

    @submission
    def google_veo_3_1(
        self,
        prompt: str,
        image: str,
        *,
        aspect_ratio: Literal["9:16", "16:9"] = "9:16",
        resolution: Literal["720P", "1080P"] = "720P",
        duration: Literal["4s", "6s", "8s", 4, 6, 8] = "4s",
        generate_audio: bool | Literal["True", "False"] = True,
    ) -> Flow[StartedJob]:
        """Start a video by Google Veo 3.1; it costs credits.

        Args:
            prompt: Description of the result, at most 1000 characters.
            image: Address of a file of JPEG, PNG, WEBP, GIF or HEIC, at most 50 MB, 300 to 4000 pixels a side, width to
                height 0.4:1 to 2:1.
            aspect_ratio: Aspect ratio: 9:16 or 16:9.
            resolution: Output resolution: 720P or 1080P.
            duration: Duration in seconds: 4s, 6s or 8s.
            generate_audio: Whether the video has sound.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `generate`.

        Facts: mediaio:endpoint.i2v-veo-v3-1.prompt, endpoint.i2v-veo-v3-1.image, endpoint.i2v-veo-v3-1.aspect_ratio,
            endpoint.i2v-veo-v3-1.resolution, endpoint.i2v-veo-v3-1.duration, endpoint.i2v-veo-v3-1.generate_audio.
        """
        return self._submit(
            "google_veo_3_1",
            {
                "prompt": prompt,
                "image": image,
                "aspect_ratio": aspect_ratio,
                "resolution": resolution,
                "duration": duration,
                "generate_audio": generate_audio,
            },
        )

    @submission
    def kling_3_0(
        self,
        prompt: str,
        image: str,
        *,
        resolution: Literal["720P", "1080P"] = "1080P",
        duration: Literal["5s", "8s", "10s", "15s", 5, 8, 10, 15] = "5s",
        multi_shots: bool | Literal["True", "False"] = True,
        generate_audio: bool | Literal["True", "False"] = True,
    ) -> Flow[StartedJob]:
        """Start a video by Kling 3.0; it costs credits.

        Args:
            prompt: Description of the result, at most 2500 characters.
            image: Address of a file of PNG, JPEG, WEBP, GIF or HEIC, at most 20 MB, 300 to 4000 pixels a side, width to
                height 0.4:1 to 2.5:1.
            resolution: Output resolution: 720P or 1080P.
            duration: Duration in seconds: 5s, 8s, 10s or 15s.
            multi_shots: Whether the video has several shots.
            generate_audio: Whether the video has sound.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `generate`.

        Facts: mediaio:endpoint.i2v-kling-v3-0.prompt, endpoint.i2v-kling-v3-0.image,
            endpoint.i2v-kling-v3-0.resolution, endpoint.i2v-kling-v3-0.duration, endpoint.i2v-kling-v3-0.multi_shots,
            endpoint.i2v-kling-v3-0.generate_audio.
        """
        return self._submit(
            "kling_3_0",
            {
                "prompt": prompt,
                "image": image,
                "resolution": resolution,
                "duration": duration,
                "multi_shots": multi_shots,
                "generate_audio": generate_audio,
            },
        )

    @submission
    def hailuo_2_3(
        self,
        prompt: str,
        image: str,
        *,
        resolution: Literal["768P", "1080P"] = "768P",
        duration: Literal["6s", "10s", 6, 10] = "6s",
    ) -> Flow[StartedJob]:
        """Start a video by Hailuo 2.3; it costs credits.

        Args:
            prompt: Description of the result, at most 2000 characters.
            image: Address of a file of PNG, JPEG, WEBP, GIF or HEIC, at most 20 MB, 300 to 4000 pixels a side, width to
                height 0.4:1 to 2.5:1.
            resolution: Output resolution: 768P or 1080P; 1080P only with 6s.
            duration: Duration in seconds: 6s or 10s.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `generate`.

        Facts: mediaio:endpoint.i2v-minimax-v2-3.prompt, endpoint.i2v-minimax-v2-3.image,
            endpoint.i2v-minimax-v2-3.resolution, endpoint.i2v-minimax-v2-3.duration.
        """
        return self._submit(
            "hailuo_2_3",
            {"prompt": prompt, "image": image, "resolution": resolution, "duration": duration},
        )

    @submission
    def vidu_q2(
        self,
        prompt: str,
        image: str,
        *,
        duration: Literal["4s", "6s", "8s", 4, 6, 8] = "4s",
        resolution: Literal["720P", "1080P"] = "720P",
    ) -> Flow[StartedJob]:
        """Start a video by Vidu Q2; it costs credits.

        Args:
            prompt: Description of the result, at most 2000 characters.
            image: Address of a file of PNG, JPEG, WEBP, GIF or HEIC, at most 10 MB, 150 to 4000 pixels a side, width to
                height 1:4 to 4:1.
            duration: Duration in seconds: 4s, 6s or 8s.
            resolution: Output resolution: 720P or 1080P.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `generate`.

        Facts: mediaio:endpoint.i2v-vidu-q2.prompt, endpoint.i2v-vidu-q2.image, endpoint.i2v-vidu-q2.duration,
            endpoint.i2v-vidu-q2.resolution.
        """
        return self._submit(
            "vidu_q2",
            {"prompt": prompt, "image": image, "duration": duration, "resolution": resolution},
        )

    @submission
    def wan_2_5(
        self,
        prompt: str,
        image: str,
        *,
        resolution: Literal["480P", "720P", "1080P"] = "480P",
        duration: Literal["5s", "10s", 5, 10] = "5s",
    ) -> Flow[StartedJob]:
        """Start a video by Wan 2.5; it costs credits.

        Args:
            prompt: Description of the result, at most 800 characters.
            image: Address of a file of PNG, JPEG, WEBP or BMP, at most 10 MB, 300 to 2000 pixels a side, width to
                height 0.4:1 to 2.5:1.
            resolution: Output resolution: 480P, 720P or 1080P.
            duration: Duration in seconds: 5s or 10s.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `generate`.

        Facts: mediaio:endpoint.i2v-wan-v2-5.prompt, endpoint.i2v-wan-v2-5.image, endpoint.i2v-wan-v2-5.resolution,
            endpoint.i2v-wan-v2-5.duration.
        """
        return self._submit(
            "wan_2_5",
            {"prompt": prompt, "image": image, "resolution": resolution, "duration": duration},
        )

    @submission
    def kling_2_6(
        self,
        prompt: str,
        image: str,
        *,
        duration: Literal["5s", "10s", 5, 10] = "5s",
        generate_audio: bool | Literal["True", "False"] = True,
    ) -> Flow[StartedJob]:
        """Start a video by Kling 2.6; it costs credits.

        Args:
            prompt: Description of the result, at most 2500 characters.
            image: Address of a file of PNG, JPEG, WEBP, GIF or HEIC, at most 20 MB, 300 to 4000 pixels a side, width to
                height 0.4:1 to 2.5:1.
            duration: Duration in seconds: 5s or 10s.
            generate_audio: Whether the video has sound.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `generate`.

        Facts: mediaio:endpoint.i2v-kling-v2-6.prompt, endpoint.i2v-kling-v2-6.image, endpoint.i2v-kling-v2-6.duration,
            endpoint.i2v-kling-v2-6.generate_audio.
        """
        return self._submit(
            "kling_2_6",
            {"prompt": prompt, "image": image, "duration": duration, "generate_audio": generate_audio},
        )

    @submission
    def motion_control_kling_2_6(
        self,
        video: str,
        image: str,
        *,
        prompt: str | None = None,
    ) -> Flow[StartedJob]:
        """Start a video by Motion Control Kling 2.6; it costs credits.

        Args:
            video: Address of a file of MP4 or MOV, at most 100 MB, 720 to 2160 pixels a side, 24 to 60 frames a second,
                3 to 30 s.
            image: Address of a file of PNG or JPEG, at most 10 MB, 300 to 4000 pixels a side, width to height 1:2 to
                2:1.
            prompt: Description of the result, at most 2500 characters; None omits it.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `generate`.

        Facts: mediaio:endpoint.i2v-motion-control-kling-v2-6.video, endpoint.i2v-motion-control-kling-v2-6.image,
            endpoint.i2v-motion-control-kling-v2-6.prompt.
        """
        return self._submit("motion_control_kling_2_6", {"video": video, "image": image, "prompt": prompt})

    @submission
    def google_veo_3_1_fast(
        self,
        prompt: str,
        image: str,
        *,
        aspect_ratio: Literal["9:16", "16:9"] = "9:16",
        resolution: Literal["720P", "1080P"] = "720P",
        duration: Literal["4s", "6s", "8s", 4, 6, 8] = "4s",
        generate_audio: bool | Literal["True", "False"] = True,
    ) -> Flow[StartedJob]:
        """Start a video by Google Veo 3.1 Fast; it costs credits.

        Args:
            prompt: Description of the result, at most 1000 characters.
            image: Address of a file of JPEG, PNG, WEBP, GIF or HEIC, at most 50 MB, 300 to 4000 pixels a side, width to
                height 0.4:1 to 2:1.
            aspect_ratio: Aspect ratio: 9:16 or 16:9.
            resolution: Output resolution: 720P or 1080P.
            duration: Duration in seconds: 4s, 6s or 8s.
            generate_audio: Whether the video has sound.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `generate`.

        Facts: mediaio:endpoint.i2v-veo-v3-1-fast.prompt, endpoint.i2v-veo-v3-1-fast.image,
            endpoint.i2v-veo-v3-1-fast.aspect_ratio, endpoint.i2v-veo-v3-1-fast.resolution,
            endpoint.i2v-veo-v3-1-fast.duration, endpoint.i2v-veo-v3-1-fast.generate_audio.
        """
        return self._submit(
            "google_veo_3_1_fast",
            {
                "prompt": prompt,
                "image": image,
                "aspect_ratio": aspect_ratio,
                "resolution": resolution,
                "duration": duration,
                "generate_audio": generate_audio,
            },
        )
