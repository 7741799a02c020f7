"""Pictures from a text: a method for each of Media.io's endpoints, once for both kinds of client.

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


class TextToImage(Starts):
    """Pictures from a text."""

    @submission
    def imagen_4(
        self,
        prompt: str,
        *,
        ratio: Literal["9:16", "16:9", "1:1", "4:3", "3:4"] = "9:16",
        counts: Literal["1", "2", "3", "4", 1, 2, 3, 4] = 1,
    ) -> Flow[Started]:
        """Start a picture by Imagen 4; it costs credits.

        Args:
            prompt: What it shows, in at most 1200 characters.
            ratio: Width to height: 9:16, 16:9, 1:1, 4:3 or 3:4.
            counts: How many pictures: 1, 2, 3 or 4.

        Returns:
            A job, still queued, whose `outputs` will hold as many pictures as `counts`; raises as `generate` does.

        Facts: mediaio:endpoint.t2i-imagen-4.prompt, endpoint.t2i-imagen-4.ratio, endpoint.t2i-imagen-4.counts.
        """
        return self._start("imagen_4", {"prompt": prompt, "ratio": ratio, "counts": counts})

    @submission
    def soul_character(
        self,
        prompt: str,
        *,
        ratio: Literal["2:3", "1:1", "3:2", "9:16", "16:9"] = "16:9",
    ) -> Flow[Started]:
        """Start a picture by soul_character; it costs credits.

        Args:
            prompt: What it shows, in at most 2000 characters.
            ratio: Width to height: 2:3, 1:1, 3:2, 9:16 or 16:9.

        Returns:
            A job, still queued, whose `outputs` will hold one picture; raises as `generate` does.

        Facts: mediaio:endpoint.t2i-soul-character.prompt, endpoint.t2i-soul-character.ratio.
        """
        return self._start("soul_character", {"prompt": prompt, "ratio": ratio})
