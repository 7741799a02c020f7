"""Veo, Google's video models, behind a LiteLLM proxy and on Google's own host: videos as operations that are polled.

Documents: the page and the script of the proxy at api.thucchien.ai, ai.google.dev/gemini-api/docs/video, google-genai
2.34.0 and litellm 1.109.1, read and run in November 2026. The statements taken from them are the facts ``veo:...``; the
ids in the tables name them.

`capabilities` and `refusals` are data, `outputs` makes the media of an operation, `service` answers the requests.
"""

from soundstage_server.vendors.veo.service import VeoService

__all__ = ["SERVICE", "VeoService"]

SERVICE = VeoService
