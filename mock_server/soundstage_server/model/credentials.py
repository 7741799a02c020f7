"""Credentials: the account's name derived from one, and the rules that its first word selects."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class CredentialRule:
    """How the simulator treats a credential with a certain first word.

    Attributes:
        refused: ``invalid`` or ``expired``: the credential is not accepted.
        opening: The account's first balance; None is the unit's usual amount.
        at_once: How many unfinished tasks the account may have; None is the vendor's usual limit.
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
    """Return the rule that the first word of *credential* selects."""
    for word, conduct in _RULES.items():
        if credential.startswith(word):
            return conduct
    return _NO_RULE


def account_name(vendor: str, credential: str) -> str:
    """Return the account's name in the control API: a digest, from which the credential cannot be read."""
    return "acct_" + hashlib.sha256(f"{vendor}:{credential}".encode()).hexdigest()[:12]
