"""Films from a text: a method for each of Media.io's endpoints, once for both kinds of client.

Source: the pages of the API's endpoints, read in November 2026. `tools/mediaio_methods.py` writes this module; do not
change it by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from soundstage._client.descriptors import submission
from soundstage.vendors.mediaio.bodies import Starts

if TYPE_CHECKING:
    from soundstage._values.messages import Flow
    from soundstage._values.state import Started


class TextToVideo(Starts):
    """Films from a text."""

    @submission
    def wan_2_6_text_to_video(
        self,
        prompt: str,
        *,
        size: Literal["9:16", "16:9", "1:1", "4:3", "3:4"] = "16:9",
        duration: Literal["5s", "10s", "15s", 5, 10, 15] = "5s",
        shot_type: Literal["Multi", "Single"] = "Multi",
        generate_audio: bool | Literal["True", "False"] = True,
    ) -> Flow[Started]:
        """Start a film by Wan 2.6 (Text To Video); it costs credits.

        Args:
            prompt: What it shows, in at most 1500 characters.
            size: Width to height: 9:16, 16:9, 1:1, 4:3 or 3:4.
            duration: How long it lasts, in seconds: 5s, 10s or 15s.
            shot_type: Several shots, or a single one: Multi or Single.
            generate_audio: Whether it has sound.

        Returns:
            A job, still queued, whose `outputs` will hold one film; raises as `generate` does.

        Facts: mediaio:endpoint.t2v-wan-v2-6.prompt, endpoint.t2v-wan-v2-6.size, endpoint.t2v-wan-v2-6.duration,
            endpoint.t2v-wan-v2-6.shot_type, endpoint.t2v-wan-v2-6.generate_audio.
        """
        return self._start(
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
    ) -> Flow[Started]:
        """Start a film by Vidu Q3 (Text To Video); it costs credits.

        Args:
            prompt: What it shows, in at most 2000 characters.
            ratio: Width to height: 9:16, 16:9, 1:1, 4:3 or 3:4.
            resolution: How fine it is: 540P, 720P or 1080P.
            duration: How long it lasts, in seconds: 4s, 8s, 12s or 16s.
            generate_audio: Whether it has sound.

        Returns:
            A job, still queued, whose `outputs` will hold one film; raises as `generate` does.

        Facts: mediaio:endpoint.t2v-vidu-q3.prompt, endpoint.t2v-vidu-q3.ratio, endpoint.t2v-vidu-q3.resolution,
            endpoint.t2v-vidu-q3.duration, endpoint.t2v-vidu-q3.generate_audio.
        """
        return self._start(
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
    ) -> Flow[Started]:
        """Start a film by Wan 2.5 (Text To Video); it costs credits.

        Args:
            prompt: What it shows, in at most 800 characters.
            ratio: Width to height: 16:9, 9:16, 1:1, 4:3 or 3:4.
            duration: How long it lasts, in seconds: 5s or 10s.

        Returns:
            A job, still queued, whose `outputs` will hold one film; raises as `generate` does.

        Facts: mediaio:endpoint.t2v-wan-v2-5.prompt, endpoint.t2v-wan-v2-5.ratio, endpoint.t2v-wan-v2-5.duration.
        """
        return self._start("wan_2_5_text_to_video", {"prompt": prompt, "ratio": ratio, "duration": duration})
