"""Films that begin with a picture: a method for each of Media.io's endpoints, once for both kinds of client.

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


class ImageToVideo(Starts):
    """Films that begin with a picture."""

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
    ) -> Flow[Started]:
        """Start a film by Wan 2.6; it costs credits.

        Args:
            prompt: What it shows, in at most 1500 characters.
            image: Address of a file of PNG, JPEG, WEBP or BMP, at most 10 MB, 300 to 2000 pixels a side, width to
                height 0.4:1 to 2.5:1.
            resolution: How fine it is: 720P or 1080P.
            duration: How long it lasts, in seconds: 5s, 10s or 15s.
            shot_type: Several shots, or a single one: Multi or Single.
            generate_audio: Whether it has sound.

        Returns:
            A job, still queued, whose `outputs` will hold one film; raises as `generate` does.

        Facts: mediaio:endpoint.i2v-wan-v2-6.prompt, endpoint.i2v-wan-v2-6.image, endpoint.i2v-wan-v2-6.resolution,
            endpoint.i2v-wan-v2-6.duration, endpoint.i2v-wan-v2-6.shot_type, endpoint.i2v-wan-v2-6.generate_audio.
        """
        return self._start(
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
    ) -> Flow[Started]:
        """Start a film by Wan 2.2; it costs credits.

        Args:
            prompt: What it shows, in at most 800 characters.
            image: Address of a file of PNG, JPEG, WEBP or BMP, at most 10 MB, 300 to 2000 pixels a side, width to
                height 0.4:1 to 2.5:1.
            resolution: How fine it is: 1080P.
            duration: How long it lasts, in seconds: 5s.

        Returns:
            A job, still queued, whose `outputs` will hold one film; raises as `generate` does.

        Facts: mediaio:endpoint.i2v-wan-v2-2.prompt, endpoint.i2v-wan-v2-2.image, endpoint.i2v-wan-v2-2.resolution,
            endpoint.i2v-wan-v2-2.duration.
        """
        return self._start(
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
    ) -> Flow[Started]:
        """Start a film by Hailuo 02; it costs credits.

        Args:
            prompt: What it shows, in at most 2000 characters.
            image: Address of a file of PNG, JPEG, WEBP, GIF or HEIC, at most 20 MB, 300 to 4000 pixels a side, width to
                height 0.4:1 to 2.5:1.
            duration: How long it lasts, in seconds: 6s.
            resolution: How fine it is: 768P or 1080P.

        Returns:
            A job, still queued, whose `outputs` will hold one film; raises as `generate` does.

        Facts: mediaio:endpoint.i2v-minimax-02.prompt, endpoint.i2v-minimax-02.image, endpoint.i2v-minimax-02.duration,
            endpoint.i2v-minimax-02.resolution.
        """
        return self._start(
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
    ) -> Flow[Started]:
        """Start a film by Kling 2.1; it costs credits.

        Args:
            prompt: What it shows, in at most 2000 characters.
            image: Address of a file of PNG, JPEG, WEBP, GIF or HEIC, at most 20 MB, 300 to 4000 pixels a side, width to
                height 0.4:1 to 2.5:1.
            duration: How long it lasts, in seconds: 5s or 10s.
            resolution: How fine it is: 720P or 1080P.

        Returns:
            A job, still queued, whose `outputs` will hold one film; raises as `generate` does.

        Facts: mediaio:endpoint.i2v-kling-v2-1.prompt, endpoint.i2v-kling-v2-1.image, endpoint.i2v-kling-v2-1.duration,
            endpoint.i2v-kling-v2-1.resolution.
        """
        return self._start(
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
    ) -> Flow[Started]:
        """Start a film by Vidu Q3; it costs credits.

        Args:
            prompt: What it shows, in at most 2000 characters.
            image: Address of a file of PNG or JPEG, at most 10 MB, 150 to 4000 pixels a side, width to height 1:4 to
                4:1.
            resolution: How fine it is: 540P, 720P or 1080P.
            duration: How long it lasts, in seconds: 4s, 8s, 12s or 16s.
            generate_audio: Whether it has sound.

        Returns:
            A job, still queued, whose `outputs` will hold one film; raises as `generate` does.

        Facts: mediaio:endpoint.i2v-vidu-q3.prompt, endpoint.i2v-vidu-q3.image, endpoint.i2v-vidu-q3.resolution,
            endpoint.i2v-vidu-q3.duration, endpoint.i2v-vidu-q3.generate_audio.
        """
        return self._start(
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
    ) -> Flow[Started]:
        """Start a film by Kling 2.5 Turbo; it costs credits.

        Args:
            prompt: What it shows, in at most 2500 characters.
            image: Address of a file of PNG, JPEG, WEBP, GIF or HEIC, at most 20 MB, 300 to 4000 pixels a side, width to
                height 0.4:1 to 2.5:1.
            duration: How long it lasts, in seconds: 5s or 10s.
            resolution: How fine it is: 720P or 1080P.

        Returns:
            A job, still queued, whose `outputs` will hold one film; raises as `generate` does.

        Facts: mediaio:endpoint.i2v-kling-v2-5-turbo.prompt, endpoint.i2v-kling-v2-5-turbo.image,
            endpoint.i2v-kling-v2-5-turbo.duration, endpoint.i2v-kling-v2-5-turbo.resolution.
        """
        return self._start(
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
    ) -> Flow[Started]:
        """Start a film by Google Veo 3.1; it costs credits.

        Args:
            prompt: What it shows, in at most 1000 characters.
            image: Address of a file of JPEG, PNG, WEBP, GIF or HEIC, at most 50 MB, 300 to 4000 pixels a side, width to
                height 0.4:1 to 2:1.
            aspect_ratio: Width to height: 9:16 or 16:9.
            resolution: How fine it is: 720P or 1080P.
            duration: How long it lasts, in seconds: 4s, 6s or 8s.
            generate_audio: Whether it has sound.

        Returns:
            A job, still queued, whose `outputs` will hold one film; raises as `generate` does.

        Facts: mediaio:endpoint.i2v-veo-v3-1.prompt, endpoint.i2v-veo-v3-1.image, endpoint.i2v-veo-v3-1.aspect_ratio,
            endpoint.i2v-veo-v3-1.resolution, endpoint.i2v-veo-v3-1.duration, endpoint.i2v-veo-v3-1.generate_audio.
        """
        return self._start(
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
    ) -> Flow[Started]:
        """Start a film by Kling 3.0; it costs credits.

        Args:
            prompt: What it shows, in at most 2500 characters.
            image: Address of a file of PNG, JPEG, WEBP, GIF or HEIC, at most 20 MB, 300 to 4000 pixels a side, width to
                height 0.4:1 to 2.5:1.
            resolution: How fine it is: 720P or 1080P.
            duration: How long it lasts, in seconds: 5s, 8s, 10s or 15s.
            multi_shots: Whether it has several shots.
            generate_audio: Whether it has sound.

        Returns:
            A job, still queued, whose `outputs` will hold one film; raises as `generate` does.

        Facts: mediaio:endpoint.i2v-kling-v3-0.prompt, endpoint.i2v-kling-v3-0.image,
            endpoint.i2v-kling-v3-0.resolution, endpoint.i2v-kling-v3-0.duration, endpoint.i2v-kling-v3-0.multi_shots,
            endpoint.i2v-kling-v3-0.generate_audio.
        """
        return self._start(
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
    ) -> Flow[Started]:
        """Start a film by Hailuo 2.3; it costs credits.

        Args:
            prompt: What it shows, in at most 2000 characters.
            image: Address of a file of PNG, JPEG, WEBP, GIF or HEIC, at most 20 MB, 300 to 4000 pixels a side, width to
                height 0.4:1 to 2.5:1.
            resolution: How fine it is: 768P or 1080P; 1080P only with 6s.
            duration: How long it lasts, in seconds: 6s or 10s.

        Returns:
            A job, still queued, whose `outputs` will hold one film; raises as `generate` does.

        Facts: mediaio:endpoint.i2v-minimax-v2-3.prompt, endpoint.i2v-minimax-v2-3.image,
            endpoint.i2v-minimax-v2-3.resolution, endpoint.i2v-minimax-v2-3.duration.
        """
        return self._start(
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
    ) -> Flow[Started]:
        """Start a film by Vidu Q2; it costs credits.

        Args:
            prompt: What it shows, in at most 2000 characters.
            image: Address of a file of PNG, JPEG, WEBP, GIF or HEIC, at most 10 MB, 150 to 4000 pixels a side, width to
                height 1:4 to 4:1.
            duration: How long it lasts, in seconds: 4s, 6s or 8s.
            resolution: How fine it is: 720P or 1080P.

        Returns:
            A job, still queued, whose `outputs` will hold one film; raises as `generate` does.

        Facts: mediaio:endpoint.i2v-vidu-q2.prompt, endpoint.i2v-vidu-q2.image, endpoint.i2v-vidu-q2.duration,
            endpoint.i2v-vidu-q2.resolution.
        """
        return self._start(
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
    ) -> Flow[Started]:
        """Start a film by Wan 2.5; it costs credits.

        Args:
            prompt: What it shows, in at most 800 characters.
            image: Address of a file of PNG, JPEG, WEBP or BMP, at most 10 MB, 300 to 2000 pixels a side, width to
                height 0.4:1 to 2.5:1.
            resolution: How fine it is: 480P, 720P or 1080P.
            duration: How long it lasts, in seconds: 5s or 10s.

        Returns:
            A job, still queued, whose `outputs` will hold one film; raises as `generate` does.

        Facts: mediaio:endpoint.i2v-wan-v2-5.prompt, endpoint.i2v-wan-v2-5.image, endpoint.i2v-wan-v2-5.resolution,
            endpoint.i2v-wan-v2-5.duration.
        """
        return self._start(
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
    ) -> Flow[Started]:
        """Start a film by Kling 2.6; it costs credits.

        Args:
            prompt: What it shows, in at most 2500 characters.
            image: Address of a file of PNG, JPEG, WEBP, GIF or HEIC, at most 20 MB, 300 to 4000 pixels a side, width to
                height 0.4:1 to 2.5:1.
            duration: How long it lasts, in seconds: 5s or 10s.
            generate_audio: Whether it has sound.

        Returns:
            A job, still queued, whose `outputs` will hold one film; raises as `generate` does.

        Facts: mediaio:endpoint.i2v-kling-v2-6.prompt, endpoint.i2v-kling-v2-6.image, endpoint.i2v-kling-v2-6.duration,
            endpoint.i2v-kling-v2-6.generate_audio.
        """
        return self._start(
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
    ) -> Flow[Started]:
        """Start a film by Motion Control Kling 2.6; it costs credits.

        Args:
            video: Address of a file of MP4 or MOV, at most 100 MB, 720 to 2160 pixels a side, 24 to 60 frames a second,
                3 to 30 s.
            image: Address of a file of PNG or JPEG, at most 10 MB, 300 to 4000 pixels a side, width to height 1:2 to
                2:1.
            prompt: What it shows, in at most 2500 characters; None leaves it out.

        Returns:
            A job, still queued, whose `outputs` will hold one film; raises as `generate` does.

        Facts: mediaio:endpoint.i2v-motion-control-kling-v2-6.video, endpoint.i2v-motion-control-kling-v2-6.image,
            endpoint.i2v-motion-control-kling-v2-6.prompt.
        """
        return self._start("motion_control_kling_2_6", {"video": video, "image": image, "prompt": prompt})

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
    ) -> Flow[Started]:
        """Start a film by Google Veo 3.1 Fast; it costs credits.

        Args:
            prompt: What it shows, in at most 1000 characters.
            image: Address of a file of JPEG, PNG, WEBP, GIF or HEIC, at most 50 MB, 300 to 4000 pixels a side, width to
                height 0.4:1 to 2:1.
            aspect_ratio: Width to height: 9:16 or 16:9.
            resolution: How fine it is: 720P or 1080P.
            duration: How long it lasts, in seconds: 4s, 6s or 8s.
            generate_audio: Whether it has sound.

        Returns:
            A job, still queued, whose `outputs` will hold one film; raises as `generate` does.

        Facts: mediaio:endpoint.i2v-veo-v3-1-fast.prompt, endpoint.i2v-veo-v3-1-fast.image,
            endpoint.i2v-veo-v3-1-fast.aspect_ratio, endpoint.i2v-veo-v3-1-fast.resolution,
            endpoint.i2v-veo-v3-1-fast.duration, endpoint.i2v-veo-v3-1-fast.generate_audio.
        """
        return self._start(
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
