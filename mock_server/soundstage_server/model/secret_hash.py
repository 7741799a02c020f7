"""Salted hashes of secrets, so that a saved world can check a secret without containing it."""

from __future__ import annotations

import hashlib
import os
from hmac import compare_digest
from typing import Final

_SALT: Final = 16
_KIND: Final = "scrypt"


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
