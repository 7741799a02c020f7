"""Tomoviee, Wondershare's open capacity gateway: films, pictures and sounds as tasks that are created and polled.

Documents: the vendor's Tomoviee skills and the API pages bundled beside them, and its public pages on results and
callbacks (tomoviee.ai/doc, tomoviee.cn/doc), read in November 2026. The statements taken from them are the facts
``tomoviee:...``; the ids in the tables name them.

`capabilities` holds the eleven capabilities as data, `outputs` what each makes, `service` how the gateway behaves.
"""

from soundstage_server.vendors.tomoviee.service import TomovieeService

__all__ = ["SERVICE", "TomovieeService"]

SERVICE = TomovieeService
