"""What a vendor's client is built from: the public names for plug-ins, part of the versioned vendor interface.

The clients in `soundstage.vendors` are built from the same parts. docs/vendor_interface.md explains each and lists what
may change between releases.
"""

from soundstage._client.client import AsyncClient, Client, SyncClient
from soundstage._client.descriptors import operation, submission
from soundstage._client.json_service import JsonService
from soundstage._client.key_client import KeyClient, key_profile
from soundstage._client.options import ClientOptions, RequestOptions, constructor
from soundstage._io.http import AsyncHttp, HttpT, SyncHttp
from soundstage._protocol import inputs, responses
from soundstage._protocol.credentials import Secret, find_credential
from soundstage._protocol.service import Service, Settings
from soundstage._protocol.spending import known as known_price
from soundstage._protocol.submission import Submission
from soundstage._values import validation
from soundstage._values.messages import Flow, Request, Response, omit_none
from soundstage._values.policies import PollPolicy, RetryPolicy
from soundstage._values.profile import VendorProfile
from soundstage._values.state import JobRef, JobState, Media, Snapshot, StartedJob

__all__ = [
    "AsyncClient",
    "AsyncHttp",
    "Client",
    "ClientOptions",
    "Flow",
    "HttpT",
    "JobRef",
    "JobState",
    "JsonService",
    "KeyClient",
    "Media",
    "PollPolicy",
    "Request",
    "RequestOptions",
    "Response",
    "RetryPolicy",
    "Secret",
    "Service",
    "Settings",
    "Snapshot",
    "StartedJob",
    "Submission",
    "SyncClient",
    "SyncHttp",
    "VendorProfile",
    "constructor",
    "find_credential",
    "inputs",
    "key_profile",
    "known_price",
    "omit_none",
    "operation",
    "responses",
    "submission",
    "validation",
]
