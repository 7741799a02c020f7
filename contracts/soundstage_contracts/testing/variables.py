"""The environment variables that direct a program with a client of its own to a simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from soundstage_contracts.facts.loader import load_heads

if TYPE_CHECKING:
    from collections.abc import Iterable

__tracebackhide__ = True  # a test that fails here shows its own lines, and not those of this module

_PLACEHOLDER: Final = "soundstage"


class SetsVariables(Protocol):
    """What sets environment variables, such as pytest's ``monkeypatch``."""

    def setenv(self, name: str, value: str) -> None:
        """Set an environment variable until the end of the test."""


def variables(vendors: Iterable[str], credential: str, url: str | None) -> dict[str, str]:
    """Return the variables for *vendors* at the simulator *url*, or with their real addresses if that is None.

    The placeholders for credentials become *credential*, so that the program has the test's account.
    """
    found: dict[str, str] = {}
    known = {facts.vendor: facts for facts in load_heads()}
    for facts in (known[vendor] for vendor in vendors if vendor in known):  # one from outside may have no facts
        for name, value in facts.environment_at(url).items():
            # An address may contain the word as well, such as that of a container.
            is_address = "{" in facts.environment[name]
            # A placeholder that is a number, such as a user's, names the account alone.
            own = value.replace(_PLACEHOLDER, credential) if _PLACEHOLDER in value else credential
            found[name] = value if is_address else own
    return found


def set_variables(values: dict[str, str], monkeypatch: SetsVariables | None) -> dict[str, str]:
    """Set *values* until the end of the test, if *monkeypatch* is given, and return them."""
    if monkeypatch is not None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)
    return values
