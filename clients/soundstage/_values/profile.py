"""What a vendor declares about itself; shared code reads this and never asks for a name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstage._values.policies import PollPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorProfile:
    """The facts about one service that the vendor-independent client acts on.

    Attributes:
        slug: The short name, used wherever the service is named.
        name: The name for people.
        base_url: Where the service is.
        base_url_variable: The environment variable that replaces `base_url`.
        credentials: The environment variable of each credential argument.
        poll: How a wait looks at a job, unless the user says otherwise.
        has_cancel: Whether a cancel call is documented.
        has_credits: Whether a balance can be read.
        has_callback: Whether a create call may name a callback.
        idempotency: "replay" where a key repeats the answer, "external_id" where jobs carry the caller's own name.
        trusted_hosts: Suffixes such as ".example.com" of the only hosts results may come from; None for any host.
        signed_downloads: Whether results need no credential; where they do, it goes to the service's own origin only.
        resend_codes: Codes that refuse a submission for the moment, so that it may be sent again.
        api_names: The service's own exact name of a capability, such as "Kling 3.0", to the method that calls it, where
            the two differ: the command line takes either.
    """

    slug: str
    name: str
    base_url: str
    base_url_variable: str
    credentials: Mapping[str, str]
    poll: PollPolicy
    has_cancel: bool
    has_credits: bool
    has_callback: bool
    idempotency: Literal["replay", "external_id"] | None = None
    trusted_hosts: tuple[str, ...] | None = None
    signed_downloads: bool = True
    resend_codes: frozenset[int | str] = frozenset()
    api_names: Mapping[str, str] = field(default_factory=dict[str, str])
