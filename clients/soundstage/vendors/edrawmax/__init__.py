"""EdrawMax: flowcharts, infographics, Gantt charts and mind maps from a text, each the response to one call.

Documents: the vendor's edrawmax-diagram skill with its reference and its runnable downloader, about the service at
api.edrawmax.cn, read in November 2026. Facts are cited by id, as in `edrawmax:generate.routes`.

`profile` has the facts as data, `bodies` the request bodies, `service` the protocol, `client` the methods, `diagrams`
the diagrams that they return, and `hosts` the hosts that downloads trust.
"""

from soundstage.vendors.edrawmax.client import AsyncEdrawMax, EdrawMax
from soundstage.vendors.edrawmax.diagrams import AsyncDiagram, Diagram, SavedDiagram
from soundstage.vendors.edrawmax.profile import PROFILE, Language, Platform
from soundstage.vendors.edrawmax.service import EdrawMaxService

__all__ = [
    "PROFILE",
    "AsyncDiagram",
    "AsyncEdrawMax",
    "Diagram",
    "EdrawMax",
    "EdrawMaxService",
    "Language",
    "Platform",
    "SavedDiagram",
]
