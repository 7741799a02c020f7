"""Addresses for callbacks: each is for one reference of the caller's, and signed with a secret."""

from __future__ import annotations

import hashlib
import hmac
import re

from soundstage._values.validation import base_address, invalid

_REFERENCE = re.compile(r"[A-Za-z0-9._~-]{1,128}\Z")
_LEAST_SECRET = 16  # characters
_DIGITS = 32  # hexadecimal digits of a signature: 128 bits


class CallbackAddresses:
    """Makes and checks the addresses of one vendor's callbacks.

    Every process that has the same secret makes and accepts the same addresses; nothing is stored.
    """

    def __init__(self, vendor: str, secret: str) -> None:
        """Take the secret.

        Args:
            vendor: The slug of the service.
            secret: At least 16 random characters; they are not in the addresses.

        Raises:
            InvalidArgument: The secret is too short.
        """
        if not isinstance(secret, str) or len(secret) < _LEAST_SECRET:  # pyright: ignore[reportUnnecessaryIsInstance]
            # Without the value: a secret that is too short is still one.
            invalid("secret", None, f"a text of at least {_LEAST_SECRET} characters", shown="another value")
        self._vendor = vendor
        self._key = secret.encode("utf-8", "surrogatepass")

    def __repr__(self) -> str:
        """Show the vendor, and no secret."""
        return f"<{type(self).__name__} {self._vendor}>"

    def url(self, base: str, reference: str) -> str:
        """Return the address for a create call.

        Args:
            base: The public address at which the receiver is mounted.
            reference: The caller's own name for the job, such as an order number. It is known before the job has an
                id, and is in the address as it is.

        Raises:
            InvalidArgument: The base is not an http(s) address, or the reference not 1 to 128 letters, digits, `.`,
                `_`, `~` and `-`.
        """
        address = base_address("base", base)
        if not isinstance(reference, str) or not _is_reference(reference):  # pyright: ignore[reportUnnecessaryIsInstance]
            invalid("reference", reference, "1 to 128 letters, digits, '.', '_', '~' and '-', and not '.' or '..'")
        return f"{address.rstrip('/')}/{reference}/{self._signature(reference)}"

    def reference(self, path: str) -> str | None:
        """Return the reference at the end of *path*, or None if it is not signed with this secret."""
        _, _, rest = path.rstrip("/").rpartition("/")
        reference = path.rstrip("/").removesuffix(rest).rstrip("/").rpartition("/")[2]
        if not _is_reference(reference):
            return None
        # Compared in constant time: the time of the response must not show how many digits are right.
        right = hmac.compare_digest(rest.encode("utf-8", "surrogatepass"), self._signature(reference).encode())
        return reference if right else None

    def _signature(self, reference: str) -> str:
        text = f"{self._vendor}\n{reference}".encode()
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()[:_DIGITS]


def _is_reference(text: str) -> bool:
    # "." and ".." are no names: clients and proxies remove them from a path.
    return _REFERENCE.match(text) is not None and text not in {".", ".."}
