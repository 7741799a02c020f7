"""UUIDs as text, made without an object: `uuid.UUID` costs several times its formatting on the hot path."""

from __future__ import annotations

from typing import Final

_VARIANT: Final = ~(0xC000 << 48)
_VERSION: Final = ~(0xF000 << 64)


def uuid_text(bits: int, version: int = 4) -> str:
    """Return the UUID with these 128 *bits*, except for those of its variant and *version* (RFC 9562)."""
    digits = f"{bits & _VARIANT & _VERSION | 0x8000 << 48 | version << 76:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
