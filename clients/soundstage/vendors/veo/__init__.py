"""Veo: Google's video models, through a LiteLLM proxy or on Google's own host.

Documents: the page and the script of the proxy at api.thucchien.ai, ai.google.dev/gemini-api/docs/video, google-genai
2.34.0 and litellm 1.109.1, read and run in November 2026. Facts are cited by id, as in `veo:create.route`. Where two
documents disagree, this client sends what the vendor's SDK sends, and reads the responses of both.

`profile` has the facts as data, `bodies` the request body, `service` the protocol, and `client` the method.
"""

from soundstage.vendors.veo.client import AsyncVeo, Veo
from soundstage.vendors.veo.profile import PROFILE, AspectRatio, Duration, Model, PersonGeneration, Resolution
from soundstage.vendors.veo.service import VeoService

__all__ = [
    "PROFILE",
    "AspectRatio",
    "AsyncVeo",
    "Duration",
    "Model",
    "PersonGeneration",
    "Resolution",
    "Veo",
    "VeoService",
]
