"""Credentials of the accounts in Veo's contracts: any key, which is an account of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def credentials(account: str) -> Mapping[str, str]:
    """Return a client's keyword arguments for *account*."""
    return {"api_key": account}


def headers(account: str) -> Mapping[str, str]:
    """Return the raw headers that authenticate *account* (auth.header)."""
    return {"x-goog-api-key": account}
