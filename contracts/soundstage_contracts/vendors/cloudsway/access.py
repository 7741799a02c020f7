"""Who Cloudsway's contracts come as: any key is an account, and any endpoint is the customer's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ENDPOINT: Final = "soundstage"


def credentials(account: str) -> Mapping[str, str]:
    """Return a client's keyword arguments for *account*."""
    return {"api_key": account, "endpoint": ENDPOINT}


def headers(account: str) -> Mapping[str, str]:
    """Return the raw headers that authenticate *account* (auth.bearer)."""
    return {"Authorization": f"Bearer {account}"}
