"""Credentials: the account's name derived from one, the rules that its first word selects, and hashes of secrets.

Secrets are hashed with a salt, so that a saved world can check a secret without containing it.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

ACCOUNT_HEADER: Final = b"x-soundstage-account"
"""Response header with the name of the account that a request belongs to, as the control API takes it."""

_SALT: Final = 16
_KIND: Final = "scrypt"


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


def hash_secret(secret: str) -> str:
    """Return the scrypt hash of *secret*, with a new random salt."""
    salt = os.urandom(_SALT)
    return f"{_KIND}:{salt.hex()}:{_digest(secret, salt)}"


def verify(hashed: str, secret: str | None) -> bool:
    """Return whether *hashed* is a hash of *secret*."""
    kind, _, rest = hashed.partition(":")
    salt, _, digest = rest.partition(":")
    if secret is None or kind != _KIND:
        return False
    try:
        # In constant time: the duration of a comparison must not reveal a prefix of the digest.
        return compare_digest(digest.encode(), _digest(secret, bytes.fromhex(salt)).encode())
    except ValueError:  # the salt is not hexadecimal
        return False


def _digest(secret: str, salt: bytes) -> str:
    return hashlib.scrypt(secret.encode("utf-8", "surrogatepass"), salt=salt, n=1 << 12, r=8, p=1, dklen=32).hex()
