"""Media.io: Wondershare's collection of other houses' models for images and video, behind one API.

Documents: the skill ``mediaio-aigc-generate`` that the vendor publishes, and the API's pages bundled with it, for
openapi.media.io, read in November 2026. Facts are cited by id, as in `mediaio:request.wrapper`.

`endpoints` and the modules of methods (`text_to_image`, `image_to_image`, `image_to_video`, `text_to_video`,
`overloads`, `parameters`) are written by `tools/mediaio_methods.py`; `bodies` has the rules of parameters, `profile`
the other facts as data, `service` the conversation, and `client` what is common to both clients.
"""

from soundstage.vendors.mediaio.client import AsyncMediaIO, MediaIO
from soundstage.vendors.mediaio.endpoints import ENDPOINTS
from soundstage.vendors.mediaio.profile import PROFILE
from soundstage.vendors.mediaio.service import MediaIOService

__all__ = ["ENDPOINTS", "PROFILE", "AsyncMediaIO", "MediaIO", "MediaIOService"]
