"""How a contract ends other than by passing: a broken law, or unchecked.

Unchecked is the third outcome, for what a run could not test. It is shown in yellow, it never counts as passed, and it
is not a skip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    Skipped = BaseException
else:
    Skipped = pytest.skip.Exception  # pytest's own annotations do not name the class


class BrokenLawError(AssertionError):
    """A contract's requirement is not met; Hypothesis shrinks to the shortest example that raises it."""


class Unchecked(Skipped):
    """A contract was not tested; the text gives the reason."""


def require(condition: bool, failure: str) -> None:  # noqa: FBT001 - reads like assert
    """Require *condition*.

    Raises:
        BrokenLawError: *condition* is false; its text is *failure*.
    """
    __tracebackhide__ = True  # so that pytest points at the caller's line
    if not condition:
        raise BrokenLawError(failure)


def unchecked(reason: str) -> NoReturn:
    """End the running contract as unchecked, because of *reason*.

    Raises:
        Unchecked: Always.
    """
    raise Unchecked(reason)
