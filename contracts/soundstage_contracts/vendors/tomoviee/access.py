"""Who Tomoviee's contracts come as: any account, with one secret, which a simulator takes at its first use."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRET: Final = "soundstage"  # noqa: S105 - a simulator's account takes any word


def credentials(account: str) -> Mapping[str, str]:
    """Return a client's keyword arguments for *account*."""
    return {"app_key": account, "app_secret": SECRET}


def headers(account: str, secret: str = SECRET) -> Mapping[str, str]:
    """Return the raw headers that authenticate *account* (auth.headers)."""
    token = b64encode(f"{account}:{secret}".encode()).decode()
    return {"X-App-Key": account, "Authorization": f"Basic {token}", "Content-Type": "application/json"}
