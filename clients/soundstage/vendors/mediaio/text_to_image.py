"""Images from a text: one method for each of Media.io's endpoints, for both kinds of client.

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


class TextToImage(EndpointMethods):
    """Images from a text."""

    @submission
    def imagen_4(
        self,
        prompt: str,
        *,
        ratio: Literal["9:16", "16:9", "1:1", "4:3", "3:4"] = "9:16",
        counts: Literal["1", "2", "3", "4", 1, 2, 3, 4] = 1,
    ) -> Flow[StartedJob]:
        """Start an image by Imagen 4; it costs credits.

        Args:
            prompt: Description of the result, at most 1200 characters.
            ratio: Aspect ratio: 9:16, 16:9, 1:1, 4:3 or 3:4.
            counts: Number of images: 1, 2, 3 or 4.

        Returns:
            A queued job; its `outputs` will be `counts` images. Raises the errors of `generate`.

        Facts: mediaio:endpoint.t2i-imagen-4.prompt, endpoint.t2i-imagen-4.ratio, endpoint.t2i-imagen-4.counts.
        """
        return self._submit("imagen_4", {"prompt": prompt, "ratio": ratio, "counts": counts})

    @submission
    def soul_character(
        self,
        prompt: str,
        *,
        ratio: Literal["2:3", "1:1", "3:2", "9:16", "16:9"] = "16:9",
    ) -> Flow[StartedJob]:
        """Start an image by soul_character; it costs credits.

        Args:
            prompt: Description of the result, at most 2000 characters.
            ratio: Aspect ratio: 2:3, 1:1, 3:2, 9:16 or 16:9.

        Returns:
            A queued job; its `outputs` will be one image. Raises the errors of `generate`.

        Facts: mediaio:endpoint.t2i-soul-character.prompt, endpoint.t2i-soul-character.ratio.
        """
        return self._submit("soul_character", {"prompt": prompt, "ratio": ratio})
