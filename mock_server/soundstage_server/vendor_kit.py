"""What a simulated vendor is built from: the public names for plug-ins, part of the versioned vendor interface.

The services in `soundstage_server.vendors` are built from the same parts; see docs/vendor_interface.md.
"""

from soundstage_server.kit.inputs import InputLimits, MediaContent, MediaLink, media_fields
from soundstage_server.kit.key_service import KeyService
from soundstage_server.kit.service import Service, bearer_token
from soundstage_server.kit.uuids import uuid_text
from soundstage_server.media import Audio, Image, Mask, MediaSpec, Video, frame_size
from soundstage_server.model.account import EXTRA, Account, Task
from soundstage_server.model.fields import (
    Choice,
    Field,
    FieldError,
    Flag,
    Group,
    Integer,
    Link,
    ListOf,
    Number,
    Rule,
    Text,
    check,
)
from soundstage_server.model.ledger import CREDITS, USD, Unit
from soundstage_server.model.lifecycle import CallbackPlan, Fate, Lifecycle, Stage, TaskState
from soundstage_server.model.messages import (
    JSON,
    Identity,
    Refusal,
    Refusals,
    RefusedError,
    Request,
    Response,
    Route,
    json_response,
)
from soundstage_server.model.suggestions import did_you_mean
from soundstage_server.world.world import World

__all__ = [
    "CREDITS",
    "EXTRA",
    "JSON",
    "USD",
    "Account",
    "Audio",
    "CallbackPlan",
    "Choice",
    "Fate",
    "Field",
    "FieldError",
    "Flag",
    "Group",
    "Identity",
    "Image",
    "InputLimits",
    "Integer",
    "KeyService",
    "Lifecycle",
    "Link",
    "ListOf",
    "Mask",
    "MediaContent",
    "MediaLink",
    "MediaSpec",
    "Number",
    "Refusal",
    "Refusals",
    "RefusedError",
    "Request",
    "Response",
    "Route",
    "Rule",
    "Service",
    "Stage",
    "Task",
    "TaskState",
    "Text",
    "Unit",
    "Video",
    "World",
    "bearer_token",
    "check",
    "did_you_mean",
    "frame_size",
    "json_response",
    "media_fields",
    "uuid_text",
]
