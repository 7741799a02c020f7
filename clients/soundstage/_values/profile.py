"""A vendor's profile: the facts that shared code acts on, so that it never asks for a vendor's name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage._values.policies import PollPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorProfile:
    """The facts about one vendor's service that shared code acts on.

    Attributes:
        slug: The short name, in the registry, in addresses and in facts.
        name: The name for people.
        base_url: The documented address of the service.
        base_url_variable: The environment variable that replaces `base_url`.
        credentials: The environment variable of each credential argument.
        poll: The polling schedule, unless the user passes another.
        has_callback: Whether a submission may name a callback address.
        idempotency: "replay" where a repeated key returns the same job, "external_id" where the caller can name a job.
        lookup: How a caller finds out whether a job was started, where neither a key nor a name of it does.
        trusted_hosts: Suffixes such as ".example.com" of the only hosts of outputs; None for any host.
        signed_downloads: Whether downloads need no credential; one that is needed is sent to the service's origin only.
        resend_codes: Codes of a temporary refusal, after which a submission may be sent again.
        unit: The unit in which the service charges.
        api_names: The method of each capability whose own name, such as "Kling 3.0", differs from the method's; the
            command line accepts either.
    """

    slug: str
    name: str
    base_url: str
    base_url_variable: str
    credentials: Mapping[str, str]
    poll: PollPolicy
    unit: str
    has_callback: bool = False
    idempotency: Literal["replay", "external_id"] | None = None
    lookup: str = "the account's pages at the vendor show it"
    trusted_hosts: tuple[str, ...] | None = None
    signed_downloads: bool = True
    resend_codes: frozenset[int | str] = frozenset()
    api_names: Mapping[str, str] = field(default_factory=dict[str, str])
