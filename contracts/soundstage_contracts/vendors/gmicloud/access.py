"""Who GMI Cloud's contracts come as: any account, by a key, or by a login with one password for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

PASSWORD: Final = "soundstage password"  # noqa: S105 - a simulator's account takes any at its first login
TWO_FACTORS: Final = "2fa-"
CODE: Final = "123456"
CLIENT_ID: Final = {"CE-ClientId": "gmisdk"}


def key_credentials(account: str) -> Mapping[str, str]:
    """Return the keyword arguments of a client that comes with a key."""
    return {"api_key": account}


def key_headers(account: str) -> Mapping[str, str]:
    """Return the raw headers that authenticate *account* on the API-key face (apikey.face)."""
    return {"Authorization": f"Bearer {account}"}


def login_credentials(account: str) -> Mapping[str, str]:
    """Return the keyword arguments of a client that logs in."""
    return {"email": account, "password": PASSWORD}


def two_factor_credentials(account: str) -> Mapping[str, str]:
    """Return the keyword arguments of a client that logs in with a second factor (login.two_factor_on)."""
    return {"email": TWO_FACTORS + account, "password": PASSWORD, "otp": CODE}


def login_headers(account: str) -> Mapping[str, str]:
    """Return the raw headers that every call of the session face carries; tokens come with a login (headers)."""
    del account
    return CLIENT_ID
