"""Dialects: which of two contradicting readings the simulator speaks, for the whole world or for one account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Dialects:
    """The readings in force.

    Args:
        offered: By vendor, by name: the readings there are, the default first.
        chosen: Readings to begin with, by full name (``tomoviee.errors``).

    Raises:
        ValueError: *chosen* names a dialect or a reading that does not exist; the text names those that do.
    """

    def __init__(self, offered: Mapping[str, Mapping[str, tuple[str, ...]]], chosen: Mapping[str, str]) -> None:
        self._offered = {
            f"{vendor}.{name}": readings for vendor, names in offered.items() for name, readings in names.items()
        }
        self._world = {name: readings[0] for name, readings in self._offered.items()}
        self._accounts: dict[str, dict[str, str]] = {}
        self.choose(chosen)

    def choose(self, chosen: Mapping[str, str], account: str | None = None) -> None:
        """Speak the readings *chosen* from now on, to *account* alone if one is named.

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

    def reading(self, name: str, account: str | None = None) -> str:
        """Return the reading of the dialect *name* that *account* hears."""
        if account is not None and self._accounts and (own := self._accounts.get(account)):
            return own.get(name) or self._world[name]
        return self._world[name]

    def readings(self, account: str | None = None) -> dict[str, str]:
        """Return every dialect with the reading that *account* hears."""
        return {name: self.reading(name, account) for name in self._offered}

    def chosen(self) -> dict[str, dict[str, Any]]:
        """Return the readings that the world hears, and those that accounts hear instead."""
        return {"world": dict(self._world), "accounts": {name: dict(own) for name, own in self._accounts.items()}}

    def offered(self) -> dict[str, tuple[str, ...]]:
        """Return every dialect with its readings, the default first."""
        return dict(self._offered)
