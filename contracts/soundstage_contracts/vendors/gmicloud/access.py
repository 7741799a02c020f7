"""Credentials of the accounts in GMI Cloud's contracts: a key, or a login with one password for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

PASSWORD: Final = "soundstage password"  # noqa: S105 - an account of the simulator accepts any password at its first login
TWO_FACTORS: Final = "2fa-"
CODE: Final = "123456"
CLIENT_ID: Final = {"CE-ClientId": "gmisdk"}


def key_credentials(account: str) -> Mapping[str, str]:
    """Return the keyword arguments of a client with a key."""
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
    """Return the raw headers of every call of the session face; a login adds the token (headers)."""
    del account
    return CLIENT_ID


def answer_login(request: httpx.Request) -> httpx.Response | None:
    """Answer a request of a login or of a refresh; None for every other request."""
    if "/me/" not in request.url.path:
        return None
    tokens = {"authToken": "a", "is2FARequired": False, "accessToken": "b", "refreshToken": "c"}
    return httpx.Response(200, json=tokens)
