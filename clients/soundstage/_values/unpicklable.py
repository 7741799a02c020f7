"""A base class for objects with connections or credentials, which must not be pickled or copied."""

from __future__ import annotations

from typing import ClassVar, NoReturn


class Unpicklable:
    """Cannot be pickled or copied; the error names the alternative."""

    _alternative: ClassVar[str] = "create a new one where it is needed"

    def __reduce__(self) -> NoReturn:
        """Refuse.

        Raises:
            TypeError: Always.
        """
        raise TypeError(f"{type(self).__name__} has connections or credentials and is not copied: {self._alternative}")
