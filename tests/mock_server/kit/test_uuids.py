"""UUIDs as text."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from soundstage_server.kit.uuids import uuid_text


@given(st.integers(0, 2**128 - 1), st.integers(1, 8))
def test_text_is_that_of_the_standard_library(bits: int, version: int) -> None:
    """Variant and version replace the bits in their places, and the others stay."""
    text = uuid_text(bits, version)
    assert (str(UUID(text)), UUID(text).version) == (text, version)
    if version <= 5:  # older Pythons make no others
        assert text == str(UUID(int=bits, version=version))
