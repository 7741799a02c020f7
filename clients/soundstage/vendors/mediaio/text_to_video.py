"""Videos from a text: one method for each of Media.io's endpoints, for both kinds of client.

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


class TextToVideo(EndpointMethods):
    """Videos from a text."""

    @submission
    def wan_2_6_text_to_video(
        self,
        prompt: str,
        *,
        size: Literal["9:16", "16:9", "1:1", "4:3", "3:4"] = "16:9",
        duration: Literal["5s", "10s", "15s", 5, 10, 15] = "5s",
        shot_type: Literal["Multi", "Single"] = "Multi",
        generate_audio: bool | Literal["True", "False"] = True,
    ) -> Flow[StartedJob]:
        """Start a video by Wan 2.6 (Text To Video); it costs credits.

        Args:
            prompt: Description of the result, at most 1500 characters.
            size: Aspect ratio: 9:16, 16:9, 1:1, 4:3 or 3:4.
            duration: Duration in seconds: 5s, 10s or 15s.
            shot_type: Several shots or a single one: Multi or Single.
            generate_audio: Whether the video has sound.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `generate`.

        Facts: mediaio:endpoint.t2v-wan-v2-6.prompt, endpoint.t2v-wan-v2-6.size, endpoint.t2v-wan-v2-6.duration,
            endpoint.t2v-wan-v2-6.shot_type, endpoint.t2v-wan-v2-6.generate_audio.
        """
        return self._submit(
            "wan_2_6_text_to_video",
            {
                "prompt": prompt,
                "size": size,
                "duration": duration,
                "shot_type": shot_type,
                "generate_audio": generate_audio,
            },
        )

    @submission
    def vidu_q3_text_to_video(
        self,
        prompt: str,
        *,
        ratio: Literal["9:16", "16:9", "1:1", "4:3", "3:4"] = "16:9",
        resolution: Literal["540P", "720P", "1080P"] = "720P",
        duration: Literal["4s", "8s", "12s", "16s", 4, 8, 12, 16] = "8s",
        generate_audio: bool | Literal["True", "False"] = True,
    ) -> Flow[StartedJob]:
        """Start a video by Vidu Q3 (Text To Video); it costs credits.

        Args:
            prompt: Description of the result, at most 2000 characters.
            ratio: Aspect ratio: 9:16, 16:9, 1:1, 4:3 or 3:4.
            resolution: Output resolution: 540P, 720P or 1080P.
            duration: Duration in seconds: 4s, 8s, 12s or 16s.
            generate_audio: Whether the video has sound.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `generate`.

        Facts: mediaio:endpoint.t2v-vidu-q3.prompt, endpoint.t2v-vidu-q3.ratio, endpoint.t2v-vidu-q3.resolution,
            endpoint.t2v-vidu-q3.duration, endpoint.t2v-vidu-q3.generate_audio.
        """
        return self._submit(
            "vidu_q3_text_to_video",
            {
                "prompt": prompt,
                "ratio": ratio,
                "resolution": resolution,
                "duration": duration,
                "generate_audio": generate_audio,
            },
        )

    @submission
    def wan_2_5_text_to_video(
        self,
        prompt: str,
        *,
        ratio: Literal["16:9", "9:16", "1:1", "4:3", "3:4"] = "16:9",
        duration: Literal["5s", "10s", 5, 10] = "5s",
    ) -> Flow[StartedJob]:
        """Start a video by Wan 2.5 (Text To Video); it costs credits.

        Args:
            prompt: Description of the result, at most 800 characters.
            ratio: Aspect ratio: 16:9, 9:16, 1:1, 4:3 or 3:4.
            duration: Duration in seconds: 5s or 10s.

        Returns:
            A queued job; its `outputs` will be one video. Raises the errors of `generate`.

        Facts: mediaio:endpoint.t2v-wan-v2-5.prompt, endpoint.t2v-wan-v2-5.ratio, endpoint.t2v-wan-v2-5.duration.
        """
        return self._submit("wan_2_5_text_to_video", {"prompt": prompt, "ratio": ratio, "duration": duration})
