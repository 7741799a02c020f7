"""Dialects: which of several contradicting readings the simulator follows, for the world or for one account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Dialects:
    """The readings that the simulator follows.

    Args:
        offered: The readings by vendor and dialect, the default first.
        chosen: The first readings, by full name (``tomoviee.errors``).

    Raises:
        ValueError: *chosen* names a dialect or a reading that does not exist; the message names those that do.
    """

    def __init__(self, offered: Mapping[str, Mapping[str, tuple[str, ...]]], chosen: Mapping[str, str]) -> None:
        self._offered = {
            f"{vendor}.{name}": readings for vendor, names in offered.items() for name, readings in names.items()
        }
        self._world = {name: readings[0] for name, readings in self._offered.items()}
        self._accounts: dict[str, dict[str, str]] = {}
        self.choose(chosen)

    def choose(self, chosen: Mapping[str, str], account: str | None = None) -> None:
        """Follow the readings *chosen* from now on, for *account* alone if one is named.

        Raises:
            ValueError: A dialect or a reading does not exist; nothing has changed.
        """
        for name, reading in chosen.items():
            if name not in self._offered:
                raise ValueError(f"dialect must be one of {', '.join(self._offered)}; got {name!r}")
            if reading not in self._offered[name]:
                raise ValueError(f"{name} must be one of {', '.join(self._offered[name])}; got {reading!r}")
        target = self._world if account is None else self._accounts.setdefault(account, {})
        target.update(chosen)

    def forget(self, account: str) -> None:
        """Follow the world's readings for *account* again."""
        self._accounts.pop(account, None)

    def reading(self, name: str, account: str | None = None) -> str:
        """Return the reading of the dialect *name* for *account*."""
        if account is not None and self._accounts and (own := self._accounts.get(account)):
            return own.get(name) or self._world[name]
        return self._world[name]

    def readings(self, account: str | None = None) -> dict[str, str]:
        """Return every dialect with its reading for *account*."""
        return {name: self.reading(name, account) for name in self._offered}

    def chosen(self) -> dict[str, dict[str, Any]]:
        """Return the readings of the world, and those of accounts that differ."""
        return {"world": dict(self._world), "accounts": {name: dict(own) for name, own in self._accounts.items()}}

    def offered(self) -> dict[str, tuple[str, ...]]:
        """Return every dialect with its readings, the default first."""
        return dict(self._offered)
