"""What a vendor declares to the contracts with: the public names for plug-ins, part of the versioned vendor interface.

The vendors in `soundstage_contracts.vendors` are declared with the same parts; see docs/vendor_interface.md.
"""

from soundstage_contracts import strategies
from soundstage_contracts.declarations.live import LiveCall, LivePlan
from soundstage_contracts.declarations.vendor import DemoCall, VendorContract
from soundstage_contracts.facts.proves import proves
from soundstage_contracts.key_client import (
    KeyRawClient,
    bad_keys,
    data_of,
    job_machine,
    key_argument,
    key_contract,
    key_headers,
    refusal_terms,
)
from soundstage_contracts.laws.binding import bind, law
from soundstage_contracts.laws.declarations import (
    BadCredential,
    Callbacks,
    Operation,
    RawRequest,
    Refusal,
    ResponseFormat,
)
from soundstage_contracts.laws.machine import JobMachine
from soundstage_contracts.laws.raw_client import JobView, RawClient, check_cites
from soundstage_contracts.laws.scripted_client import ScriptedClient
from soundstage_contracts.laws.terms import Terms
from soundstage_contracts.outcomes import require
from soundstage_contracts.simulators.target import Target

__all__ = [
    "BadCredential",
    "Callbacks",
    "DemoCall",
    "JobMachine",
    "JobView",
    "KeyRawClient",
    "LiveCall",
    "LivePlan",
    "Operation",
    "RawClient",
    "RawRequest",
    "Refusal",
    "ResponseFormat",
    "ScriptedClient",
    "Target",
    "Terms",
    "VendorContract",
    "bad_keys",
    "bind",
    "check_cites",
    "data_of",
    "job_machine",
    "key_argument",
    "key_contract",
    "key_headers",
    "law",
    "proves",
    "refusal_terms",
    "require",
    "strategies",
]
