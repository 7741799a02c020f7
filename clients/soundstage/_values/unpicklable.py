"""What holds connections or credentials, and is therefore neither pickled nor copied."""

from __future__ import annotations

from typing import ClassVar, NoReturn


class Unpicklable:
    """Refuses to be pickled or copied, and says what to do instead."""

    _alternative: ClassVar[str] = "make a new one where it is needed"

    def __reduce__(self) -> NoReturn:
        """Refuse.

        Raises:
            TypeError: Always.
        """
        raise TypeError(
            f"{type(self).__name__} holds connections or credentials and is not copied: {self._alternative}"
        )
