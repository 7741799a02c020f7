"""EdrawMax, Wondershare's drawing program: flowcharts, infographics, Gantt charts and mind maps from a prompt.

Documents: the vendor's edrawmax-diagram skill with its reference and its runnable downloader, about the service at
api.edrawmax.cn, read in November 2026. The statements taken from them are the facts ``edrawmax:...``; the ids in the
tables name them.

`capabilities` and `refusals` are data; `outline` parses a prompt, by the `patterns` and `words` of twelve languages,
`outputs` makes diagrams and `mermaid` the same as code; `service` answers the requests.
"""

from soundstage_server.vendors.edrawmax.service import EdrawMaxService

__all__ = ["SERVICE", "EdrawMaxService"]

SERVICE = EdrawMaxService
