"""What a vendor declares to the contracts: its clients, its credentials, what its methods take, and how jobs end."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from math import inf
from typing import TYPE_CHECKING, Any, Final

from soundstage_contracts.registry import VENDORS, describe_missing, missing_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hypothesis.strategies import SearchStrategy

    from soundstage import JobState
    from soundstage_contracts.declarations.live import LivePlan

WORDS: Final = ("fail", "block", "timeout", "cancel", "slow")
"""The in-band words: a prompt that contains ``soundstage:`` and one of these chooses the fate of its job."""


@dataclass(frozen=True, slots=True)
class DemoCall:
    """One call of ``soundstage demo``: a client method, its arguments, and what it shows.

    Attributes:
        method: The client's method.
        arguments: Its keyword arguments.
        about: What it shows.
        credentials: Account name to who comes, where that is not as the vendor's contract has it.
    """

    method: str
    arguments: Mapping[str, Any]
    about: str = ""
    credentials: Callable[[str], Mapping[str, str]] | None = None


def _no_options(base_url: str) -> Mapping[str, Any]:
    """Return nothing: to know *base_url* is all that most clients need."""
    del base_url
    return {}


@dataclass(frozen=True, slots=True)
class VendorContract:
    """One vendor, as shared contracts see it.

    Attributes:
        slug: The vendor.
        client: Its blocking client class.
        async_client: Its awaiting client class.
        credentials: Account name to the keyword arguments of a client: any word will do for a simulator.
        headers: Account name to the raw headers that authenticate it.
        operations: Method to a strategy of its keyword arguments.
        ends: In-band word to the state in which its job ends.
        texts: Method to the argument that holds its words, where that is not ``prompt``.
        callback: The argument that names an address to be told at the end; None where there is no callback.
        refuses_blocked: Whether blocked content is refused at creation, so that there is no job.
        options: The client's base address to what else a client is made with, to reach a simulator there.
        replays: Whether a submission that is sent again is answered by the same job, so that none is ever in doubt.
        finds: Whether a submission in doubt can be looked for by the caller's own name for it.
        cancels: Whether a job can be cancelled.
        tells_changes: Whether that address is told of every change of state, and not of the end alone.
        at_once: How many unfinished jobs an account may have, where that is bounded.
        live: What is asked of the service itself; None until somebody has thought of it.
        keeps: How many seconds of the account's time a result is there for at least.
    """

    slug: str
    client: type[Any]
    async_client: type[Any]
    credentials: Callable[[str], Mapping[str, str]]
    headers: Callable[[str], Mapping[str, str]]
    operations: Mapping[str, SearchStrategy[dict[str, Any]]]
    ends: Mapping[str, JobState]
    texts: Mapping[str, str] = field(default_factory=dict)
    callback: str | None = None
    refuses_blocked: bool = False
    options: Callable[[str], Mapping[str, Any]] = _no_options
    replays: bool = False
    finds: bool = False
    cancels: bool = False
    tells_changes: bool = False
    at_once: int | None = None
    live: LivePlan | None = None
    keeps: float = inf


class IncompleteVendorError(LookupError):
    """A vendor's row of files lacks a part; the text names it and the file to write next."""


def contract_of(vendor: str) -> VendorContract:
    """Return what *vendor* declares to the contracts.

    Raises:
        ValueError: There is no such vendor; the text names the known ones.
        IncompleteVendorError: The vendor has no client or no contract package yet.
    """
    if vendor not in VENDORS:
        raise ValueError(f"vendor must be one of {', '.join(VENDORS)}; got {vendor!r}")
    try:
        module = import_module(f"soundstage_contracts.vendors.{vendor}")
    except ModuleNotFoundError as error:
        if missing_parts(vendor) and (error.name or "").endswith(f"vendors.{vendor}"):
            raise IncompleteVendorError(describe_missing(vendor)) from None
        raise
    contract: VendorContract = module.CONTRACT
    return contract
