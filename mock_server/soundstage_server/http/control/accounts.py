"""Which account a control call means: by the name that it has here, or by what the caller authenticates with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from fastapi import HTTPException, Path, Query

from soundstage_server.model.asgi import CONTROL
from soundstage_server.model.bounds import shown
from soundstage_server.model.credentials import account_name
from soundstage_server.model.scenarios import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from soundstage_server.model.account import Account
    from soundstage_server.world.world import World

FORMS: Final = (
    "by its name (`acct_` and 12 hex digits, from `X-Soundstage-Account` or `GET accounts`), or as `CREDENTIAL` or "
    "`VENDOR:CREDENTIAL`, with what the caller authenticates with (an API key, or the user part of Basic)"
)
AccountNames = Annotated[list[str] | None, Query(description=f"Accounts, each {FORMS}; without any, all.")]
AccountInPath = Annotated[str, Path(description=f"The account, {FORMS}.")]
VendorInPath = Annotated[str, Path(description="The vendor's slug, such as `tomoviee`.")]
AccountName = Annotated[str | None, Query(description=f"The account, {FORMS}; without it, all.")]


def account_or_all(world: World, account: str | None) -> Account | None:
    """Return the account that a request names, or None if the parameter is absent; an empty name is a wrong one."""
    return None if account is None else account_or_404(world, account)


def account_or_404(world: World, account: str, vendor: str | None = None) -> Account:
    """Return the account that a request names, of *vendor* if one is given.

    Raises:
        HTTPException: There is none (404), or several vendors have an account of this credential (409).
    """
    found = [one for one in _named(world, account) if vendor in (None, one.vendor)]
    if not found:
        raise HTTPException(404, f"no account is called {shown(account)}; GET {CONTROL}/accounts lists them")
    if len(found) > 1:
        named = ", ".join(one.vendor for one in found)
        raise HTTPException(409, f"{shown(account)} has accounts at {named}; write VENDOR:CREDENTIAL")
    return found[0]


def accounts_named(world: World, accounts: Iterable[str]) -> list[Account]:
    """Return the accounts that *accounts* name; what names none is left out."""
    found = [each for account in accounts for each in _named(world, account)]
    return list({each.name: each for each in found}.values())


def name_to_match(world: World, account: str | None, vendor: str | None) -> str | None:
    """Return the name of the account that an order or a fault is for, which need not exist yet.

    Raises:
        HTTPException: Several vendors have an account of this credential (409), or none has and none is named (422).
    """
    if account is None or ACCOUNT.fullmatch(account):
        return account
    named, colon, credential = account.partition(":")
    if colon and named in world.services:
        return account_name(named, credential)
    if vendor is not None:
        return account_name(vendor, account)
    if not _named(world, account):
        raise HTTPException(
            422, f"account: no vendor has an account of {shown(account)} yet; write VENDOR:CREDENTIAL, or its name"
        )
    return account_or_404(world, account).name


def _named(world: World, account: str) -> list[Account]:
    vendor, colon, credential = account.partition(":")
    names = [account, *(account_name(slug, account) for slug in world.services)]
    if colon and vendor in world.services:
        names.append(account_name(vendor, credential))
    return world.accounts_named(names)
