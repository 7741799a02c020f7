"""Pictures from pictures and a text: a method for each of Media.io's endpoints, once for both kinds of client.

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


class ImageToImage(Starts):
    """Pictures from pictures and a text."""

    @submission
    def nano_banana(
        self,
        prompt: str,
        images: list[str] | tuple[str, ...],
        *,
        ratio: Literal["9:16", "16:9", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9"] = "16:9",
    ) -> Flow[Started]:
        """Start a picture by Nano Banana; it costs credits.

        Args:
            prompt: What it shows, in at most 1200 characters.
            images: Addresses of 1 to 9 files of PNG or JPEG, at most 20 MB, 300 to 1280 pixels a side, width to height
                1:2 to 2:1.
            ratio: Width to height: 9:16, 16:9, 1:1, 4:3, 3:4, 3:2, 2:3 or 21:9.

        Returns:
            A job, still queued, whose `outputs` will hold one picture; raises as `generate` does.

        Facts: mediaio:endpoint.i2i-banana.prompt, endpoint.i2i-banana.images, endpoint.i2i-banana.ratio.
        """
        return self._start("nano_banana", {"prompt": prompt, "images": images, "ratio": ratio})

    @submission
    def seedream_4_0(
        self,
        prompt: str,
        images: list[str] | tuple[str, ...],
        *,
        ratio: Literal["9:16", "16:9", "1:1", "4:3", "3:4", "3:2", "2:3"] = "9:16",
    ) -> Flow[Started]:
        """Start a picture by Seedream 4.0; it costs credits.

        Args:
            prompt: What it shows, in at most 800 characters.
            images: Addresses of 1 to 9 files of PNG or JPEG, at most 10 MB, 300 to 1280 pixels a side, width to height
                3:10 to 3:1.
            ratio: Width to height: 9:16, 16:9, 1:1, 4:3, 3:4, 3:2 or 2:3.

        Returns:
            A job, still queued, whose `outputs` will hold one picture; raises as `generate` does.

        Facts: mediaio:endpoint.i2i-seedream-v4-0.prompt, endpoint.i2i-seedream-v4-0.images,
            endpoint.i2i-seedream-v4-0.ratio.
        """
        return self._start("seedream_4_0", {"prompt": prompt, "images": images, "ratio": ratio})

    @submission
    def nano_banana_pro(
        self,
        prompt: str,
        images: list[str] | tuple[str, ...],
        *,
        ratio: Literal["9:16", "16:9", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9"] = "16:9",
        resolution: Literal["1K", "2K", "4K"] = "1K",
    ) -> Flow[Started]:
        """Start a picture by Nano Banana Pro; it costs credits.

        Args:
            prompt: What it shows, in at most 1200 characters.
            images: Addresses of 1 to 9 files of PNG or JPEG, at most 20 MB, 300 to 1280 pixels a side, width to height
                1:2 to 2:1.
            ratio: Width to height: 9:16, 16:9, 1:1, 4:3, 3:4, 3:2, 2:3 or 21:9.
            resolution: How fine it is: 1K, 2K or 4K.

        Returns:
            A job, still queued, whose `outputs` will hold one picture; raises as `generate` does.

        Facts: mediaio:endpoint.i2i-banana-2.prompt, endpoint.i2i-banana-2.images, endpoint.i2i-banana-2.ratio,
            endpoint.i2i-banana-2.resolution.
        """
        return self._start(
            "nano_banana_pro",
            {"prompt": prompt, "images": images, "ratio": ratio, "resolution": resolution},
        )
