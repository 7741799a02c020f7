"""Media.io, Wondershare's collection of other houses' models: pictures and films as tasks that are created and polled.

Documents: the vendor's skill ``mediaio-aigc-generate`` and the API's JSON bundled with it, for openapi.media.io, read
in November 2026. The statements taken from them are the facts ``mediaio:...``; the ids in the tables name them.

`capabilities` holds the 22 generation endpoints as data, `outputs` what each makes, `service` how the API behaves.
"""

from soundstage_server.vendors.mediaio.service import MediaIOService

__all__ = ["SERVICE", "MediaIOService"]

SERVICE = MediaIOService
