"""How EdrawMax's contracts authenticate: a user id, and a client that trusts the simulator's host for downloads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def credentials(account: str) -> Mapping[str, str]:
    """Return a client's keyword arguments for *account*."""
    return {"user_id": account}


def headers(account: str) -> Mapping[str, str]:
    """Return the raw headers that name *account* (auth.none)."""
    return {"X-User-ID": account, "Content-Type": "application/json"}


def options(base_url: str) -> Mapping[str, Any]:
    """Return a client's other keyword arguments: the simulator serves files at its own address (answer.url_host)."""
    return {"trusted_hosts": (base_url,)}
