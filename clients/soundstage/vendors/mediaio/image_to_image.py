"""Images from images and a text: one method for each of Media.io's endpoints, for both kinds of client.

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


class ImageToImage(EndpointMethods):
    """Images from images and a text."""

    @submission
    def nano_banana(
        self,
        prompt: str,
        images: list[str] | tuple[str, ...],
        *,
        ratio: Literal["9:16", "16:9", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9"] = "16:9",
    ) -> Flow[StartedJob]:
        """Start an image by Nano Banana; it costs credits.

        Args:
            prompt: Description of the result, at most 1200 characters.
            images: Addresses of 1 to 9 files of PNG or JPEG, at most 20 MB, 300 to 1280 pixels a side, width to height
                1:2 to 2:1.
            ratio: Aspect ratio: 9:16, 16:9, 1:1, 4:3, 3:4, 3:2, 2:3 or 21:9.

        Returns:
            A queued job; its `outputs` will be one image. Raises the errors of `generate`.

        Facts: mediaio:endpoint.i2i-banana.prompt, endpoint.i2i-banana.images, endpoint.i2i-banana.ratio.
        """
        return self._submit("nano_banana", {"prompt": prompt, "images": images, "ratio": ratio})

    @submission
    def seedream_4_0(
        self,
        prompt: str,
        images: list[str] | tuple[str, ...],
        *,
        ratio: Literal["9:16", "16:9", "1:1", "4:3", "3:4", "3:2", "2:3"] = "9:16",
    ) -> Flow[StartedJob]:
        """Start an image by Seedream 4.0; it costs credits.

        Args:
            prompt: Description of the result, at most 800 characters.
            images: Addresses of 1 to 9 files of PNG or JPEG, at most 10 MB, 300 to 1280 pixels a side, width to height
                3:10 to 3:1.
            ratio: Aspect ratio: 9:16, 16:9, 1:1, 4:3, 3:4, 3:2 or 2:3.

        Returns:
            A queued job; its `outputs` will be one image. Raises the errors of `generate`.

        Facts: mediaio:endpoint.i2i-seedream-v4-0.prompt, endpoint.i2i-seedream-v4-0.images,
            endpoint.i2i-seedream-v4-0.ratio.
        """
        return self._submit("seedream_4_0", {"prompt": prompt, "images": images, "ratio": ratio})

    @submission
    def nano_banana_pro(
        self,
        prompt: str,
        images: list[str] | tuple[str, ...],
        *,
        ratio: Literal["9:16", "16:9", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9"] = "16:9",
        resolution: Literal["1K", "2K", "4K"] = "1K",
    ) -> Flow[StartedJob]:
        """Start an image by Nano Banana Pro; it costs credits.

        Args:
            prompt: Description of the result, at most 1200 characters.
            images: Addresses of 1 to 9 files of PNG or JPEG, at most 20 MB, 300 to 1280 pixels a side, width to height
                1:2 to 2:1.
            ratio: Aspect ratio: 9:16, 16:9, 1:1, 4:3, 3:4, 3:2, 2:3 or 21:9.
            resolution: Output resolution: 1K, 2K or 4K.

        Returns:
            A queued job; its `outputs` will be one image. Raises the errors of `generate`.

        Facts: mediaio:endpoint.i2i-banana-2.prompt, endpoint.i2i-banana-2.images, endpoint.i2i-banana-2.ratio,
            endpoint.i2i-banana-2.resolution.
        """
        return self._submit(
            "nano_banana_pro",
            {"prompt": prompt, "images": images, "ratio": ratio, "resolution": resolution},
        )
