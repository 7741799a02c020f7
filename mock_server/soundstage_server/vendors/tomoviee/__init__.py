"""Tomoviee, Wondershare's open capacity gateway: videos, images and audio as tasks that are created and polled.

Documents: the vendor's Tomoviee skills and the API pages bundled beside them, and its public pages on results and
callbacks (tomoviee.ai/doc, tomoviee.cn/doc), read in November 2026. The statements taken from them are the facts
``tomoviee:...``; the ids in the tables name them.

`capabilities` and `refusals` are data, `outputs` makes the media of a task, `service` answers the requests.
"""

from soundstage_server.vendors.tomoviee.service import TomovieeService

__all__ = ["SERVICE", "TomovieeService"]

SERVICE = TomovieeService
