"""The API keys of an organization: created and listed on the session face, used on the API-key face.

Documents: the vendor's package gmicloud 0.1.10, read in November 2026 (facts ``keys.create``, ``keys.list``). A key is
a signed token like those of a login, so that it is valid in a restarted world too; the list is kept in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from soundstage_server.model.fields import Field, Integer, Text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from soundstage_server.model.account import Account

MAX_TIME: Final = 2**53
CREATE_KEY: Final = (
    Field("name", Text(), "keys.create", required=True),
    Field("type", Text(empty=True), "keys.create"),
    Field("scope", Text(empty=True), "keys.create"),
    Field("expiresAt", Integer(0, MAX_TIME), "keys.create", default=0),
)
SHOWN: Final = 4
"""Characters of a key that a list shows at each end (keys.list)."""


class ApiKeys:
    """What is known of the keys that accounts have created."""

    def __init__(self) -> None:
        self._keys: dict[str, list[dict[str, Any]]] = {}

    def add(self, account: Account, key: str, given: Mapping[str, Any], owner: Mapping[str, str], now: float) -> None:
        """Keep the description of a new key, which does not contain the key."""
        kept = self._keys.setdefault(account.name, [])
        kept.append(
            {
                "id": str(UUID(int=int(account.name.removeprefix("acct_"), 16) << 64 | len(kept) + 1, version=4)),
                "name": given["name"],
                "type": given.get("type", ""),
                "scope": given.get("scope", ""),
                "partialKey": f"{key[:SHOWN]}...{key[-SHOWN:]}",
                "expiresAt": given["expiresAt"],
                "createdAt": int(now),
                "owner": dict(owner),
            }
        )

    def of(self, account: Account) -> list[dict[str, Any]]:
        """Return the descriptions of an account's keys, in the order of their creation."""
        return self._keys.get(account.name, [])

    def forget(self, accounts: Collection[Account]) -> None:
        """Remove the keys of *accounts*."""
        for account in accounts:
            self._keys.pop(account.name, None)
