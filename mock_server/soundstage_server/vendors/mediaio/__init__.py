"""Media.io, Wondershare's collection of third-party models: images and videos as tasks that are created and polled.

Documents: the vendor's skill ``mediaio-aigc-generate`` and the API's JSON bundled with it, for openapi.media.io, read
in November 2026. The statements taken from them are the facts ``mediaio:...``; the ids in the tables name them.

`capabilities` and `refusals` are data, `outputs` makes the media of a task, `service` answers the requests.
"""

from soundstage_server.vendors.mediaio.service import MediaIOService

__all__ = ["SERVICE", "MediaIOService"]

SERVICE = MediaIOService
