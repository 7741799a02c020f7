"""The third outcome: what was not checked, and why. It is yellow, it is never green, and it is not a skip."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    Skipped = BaseException
else:
    Skipped = pytest.skip.Exception  # what pytest's own annotations do not name


class Unchecked(Skipped):
    """A contract was not put to the proof; the text says why."""


def unchecked(reason: str) -> NoReturn:
    """End the running contract as unchecked.

    Raises:
        Unchecked: Always.
    """
    raise Unchecked(reason)
