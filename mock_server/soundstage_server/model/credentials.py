"""Credentials: the name of the account that one belongs to, and what its first word makes the simulator do."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class CredentialRule:
    """What a credential's first word asks of the simulator.

    Attributes:
        refused: ``invalid`` or ``expired``: the credential is not accepted.
        opening: What the account begins with; None is the unit's usual amount.
        at_once: How many unfinished tasks the account may have; None is the vendor's usual number.
    """

    refused: str | None = None
    opening: int | None = None
    at_once: int | None = None


_RULES: Final = {
    "invalid-": CredentialRule(refused="invalid"),
    "expired-": CredentialRule(refused="expired"),
    "broke-": CredentialRule(opening=0),
    "limited-": CredentialRule(at_once=1),
}
_NO_RULE: Final = CredentialRule()


def credential_rule(credential: str) -> CredentialRule:
    """Return what the in-band word at the beginning of *credential* asks for."""
    for word, conduct in _RULES.items():
        if credential.startswith(word):
            return conduct
    return _NO_RULE


def account_name(vendor: str, credential: str) -> str:
    """Return the name that the control API has for an account: no secret can be read from it."""
    return "acct_" + hashlib.sha256(f"{vendor}:{credential}".encode()).hexdigest()[:12]
