"""What a vendor declares to the contracts: its clients, credentials, method arguments, and the ends of its jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any, Final

import soundstage_vendors
from soundstage_contracts.registry import describe_missing
from soundstage_vendors import VendorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hypothesis.strategies import SearchStrategy

    from soundstage import JobState
    from soundstage_contracts.declarations.live import LivePlan

WORDS: Final = ("fail", "block", "timeout", "cancel", "slow")
"""The in-band words: a prompt that contains ``soundstage:`` and one of these chooses the fate of its job."""
CALLBACK_FAULTS: Final = (
    "callback_early", "callback_twice", "callback_reordered", "callback_late", "callback_lost", "callback_tampered",
)  # fmt: skip
"""The faults that callbacks, rather than requests, may have."""


@dataclass(frozen=True, slots=True)
class DemoCall:
    """One call of ``soundstage demo``: a client method, its arguments, and what it shows.

    Attributes:
        method: The client's method.
        arguments: Its keyword arguments.
        about: What it shows.
        credentials: Account name to the client's arguments, where they differ from those of the vendor's contract.
    """

    method: str
    arguments: Mapping[str, Any]
    about: str = ""
    credentials: Callable[[str], Mapping[str, str]] | None = None


def _no_options(base_url: str) -> Mapping[str, Any]:
    """Return no further arguments: most clients need *base_url* alone."""
    del base_url
    return {}


@dataclass(frozen=True, slots=True)
class VendorContract:
    """One vendor, as the shared contracts see it.

    Attributes:
        slug: The vendor.
        client: Its sync client class.
        async_client: Its async client class.
        credentials: Account name to the keyword arguments of a client; a simulator accepts any name.
        headers: Account name to the raw headers that authenticate it.
        operations: Method to a strategy of its keyword arguments.
        wire_names: Method to the vendor's own names of what it makes, where they differ from the method.
        ends: In-band word to the state in which its job ends.
        texts: Method to its text argument, where that is not ``prompt``.
        callback: The argument for a callback address; None where there are no callbacks.
        refuses_blocked: Whether blocked content is refused at creation, so that there is no job.
        options: The client's base address to the further arguments that it needs for a simulator at that address.
        replays: Whether a repeated submission returns the same job, so that no outcome stays unknown.
        finds: Whether a submission with an unknown outcome can be found by the caller's own name for it.
        cancels: Whether a job can be cancelled.
        reports_changes: Whether a callback is sent at every change of state, and not at the end alone.
        at_once: How many unfinished jobs an account may have; None where there is no limit.
        live: The calls of a live run; None where none are declared.
        keeps: Seconds of the account's time for which a result can be downloaded at least.
    """

    slug: str
    client: type[Any]
    async_client: type[Any]
    credentials: Callable[[str], Mapping[str, str]]
    headers: Callable[[str], Mapping[str, str]]
    operations: Mapping[str, SearchStrategy[dict[str, Any]]]
    ends: Mapping[str, JobState]
    wire_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    callback: str | None = None
    refuses_blocked: bool = False
    options: Callable[[str], Mapping[str, Any]] = _no_options
    replays: bool = False
    finds: bool = False
    cancels: bool = False
    reports_changes: bool = False
    at_once: int | None = None
    live: LivePlan | None = None
    keeps: float = inf


class IncompleteVendorError(LookupError):
    """A vendor's row of files lacks a part; the text names it and the file to write next."""


def check_vendor(vendor: str) -> str:
    """Return *vendor*, which is a vendor's slug.

    Raises:
        ValueError: There is no such vendor; the text names the known ones. Or its plug-in is broken.
    """
    __tracebackhide__ = True
    known = soundstage_vendors.slugs()
    if vendor not in known and vendor not in soundstage_vendors.left_out():
        raise ValueError(f"vendor must be one of {', '.join(known)}; got {vendor!r}")
    return soundstage_vendors.find(vendor).slug


def contract_of(vendor: str) -> VendorContract:
    """Return what *vendor* declares to the contracts.

    Raises:
        ValueError: There is no such vendor; the text names the known ones.
        VendorError: Its plug-in is broken.
        IncompleteVendorError: The vendor has no contract package yet.
    """
    check_vendor(vendor)
    if not soundstage_vendors.exists(vendor, "contract"):
        raise IncompleteVendorError(describe_missing(vendor))
    contract = soundstage_vendors.load(vendor, "contract")
    if not isinstance(contract, VendorContract):
        raise VendorError(f"vendor {vendor!r}: contract is {contract!r:.80}; allowed: a VendorContract")
    return contract
