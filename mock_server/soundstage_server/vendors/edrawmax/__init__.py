"""EdrawMax, Wondershare's drawing program: flowcharts, infographics, Gantt charts and mind maps from a text, at once.

Documents: the vendor's edrawmax-diagram skill with its reference and its runnable downloader, about the service at
api.edrawmax.cn, read in November 2026. The statements taken from them are the facts ``edrawmax:...``; the ids in the
tables name them.

`service` is how the service behaves; `outline` reads a prompt, `words` knows twelve languages, `outputs` makes diagrams
of it, and `mermaid` says the same as code.
"""

from soundstage_server.vendors.edrawmax.service import EdrawMaxService

__all__ = ["SERVICE", "EdrawMaxService"]

SERVICE = EdrawMaxService
