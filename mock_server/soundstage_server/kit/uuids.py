"""UUIDs as text, made without an object: `uuid.UUID` costs several times its formatting on the hot path."""

from __future__ import annotations

from typing import Final

_VARIANTS: Final = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}
"""The digit of the variant: two bits are fixed, and the other two are kept."""


def uuid_text(bits: int, version: int = 4) -> str:
    """Return the UUID with these 128 *bits*, except for those of its variant and *version* (RFC 9562)."""
    return uuid_of_digits(f"{bits:032x}", version)


def uuid_of_digits(digits: str, version: int = 4) -> str:
    """Return the UUID with these 32 hexadecimal *digits*, except for the bits of its variant and *version*."""
    variant = _VARIANTS[digits[16]]
    return f"{digits[:8]}-{digits[8:12]}-{version}{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
